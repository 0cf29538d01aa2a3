"""`emoduet explain --manifest`: the table, the lines of truth, the files, and what does not go with it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from easy_corpus import write_easy_corpus
from small_runs import small_experiment
from typer.testing import CliRunner, Result

from emoduet.cli import explained_corpus
from emoduet.cli.explain import explain as command
from emoduet.experiment import run_experiment
from emoduet.explaining_corpus.findings import Finding
from emoduet.explaining_corpus.many import Explanations
from emoduet.significance import Interval
from emoduet.subject import LeftOut


def explain(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    return write_easy_corpus(tmp_path_factory.mktemp("easy"))


@pytest.fixture(scope="module")
def run(manifest, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "words"
    run_experiment(small_experiment(manifest, out, folds=(1,)))
    return out


def test_a_run_is_explained_and_told(manifest, run, tmp_path):
    asked = [run, "--manifest", manifest, "--method", "all", "--limit", 4, "--seed", 2, "--out", tmp_path / "out"]
    result = explain(*asked)
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    assert "occlusion, words: deletion" in text and "integrated-gradients, words: insertion" in text
    assert "occlusion, words: deleting by score cannot be told from random deletion" in text
    assert "4 utterances, 2 speakers: too few for an interval" in text
    assert "left out: attention: this text model has none" in text
    assert text.endswith(
        "seed 2; protocol loso, 1 of 3 folds, each model on its own test part; 4 of 8 utterances drawn"
    )
    stored = json.loads((tmp_path / "out" / "explanations.json").read_text("utf-8"))
    lines = [json.loads(one) for one in (tmp_path / "out" / "explanations.jsonl").read_text("utf-8").splitlines()]
    assert len(stored["findings"]) == 4 and len(lines) == 8
    again = explain(*asked[:-2], "--json")
    assert json.loads(again.stdout) == stored


def test_sessions_and_random_orders_are_taken(manifest, run):
    result = explain(run, "--manifest", manifest, "--session", "S1", "--limit", 1, "--random-orders", 20, "--json")
    assert [one["num_utterances"] for one in json.loads(result.stdout)["findings"]] == [1, 1]
    assert "tested no utterance of S2" in explain(run, "--manifest", manifest, "--session", "S2").stderr
    assert "5 random orders; need at least 19" in explain(run, "--manifest", manifest, "--random-orders", 5).stderr


def test_truth_is_told_in_lines_that_say_synthetic(capsys):
    tested = Finding("attention", "words: deletion", 0.3, 0.4, 0.1, Interval(0.05, 0.15), 12, "6 speakers")
    planted = replace(tested, measure="words: telling word first", interval=None)
    left_out = (LeftOut("u1, attention", "no words"),)
    explained_corpus.tell_explanations(Explanations((tested, planted), (), left_out, "marks", ("note",), 3))
    out = capsys.readouterr().out
    assert "+0.100 (+0.050 to +0.150)" in out
    assert "attention, words: deleting by score beats random deletion (0.300 against 0.400" in out
    assert out.splitlines()[-3].startswith("synthetic truth, attention, words: how often the telling word scores")
    assert out.splitlines()[-2:] == ["left out: u1, attention: no words", "seed 3; marks; note"]


def test_truth_alone_needs_no_table(capsys):
    planted = Finding("attention", "words: telling word first", 0.3, 0.4, 0.1, None, 12, "3 speakers: too few")
    explained_corpus.tell_explanations(Explanations((planted,), (), (), "", (), 0))
    assert capsys.readouterr().out.splitlines() == [planted.sentence(), "seed 0"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--manifest", "m.jsonl", "--text", "no"], "are for one utterance; leave --manifest out"),
        (["call.wav", "--manifest", "m.jsonl"], "are for one utterance; leave --manifest out"),
        (["--manifest", "m.jsonl", "--target", "sad"], "are for one utterance; leave --manifest out"),
        (["--manifest", "m.jsonl", "-o", "a", "-o", "b"], "2 folders by --out; with --manifest give one"),
        (["call.wav", "--method", "all"], "--session, --limit and --workers are for --manifest"),
        (["call.wav", "--session", "Ses01"], "--session, --limit and --workers are for --manifest"),
        (["call.wav", "--workers", 1], "--session, --limit and --workers are for --manifest"),
        (["call.wav", "--limit", 3], "--session, --limit and --workers are for --manifest"),
    ],
)
def test_one_utterance_and_many_do_not_mix(arguments, told):
    result = explain("model", *arguments)
    assert result.exit_code == 2 and told in result.stderr


def test_a_folder_that_cannot_be_written_to_is_told_before_the_work(manifest, run, tmp_path):
    (tmp_path / "file").write_text("mine")
    result = explain(run, "--manifest", manifest, "--out", tmp_path / "file")
    assert result.exit_code == 1 and "file" in result.stderr and result.stdout == ""
