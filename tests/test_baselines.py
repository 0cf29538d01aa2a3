"""What can be had without the signal, by pencil, and never learnt from a tested utterance."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from emoduet.assessment import baseline_rows
from emoduet.baselines import baselines, read_baselines, scenario_part, write_baselines
from emoduet.breakdown import Row
from emoduet.errors import InputError
from emoduet.protocols import Fold
from emoduet.significance import Interval
from emoduet.types import Utterance

CLASSES = ("angry", "happy")


def said(id, label, **known):
    return Utterance(id=id, label=label, **known)


def fold(train, test, number=1):
    ids = {"train": tuple(train), "validation": (), "test": tuple(test), "left_out": ()}
    return Fold(
        number, f"fold {number}", **ids, train_sessions=(), validation_sessions=(), test_sessions=(), reasons={}
    )


def by_name(utterances, *folds, classes=CLASSES):
    return {one.name: one.answers for one in baselines(utterances, folds, classes)}


def named(answers):
    return [answers.classes[number] for number in answers.predictions]


def test_the_majority_is_the_training_parts():
    """Fold 1 trains on a, b, c (2 of 3 happy), fold 2 on d, e (both angry): tests come fold by fold."""
    labels = {"a": "happy", "b": "happy", "c": "angry", "d": "angry", "e": "angry"}
    utterances = [said(id, label) for id, label in labels.items()]
    answers = by_name(utterances, fold("abc", "de"), fold("de", "abc", 2))["majority"]
    assert [one.id for one in answers.utterances] == ["d", "e", "a", "b", "c"]
    assert named(answers) == ["happy", "happy", "angry", "angry", "angry"]
    np.testing.assert_allclose(answers.probabilities, [[1 / 3, 2 / 3]] * 2 + [[1, 0]] * 3)
    assert answers.scores().weighted_accuracy == 0.2


SCENES = [
    said("a", "angry", dialogue="Ses01F_impro01", scenario="impro01", sex="F", speaker="1F"),
    said("b", "happy", dialogue="Ses01F_impro01", scenario="impro01", sex="M", speaker="1M"),
    said("c", "happy", dialogue="Ses01M_script01_2", scenario="script01", sex="F", speaker="1F"),
    said("d", "happy", dialogue="Ses01M_script01_3", scenario="script01", sex="M", speaker="1M"),
    said("t", "angry", dialogue="Ses02M_impro01", scenario="impro01", sex="F", speaker="2F"),
    said("u", "angry", dialogue="Ses02F_script01_2", scenario="script01", sex="M", speaker="2M"),
]


def test_lookups_back_off_to_the_majority():
    """Part and sex: t meets a's key; u's key, (script01_2, M), trained nobody, so 3 of 4 happy decide."""
    found = by_name(SCENES, fold("abcd", "tu"))
    assert list(found) == ["majority", "scenario part + sex", "scenario", "speaker"]
    np.testing.assert_allclose(found["scenario part + sex"].probabilities, [[1, 0], [0.25, 0.75]])
    np.testing.assert_allclose(found["scenario"].probabilities, [[0.5, 0.5], [0, 1]])
    np.testing.assert_allclose(found["speaker"].probabilities, [[0.25, 0.75]] * 2)


def test_a_tested_utterance_without_the_key_falls_back_too():
    """Two of the training utterances lack the scenario as well, and are no key of their own."""
    lost = [replace(one, scenario=None) if one.id in "abt" else one for one in SCENES]
    np.testing.assert_allclose(by_name(lost, fold("abcd", "tu"))["scenario"].probabilities, [[0.25, 0.75], [0, 1]])


def test_keys_that_nobody_has_give_no_baseline():
    bare = [replace(one, scenario=None, speaker=None) for one in SCENES]
    assert list(by_name(bare, fold("abcd", "tu"))) == ["majority"]
    assert list(by_name([replace(one, sex=None) for one in SCENES], fold("abcd", "tu"))) == [
        "majority",
        "scenario",
        "speaker",
    ]


@pytest.mark.parametrize(
    ("dialogue", "scenario", "part"),
    [
        ("Ses05M_script01_1b", "script01", "script01_1b"),
        ("Ses01F_impro03", "impro03", "impro03"),
        ("d7", "kitchen", "kitchen"),
        (None, "kitchen", "kitchen"),
        ("Ses01F_impro03", None, None),
    ],
)
def test_the_scenarios_part(dialogue, scenario, part):
    assert scenario_part(Utterance(id="u", dialogue=dialogue, scenario=scenario)) == part


WORDS = {
    "angry": ("no stop it", "stop that now"),
    "happy": ("what a joy", "joy oh joy"),
    "sad": ("leave me", "all gone"),
}


def spoken(classes=tuple(WORDS)):
    return [
        said(f"{copy}{number}-{name}", name, transcript=line)
        for name in classes
        for copy in "xy"
        for number, line in enumerate(WORDS[name])
    ]


def halves(utterances):
    first, second = ([one.id for one in utterances if one.id[0] == copy] for copy in "xy")
    return fold(first, second)


def test_the_bag_of_words_reads():
    utterances = spoken()
    found = by_name(utterances, halves(utterances), classes=tuple(WORDS))
    assert list(found) == ["majority", "bag of words"]
    assert found["bag of words"].scores().unweighted_accuracy == 1
    np.testing.assert_allclose(found["bag of words"].probabilities.sum(axis=1), 1)


def test_the_bag_of_words_is_scikit_learns_pipeline_fitted_on_the_training_part():
    """Tested lines hold words that training never saw, which must not weigh."""
    utterances = [replace(one, transcript=f"{one.transcript} unheard") if one.id[0] == "y" else one for one in spoken()]
    first, second = ([one for one in utterances if one.id[0] == copy] for copy in "xy")
    words = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    model = make_pipeline(
        make_union(words, characters), LogisticRegression(class_weight="balanced", solver="newton-cg")
    )
    model.fit([one.transcript for one in first], [one.label for one in first])
    expected = model.predict_proba([one.transcript for one in second])
    found = by_name(utterances, halves(utterances), classes=tuple(WORDS))["bag of words"]
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-9)


def test_the_bag_of_words_does_not_read_tested_labels():
    """Tested labels turned about change no answer; training labels turned about change them all."""
    utterances = spoken(("angry", "happy"))
    swap = dict(zip(CLASSES, reversed(CLASSES), strict=True))
    turned = {copy: [replace(u, label=swap[u.label]) if u.id[0] == copy else u for u in utterances] for copy in "xy"}
    whole = named(by_name(utterances, halves(utterances))["bag of words"])
    assert named(by_name(turned["y"], halves(utterances))["bag of words"]) == whole
    assert named(by_name(turned["x"], halves(utterances))["bag of words"]) == [swap[name] for name in whole]


def test_the_bag_of_words_is_the_same_each_time():
    utterances = spoken()
    once, again = (by_name(utterances, halves(utterances), classes=tuple(WORDS))["bag of words"] for _ in range(2))
    assert (once.probabilities == again.probabilities).all()


def test_a_class_that_training_lacks_has_no_probability():
    utterances = spoken()
    train = [one.id for one in utterances if one.id[0] == "x" and one.label != "sad"]
    test = [one.id for one in utterances if one.id[0] == "y"]
    answers = by_name(utterances, fold(train, test), classes=tuple(WORDS))["bag of words"]
    assert (answers.probabilities[:, 2] == 0).all()


@pytest.mark.parametrize("spoilt", ["one class", "no words"])
def test_where_nothing_can_be_learnt_the_majority_answers(spoilt):
    utterances = spoken(("angry", "happy"))
    if spoilt == "one class":
        utterances = [replace(one, label="happy") if one.id[0] == "x" else one for one in utterances]
    else:
        utterances = [replace(one, transcript=" ") if one.id[0] == "x" else one for one in utterances]
    found = by_name(utterances, halves(utterances))
    assert (found["bag of words"].probabilities == found["majority"].probabilities).all()


def test_utterances_outside_the_classes_take_no_part():
    strange = [*SCENES, said("v", "fru", scenario="impro01"), said("w", None, scenario="impro01")]
    found = by_name(strange, fold("abcdv", "tuw"))["scenario"]
    assert [one.id for one in found.utterances] == ["t", "u"]
    np.testing.assert_allclose(found.probabilities, [[0.5, 0.5], [0, 1]])


def test_refusals():
    with pytest.raises(InputError, match="baselines: no folds; need at least one"):
        baselines(SCENES, [], CLASSES)
    message = r"fold 1 \(fold 1\) has 0 training and 2 tested utterances of the classes angry, happy; need some of each"
    with pytest.raises(InputError, match=message):
        baselines(SCENES, [fold("xyz", "tu")], CLASSES)


def test_rows_come_back_from_disk(tmp_path):
    """Of t and u, both angry, the majority (happy) finds none; the lookup by part and sex finds t."""
    rows = baseline_rows(baselines(SCENES, [fold("abcd", "tu")], CLASSES))
    assert rows[:2] == (Row("majority", 2, 0.0, 0.0, None), Row("scenario part + sex", 2, 0.5, 0.5, None))
    with_interval = (*rows, Row("made up", 9, 0.25, 0.5, Interval(0.125, 0.75)))
    write_baselines(tmp_path / "baselines.json", with_interval)
    assert read_baselines(tmp_path / "baselines.json") == with_interval
