"""Timelines with anything in names and words, read back: no text breaks a format, no time is lost."""

import csv
import json

import pysubs2
import pytest
from little_timelines import TALK, UNSURE, WORDS, predicted, text_of, tiers_of, timeline, written
from praatio import textgrid

from emoduet.segment_files import read_segments
from emoduet.timeline_files import FORMATS, write_moments
from emoduet.types import Moment, Segment, SegmentPrediction, Timeline

FORMULAS = ['=HYPERLINK("http://a.b/?" & A1)', "+1", "-1 to go", "@SUM(A1:A9)", "'=1"]
NASTY = [
    "two\nlines\r\nand\ttabs",
    'quotes " and "" and \', commas; semicolons',
    "00:00:01.000 --> 00:00:02.000",
    "<b>bold</b> & <v Bert> &amp; &lt;",
    "NOTE\n\nWEBVTT\n\n1",
    'item [1]: intervals [2]: "IntervalTier" ooTextFile short\nxmin = 3',
    "{\\an8}back\\slash \\N",
    "Ça va, 李? 🙂 \u2028 \x00 \x85 end",
    "SPEAKER a 1 0 1 <NA> <NA> b <NA> <NA>",
    "42",
    ";; = no formula",
    *FORMULAS,
]


def plain(text: str) -> str:
    return " ".join(text.replace("\x00", " ").split())


@pytest.mark.parametrize("text", NASTY)
def test_no_text_breaks_a_format(tmp_path, text):
    """Two segments go in, and two come out of every format, with the text but for blanks."""
    segments = [predicted(1.0, 2.0, speaker=text, transcript=text), predicted(2.0, 3.0, UNSURE, speaker="b")]
    one = timeline(*segments, recording=f"x/{plain(text)}.wav")
    row = json.loads(text_of(tmp_path, one, "jsonl").split("\n")[0])
    assert (row["speaker"], row["transcript"]) == (text, text)
    row = list(csv.DictReader(text_of(tmp_path, one, "csv").splitlines(keepends=True), strict=True))[0]
    cell = f"'{text}" if text in FORMULAS else text
    assert (row["speaker"], row["transcript"]) == (cell, cell)
    fields = [line.split() for line in text_of(tmp_path, one, "rttm").splitlines()]
    assert [len(line) for line in fields] == [10, 10]
    assert fields[0][7] == plain(text).replace(" ", "_")
    labels = [line.split("\t") for line in text_of(tmp_path, one, "audacity").split("\n")[:-1]]
    assert labels[0] == ["1.000", "2.000", f"{plain(text)}: [angry 0.75] {plain(text)}"]
    assert len(labels) == 2
    found = read_segments(written(tmp_path, one, "vtt"))
    assert [(each.start, each.end, each.speaker, each.transcript) for each in found] == [
        (1.0, 2.0, plain(text), plain(text).replace("{\\an8}", "")),
        (2.0, 3.0, "b", None),
    ]
    tiers = tiers_of(written(tmp_path, one, "textgrid"))
    changed = plain(text).replace("m [", "m (").replace("s [", "s (").replace("File short", "File, short")
    assert tiers[f"{changed} - words"] == [(1.0, 2.0, changed)]
    assert len(tiers) == 4


def test_pysubs2_reads_the_captions_of_people(tmp_path):
    cues = pysubs2.load(str(written(tmp_path, TALK, "vtt")))
    assert [(cue.start, cue.end, cue.plaintext) for cue in cues] == [
        (500, 1250, "[angry 0.75] Oh, no!"),
        (1000, 3000, "[abstained: angry 0.50]"),
    ]


@pytest.mark.parametrize("format", ["jsonl", "csv", "rttm", "vtt", "textgrid"])
def test_segments_read_back_from_what_was_written(tmp_path, format):
    """The emotion is not taken for what was said; RTTM has no words."""
    segments = [predicted(1.0, 2.0, speaker="a", transcript="Oh no", abstained=True), predicted(2.0, 3.5, speaker="b")]
    found = read_segments(written(tmp_path, timeline(*segments), format), "my call.mp3")
    assert [(one.start, one.end, one.speaker) for one in found] == [(1.0, 2.0, "a"), (2.0, 3.5, "b")]
    assert found[0].transcript == (None if format == "rttm" else "Oh no")
    assert found[1].transcript is None


@pytest.mark.parametrize("format", ["jsonl", "csv", "rttm", "vtt", "textgrid"])
@pytest.mark.parametrize("channels", [(1, 2), (2, 2), (None, None)])
def test_channels_read_back_as_channels_and_nobody_as_nobody(tmp_path, format, channels):
    """Also where but one of the channels has speech, and where segments of one overlap."""
    segments = [predicted(1.0 + 0.5 * k, 2.0 + 0.5 * k, channel=channel) for k, channel in enumerate(channels)]
    if channels[0] is None:
        segments = segments[:1]
    found = read_segments(written(tmp_path, timeline(*segments), format), "my call.mp3")
    assert [(one.speaker, one.channel) for one in found] == [(None, one.segment.channel) for one in segments]


@pytest.mark.parametrize("format", ["jsonl", "textgrid"])
def test_word_times_read_back(tmp_path, format):
    one = timeline(predicted(0.5, 1.25, speaker="Anna", words=WORDS))
    assert read_segments(written(tmp_path, one, format))[0].words == WORDS


def test_json_lines_read_back_as_the_segments_that_were_written(tmp_path):
    assert read_segments(written(tmp_path, TALK, "jsonl")) == [
        Segment(start=0.5, end=1.25, speaker="Anna", transcript="Oh, no!", words=WORDS, language="en"),
        Segment(start=1.0, end=3.0, channel=2),
    ]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_a_csv_is_a_formula_and_all_read_back(tmp_path, text):
    """In names of files, speakers, languages and classes, and in the curve, too."""
    segment = Segment(start=1.0, end=2.0, speaker=text, transcript=text, language=text)
    predictions = (SegmentPrediction(segment=segment, probabilities={text: 1.0}),)
    moments = (Moment(time=1.0, probabilities={text: 1.0}, speaker=text),)
    one = Timeline(recording=text, duration=3.0, classes=(text,), segments=predictions, moments=moments)
    write_moments(one, tmp_path / "curve.csv")
    for content in (text_of(tmp_path, one, "csv"), (tmp_path / "curve.csv").read_text("utf-8")):
        cells = [cell for row in csv.reader(content.splitlines(keepends=True), strict=True) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert read_segments(tmp_path / "t.csv", text) == [segment]


@pytest.mark.parametrize("format", FORMATS)
def test_stray_bytes_of_a_name_are_spelled_out(tmp_path, format):
    one = timeline(predicted(1.0, 2.0, speaker="caf\udce9"), recording="caf\udce9.wav")
    text = text_of(tmp_path, one, format)
    assert "caf\\udce9" in text
    if format == "jsonl":
        assert json.loads(text)["recording"] == "caf\udce9.wav"


# Times, and nothing at all


@pytest.mark.parametrize("format", ["jsonl", "csv", "rttm", "vtt", "textgrid"])
def test_times_to_the_millisecond_beyond_a_hundred_hours(tmp_path, format):
    one = timeline(predicted(0.0014, 0.9996), predicted(439_384.5674, 439_385.0), duration=439_385.0)
    found = read_segments(written(tmp_path, one, format))
    assert [(each.start, each.end) for each in found] == [
        (0.001, 1.0),
        (439_384.567, pytest.approx(439_385.0, abs=1e-9)),
    ]


def test_clock_of_captions(tmp_path):
    one = timeline(predicted(59.9996, 3600.0), predicted(439_384.567, 439_385.0))
    text = text_of(tmp_path, one, "vtt")
    assert "00:01:00.000 --> 01:00:00.000" in text
    assert "122:03:04.567 --> 122:03:05.000" in text


@pytest.mark.parametrize("format", ["rttm", "audacity", "vtt", "textgrid"])
def test_no_time_is_negative_and_nothing_lasts_less_than_a_millisecond(tmp_path, format):
    text = text_of(tmp_path, timeline(predicted(-0.0001, 0.0002), duration=0.0), format)
    assert "0.001" in text
    assert "-0" not in text


def test_nothing_was_said(tmp_path):
    silence = timeline()
    assert text_of(tmp_path, silence, "jsonl") == ""
    assert text_of(tmp_path, silence, "rttm") == ""
    assert text_of(tmp_path, silence, "audacity") == ""
    assert text_of(tmp_path, silence, "csv").count("\n") == 1
    assert len(pysubs2.load(str(written(tmp_path, silence, "vtt")), format_="vtt")) == 0
    assert tiers_of(written(tmp_path, silence, "textgrid")) == {"emotions": [], "words": []}
    grid = textgrid.openTextgrid(str(tmp_path / "t.TextGrid"), includeEmptyIntervals=True)
    assert (grid.minTimestamp, grid.maxTimestamp) == (0, 10)
