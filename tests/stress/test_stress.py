"""Stress tests from manifest to rows: answers are those of sounds made worse by hand, and the seed decides them all."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from easy_corpus import easy_utterances, write_easy_corpus
from little_models import write_model
from small_runs import read_json, read_lines, small_experiment
from tiny_whisper import tiny_whisper

from emoduet.audio import read_audio
from emoduet.build import restore_model
from emoduet.corruptions import choose_voices, corrupted, corruptions_named, rng_of, voiced
from emoduet.errors import CorpusError, InputError, UsageError
from emoduet.evaluation import answer_each_alone, answer_with
from emoduet.examination import examine_model
from emoduet.experiment import run_experiment
from emoduet.manifest import read_manifest, write_manifest
from emoduet.stress import Outcome, stress_model
from emoduet.stress.conditions import Trial
from emoduet.subject import LeftOut
from emoduet.word_errors import Vocabulary, with_word_errors, word_error_rate

NOISE, CLIPPING, SLOW, FAST, BABBLE = corruptions_named(
    ["noise-white 0 dB", "clipping 20 %", "speed 0.8 x", "speed 1.25 x", "noise-babble 0 dB"]
)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    return write_easy_corpus(tmp_path_factory.mktemp("easy"))


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(write_model(tmp_path_factory.mktemp("models") / "both"))


@pytest.fixture(scope="module")
def run(manifest, tmp_path_factory) -> Path:
    """Two of three folds, each with its model, of two seeds of which the second lacks a fold."""
    out = tmp_path_factory.mktemp("runs") / "sounds"
    run_experiment(small_experiment(manifest, out, "demo-audio-only", folds=(1, 2)))
    run_experiment(small_experiment(manifest, out, "demo-audio-only", folds=(1,), seeds=(1,)))
    return out


def trial(model: str | Path, manifest: Path, out: Path, **values: object) -> Trial:
    usual = Trial(str(model), manifest, out, corruptions=(NOISE, CLIPPING), word_errors=(0.4,), device="cpu")
    return replace(usual, **values)


def lines_of(out: Path, name: str, part: str = "model") -> list[dict]:
    return read_lines(out / "answers" / part / f"{name}.jsonl")


def probabilities(lines: list[dict]) -> list[list[float]]:
    return [list(line["probabilities"].values()) for line in lines]


def files_of(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*.*")) if path.suffix != ".lock"
    }


def rewritten(manifest: Path, out: Path, change) -> Path:
    """The manifest with each sound as `change` leaves it, in 32-bit floats."""
    out.mkdir()
    changed = []
    for one in read_manifest(manifest):
        soundfile.write(out / f"{one.id}.wav", change(one.id, read_audio(one.audio)), 16_000, subtype="FLOAT")
        changed.append(replace(one, audio=str(out / f"{one.id}.wav")))
    write_manifest(out / "m.jsonl", changed)
    return out / "m.jsonl"


# What is answered


def test_clean_is_what_evaluate_says(model, manifest, tmp_path):
    found = stress_model(trial(model, manifest, tmp_path, sessions=("S1", "S2")))
    examined = examine_model(model, manifest, ("S1", "S2"), "cpu")
    scores = examined.answers.scores()
    assert (found.stress.clean.ua, found.stress.clean.wa) == (scores.unweighted_accuracy, scores.weighted_accuracy)
    assert found.stress.clean.over == examined.interval_over == "4 speakers: too few for an interval"
    assert probabilities(lines_of(tmp_path, "clean")) == examined.answers.probabilities.tolist()


@pytest.mark.parametrize("corruption", [NOISE, SLOW], ids=lambda one: one.name)
def test_answers_are_those_to_sounds_made_worse_by_hand(model, manifest, tmp_path, corruption):
    stress_model(trial(model, manifest, tmp_path / "out", corruptions=(corruption,), seed=5))
    worse = rewritten(
        manifest, tmp_path / "worse", lambda id, samples: corrupted(corruption, samples, seed=5, utterance_id=id)
    )
    wanted = examine_model(model, worse, device="cpu").answers.probabilities
    found = lines_of(tmp_path / "out", f"{corruption.name}_{corruption.severity.replace(' ', '_')}")
    assert probabilities(found) == wanted.tolist()
    assert probabilities(found) != probabilities(lines_of(tmp_path / "out", "clean"))


def test_other_speakers_babble(model, manifest, tmp_path):
    utterances = {one.id: one for one in read_manifest(manifest)}
    speakers = {id: one.speaker for id, one in utterances.items()}

    def babbled(id: str, samples: np.ndarray) -> np.ndarray:
        voices = choose_voices(id, speakers, rng_of(0, id, "voices"))
        assert speakers[id] not in {speakers[voice] for voice in voices}
        heard = [read_audio(utterances[voice].audio) for voice in voices]
        return corrupted(voiced(BABBLE, heard), samples, seed=0, utterance_id=id)

    stress_model(trial(model, manifest, tmp_path / "out", corruptions=(BABBLE,), sessions=("S1",)))
    wanted = examine_model(model, rewritten(manifest, tmp_path / "worse", babbled), ("S1",), "cpu")
    assert probabilities(lines_of(tmp_path / "out", "noise-babble_0_dB")) == wanted.answers.probabilities.tolist()


def test_words_are_made_worse_and_the_rate_is_measured(model, manifest, tmp_path):
    found = stress_model(trial(model, manifest, tmp_path, corruptions=(), word_errors=(0.4,), seed=2)).stress
    utterances = read_manifest(manifest)
    vocabulary = Vocabulary.of(one.transcript for one in utterances)
    heard = [with_word_errors(u.transcript, 0.4, vocabulary, rng_of(2, u.id, "word errors")) for u in utterances]
    given = [replace(one, transcript=words) for one, words in zip(utterances, heard, strict=True)]
    wanted = answer_with(restore_model(model), given).probabilities
    assert probabilities(lines_of(tmp_path, "word_errors_40_")) == wanted.tolist()
    assert found.rows[1].word_error_rate == word_error_rate([one.transcript for one in utterances], heard)
    assert 0.2 < found.rows[1].word_error_rate < 0.6 and found.clean.word_error_rate is None


def test_a_sound_too_short_is_left_out_of_its_row_on_both_sides(model, tmp_path):
    """480 samples are enough as they are, and 384 after 1.25 x are not."""
    utterances = easy_utterances(tmp_path / "sounds")
    soundfile.write(utterances[3].audio, read_audio(utterances[3].audio)[:480], 16_000)
    write_manifest(tmp_path / "m.jsonl", utterances)
    found = stress_model(trial(model, tmp_path / "m.jsonl", tmp_path / "out", corruptions=(FAST,), word_errors=()))
    clean, fast = found.stress.rows
    assert (clean.num_utterances, fast.num_utterances) == (24, 23)
    answered = lines_of(tmp_path / "out", "clean")
    right = [line["prediction"] == line["label"] for line in answered if line["id"] != utterances[3].id]
    others = examine_model(model, tmp_path / "m.jsonl", device="cpu").answers.where(np.arange(24) != 3)
    assert fast.ua_clean == others.scores().unweighted_accuracy
    assert sum(right) == round(23 * others.scores().weighted_accuracy)


def test_a_row_of_nothing_is_left_out(model, tmp_path):
    utterances = easy_utterances(tmp_path / "sounds", sessions=1, turns=4)
    for one in utterances:
        soundfile.write(one.audio, read_audio(one.audio)[:480], 16_000)
    write_manifest(tmp_path / "m.jsonl", utterances)
    found = stress_model(trial(model, tmp_path / "m.jsonl", tmp_path / "out", corruptions=(FAST,), word_errors=()))
    assert [row.name for row in found.stress.rows] == ["clean"]
    assert LeftOut("speed 1.25 x", "no utterance could be made so") in found.stress.left_out


def test_one_modality(manifest, tmp_path):
    model = write_model(tmp_path / "model", "demo-missing-modality")
    found = stress_model(trial(model, manifest, tmp_path / "out", corruptions=(), word_errors=()))
    assert [row.name for row in found.stress.rows[1:]] == ["one modality sound alone", "one modality words alone"]
    assert [row.words for row in found.stress.rows] == ["given", "absent", "given"]
    alone = answer_each_alone(restore_model(str(model)), read_manifest(manifest))
    for kind, name in (("audio", "sound"), ("text", "words")):
        answered = probabilities(lines_of(tmp_path / "out", f"one_modality_{name}_alone"))
        assert answered == alone[kind].probabilities.tolist()


def test_words_that_are_recognised(manifest, tmp_path):
    """For a model that only reads, too: the words of the sound made worse are others."""
    whisper = tiny_whisper(tmp_path)
    model = write_model(tmp_path / "model", "demo-text-only")
    asked = trial(model, manifest, tmp_path / "out", asr=str(whisper), language="en", sessions=("S1",))
    found = stress_model(replace(asked, corruptions=(NOISE,), word_errors=())).stress
    names = ["clean", "recognised words clean sound", "noise-white, recognised 0 dB"]
    assert [row.name for row in found.rows] == names
    assert found.rows[1].words == f"recognised by {whisper}"
    (heard,) = (tmp_path / "out" / "answers" / "recognised").glob("recognised_words*")
    words = [line["transcript"] for line in read_lines(heard)]
    said = read_manifest(manifest)[:8]
    assert found.rows[1].word_error_rate == word_error_rate([one.transcript for one in said], words) > 0.5
    given = [replace(one, transcript=text) for one, text in zip(said, words, strict=True)]
    answered = lines_of(tmp_path / "out", heard.stem)
    assert probabilities(answered) == answer_with(restore_model(str(model)), given).probabilities.tolist()
    before = heard.stat().st_mtime_ns
    for path in (tmp_path / "out" / "answers" / "model").glob("*recognised*"):
        path.unlink()
    again = stress_model(replace(asked, corruptions=(NOISE,), word_errors=())).stress
    assert again.rows == found.rows and heard.stat().st_mtime_ns == before


def test_words_nobody_gave_have_no_error_rate(tmp_path):
    """One utterance of a model that may lack either has no transcript, and the others say nothing."""
    model = write_model(tmp_path / "model", "demo-missing-modality")
    utterances = easy_utterances(tmp_path / "sounds", sessions=1, turns=4, transcript="[SIGH]")
    utterances[0] = replace(utterances[0], transcript=None)
    write_manifest(tmp_path / "m.jsonl", utterances)
    asked = trial(model, tmp_path / "m.jsonl", tmp_path / "out", asr=str(tiny_whisper(tmp_path)), word_errors=())
    rows = stress_model(replace(asked, corruptions=(FAST,), language="en")).stress.rows
    assert [(row.name, row.num_utterances, row.word_error_rate) for row in rows[2:4]] == [
        ("recognised words clean sound", 4, None),
        ("speed, recognised 1.25 x", 4, None),
    ]


def test_words_of_a_sound_that_cannot_be_made_worse_are_not_recognised(tmp_path):
    """By a model that only reads: of 480 samples nothing is left after 1.25 x, so that utterance is left out."""
    model = write_model(tmp_path / "model", "demo-text-only")
    utterances = easy_utterances(tmp_path / "sounds", sessions=1, turns=4)
    soundfile.write(utterances[2].audio, read_audio(utterances[2].audio)[:480], 16_000)
    write_manifest(tmp_path / "m.jsonl", utterances)
    asked = trial(model, tmp_path / "m.jsonl", tmp_path / "out", asr=str(tiny_whisper(tmp_path)), word_errors=())
    rows = stress_model(replace(asked, corruptions=(FAST,), language="en")).stress.rows
    assert [row.num_utterances for row in rows] == [4, 4, 3]


# The seed decides


def test_two_tests_are_equal_byte_for_byte_whatever_the_number_of_workers(model, manifest, tmp_path):
    asked = trial(model, manifest, tmp_path / "one", corruptions=(NOISE, BABBLE, CLIPPING), sessions=("S1",))
    for name, workers in (("one", 1), ("two", 1), ("three", 2)):
        stress_model(replace(asked, out=tmp_path / name, workers=workers))
    one, two, three = (files_of(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two == three and len(one) == 9


def test_another_seed_is_another_test(model, manifest, tmp_path):
    rows = []
    for seed in (0, 1):
        asked = trial(model, manifest, tmp_path / str(seed), seed=seed, sessions=("S1",))
        stress_model(asked)
        names = ("clean", "noise-white_0_dB", "clipping_20_", "word_errors_40_")
        rows.append([probabilities(lines_of(tmp_path / str(seed), name)) for name in names])
    assert [one == other for one, other in zip(*rows, strict=True)] == [True, False, True, False]


def test_a_test_that_was_cut_off_goes_on(model, manifest, tmp_path):
    asked = trial(model, manifest, tmp_path / "out", sessions=("S1",))
    whole = stress_model(replace(asked, out=tmp_path / "whole"))

    def stop(done: int, total: int) -> None:
        if done >= 16:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stress_model(asked, stop)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "answers" / "model").iterdir()}
    assert sorted(path.name for path in kept) == ["clean.jsonl", "noise-white_0_dB.jsonl"]
    assert not (tmp_path / "out" / "stress.json").exists()
    told = []
    again = stress_model(asked, lambda *done: told.append(done))
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert again.stress == whole.stress and files_of(tmp_path / "out") == files_of(tmp_path / "whole")
    assert told == [(8, 32), (16, 32), (24, 32), (32, 32)]


def test_more_conditions_are_added_to_those_there_are(model, manifest, tmp_path):
    asked = trial(model, manifest, tmp_path, sessions=("S1",))
    first = stress_model(replace(asked, corruptions=(NOISE,))).stress
    second = stress_model(replace(asked, corruptions=(CLIPPING, NOISE))).stress
    assert [row.family for row in second.rows] == ["clean", "clipping", "noise-white", "word errors"]
    assert second.rows[2] == first.rows[1]


def test_a_folder_holds_one_test(model, manifest, tmp_path):
    asked = trial(model, manifest, tmp_path, corruptions=(), word_errors=(), sessions=("S1",))
    stress_model(asked)
    with pytest.raises(InputError, match="holds another run: seed is 0, not 1. Give another --out"):
        stress_model(replace(asked, seed=1))


# What is tested


def test_a_limit_draws_by_the_seed(model, manifest, tmp_path):
    drawn = {}
    for name, seed, limit in (("a", 0, 6), ("b", 0, 6), ("c", 1, 6), ("all", 0, 99)):
        asked = trial(model, manifest, tmp_path / name, corruptions=(), word_errors=(), seed=seed, limit=limit)
        found = stress_model(asked)
        drawn[name] = [line["id"] for line in lines_of(tmp_path / name, "clean")]
        assert found.kept is None
    ids = [one.id for one in read_manifest(manifest)]
    assert drawn["a"] == drawn["b"] == sorted(drawn["a"], key=ids.index) != drawn["c"]
    assert (len(drawn["a"]), drawn["all"]) == (6, ids)
    assert "6 of 24 utterances drawn" in read_json(tmp_path / "a" / "stress.json")["rows"][0]["conditions"]


def test_no_utterance_is_no_limit(model, manifest, tmp_path):
    with pytest.raises(UsageError, match="a limit of 0 utterances; need at least 1"):
        stress_model(trial(model, manifest, tmp_path, limit=0))


def test_what_every_number_is_quoted_with(run, tmp_path):
    """The first fold trained on S3 and was picked by S2; of 30 utterances 6 are of a class it does not know."""
    utterances = easy_utterances(tmp_path / "sounds", extra={"synthetic": True})
    utterances += [replace(one, id=f"other {one.id}", label="afraid") for one in utterances[:6]]
    write_manifest(tmp_path / "m.jsonl", utterances)
    model = run / "fold1-seed0" / "checkpoint"
    found = stress_model(trial(model, tmp_path / "m.jsonl", tmp_path / "out", corruptions=(CLIPPING,))).stress
    assert found.conditions(found.rows[1]) == (
        "24 utterances; 6 speakers; seed 0; 6 utterances outside the model's classes left out; "
        "synthetic corpus: means nothing about people"
    )
    assert found.left_out[0] == LeftOut("word errors", "this model reads nothing")


def test_sessions_that_were_trained_on_are_told(run, manifest, tmp_path):
    model = run / "fold1-seed0" / "checkpoint"
    found = stress_model(trial(model, manifest, tmp_path, corruptions=(), word_errors=())).stress
    assert found.marks == "16 of 24 are of sessions this model was TRAINED ON"


def test_a_run_answers_each_test_part_by_its_own_model(run, manifest, tmp_path):
    found = stress_model(trial(run, manifest, tmp_path, corruptions=(CLIPPING,))).stress
    assert found.clean.num_utterances == 16 and found.clean.over == "4 speakers: too few for an interval"
    assert found.marks == "protocol loso, 2 of 3 folds, each model on its own test part"
    for fold in ("fold1-seed0", "fold2-seed0"):
        own = read_lines(run / fold / "predictions.jsonl")
        mine = lines_of(tmp_path, "clean", fold)
        assert [line["id"] for line in mine] == [line["id"] for line in own]
        assert np.allclose(probabilities(mine), probabilities(own), atol=1e-6)
    assert not (tmp_path / "answers" / "fold1-seed1").exists()
    assert read_json(run / "stress.json")["weights_sha256"].keys() == {
        "fold1-seed0/checkpoint",
        "fold2-seed0/checkpoint",
    }


def test_sessions_of_a_run(run, manifest, tmp_path):
    found = stress_model(trial(run, manifest, tmp_path / "a", sessions=("S2",), limit=5)).stress
    assert found.clean.num_utterances == 5
    assert {line["session"] for line in lines_of(tmp_path / "a", "clean", "fold2-seed0")} == {"S2"}
    with pytest.raises(CorpusError, match="tested no utterance of S9; leave the sessions out"):
        stress_model(trial(run, manifest, tmp_path / "b", sessions=("S9",)))


def test_a_run_is_stressed_on_its_own_manifest(run, tmp_path):
    other = write_easy_corpus(tmp_path / "other", turns=12)
    with pytest.raises(InputError, match="is not the manifest that .*sounds was tested on, easy.jsonl of SHA-256"):
        stress_model(trial(run, other, tmp_path / "out"))


def test_a_run_without_models(manifest, tmp_path):
    run_experiment(small_experiment(manifest, tmp_path / "run", "demo-text-only", "training.epochs=1", keep="none"))
    with pytest.raises(InputError, match="fold1-seed0/checkpoint: no such folder; run it again with --keep best"):
        stress_model(trial(tmp_path / "run", manifest, tmp_path / "out"))


def test_answers_made_elsewhere_have_no_model(run, manifest, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for path in run.glob("*.json*"):
        (folder / path.name).write_bytes(path.read_bytes())
    told = {key: value for key, value in read_json(run / "run.json").items() if key != "recipe"}
    (folder / "run.json").write_text(json.dumps(told | {"made_elsewhere": True, "classes": ["angry", "sad"]}))
    (folder / "fold1-seed0").mkdir()
    for name in ("metrics.json", "predictions.jsonl"):
        (folder / "fold1-seed0" / name).write_bytes((run / "fold1-seed0" / name).read_bytes())
    with pytest.raises(InputError, match="holds answers made elsewhere and no model"):
        stress_model(trial(folder, manifest, tmp_path / "out"))


# What is kept


def test_a_copy_is_kept_beside_the_model_where_it_can_be(manifest, tmp_path):
    model = write_model(tmp_path / "model", "demo-text-only")
    asked = trial(model, manifest, tmp_path / "out", word_errors=(), sessions=("S1",))
    found = stress_model(asked)
    assert found == Outcome(found.stress, model / "stress.json")
    assert (model / "stress.json").read_bytes() == (tmp_path / "out" / "stress.json").read_bytes()
    told = read_json(model / "stress.json")
    assert (told["model"], told["sessions"], told["device"]) == ("model", ["S1"], "cpu")
    assert {"torch", "jiwer", "soundfile"} <= told["versions"].keys()
    (model / "stress.json").unlink()
    (model / "stress.json").mkdir()
    assert stress_model(asked).kept is None


def test_a_model_named_checkpoint_is_named_with_its_folder(manifest, tmp_path):
    model = write_model(tmp_path / "fold1-seed0" / "checkpoint", "demo-text-only")
    found = stress_model(trial(model, manifest, tmp_path / "out", word_errors=(), sessions=("S1",)))
    assert found.stress.description["model"] == "fold1-seed0/checkpoint"


def test_a_library_that_is_missing_is_found_before_anything_is_answered(model, manifest, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jiwer", None)
    with pytest.raises(InputError, match="need the library jiwer"):
        stress_model(trial(model, manifest, tmp_path))
    assert not (tmp_path / "answers").exists()
