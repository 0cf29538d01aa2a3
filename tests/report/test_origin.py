"""How to do it again: the command is one that `emoduet run` takes, and every digest is there."""

import hashlib
import shlex

import pytest
from invented_runs import CLASSES, Invention, change_json, invent_run
from small_runs import read_json
from typer.main import get_command

from emoduet.cli import app
from emoduet.config import read_recipe
from emoduet.report import read_contents
from emoduet.report.origin import origin_of


def origin(run):
    (subject,) = read_contents([run], "x").subjects
    return origin_of(subject)


@pytest.fixture
def run(tmp_path, manifest):
    return invent_run(tmp_path / "my run", manifest, Invention(seeds=(0, 1)))


def test_the_command_of_a_packaged_recipe(run):
    assert origin(run).command == (
        "emoduet run demo-text-only --manifest easy.jsonl --protocol loso --out 'my run' --seeds 2"
    )
    assert origin(run).notes == ()


def test_what_the_recipe_has_otherwise_is_set(run):
    said = read_json(run / "run.json")
    recipe = read_recipe(
        "demo-text-only", ["training.epochs=2", "training.class_weights=true", "optimizer.head_factor=2"]
    )
    change_json(run / "run.json", recipe=recipe.model_dump(mode="json"))
    words = shlex.split(origin(run).command)
    settings = [after for word, after in zip(words, words[1:]) if word == "--set"]
    assert sorted(settings) == ["optimizer.head_factor=2.0", "training.class_weights=true", "training.epochs=2"]
    assert read_recipe("demo-text-only", settings) == recipe
    assert said["recipe"]["training"]["epochs"] != 2


def test_every_option_that_decides_a_run_is_in_the_command(run):
    (run / "fold2-seed0" / "metrics.json").unlink()
    (run / "fold2-seed1" / "metrics.json").unlink()
    said = {"precision": "bf16", "no_validation": True, "split_seed": 3, "test_manifest": "other.jsonl"}
    change_json(run / "run.json", **said, folds_read_from={})
    command = origin(run).command
    for words in (
        "--folds 1,3", "--precision bf16", "--no-validation", "--split-seed 3", "--test-manifest other.jsonl",
        "--protocol loso",
    ):  # fmt: skip
        assert words in command


def taken(command):
    """What `emoduet run` takes a command for: the value of each option."""
    emoduet, run, *words = shlex.split(command)
    assert (emoduet, run) == ("emoduet", "run")
    return get_command(app).commands["run"].make_context("run", words).params


def test_emoduet_run_takes_the_command_for_what_was_run(run):
    change_json(run / "run.json", split_seed=3, no_validation=True, precision="bf16")
    options = taken(origin(run).command)
    assert (options["recipe"], options["protocol"], options["split_seed"]) == ("demo-text-only", "loso", 3)
    assert (str(options["manifest"]), str(options["out"])) == ("easy.jsonl", "my run")
    assert (options["seeds"], options["no_validation"], options["precision"]) == (2, True, "bf16")
    assert (options["allow_leaks"], options["test_label_map"]) == (False, None)


def test_folds_of_a_file_need_the_file_and_no_seed(run):
    """What run.json says of a folds file is its header, and the seed that the folds were drawn by."""
    read_from = {"file": "theirs.json", "protocol": "random", "seed": 5}
    change_json(run / "run.json", protocol="random", split_seed=5, folds_read_from=read_from)
    options = taken(origin(run).command)
    assert (options["protocol"], options["split_seed"]) == ("theirs.json", None)


def test_allowed_leaks_and_a_label_map_are_in_the_command(run):
    said = {"leaks_allowed": True, "test_manifest": "other.jsonl", "test_label_map": {"W": "angry", "T": "sad"}}
    change_json(run / "run.json", **said)
    options = taken(origin(run).command)
    assert options["allow_leaks"] and str(options["test_label_map"]) == "MAP.toml"
    assert origin(run).notes == (
        "MAP.toml stands for a file that maps the tested corpus's labels: W is angry, T is sad.",
    )


def test_a_recipe_of_ones_own_is_pointed_to(run):
    change_json(run / "run.json", recipe={"name": "mine", "title": "Mine"}, classes=CLASSES)
    found = origin(run)
    assert found.command.startswith("emoduet run mine.toml ")
    assert "run.json, under recipe" in found.notes[0]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"training_labels_shuffled": True}, "one of `emoduet control`"),
        (
            {"test_label_map": {"exc": "happy"}},
            "MAP.toml stands for a file that maps the tested corpus's labels: exc is happy.",
        ),
    ],
)
def test_what_the_command_cannot_say_is_noted(run, said, words):
    change_json(run / "run.json", **said)
    assert words in origin(run).notes[0]


def test_seeds_that_do_not_count_from_nought_are_noted(tmp_path, manifest):
    assert "The seeds are 4" in origin(invent_run(tmp_path / "four", manifest, Invention(seeds=(4,)))).notes[0]


def test_the_facts_name_digests_versions_and_weights(run):
    facts = dict(origin(run).facts)
    said = read_json(run / "run.json")
    assert facts["manifest"] == f"easy.jsonl, SHA-256 {said['manifest_sha256']}"
    assert facts["folds"] == f"folds.json, SHA-256 {hashlib.sha256((run / 'folds.json').read_bytes()).hexdigest()}"
    assert facts["text encoder"] == "tiny, trained from nothing"
    assert (facts["seeds"], facts["precision"]) == ("0, 1", "fp32")
    assert facts["versions"] == "emoduet 0.1.0, torch 2.9.0" and facts["platform"] == "Linux x86_64"


def test_pretrained_weights_and_a_second_manifest_are_facts(run):
    said = {"weights": {"text": "abc123"}, "test_manifest": "other.jsonl", "test_manifest_sha256": "fed"}
    change_json(run / "run.json", **said)
    facts = dict(origin(run).facts)
    assert facts["text encoder"] == "tiny, weights abc123"
    assert facts["tested manifest"] == "other.jsonl, SHA-256 fed"


def test_predictions_of_others_have_no_origin(run):
    change_json(run / "run.json", made_elsewhere=True)
    found = origin(run)
    assert (found.command, found.facts) == ("", ()) and "made elsewhere" in found.notes[0]


def test_nor_has_a_lone_file_of_predictions(run):
    found = origin(run / "fold1-seed0" / "predictions.jsonl")
    assert (found.command, found.facts) == ("", ())
