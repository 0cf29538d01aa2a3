"""The surest mistakes, in their order; words and sound only for those who asked, with the warning."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from invented_runs import Invention, change_json, invent_run

from emoduet.audio import read_audio
from emoduet.errors import AudioError
from emoduet.manifest import read_manifest
from emoduet.report import Signal, read_contents
from emoduet.report.mistakes import mistakes_of, warning_of, wav_address
from emoduet.report.page import page_of


@pytest.fixture
def good(contents):
    return contents.subjects[0]


@pytest.fixture
def utterances(manifest):
    return {one.id: one for one in read_manifest(manifest)}


def test_mistakes_by_pencil(good):
    found = mistakes_of(good, Signal())
    assert [one.id for one in found] == ["s1t3", "s1t4", "s2t3", "s2t4", "s3t3", "s3t4"]  # two seeds, each once
    first = found[0]
    assert (first.label, first.answer, first.speaker) == ("sad", "angry", "S1M")
    assert (first.probability, first.of_label) == ("90.0", "3.3")
    assert first.transcript is None and first.audio is None


def test_the_surest_stand_first_and_no_more_than_ten(good):
    answers = good.run.answers[1, 0]
    rows = np.full_like(answers.probabilities, 0.1)
    rows[np.arange(len(rows)), (answers.labels + 1) % 4] = np.linspace(0.5, 0.9, len(rows))
    many = {(fold, 0): replace(answers, probabilities=rows, utterances=renamed(answers, fold)) for fold in (1, 2)}
    found = mistakes_of(replace(good, run=replace(good.run, answers=many)), Signal())
    assert [one.probability for one in found[:3]] == ["90.0", "90.0", "84.3"] and len(found) == 10


def renamed(answers, fold):
    return tuple(replace(one, id=f"{fold}-{one.id}") for one in answers.utterances)


def test_labels_alone_are_never_sure(good):
    only_labels = replace(good.run, description={**good.run.description, "only_labels": True})
    assert mistakes_of(replace(good, run=only_labels), Signal()) == []


def test_words_are_shown_when_asked_for(good, utterances):
    found = mistakes_of(good, Signal(utterances, transcripts=True))
    assert found[0].transcript == "leave me alone" and found[0].audio is None


def test_sound_is_the_segment_itself(good, utterances):
    one = utterances["s1t3"]
    part = replace(one, start=0.05, end=0.15)
    address = wav_address(part)
    assert address.startswith("data:audio/wav;base64,")
    waveform, rate = soundfile.read(io.BytesIO(base64.b64decode(address.partition(",")[2])), dtype="float32")
    assert (rate, len(waveform)) == (16_000, 1600)
    np.testing.assert_allclose(waveform, read_audio(one.audio, start=0.05, end=0.15), atol=1e-4)
    (shown, *_) = mistakes_of(good, Signal(utterances | {"s1t3": part}, audio=True))
    assert shown.audio == address and shown.transcript is None


def test_an_utterance_without_sound_stays_silent(good, utterances):
    mute = {id: replace(one, audio=None) for id, one in utterances.items()}
    assert mistakes_of(good, Signal(mute, audio=True))[0].audio is None


def test_sound_that_is_gone_is_an_error(good, utterances):
    gone = {id: replace(one, audio="/nowhere/s1t3.wav") for id, one in utterances.items()}
    with pytest.raises(AudioError, match="/nowhere/s1t3.wav: no such file"):
        mistakes_of(good, Signal(gone, audio=True))


@pytest.mark.parametrize(
    ("shown", "what"),
    [
        ({"transcripts": True}, "holds transcripts of the corpus"),
        ({"audio": True}, "holds recordings of the corpus"),
        ({"transcripts": True, "audio": True}, "holds transcripts and recordings of the corpus"),
    ],
)
def test_a_page_with_signal_must_not_be_shared(tmp_path, manifest, utterances, shown, what):
    run = invent_run(tmp_path / "real", manifest, Invention(synthetic=False))
    text = page_of(read_contents([run], "real", Signal(utterances, **shown)))
    assert "Do not share this file" in text and what in text
    assert ("<audio controls" in text) is ("audio" in shown)
    assert ("no stop it" in text) is ("transcripts" in shown)


def test_without_signal_or_of_a_synthetic_corpus_it_may(contents, utterances):
    assert warning_of(Signal(utterances, transcripts=True), contents.subjects) == ""
    text = page_of(contents)
    assert "Do not share" not in text and "no stop it" not in text and "<audio" not in text


def test_an_unlabelled_class_is_no_mistake(tmp_path, manifest):
    run = invent_run(tmp_path / "run", manifest, Invention(wrong=()))
    change_json(run / "run.json", platform="here")
    (subject,) = read_contents([run], "right").subjects
    assert mistakes_of(subject, Signal()) == []
