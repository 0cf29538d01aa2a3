"""What int8 does to a model's answers: when it is called equal, where the verdict is kept, when it is believed."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from easy_corpus import CLASSES, write_easy_corpus
from little_models import write_model

from emoduet.build import build_model, restore_model
from emoduet.checkpoint import write_checkpoint
from emoduet.config import read_recipe
from emoduet.errors import ConfigError, CorpusError, InputError, UsageError
from emoduet.evaluation import Answers
from emoduet.examination import Exam
from emoduet.quantisation import EQUAL, FILE, NOT_SHOWN, check_int8, judged, kept_verdict, quantise
from emoduet.types import Utterance

SECONDS = (2.0, 1.0)
FIVE_SPEAKERS_LOSE = {*range(0, 20, 4), *range(40, 60, 4)}
needs_vnni = pytest.mark.skipif(not torch.cpu._is_vnni_supported(), reason="int8 is sure only with AVX-512 VNNI")


def answers(number: int = 400, speakers: int = 10, wrong: set[int] = frozenset(), **said: object) -> Answers:
    """Classes in turn, speakers in turn by fours; right but for the utterances named, which get the next class."""
    known = [{"speaker": f"s{place // 4 % speakers}", **said} for place in range(number)]
    utterances = tuple(Utterance(id=f"u{i}", label=CLASSES[i % 4], **one) for i, one in enumerate(known))
    predictions = [(place + (place in wrong)) % 4 for place in range(number)]
    return Answers(utterances, CLASSES, np.eye(4)[predictions])


def test_nothing_changed_is_equal():
    verdict = judged(answers(), answers(), SECONDS)
    assert (verdict.verdict, verdict.reason, verdict.changed) == (EQUAL, "", 0)
    assert verdict.sentence() == (
        "int8: equal within 1 point; UA 100.0 in fp32, 100.0 in int8, difference +0.0, 95 % interval +0.0 to +0.0; "
        "0.0 % of 400 answers changed; 10 speakers"
    )


def test_scores_differences_and_changes():
    """Of 100 angry utterances 10 fewer are right, two of each of 5 speakers: UA and WA lose 2.5 points."""
    worse = answers(wrong=FIVE_SPEAKERS_LOSE)
    verdict = judged(answers(), worse, SECONDS, "a mark")
    assert verdict.verdict == NOT_SHOWN
    assert verdict.reason == "the interval of UA's difference reaches beyond 1 point"
    assert verdict.ua == pytest.approx((1, 0.975)) and verdict.wa == pytest.approx((1, 0.975))
    assert verdict.changed == pytest.approx(0.025)
    assert verdict.ua_interval.low < -0.025 <= verdict.ua_interval.high
    assert verdict.differences()[0].startswith("UA: difference -2.5, 95 % interval -")
    assert verdict.differences()[1].startswith("WA: difference -2.5, 95 % interval -")
    assert verdict.sentence().startswith("int8: not shown to be equal (the interval of UA's difference reaches beyond")
    assert verdict.sentence().endswith("2.5 % of 400 answers changed; 10 speakers; a mark")


def test_better_by_too_much_is_not_equal_either():
    verdict = judged(answers(wrong=FIVE_SPEAKERS_LOSE), answers(), SECONDS)
    assert (verdict.verdict, verdict.ua_interval.high > 0.01) == (NOT_SHOWN, True)


def test_changes_that_hurt_and_help_alike_are_not_equal_if_speakers_differ():
    """The mean is level, but half of the speakers lose 10 points and half win them: the next ones may do either."""
    lose = {place for place in range(400) if place // 4 % 10 < 5 and place // 40 == 3}
    win = {place for place in range(400) if place // 4 % 10 >= 5 and place // 40 == 3}
    verdict = judged(answers(wrong=win), answers(wrong=lose), SECONDS)
    assert verdict.ua[0] == verdict.ua[1]
    assert (verdict.verdict, verdict.changed) == (NOT_SHOWN, 0.1)


def test_a_small_steady_difference_is_equal():
    """One of 400 answers of each of 10 speakers is lost: a quarter of a point, the same for all of them."""
    verdict = judged(answers(4000), answers(4000, wrong=set(range(0, 40, 4))), SECONDS)
    assert (verdict.verdict, verdict.ua[1]) == (EQUAL, pytest.approx(0.9975))


@pytest.mark.parametrize(
    ("number", "said", "reason"),
    [
        (296, {}, "296 utterances; at least 300 are needed to tell 1 point from none"),
        (400, {"speakers": 4}, "4 speakers: too few for an interval"),
        (400, {"speaker": None}, "400 utterances, neither speaker nor dialogue known: too narrow"),
    ],
)
def test_too_little_to_tell(number, said, reason):
    verdict = judged(answers(number, **said), answers(number, **said), SECONDS)
    assert (verdict.verdict, verdict.reason) == (NOT_SHOWN, reason)
    without = "no interval" if "speakers" in said else "95 % interval +0.0 to +0.0"
    assert f"difference +0.0, {without}; " in verdict.sentence()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    return write_easy_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture
def model(tmp_path) -> Path:
    return write_model(tmp_path / "model")


@needs_vnni
def test_the_verdict_is_kept_and_believed(model, corpus):
    told = []
    checked = check_int8(str(model), corpus, progress=lambda *done: told.append(done))
    assert told == [(8, 48), (16, 48), (24, 48), (32, 48), (40, 48), (48, 48)]
    assert checked.kept == model / FILE
    assert checked.verdict.reason == "24 utterances; at least 300 are needed to tell 1 point from none" or (
        checked.verdict.reason == "the interval of UA's difference reaches beyond 1 point"
    )
    assert kept_verdict(str(model)) == checked.verdict
    stored = json.loads((model / FILE).read_text())
    assert (stored["precision"], stored["verdict"], stored["sessions"]) == ("int8", NOT_SHOWN, [])
    assert min(stored["seconds"]) > 0
    assert json.loads(json.dumps(checked.as_json()))["sentence"] == checked.verdict.sentence()


@needs_vnni
def test_the_two_answers_are_those_of_fp32_and_of_int8(model, corpus):
    from emoduet.examination import examine_model

    checked = check_int8(str(model), corpus, ("S1",))
    plain = examine_model(str(model), corpus, ("S1",), "cpu").answers
    found = checked.examination.answers
    assert checked.verdict.ua[0] == plain.scores().unweighted_accuracy
    assert checked.verdict.ua[1] == found.scores().unweighted_accuracy
    assert 0 < np.abs(found.probabilities - plain.probabilities).max() < 0.02
    assert checked.verdict.changed == np.mean(found.predictions != plain.predictions)


@needs_vnni
def test_few_speakers_leave_null_intervals_that_read_back(model, corpus):
    checked = check_int8(str(model), corpus, ("S1", "S2"))
    assert checked.verdict.ua_interval is None and checked.verdict.reason == "4 speakers: too few for an interval"
    assert kept_verdict(str(model)) == checked.verdict


@needs_vnni
def test_a_model_of_the_hub_keeps_no_verdict(model, corpus, monkeypatch):
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda name, **options: str(model))
    assert check_int8("somebody/model", corpus).kept is None
    assert not (model / FILE).exists()
    with pytest.raises(UsageError, match="--check LABELLED.jsonl, or take a copy: hf download somebody/model"):
        kept_verdict("somebody/model")


def test_no_verdict_names_the_command(model):
    command = f"emoduet evaluate {model} --manifest LABELLED.jsonl --precision int8, or --check"
    with pytest.raises(UsageError, match=command):
        kept_verdict(str(model))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"verdict": "equal within 1 point"}'])
def test_a_broken_verdict_is_not_believed(model, text):
    (model / FILE).write_text(text)
    with pytest.raises(UsageError, match=rf"{FILE}: not a verdict on int8 \(.*\); find out first: emoduet evaluate"):
        kept_verdict(str(model))


@needs_vnni
def test_a_verdict_on_other_weights_is_not_believed(model, corpus, tmp_path):
    check_int8(str(model), corpus)
    torch.manual_seed(1)
    other = write_model(tmp_path / "other", "demo-text-only")
    (other / FILE).write_bytes((model / FILE).read_bytes())
    with pytest.raises(UsageError, match=f"{FILE}: is of other weights than the model's; find out first"):
        kept_verdict(str(other))


@pytest.fixture
def never_answered(monkeypatch):
    """Answering anything fails the test."""

    def answered(*given, **named):
        raise AssertionError("answered before int8 was refused")

    monkeypatch.setattr(Exam, "taken", answered)


def test_a_machine_without_int8_is_told_before_anything_is_answered(model, corpus, monkeypatch, never_answered):
    monkeypatch.setattr("emoduet.nn.int8.why_not_int8", lambda: "a CPU of another kind")
    with pytest.raises(UsageError, match="int8 needs a CPU of another kind. Take precision fp32"):
        check_int8(str(model), corpus)
    assert not (model / FILE).exists()


def test_a_plain_encoder_is_told_before_anything_is_answered(model, corpus, monkeypatch, never_answered):
    monkeypatch.setattr("emoduet.nn.int8.why_not_int8", lambda: None)
    monkeypatch.setattr("emoduet.pretrained.encoders.why_not_packed", lambda config: "no packed form for it")
    told = r"its audio encoder runs in the plain form \(no packed form for it\), which has no int8. Take precision fp32"
    with pytest.raises(ConfigError, match=told):
        check_int8(str(model), corpus)


def test_what_is_computed_by_rule_is_told_before_anything_is_answered(tmp_path, corpus, monkeypatch, never_answered):
    monkeypatch.setattr("emoduet.nn.int8.why_not_int8", lambda: None)
    recipe = read_recipe("demo-lstm-attention")
    by_rule = build_model(recipe, ["no"])
    description = {"recipe": recipe.model_dump(mode="json"), "training": {}}
    write_checkpoint(tmp_path / "by rule", by_rule.system, by_rule.encoders, description, card="# of a test\n")
    told = r"its audio encoder runs in the rule form \(nothing in it is a linear map\), which has no int8\. Take prec"
    with pytest.raises(ConfigError, match=told):
        check_int8(str(tmp_path / "by rule"), corpus)
    with pytest.raises(
        ConfigError, match="front end computed by rule: nothing in it is a linear map, so its precision"
    ):
        quantise(by_rule)


def test_what_cannot_be_checked(model, corpus, monkeypatch):
    monkeypatch.setattr("emoduet.nn.int8.why_not_int8", lambda: None)
    with pytest.raises(UsageError, match="precision int8: runs on the CPU alone|device cuda: not on this machine"):
        check_int8(str(model), corpus, device="cuda")
    with pytest.raises(CorpusError, match="no session S9; the manifest has"):
        check_int8(str(model), corpus, ("S9",))
    (model / FILE).mkdir()
    with pytest.raises(InputError, match=f"{FILE}: is a folder, where a file is to be"):
        check_int8(str(model), corpus)


def test_an_encoder_in_the_plain_form_has_no_int8(model):
    restored = restore_model(model)
    restored.encoders.audio.why_plain = "no packed form for wavlm models"
    with pytest.raises(ConfigError, match="no packed form for wavlm models, so its precision cannot be chosen"):
        quantise(replace(restored))
