"""Many utterances explained: answers that are known are found, each model of a run explains its own test part."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from easy_corpus import write_easy_corpus
from little_models import write_model
from planted import evident
from planted_corpus import RECORD, write_record
from small_runs import small_experiment

from emoduet.errors import CorpusError, InputError, UsageError
from emoduet.experiment import run_experiment
from emoduet.explaining_corpus import many
from emoduet.explaining_corpus.many import Asked, Explanations, explain_many
from emoduet.manifest import read_manifest, write_manifest
from emoduet.prediction import EmotionRecognizer
from emoduet.stress.conditions import Trial
from emoduet.subject import Part, Subject
from emoduet.types import Utterance

WORDS = ["leave", "the", "table", "to", "Mona"]


def spoken_corpus(folder: Path) -> list[Utterance]:
    """Six speakers of two turns each: one telling word in another place each time, quiet but for 2 to 3 s."""
    utterances, turns = [], {}
    for number in range(12):
        sound = 0.02 * np.random.default_rng(0).uniform(-1, 1, 72_000)
        sound[32_000:48_000] *= 25
        soundfile.write(folder / f"u{number}.wav", sound, 16_000)
        place = number % 5
        words = WORDS[1:]
        words.insert(place, "leave")
        turns[f"u{number}"] = RECORD["utterances"]["a"] | {
            "cue_word": "leave",
            "cue_index": place,
            "word_times": [[2 + one / 5, 2 + (one + 1) / 5] for one in range(5)],
        }
        utterances.append(
            Utterance(
                id=f"u{number}",
                audio=str(folder / f"u{number}.wav"),
                transcript=" ".join(words),
                label="angry",
                speaker=f"s{number % 6}",
                extra={"synthetic": True},
            )
        )
    others = {name: RECORD["utterances"][name[0]] for name in ("happy", "sad")}
    write_record(folder, utterances=turns | others)
    return utterances


def explained_by_evident(folder: Path, monkeypatch, truth: dict | None = None) -> Explanations:
    """By a model that looks for the word and for the loud second; turns of other classes are not explained."""
    utterances = spoken_corpus(folder)
    if truth:
        write_record(folder, **truth)
    others = [replace(utterances[0], id=one, label=one) for one in ("happy", "sad")]
    write_manifest(folder / "m.jsonl", [*utterances, *others])
    model = evident()
    subject = Subject((Part("model", "m", ".", tuple(utterances)),), model.classes, type(model.system), "marked", {})
    monkeypatch.setattr(many, "read_subject", lambda choice: subject)
    monkeypatch.setattr(EmotionRecognizer, "load", classmethod(lambda cls, *arguments: cls(model)))
    return explain_many(Asked("m", folder / "m.jsonl", ("occlusion",)))


def test_known_words_and_moments_are_found_and_beat_chance(tmp_path, monkeypatch):
    found = explained_by_evident(tmp_path, monkeypatch)
    by_measure = {one.measure: one for one in found.findings}
    assert list(by_measure) == [
        "words: deletion",
        "words: insertion",
        "moments: deletion",
        "moments: insertion",
        "words: telling word first",
        "words: telling word's reciprocal rank",
        "moments: speech above silence",
    ]
    first = by_measure["words: telling word first"]
    assert (first.value, first.chance, first.num_utterances, first.over) == (1.0, pytest.approx(0.2), 12, "6 speakers")
    assert by_measure["words: telling word's reciprocal rank"].value == 1.0
    assert by_measure["moments: speech above silence"].value == 1.0
    for measure in ("words: deletion", "moments: deletion"):
        assert by_measure[measure].better, by_measure[measure].sentence()
        assert "beats random deletion" in by_measure[measure].sentence()
    assert found.conditions().startswith(
        "seed 0; marked; speech carries the voice's emotion, but long pauses are of slow"
    )


def test_every_utterance_has_random_orders_of_its_own(tmp_path, monkeypatch):
    """All sound alike: with shared orders, chance would delete the same moments of each."""
    found = explained_by_evident(tmp_path, monkeypatch)
    assert len({round(one.measured["moments: deletion"].value, 6) for one in found.each}) == 1
    assert len({round(one.measured["moments: deletion"].chance, 6) for one in found.each}) > 8


def test_a_corpus_that_does_not_tell_when_words_are_said_says_so(tmp_path, monkeypatch):
    turns = {f"u{number}": {**RECORD["utterances"]["a"], "cue_word": "leave"} for number in range(12)}
    turns |= {name: RECORD["utterances"][name[0]] for name in ("happy", "sad")}
    untimed = {name: {key: one[key] for key in one if key != "word_times"} for name, one in turns.items()}
    found = explained_by_evident(tmp_path, monkeypatch, {"utterances": untimed})
    measures = {one.measure for one in found.findings}
    assert "words: telling word first" in measures and "moments: speech above silence" not in measures
    assert "long pauses" not in found.conditions()
    assert "written by an older emoduet, which did not keep when words are said" in found.conditions()


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    return write_easy_corpus(tmp_path_factory.mktemp("easy"))


@pytest.fixture(scope="module")
def run(manifest, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "words"
    run_experiment(small_experiment(manifest, out, folds=(1, 2)))
    return out


def test_each_model_of_a_run_explains_what_it_was_tested_on(manifest, run):
    told = []
    found = explain_many(Asked(str(run), manifest), lambda done, total: told.append((done, total)))
    session = {one.id: one.session for one in read_manifest(manifest)}
    assert {(one.part, session[one.utterance.id]) for one in found.each} == {
        ("fold1-seed0", "S1"),
        ("fold2-seed0", "S2"),
    }
    assert told == [(done, 16 * 2) for done in range(1, 33)]  # occlusion and gradients
    assert [one.what for one in found.left_out] == ["attention"]
    assert "this text model has none" in found.left_out[0].why
    assert {one.measure for one in found.findings} == {"words: deletion", "words: insertion"}
    assert all(one.over == "4 speakers: too few for an interval" for one in found.findings)
    assert "each model on its own test part" in found.marks
    assert json.loads(json.dumps(found.as_json()))["findings"][0]["interval"] is None
    line = json.loads(json.dumps(found.each[0].as_json()))
    assert line["part"] == "fold1-seed0" and set(line["measures"]["words: deletion"]) == {
        "value",
        "chance",
        "difference",
    }


def test_the_seed_decides_everything_and_sessions_and_limits_are_kept(manifest, run):
    asked = Asked(str(run), manifest, ("occlusion",), sessions=("S2",), limit=3)
    once, again, other = (explain_many(one) for one in (asked, asked, replace(asked, seed=1)))
    assert once == again == explain_many(replace(asked, workers=2)) and once.findings != other.findings
    assert len(once.each) == 3 and {one.utterance.session for one in once.each} == {"S2"}
    assert "3 of 8 utterances drawn" in once.marks


def test_untested_explanations_are_held_against_truth_alone(manifest, run):
    with_nothing_planted = explain_many(Asked(str(run), manifest, ("occlusion",), limit=1, tested=False))
    assert with_nothing_planted.findings == () and len(with_nothing_planted.each) == 1


def test_utterances_that_cannot_be_explained_are_left_out_and_named(manifest, tmp_path, monkeypatch):
    model = str(write_model(tmp_path / "model"))
    found = read_manifest(manifest)[:3]
    (tmp_path / "noise.wav").write_bytes(b"no sound")
    broken = replace(found[0], id="broken", audio=str(tmp_path / "noise.wav"))
    write_manifest(tmp_path / "m.jsonl", [broken, *found])
    explanations = explain_many(Asked(model, tmp_path / "m.jsonl", ("attention",), num_orders=19))
    assert [one.what for one in explanations.left_out] == ["broken, attention"]
    assert "noise.wav" in explanations.left_out[0].why and len(explanations.each) == 3
    write_manifest(tmp_path / "n.jsonl", [broken])
    with pytest.raises(InputError, match=r"n.jsonl: nothing could be explained: broken, attention: .*noise.wav"):
        explain_many(Asked(model, tmp_path / "n.jsonl", ("attention",)))


def test_what_cannot_be_asked_is_refused_before_any_answer(manifest, run):
    with pytest.raises(InputError, match="attention: this text model has none"):
        explain_many(Asked(str(run), manifest, ("attention",)))
    with pytest.raises(UsageError, match="method wishes; want one of attention, occlusion"):
        explain_many(Asked(str(run), manifest, ("wishes",)))
    with pytest.raises(UsageError, match="3 random orders; need at least 19"):
        explain_many(Asked(str(run), manifest, num_orders=3))
    with pytest.raises(CorpusError, match="tested no utterance of Ses09"):
        explain_many(Asked(str(run), manifest, sessions=("Ses09",)))


def test_a_stress_trial_asks_for_the_very_same_utterances(manifest, run, monkeypatch):
    choices = []
    real = many.read_subject
    monkeypatch.setattr(many, "read_subject", lambda choice: choices.append(choice) or real(choice))
    explain_many(Asked(str(run), manifest, ("occlusion",), ("S1",), limit=1, seed=4, device="cpu"))
    assert choices == [Trial(str(run), manifest, Path(), sessions=("S1",), seed=4, limit=1).choice]
