"""The corpus of a study, or two of them: one to train on, another to test, its labels mapped onto the same classes.

What is not used is counted and told, since a label map that misses a label would otherwise shrink a test silently.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from emoduet.corpora.label_map import read_label_map
from emoduet.errors import CorpusError, InputError
from emoduet.labels import of_classes
from emoduet.manifest import read_manifest
from emoduet.types import Utterance


@dataclass(frozen=True)
class CorpusPair:
    """The utterances of a study.

    Attributes:
        own: of the manifest.
        other: of the manifest that is only tested; empty where there is none.
        ids: of all utterances of the manifests, those outside the study too.
        notes: what is not used, and why.
    """

    own: tuple[Utterance, ...]
    other: tuple[Utterance, ...]
    ids: frozenset[str]
    notes: tuple[str, ...]

    @property
    def both(self) -> tuple[Utterance, ...]:
        """All utterances of the study."""
        return (*self.own, *self.other)


def read_pair(
    manifest: Path, test_manifest: Path | None, test_label_map: Path | None, classes: Sequence[str] | None
) -> CorpusPair:
    """Reads the manifests and keeps the utterances of these classes; None keeps every labelled one.

    Raises:
        CorpusError: a manifest is wrong, or has no utterance of a class (of the tested corpus: of any class).
        InputError: the label map is wrong, or an id stands in both manifests.
    """
    all_own = read_manifest(manifest)
    own, notes = _own(all_own, classes, str(manifest))
    if test_manifest is None:
        return CorpusPair(tuple(own), (), frozenset(one.id for one in all_own), tuple(notes))
    all_other = read_manifest(test_manifest)
    ids, other_ids = {one.id for one in all_own}, {one.id for one in all_other}
    if both := sorted(ids & other_ids):
        raise InputError(
            f"{len(both)} ids stand both in {manifest} and in {test_manifest}, first {both[0]}; need each in one. "
            "Is it the same corpus? Otherwise prefix the ids when a manifest is built"
        )
    mapped, lost = (all_other, []) if test_label_map is None else _mapped(all_other, test_label_map)
    other, left = _other(mapped, classes, str(test_manifest))
    return CorpusPair(tuple(own), tuple(other), frozenset(ids | other_ids), (*notes, *lost, *left))


def _own(
    utterances: Sequence[Utterance], classes: Sequence[str] | None, where: str
) -> tuple[list[Utterance], list[str]]:
    inside = [one for one in utterances if one.label is not None]
    if classes is not None:
        inside = of_classes(utterances, classes, where)
    if not inside:
        raise CorpusError(f"{where}: none of {len(utterances):,} utterances has a label; need labelled ones")
    return inside, _outside(len(utterances) - len(inside), len(utterances), where)


def _mapped(utterances: Sequence[Utterance], label_map: Path) -> tuple[list[Utterance], list[str]]:
    classes = read_label_map(label_map)
    lost = Counter(str(one.label) for one in utterances if one.label not in classes)
    told = ", ".join(f"{label} {count:,}" for label, count in sorted(lost.items()))
    notes = [f"{label_map}: {lost.total():,} utterances map to no class, not used: {told}"] if lost else []
    return [replace(one, label=classes[one.label]) for one in utterances if one.label in classes], notes


def _other(
    utterances: Sequence[Utterance], classes: Sequence[str] | None, where: str
) -> tuple[list[Utterance], list[str]]:
    inside = [one for one in utterances if (one.label is not None if classes is None else one.label in classes)]
    found = {one.label for one in inside}
    if not inside:
        labels = ", ".join(sorted({str(one.label) for one in utterances})[:12]) or "none"
        wanted = "has a label" if classes is None else f"is {' or '.join(classes)}"
        raise CorpusError(f"{where}: no utterance {wanted}; its labels are {labels}. Give a --test-label-map that fits")
    notes = _outside(len(utterances) - len(inside), len(utterances), where)
    if lacking := [name for name in classes or () if name not in found]:
        notes.append(f"{where}: no utterance is {', '.join(lacking)}; the scores are over the other classes")
    return inside, notes


def _outside(count: int, total: int, where: str) -> list[str]:
    return [f"{where}: {count:,} of {total:,} utterances are of no class of the study, not used"] if count else []
