"""espeak-ng as the synthetic corpus uses it: voices, frames between processes, and what happens without it."""

import io
import json
import runpy
import struct
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from emoduet.corpora.synthetic import espeak, speech
from emoduet.corpora.synthetic.layout import wav_bytes
from emoduet.corpora.synthetic.scenes import plan_corpus
from emoduet.corpora.synthetic.speech import find_espeak, speak_dialogues, voice
from emoduet.errors import InputError

REST = {"rate": 210, "volume": 70, "pitch": 50, "range": 50}


@pytest.fixture(scope="module")
def paths() -> dict[str, str]:
    pytest.importorskip("espeakng_loader", reason="synthetic speech needs the optional extra demo")
    return find_espeak()


def test_ten_speakers_have_ten_voices_which_then_come_again():
    voices = [voice(session, speaker) for session in range(1, 6) for speaker in "FM"]
    assert len(set(voices)) == 10
    assert [voice(6, "F"), voice(10, "M")] == ["en-us+f1", "en-us+m7"]


def test_settings_change_tempo_and_loudness(paths):
    lines = [
        {"text": "The parcel was usual today.", "voice": "en-us+m1", "settings": REST | changed}
        for changed in ({}, {"rate": 130}, {"rate": 290}, {"volume": 30}, {"volume": 110})
    ]
    plain, slow, fast, soft, loud = (np.frombuffer(f[4:], "<i2") for f in espeak.frames(**paths, lines=lines))
    assert len(fast) < 0.85 * len(plain) < 0.85 * 0.8 * len(slow)
    assert 2 * soft.std() < plain.std() < loud.std()


def test_each_frame_states_its_number_of_samples(paths):
    (frame,) = espeak.frames(**paths, lines=[{"text": "At noon.", "voice": "en-us+f1", "settings": REST}])
    assert struct.unpack("<I", frame[:4]) == ((len(frame) - 4) // 2,)
    assert len(frame) > 10_000


def test_an_unknown_voice_is_named(paths):
    lines = [{"text": "At noon.", "voice": "no-such", "settings": REST}]
    with pytest.raises(RuntimeError, match="has no voice 'no-such'; need one of its names"):
        list(espeak.frames(**paths, lines=lines))


def test_the_program_answers_stdin_with_frames(paths, monkeypatch):
    request = {**paths, "lines": [{"text": "At noon.", "voice": "en-us+m1", "settings": REST}]}
    answer = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(request)))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(answer))
    runpy.run_path(espeak.__file__, run_name="__main__")
    sys.stdout.flush()
    assert 2 * struct.unpack("<I", answer.getvalue()[:4])[0] == len(answer.getvalue()) - 4


def test_a_failing_process_is_an_error_that_names_dialogue_and_reason(paths, monkeypatch):
    monkeypatch.setattr(speech, "voice", lambda session, speaker: "no-such")
    with pytest.raises(InputError, match=r"Ses01F_impro01: espeak-ng ended with exit code 1: .*no voice 'no-such'"):
        list(speak_dialogues(plan_corpus(1, 1, 0), workers=1))


def test_a_start_that_fails_is_an_error_that_names_the_data_folder(paths, tmp_path, monkeypatch):
    monkeypatch.setattr(speech, "find_espeak", lambda: paths | {"data": str(tmp_path / "nothing")})
    with pytest.raises(InputError, match=r"exit code 1: .*nothing: espeak-ng answered 0 at its start"):
        list(speak_dialogues(plan_corpus(1, 1, 0), workers=1))


def test_without_espeak_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(InputError, match=r"pip install 'emoduet\[demo\]'"):
        find_espeak()


def test_no_workers_is_an_error():
    with pytest.raises(InputError, match="--workers 0: need at least 1"):
        list(speak_dialogues([], workers=0))


@pytest.mark.parametrize(("odd", "data_length", "file_length"), [(False, 6, 50), (True, 7, 52)])
def test_a_wav_file_states_its_lengths(odd, data_length, file_length):
    wav = wav_bytes(np.array([1, -2, 3], dtype="<i2"), odd=odd)
    assert len(wav) == file_length
    assert struct.unpack("<I", wav[4:8]) == (file_length - 8,)
    assert struct.unpack("<I", wav[40:44]) == (data_length,)
    assert wav[44:50] == b"\x01\x00\xfe\xff\x03\x00"


@pytest.mark.parametrize(("workers", "threads"), [(1, 1), (2, 2), (9, 2)])
def test_no_more_workers_than_dialogues(monkeypatch, workers, threads):
    asked = []
    monkeypatch.setattr(speech, "find_espeak", dict)
    monkeypatch.setattr(speech, "_speak", lambda dialogue, paths: [])
    monkeypatch.setattr(speech, "ThreadPoolExecutor", lambda number: asked.append(number) or ThreadPoolExecutor(number))
    assert list(speech.speak_dialogues(plan_corpus(1, 2, 0), workers=workers)) == [[], []]
    assert asked == [threads]
