"""Two runs on the same utterances, by pencil: what is paired, what is told, and when a difference counts."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoduet.comparison import compare_runs
from emoduet.errors import InputError
from emoduet.evaluation import Answers
from emoduet.protocols import Fold
from emoduet.runs import Run
from emoduet.types import Utterance

CLASSES = ("angry", "happy")
NUMBERS = {"a": 0, "h": 1}


def answered(pattern, start=0, speakers=6, classes=CLASSES, **said):
    """One utterance a letter pair: "ah" is an angry one taken for a happy one."""
    pairs = pattern.split()
    utterances = tuple(
        Utterance(
            id=f"u{start + place}",
            label={"a": "angry", "h": "happy"}[pair[0]],
            **{"speaker": f"s{place % speakers}", **said},
        )
        for place, pair in enumerate(pairs)
    )
    names = {"a": "angry", "h": "happy"}
    rows = np.array([np.eye(2)[classes.index(names[pair[1]])] for pair in pairs])
    return Answers(utterances, classes, rows)


def run(name, answers, classes=CLASSES, folds=(), metrics=None, **description):
    return Run(
        folder=Path("/runs") / name,
        description={"protocol": "loso", **description},
        folds=tuple(folds),
        classes=classes,
        answers=answers,
        validation={},
        temperatures={},
        audit=None,
        baselines=(),
        metrics=metrics or {},
        histories={},
    )


GOOD, POOR = "aa hh " * 12, "ah hh ah hh aa hh " * 4  # POOR: UA (1/3 + 1) / 2, WA 2/3, each speaker alike


def test_the_difference_by_pencil():
    comparison = compare_runs(run("fusion", {(1, 0): answered(GOOD)}), run("text", {(1, 0): answered(POOR)}))
    assert (comparison.a.ua, comparison.a.wa) == (1, 1)
    assert (comparison.b.ua, comparison.b.wa) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert comparison.ua.difference == comparison.wa.difference == pytest.approx(1 / 3)
    assert (comparison.wa.only_a_right, comparison.wa.only_b_right) == (8, 0)
    assert (comparison.num_utterances, comparison.cluster_kind, comparison.num_clusters) == (24, "speaker", 6)
    assert (comparison.warnings, comparison.notes, comparison.seeds) == ((), (), ((0, 0),))


def test_what_is_distinguishable_and_what_is_not():
    """All the difference lies with two speakers of six in the second pair."""
    clear = compare_runs(run("A", {(1, 0): answered(GOOD)}), run("B", {(1, 0): answered("ah ha " * 12)}))
    assert clear.distinguishable(clear.ua)
    assert clear.sentence() == "A is 100.0 UA above B; 95 % interval 100.0 to 100.0 (6 speakers); distinguishable"
    assert "permutation" not in clear.sentence()
    once = compare_runs(
        run("A", {(1, 0): answered("aa hh " * 12)}), run("B", {(1, 0): answered("ah hh " + "aa hh " * 11)})
    )
    assert not once.distinguishable(once.ua)
    assert once.sentence().startswith("A is 4.2 UA above B; 95 % interval ")
    assert once.sentence().endswith("(6 speakers); not distinguishable")


@pytest.mark.parametrize(
    ("low", "high", "p", "expected"),
    [(0.01, 0.2, 0.01, True), (-0.2, -0.01, 0.01, True), (-0.01, 0.2, 0.01, False), (0.01, 0.2, 0.06, False)],
)
def test_interval_and_permutation_test_must_agree(low, high, p, expected):
    comparison = compare_runs(run("A", {(1, 0): answered(GOOD)}), run("B", {(1, 0): answered(POOR)}))
    paired = replace(comparison.ua, interval=replace(comparison.ua.interval, low=low, high=high), permutation_p=p)
    assert comparison.distinguishable(paired) is expected


def test_a_difference_that_the_permutation_test_alone_doubts_is_said_to_be_so():
    comparison = compare_runs(run("A", {(1, 0): answered(GOOD)}), run("B", {(1, 0): answered(POOR)}))
    ends = replace(comparison.ua.interval, low=0.01, high=0.2)
    doubted = replace(comparison, ua=replace(comparison.ua, interval=ends, permutation_p=0.0812))
    assert doubted.sentence() == (
        "A is 33.3 UA above B; 95 % interval 1.0 to 20.0 (6 speakers); not distinguishable (permutation p = 0.081)"
    )


def test_sentences_say_which_way():
    a, b = run("A", {(1, 0): answered(POOR)}), run("B", {(1, 0): answered(GOOD)})
    ua, wa = compare_runs(a, b).sentences()
    assert ua.startswith("A is 33.3 UA below B; 95 % interval -")
    assert wa.startswith("A is 33.3 WA below B; ")
    assert compare_runs(a, a).sentence().startswith("A is level in UA with A; ")


@pytest.mark.parametrize(("speakers", "least"), [(5, "0.0625"), (4, "0.125"), (2, "0.5")])
def test_few_speakers_are_not_judged(speakers, least):
    a, b = (run(name, {(1, 0): answered(one, speakers=speakers)}) for name, one in (("A", GOOD), ("B", POOR)))
    comparison = compare_runs(a, b)
    assert comparison.distinguishable(comparison.ua) is None
    assert comparison.sentence() == (
        f"A is 33.3 UA above B; cannot be judged: with {speakers} speakers a permutation p cannot go below {least}"
    )


def test_a_single_speaker_is_scored_and_not_judged():
    a, b = (run(name, {(1, 0): answered(one, speakers=1)}) for name, one in (("A", GOOD), ("B", POOR)))
    assert compare_runs(a, b).sentence() == "A is 33.3 UA above B; cannot be judged: 1 speaker: too few for an interval"


# Pairing


def test_utterances_are_paired_by_id_and_not_by_place():
    mixed = answered(GOOD)
    order = np.arange(24)[::-1]
    turned = Answers(tuple(mixed.utterances[i] for i in order), CLASSES, mixed.probabilities[order])
    assert compare_runs(run("A", {(1, 0): mixed}), run("B", {(1, 0): turned})).wa.only_a_right == 0


def test_classes_in_another_order_are_the_same_classes():
    turned = ("happy", "angry")
    b = run("B", {(1, 0): answered(POOR, classes=turned)}, classes=turned)
    assert compare_runs(run("A", {(1, 0): answered(GOOD)}), b).b.wa == pytest.approx(2 / 3)


def test_only_common_utterances_count():
    """A tests u0 to u23, B u12 to u35; of the twelve in common B gets four wrong."""
    a, b = run("A", {(1, 0): answered(GOOD)}), run("B", {(1, 0): answered(POOR, start=12)})
    comparison = compare_runs(a, b)
    assert comparison.num_utterances == 12
    assert comparison.b.wa == pytest.approx(8 / 12)
    assert comparison.notes == ("only the 12 utterances that both test are compared (A tests 24, B 24)",)


def test_seeds_are_paired_by_number():
    """Seed 1 of A is all wrong, and B has no seed 1."""
    a = run("A", {(1, 0): answered(GOOD), (1, 1): answered("ah ha " * 12)})
    comparison = compare_runs(a, run("B", {(1, 0): answered(POOR), (1, 2): answered(POOR)}))
    assert comparison.seeds == ((0, 0),)
    assert comparison.a.wa == 1
    assert comparison.notes == ("only seeds that both have are compared: 0 (0, 1 and 0, 2 were run)",)


def test_several_seeds_are_stacked():
    a = run("A", {(1, 0): answered(GOOD), (1, 1): answered(POOR)})
    comparison = compare_runs(a, run("B", {(1, 0): answered(POOR), (1, 1): answered(POOR)}))
    assert comparison.ua.difference == pytest.approx(1 / 6)
    assert (comparison.num_utterances, comparison.ua.num_utterances, comparison.num_clusters) == (24, 48, 6)
    [note] = comparison.notes
    assert note.startswith("McNemar's test takes every seed's answers for independent ones")


def test_seeds_that_have_no_number_in_common():
    comparison = compare_runs(run("A", {(1, 3): answered(GOOD)}), run("B", {(1, 0): answered(POOR)}))
    assert comparison.seeds == ((3, 0),)
    assert comparison.notes == ("no seed in common; paired in order: 3 with 0",)


def test_the_side_that_knows_the_speakers_lends_them():
    a = run("A", {(1, 0): answered(GOOD, speaker=None)})
    assert compare_runs(a, run("B", {(1, 0): answered(POOR)})).num_clusters == 6


@pytest.mark.parametrize(
    ("b", "message"),
    [
        (run("B", {(1, 0): answered("aa hh", start=90)}), "A and B test no utterance in common; need the same corpus"),
        (run("B", {(1, 0): answered("ha hh")}), "u0: labelled angry in A and happy in B; need one truth to compare by"),
        (run("B", {(1, 0): answered(GOOD), (2, 0): answered("aa")}), "B: u0 is tested twice with seed 0, the second "),
        (
            run("B", {(1, 0): answered(GOOD)}, classes=("angry", "sad")),
            "A knows the classes angry, happy, B angry, sad",
        ),
    ],
)
def test_refusals(b, message):
    with pytest.raises(InputError, match=message):
        compare_runs(run("A", {(1, 0): answered(GOOD)}), b)


# What makes a difference mean less


def fold(train, number=1):
    ids = {"train": tuple(train), "validation": (), "test": tuple(f"u{n}" for n in range(24)), "left_out": ()}
    return Fold(number, "", **ids, train_sessions=(), validation_sessions=(), test_sessions=(), reasons={})


def warnings(**of_b):
    a = run("A", {(1, 0): answered(GOOD)}, folds=[fold("xyz")], manifest_sha256="1")
    return compare_runs(a, run("B", {(1, 0): answered(POOR)}, **of_b))


def test_a_fair_comparison_has_no_warning():
    assert warnings(folds=[fold("xyz")], manifest_sha256="1").warnings == ()


def test_another_protocol():
    [warning] = warnings(folds=[fold("xy")], **{"protocol": "random"}).warnings
    assert warning.startswith("the protocols differ (loso, random): the difference is one of protocols as well")


def test_other_training_data_under_the_same_protocol():
    [warning] = warnings(folds=[fold("xy")]).warnings
    assert warning == "the folds differ: for some utterances the two runs were trained on different data"


def test_test_data_in_the_loop():
    comparison = warnings(folds=[fold("xyz")], metrics={(1, 0): {"note": "test data in the loop"}})
    assert comparison.warnings == ("test data in the loop in one run only, which favours it",)
    assert comparison.b.conditions() == "B; loso; test data in the loop"


@pytest.mark.parametrize(
    ("of_b", "warning"),
    [
        ({"training_labels_shuffled": True}, "training labels shuffled in one run only, which has learnt nothing"),
        ({"metrics": {(1, 0): {"note": "no validation"}}}, "no validation in one run only, which trains on more"),
    ],
)
def test_marks_of_one_run_alone(of_b, warning):
    [told] = warnings(folds=[fold("xyz")], manifest_sha256="1", **of_b).warnings
    assert told.startswith(warning)


def test_a_leak_of_one_run_alone():
    clean, leaking = run("A", {(1, 0): answered(GOOD)}), run("B", {(1, 0): answered(POOR)})
    leaking = replace(leaking, audit={"leaking": False, "num_hard_leaks": 2, "twins": {}})
    for a, b in ((clean, leaking), (leaking, clean)):
        assert compare_runs(a, b).warnings == ("LEAKING in one run only, which favours it",)
    assert compare_runs(leaking, leaking).warnings == ()


def test_an_unknown_protocol():
    comparison = warnings(protocol=None)
    assert comparison.warnings == ("nothing is known of how B was trained",)
    assert comparison.b.conditions() == "B; protocol unknown"


def test_other_manifests():
    notes = warnings(folds=[fold("xyz")], manifest_sha256="2").notes
    assert notes == ("the manifests differ; utterances are paired by id, and their labels agree",)


def test_json_form():
    comparison = compare_runs(run("A", {(1, 0): answered(GOOD)}), run("B", {(1, 0): answered(POOR)}))
    values = json.loads(json.dumps(comparison.as_json(), allow_nan=False))
    assert values["ua"]["difference"] == pytest.approx(1 / 3)
    assert values["sentences"] == list(comparison.sentences())
    assert set(values["distinguishable"]) == {"ua", "wa"}
    assert values["a"]["name"] == "A"
