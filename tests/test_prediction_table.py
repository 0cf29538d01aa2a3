"""Tables of predictions made elsewhere: every form that is read, and every row that is refused by name."""

import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from emoduet.errors import CorpusError, InputError
from emoduet.prediction_table import Columns, read_prediction_table

CLASSES = ("angry", "happy", "sad")
IDS = {f"u{number}" for number in range(30)}


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path, **options):
    return read_prediction_table(path, IDS, CLASSES, **options)


def told(table):
    return [(row.id, row.fold, row.seed, row.probabilities) for row in table.rows]


def test_labels_in_a_csv(tmp_path):
    table = read(write(tmp_path / "p.csv", "id,label\nu1,happy\nu2, sad \n"))
    assert told(table) == [("u1", None, 0, (0, 1, 0)), ("u2", None, 0, (0, 0, 1))]
    assert table.only_labels
    assert [row.where for row in table.rows] == [f"{tmp_path / 'p.csv'}:2", f"{tmp_path / 'p.csv'}:3"]


def test_a_probability_for_each_class_with_fold_and_seed(tmp_path):
    """Two decimals sum to 0.99, and are divided by it."""
    text = "id\tsad\thappy\tangry\tfold\tseed\tcomment\nu1\t0.5\t0.25\t0.25\t2\t1\tx\nu1\t.33\t.33\t.33\t1\t\t\n"
    table = read(write(tmp_path / "p.tsv", text))
    assert told(table) == [("u1", 2, 1, (0.25, 0.25, 0.5)), ("u1", 1, 0, pytest.approx((1 / 3, 1 / 3, 1 / 3)))]
    assert not table.only_labels


def test_emoduets_own_predictions_where_label_is_the_truth(tmp_path):
    line = {"id": "u1", "label": "sad", "prediction": "happy", "probabilities": {"angry": 0, "happy": 1, "sad": 0}}
    table = read(write(tmp_path / "p.jsonl", json.dumps(line)))
    assert told(table) == [("u1", None, 0, (0, 1, 0))]


def test_a_prediction_goes_before_a_label(tmp_path):
    assert told(read(write(tmp_path / "p.csv", "id,label,prediction\nu1,sad,happy\n"))) == [("u1", None, 0, (0, 1, 0))]


def test_parquet(tmp_path):
    pyarrow.parquet.write_table(
        pyarrow.Table.from_pylist([{"id": "u1", "pred": "sad", "fold": 3}]), tmp_path / "p.parquet"
    )
    assert told(read(tmp_path / "p.parquet")) == [("u1", 3, 0, (0, 0, 1))]


def test_named_columns(tmp_path):
    path = write(tmp_path / "p.csv", "name,label,mine\nu1,sad,happy\n")
    assert told(read(path, columns=Columns(id="name", label="mine"))) == [("u1", None, 0, (0, 1, 0))]


def test_a_label_map_renames_and_adds_up(tmp_path):
    label_map = {"ang": "angry", "hap": "happy", "exc": "happy", "sad": "sad"}
    path = write(tmp_path / "p.csv", "id,ang,hap,exc,sad\nu1,0.25,0.25,0.125,0.375\n")
    assert told(read(path, label_map=label_map)) == [("u1", None, 0, (0.25, 0.375, 0.375))]
    path = write(tmp_path / "l.csv", "id,label\nu1,exc\n")
    assert told(read(path, label_map=label_map)) == [("u1", None, 0, (0, 1, 0))]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("name,label", r"p.csv: no column 'id'; it has name, label"),
        (
            "id,answer",
            "neither a label nor probabilities; it has id, answer. Name the column of labels with --label-col",
        ),
        ("id,angry,happy", "probabilities of angry, happy, none of sad; need a column for each class"),
    ],
)
def test_tables_without_what_is_needed(tmp_path, header, message):
    with pytest.raises(InputError, match=message):
        read(write(tmp_path / "p.csv", f"{header}\n{','.join('0' for _ in header.split(','))}\n"))


def test_a_label_column_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"no column 'mine'; it has id, label"):
        read(write(tmp_path / "p.csv", "id,label\nu1,sad\n"), columns=Columns(label="mine"))


def test_a_label_map_that_leads_elsewhere(tmp_path):
    with pytest.raises(InputError, match="the label map leads to joyful; want angry, happy, sad"):
        read(write(tmp_path / "p.csv", "id,label\nu1,hap\n"), label_map={"hap": "joyful"})


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("u99,sad,,", "id: got 'u99'; the manifest has no such utterance"),
        (",sad,,", "id: got nothing; want an utterance's id"),
        ("u1,joy,,", "prediction: got 'joy'; want one of angry, happy, sad"),
        ("u1,,,", "prediction: got nothing; want one of angry, happy, sad"),
        ("u1,sad,two,", "fold: got 'two'; want a whole number"),
        ("u1,sad,1,-1", "seed: got '-1'; want a whole number"),
        ("u0,sad,,", r"id: got 'u0', as at .*p.csv:2; want each once, or once for each fold and seed"),
    ],
)
def test_wrong_rows_of_labels(tmp_path, row, problem):
    path = write(tmp_path / "p.csv", f"id,prediction,fold,seed\nu0,sad,,\n{row}\n")
    with pytest.raises(CorpusError, match=rf"p.csv: 1 problem\n  .*p.csv:3: {problem}\nMend these rows, or name other"):
        read(path)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ("0.5,0.25,0.125,", r"probabilities: got \[0.5, 0.25, 0.125\], which sum to 0.875; want a sum of 1"),
        ("1.5,-0.5,0,", "angry: got '1.5'; want a probability, 0 to 1"),
        ("nan,1,0,", "angry: got 'nan'; want a probability, 0 to 1"),
        ("x,1,0,", "angry: got 'x'; want a probability, 0 to 1"),
        (",1,0,", "angry: got ''; want a probability, 0 to 1"),
        ("0.5,0.25,0.25,sad", "prediction: got 'sad', but 'angry' has the highest probability; want one answer a row"),
    ],
)
def test_wrong_rows_of_probabilities(tmp_path, values, problem):
    path = write(tmp_path / "p.csv", f"id,angry,happy,sad,prediction\nu0,1,0,0,angry\nu1,{values or 'angry'}\n")
    with pytest.raises(CorpusError, match=rf":3: {problem}"):
        read(path)


@pytest.mark.parametrize(
    ("probabilities", "problem"),
    [
        ([0.5, 0.5], r"probabilities: got \[0.5, 0.5\]; want an object with a number for each class"),
        ({"angry": 0.5, "happy": 0.5}, "probabilities: got none for 'sad'; want one for each class"),
        ({"angry": 1, "happy": 0, "sad": 0, "joy": 0}, "probabilities: got one for 'joy'; want classes among angry, h"),
        ({"angry": True, "happy": 0, "sad": 0}, "angry: got True; want a probability, 0 to 1"),
    ],
)
def test_wrong_objects_of_probabilities(tmp_path, probabilities, problem):
    path = write(tmp_path / "p.jsonl", json.dumps({"id": "u1", "probabilities": probabilities}))
    with pytest.raises(CorpusError, match=problem):
        read(path)


def test_twenty_problems_are_told_at_once(tmp_path):
    rows = "\n".join(f"x{number},sad" for number in range(25))
    with pytest.raises(CorpusError, match="25 problems") as caught:
        read(write(tmp_path / "p.csv", f"id,label\n{rows}\n"))
    lines = str(caught.value).splitlines()
    assert lines[20].endswith(":21: id: got 'x19'; the manifest has no such utterance")
    assert lines[21] == "  ... and 5 more"
