"""The audit in words: counted right, said once, and loud where it must be."""

from dataclasses import replace

import pytest
from invented_runs import Invention, change_json, easy_manifest, invent_run
from small_runs import read_json

from emoduet.report import read_contents
from emoduet.report.leaks import audits_of, script_sentences, twin_sentences


def test_runs_of_one_audit_are_told_together(contents):
    views = audits_of(contents.subjects)
    assert [(view.protocol, view.runs) for view in views] == [("loso", ("good", "poor")), ("paper", ("seen",))]
    assert "session" in views[0].guards and "learning rate" in views[1].does_not_guard


def test_soft_leaks_are_summed_up_and_counted_by_fold(contents):
    loso = audits_of(contents.subjects)[0]
    assert loso.sentences[0] == "Hard leaks: none."
    assert loso.sentences[1] == (
        "Soft leaks: 6 of 24 tested utterances (25.0 %) have the same or nearly the same line in training, 6 of them "
        "word for word."
    )
    assert not any(told.startswith("Fold ") for told in loso.sentences)
    assert [(fold.test, fold.left_out, fold.twins, fold.hard) for fold in loso.folds] == [
        ("8", "0", "2 (25.0 %)", "none")
    ] * 3


def test_a_corpus_without_recurring_lines_is_said_to_have_none(tmp_path):
    manifest = easy_manifest(tmp_path, transcript=None)
    (view,) = audits_of(read_contents([invent_run(tmp_path / "run", manifest)], "x").subjects)
    assert "No tested utterance has the same or nearly the same line in training." in view.sentences


def test_hard_leaks_are_loud_and_told_fold_by_fold(tmp_path):
    manifest = easy_manifest(tmp_path, speaker="one")
    (view,) = audits_of(read_contents([invent_run(tmp_path / "run", manifest)], "x").subjects)
    assert view.sentences[0].startswith("HARD LEAKS: 6.")  # the speaker, in training and validation of three folds
    assert any(told.startswith("Fold 1: training has the speaker of 8") for told in view.sentences)
    assert view.folds[0].hard == "speaker (8, train/test), speaker (8, validation/test)"


def test_a_run_without_an_audit_says_that_nothing_is_known(tmp_path, manifest):
    run = invent_run(tmp_path / "run", manifest)
    (run / "audit.json").unlink()
    (view,) = audits_of(read_contents([run], "x").subjects)
    assert view.folds == () and view.sentences[0].startswith("No audit is in these folders")


def test_with_and_without_twins_by_pencil(contents):
    told = twin_sentences(contents.subjects)
    assert told[0].startswith("BERT fine-tuning (Ours) (good): UA 66.7 [")  # of happy, angry and sad: 100, 50, 50
    assert "on the 18 tested utterances whose line is not in training, 100.0 on the 6 whose line is" in told[0]
    assert told[0].endswith(": 33.3 points higher.")


def test_with_twins_alone_there_is_nothing_to_compare(contents):
    good = contents.subjects[0]
    one_row = replace(good.assessment.twins, rows=good.assessment.twins.rows[:1])
    unaudited = replace(good, assessment=replace(good.assessment, twins=None))
    assert twin_sentences([replace(good, assessment=replace(good.assessment, twins=one_row)), unaudited]) == []


# The script's worth


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """One recipe under `loso`, and, worse, under `script-disjoint`, where no line recurs and training is smaller."""
    folder = tmp_path_factory.mktemp("scripts")
    manifest = easy_manifest(folder)
    loose = invent_run(folder / "loose", manifest)
    strict = invent_run(folder / "strict", manifest, Invention(wrong=(1, 3, 4, 6)))
    change_json(strict / "run.json", protocol="script-disjoint")
    audit = read_json(strict / "audit.json")
    change_json(strict / "audit.json", twins={number: {} for number in audit["twins"]})
    return loose, strict


def test_what_the_script_is_worth_is_said(pair):
    (told,) = script_sentences(read_contents(pair, "x").subjects)
    assert "UA 75.0 under loso (loose), 50.0 under script-disjoint (strict), which is 25.0 points lower." in told
    assert "what knowing the script is worth" in told
    assert "25.0 % of the tested utterances have the same or nearly the same line in training" in told
    assert "under script-disjoint 0.0 %." in told
    assert "trains on fewer" not in told


def test_fewer_training_utterances_are_owned_up_to(pair):
    loose, strict = read_contents(pair, "x").subjects
    fewer = tuple(replace(fold, train=fold.train[:6]) for fold in strict.run.folds)
    (told,) = script_sentences([loose, replace(strict, run=replace(strict.run, folds=fewer, audit=None))])
    assert told.endswith("script-disjoint trains on fewer utterances (6 instead of 8 a fold, on average).")
    assert "same or nearly the same line" not in told


def test_another_recipe_or_manifest_is_no_pair(pair, manifest, tmp_path):
    loose, strict = pair
    change_json(strict / "run.json", manifest_sha256="other")
    assert script_sentences(read_contents(pair, "x").subjects) == []


def test_no_fall_is_no_explanation(pair):
    loose, strict = read_contents(pair, "x").subjects
    same = replace(strict, run=replace(strict.run, description=loose.run.description | {"protocol": "script-disjoint"}))
    (told,) = script_sentences([loose, replace(same, assessment=loose.assessment)])
    assert "which is the same." in told and "what knowing the script is worth" not in told
