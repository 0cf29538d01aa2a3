"""`emoduet report` from the outside: what it writes, what it says where, and what it refuses."""

import pytest
import typer
from invented_runs import Invention, easy_manifest, invent_run
from typer.testing import CliRunner, Result

from emoduet.cli.report import report

app = typer.Typer()
app.command()(report)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A manifest, a run on it as if of people, and one as if of computer speech."""
    folder = tmp_path_factory.mktemp("cli-report")
    manifest = easy_manifest(folder)
    real = invent_run(folder / "real", manifest, Invention(synthetic=False))
    return manifest, real, invent_run(folder / "synthetic", manifest)


def call(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.parametrize(
    ("name", "more", "start"),
    [
        ("r.html", (), "<!doctype html>"),
        ("r.md", (), "# emoduet report"),
        ("r.tex", (), "% emoduet report"),
        ("r.txt", ("--format", "latex", "--title", "Mine"), "% Mine"),
    ],
)
def test_it_writes_the_form_asked_for(tmp_path, corpus, name, more, start):
    _, *runs = corpus
    result = call(*runs, "--out", tmp_path / name, *more)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"report: {tmp_path / name}\n" and result.stderr == ""
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)


def test_words_and_sound_come_with_a_warning_on_stderr(tmp_path, corpus):
    manifest, real, _ = corpus
    out = tmp_path / "r.html"
    result = call(real, "--out", out, "--manifest", manifest, "--with-transcripts", "--with-audio")
    assert result.exit_code == 0, result.output
    assert "Do not share this file. It holds transcripts and recordings" in result.stderr
    page = out.read_text(encoding="utf-8")
    assert "leave me alone" in page and "data:audio/wav;base64," in page and "Do not share this file" in page


def test_a_synthetic_corpus_and_a_table_need_no_warning(tmp_path, corpus):
    manifest, real, synthetic = corpus
    asked = ("--manifest", manifest, "--with-transcripts")
    assert call(synthetic, "--out", tmp_path / "r.html", *asked).stderr == ""
    assert call(real, "--out", tmp_path / "r.md", *asked).stderr == ""
    assert "leave me alone" not in (tmp_path / "r.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("asked", ["--with-transcripts", "--with-audio"])
def test_words_and_sound_need_the_manifest(tmp_path, corpus, asked):
    result = call(corpus[1], "--out", tmp_path / "r.html", asked)
    assert result.exit_code == 2 and "need --manifest" in result.stderr
    assert not (tmp_path / "r.html").exists()


def test_what_is_no_run_is_told(tmp_path):
    result = call(tmp_path, "--out", tmp_path / "r.html")
    assert result.exit_code == 1 and f"error: {tmp_path}: no run.json" in result.stderr


def test_an_unknown_suffix_is_told_before_anything_is_read(tmp_path):
    result = call(tmp_path / "absent", "--out", tmp_path / "r.doc")
    assert result.exit_code == 2 and ".doc means no form" in result.stderr
