"""Run folders read back: a real one is what it was when it was made, and a spoilt one is refused by name."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from easy_corpus import write_easy_corpus
from small_runs import read_json, small_experiment

from emoduet.assessment import TWINNED, UNCOMPARED, baseline_rows
from emoduet.audit import audit
from emoduet.baselines import baselines
from emoduet.errors import InputError
from emoduet.experiment import run_experiment
from emoduet.manifest import read_manifest, write_manifest
from emoduet.protocols import FoldOptions, protocol_named
from emoduet.runs import ELSEWHERE, SYNTHETIC, assess_run, read_run


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Two folds of two seeds, as `emoduet run` leaves them, and what it said of them."""
    folder = tmp_path_factory.mktemp("runs")
    manifest = write_easy_corpus(folder / "corpus")
    outcome = run_experiment(small_experiment(manifest, folder / "fusion", folds=(1, 2), seeds=(0, 1)))
    return folder / "fusion", outcome, read_manifest(manifest)


@pytest.fixture
def copy(done, tmp_path):
    """The same folder, to be spoilt."""
    shutil.copytree(done[0], tmp_path / "fusion")
    return tmp_path / "fusion"


def test_a_run_comes_back(done):
    folder, outcome, _ = done
    run = read_run(folder)
    assert (run.name, run.protocol, run.classes) == ("fusion", "loso", outcome.experiment.recipe.classes)
    assert [fold.number for fold in run.folds] == [1, 2, 3]
    assert list(run.answers) == list(run.validation) == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert run.seeds == (0, 1)
    assert {one.id for one in run.utterances} == {*run.folds[0].test, *run.folds[1].test}
    assert (run.marks, run.only_labels) == ((), False)
    metrics = read_json(folder / "fold2-seed1" / "metrics.json")
    assert run.temperatures[2, 1] == metrics["temperature"] and run.metrics[2, 1] == metrics
    assert {one.id for one in run.validation[1, 0].utterances} == set(run.folds[0].validation)


def test_its_assessment_is_the_runs_own_summary(done):
    folder, outcome, _ = done
    assessment = assess_run(read_run(folder))
    assert assessment.summary == outcome.summary
    assert assessment.temperatures == read_run(folder).temperatures
    assert len(assessment.selective) == 3


def test_histories_are_what_the_csv_says(done):
    history = read_run(done[0]).histories[1, 0]
    assert [epoch["epoch"] for epoch in history] == [1, 2]
    lines = (done[0] / "fold1-seed0" / "history.csv").read_text().splitlines()
    assert history[1]["watched_loss"] == float(lines[2].split(",")[3])
    assert "note" not in history[0]


def test_audit_and_baselines_come_back(done):
    """The easy corpus has four lines, said again in every session: only the longest has four different words."""
    folder, outcome, utterances = done
    found = audit(utterances, protocol_named("loso").make_folds(utterances, FoldOptions()), protocol_named("loso"))
    run = read_run(folder)
    assert run.audit == outcome.audit == json.loads(json.dumps(found.as_json()))
    assert run.twins == {number: dict(twins) for number, twins in found.twins.items()}
    rows = baseline_rows(baselines(utterances, outcome.folds, run.classes))
    assert run.baselines == assess_run(run).baselines == outcome.assessment.baselines == rows
    assert [(row.value, row.num_utterances) for row in assess_run(run).twins.rows] == [(TWINNED, 4), (UNCOMPARED, 12)]


# Marks


@pytest.mark.parametrize(
    ("changes", "mark"),
    [
        ({"note": "test data in the loop"}, "test data in the loop"),
        ({"note": "no validation: fixed epochs at a constant rate"}, "no validation"),
        ({"synthetic_corpus": True}, SYNTHETIC),
        ({"training_labels_shuffled": True}, "training labels shuffled"),
    ],
)
def test_marks_of_a_fold_are_the_runs(copy, changes, mark):
    path = copy / "fold1-seed0" / "metrics.json"
    path.write_text(json.dumps(read_json(path) | changes), encoding="utf-8")
    assert read_run(copy).marks == (mark,)


def test_marks_of_utterances_of_the_audit_and_of_the_folder(copy):
    synthetic = [replace(one, extra={"synthetic": True}) for one in read_manifest(copy / "utterances.jsonl")]
    write_manifest(copy / "utterances.jsonl", synthetic)
    (copy / "audit.json").write_text('{"leaking": true, "twins": {}}', encoding="utf-8")
    (copy / "run.json").write_text(
        json.dumps(read_json(copy / "run.json") | {"made_elsewhere": True}), encoding="utf-8"
    )
    assert read_run(copy).marks == ("LEAKING", SYNTHETIC, ELSEWHERE)


def test_hard_leaks_that_were_found_mark_a_run(copy):
    audit = read_json(copy / "audit.json")
    (copy / "audit.json").write_text(json.dumps(audit | {"num_hard_leaks": 1}), encoding="utf-8")
    assert read_run(copy).marks == ("LEAKING",)


def test_an_older_audit_says_nothing_of_lines_not_compared(copy):
    audit = read_json(copy / "audit.json")
    assert {number: len(ids) for number, ids in read_run(copy).uncompared.items()} == {1: 6, 2: 6, 3: 6}
    del audit["uncompared"]
    (copy / "audit.json").write_text(json.dumps(audit), encoding="utf-8")
    assert read_run(copy).uncompared == {}


# A predictions file alone


def test_a_predictions_file_is_a_run_that_knows_less(done):
    folder = done[0]
    run = read_run(folder / "fold1-seed0" / "predictions.jsonl")
    whole = read_run(folder).answers[1, 0]
    np.testing.assert_array_equal(run.answers[1, 0].probabilities, whole.probabilities)
    assert [one.speaker for one in run.utterances] == [one.speaker for one in whole.utterances]
    assert (run.answers[1, 0].labels == whole.labels).all()
    assert (run.protocol, run.folds, run.marks, run.twins) == (None, (), (), None)
    assert assess_run(run).summary.num_utterances == len(whole.utterances)


# What is refused


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(
        InputError, match=r"no run.json in it; need a folder that `emoduet run` wrote, or a predictions"
    ):
        read_run(tmp_path)
    with pytest.raises(InputError, match="no run.json in it"):
        read_run(tmp_path / "nowhere")


def test_a_run_without_a_finished_fold(copy):
    for folder in copy.glob("fold*-seed*"):
        (folder / "metrics.json").unlink()
    with pytest.raises(InputError, match="fusion: no fold is finished yet; the command that made the folder goes on"):
        read_run(copy)


@pytest.mark.parametrize("name", ["folds.json", "utterances.jsonl"])
def test_a_folder_copied_in_part(copy, name):
    (copy / name).unlink()
    with pytest.raises(InputError, match=f"fusion: {name} missing; a run folder holds them. Was it written by an old"):
        read_run(copy)


def test_predictions_of_another_toolkit_must_be_scored_first(tmp_path):
    (tmp_path / "p.csv").write_text("id,label\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"p.csv: no predictions file .* make a run folder of it with `emoduet score --o"
    ):
        read_run(tmp_path / "p.csv")


def test_a_damaged_file(copy):
    (copy / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"run.json: not JSON \(.*\); the file is damaged"):
        read_run(copy)
