"""Each file of an explanation by its suffix, found wanting before long work."""

import json
import sys
from pathlib import Path

import pytest
from invented_explanations import explained

from emoduet.errors import InputError, UsageError
from emoduet.report.explanation_files import check_explanation_files, write_explanation

BEGINNINGS = {
    "a.html": b"<!doctype html>",
    "a.HTM": b"<!doctype html>",
    "a.png": b"\x89PNG",
    "a.svg": b"<?xml",
    "a.json": b"{",
}


@pytest.mark.parametrize("name", BEGINNINGS)
def test_the_suffix_says_what_is_written(tmp_path, name):
    check_explanation_files([tmp_path / name])
    assert list(tmp_path.iterdir()) == []
    write_explanation(explained(), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(BEGINNINGS[name])
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_json_is_read_back(tmp_path):
    write_explanation(explained(), tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text("utf-8"))["target"] == "angry"


@pytest.mark.parametrize(
    ("name", "told"), [("a.pdf", r"a\.pdf: \.pdf means no form"), ("a", "a: no suffix means no form")]
)
def test_a_suffix_that_means_nothing(name, told):
    with pytest.raises(UsageError, match=f"{told}; name the file .html, .png, .svg or .json"):
        check_explanation_files([Path(name)])
    with pytest.raises(UsageError, match=told):
        write_explanation(explained(), Path(name))


def test_a_path_that_cannot_be_written(tmp_path):
    (tmp_path / "a.json").mkdir()
    with pytest.raises(InputError, match="is a folder, where a file is to be"):
        check_explanation_files([tmp_path / "a.json"])


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_figures_ask_for_their_library_first(tmp_path, monkeypatch, suffix):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    check_explanation_files([tmp_path / "a.html", tmp_path / "a.json"])
    with pytest.raises(InputError, match="need matplotlib"):
        check_explanation_files([tmp_path / f"a.{suffix}"])
