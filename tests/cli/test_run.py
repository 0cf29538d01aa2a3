"""`emoduet run`, `control`, `train` and `evaluate` from the outside, on a corpus that takes seconds."""

import json
from pathlib import Path
from typing import get_args

import pytest
from easy_corpus import small, write_easy_corpus
from small_encoders import save_text_encoder
from small_runs import without_forms
from typer.testing import CliRunner, Result

from emoduet.cli import app
from emoduet.cli.options import AnswerPrecision, Precision, ProtocolName
from emoduet.fold_run import KEEP
from emoduet.machine import ANSWERING, Machine, check_machine
from emoduet.protocols import PROTOCOLS


def emoduet(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


def settings(recipe: str, *more: str) -> list[str]:
    return [part for one in small(recipe, "training.epochs=1", *more) for part in ("--set", one)]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    return write_easy_corpus(tmp_path_factory.mktemp("easy"))


@pytest.fixture(scope="module")
def done(manifest) -> tuple[Path, Result]:
    """A finished run of two folds, and what it said."""
    out = manifest.parent / "run"
    recipe = "demo-text-only"
    return out, emoduet("run", recipe, "-m", manifest, "-o", out, "--folds", "1,2", *settings(recipe))


@pytest.fixture(scope="module")
def model(manifest) -> tuple[Path, Result]:
    out, recipe = manifest.parent / "model", "demo-text-only"
    return out, emoduet(
        "train", recipe, "-m", manifest, "-o", out, "--hold-out-session", "S3", "--seed", 1, *settings(recipe)
    )


def test_run_prints_scores_with_their_conditions(done):
    out, result = done
    assert result.exit_code == 0, result.output
    first, *rest = result.stdout.splitlines()
    assert first.startswith("BERT fine-tuning (Ours): loso; 2 folds")
    assert "interval over 4 speakers: too few for an interval; recipe demo-text-only" in first
    for words in ("mean of the folds", "all utterances pooled", "recall"):
        assert any(words in line for line in rest), words
    assert max(map(len, rest)) <= 80


def test_run_notes_go_to_stderr_and_nothing_else_does(done):
    out, result = done
    lines = result.stderr.splitlines()
    assert list(dict.fromkeys(line.partition(":")[0] for line in lines)) == [
        "demo-text-only loso fold 1 seed 0",
        "demo-text-only loso fold 2 seed 0",
        "encoders",
        "guards",
        "does not guard",
        "audit",
        f"everything is in {out}; a page of it",
    ]
    assert lines[-1].endswith(f"emoduet report {out}")
    assert "epoch 1/1  training loss" in lines[0]


def test_run_again_repeats_nothing(done, manifest):
    out, before = done
    again = emoduet("run", "demo-text-only", "-m", manifest, "-o", out, "--folds", "1,2", *settings("demo-text-only"))
    assert again.stdout == before.stdout
    assert "epoch" not in again.stderr


def test_pretrained_encoders_load_without_a_word_of_their_library(manifest, tmp_path):
    save_text_encoder(tmp_path / "bert", "bert")
    changes = settings("text-only", f'text_encoder.name="{tmp_path / "bert"}"')
    result = emoduet("run", "text-only", "-m", manifest, "-o", tmp_path / "run", "--folds", "1", *changes)
    assert result.exit_code == 0, result.output
    first_words = dict.fromkeys(line.split()[0] for line in result.stderr.splitlines())
    assert list(first_words) == ["text-only", "encoders:", "guards:", "does", "audit:", "everything"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["no-such-recipe"], 2, "error: recipe no-such-recipe: neither a packaged recipe nor a file"),
        (["demo-paper", "--set", "optimizer.rate=1"], 2, "error: recipe demo-paper: 1 problem(s)\n  optimizer.rate:"),
        (["demo-paper", "--set", "nonsense"], 2, "error: --set nonsense: need key=value"),
        (["demo-paper", "--folds", "9"], 2, "error: fold 9: the protocol has folds 1 to 3"),
        (["demo-paper", "--device", "tpu"], 2, "error: device tpu: not on this machine"),
        (["demo-paper", "--precision", "fp16", "--device", "cpu"], 2, "error: precision fp16: needs a GPU"),
        (["demo-paper", "--protocol", "odd"], 2, "error: protocol 'odd' is unknown; choose one of: loso, lospo, paper"),
        (["demo-paper", "--protocol", "no.json"], 1, "error: no.json: cannot be read (No such file or directory)"),
        (["demo-paper", "--protocol", "cross-corpus"], 2, "error: cross-corpus: no other corpus to test"),
        (["demo-paper", "--split-seed", "one"], 2, "--split-seed"),
        (["demo-paper", "--precision", "fp8"], 2, "'fp8'"),
        (["demo-paper", "--keep", "some"], 2, "'some'"),
        (["demo-paper", "--folds", "one"], 2, "--folds one: need numbers such as 1,3"),
        (["demo-paper", "--seeds", "0"], 2, "--seeds"),
        (["demo-paper", "--workers", "0"], 2, "--workers"),
    ],
)
def test_what_cannot_run_leaves_nothing_behind(manifest, tmp_path, arguments, status, message):
    result = emoduet("run", *arguments, "-m", manifest, "-o", tmp_path / "run")
    assert (result.exit_code, result.stdout) == (status, "")
    assert message in result.stderr
    assert not (tmp_path / "run" / "run.json").exists()


def test_a_manifest_that_is_not_there(tmp_path):
    result = emoduet("run", "demo-paper", "-m", tmp_path / "none.jsonl", "-o", tmp_path / "run")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {tmp_path / 'none.jsonl'}: cannot be read")


def test_choices_of_the_options_are_those_of_the_program(monkeypatch):
    monkeypatch.setattr("emoduet.machine.cpu_computes_bf16", lambda: True)
    answering = get_args(get_args(AnswerPrecision)[0])
    assert answering == ANSWERING
    precisions = get_args(get_args(Precision)[0])
    assert all(check_machine(Machine("cpu", name)).type == "cpu" for name in precisions if name != "fp16")
    told = " ".join(emoduet("run", "--help").stdout.split())
    named = get_args(ProtocolName)[1].help.partition(";")[0].split(", ")
    assert tuple(named) == tuple(PROTOCOLS)
    assert f"--keep <{'|'.join(KEEP)}>" in told and f"--precision <{'|'.join(precisions)}>" in told


def test_run_tells_where_folds_come_from_and_that_nothing_validates(done, manifest, tmp_path):
    theirs, recipe = done[0] / "folds.json", "demo-text-only"
    asked = ["--protocol", theirs, "--no-validation", "--folds", "1", *settings(recipe)]
    result = emoduet("run", recipe, "-m", manifest, "-o", tmp_path / "run", *asked)
    assert result.exit_code == 0, result.output
    assert "no validation, fixed epochs" in result.stdout.splitlines()[0]
    assert f"folds read from {theirs} (protocol loso, seed 0, manifest easy.jsonl)" in result.stderr.splitlines()


def test_ctrl_c_says_how_to_go_on(manifest, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("emoduet.experiment.run_fold", stop)
    result = emoduet("run", "demo-text-only", "-m", manifest, "-o", tmp_path / "run")
    assert result.exit_code == 130
    assert (result.stdout, result.stderr) == ("", "stopped; the same command goes on from the last finished epoch\n")


def test_train_says_where_the_model_is_and_what_its_score_is_worth(model):
    out, result = model
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("held-out part, which picked the epoch, so its score is optimistic:\n")
    assert result.stderr.splitlines()[-1] == f"the model is in {out}"
    assert (out / "model.safetensors").is_file()


def test_train_at_one_go_says_that_no_epoch_was_picked(manifest, tmp_path):
    quick = ["--set", "frames.kind=mfcc", "--set", "frames.size=13", "--hold-out-session", "S2", "--device", "cpu"]
    result = emoduet("train", "demo-e-vector", "-m", manifest, "-o", tmp_path / "m", *quick)
    assert result.exit_code == 0, result.output
    told = "fitted the temperature of the probabilities and nothing else"
    assert result.stdout.startswith(f"held-out part, which {told}:\n")
    card = (tmp_path / "m" / "README.md").read_text(encoding="utf-8")
    assert f"- note: the held-out part {told}; quote" in card
    assert "epoch" not in card


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--hold-out", "2"], "hold out: fraction 2.0; need a number between 0 and 1"),
        (["--hold-out-session", "S9"], "hold out: no session 'S9'; the manifest has S1, S2, S3"),
    ],
)
def test_train_with_nothing_sound_to_hold_out(manifest, tmp_path, options, message):
    result = emoduet("train", "demo-text-only", "-m", manifest, "-o", tmp_path / "m", *options)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {message}")


def test_evaluate_prints_scores_and_says_what_was_trained_on(model, manifest):
    result = emoduet("evaluate", model[0], "-m", manifest)
    assert result.exit_code == 0, result.output
    assert "24 of the utterances are of sessions this model was TRAINED ON" in result.stdout
    assert "no interval, all score alike: 6 speakers" in result.stdout
    assert result.stderr.split() == ["encoders:", "text", "packed"]


def test_evaluate_as_json_and_line_by_line(model, manifest, tmp_path):
    asked = ["--session", "S1", "--session", "S2", "--json", "--predictions", tmp_path / "answers.jsonl"]
    result = emoduet("evaluate", model[0], "-m", manifest, *asked)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    lines = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert told["scores"]["num_utterances"] == told["utterances_of_trained_sessions"] == len(lines) == 16
    right = sum(line["prediction"] == line["label"] for line in lines)
    assert told["scores"]["weighted_accuracy"] == pytest.approx(right / 16)


def test_evaluate_a_session_that_is_not_there(model, manifest):
    result = emoduet("evaluate", model[0], "-m", manifest, "--session", "S9")
    assert result.exit_code == 1
    assert without_forms(result.stderr).startswith(f"error: {manifest}: no session S9; the manifest has S1,")


@pytest.mark.parametrize(("ua", "status", "words"), [(0.28, 0, "at chance, as it must be"), (0.38, 1, "NOT at chance")])
def test_control_judges(manifest, tmp_path, monkeypatch, ua, status, words):
    from emoduet.control import Verdict

    asked = []

    def verdicts(control, progress):
        asked.append(control)
        yield from (Verdict(recipe.title, ua, 0.01, 0.25, "loso") for recipe in control.recipes)

    monkeypatch.setattr("emoduet.control.run_control", verdicts)
    more = ["--protocol", "random", "--split-seed", "4", "--no-validation"]
    result = emoduet("control", "--demo", "-m", manifest, "-o", tmp_path, "--shuffles", "2", *more)
    assert result.exit_code == status, result.output
    assert [line.count(words) for line in result.stdout.splitlines()] == [1, 1, 1, 1]
    assert [recipe.name for recipe in asked[0].recipes] == [
        "demo-paper",
        "demo-paper-frozen",
        "demo-audio-only",
        "demo-text-only",
    ]
    assert asked[0].shuffles == 2
    assert (asked[0].protocol, asked[0].split_seed, asked[0].no_validation) == ("random", 4, True)


def test_control_takes_recipes_by_name(manifest, tmp_path, monkeypatch):
    monkeypatch.setattr("emoduet.control.run_control", lambda control, progress: iter(()))
    result = emoduet("control", "--recipe", "nope", "-m", manifest, "-o", tmp_path)
    assert result.exit_code == 2 and "recipe nope: neither" in result.stderr
    assert emoduet("control", "--recipe", "text-only", "-m", manifest, "-o", tmp_path).exit_code == 0
