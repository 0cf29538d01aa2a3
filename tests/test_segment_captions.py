"""Who speaks when, from files with captions: subtitles, as players have them, and the tiers of a TextGrid."""

import pytest
from written_segments import textgrid, told, write

from emoduet.segment_files import read_segments
from emoduet.types import Segment, Word

# Subtitles


def test_srt_with_markup_names_and_numbers(tmp_path):
    text = (
        "1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>Anna:</i> I <b>said</b>\r\n{\\an8}at 10:30: no\r\n\r\n"
        "2\r\n00:00:03.0 --> 00:00:04,0\r\nfrom 00:00:01,000 to 00:00:02,000\r\n5 < 6 > 4\r\n\r\n"
        "3\r\n01:00:00,000 --> 01:00:00,500\r\n\r\n"
        "4\r\n99:00:00,000 --> 99:00:00,500\r\nMy number is\r\n42\r\n"
    )
    assert told(read_segments(write(tmp_path / "a.srt", text))) == [
        (1.0, 2.5, "Anna", "I said at 10:30: no"),
        (3.0, 4.0, None, "from 00:00:01,000 to 00:00:02,000 5 < 6 > 4"),
        (3600.0, 3600.5, None, ""),
        (356400.0, 356400.5, None, "My number is 42"),
    ]


def test_vtt_with_voices_notes_styles_and_names_of_cues(tmp_path):
    text = """WEBVTT - a talk

STYLE
::cue(b) { color: red }

intro
00:01.000 --> 00:02.500 align:start position:0%
<v.loud Anna &amp; Bert>Fish &lt;b&gt; <c.blue>&amp; chips</c></v>

NOTE not said

00:03.000 --> 00:04.000
7

outro
123:00:00.000 --> 123:00:01.000
[SPEAKER_01]: from 00:01.000 to 00:02.000
"""
    assert told(read_segments(write(tmp_path / "a.vtt", text))) == [
        (1.0, 2.5, "Anna & Bert", "Fish <b> & chips"),
        (3.0, 4.0, None, "7"),
        (442800.0, 442801.0, "SPEAKER_01", "from 00:01.000 to 00:02.000"),
    ]


def test_what_stands_behind_the_times_of_a_cue_is_no_time(tmp_path):
    text = "WEBVTT\n\n00:01.000 --> 00:02.000 region:00:09.000\nx\n\n\x0b00:03.000 --> 00:04.000\n"
    assert told(read_segments(write(tmp_path / "a.vtt", text))) == [(1.0, 2.0, None, "x")]


def test_captions_that_roll_say_each_line_once(tmp_path):
    text = """WEBVTT
Kind: captions

00:00:00.000 --> 00:00:02.000 align:start position:0%
~
no<00:00:00.500><c> no</c><00:00:01.000><c> no</c>

00:00:02.000 --> 00:00:02.010
no no no
~

00:00:02.010 --> 00:00:04.000
no no no
never<00:00:03.000><c> ever</c>

00:00:05.000 --> 00:00:06.000

"""
    segments = read_segments(write(tmp_path / "a.vtt", text.replace("~", " ")))
    assert told(segments) == [(0.0, 2.0, None, "no no no"), (2.01, 4.0, None, "never ever")]


def test_lines_said_twice_stay_where_captions_do_not_roll(tmp_path):
    cue = "00:0{}.000 --> 00:0{}.000\nNo.\n\n"
    path = write(tmp_path / "a.vtt", "WEBVTT\n\n" + cue.format(1, 2) + cue.format(2, 3))
    assert [one.transcript for one in read_segments(path)] == ["No.", "No."]


@pytest.mark.parametrize(
    ("line", "speaker", "said"),
    [
        ("ANNA: Go!", "ANNA", "Go!"),
        ("Speaker 1:  Go!", "Speaker 1", "Go!"),
        ("[Anna B.]: Go!", "Anna B.", "Go!"),
        ("李：走吧", "李", "走吧"),
        ("and so it was: Go!", None, "and so it was: Go!"),
        ("One Two Three Four Five: Go!", None, "One Two Three Four Five: Go!"),
        ("Http://emoduet", None, "Http://emoduet"),
        ("12: Go!", None, "12: Go!"),
        ("[laughs] Go!", None, "[laughs] Go!"),
    ],
)
def test_a_name_before_a_colon_is_the_speaker(tmp_path, line, speaker, said):
    path = write(tmp_path / "a.srt", f"1\n00:00:01,000 --> 00:00:02,000\n{line}\n")
    assert told(read_segments(path)) == [(1.0, 2.0, speaker, said)]


# TextGrid


@pytest.mark.parametrize("format", ["long_textgrid", "short_textgrid"])
def test_tiers_are_speakers(tmp_path, format):
    anna = [(0.5, 1.0, 'say "no"'), (1.0, 2.0, "  "), (2.0, 3.0, "yes")]
    path = textgrid(tmp_path / "a.TextGrid", format, anna=anna, clicks=[(1.0, "x")], bert=[(0.25, 1.5, "hm")])
    wanted = [(0.25, 1.5, "bert", "hm"), (0.5, 1.0, "anna", 'say "no"'), (2.0, 3.0, "anna", "yes")]
    assert told(read_segments(path)) == wanted
    assert told(read_segments(write(tmp_path / "b.TextGrid", path.read_text("utf-8"), "utf-16"))) == wanted


MFA = {
    "anna_words": [(0.5, 1.0, "oh"), (1.0, 1.2, "sil"), (1.2, 1.5, "no"), (4.0, 4.5, "bye")],
    "anna_phones": [(0.5, 1.0, "OW")],
}


def test_words_of_an_aligner_become_segments(tmp_path):
    segments = read_segments(textgrid(tmp_path / "a.TextGrid", **MFA))
    assert told(segments) == [(0.5, 1.5, "anna", "oh no"), (4.0, 4.5, "anna", "bye")]
    assert segments[0].words == (Word(text="oh", start=0.5, end=1.0), Word(text="no", start=1.2, end=1.5))
    path = textgrid(tmp_path / "b.TextGrid", words=[(0.5, 1.0, "oh")], phones=[(0.5, 1.0, "OW")])
    assert told(read_segments(path)) == [(0.5, 1.0, None, "oh")]


def test_a_tier_of_utterances_says_where_an_aligners_words_belong(tmp_path):
    (segment,) = read_segments(textgrid(tmp_path / "a.TextGrid", anna=[(0.4, 2.0, "Oh, no!")], **MFA))
    assert (segment.start, segment.end, segment.transcript) == (0.4, 2.0, "Oh, no!")
    assert [word.text for word in segment.words] == ["oh", "no"]


def test_a_tier_of_emotions_is_borders_and_never_words(tmp_path):
    tiers = {"a_emotions": [(0, 2, "sad 0.9"), (2, 3, "sad 0.8")], "a_words": [(0, 2, "oh no")]}
    segments = read_segments(textgrid(tmp_path / "a.TextGrid", **tiers))
    assert segments == [
        Segment(start=0.0, end=2.0, speaker="a", transcript="oh no"),
        Segment(start=2.0, end=3.0, speaker="a"),
    ]
