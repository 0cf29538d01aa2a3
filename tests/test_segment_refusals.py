"""Files of segments and words that are refused: each fault is told with its place and what to do."""

import pytest
from written_segments import textgrid, write

from emoduet.errors import InputError
from emoduet.segment_files import read_segments, read_words

CUE = "1\n00:00:01,000 --> 00:00:02,000\nx\n\n2\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.docx", "x", r"a\.docx: got a \.docx file; segments are read from \.rttm, \.csv, .*\.textgrid"),
        ("a", "x", r"a: got a nameless file"),
        ("a.srt", " \n", r"a\.srt: is empty; give another file"),
        ("a.csv", "", r"a\.csv: no rows; want a header"),
        ("a.csv", "begin,end\n1,2\n", r"a\.csv: got the columns begin, end; want columns start and end, in seconds"),
        ("a.csv", "start,text\n1,2\n", r"a\.csv: got the columns start, text; want columns"),
        ("a.csv", "start,end\n2,1\n", r"1 problem\n  .*a\.csv:2: end: got 1; want the start, 2, or later\nMend these"),
        ("a.csv", "start,end\n-1,1\n", r"a\.csv:2: start: got -1; want 0 or more seconds"),
        ("a.csv", "start,end\nnan,1\n", r"1 problem\n.*a\.csv:2: start: got 'nan'; want seconds, such as 12\.5"),
        (
            "a.csv",
            "start,end\n1,inf\n0:01,2\n",
            r"2 problems\n.*a\.csv:2: end: got 'inf'.*\n.*a\.csv:3: start: got '0:01'",
        ),
        ("a.csv", "start,end\n1,\n", r"a\.csv:2: end: got nothing; want seconds"),
        ("a.csv", "start,duration\n1,x\n", r"a\.csv:2: duration: got 'x'; want seconds"),
        ("a.csv", "start,end,channel\n1,2,left\n", r"a\.csv:2: channel: got 'left'; want 1, 2, \.\.\."),
        ("a.csv", "start,end\n1,1\n", r"a\.csv: every segment ends where it begins"),
        ("a.jsonl", '{"start": 1, "end": true}', r"a\.jsonl:1: end: got True; want seconds"),
        ("a.jsonl", '{"start": 1, "end": 2, "text": 5}', r"a\.jsonl:1: transcript: got 5; want text"),
        ("a.jsonl", '{"start": 1, "end": 2, "speaker": {}}', r"a\.jsonl:1: speaker: got \{\}; want text"),
        ("a.jsonl", f'{{"start": 1, "end": {"9" * 400}}}', r"a\.jsonl:1: end: got 9{57}\.\.\.; want seconds"),
        ("a.jsonl", "x", r"a\.jsonl:1: not JSON"),
        ("a.json", "{", r"a\.json: not JSON \(.*line 1.*; want the JSON that a speech recogniser writes"),
        ("a.json", {"tiers": []}, r'a\.json: got an object with tiers; want a list of objects .* as "segments"'),
        ("a.json", {"segments": [], "words": []}, r"a\.json: got an object with segments, words"),
        ("a.json", [[0, 1]], r"a\.json: got a list of other things"),
        ("a.json", [], r"a\.json: got \[\]"),
        ("a.json", "3", r"a\.json: got 3"),
        ("a.json", {"words": [{"word": "x"}]}, r"a\.json: start: got nothing"),
        ("a.json", [{"start": 0, "end": 1, "words": "x"}], r"segment 1: words: got 'x'; want a list of objects"),
        ("a.json", [{"start": 0, "end": 1, "words": [5]}], r"segment 1: words: got \[5\]; want a list of objects"),
        ("a.json", [{"start": 0, "end": 1, "words": [{}]}], r"segment 1: word 1: got nothing; want text"),
        (
            "a.json",
            [{"start": 0, "end": 1, "words": [{"word": "x", "start": 2, "end": 1}]}],
            r"segment 1: word 1: end: got 1; want the start, 2",
        ),
        ("a.rttm", "SPKR-INFO x 1 <NA>\n", r"a\.rttm: no SPEAKER lines; want lines such as SPEAKER recording"),
        ("a.rttm", "\nSPEAKER x 1 0 1\n", r"a\.rttm:2: got 'SPEAKER x 1 0 1'; want SPEAKER recording channel start"),
        ("a.rttm", "SPEAKER x 1 0 -1 <NA> <NA> s", r"a\.rttm:1: end: got -1; want the start, 0, or later"),
        ("a.srt", "Just words.", r"a\.srt: no cues; want lines such as HH:MM:SS,mmm"),
        ("a.srt", CUE + "00:00:05,000 --> 00:00:04,000\ny", r"a\.srt:6: end: got 4; want the start, 5, or later"),
        ("a.srt", CUE + "100:00:00,000 --> 100:00:01,000\ny", r"a\.srt:6: got '100:00.*; want .* at most 99 hours"),
        ("a.srt", CUE + "-0:00:05,000 --> 00:00:04,000\ny", r"a\.srt:6: got '-0:00:05"),
        (
            "a.vtt",
            "WEBVTT\n\n00:01,000 --> 00:02,000\nx",
            r"a\.vtt:3: got '00:01,000 --> 00:02,000'; want HH:MM:SS\.mmm",
        ),
        ("a.TextGrid", "{}", r"a\.TextGrid: no TextGrid that can be read .*; save it in Praat as a text file"),
        ("a.TextGrid", "hello", r"a\.TextGrid: no TextGrid that can be read"),
        ("a.TextGrid", "5", r"a\.TextGrid: no TextGrid that can be read"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path, name, content, message):
    with pytest.raises(InputError, match=message):
        read_segments(write(tmp_path / name, content))


@pytest.mark.parametrize("suffix", ["csv", "json", "rttm", "srt", "vtt", "TextGrid", "txt"])
def test_unreadable_files(tmp_path, suffix):
    read = read_words if suffix == "txt" else read_segments
    with pytest.raises(InputError, match=rf"a\.{suffix}: cannot be read \(No such file"):
        read(tmp_path / f"a.{suffix}")
    (tmp_path / f"b.{suffix}").mkdir()
    with pytest.raises(InputError, match=rf"b\.{suffix}: cannot be read \(Is a directory"):
        read(tmp_path / f"b.{suffix}")


@pytest.mark.parametrize("suffix", ["rttm", "srt", "vtt", "json", "TextGrid"])
def test_another_encoding_is_told_with_its_line(tmp_path, suffix):
    with pytest.raises(InputError, match=rf"a\.{suffix}:2: got the byte 0xe9; want UTF-8"):
        read_segments(write(tmp_path / f"a.{suffix}", "x\ncafé", "latin-1"))


def test_a_textgrid_without_labels_or_with_twin_tiers(tmp_path):
    path = textgrid(tmp_path / "a.TextGrid", anna=[(0, 1, "")], phones=[(0, 1, "a")], clicks=[(1.0, "x")])
    with pytest.raises(InputError, match=r"no labelled intervals in its tiers \(anna, phones, clicks\)"):
        read_segments(path)
    text = textgrid(tmp_path / "b.TextGrid", anna=[(0, 1, "x")], bert=[(0, 1, "x")]).read_text("utf-8")
    with pytest.raises(InputError, match=r"tiers with the same name 'anna'.*each tier with a name of its own"):
        read_segments(write(tmp_path / "c.TextGrid", text.replace("bert", "anna")))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.rttm", "SPEAKER x 1 0 1 <NA> <NA> s", r"a\.rttm: got a \.rttm file; words are read from \.txt, \.csv"),
        ("a.csv", "start,end\n1,2\n", r"a\.csv: times without words; want a column transcript or text"),
        ("a.txt", "\n", r"a\.txt: is empty"),
        ("a.json", {"text": 5}, r"a\.json: got an object with text; want a list"),
        ("a.json", ["x"], r"a\.json: got a list of other things"),
    ],
)
def test_files_without_words_are_refused(tmp_path, name, content, message):
    with pytest.raises(InputError, match=message):
        read_words(write(tmp_path / name, content))
