"""Where results cannot go is said in a sentence, at once, and nothing that stood there is lost."""

from pathlib import Path

import pytest
from easy_corpus import small, write_easy_corpus
from typer.testing import CliRunner, Result

from emoduet import examination
from emoduet.cli import app


def emoduet(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A working directory with a table, a file and a full folder that nobody wants to lose."""
    (tmp_path / "table.csv").write_text("id,transcript,label\na,oh no,sad\nb,oh yes,happy\n")
    (tmp_path / "w.csv").write_text("precious")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("dear")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert (tmp_path / "w.csv").read_text() == "precious"
    assert (tmp_path / "letters" / "dear.txt").read_text() == "dear"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    return write_easy_corpus(tmp_path_factory.mktemp("easy"))


def test_a_manifest(place):
    for out, said in {
        ".": ".: is no name to write to; give a path that ends in one",
        "letters": "letters: is a folder, where a file is to be; give a file's path",
        "/dev/null/x.jsonl": "/dev/null: is a file, where a folder is to be; give another path",
        "w.csv/x.jsonl": "w.csv: is a file, where a folder is to be; give another path",
    }.items():
        result = emoduet("corpus", "build", "table", "table.csv", "--out", out)
        assert (result.exit_code, result.stderr) == (1, f"error: {said}\n")


def test_a_run_s_folder(place, manifest):
    result = emoduet("run", "demo-text-only", "-m", manifest, "-o", "w.csv")
    assert (result.exit_code, result.stderr) == (
        1,
        "error: w.csv: is a file, where a folder is to be; give another path\n",
    )


def test_a_run_s_folder_whose_lock_cannot_be_taken(place, manifest):
    Path("run", ".lock").mkdir(parents=True)
    result = emoduet("run", "demo-text-only", "-m", manifest, "-o", "run")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: run: cannot be written (")


def test_the_demo_s_folder(place):
    result = emoduet("demo", "-o", "w.csv")
    assert (result.exit_code, result.stderr) == (
        1,
        "error: w.csv: is a file, where a folder is to be; give another path\n",
    )


def test_a_model_s_folder(place, manifest):
    settings = [part for one in small("demo-text-only", "training.epochs=1") for part in ("--set", one)]
    for out, said in {
        "w.csv": "w.csv: is a file, where a folder is to be; give another path",
        "letters": "letters: holds other files, which would be lost; give an older model's folder, or one that is "
        "empty or does not exist yet",
        ".": ".: is no name to write to; give a path that ends in one",
    }.items():
        result = emoduet("train", "demo-text-only", "-m", manifest, "-o", out, *settings)
        assert (result.exit_code, result.stderr) == (1, f"error: {said}\n")
    assert sorted(path.name for path in place.iterdir()) == ["letters", "table.csv", "w.csv"]


def test_the_predictions_of_an_evaluation_are_looked_after_before_it(place, manifest, monkeypatch):
    def examined(*arguments):
        raise AssertionError("the model was examined first")

    monkeypatch.setattr(examination, "examine_model", examined)
    result = emoduet("evaluate", "model", "-m", manifest, "--predictions", "letters")
    assert (result.exit_code, result.stderr) == (
        1,
        "error: letters: is a folder, where a file is to be; give a file's path\n",
    )
