"""`emoduet predict` between pipes: a recording from stdin, and lines for a stdout that somebody may stop reading."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import numpy as np
import pytest
import soundfile
from little_models import write_model
from typer.testing import CliRunner, Result

from emoduet.cli import app


@pytest.fixture(scope="module")
def ear(tmp_path_factory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "ear", "demo-audio-only")


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Seven seconds of noise and when somebody spoke, in the working folder."""
    monkeypatch.chdir(tmp_path)
    soundfile.write("call.wav", np.random.default_rng(3).normal(0, 0.1, 16_000 * 7), 16_000)
    Path("call.csv").write_text("start,end\n0.5,2\n2.5,6\n", encoding="utf-8")
    return tmp_path


def fed(sound: bytes, *arguments: object) -> Result:
    return CliRunner().invoke(app, ["predict", *map(str, arguments)], input=sound)


def lines(result: Result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_stdin(ear, folder):
    found = lines(fed(Path("call.wav").read_bytes(), ear, "-", "--segments", "call.csv", "--json"))
    assert [(one["recording"], one.get("start")) for one in found] == [("stdin", 0.5), ("stdin", 2.5), ("stdin", None)]


def test_stdin_whole(ear, folder):
    (one,) = lines(fed(Path("call.wav").read_bytes(), ear, "-", "--whole", "--json"))
    assert one["id"] == "stdin"


@pytest.mark.parametrize("options", [["--segments", "call.csv"], ["--whole"]])
@pytest.mark.parametrize("as_json", [["--json"], []])
def test_nobody_is_told_of_the_file_that_stdin_is_kept_in(ear, folder, options, as_json):
    result = fed(b"", ear, "-", *options, *as_json)
    assert result.exit_code == 1
    assert "stdin: 0 bytes" in (result.stdout if as_json else result.stderr)
    assert "emoduet-" not in result.output


@contextmanager
def stdout_unread() -> Iterator[None]:
    """Stdout whose reader has gone away."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="utf-8") as stdout, redirect_stdout(stdout):
        yield


@pytest.mark.parametrize("as_json", [["--json"], []])
def test_files_are_written_though_nobody_reads_stdout(ear, folder, capsys, as_json):
    Path("bad.wav").write_bytes(b"not sound")
    Path("both.csv").write_text("recording,start,end\nbad.wav,0,1\ncall.wav,0.5,5.5\n", encoding="utf-8")
    arguments = ["predict", str(ear), "call.wav", "bad.wav", "--segments", "both.csv", *as_json]
    with stdout_unread():
        status = app([*arguments, "--out", "out", "--format", "csv"], standalone_mode=False)
    assert status == 1
    assert {path.name for path in Path("out").iterdir()} == {"call.wav.csv", "call.wav.summary.json"}
    assert "error: bad.wav: not" in capsys.readouterr().err


def test_nobody_answers_where_nobody_reads_stdout_and_no_files_are_wanted(ear, folder):
    with stdout_unread(), pytest.raises(SystemExit, match="1"):
        app(["predict", str(ear), "call.wav", "--segments", "call.csv"], standalone_mode=False)
