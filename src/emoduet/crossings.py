"""What crosses from the test part of a fold into another part, for all folds at once.

Utterances are related by what they have in common: a speaker, a dialogue, a line. The relation is worked out once over
the corpus, and then looked up for every fold, so that fifty folds cost little more than five.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Relation:
    """Utterances of equal number are related, and those whose numbers stand in a pair; -1 is related to nothing.

    `pairs` are blocks [pairs, 2] of numbers, read once and in either direction; nothing follows from two pairs.
    """

    numbers: np.ndarray  # [utterances]
    pairs: Iterable[np.ndarray] = ()


def relation_of(values: Iterable[str | None]) -> Relation:
    """Relates the utterances of equal value; None is not known and equals nothing.

    >>> relation_of(["anna", None, "ben", "anna"]).numbers.tolist()
    [0, -1, 1, 0]
    """
    known: dict[str, int] = {}
    return Relation(np.array([-1 if value is None else known.setdefault(value, len(known)) for value in values]))


def crossings(relation: Relation, splits: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
    """For each split (rows tested, rows elsewhere): the tested rows that are related to one elsewhere, with that one.

    Returns:
        Row numbers [tested rows concerned, 2] for each split, in the order of its tested rows. The partner is the first
        of equal number, or, where there is none, one that a pair leads to.
    """
    size = int(relation.numbers.max(initial=-1)) + 1
    held = np.full((len(splits), size + 1), -1, dtype=np.int32)  # the last column is for -1
    for row, (_, elsewhere) in zip(held, splits, strict=True):
        backwards = elsewhere[::-1]  # of several assignments the last one stays
        row[relation.numbers[backwards]] = backwards
    held[:, -1] = -1
    met = held.copy()
    for pairs in relation.pairs:
        for one, other in (pairs.T, pairs[:, ::-1].T):
            for reached, row in zip(met, held, strict=True):
                new = (reached[one] < 0) & (row[other] >= 0)
                reached[one[new]] = row[other[new]]
    partners = [row[relation.numbers[tested]] for row, (tested, _) in zip(met, splits, strict=True)]
    return [
        np.stack([tested[found >= 0], found[found >= 0]], axis=1)
        for (tested, _), found in zip(splits, partners, strict=True)
    ]
