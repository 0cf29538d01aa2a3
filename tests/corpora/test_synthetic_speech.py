"""espeak-ng as the synthetic corpus uses it: voices, frames between processes, and what happens without it."""

import io
import json
import runpy
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from emoduet.corpora.synthetic import espeak, speech
from emoduet.corpora.synthetic.layout import wav_bytes
from emoduet.corpora.synthetic.scenes import plan_corpus
from emoduet.corpora.synthetic.speech import _frames as read_frames
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
    plain, slow, fast, soft, loud = (
        samples for samples, _ in read_frames(b"".join(espeak.frames(**paths, lines=lines)))
    )
    assert len(fast) < 0.85 * len(plain) < 0.85 * 0.8 * len(slow)
    assert 2 * soft.std() < plain.std() < loud.std()


def test_each_frame_states_its_number_of_samples_and_of_words(paths):
    (frame,) = espeak.frames(**paths, lines=[{"text": "At noon.", "voice": "en-us+f1", "settings": REST}])
    assert struct.unpack("<II", frame[:8]) == ((len(frame) - 8 - 2 * 12) // 2, 2)
    assert len(frame) > 10_000


def test_frames_are_read_as_they_are_written():
    first = struct.pack("<II3h6I", 3, 2, 7, -8, 9, 0, 0, 2205, 4, 4410, 22050)
    (samples, words), (empty, none) = read_frames(first + struct.pack("<II", 0, 0))
    assert samples.tolist() == [7, -8, 9] and words == {0: (0.0, 0.1), 4: (0.2, 1.0)}
    assert (len(empty), none) == (0, {})


def test_words_are_said_one_after_the_other_and_pauses_are_quiet(paths):
    text = "Last night, the parcel looked unbelievable."
    line = {"text": text, "voice": "en-us+m2", "settings": REST | {"rate": 150}}
    ((samples, words),) = read_frames(b"".join(espeak.frames(**paths, lines=[line])))
    assert list(words) == [0, 5, 12, 16, 23, 30]
    times = [time * 22_050 for said in words.values() for time in said]
    assert times == sorted(times) and times[0] == 0 and times[-1] <= len(samples)
    (_, night), (the, _) = words[5], words[12]
    assert the - night > 0.1  # the comma
    longest = max(words, key=lambda letter: words[letter][1] - words[letter][0])
    assert text[longest:] == "unbelievable."
    pause = samples[round((night + 0.06) * 22_050) : round(the * 22_050)].astype(float)
    assert pause.std() < 0.1 * samples.std()


def test_a_word_ends_where_a_pause_begins_the_next_word_or_the_clause(paths, monkeypatch):
    """Of events made up: a word, a pause within the clause, a word, another one, the clause's end."""
    made = [(1, 1, 0, b""), (7, 1, 50, b"t"), (7, 4, 80, b"_:"), (1, 5, 90, b""), (1, 9, 120, b""), (5, 12, 150, b"")]
    events = (espeak._Event * (len(made) + 1))()
    for event, (kind, letter, sample, phoneme) in zip(events, made, strict=False):
        event.type, event.text_position, event.sample, event.phoneme = kind, letter, sample, phoneme

    def synthesize(*arguments: object) -> None:
        synthesizer._collect(None, 0, events)

    synthesizer = espeak.Synthesizer(**paths)
    monkeypatch.setattr(synthesizer._espeak, "espeak_Synth", synthesize)
    assert synthesizer.speak("Oh, no you", "en-us+m1", REST)[1] == [(0, 0, 80), (4, 90, 120), (8, 120, 150)]


def test_a_word_that_nothing_follows_has_no_length():
    assert espeak._next_of([10, 20], 20) == 20


def test_to_tell_of_words_changes_no_sample(paths):
    """The same line, spoken in processes of their own with and without events of phonemes."""
    lines = [{"text": "Listen: It was bleak.", "voice": voice(2, speaker), "settings": REST} for speaker in "FM"]
    request = json.dumps({**paths, "lines": lines}).encode()
    source = Path(espeak.__file__).read_text()
    without = source.replace("_PHONEME_EVENTS = 0x0001", "_PHONEME_EVENTS = 0")
    assert without != source
    spoken = [
        subprocess.run([sys.executable, "-I", "-c", code], input=request, capture_output=True, check=True).stdout
        for code in (source, without)
    ]
    for (told, _), (untold, _) in zip(*map(read_frames, spoken), strict=True):
        assert len(told) > 10_000 and np.array_equal(told, untold)


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
    assert 2 * struct.unpack("<I", answer.getvalue()[:4])[0] == len(answer.getvalue()) - 8 - 2 * 12


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
