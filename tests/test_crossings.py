"""What crosses, by pencil: equal numbers, pairs in either direction, and who the partner is."""

import numpy as np
import pytest

from emoduet.crossings import Relation, crossings, relation_of


def crossed(numbers, *splits, pairs=()):
    """The answer as lists of (tested row, other row), one list a split."""
    relation = Relation(np.array(numbers), [np.array(block, dtype=int).reshape(-1, 2) for block in pairs])
    rows = [(np.array(tested, dtype=int), np.array(elsewhere, dtype=int)) for tested, elsewhere in splits]
    return [[tuple(pair) for pair in found.tolist()] for found in crossings(relation, rows)]


def test_equal_numbers_cross_and_the_first_is_the_partner():
    assert crossed([7, 3, 7, 7, 5], ([0, 1], [2, 3, 4])) == [[(0, 2)]]


def test_the_unknown_crosses_with_nothing():
    assert crossed([-1, -1, 0], ([0], [1, 2])) == [[]]


def test_pairs_hold_in_either_direction():
    assert crossed([0, 1, 2], ([0], [1, 2]), ([1], [0, 2]), ([2], [0, 1]), pairs=[[[1, 0]]]) == [[(0, 1)], [(1, 0)], []]


def test_nothing_follows_from_two_pairs():
    assert crossed([0, 1, 2], ([0], [2]), pairs=[[[0, 1]], [[1, 2]]]) == [[]]


def test_an_equal_number_goes_before_a_pair():
    assert crossed([0, 1, 0], ([0], [1, 2]), pairs=[[[0, 1]]]) == [[(0, 2)]]


def test_blocks_of_pairs_add_up_over_all_splits():
    splits = ([0, 1], [2, 3]), ([2], [0]), ([0], [])
    assert crossed([0, 1, 2, 3], *splits, pairs=[[[2, 0]], [], [[1, 3]]]) == [[(0, 2), (1, 3)], [(2, 0)], []]


def test_nobody_known():
    assert crossed([-1, -1], ([0], [1])) == [[]]


@pytest.mark.parametrize("seed", range(5))
def test_as_a_loop_over_all_pairs_of_rows(seed):
    generator = np.random.default_rng(seed)
    numbers = generator.integers(-1, 12, 40)
    pairs = {tuple(sorted(pair)) for pair in generator.integers(0, 12, (6, 2)).tolist()}
    order = generator.permutation(40)
    splits = (order[:15], order[15:30]), (order[30:], order[:5])

    def related(one, other):
        a, b = numbers[one], numbers[other]
        return min(a, b) >= 0 and (a == b or tuple(sorted((a, b))) in pairs)

    found = crossings(Relation(numbers, [np.array(sorted(pairs))]), splits)
    for pairs_found, (tested, elsewhere) in zip(found, splits, strict=True):
        expected = [row for row in tested if any(related(row, other) for other in elsewhere)]
        assert pairs_found[:, 0].tolist() == expected
        assert all(related(*pair) and pair[1] in elsewhere for pair in pairs_found)


def test_relation_of_values():
    assert relation_of(["x", None, "y", "x", ""]).numbers.tolist() == [0, -1, 1, 0, 2]
