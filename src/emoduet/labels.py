"""Emotion classes as data: which corpus labels become which class.

Every corpus has its own words for emotions. A `LabelSet` maps them onto the classes of a study; the paper's four
(section 3: "The happy data is a combination of happy and excited classes") are the default.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emoduet.errors import CorpusError, InputError
from emoduet.types import Utterance


@dataclass(frozen=True)
class LabelSet:
    """Classes in their fixed order, and the corpus label -> class map that leads to them.

    A corpus label absent from `mapping` is outside the study: `class_of` answers None for it.

    Raises:
        InputError: fewer than two classes, a class twice, or a mapping onto an unknown class.

    >>> PAPER_LABELS.classes
    ('angry', 'happy', 'neutral', 'sad')
    >>> PAPER_LABELS.class_of("exc"), PAPER_LABELS.class_of("fru")
    ('happy', None)
    """

    classes: tuple[str, ...]
    mapping: Mapping[str, str]

    def __post_init__(self) -> None:
        if len(self.classes) < 2 or len(set(self.classes)) != len(self.classes):
            raise InputError(f"label set: classes {list(self.classes)}; need at least two, each once")
        unknown = sorted(set(self.mapping.values()) - set(self.classes))
        if unknown:
            raise InputError(f"label set: maps onto {unknown}, which are not among the classes {list(self.classes)}")

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, str]) -> "LabelSet":
        """The label set whose classes are the mapping's values, in alphabetical order."""
        return cls(tuple(sorted(set(mapping.values()))), mapping)

    def class_of(self, label: str) -> str | None:
        """The class of a corpus label, or None where the label is outside the study."""
        return self.mapping.get(label)


IEMOCAP_CATEGORIES: Mapping[str, str] = {
    "ang": "anger",
    "hap": "happiness",
    "exc": "excited",
    "sad": "sadness",
    "neu": "neutral state",
    "fru": "frustration",
    "sur": "surprise",
    "fea": "fear",
    "dis": "disgust",
    "oth": "other",
    "xxx": "no majority",
}
"""IEMOCAP's category codes and what they stand for."""

PAPER_LABELS = LabelSet(
    ("angry", "happy", "neutral", "sad"),
    {"ang": "angry", "hap": "happy", "exc": "happy", "neu": "neutral", "sad": "sad"},
)
ALL_IEMOCAP_LABELS = LabelSet(tuple(sorted(IEMOCAP_CATEGORIES)), {code: code for code in IEMOCAP_CATEGORIES})


def of_classes(utterances: Sequence[Utterance], classes: Sequence[str], where: str) -> list[Utterance]:
    """The utterances whose label is one of the classes; the others are outside the study.

    Raises:
        CorpusError: a class has no utterance at all.
    """
    inside = [utterance for utterance in utterances if utterance.label in classes]
    lacking = sorted(set(classes) - {utterance.label for utterance in inside})
    if lacking:
        found = sorted({str(utterance.label) for utterance in utterances})
        raise CorpusError(
            f"{where}: no utterance is labelled {', '.join(lacking)}; its labels are {', '.join(found[:12])}. "
            "Build the manifest with a label map, or set the recipe's classes"
        )
    return inside
