"""Files that say who speaks when: RTTM, tables, JSON of speech recognisers, and the words of a recording."""

import json

import pytest
from written_segments import told, write

from emoduet.errors import InputError
from emoduet.segment_files import Transcript, read_segments, read_words
from emoduet.types import Segment, Word

# RTTM

RTTM = """;; made by hand
SPKR-INFO call 1 <NA> <NA> <NA> adult_female anna <NA> <NA>
SPEAKER call 1 2.5 1.5 <NA> <NA> bert <NA> <NA>
SPEAKER call 1 0.25 2 <NA> <NA> anna 0.9 <NA>
LEXEME call 1 0.3 0.2 hello lex anna <NA> <NA>
"""


def test_rttm_gives_its_speakers_in_order_of_their_starts(tmp_path):
    segments = read_segments(write(tmp_path / "a.rttm", RTTM), "whatever.wav")
    assert segments == [Segment(start=0.25, end=2.25, speaker="anna"), Segment(start=2.5, end=4.0, speaker="bert")]


@pytest.mark.parametrize(
    "line",
    [
        "SPEAKER call <NA> 1 2 <NA> <NA> anna <NA> <NA>",
        "SPEAKER call 1 1 2 <NA> <NA> anna <NA>",
        "SPEAKER call 1 1 2 <NA> <NA> anna",
        "SPEAKER call 1 2 <NA> <NA> anna <NA> <NA>",
    ],
)
def test_rttm_without_channel_or_last_fields(tmp_path, line):
    assert told(read_segments(write(tmp_path / "a.rttm", line))) == [(1.0, 3.0, "anna", None)]


def test_rttm_channels_count_where_a_recording_has_two(tmp_path):
    """`a` has two channels, `b` only the one that everybody writes."""
    line = "SPEAKER {} {} 1 2 <NA> <NA> <NA> <NA> <NA>\n"
    path = write(tmp_path / "a.rttm", line.format("a", 1) + line.format("a", 2) + line.format("b", 1))
    assert [(one.speaker, one.channel) for one in read_segments(path, "a")] == [(None, 1), (None, 2)]
    assert [one.channel for one in read_segments(path, "b")] == [None]


@pytest.mark.parametrize(
    ("recording", "starts"),
    [("one.call", [1.0]), ("two.call", [2.0]), ("x/one.call.mp3", [1.0]), ("my talk.wav", [3.0]), ("b/c.wav", [5.0])],
)
def test_several_recordings_are_told_apart_by_name(tmp_path, recording, starts):
    names = ["one.call", "two.call", "my_talk", "a/c.wav", "b/c.wav"]
    lines = [f"SPEAKER {name} 1 {k}.0 1 <NA> <NA> s <NA> <NA>" for k, name in enumerate(names, start=1)]
    path = write(tmp_path / "a.rttm", "\n".join(lines))
    assert [one.start for one in read_segments(path, recording)] == starts


def test_a_recording_is_named_in_tables_too(tmp_path):
    rows = "recording,start,end\n/calls/a.wav,1,2\n/calls/b.wav,3,4\n"
    path = write(tmp_path / "a.csv", rows)
    assert [one.start for one in read_segments(path, "b.wav")] == [3.0]
    assert [one.start for one in read_segments(path, "b")] == [3.0]


@pytest.mark.parametrize(
    ("recording", "message"),
    [
        (None, r"a\.rttm: got segments of 7 recordings \(r0, r1, r2, r3, r4 and 2 more\); say which one is meant"),
        ("r9", r"a\.rttm: cannot tell which segments are those of r9; it has r0, .* Rename either"),
    ],
)
def test_recordings_that_cannot_be_told_apart_are_refused(tmp_path, recording, message):
    lines = [f"SPEAKER r{k} 1 0 1 <NA> <NA> s <NA> <NA>" for k in range(7)]
    with pytest.raises(InputError, match=message):
        read_segments(write(tmp_path / "a.rttm", "\n".join(lines)), recording)


def test_the_same_name_in_two_folders_is_not_guessed(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"recording": "a/c.wav", "start": 0, "end": 1}\n' * 1)
    path = write(path, "".join(json.dumps({"recording": f"{k}/c.wav", "start": 0, "end": 1}) + "\n" for k in "ab"))
    with pytest.raises(InputError, match=r"cannot tell which segments are those of c\.wav; it has a/c\.wav, b/c\.wav"):
        read_segments(path, "c.wav")


# Tables


def test_csv_with_speakers_and_words(tmp_path):
    text = '\ufeffStart,End,Speaker,Transcript\n2,3,,\n0.5,1.5, anna ,"She said\n ""no, thanks"" 🙂"\n'
    segments = read_segments(write(tmp_path / "a.CSV", text))
    assert told(segments) == [(0.5, 1.5, "anna", 'She said "no, thanks" 🙂'), (2.0, 3.0, None, None)]


def test_tsv_with_durations_channels_and_text(tmp_path):
    text = "start\tduration\tchannel\ttext\tmood\n1\t0.5\t2\tyes, yes\tgood\n"
    segments = read_segments(write(tmp_path / "a.tsv", text))
    assert segments == [Segment(start=1.0, end=1.5, channel=2, transcript="yes, yes")]


def test_jsonl_tells_no_words_from_unknown_ones(tmp_path):
    text = '{"start": 1, "end": "2.5", "speaker": 0, "transcript": ""}\n\n{"start": 3, "end": 4, "transcript": null}\n'
    assert told(read_segments(write(tmp_path / "a.jsonl", text))) == [(1.0, 2.5, "0", ""), (3.0, 4.0, None, None)]


def test_a_segment_of_no_length_is_left_out_but_its_words_are_not(tmp_path):
    path = write(tmp_path / "a.csv", "start,end,text\n1,1,lost\n1,2,found\n")
    assert told(read_segments(path)) == [(1.0, 2.0, None, "found")]
    assert read_words(path).text == "lost found"


# JSON of speech recognisers

WHISPER = {
    "text": " Hello there. Two.",
    "segments": [
        {
            "id": 0,
            "start": 0.0,
            "end": 1.5,
            "text": " Hello there.",
            "words": [
                {"word": " Hello", "start": 0.1, "end": 0.6, "probability": 0.9},
                {"word": " there.", "start": 0.7, "end": 1.4, "probability": 0.8},
            ],
        },
        {"id": 1, "start": 1.5, "end": 2.0, "text": " Two.", "words": None},
    ],
    "language": "en",
}


@pytest.mark.parametrize(
    ("content", "language"), [(WHISPER, "en"), (WHISPER["segments"], None)], ids=["object", "list"]
)
def test_whisper(tmp_path, content, language):
    segments = read_segments(write(tmp_path / "a.json", content))
    words = (Word(text="Hello", start=0.1, end=0.6), Word(text="there.", start=0.7, end=1.4))
    assert segments == [
        Segment(start=0.0, end=1.5, transcript="Hello there.", words=words, language=language),
        Segment(start=1.5, end=2.0, transcript="Two.", language=language),
    ]


def test_words_without_times_share_the_gap_between_their_neighbours(tmp_path):
    """WhisperX: from 2 to 4 two words, 1 s each; the last one from 5 to the segment's end at 6."""
    words = [
        {"word": "in", "start": 1, "end": 2},
        {"word": "19"},
        {"word": "84", "start": None},
        {"word": "I", "start": 4, "end": 5},
        {"word": " "},
        {"text": "1."},
    ]
    path = write(tmp_path / "a.json", {"segments": [{"start": 0, "end": 6, "speaker": "S1", "words": words}]})
    (segment,) = read_segments(path)
    assert (segment.speaker, segment.transcript) == ("S1", "in 19 84 I 1.")
    times = [(word.text, word.start, word.end) for word in segment.words]
    assert times == [("in", 1, 2), ("19", 2, 3), ("84", 3, 4), ("I", 4, 5), ("1.", 5, 6)]


def test_words_whose_times_nobody_knows_have_none(tmp_path):
    rows = [{"start": 0, "end": 6, "words": [{"word": "19"}, {"word": "84"}]}, {"start": 6, "end": 7, "words": []}]
    segments = read_segments(write(tmp_path / "a.json", rows))
    assert [(one.transcript, one.words) for one in segments] == [("19 84", ()), (None, ())]


def test_words_alone_are_parted_at_pauses_of_three_tenths(tmp_path):
    """Between "no" and "I" lie 0.29 s, between "I" and "do" 0.3 s."""
    times = [("no", 0.5, 1.0), ("I", 1.29, 1.5), ("do", 1.8, 2.0)]
    words = [{"word": word, "start": start, "end": end} for word, start, end in times]
    segments = read_segments(write(tmp_path / "a.json", {"text": "no I do", "words": words}))
    assert told(segments) == [(0.5, 1.5, None, "no I"), (1.8, 2.0, None, "do")]
    assert segments[0].words == (Word(text="no", start=0.5, end=1.0), Word(text="I", start=1.29, end=1.5))


# Transcripts


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_plain_words(tmp_path, encoding):
    path = write(tmp_path / "a.txt", "Ça va ?\r\n\n Oui.\n", encoding)
    assert read_words(path) == Transcript(text="Ça va ? Oui.")


def test_words_with_and_without_times(tmp_path):
    words = read_words(write(tmp_path / "a.json", WHISPER))
    assert words.text == "Hello there. Two."
    assert [one.start for one in words.segments] == [0.0, 1.5]
    assert read_words(write(tmp_path / "b.json", {"text": " just\nwords "})) == Transcript(text="just words")
    srt = write(tmp_path / "a.srt", "1\n00:00:01,000 --> 00:00:02,000\nANNA: Go!\n")
    segment = Segment(start=1.0, end=2.0, speaker="ANNA", transcript="Go!")
    assert read_words(srt) == Transcript(text="Go!", segments=(segment,))
