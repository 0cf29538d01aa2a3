"""The JSON of whisper.cpp and of OpenAI's service: times, words, languages, and words that are not to be trusted."""

import json

import pytest
from written_segments import told, write

from emoduet.errors import InputError
from emoduet.segment_files import read_segments, read_words
from emoduet.types import Segment, Word

# whisper.cpp


def token(text: str, start: object = None, end: object = None) -> dict:
    times = {} if start is None else {"offsets": {"from": start, "to": end}}
    return {"text": text, "id": 1, "p": 0.5, "t_dtw": -1, **times}


def segment(start: object, end: object, text: object, *tokens: dict, **more: object) -> dict:
    return {"offsets": {"from": start, "to": end}, "text": text, "tokens": list(tokens), **more}


def whisper_cpp(*segments: dict, language: str = "en") -> dict:
    return {"systeminfo": "AVX = 1", "result": {"language": language}, "transcription": list(segments)}


TOKENS = [
    token("[_BEG_]", 0, 0),
    token(" Oh", 320, 500),
    token(",", 500, 600),
    token(" Amer", 700, 1100),
    token("icans", 1100, 1500),
    token(".", 1500, 3100),
    token("[_TT_150]", 3000, 3000),
]
OFFSETS_ONLY = {"timestamps": {"from": "00:00:03,000", "to": "00:00:04,500"}, "offsets": {"from": 3000, "to": 4500}}


def test_whisper_cpp(tmp_path):
    """Milliseconds; pieces become words, the marks of time are none; without tokens there are no words."""
    content = whisper_cpp(segment(0, 3000, " Oh, Americans.", *TOKENS), {**OFFSETS_ONLY, "text": " Two words."})
    assert read_segments(write(tmp_path / "a.json", content)) == [
        Segment(
            start=0.0,
            end=3.0,
            transcript="Oh, Americans.",
            words=(Word(text="Oh,", start=0.32, end=0.6), Word(text="Americans.", start=0.7, end=3.1)),
            language="en",
        ),
        Segment(start=3.0, end=4.5, transcript="Two words.", language="en"),
    ]
    assert read_words(tmp_path / "a.json").text == "Oh, Americans. Two words."


@pytest.mark.parametrize(
    "tokens",
    [
        [token(" Oh", 0, 500), token(" yes", 500, 900)],
        [token(" Oh", 0, 500), token(" no")],
        [token(" Oh", 0, 500), token(" no", "x", 900)],
        [token(" Oh", 600, 800), token(" no", 500, 900)],
        [token(" Oh", 600, 500), token(" no", 700, 900)],
        [token(" Oh", 0, 500), token(" no", 1900, 2300)],
        [token(" Oh", -700, 500), token(" no", 500, 900)],
        [{"offsets": {"from": 0, "to": 900}}],
        [5],
        5,
    ],
    ids=["other words", "no time", "no number", "order", "backwards", "after", "before", "no text", "no object", "5"],
)
def test_tokens_that_are_not_plain_leave_the_segment_alone(tmp_path, tokens):
    """From 0 to 2 s; the middle of "after" is at 2.1 s, that of "before" at -0.1 s."""
    content = whisper_cpp({**segment(0, 2000, " Oh no"), "tokens": tokens})
    assert read_segments(write(tmp_path / "a.json", content)) == [
        Segment(start=0.0, end=2.0, transcript="Oh no", language="en")
    ]


def test_tokens_of_a_language_without_blanks_are_no_words(tmp_path):
    content = whisper_cpp(segment(0, 1000, "好的", token("好", 0, 500), token("的", 500, 900)), language="zh")
    assert read_segments(write(tmp_path / "a.json", content)) == [
        Segment(start=0.0, end=1.0, transcript="好的", language="zh")
    ]


def test_speakers_of_whisper_cpp(tmp_path):
    said = [segment(1000 * k, 1000 * k + 500, "x", speaker=speaker) for k, speaker in enumerate(["0", "1", "?"])]
    found = read_segments(write(tmp_path / "a.json", whisper_cpp(*said)))
    assert told(found) == [(0.0, 0.5, "0", "x"), (1.0, 1.5, "1", "x"), (2.0, 2.5, None, "x")]


def test_characters_that_whisper_cpp_cuts_in_two(tmp_path):
    """The halves are left out, and words are no longer the text; of another writer's file they are refused."""
    content = whisper_cpp(segment(0, 900, " für é", token(" f\ufffd", 0, 300), token("\ufffdr", 300, 500)))
    text = json.dumps(content, ensure_ascii=False, indent="\t").encode().replace("\ufffd".encode(), b"\xc3")
    path = tmp_path / "a.json"
    path.write_bytes(text.replace(" é".encode(), b" \xc3"))
    assert read_segments(path) == [Segment(start=0.0, end=0.9, transcript="für", language="en")]
    path.write_bytes(text.replace(b'"systeminfo": "AVX = 1"', b'"about": "something else, and at length"'))
    with pytest.raises(InputError, match=r"a\.json:\d+: got the byte 0xc3; want UTF-8"):
        read_segments(path)


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (segment("x", 1000, "a"), r"a\.json, segment 1: start: got 'x'; want seconds"),
        (segment(True, 1000, "a"), r"segment 1: start: got True; want seconds"),
        (segment(2000, 1000, "a"), r"segment 1: end: got 1; want the start, 2, or later"),
        (segment(0, 1000, 5, token("a", 0, 1)), r"segment 1: transcript: got 5; want text"),
        ({"text": "a"}, r"segment 1: start: got nothing; want seconds"),
    ],
)
def test_what_whisper_cpp_does_not_write(tmp_path, one, message):
    with pytest.raises(InputError, match=message):
        read_segments(write(tmp_path / "a.json", whisper_cpp(one)))


# Words beside the segments, as OpenAI's service gives them


def spoken(*words: tuple) -> list[dict]:
    return [{"word": word, "start": start, "end": end} for word, start, end in words]


def test_words_beside_the_segments_go_to_the_nearest(tmp_path):
    """Middles: 0.5 and 1.9 in the first, 2.3 nearer to it than to the second, from 3 on; 2.7 nearer to that; 9 last."""
    words = spoken(("oh", 0.4, 0.6), ("no", 1.8, 2.0), ("you", 2.2, 2.4), ("did", 2.6, 2.8), ("that", 8.9, 9.1))
    segments = [{"start": 3, "end": 4, "text": " Did that?"}, {"start": 0, "end": 2, "text": "Oh no. You"}]
    content = {"task": "transcribe", "language": "english", "duration": 9.5, "words": words, "segments": segments}
    first, second = read_segments(write(tmp_path / "a.json", content))
    assert (first.transcript, first.words) == (
        "Oh no. You",
        (
            Word(text="oh", start=0.4, end=0.6),
            Word(text="no", start=1.8, end=2.0),
            Word(text="you", start=2.2, end=2.4),
        ),
    )
    assert (second.transcript, [word.text for word in second.words]) == ("Did that?", ["did", "that"])
    assert first.language is None


def test_segments_keep_the_words_of_their_own(tmp_path):
    segments = [{"start": 0, "end": 1, "text": "a", "words": spoken(("a", 0.1, 0.2))}, {"start": 1, "end": 2}]
    content = {"segments": segments, "words": spoken(("b", 0.1, 0.2), ("c", 1.1, 1.2))}
    found = read_segments(write(tmp_path / "a.json", content))
    assert [[word.text for word in one.words] for one in found] == [["a"], []]


@pytest.mark.parametrize(
    ("words", "segment", "message"),
    [
        (
            spoken(("a", 0, 0.1), ("b", None, 1)),
            {"end": 1},
            r"a\.json, word 2: start: got nothing; want .*\nMend these, or",
        ),
        (spoken(("a", 2, 1)), {"end": 1}, r"1 problem\n.*word 1: end: got 1; want the start, 2, or later"),
        (spoken(("a", 0, 1)), {"end": "x"}, r"1 problem\n.*segment 1: end: got 'x'; want seconds"),
    ],
)
def test_words_beside_segments_need_times(tmp_path, words, segment, message):
    content = {"segments": [{"start": 0, **segment}], "words": words}
    with pytest.raises(InputError, match=message):
        read_segments(write(tmp_path / "a.json", content))


# Languages


@pytest.mark.parametrize(
    ("whole", "own", "known"),
    [("de", None, "de"), ("de", "fr", "fr"), ("german", None, None), (None, "fr", "fr"), (5, None, None)],
)
def test_the_language_of_a_segment_or_else_of_the_file(tmp_path, whole, own, known):
    content = {"language": whole, "segments": [{"start": 0, "end": 1, "text": "a", "language": own}]}
    assert [one.language for one in read_segments(write(tmp_path / "a.json", content))] == [known]


def test_words_alone_have_the_language_of_the_file(tmp_path):
    content = {"language": "de", "words": spoken(("ja", 0, 0.5), ("nein", 1, 1.5))}
    found = read_segments(write(tmp_path / "a.json", content))
    assert [(one.transcript, one.language) for one in found] == [("ja", "de"), ("nein", "de")]


def test_a_language_is_text(tmp_path):
    with pytest.raises(InputError, match=r"segment 1: language: got \['de'\]; want text"):
        read_segments(write(tmp_path / "a.json", [{"start": 0, "end": 1, "language": ["de"]}]))
