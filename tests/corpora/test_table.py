"""Tables of other corpora: columns by option, bad rows by name."""

import json
from datetime import date
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from emoduet.corpora.label_map import read_label_map
from emoduet.corpora.table import read_table
from emoduet.errors import CorpusError, InputError
from emoduet.types import Utterance

NEMO = Path(__file__).parents[2].parent / "shared" / "data" / "nemo-pack"
TEXT = {"transcript": "words"}


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_csv_with_mapped_columns(tmp_path):
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.wav").write_bytes(b"sound")
    table = write(
        tmp_path / "t.csv",
        'file, emo ,who,gender,from,to,age,note\na.wav, anger ,   EB0,female, 0.5 ,2,NA,"one, two"\n',
    )
    columns = {"audio": "file", "label": "emo", "speaker": "who", "sex": "gender", "start": "from", "end": "to"}
    assert read_table(table, columns=columns, audio_root=tmp_path / "clips").utterances == [
        Utterance(
            id="a",
            audio=str(tmp_path / "clips" / "a.wav"),
            start=0.5,
            end=2.0,
            label="anger",
            speaker="EB0",
            sex="F",
            extra={"age": "NA", "note": "one, two"},
        )
    ]


def test_columns_named_like_keys_need_no_option(tmp_path):
    table = write(tmp_path / "t.tsv", "id\ttranscript\tlabel\tsession\tempty\n7\tHi.\tsad\t1\t \n")
    assert read_table(table).utterances == [
        Utterance(id="7", transcript="Hi.", label="sad", session="1", extra={"empty": None})
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\ufeffid;transcript\n7;a, b\n", Utterance(id="7", transcript="a, b")),
        ("id\ttranscript\n7\ta; b\n", Utterance(id="7", transcript="a; b")),
        ("transcript,a;b\nx,c;d\n", Utterance(id="row-1", transcript="x", extra={"a;b": "c;d"})),
        ("transcript\na; b\n", Utterance(id="row-1", transcript="a; b")),
        ("id;transcript\n7;'=1+1\n", Utterance(id="7", transcript="'=1+1")),
    ],
)
def test_a_csv_without_commas_in_its_header(tmp_path, text, expected):
    """Semicolons or tabs part its cells then; text stays as it is."""
    assert read_table(write(tmp_path / "t.csv", text)).utterances == [expected]


def test_json_lines_and_parquet_read_alike(tmp_path):
    rows = [{"words": "Hi", "speaker": 7, "valence": 2.5, "age": 30}, {"words": None, "speaker": 8, "age": 31}]
    lines = write(tmp_path / "t.jsonl", "\n\n".join(map(json.dumps, rows)))
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "t.parquet")
    expected = [
        Utterance(id="row-1", transcript="Hi", speaker="7", valence=2.5, extra={"age": 30}),
        Utterance(id="row-2", speaker="8", extra={"age": 31}),
    ]
    assert read_table(lines, columns=TEXT).utterances == expected
    assert read_table(tmp_path / "t.parquet", columns=TEXT).utterances == expected


def test_values_that_json_cannot_hold_are_counted_and_left_out(tmp_path):
    rows = [{"words": "Hi", "day": date(2020, 1, 1), "score": float("nan")}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "t.parquet")
    reading = read_table(tmp_path / "t.parquet", columns=TEXT)
    assert reading.utterances[0].extra == {"score": None}
    assert reading.skipped == {"values that JSON cannot hold, column day": 1}


def test_a_label_map_chooses_and_renames(tmp_path):
    table = write(tmp_path / "t.csv", "transcript,label\na,anger\nb,boredom\nc,\nd,boredom\n")
    reading = read_table(table, label_map={"anger": "angry"})
    assert [(u.id, u.label) for u in reading.utterances] == [("row-1", "angry")]
    assert reading.skipped == {"label outside the study: boredom": 2, "label outside the study: none": 1}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("gone.wav,x,,", "t.csv:3: audio: no file .*gone.wav"),
        ("a.wav,x,soon,", "t.csv:3: start: got 'soon'; want a number"),
        ("a.wav,x,nan,", "t.csv:3: start: got NaN; want a finite number"),
        ("a.wav,x,2,1", "t.csv:3: end: got 1.0; want more than the start, 2.0"),
        ("a.wav,first,,", r"t.csv:3: id: got 'first', as at .*t.csv:2; want each id once \(--id-column"),
    ],
)
def test_a_bad_row_is_named_or_left_out(tmp_path, row, message):
    (tmp_path / "a.wav").write_bytes(b"sound")
    table = write(tmp_path / "t.csv", f"audio,id,start,end\na.wav,first,,\n{row}\n")
    with pytest.raises(CorpusError, match=message):
        read_table(table)
    lenient = read_table(table, lenient=True)
    assert [u.id for u in lenient.utterances] == ["first"]
    assert len(lenient.warnings) == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.xlsx", b"x", "got a .xlsx file; want one of .csv, .tsv, .jsonl, .parquet"),
        ("t", b"x", "got a nameless file; want one of"),
        ("t.csv", b"", "t.csv: no rows; want a header and at least one row"),
        ("t.csv", b"words\n\n", "t.csv: no rows"),
        ("t.csv", b"words,b\nx\n", "t.csv:2: got 1 fields; want 2, as the header has"),
        ("t.csv", b"words, words\nx,y\n", r"got the columns \['words'\] more than once; want each name once"),
        ("t.tsv", b'words\tb\n"Hi" he said\ty\n', "t.tsv:2: .* expected after .*; want quotes closed"),
        ("t.csv", b"words\n\xff\n", "got the byte 0xff at 6; want UTF-8"),
        ("t.jsonl", b'{"words"\n', "t.jsonl:1: not JSON"),
        ("t.jsonl", b"[1]\n", r"t.jsonl:1: got '\[1\]'; want one JSON object a line"),
        ("t.parquet", b"no such thing", "t.parquet: not Parquet"),
        ("t.jsonl", b'{"words": {"bytes": 1}}\n', "t.jsonl:1: transcript: got dict; want text"),
        ("t.jsonl", b'{"words": "x", "audio": {"path": "a"}}\n', "audio: got dict; want the path of a file"),
    ],
)
def test_a_table_that_cannot_be_read(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        read_table(tmp_path / name, columns=TEXT if b"words" in content and b"\n" in content else None)


def test_an_absent_table(tmp_path):
    with pytest.raises(CorpusError, match=r"t.csv: cannot be read \(No such file or directory\)"):
        read_table(tmp_path / "t.csv")
    with pytest.raises(CorpusError, match="t.parquet: cannot be read"):
        read_table(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"label": "emotion"}, r"has no column \['emotion'\]; it has \['file', 'say'\]"),
        ({"mood": "say"}, r"columns: got \['mood'\]; want keys among \['id', 'audio'"),
        ({"label": "say"}, r"neither audio nor transcript; .*--text-column. It has \['file', 'say'\]"),
    ],
)
def test_columns_that_are_not_there(tmp_path, columns, message):
    table = write(tmp_path / "t.csv", "file,say\na.wav,Hi\n")
    with pytest.raises(InputError, match=message):
        read_table(table, columns=columns)


def test_a_table_of_which_nothing_is_left(tmp_path):
    table = write(tmp_path / "t.csv", "transcript,label\na,anger\n")
    with pytest.raises(CorpusError, match=r"no row can be used; labels met: \['anger'\]; the label map names none"):
        read_table(table, label_map={"Anger": "angry"})
    table = write(tmp_path / "t.csv", "audio\ngone.wav\n")
    with pytest.raises(CorpusError, match="no row can be used; first problem: .*t.csv:2: audio: no file"):
        read_table(table, lenient=True)


@pytest.mark.parametrize(("name", "text"), [("m.toml", 'anger = "angry"\n"not sure" = "x"'),
                                            ("m.json", '{"anger": "angry", "not sure": "x"}')])  # fmt: skip
def test_a_label_map_file(tmp_path, name, text):
    assert read_label_map(write(tmp_path / name, text)) == {"anger": "angry", "not sure": "x"}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("m.toml", "anger: angry", 'm.toml: .*; want lines such as anger = "angry"'),
        ("m.json", "{", "m.json: .*; want lines such as"),
        ("m.json", "[1]", "m.json: got no labels; want lines such as"),
        ("m.toml", "", "m.toml: got no labels"),
        ("m.toml", "anger = 3", r"m.toml: got \{'anger': 3\}; want the name of a class for each label"),
    ],
)
def test_a_label_map_that_is_none(tmp_path, name, text, message):
    with pytest.raises(InputError, match=message):
        read_label_map(write(tmp_path / name, text))
    with pytest.raises(InputError, match=r"nowhere.toml: cannot be read \(No such file"):
        read_label_map(tmp_path / "nowhere.toml")


@pytest.mark.skipif(not NEMO.is_dir(), reason="the nEMO pack is not here")
def test_a_real_table_of_polish_speech():
    columns = {"audio": "file_id", "transcript": "raw_text", "label": "emotion"}
    columns |= {"speaker": "speaker_id", "sex": "gender"}
    utterances = read_table(NEMO / "data.tsv", columns=columns, audio_root=NEMO / "samples").utterances
    assert len(utterances) == 180
    assert {u.speaker for u in utterances} == {"EB0", "IC0", "KD0", "KS0", "MK0", "MP0", "SM0", "TP0", "WR0"}
    assert {u.sex for u in utterances} == {"F", "M"}
