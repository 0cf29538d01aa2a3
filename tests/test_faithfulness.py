"""Rankings against chance: curves and areas by pencil, and no random ranking believed more often than it may be."""

import numpy as np
import pytest

from emoduet.errors import InputError
from emoduet.faithfulness import Course, Faithfulness, RankingTest, counts, examine, left_in, ranked


def course(area: float, random_areas: list[float], falls: bool = True) -> Course:
    """A curve of one height, beside others of one height."""
    random = np.repeat(np.array(random_areas)[:, None], 3, axis=1)
    return Course(falls, np.array([0, 0.5, 1]), np.full(3, area), random)


def additive(weights: np.ndarray):
    """The answer of a model to which each unit that is left adds its weight."""
    return lambda sets: sets @ weights


def examined(scores: list[float], weights: list[float], **settings: object) -> RankingTest:
    return examine(
        np.array(scores, dtype=float), additive(np.array(weights)), units="words", target="angry", **settings
    )


def test_curves_and_areas_by_pencil():
    """Weights 0.5, 0.3, 0.2 deleted in this order leave 1, 0.5, 0.2, 0; inserted they make 0, 0.5, 0.8, 1."""
    test = examined([3, 2, 1], [0.5, 0.3, 0.2])
    np.testing.assert_allclose(test.deletion.fractions, [0, 1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(test.deletion.probabilities, [1, 0.5, 0.2, 0], atol=1e-12)
    np.testing.assert_allclose(test.insertion.probabilities, [0, 0.5, 0.8, 1], atol=1e-12)
    assert test.deletion.area == pytest.approx((0.75 + 0.35 + 0.1) / 3)
    assert test.insertion.area == pytest.approx((0.25 + 0.65 + 0.9) / 3)
    assert (test.units, test.target) == ("words", "angry")


def test_a_random_order_is_deleted_forwards_and_inserted_backwards():
    test = examined([3, 2, 1], [0.5, 0.3, 0.2], num_orders=19)
    assert test.deletion.random.shape == (19, 4)
    np.testing.assert_allclose(test.insertion.random, test.deletion.random[:, ::-1])
    np.testing.assert_allclose(test.deletion.random[:, [0, -1]], [[1, 0]] * 19, atol=1e-12)
    assert set(test.deletion.random[:, 1].round(6)) == {0.5, 0.7, 0.8}


def test_the_difference_is_that_to_chance_and_its_interval_is_of_single_orders():
    areas = [0.30 + 0.01 * number for number in range(39)]  # 0.30 to 0.68, mean 0.49
    found = course(0.20, areas)
    assert found.random_area == pytest.approx(0.49)
    assert found.difference == pytest.approx(0.29)
    assert (found.interval.low, found.interval.high) == pytest.approx((0.10, 0.48))
    assert found.confidence == pytest.approx(0.95)
    assert found.better and found.as_good == 0
    np.testing.assert_allclose(found.random_mean, [0.49] * 3)


def test_insertion_is_better_where_its_area_is_larger():
    found = course(0.90, [0.30] * 38 + [0.80], falls=False)
    assert (found.interval.low, found.interval.high) == pytest.approx((0.10, 0.60))
    assert found.better
    assert not course(0.90, [0.30] * 38 + [0.95], falls=False).better


def test_one_random_order_in_39_that_does_as_well_is_one_too_many():
    found = course(0.20, [0.50] * 38 + [0.20])
    assert found.as_good == 1 and not found.better


def test_of_79_orders_one_may_do_as_well():
    found = course(0.20, [0.50] * 78 + [0.10])
    assert found.confidence == pytest.approx(0.95) and found.interval.low == pytest.approx(0.30)
    assert found.as_good == 1 and found.better


def test_fewer_orders_make_a_humbler_interval():
    assert course(0.2, [0.5] * 19).confidence == pytest.approx(0.90)


def test_what_is_negligible_is_not_better():
    assert course(0.500, [0.506] * 39).better
    assert not course(0.500, [0.504] * 39).better
    assert course(0.500, [0.504] * 39).as_good == 39


def test_the_right_ranking_is_supported_and_its_reverse_is_not():
    weights = np.array([8, 7, 6, 5, 4, 3, 2, 1]) / 36
    right, wrong = examined([*weights], weights), examined([*-weights], weights)
    assert right.supported
    assert right.sentence() == (
        "words: deleting those first that score highest lowers the probability of angry faster than random deletion "
        f"does (area {right.deletion.area:.2f} against {right.deletion.random_area:.2f}, difference "
        f"{right.deletion.difference:.2f}, 95 % interval {right.deletion.interval.low:.2f} to "
        f"{right.deletion.interval.high:.2f}; 0 of 39 random orders do as well); giving them back first raises it "
        f"faster than random insertion does (area {right.insertion.area:.2f} against "
        f"{right.insertion.random_area:.2f}, difference {right.insertion.difference:.2f}, 95 % interval "
        f"{right.insertion.interval.low:.2f} to {right.insertion.interval.high:.2f}; 0 of 39 random orders do as "
        "well): the ranking is supported"
    )
    assert not wrong.supported and wrong.deletion.difference < -0.1
    assert "not reliably faster than random deletion does" in wrong.sentence()
    assert wrong.sentence().endswith(
        "39 of 39 random orders do as well): the intervals do not lie above 0.005: do not read these scores as reasons"
    )


def test_chance_is_believed_no_more_often_than_it_may_be():
    """Each curve of a random ranking beats 39 others 1 time in 40; 400 rankings, at most 2.5 % and some luck."""
    weights, generator = np.arange(1, 9) / 36, np.random.default_rng(0)
    believed = [examined([*generator.random(8)], weights, seed=seed).supported for seed in range(400)]
    assert sum(believed) <= 16


def test_either_curve_alone_is_told_as_such():
    better, worse = course(0.1, [0.5] * 39), course(0.9, [0.5] * 39)
    rises, falls = course(0.9, [0.5] * 39, falls=False), course(0.1, [0.5] * 39, falls=False)
    needed = RankingTest("moments", "sad", better, falls, None)
    enough = RankingTest("moments", "sad", worse, rises, None)
    assert needed.sentence().endswith("supported by deletion alone: what it names is needed, not shown to suffice")
    assert enough.sentence().endswith("supported by insertion alone: what it names suffices, not shown to be needed")
    assert not needed.supported and not enough.supported
    assert RankingTest("moments", "sad", better, rises, None).supported


def test_a_ranking_that_nothing_beats_and_chance_reaches_is_undecided():
    """One word decides: five of 39 random orders name it first, too."""
    deletion, insertion = course(0.1, [0.5] * 34 + [0.1] * 5), course(0.9, [0.5] * 34 + [0.9] * 5, falls=False)
    test = RankingTest("words", "sad", deletion, insertion, None)
    assert test.undecided and not test.supported
    assert test.sentence().endswith(
        "no random order does better, but too many do as well: neither supported nor refuted by this one utterance; "
        "many tell (--manifest)"
    )
    beaten = RankingTest("words", "sad", deletion, course(0.9, [0.5] * 34 + [0.95] * 5, falls=False), None)
    assert not beaten.undecided and beaten.sentence().endswith("do not read these scores as reasons")
    alike = RankingTest("words", "sad", course(0.5, [0.5] * 39), course(0.5, [0.5] * 39, falls=False), None)
    assert not alike.undecided
    assert not RankingTest("words", "sad", deletion, insertion, "one alone").undecided


def test_zero_has_no_sign():
    almost = course(0.5, [0.499] * 39)
    assert "difference 0.00, 95 % interval 0.00 to 0.00" in RankingTest("words", "sad", almost, almost, None).sentence()


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ([0.3], "words: one alone, so there is nothing to rank: do not read these scores as reasons"),
        ([0.1] * 6, "words: all 6 words score alike, so there is no ranking: do not"),
        ([4, 3, 2, 1], "words: 4 words have 24 orders, so that chance finds the best one too often: do not"),
    ],
)
def test_what_cannot_stand_out_is_not_tested(scores, told):
    test = examined(scores, np.array(scores))
    assert test.sentence().startswith(told) and not test.supported


def test_five_units_may_stand_out():
    """The best of 120 orders is found by chance once in 120 times, however many random orders are tried."""
    for num_orders in (39, 119, 120, 999):
        told = examined([5, 4, 3, 2, 1], np.array([5, 4, 3, 2, 1]) / 15, num_orders=num_orders)
        assert told.untestable is None


def test_equal_scores_are_put_in_random_order():
    """Otherwise the first of the utterance would be first in every ranking."""
    scores = np.array([1, 0, 0, 0, 0, 2.0])
    orders = np.array([ranked(scores, np.random.default_rng(seed)) for seed in range(200)])
    assert (orders[:, 0] == 5).all() and (orders[:, 1] == 0).all()
    assert set(orders[:, 2]) == {1, 2, 3, 4}


def test_the_seed_decides_and_alone():
    one, same, other = (examined([5, 4, 3, 2, 1, 0], np.arange(6) / 15, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.deletion.random, same.deletion.random)
    assert (one.deletion.random != other.deletion.random).any()
    worse = examined([0, 1, 2, 3, 4, 5], np.arange(6) / 15, seed=1)
    np.testing.assert_array_equal(one.deletion.random, worse.deletion.random)


def test_what_is_left_of_an_order():
    left = left_in(np.array([2, 0, 3, 1]), np.array([0, 1, 3, 4]))
    assert left.astype(int).tolist() == [[1, 1, 1, 1], [1, 1, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0]]


def test_many_units_are_deleted_several_at_a_time():
    assert counts(7).tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert len(counts(300)) == 21 and counts(300)[:3].tolist() == [0, 15, 30] and counts(300)[-1] == 300
    asked = []

    def answers(sets: np.ndarray) -> np.ndarray:
        asked.append(sets)
        return sets.mean(axis=1)

    test = examine(np.arange(45.0), answers, units="moments", target="sad")
    assert len(test.deletion.fractions) == len(test.insertion.fractions) == 21
    np.testing.assert_allclose(test.deletion.probabilities, 1 - test.deletion.fractions)
    np.testing.assert_allclose(test.insertion.probabilities, test.insertion.fractions)


def test_each_set_is_asked_for_once():
    asked = []

    def answers(sets: np.ndarray) -> np.ndarray:
        asked.append(sets)
        return sets.mean(axis=1)

    examine(np.array([3.0, 2, 1]), answers, units="words", target="sad")
    (sets,) = asked
    assert len(sets) == len(np.unique(sets, axis=0)) == 8


@pytest.mark.parametrize("scores", [[], [0.1, np.nan], [np.inf, 0.1]])
def test_scores_must_be_numbers(scores):
    with pytest.raises(InputError, match=r"faithfulness: scores of words \[.*\]; need one finite number for each"):
        examined(scores, np.zeros(len(scores)))


def test_too_few_random_orders_show_nothing():
    with pytest.raises(InputError, match="faithfulness: 18 random orders; need at least 19, such as 39"):
        examined([3, 2, 1], [0.5, 0.3, 0.2], num_orders=18)


def test_both_halves_are_told_and_an_absent_one_is_not():
    words = examined([3, 2, 1], [0.5, 0.3, 0.2])
    assert Faithfulness(words, None).sentence() == words.sentence()
    assert Faithfulness(words, words).sentence() == f"{words.sentence()}\n{words.sentence()}"
