"""Timelines as files: what stands in each format, and places and formats that are refused."""

import json
from dataclasses import replace

import pytest
from little_timelines import SURE, TALK, predicted, text_of, tiers_of, timeline, written

from emoduet.errors import InputError, UsageError
from emoduet.timeline_files import FORMATS, lines_of, moment_record, record_of, write_moments, write_timeline
from emoduet.types import Moment, Word

# What stands in each format


def test_json_lines(tmp_path):
    first, second = [json.loads(line) for line in text_of(tmp_path, TALK, "jsonl").splitlines()]
    assert first == {
        "recording": "calls/my call.mp3",
        "start": 0.5,
        "end": 1.25,
        "speaker": "Anna",
        "channel": None,
        "transcript": "Oh, no!",
        "language": "en",
        "words": [{"word": "oh", "start": 0.6, "end": 0.8}, {"word": "no", "start": 0.8, "end": 1.1}],
        "label": "angry",
        "probabilities": {"angry": 0.75, "sad": 0.25},
        "entropy": 0.811278,
        "abstained": False,
    }
    assert list(first) == list(second)
    assert (second["end"], second["channel"], second["entropy"], second["abstained"]) == (3.0, 2, 1.0, True)
    assert (second["speaker"], second["transcript"]) == (None, None)
    assert (second["language"], second["words"]) == (None, [])


def test_a_record_is_the_line_of_its_segment():
    word = Word(text="x", start=1 / 3, end=0.66666)
    third = predicted(1 / 3, 2 / 3, {"angry": 1 / 3, "sad": 2 / 3}, words=(word,))
    record = record_of(third, "r")
    assert json.loads(next(lines_of(timeline(third, recording="r")))) == record
    assert (record["start"], record["end"], record["label"]) == (0.333, 0.667, "sad")
    assert record["probabilities"] == {"angry": 0.333333, "sad": 0.666667}
    assert record["words"] == [{"word": "x", "start": 0.333, "end": 0.667}]


def test_csv(tmp_path):
    assert text_of(tmp_path, TALK, "csv") == (
        "recording,start,end,speaker,channel,transcript,language,label,p_angry,p_sad,entropy,abstained\n"
        'calls/my call.mp3,0.500,1.250,Anna,,"Oh, no!",en,angry,0.750000,0.250000,0.811278,false\n'
        "calls/my call.mp3,1.000,3.000,,2,,,angry,0.500000,0.500000,1.000000,true\n"
    )


def test_rttm(tmp_path):
    assert text_of(tmp_path, TALK, "rttm") == (
        "SPEAKER my_call 1 0.500 0.750 <NA> angry Anna 0.7500 <NA>\n"
        "SPEAKER my_call 2 1.000 2.000 <NA> abstained channel_2 0.5000 <NA>\n"
    )


def test_labels_for_audacity(tmp_path):
    assert text_of(tmp_path, TALK, "audacity") == (
        "0.500\t1.250\tAnna: [angry 0.75] Oh, no!\n1.000\t3.000\tchannel 2: [abstained: angry 0.50]\n"
    )
    assert text_of(tmp_path, timeline(predicted(0.0, 1.0)), "audacity") == "0.000\t1.000\t[angry 0.75]\n"


def test_webvtt(tmp_path):
    assert text_of(tmp_path, TALK, "vtt") == (
        "WEBVTT\n\nNOTE\n"
        "An estimate of expressed emotion as raters might label it, never of an inner state.\n\n"
        "00:00:00.500 --> 00:00:01.250\n<v Anna><c.emotion>[angry 0.75]</c> Oh, no!\n\n"
        "00:00:01.000 --> 00:00:03.000\n<v channel 2><c.emotion>[abstained: angry 0.50]</c>\n\n"
    )
    assert "\n<c.emotion>[angry 0.75]</c>\n" in text_of(tmp_path, timeline(predicted(0.0, 1.0)), "vtt")


def test_textgrid(tmp_path):
    assert tiers_of(written(tmp_path, TALK, "textgrid")) == {
        "Anna - emotions": [(0.5, 1.25, "angry 0.75")],
        "Anna - words": [(0.6, 0.8, "oh"), (0.8, 1.1, "no")],
        "channel 2 - emotions": [(1.0, 3.0, "abstained: angry 0.50")],
        "channel 2 - words": [],
    }


def test_overlapping_segments_of_one_speaker_lie_in_tiers_of_their_own(tmp_path):
    """Three at once from 2 to 3; what begins at 3 fits behind the first; "a 2" is another speaker's name."""
    times = [(0.0, 3.0), (1.0, 4.0), (2.0, 5.0), (3.0, 4.0)]
    segments = [predicted(start, end, speaker="a") for start, end in times]
    tiers = tiers_of(written(tmp_path, timeline(*segments, predicted(0.0, 1.0, speaker="a 2")), "textgrid"))
    starts = {name: [entry[0] for entry in entries] for name, entries in tiers.items() if name.endswith("emotions")}
    assert starts == {"a - emotions": [0, 3], "a 3 - emotions": [1], "a 4 - emotions": [2], "a 2 - emotions": [0]}


def test_words_of_a_textgrid_stay_within_their_segment_and_apart(tmp_path):
    """Before it, of no length, over each other, and beyond it."""
    times = [("a", 0.0, 0.9), ("b", 0.5, 1.5), ("c", 1.5, 1.5), ("d", 1.25, 2.5), ("e", 3.0, 3.5)]
    words = tuple(Word(text=text, start=start, end=end) for text, start, end in times)
    tiers = tiers_of(written(tmp_path, timeline(predicted(1.0, 2.0, speaker="s", words=words)), "textgrid"))
    assert tiers["s - words"] == [(1.0, 1.001, "a"), (1.001, 1.5, "b c"), (1.5, 2.0, "d e")]


def test_a_transcript_without_times_of_words_is_one_interval(tmp_path):
    tiers = tiers_of(written(tmp_path, timeline(predicted(1.0, 2.0, transcript="Oh, no!")), "textgrid"))
    assert tiers == {"speaker - emotions": [(1.0, 2.0, "angry 0.75")], "speaker - words": [(1.0, 2.0, "Oh, no!")]}


# The curve


def test_the_curve(tmp_path):
    moments = (
        Moment(time=0.1256, probabilities=SURE, speaker='An "na"'),
        Moment(time=1.0, probabilities={"sad": 1 / 3, "angry": 2 / 3}, channel=2),
    )
    write_moments(replace(TALK, moments=moments), tmp_path / "t.curve.csv")
    assert (tmp_path / "t.curve.csv").read_text("utf-8") == (
        'time,speaker,channel,p_angry,p_sad\n0.126,"An ""na""",,0.750000,0.250000\n1.000,,2,0.666667,0.333333\n'
    )
    assert moment_record(moments[1], "r") == {
        "recording": "r",
        "time": 1.0,
        "speaker": None,
        "channel": 2,
        "probabilities": {"sad": 0.333333, "angry": 0.666667},
    }


def test_no_curve_is_a_header(tmp_path):
    write_moments(TALK, tmp_path / "c.csv")
    assert (tmp_path / "c.csv").read_text("utf-8") == "time,speaker,channel,p_angry,p_sad\n"


# Formats and places


def test_a_format_may_be_named(tmp_path):
    write_timeline(TALK, tmp_path / "t.out", "rttm")
    assert (tmp_path / "t.out").read_text("utf-8").splitlines() == list(lines_of(TALK, "rttm"))
    write_timeline(TALK, tmp_path / "T.TEXTGRID")
    assert (tmp_path / "T.TEXTGRID").read_text("utf-8").startswith('File type = "ooTextFile"')


def test_unknown_formats_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"t\.xml: got a \.xml file; want one of \.jsonl, .*\.TextGrid, or name the"):
        write_timeline(TALK, tmp_path / "t.xml")
    with pytest.raises(UsageError, match=r"t: got a nameless file; want one of"):
        write_timeline(TALK, tmp_path / "t")
    with pytest.raises(UsageError, match=r"format: got 'xml'; want one of jsonl, csv, rttm, audacity, vtt, or a file"):
        write_timeline(TALK, tmp_path / "t.csv", "xml")
    with pytest.raises(UsageError, match=r"format: got 'textgrid'; want one of"):
        lines_of(TALK, "textgrid")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", FORMATS)
def test_a_place_that_cannot_be_written_is_told(tmp_path, format):
    path = tmp_path / f"t{FORMATS[format]}"
    path.mkdir()
    with pytest.raises(InputError, match=r"is a folder, where a file is to be"):
        write_timeline(TALK, path)
