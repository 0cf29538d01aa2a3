"""A run in one line: the numbers, and everything they must be quoted with."""

import math
from dataclasses import replace

import pytest
from invented_runs import CLASSES, Invention, change_json, easy_manifest, invent_run

from emoduet.evaluation import Answers
from emoduet.report import read_contents
from emoduet.report.breakdowns import breakdown_tables
from emoduet.report.headline import class_scores, groups_of, headline_of, paper_row


@pytest.fixture
def subjects(contents):
    return {subject.run.name: subject for subject in contents.subjects}


def test_a_line_says_what_was_scored_how_and_on_what(subjects):
    line = headline_of(subjects["poor"])
    assert (line.title, line.recipe, line.name) == ("Wav2vec2.0+CNN+BLSTM (Ours)", "demo-audio-only", "poor")
    assert (line.ua, line.wa, line.fold_mean) == ("50.0", "50.0", "50.0")
    assert (line.protocol, line.trained_on) == ("loso", "1 session, 8 utterances")
    assert (line.tested_on, line.seeds, line.interval_over) == ("24 utterances, 3 folds", "1 seed (0)", "6 speakers")
    assert line.marks == ("synthetic corpus",)


def test_the_papers_figure_comes_with_what_is_otherwise(subjects):
    line = headline_of(subjects["good"])
    assert line.paper == "71.01"
    assert line.paper_note == (
        "another corpus (IEMOCAP); another protocol (test data in the loop); other encoders (large, pretrained)"
    )
    assert "another protocol" not in headline_of(subjects["seen"]).paper_note


def test_a_figure_that_the_paper_only_quotes_is_of_another_system(tmp_path, manifest):
    run = invent_run(tmp_path / "cited", manifest, Invention("demo-lstm-attention", protocol="paper"))
    (subject,) = read_contents([run], "cited").subjects
    line = headline_of(subject)
    assert line.paper == "58.80"
    assert line.paper_note == "another system (its authors' own, quoted by the paper); another corpus (IEMOCAP)"


def test_the_papers_figure_of_real_utterances_in_another_number(tmp_path, manifest):
    run = invent_run(tmp_path / "real", manifest, Invention("text-only", synthetic=False))
    (subject,) = read_contents([run], "real").subjects
    assert (
        headline_of(subject).paper_note
        == "other utterances (5,531 of IEMOCAP); another protocol (test data in the loop)"
    )


@pytest.mark.parametrize(
    ("recipe", "printed"),
    [("paper", 74.71), ("demo-paper-frozen", 71.20), ("audio-only", 60.01), ("demo-text-only", 71.01)],
)
def test_recipes_and_their_small_twins_have_a_row_of_the_paper(recipe, printed):
    assert paper_row(recipe).printed_ua == printed


@pytest.mark.parametrize("recipe", ["", "mine", "audio-only-frozen", "demo-"])
def test_other_recipes_have_none(recipe):
    assert paper_row(recipe) is None


def test_only_finished_folds_are_counted(tmp_path, manifest):
    run = invent_run(tmp_path / "part", manifest)
    (run / "fold2-seed0" / "metrics.json").unlink()
    (subject,) = read_contents([run], "part").subjects
    assert headline_of(subject).tested_on == "16 utterances, 2 folds"


def test_a_corpus_without_sessions_is_counted_in_utterances(subjects):
    run = subjects["good"].run
    folds = tuple(replace(fold, train_sessions=()) for fold in run.folds)
    assert headline_of(replace(subjects["good"], run=replace(run, folds=folds))).trained_on == "8 utterances"


def test_runs_of_one_protocol_share_their_baselines(contents):
    groups = groups_of(contents.subjects)
    assert [[line.name for line in group.headlines] for group in groups] == [["good", "poor"], ["seen"]]
    assert "majority" in [row.value for row in groups[0].baselines]


def test_classes_by_pencil(subjects):
    angry, happy, neutral, sad = class_scores(subjects["good"])
    assert [one.name for one in (angry, happy, neutral, sad)] == list(CLASSES)
    assert [one.recall for one in (angry, happy, neutral, sad)] == [0.5, 1, 1, 0.5]
    assert [one.precision for one in (angry, happy)] == [0.5, 2 / 3]  # the sad are taken for angry, the angry for happy
    assert [one.num_utterances for one in (angry, sad)] == [6, 6]  # two seeds answered each


def test_a_recall_has_an_interval_where_five_speakers_have_the_class(tmp_path):
    manifest = easy_manifest(tmp_path)
    (subject,) = read_contents([invent_run(tmp_path / "six", manifest)], "six").subjects
    assert all(one.interval is None for one in class_scores(subject))  # two speakers a session, two classes each
    spread = {key: alone(answers) for key, answers in subject.run.answers.items()}
    angry, *_ = class_scores(replace(subject, run=replace(subject.run, answers=spread)))
    assert angry.interval.low <= angry.recall <= angry.interval.high


def alone(answers: Answers) -> Answers:
    """Each utterance by a speaker of its own."""
    utterances = tuple(replace(one, speaker=one.id) for one in answers.utterances)
    return Answers(utterances, answers.classes, answers.probabilities)


def test_a_class_that_nobody_said_has_no_recall(tmp_path):
    manifest = easy_manifest(tmp_path)
    run = invent_run(tmp_path / "five", manifest)
    change_json(run / "run.json", classes=[*CLASSES, "bored"])
    (subject,) = read_contents([with_fifth_class(run)], "five").subjects
    bored = class_scores(subject)[-1]
    assert math.isnan(bored.recall) and bored.num_utterances == 0 and bored.interval is None


def with_fifth_class(run):
    for path in run.glob("*/*.jsonl"):
        if path.parent != run:
            path.write_text(path.read_text().replace('"probabilities": {', '"probabilities": {"bored": 0.0, '))
    return run


# Breakdowns


def test_breakdowns_stand_side_by_side(subjects):
    tables = {table.name: table for table in breakdown_tables(list(subjects.values()))}
    assert "speaker" not in tables and tables["session"].values == ("S1", "S2", "S3")
    name, cells = tables["session"].rows[1]
    assert name == "poor" and [cell.ua for cell in cells] == ["50.0", "50.0", "50.0"]
    assert [cell.num for cell in cells] == ["8", "8", "8"]


def sessions(subject, number: int):
    """The subject with its sessions' breakdown repeated to that many."""
    (found,) = (one for one in subject.assessment.breakdowns if one.name == "session")
    rows = tuple(replace(found.rows[0], value=f"S{place}") for place in range(number))
    return replace(subject, assessment=replace(subject.assessment, breakdowns=(replace(found, rows=rows),)))


@pytest.mark.parametrize(("number", "widths"), [(6, [6]), (8, [6, 2]), (25, [])])
def test_many_values_go_into_several_tables_or_none(subjects, number, widths):
    assert [len(table.values) for table in breakdown_tables([sessions(subjects["good"], number)])] == widths


def test_a_value_that_a_run_lacks_has_no_cell(subjects):
    (table,) = breakdown_tables([sessions(subjects["good"], 2), sessions(subjects["poor"], 1)])
    assert table.rows[1][1][0] is not None and table.rows[1][1][1] is None
