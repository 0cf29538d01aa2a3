"""What is to be heard: files of segments and words, brought together for one recording."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from emoduet.errors import InputError
from emoduet.listening import Listening
from emoduet.segmentation import are_guessed
from emoduet.transcription import Recogniser
from emoduet.types import Segment, Word

CALL = Path("calls/call.wav")
WORDS_OF_CALL = """[
  {"start": 0.0, "end": 2.0, "text": "I told you", "words": [
    {"word": " I", "start": 0.1, "end": 0.3}, {"word": " told", "start": 0.9, "end": 1.3},
    {"word": " you", "start": 1.4, "end": 1.9}]},
  {"start": 3.0, "end": 4.0, "text": "to leave", "words": [
    {"word": " to", "start": 3.0, "end": 3.2}, {"word": " leave", "start": 3.3, "end": 3.9}]}
]"""


@pytest.fixture
def written(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def spans(segments):
    return [(one.start, one.end, one.speaker, one.transcript) for one in segments]


def test_nothing_given_is_to_be_found():
    assert Listening().segments_of(CALL) is None and Listening().recogniser is None


def test_segments_as_they_are():
    segment = Segment(start=0.5, end=1.5)
    assert Listening(segments=[segment]).segments_of(CALL) == (segment,)


def test_a_file_of_several_recordings(written):
    path = written(
        "all.rttm", "SPEAKER call 1 0.5 1.0 <NA> <NA> ann <NA> <NA>\nSPEAKER other 1 2 1 <NA> <NA> ben <NA> <NA>\n"
    )
    assert spans(Listening(segments=path).segments_of(CALL)) == [(0.5, 1.5, "ann", None)]


def test_a_folder_holds_a_file_for_each_recording(written):
    folder = written("segments/call.csv", "start,end\n1,2\n").parent
    written("segments/other.csv", "start,end\n5,6\n")
    assert spans(Listening(segments=folder).segments_of(CALL)) == [(1, 2, None, None)]
    with pytest.raises(InputError, match=r"segments: want one file with segments of x\.wav, x\.\*; found none"):
        Listening(segments=folder).segments_of(Path("x.wav"))
    written("segments/call.wav", "sound beside its segments")
    assert spans(Listening(segments=folder).segments_of(CALL)) == [(1, 2, None, None)]
    written("segments/call.wav.rttm", "")
    with pytest.raises(InputError, match=r"call\.\*; found call\.csv, call\.wav\.rttm"):
        Listening(segments=folder).segments_of(CALL)


def test_plain_words_make_the_recording_one_segment(written):
    path = written("call.txt", "I told you\nto leave\n")
    (segment,) = Listening(transcript=path).segments_of(CALL)
    assert (segment.start, segment.end, segment.transcript.split()) == (0.0, inf, "I told you to leave".split())


def test_plain_words_of_one_given_segment(written):
    path = written("call.txt", "I told you")
    (segment,) = Listening(segments=[Segment(start=1.0, end=2.0)], transcript=path).segments_of(CALL)
    assert (segment.start, segment.end, segment.transcript) == (1.0, 2.0, "I told you")


def test_plain_words_belong_to_no_particular_segment_of_several(written):
    path = written("call.txt", "I told you")
    given = [Segment(start=1.0, end=2.0), Segment(start=3.0, end=4.0)]
    with pytest.raises(InputError, match=r"call\.txt: words without times for 2 segments, so that nobody knows"):
        Listening(segments=given, transcript=path).segments_of(CALL)


def test_lines_in_which_nothing_is_said_leave_no_words(written):
    path = written("call.csv", "start,end,transcript\n1,2,\n2,3,no\n")
    given = [Segment(start=0.0, end=1.8), Segment(start=1.8, end=9.0)]
    silent, spoken = Listening(segments=given, transcript=path).segments_of(CALL)
    assert (silent.transcript, silent.words, spoken.transcript) == ("", (), "no")


def test_threads_load_speech_recognition_once(monkeypatch):
    loaded = []

    def load(name, *, device, language):
        loaded.append((name, device, language))
        time.sleep(0.05)
        return object()

    monkeypatch.setattr(Recogniser, "load", load)
    listening = Listening(asr="small", language="en", asr_device="cpu")
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: listening.recogniser, range(8)))
    assert loaded == [("small", "cpu", "en")] and len(found) == 1
    assert Listening(asr="small").recogniser not in found and len(loaded) == 2


def test_captions_are_segments(written):
    path = written("call.srt", "1\n00:00:01,000 --> 00:00:02,500\nno\n\n2\n00:00:03,000 --> 00:00:04,000\nyes\n")
    assert spans(Listening(transcript=path).segments_of(CALL)) == [(1.0, 2.5, None, "no"), (3.0, 4.0, None, "yes")]


def test_timed_words_go_to_the_segments_they_were_said_in(written):
    path = written("call.json", WORDS_OF_CALL)
    given = [Segment(start=0.0, end=1.35, speaker="ann"), Segment(start=1.35, end=5.0, speaker="ben")]
    first, second = Listening(segments=given, transcript=path).segments_of(CALL)
    assert (first.transcript, second.transcript) == ("I told", "you to leave")
    assert second.words[0] == Word(text="you", start=1.4, end=1.9)


def test_captions_go_to_given_segments_whole(written):
    """The words of a line share its time, of which nothing beyond the segment counts: "no no" lasts from 1 to 2 s."""
    path = written("call.srt", "1\n00:00:01,000 --> 00:00:02,500\nno no\n\n2\n00:00:03,000 --> 00:00:04,000\nyes\n")
    given = [Segment(start=0.0, end=2.0, speaker="ann"), Segment(start=2.0, end=9.0, speaker="ben")]
    first, second = Listening(segments=given, transcript=path).segments_of(CALL)
    assert (first.transcript, second.transcript) == ("no no", "yes")
    assert [(word.text, word.start, word.end) for word in first.words] == [("no", 1.0, 1.5), ("no", 1.5, 2.0)]
    assert [(word.text, word.start, word.end) for word in second.words] == [("yes", 3.0, 4.0)]
    assert are_guessed(first.words) and are_guessed(second.words)


def test_lines_go_to_their_speaker_s_segments(written):
    """Both speak at once; the lines say who said what."""
    path = written(
        "call.srt", "1\n00:00:01,000 --> 00:00:02,500\nAnn: no\n\n2\n00:00:01,500 --> 00:00:03,000\nBen: yes\n"
    )
    given = [Segment(start=0.0, end=4.0, speaker="Ann"), Segment(start=1.0, end=5.0, speaker="Ben")]
    assert [one.transcript for one in Listening(segments=given, transcript=path).segments_of(CALL)] == ["no", "yes"]
    numbered = [replace(one, speaker=f"SPEAKER_0{number}") for number, one in enumerate(given)]
    found = Listening(segments=numbered, transcript=path).segments_of(CALL)
    assert [one.transcript for one in found] == ["no yes", "no yes"]


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"hop": 0}, r"hop 0 s; need at least 0\.01, such as 0\.25"),
        ({"hop": inf}, "hop inf s; need at least 0"),
        ({"hop": 0.25, "window": 0.02}, r"window 0\.02 s; need at least 0\.025 s, such as 2"),
        ({"window": 2.0}, r"window 2\.0 s: windows are those of a curve; give a hop, too"),
    ],
)
def test_windows_that_cannot_be(numbers, message):
    with pytest.raises(InputError, match=message):
        Listening(**numbers)
