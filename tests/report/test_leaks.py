"""The audit in words: counted right, said once, and loud where it must be."""

from dataclasses import replace

import numpy as np
import pytest
from invented_runs import Invention, change_json, easy_manifest, invent_run
from small_runs import read_json

from emoduet.assessment import TWINNED, UNCOMPARED
from emoduet.breakdown import Breakdown, Row
from emoduet.evaluation import Answers
from emoduet.report import read_contents
from emoduet.report.leaks import audits_of, script_sentences, twin_sentences
from emoduet.report.page import page_of
from emoduet.runs import Run, assess_run


def test_runs_of_one_audit_are_told_together(contents):
    views = audits_of(contents.subjects)
    assert [(view.protocol, view.runs) for view in views] == [("loso", ("good", "poor")), ("paper", ("seen",))]
    assert not any(view.guards_in_vain for view in views)
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
    assert "No tested line could be compared with training: too short, or no transcript." in view.sentences


def test_none_of_the_lines_that_could_be_compared(contents):
    good = contents.subjects[0]
    audit = good.run.audit | {"twins": {}}
    for uncompared, told in (
        ({"1": ["s1t0", "s1t1"]}, "None of the 22 tested utterances whose line could be compared has the same or "),
        ({}, "No tested utterance has the same or nearly the same line in training."),
    ):
        (view,) = audits_of([replace(good, run=replace(good.run, audit=audit | {"uncompared": uncompared}))])
        assert view.sentences[1].startswith(told)


def test_hard_leaks_are_loud_and_told_fold_by_fold(tmp_path):
    manifest = easy_manifest(tmp_path, speaker="one")
    (view,) = audits_of(read_contents([invent_run(tmp_path / "run", manifest)], "x").subjects)
    assert view.guards and view.guards_in_vain
    assert view.sentences[0].startswith("HARD LEAKS: 6.")  # the speaker, in training and validation of three folds
    assert any(told.startswith("Fold 1: training has the speaker of 8") for told in view.sentences)
    assert view.folds[0].hard == "speaker (8, train/test), speaker (8, validation/test)"


def test_where_hard_leaks_were_found_the_page_promises_no_guard(tmp_path, contents):
    manifest = easy_manifest(tmp_path, speaker="one")
    page = page_of(read_contents([invent_run(tmp_path / "run", manifest)], "x"))
    assert "<strong>Would guard:</strong> No utterance" in page and "But the audit found hard leaks." in page
    assert "<strong>Guards.</strong>" not in page
    assert "<strong>Guards.</strong>" in page_of(contents) and "Would guard" not in page_of(contents)


def test_a_run_without_an_audit_says_that_nothing_is_known(tmp_path, manifest):
    run = invent_run(tmp_path / "run", manifest)
    (run / "audit.json").unlink()
    (view,) = audits_of(read_contents([run], "x").subjects)
    assert view.folds == () and view.sentences[0].startswith("No audit is in these folders")


def test_with_and_without_twins_by_pencil(contents):
    """The short lines of the easy corpus were not compared; were they, without a twin, they would be clean."""
    good = contents.subjects[0]
    assert [row.value for row in good.assessment.twins.rows] == [TWINNED, UNCOMPARED]
    compared = replace(good.run, audit=good.run.audit | {"uncompared": {}})
    told = twin_sentences([replace(good, assessment=assess_run(compared))])
    assert told[0].startswith("BERT fine-tuning (Ours) (good): UA 66.7 [")  # of happy, angry and sad: 100, 50, 50
    assert "on the 18 tested utterances whose line is not in training, 100.0 on the 6 whose line is" in told[0]
    assert told[0].endswith(": 33.3 points higher.")


def test_lines_that_were_not_compared_have_a_sentence(contents):
    good = contents.subjects[0]
    some = replace(good.run, audit=good.run.audit | {"uncompared": {"1": ["s1t0"]}})
    (told,) = twin_sentences([replace(good, assessment=assess_run(some))])
    assert "on the 17 tested utterances whose line is not in training" in told
    assert "The lines of the other 1 were not compared, being short or not known: UA 100.0" in told


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


def test_a_sure_fall_of_a_system_that_reads_names_the_script_among_its_causes(pair):
    (told,) = script_sentences(read_contents(pair, "x").subjects)
    assert "UA 75.0 under loso (loose), 50.0 under script-disjoint (strict), which is 25.0 points lower; 95 % " in told
    assert "interval of loso less script-disjoint " in told and "(6 speakers); distinguishable." in told
    assert "Knowing the script is one cause that fits; other shares of the classes in training" in told
    assert "(label shift 0.0 % instead of 0.0 %, mean over folds) may be others." in told
    assert "25.0 % of the tested utterances have the same or nearly the same line in training" in told
    assert "under script-disjoint 0.0 %." in told
    assert "fewer training" not in told and "On scripted turns" not in told


def test_fewer_training_utterances_are_owned_up_to(pair):
    loose, strict = read_contents(pair, "x").subjects
    fewer = tuple(replace(fold, train=fold.train[:6]) for fold in strict.run.folds)
    (told,) = script_sentences([loose, replace(strict, run=replace(strict.run, folds=fewer, audit=None))])
    assert "fits; fewer training utterances (6 instead of 8 a fold, on average) and other shares of the" in told
    assert "same or nearly the same line" not in told and "label shift" not in told


def test_of_a_system_that_hears_only_the_script_is_no_cause(pair):
    deaf = []
    for subject in read_contents(pair, "x").subjects:
        recipe = {key: value for key, value in subject.recipe.items() if key != "text_encoder"}
        deaf.append(
            replace(subject, run=replace(subject.run, description=subject.run.description | {"recipe": recipe}))
        )
    (told,) = script_sentences(deaf)
    assert "distinguishable." in told and "This system does not read; causes may be other shares of the" in told
    assert "Knowing the script" not in told


def only_wrong(run: Run, ids: set[str]) -> Run:
    """The run with right answers but to these utterances."""
    answers = {}
    for key, one in run.answers.items():
        rows = np.full((len(one.utterances), len(one.classes)), 0.1)
        for row, utterance, label in zip(rows, one.utterances, one.labels, strict=True):
            row[(label + (utterance.id in ids)) % len(one.classes)] = 0.7
        answers[key] = Answers(one.utterances, one.classes, rows)
    return replace(run, answers=answers)


def test_a_fall_that_may_be_luck_is_given_no_cause(pair):
    loose, strict = read_contents(pair, "x").subjects
    first = loose.run.utterances[0].id
    told = script_sentences(
        [replace(loose, run=only_wrong(loose.run, set())), replace(strict, run=only_wrong(strict.run, {first}))]
    )[0]
    assert "points lower" in told and "not distinguishable, so that nothing follows for the script." in told
    assert "Knowing the script" not in told and "may be" not in told


def test_two_speakers_are_not_judged(pair):
    few = []
    for subject in read_contents(pair, "x").subjects:
        answers = {key: one for key, one in subject.run.answers.items() if key[0] == 1}
        few.append(replace(subject, run=replace(subject.run, answers=answers)))
    (told,) = script_sentences(few)
    assert "not judged, as there are too few clusters (2 speakers" in told and "Knowing the script" not in told


def test_runs_that_share_no_utterance_are_not_set_against_each_other(pair):
    apart = []
    for fold, subject in enumerate(read_contents(pair, "x").subjects, start=1):
        answers = {key: one for key, one in subject.run.answers.items() if key[0] == fold}
        apart.append(replace(subject, run=replace(subject.run, answers=answers)))
    assert script_sentences(apart) == []


def styled(subject, scripted: float, improvised: float, number: int = 12):
    """The subject with a breakdown of two rows by style."""
    rows = (Row("scripted", number, scripted, 0.5, None), Row("improvised", 12, improvised, 0.5, None))
    others = tuple(one for one in subject.assessment.breakdowns if one.name != "scripted or improvised")
    found = (*others, Breakdown("scripted or improvised", rows))
    return replace(subject, assessment=replace(subject.assessment, breakdowns=found))


def test_scripted_and_improvised_turns_are_told_apart(pair):
    loose, strict = read_contents(pair, "x").subjects
    (told,) = script_sentences([styled(loose, 0.738, 0.609), styled(strict, 0.551, 0.609)])
    assert "On scripted turns 73.8 against 55.1, on improvised ones, which both train alike, 60.9 and 60.9." in told
    (told,) = script_sentences([styled(loose, 0.738, 0.609), styled(strict, 0.551, 0.609, number=3)])
    assert "On scripted turns" not in told


def test_no_fall_is_no_explanation(pair):
    loose, strict = read_contents(pair, "x").subjects
    (told,) = script_sentences([loose, replace(strict, run=replace(strict.run, answers=loose.run.answers))])
    assert "which is the same; " in told and "Knowing the script" not in told


def test_another_recipe_or_manifest_is_no_pair(pair):
    loose, strict = pair
    change_json(strict / "run.json", manifest_sha256="other")
    assert script_sentences(read_contents(pair, "x").subjects) == []
