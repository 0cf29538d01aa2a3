"""What a card says of data and measurements, by pencil: counts, scores with their conditions, and what stays unsaid."""

from dataclasses import replace

import numpy as np
import pytest
from easy_corpus import small_recipe

from emoduet.assessment import assess
from emoduet.breakdown import Row
from emoduet.cards.facts import base_models, data_told, facts_of_model, marks_of, measured, parts_of
from emoduet.evaluation import Answers
from emoduet.protocols import Fold
from emoduet.results import pool
from emoduet.significance import Interval
from emoduet.types import Utterance

CLASSES = ("angry", "happy", "neutral", "sad")
CONDITIONS = {"manifest": "c.jsonl", "protocol": "loso", "fold_name": "test S1"}


def said_by(speaker, pattern="aa hh nn ss", **fields):
    """An utterance a pair: "ah" is an angry one taken for a happy one."""
    pairs = pattern.split()
    utterances = tuple(
        Utterance(id=f"{speaker}-{n}", label=CLASSES["ahns".index(pair[0])], speaker=speaker, **fields)
        for n, pair in enumerate(pairs)
    )
    return Answers(utterances, CLASSES, np.array([np.eye(4)["ahns".index(pair[1])] for pair in pairs]))


def of_two_sexes():
    women = [said_by(f"F{n}", "aa hh nn ss" if n else "aa hh nn sa", sex="F") for n in range(5)]
    return pool([*women, *(said_by(f"M{n}", "aa hh nn sa" if n else "aa hh nn ss", sex="M") for n in range(5))])


def test_data_are_counted_by_part_class_and_speaker():
    train = [*said_by("P", "aa aa ss", sex="F").utterances, *said_by("Q", "hh", sex="M").utterances]
    test = said_by("R", "nn", extra={"corpus": "MELD"}).utterances
    nobody = said_by(None, "ss").utterances
    assert data_told({"train": train, "test": test, "other": nobody}, CLASSES) == (
        "| part | utterances | angry | happy | neutral | sad | speakers |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |\n"
        "| train | 4 | 2 | 1 | 0 | 1 | 2 (1 F, 1 M) |\n"
        "| test | 1 | 0 | 0 | 1 | 0 | 1 |\n"
        "| other | 1 | 0 | 0 | 0 | 1 | not known |\n\n"
        "Corpora: MELD (1)."
    )


def test_parts_are_those_of_the_fold():
    utterances = {one.id: one for one in said_by("P").utterances}
    fold = Fold(1, "one", ("P-0", "P-1"), (), ("P-3",), ("P-2",), (), (), (), {})
    found = parts_of(fold, utterances)
    assert {name: [one.id for one in part] for name, part in found.items()} == {
        "train": ["P-0", "P-1"],
        "test": ["P-3"],
    }


def test_scores_gaps_and_calibration_of_a_model():
    """Women 4.8 of 5 right on average, men 4.2: of sad ones 4 of 5 and 1 of 5."""
    facts = facts_of_model(small_recipe(), CONDITIONS, {}, of_two_sexes())
    lines = facts.scores.splitlines()
    assert lines[0] == "Of 40 utterances that did not train; intervals at 95 % over 10 speakers; seed 0."
    assert "**" not in facts.scores
    assert lines[2] == "- UA (mean of the classes' recalls): 87.5, 75.1 to 94.2"
    assert lines[-1] == "- recall: angry 100.0, happy 100.0, neutral 100.0, sad 50.0"
    assert "- by sex, F less M: +15.0 points, 95 % interval " in facts.groups
    assert "(F: UA 95.0, 5 speakers, 20 utterances; M: UA 80.0, 5 speakers, 20 utterances)" in facts.groups
    assert "UA of 10 speakers: least 75.0" in facts.groups
    assert facts.calibration.startswith("- on the same utterances: expected calibration error 12.5 %, Brier 0.250")


def test_the_head_says_the_scores_with_their_intervals_in_the_hubs_terms():
    results = facts_of_model(small_recipe(), CONDITIONS, {}, of_two_sexes()).results
    told = [(one.metric_type, one.metric_value, one.metric_args) for one in results]
    assert told[:2] == [("recall", 0.875, {"average": "macro"}), ("accuracy", 0.875, None)]
    assert told[2][0] == "f1"
    assert {one.dataset_name for one in results} == {"c.jsonl, loso, test S1"}
    assert results[0].metric_name == "UA, 95 % interval 75.1 to 94.2"
    few = facts_of_model(small_recipe(), CONDITIONS, {}, said_by("P", "aa ah hh nn ss"))
    assert few.results[0].metric_name == "UA, no interval"


@pytest.mark.parametrize(
    ("condition", "mark"),
    [
        ("test_data_in_the_loop", "test data in the loop"),
        ("leaking", "LEAKING"),
        ("training_labels_shuffled", "training labels shuffled"),
        ("synthetic_corpus", "synthetic corpus: means nothing about people"),
    ],
)
def test_marked_scores_are_quoted_with_their_mark_and_stay_out_of_the_head(condition, mark):
    facts = facts_of_model(small_recipe(), CONDITIONS | {condition: True}, {}, of_two_sexes())
    assert f"\n**To be quoted with: {mark}.**\n" in facts.scores
    assert facts.results == ()
    assert marks_of({condition: False}) == []


def test_optimistic_scores_stay_out_of_the_head():
    facts = facts_of_model(small_recipe(), CONDITIONS, {}, of_two_sexes(), "picked the epoch")
    assert "**To be quoted with: held-out part, which picked the epoch.**" in facts.scores and facts.results == ()
    assert facts.calibration.splitlines()[-1].startswith("- the temperature was fitted on these very utterances")


def test_the_seed_is_that_of_the_training():
    facts = facts_of_model(small_recipe(), CONDITIONS | {"fold": 2, "seed": 3}, {}, of_two_sexes())
    assert "; seed 3." in facts.scores and "temperature" not in facts.calibration


@pytest.mark.parametrize("answers", [None, Answers((), CLASSES, np.empty((0, 4)))])
def test_what_nobody_asked_is_not_known(answers):
    facts = facts_of_model(small_recipe(), CONDITIONS, {"train": said_by("P").utterances}, answers)
    assert (facts.scores, facts.groups, facts.calibration, facts.results) == ("", "", "", ())
    assert "| train | 4 |" in facts.data


def test_a_class_that_was_not_tested_has_no_recall_and_one_group_no_gap():
    facts = facts_of_model(small_recipe(), CONDITIONS, {}, said_by("P", "aa ah hh"))
    assert "no interval" in facts.scores and "neutral not tested, sad not tested" in facts.scores
    assert "The utterances name no two groups of speakers by sex, age or accent." in facts.groups
    assert "No spread over speakers shown" in facts.groups


def test_a_whole_run_has_baselines_twins_seeds_and_thresholds_too():
    answers, keys = of_two_sexes(), [(1, 0), (1, 1)]
    unsure = replace(answers, probabilities=0.7 * answers.probabilities + 0.075)
    assessment = assess(
        dict.fromkeys(keys, unsure),
        validation=dict.fromkeys(keys, unsure),
        temperatures={(1, 0): 2.0},
        twins={1: {"F1-0": "verbatim"}},
        baselines=(Row("majority", 40, 0.25, 0.25, Interval(0.2, 0.3)),),
    )
    facts = measured(assessment, small_recipe(), "c", [], "")
    assert "2 seeds, mean ± deviation." in facts.scores and "87.5 ± 0.0, " in facts.scores
    assert "\n- UA of the baseline majority: 25.0, 20.0 to 30.0" in facts.scores
    assert "\n- UA of items with a twin in training: 100.0, no interval" in facts.scores
    calibration = facts.calibration.splitlines()
    assert calibration[1].startswith("- without the temperature: expected calibration error ")
    assert calibration[2] == "- thresholds that kept the error at 5 % on validation data: 0.0 % are answered"
    assert calibration[4].endswith("at 20 % on validation data: 100.0 % are answered, 12.5 % of these wrongly")


def test_labels_alone_say_nothing_of_calibration():
    assessment = assess({(1, 0): of_two_sexes()}, only_labels=True)
    assert measured(assessment, small_recipe(), "c", [], "").calibration == ""


def test_encoders_of_the_hub_are_what_it_grew_from(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    names = ["audio_encoder.name=facebook/hubert-base-ls960", "text_encoder.name=mine"]
    assert base_models(small_recipe("demo-paper", *names)) == ("facebook/hubert-base-ls960",)
    assert base_models(small_recipe("demo-paper", "text_encoder.name=some/where/else")) == ()
