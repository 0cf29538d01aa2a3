"""Label sets: the paper's four classes, and every way a label set may contradict itself."""

import pytest

from emoduet.errors import InputError
from emoduet.labels import ALL_IEMOCAP_LABELS, IEMOCAP_CATEGORIES, PAPER_LABELS, LabelSet


@pytest.mark.parametrize(
    ("label", "expected"),
    [("ang", "angry"), ("hap", "happy"), ("exc", "happy"), ("neu", "neutral"), ("sad", "sad")]
    + [(label, None) for label in ("fru", "sur", "fea", "dis", "oth", "xxx", "", "angry")],
)
def test_papers_classes(label, expected):
    assert PAPER_LABELS.class_of(label) == expected


def test_all_labels_stand_for_themselves():
    assert len(IEMOCAP_CATEGORIES) == 11
    assert ALL_IEMOCAP_LABELS.classes == tuple(sorted(IEMOCAP_CATEGORIES))
    assert [ALL_IEMOCAP_LABELS.class_of(code) for code in IEMOCAP_CATEGORIES] == list(IEMOCAP_CATEGORIES)


def test_classes_of_a_mapping_are_sorted():
    label_set = LabelSet.from_mapping({"x": "sad", "y": "angry", "z": "sad"})
    assert label_set.classes == ("angry", "sad")
    assert label_set.class_of("z") == "sad"


def test_class_without_a_label_is_allowed():
    assert LabelSet(("angry", "sad"), {"a": "angry"}).class_of("sad") is None


@pytest.mark.parametrize(
    ("classes", "mapping", "message"),
    [
        ((), {}, r"classes \[\]; need at least two"),
        (("sad",), {}, r"classes \['sad'\]; need at least two"),
        (("sad", "sad"), {}, r"classes \['sad', 'sad'\]; need at least two, each once"),
        (("angry", "sad"), {"h": "happy", "g": "glad"}, r"maps onto \['glad', 'happy'\], which are not among"),
    ],
)
def test_contradictions(classes, mapping, message):
    with pytest.raises(InputError, match=message):
        LabelSet(classes, mapping)


def test_mapping_onto_one_class_is_refused():
    with pytest.raises(InputError, match=r"classes \['sad'\]; need at least two"):
        LabelSet.from_mapping({"a": "sad", "b": "sad"})
