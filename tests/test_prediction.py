"""`EmotionRecognizer`: answers in order, whatever they are batched with, and failures in the places of answers."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from little_models import write_model, write_recordings

import emoduet
from emoduet import EmotionRecognizer, Failure, Prediction, Utterance
from emoduet.build import build_model
from emoduet.config import read_recipe
from emoduet.errors import AudioError, CheckpointError, InputError
from emoduet.machine import cpu_computes_bf16
from emoduet.prediction import BATCH_SIZE

WORDS = ["no stop it", "", "what a joy", "the table is set and the table is set", "alone"]


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> EmotionRecognizer:
    return EmotionRecognizer.load(write_model(tmp_path_factory.mktemp("model") / "both"))


@pytest.fixture(scope="module")
def listener(tmp_path_factory) -> EmotionRecognizer:
    return EmotionRecognizer.load(write_model(tmp_path_factory.mktemp("model") / "ear", "demo-audio-only"))


@pytest.fixture(scope="module")
def reader(tmp_path_factory) -> EmotionRecognizer:
    return EmotionRecognizer.load(write_model(tmp_path_factory.mktemp("model") / "eye", "demo-text-only"))


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[str]:
    return write_recordings(tmp_path_factory.mktemp("calls"), BATCH_SIZE + 2)


def utterances(files: list[str]) -> list[Utterance]:
    return [Utterance(id=path, audio=path, transcript=WORDS[i % len(WORDS)]) for i, path in enumerate(files)]


def test_every_class_has_a_probability(both, files):
    (answer,) = both.predict(files[0], "no stop it")
    assert list(answer.probabilities) == list(both.classes) == ["angry", "happy", "neutral", "sad"]
    assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-9)
    assert answer.probabilities[answer.label] == max(answer.probabilities.values())
    assert answer.id == files[0]


def test_a_temperature_divides_the_logits(reader):
    """At T, each probability is the T-th root of what it was, renormalised."""
    (plain,) = reader.predict(text="what a joy")
    (tempered,) = EmotionRecognizer(replace(reader.model, temperature=2.0)).predict(text="what a joy")
    roots = {name: probability**0.5 for name, probability in plain.probabilities.items()}
    expected = {name: root / sum(roots.values()) for name, root in roots.items()}
    assert tempered.probabilities == pytest.approx(expected, abs=1e-9)
    assert tempered.label == plain.label


def test_batched_equals_one_by_one_in_order(both, files):
    together = list(both.predict_each(utterances(files)))
    assert [answer.id for answer in together] == files
    assert len({answer.probabilities["sad"] for answer in together}) == len(files)
    for answer, utterance in zip(together, utterances(files), strict=True):
        (alone,) = both.predict(utterance.audio, utterance.transcript)
        assert answer.probabilities == pytest.approx(alone.probabilities, abs=1e-6)


def test_predict_takes_paths_and_many(both, files):
    answers = both.predict([Path(path) for path in files[:2]], ["yes", "no"])
    assert [answer.id for answer in answers] == files[:2]


def test_a_bad_file_is_one_failure_in_its_place(both, files, tmp_path):
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"not sound")
    asked = utterances([files[0], str(bad), files[1], str(tmp_path / "gone.wav")])
    answers = list(both.predict_each(asked))
    assert [type(answer) for answer in answers] == [Prediction, Failure, Prediction, Failure]
    assert [answer.id for answer in answers] == [utterance.id for utterance in asked]
    assert "not a sound file" in answers[1].error and str(bad) in answers[1].error
    assert "no such file" in answers[3].error
    assert answers[2].probabilities == pytest.approx(both.predict(files[1], "what a joy")[0].probabilities, abs=1e-6)


def test_a_sound_beyond_all_bounds_is_one_failure_where_frames_are_computed(files, tmp_path):
    samples = np.zeros(8000, dtype=np.float32)
    samples[4000] = -1e30
    soundfile.write(tmp_path / "loud.wav", samples, 16_000, subtype="FLOAT")
    model = build_model(read_recipe("demo-lstm-attention"), ())
    model.system.eval()
    first, loud, last = EmotionRecognizer(model, "cpu").predict_each(
        [Utterance(id=path, audio=path) for path in (files[0], str(tmp_path / "loud.wav"), files[1])]
    )
    assert isinstance(first, Prediction) and isinstance(last, Prediction)
    assert isinstance(loud, Failure) and f"{tmp_path / 'loud.wav'}: the sample at 0.250 s is -1e+30;" in loud.error


def test_a_group_of_failures_alone(both):
    (answer,) = both.predict_each([Utterance(id="u", audio="gone.wav", transcript="no")])
    assert answer == Failure(id="u", error="gone.wav: no such file; check the path, or the folder it is relative to")


def test_words_that_are_missing_are_a_failure(both, files):
    (answer,) = both.predict_each([Utterance(id="u", audio=files[0])])
    assert isinstance(answer, Failure) and "no transcript" in answer.error


def test_stop_at_failure(both, files):
    asked = utterances([files[0], "gone.wav"])
    with pytest.raises(AudioError, match="gone.wav: no such file"):
        list(both.predict_each(asked, stop_at_failure=True))
    with pytest.raises(AudioError, match="gone.wav: no such file"):
        both.predict("gone.wav", "no")


def test_answers_come_group_by_group(both, files):
    def endless():
        yield from utterances(files[:BATCH_SIZE])
        raise RuntimeError("read too far")

    answers = both.predict_each(endless())
    assert [next(answers).id for _ in range(BATCH_SIZE)] == files[:BATCH_SIZE]


def test_a_listener_needs_no_words(listener, files):
    assert (listener.hears, listener.reads) == (True, False)
    assert [answer.id for answer in listener.predict(files[:2])] == files[:2]
    with pytest.raises(InputError, match="predict: 1 inputs of text; this audio model takes none"):
        listener.predict(files[0], "no")


def test_a_reader_needs_no_sound(reader, files):
    assert (reader.hears, reader.reads) == (False, True)
    assert [answer.id for answer in reader.predict(text=["no", ""])] == ["text 1", "text 2"]
    assert reader.predict(text="no")[0].id == "text 1"
    with pytest.raises(InputError, match="predict: 1 inputs of audio; this text model takes none"):
        reader.predict(files[0], "no")


@pytest.mark.parametrize(
    ("audio", "text", "message"),
    [
        (None, "no", "predict: 0 inputs of audio; this cross-modal model takes one for each utterance"),
        ("a.wav", None, "predict: 0 inputs of text; this cross-modal model takes one for each utterance"),
        (["a.wav", "b.wav"], "no", "predict: 2 sound files and 1 texts; need one text for each file"),
    ],
)
def test_sound_and_words_must_match(both, audio, text, message):
    with pytest.raises(InputError, match=message):
        both.predict(audio, text)


def test_two_threads_share_one_recognizer(both, files):
    alone = [answer.probabilities for answer in both.predict_each(utterances(files))]
    with ThreadPoolExecutor(2) as pool:
        runs = pool.map(lambda _: list(both.predict_each(utterances(files))), range(6))
    for run in runs:
        for answer, expected in zip(run, alone, strict=True):
            assert answer.probabilities == pytest.approx(expected, abs=1e-6)


def test_a_device_that_is_not_here(tmp_path):
    with pytest.raises(InputError, match="device tpu: not on this machine"):
        EmotionRecognizer.load(write_model(tmp_path / "m", "demo-text-only"), device="tpu")


@pytest.mark.parametrize(
    "precision",
    [
        pytest.param("bf16", marks=pytest.mark.skipif(not cpu_computes_bf16(), reason="this CPU would emulate bf16")),
        pytest.param(
            "int8", marks=pytest.mark.skipif(not torch.cpu._is_vnni_supported(), reason="int8 is sure only with VNNI")
        ),
    ],
)
def test_coarser_answers_are_near_and_the_same_in_any_batch(both, files, tmp_path, precision):
    coarse = EmotionRecognizer.load(write_model(tmp_path / "m"), "cpu", precision)
    together = list(coarse.predict_each(utterances(files)))
    for answer, utterance in zip(together, utterances(files), strict=True):
        (plain,) = both.predict(utterance.audio, utterance.transcript)
        (alone,) = coarse.predict(utterance.audio, utterance.transcript)
        assert answer.probabilities != plain.probabilities
        assert answer.probabilities == pytest.approx(plain.probabilities, abs=0.01)
        assert answer.probabilities == pytest.approx(alone.probabilities, abs=1e-6 if precision == "int8" else 2e-3)


def test_precisions_that_are_refused_before_anything_is_loaded(tmp_path):
    with pytest.raises(InputError, match="precision fp16: a model answers in one of fp32, bf16, int8"):
        EmotionRecognizer.load(tmp_path / "nowhere", precision="fp16")


def test_no_such_model(tmp_path):
    with pytest.raises(CheckpointError, match="no such folder"):
        EmotionRecognizer.load(tmp_path / "nowhere")


def test_loading_leaves_nothing_to_train(both):
    assert not any(weight.requires_grad for weight in both.model.system.parameters())
    assert not both.model.system.training


def test_public_names():
    assert emoduet.EmotionRecognizer is EmotionRecognizer
    assert set(emoduet.__all__) <= set(dir(emoduet)) | {"EmotionRecognizer", "Listening"}
    with pytest.raises(AttributeError, match="module 'emoduet' has no attribute 'EmotionRecogniser'"):
        _ = emoduet.EmotionRecogniser
