"""What goes into a report: which runs, which pairs, whose words."""

import re
from dataclasses import replace

import pytest
from invented_runs import easy_manifest

from emoduet.errors import InputError
from emoduet.report import read_contents, read_signal
from emoduet.report.contents import compare_subjects


def test_runs_on_the_same_utterances_are_compared_the_better_one_first(contents):
    pairs = [(one.a.name, one.b.name) for one in contents.comparisons]
    assert pairs == [("good", "seen"), ("good", "poor"), ("seen", "poor")]
    assert contents.comparisons[1].ua.difference == pytest.approx(0.25)


def test_of_many_runs_each_is_compared_with_the_best(contents):
    good, poor, seen = contents.subjects
    pairs = compare_subjects([poor, good, poor, poor, seen, poor])
    assert len(pairs) == 5 and {one.a.name for one in pairs} == {"good"}


def test_other_utterances_are_not_compared(contents):
    good, poor, _ = contents.subjects
    less = {key: answers for key, answers in poor.run.answers.items() if key != (2, 0)}
    assert compare_subjects([good, replace(poor, run=replace(poor.run, answers=less))]) == ()


def test_no_run_is_no_report():
    with pytest.raises(InputError, match="no run; give at least one folder"):
        read_contents([], "x")


def test_a_run_twice_is_refused(folders):
    twice = folders[0].parent / "poor" / ".." / "good"
    with pytest.raises(InputError, match=f"{re.escape(str(folders[0]))} is given twice"):
        read_contents([folders[0], twice], "x")


def test_words_come_from_the_runs_own_manifest(manifest, folders):
    signal = read_signal(manifest, folders, transcripts=True, audio=False)
    assert signal.utterances["s1t0"].transcript == "no stop it"
    assert (signal.transcripts, signal.audio) == (True, False)


def test_another_manifest_is_refused(tmp_path, folders):
    other = easy_manifest(tmp_path, dialogue="another")
    with pytest.raises(InputError, match=rf"{re.escape(str(other))}: its digest is .*{re.escape(str(folders[0]))} was"):
        read_signal(other, folders, transcripts=True, audio=False)


def test_a_lone_file_of_predictions_has_no_manifest(manifest, folders):
    with pytest.raises(InputError, match="was made from None"):
        read_signal(manifest, [folders[0] / "fold1-seed0" / "predictions.jsonl"], transcripts=True, audio=False)
