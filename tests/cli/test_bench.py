"""`emoduet bench` from the outside: tables or JSON on stdout, and what was not run with its reason."""

import json
from importlib import import_module

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from emoduet.benchmarking import footprint
from emoduet.benchmarking.timing import Row, Section, Spread
from emoduet.cli import app
from emoduet.cli.bench import section_table, turns_bar


def bench(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["bench", "--quick", "--utterances", "2", *arguments])


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Memory is measured in this process, which saves three starts of torch."""
    monkeypatch.setattr(footprint, "in_own_process", lambda task: task())


def test_every_section_is_a_table():
    result = bench()
    assert result.exit_code == 0, result.stderr
    titles = ("Inference of both", "A fine-tuning step", "No fine-tuning, five folds", "Peak memory", "Start-up")
    places = [result.stdout.index(title) for title in titles]
    assert places == sorted(places)
    assert "torch" in result.stdout.splitlines()[0] and "threads" in result.stdout.splitlines()[0]
    assert "transformers sdpa, one by one" in result.stdout and "emoduet, packed" in result.stdout


def test_json_is_a_line_a_row():
    lines = [json.loads(line) for line in bench("--only", "start-up", "--json").stdout.splitlines()]
    assert [line["name"] for line in lines] == ["python, doing nothing", "emoduet --help"]
    assert all(line["section"] == "start-up" and len(line["seconds"]) == 1 for line in lines)
    assert "torch" in lines[0]["machine"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--only", "speed"), "benchmark of speed: choose of"),
        (("--device", "cuda:99"), "device cuda:99: not on this"),
        (("--size", "base"), "--quick takes small encoders; leave out --size"),
        (("--training-size", "small"), "--quick takes small encoders; leave out --size"),
    ],
)
def test_what_there_is_not_is_wrong_usage(arguments, message):
    result = bench(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", "").split()) and result.stdout == ""


def drawn(section: Section) -> list[str]:
    console = Console(width=120, color_system=None)
    with console.capture() as capture:
        console.print(section_table(section))
    return [line.strip() for line in capture.get().splitlines() if line.strip()]


def test_a_table_by_hand():
    rows = (
        Row("slow", (4.0, 6.0, 5.0), {"x slow": Spread(1.0, 1.0, 1.0)}, {"error": 0.0}),
        Row("fast", (2.0, 2.0, 2.0), {"x slow": Spread(2.5, 2.0, 3.0)}, {"error": 0.00012}),
        Row("gone", skipped="not installed"),
    )
    lines = drawn(Section("s", "Who is fast", rows, ("Two rounds.",)))
    assert lines[0] == "Who is fast"
    assert lines[1].split() == ["min", "s", "median", "s", "x", "slow", "error"]
    assert lines[3].split() == ["slow", "4.00", "5.00", "1.00", "(1.00-1.00)", "0"]
    assert lines[4].split() == ["fast", "2.00", "2.00", "2.50", "(2.00-3.00)", "1.2e-04"]
    assert lines[5:] == ["Two rounds.", "not run: gone: not installed"]


def test_a_row_without_seconds_stands_beside_one_with_them():
    rows = (Row("timed", (1.0,)), Row("weighed", figures={"GB": 2.0}))
    lines = drawn(Section("s", "Mixed", rows))
    assert [line.split() for line in lines[3:]] == [["timed", "1.00", "1.00"], ["weighed", "2.00"]]


def test_turns_are_told_on_stderr(capsys):
    with turns_bar() as on_run:
        on_run("a contender", 1, 2)
    assert capsys.readouterr() == ("", "2/2 a contender\n")


def test_a_bar_shows_turns_on_a_terminal(monkeypatch, capsys):
    door = import_module("emoduet.cli.bench")  # as an attribute of the package, this name is the command
    monkeypatch.setattr(door, "notes", lambda: Console(stderr=True, force_terminal=True, width=80))
    with turns_bar() as on_run:
        on_run("a contender", 1, 2)
    out, err = capsys.readouterr()
    assert out == "" and "a contender" in err and "1/2" in err
