"""Tables of segments as spreadsheets write them: semicolons, decimal commas, and text that is no formula."""

import pytest
from written_segments import told, write

from emoduet.corpora.table_file import guarded, unguarded
from emoduet.errors import InputError
from emoduet.segment_files import read_segments, read_words, recordings_in
from emoduet.types import Segment

SPREADSHEET = '\ufeffStart;End;Speaker;Transcript\r\n1,25;2,5;Anna;"ja; nein, doch"\r\n10;11,0625;;\r\n'


def test_semicolons_and_decimal_commas(tmp_path):
    path = write(tmp_path / "a.csv", SPREADSHEET)
    assert told(read_segments(path)) == [(1.25, 2.5, "Anna", "ja; nein, doch"), (10.0, 11.0625, None, None)]
    assert read_words(path).text == "ja; nein, doch"


@pytest.mark.parametrize(
    ("text", "start", "said"),
    [
        ("start;end;text\n1.25;2;a,b\n", 1.25, "a,b"),
        ("start;duration;text\n1,25;0,75;a\n", 1.25, "a"),
        ("start\tend\ttext\n1.25\t2\ta;b,c\n", 1.25, "a;b,c"),
        ("start,end,text\n1.25,2,a;b\n", 1.25, "a;b"),
        ("start;end;text\n1,250;2;a\n", 1.25, "a"),
    ],
)
def test_the_header_says_what_separates(tmp_path, text, start, said):
    assert read_segments(write(tmp_path / "a.csv", text)) == [Segment(start=start, end=2.0, transcript=said)]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "start;end\n1,25;2.5\n", r"1 problem\n.*a\.csv:2: end: got '2\.5'; want a decimal comma, as other"),
        ("a.csv", "start;end\n1,5;2\n2.000;3\n", r"a\.csv:3: start: got '2\.000'; .*\nWrite all times with commas"),
        ("a.csv", "start;end\n1,2,5;2\n", r"a\.csv:2: start: got '1,2,5'; want seconds, such as 12\.5"),
        ("a.csv", 'start,end\n"1,25",2\n', r"a\.csv:2: start: got '1,25'; want seconds, such as 12\.5"),
        ("a.tsv", "start\tend\n1,25\t2\n", r"a\.tsv:2: start: got '1,25'; want seconds, such as 12\.5"),
        (
            "a.csv",
            "Beginn;Ende\n1;2\n",
            r"a\.csv: got the columns Beginn, Ende; want columns start and end, in seconds",
        ),
        ("a.csv", "start;end\n1;2;3\n", r"a\.csv:2: got 3 fields; want 2, as the header has"),
        ("a.csv", "start;end;language\n1;2;\n3;x;en\n", r"1 problem\n.*a\.csv:3: end: got 'x'; want seconds"),
    ],
)
def test_what_may_be_meant_otherwise_is_refused(tmp_path, name, text, message):
    with pytest.raises(InputError, match=message):
        read_segments(write(tmp_path / name, text))


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "''-1", " =1", " '=1", "\uff1d1"]
PLAIN = ["", "1=1", "a-b", "'tis so", "Anna", "(=1)", '"=1"', "'", " "]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_guarded_and_read_back(text):
    assert guarded(text) == f"'{text}"
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_formula_stays_as_it_is(text):
    assert guarded(text) == text == unguarded(text)


def test_the_guard_is_taken_from_every_column_of_text(tmp_path):
    rows = "recording,start,end,speaker,transcript,language\n'-a.wav,0,1,'=Ann,'- Yes.,'@x\n'-b.wav,0,1,'tis,'90s,\n"
    path = write(tmp_path / "a.csv", rows)
    assert recordings_in(path) == {"-a.wav", "-b.wav"}
    assert read_segments(path, "-a.wav") == [
        Segment(start=0.0, end=1.0, speaker="=Ann", transcript="- Yes.", language="@x")
    ]
    assert told(read_segments(path, "-b.wav")) == [(0.0, 1.0, "'tis", "'90s")]


def test_json_lines_have_no_guard(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"start": 0, "end": 1, "transcript": "\'=1", "speaker": "\'-1"}\n')
    assert told(read_segments(path)) == [(0.0, 1.0, "'-1", "'=1")]
