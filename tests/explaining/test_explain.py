"""Planted words and moments are found and believed, chance is not; and every kind of model is explained or refused."""

import re

import numpy as np
import pytest
import torch
from easy_corpus import WORDS
from little_models import write_model, write_recordings
from planted import KEY_SPANS, KEYS, attentive, evident, utterance
from tiny_classifiers import save_audio_classifier, save_text_classifier

from emoduet import EmotionRecognizer
from emoduet.build import build_model
from emoduet.classifiers import load_classifiers
from emoduet.config import read_recipe
from emoduet.errors import CorpusError, InputError, UsageError
from emoduet.explaining import gradients
from emoduet.explaining.explain import Explaining, check_explainable
from emoduet.explaining.types import METHODS, Explanation
from emoduet.faithfulness import examine
from emoduet.types import Utterance


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> Utterance:
    return utterance(tmp_path_factory.mktemp("said"))


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> str:
    return write_recordings(tmp_path_factory.mktemp("calls"), 2)[1]  # 0.37 s


@pytest.fixture(scope="module")
def fused(tmp_path_factory) -> EmotionRecognizer:
    return EmotionRecognizer.load(write_model(tmp_path_factory.mktemp("model") / "m"), device="cpu")


def best(scores: np.ndarray, count: int) -> set[int]:
    return set(np.argsort(-scores)[:count].tolist())


# What is planted is found


@pytest.mark.parametrize(
    ("make", "method"),
    [(evident, "occlusion"), (evident, "integrated-gradients"), (attentive, "occlusion"), (attentive, "attention")],
)
def test_planted_word_and_stretch_are_found_and_believed(said, make, method):
    recognizer = EmotionRecognizer(make(), "cpu")
    found = recognizer.explain(said.audio, said.transcript, method=method)
    assert (found.method, found.target, found.id) == (method, found.classes[0], said.audio)
    assert best(found.word_scores, 4) == set(KEYS)
    assert best(found.span_scores, 4) == set(KEY_SPANS)
    assert found.faithfulness.words.supported and found.faithfulness.spans.supported
    lines = found.faithfulness.sentence().splitlines()
    assert [line[: line.index(":")] for line in lines] == ["words", "moments"]
    assert all(line.endswith(": the ranking is supported") for line in lines)


def test_what_was_not_planted_scores_nothing(said):
    found = EmotionRecognizer(evident(), "cpu").explain(said.audio, said.transcript)
    others = np.delete(found.word_scores, KEYS), np.delete(found.span_scores, KEY_SPANS)
    assert all(np.abs(one).max() == 0 for one in others)
    assert found.word_scores[[*KEYS]].min() > 0.05 and found.span_scores[[*KEY_SPANS]].min() > 0.05


def test_another_target_has_the_opposite_scores(said):
    """Three classes share what the first loses."""
    recognizer = EmotionRecognizer(evident(), "cpu")
    first, other = (recognizer.explain(said.audio, said.transcript, target=one) for one in recognizer.classes[:2])
    np.testing.assert_allclose(other.word_scores, -first.word_scores / 3)
    assert other.target == recognizer.classes[1]
    assert first.probability == first.probabilities[0] and other.probability == first.probabilities[1]
    assert not other.faithfulness.words.supported or best(other.word_scores, 4).isdisjoint(KEYS)


def test_random_scores_are_not_believed(said):
    """The very answers by which the true scores are believed."""
    recognizer = EmotionRecognizer(evident(), "cpu")
    weights = recognizer.explain(said.audio, said.transcript).word_scores

    def answers(sets: np.ndarray) -> np.ndarray:
        return 1 / (1 + 3 * np.exp(-(4 * sets[:, KEYS].mean(axis=1))))

    tell = {"units": "words", "target": "angry"}
    assert examine(weights, answers, **tell).supported
    generator = np.random.default_rng(0)
    assert not any(examine(generator.random(16), answers, seed=seed, **tell).supported for seed in range(20))


def test_occlusion_is_what_the_probability_loses(fused, sound):
    found = fused.explain(sound, "no stop it", target="sad")
    whole = fused.predict(sound, "no stop it")[0].probabilities
    np.testing.assert_allclose(found.probabilities, list(whole.values()), atol=1e-6)
    ids = fused.model.reader.read_words("no stop it").clone()
    mask = fused.model.reader.tokenizer.mask_token_id
    (place,) = (ids == fused.model.reader.read_words("stop")[1]).nonzero()[0].tolist()
    ids[place] = mask
    inputs = fused.model.reader.read([Utterance(id="u", audio=sound, transcript="no")])
    with torch.no_grad():
        logits = fused.model.system(type(inputs)(inputs.waveforms, [ids]))
    row = torch.softmax(logits.double(), dim=1)[0]
    number = fused.classes.index("sad")
    assert found.word_scores[1] == pytest.approx(whole["sad"] - row[number].item(), abs=1e-6)


# Halves that are not there


def explained(folder, recipe: str, audio: str | None, text: str | None, method: str) -> Explanation:
    return EmotionRecognizer.load(write_model(folder / "m", recipe), "cpu").explain(audio, text, method=method)


@pytest.mark.parametrize("method", ["occlusion", "integrated-gradients"])
@pytest.mark.parametrize(
    ("recipe", "heard", "read"),
    [
        ("demo-audio-only", True, False),
        ("demo-text-only", False, True),
        ("demo-late-fusion", True, True),
        ("demo-missing-modality", True, False),
        ("demo-missing-modality", False, True),
        ("demo-ablation-layer-weights", True, True),
    ],
)
def test_a_half_that_is_not_there_is_none(tmp_path, monkeypatch, sound, recipe, heard, read, method):
    monkeypatch.setattr(gradients, "STEPS", 4)
    found = explained(tmp_path, recipe, sound if heard else None, "no stop it" if read else None, method)
    assert (found.words, found.characters) == (
        (("no", "stop", "it"), ((0, 2), (3, 7), (8, 10))) if read else (None, None)
    )
    assert (found.word_scores is not None, found.faithfulness.words is not None) == (read, read)
    assert (found.span_scores is not None, found.times is not None, found.faithfulness.spans is not None) == (
        heard,
    ) * 3
    if heard:
        np.testing.assert_allclose(found.times, [[0, 0.25], [0.25, 5911 / 16_000]])
        assert found.span_scores.shape == (2,) and np.isfinite(found.span_scores).all()
    if read:
        assert found.word_scores.shape == (3,) and np.isfinite(found.word_scores).all()
    told = " ".join(found.notes)
    assert ("a word is deleted by" in told) == read and ("a moment is deleted by silence" in told) == heard
    assert found.alignment is None


def test_an_utterance_without_words_has_its_moments(fused, sound):
    for method in ("occlusion", "integrated-gradients"):
        found = fused.explain(sound, "", method=method)
        assert found.words is None and found.word_scores is None and len(found.span_scores) == 2


def test_one_word_is_scored_but_not_ranked(fused, sound):
    found = fused.explain(sound, "no")
    assert found.word_scores.shape == (1,)
    assert found.faithfulness.words.untestable == "one alone, so there is nothing to rank"


def test_nothing_to_score(tmp_path):
    recognizer = EmotionRecognizer.load(write_model(tmp_path / "m", "demo-text-only"), "cpu")
    with pytest.raises(InputError, match=r"utterance text 1: no words in ' ', and no sound; there is nothing to score"):
        recognizer.explain(text=" ")


def test_what_an_utterance_lacks_is_an_error(fused):
    with pytest.raises(CorpusError, match="utterance u: no sound file, and this system listens"):
        fused.explain_utterance(Utterance(id="u", transcript="no"), Explaining())


def test_untested_scores_are_the_same(fused, sound):
    spoken = Utterance(id="u", audio=sound, transcript="no stop it")
    tested, untested = (fused.explain_utterance(spoken, Explaining(tested=one)) for one in (True, False))
    np.testing.assert_allclose(untested.word_scores, tested.word_scores, atol=1e-7)
    assert untested.faithfulness is None and untested.id == "u"


def test_words_that_are_not_read_are_counted(fused, sound):
    found = fused.explain_utterance(Utterance(id="u", audio=sound, transcript="no " * 140), Explaining(tested=False))
    assert len(found.words) == 126
    assert "14 words are not scored: the model does not read them" in found.notes


# Every kind of model


@pytest.mark.parametrize("recipe", ["demo-e-vector", "demo-mcnn-phonemes", "demo-mcnn-lstm", "demo-learned-alignment"])
def test_occlusion_asks_for_nothing_but_answers(sound, recipe):
    """Front ends by rule, phonemes and systems that are fitted: words are left out, since none has a mask token."""
    model = build_model(read_recipe(recipe), WORDS)
    spoken = Utterance(id="u", audio=sound, transcript="no -- stop it")
    found = EmotionRecognizer(model, "cpu").explain_utterance(spoken, Explaining(num_orders=19))
    assert found.words[-2:] == ("stop", "it") and len(found.span_scores) == 2
    assert "a word is deleted by leaving it out" in found.notes


def test_classifiers_of_others_are_occluded(tmp_path, sound):
    ear, eye = save_audio_classifier(tmp_path / "ear"), save_text_classifier(tmp_path / "eye")
    labels = (
        "neu = 'neutral'\nhap = 'happy'\nang = 'angry'\nsad = 'sad'\nanger = 'angry'\nsadness = 'sad'\njoy = 'happy'\n"
    )
    (tmp_path / "map.toml").write_text(labels)
    model = load_classifiers(str(ear), str(eye), label_map=tmp_path / "map.toml")
    found = EmotionRecognizer(model, "cpu").explain(sound, "oh no")
    assert len(found.span_scores) == 2 and found.words == ("oh", "no")
    assert (
        "a moment is deleted by silence in its place, after which the checkpoint normalises what is left" in found.notes
    )
    with pytest.raises(
        InputError, match=r"integrated gradients: .+ is not computed by encoders that emoduet can follow"
    ):
        check_explainable(model, Explaining("integrated-gradients"))
    with pytest.raises(InputError, match=r"attention: this .+ model has none"):
        check_explainable(model, Explaining("attention"))


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        ("demo-e-vector", "this e-vector model is fitted at one go, without gradients"),
        ("demo-mcnn-lstm", r"this model stands on \[frames\] and \[words\], computed by rule, not by encoders"),
    ],
)
def test_gradients_need_encoders(recipe, told):
    model = build_model(read_recipe(recipe), WORDS)
    with pytest.raises(InputError, match=f"integrated gradients: {told}; occlusion asks for nothing but answers"):
        check_explainable(model, Explaining("integrated-gradients"))


def test_int8_has_no_gradients(fused):
    with pytest.raises(InputError, match="integrated gradients: int8 has no gradients; load the model in fp32"):
        check_explainable(fused.model, Explaining("integrated-gradients"), "int8")


def test_attention_needs_sound_and_words(tmp_path, sound):
    recognizer = EmotionRecognizer.load(write_model(tmp_path / "m", "demo-missing-modality"), "cpu")
    with pytest.raises(InputError, match="utterance text 1: no sound file, so no moments; attention needs"):
        recognizer.explain(text="no", method="attention")
    with pytest.raises(InputError, match=re.escape("no words in None, so no moments of words")):
        recognizer.explain(sound, method="attention")


def test_attention_keeps_the_alignment_it_was_read_from(fused, sound):
    found = fused.explain(sound, "no stop it", method="attention")
    assert found.alignment.words == found.words == ("no", "stop", "it")
    np.testing.assert_allclose(found.word_scores, found.alignment.words_of_moments.mean(axis=0))
    assert found.span_scores.sum() == pytest.approx(1, abs=1e-6)
    assert "not proof" in found.notes[0]


# What may be asked


def test_there_are_three_methods():
    assert METHODS == ("attention", "occlusion", "integrated-gradients")
    with pytest.raises(UsageError, match="method lime; want one of attention, occlusion, integrated-gradients"):
        Explaining("lime")


def test_too_few_random_orders_are_refused_at_once():
    with pytest.raises(UsageError, match="5 random orders; need at least 19, such as 39, for chance to be told"):
        Explaining(num_orders=5)


def test_the_target_is_one_of_the_classes(fused):
    with pytest.raises(UsageError, match="target bored: this model knows angry, .+; take one of them"):
        check_explainable(fused.model, Explaining(target="bored"))


def test_the_seed_makes_the_same_explanation_again(fused, sound, monkeypatch):
    monkeypatch.setattr(gradients, "STEPS", 4)
    spoken = Utterance(id="u", audio=sound, transcript="no stop it what a joy")
    one, same, other = (
        fused.explain_utterance(spoken, Explaining("integrated-gradients", num_orders=19, seed=seed))
        for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one.span_scores, same.span_scores)
    np.testing.assert_array_equal(one.faithfulness.words.deletion.random, same.faithfulness.words.deletion.random)
    assert (one.span_scores != other.span_scores).any()
