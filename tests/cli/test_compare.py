"""`emoduet compare` from the outside, on predictions files that a pencil can check."""

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from emoduet.cli.compare import compare
from emoduet.evaluation import Answers, write_answers
from emoduet.types import Utterance

app = typer.Typer()
app.command()(compare)


def emoduet_compare(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


def predictions(path: Path, wrong: set[int], note: str | None = None, speakers: int = 6) -> Path:
    """Of 24 utterances, angry and happy in turn, those in `wrong` are mistaken."""
    labels = [number % 2 for number in range(24)]
    utterances = tuple(
        Utterance(id=f"u{n}", label=("angry", "happy")[label], speaker=f"s{n // 2 % speakers}")
        for n, label in enumerate(labels)
    )
    rows = np.eye(2)[[1 - label if n in wrong else label for n, label in enumerate(labels)]]
    write_answers(path, Answers(utterances, ("angry", "happy"), rows), note)
    return path


@pytest.fixture
def runs(tmp_path):
    return {
        "good": predictions(tmp_path / "good.jsonl", set()),
        "poor": predictions(tmp_path / "poor.jsonl", set(range(0, 24, 2)), note="test data in the loop"),
        "few": predictions(tmp_path / "few.jsonl", {0}, speakers=2),
        "mistaken once": predictions(tmp_path / "once.jsonl", {0}),
    }


def test_warnings_come_first_and_then_the_sentences(runs):
    """All twelve angry ones wrong: UA 50, each of six speakers alike."""
    result = emoduet_compare(runs["good"], runs["poor"])
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[:6] == [
        "WARNING: test data in the loop in one run only, which favours it",
        "WARNING: nothing is known of how good.jsonl and poor.jsonl was trained",
        "A: good.jsonl; protocol unknown",
        "B: poor.jsonl; protocol unknown; test data in the loop",
        "good.jsonl is 50.0 UA above poor.jsonl; 95 % interval 50.0 to 50.0 (6 speakers); distinguishable",
        "good.jsonl is 50.0 WA above poor.jsonl; 95 % interval 50.0 to 50.0 (6 speakers); distinguishable",
    ]
    assert "24 utterances; only A right 12, only B right 0, McNemar p 0.000488" in result.stdout
    assert any(line.split()[:4] == ["UA", "100.0", "50.0", "+50.0"] for line in lines)


def test_few_speakers_have_neither_interval_nor_p(runs):
    result = emoduet_compare(runs["few"], runs["few"])
    assert (
        "few.jsonl is level in UA with few.jsonl; cannot be judged: with 2 speakers a permutation p " in result.stdout
    )
    [line] = [line for line in result.stdout.splitlines() if line.split()[:1] == ["UA"]]
    assert line.split() == ["UA", "95.8", "95.8", "+0.0", "too", "few", "clusters"]


def test_several_runs_are_compared_with_the_first(runs):
    result = emoduet_compare(runs["good"], runs["poor"], runs["mistaken once"])
    assert result.stdout.count("A: good.jsonl") == 2
    assert "good.jsonl is 4.2 UA above once.jsonl; 95 % interval" in result.stdout
    assert result.stderr.startswith("2 comparisons: at a level of 5 % one in twenty of equal systems looks different")
    assert "hold p against 0.025" in result.stderr


def test_json_is_a_line_a_comparison(runs):
    result = emoduet_compare(runs["good"], runs["poor"], runs["few"], "--json")
    values = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["b"]["name"] for one in values] == ["poor.jsonl", "few.jsonl"]
    assert values[0]["ua"]["difference"] == 0.5
    assert values[0]["distinguishable"] == {"ua": True, "wa": True}
    assert result.stderr == ""


def test_what_was_paired_is_told_on_stderr(runs, tmp_path):
    lines = runs["good"].read_text(encoding="utf-8").splitlines()
    (tmp_path / "part.jsonl").write_text("\n".join(lines[:20]) + "\n", encoding="utf-8")
    result = emoduet_compare(runs["good"], tmp_path / "part.jsonl")
    assert result.stderr == (
        "only the 20 utterances that both test are compared (good.jsonl tests 24, part.jsonl 20)\n"
    )


def test_what_cannot_be_compared(runs, tmp_path):
    result = emoduet_compare(runs["good"], tmp_path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: {tmp_path}: no run.json in it")
    assert emoduet_compare(runs["good"]).exit_code == 2
