"""Whether a ranking of words or moments names what carries an answer: deletion and insertion against chance.

Units are taken away, highest ranked first, and the probability of one class is watched (deletion, as in RISE, Petsiuk
and others 2018); and they are given back to an utterance that lost all of them (insertion). A ranking that tells the
truth lowers the probability early, and raises it early; how early is the area under the curve. What that is worth is
known only beside random orders of the same units: a ranking is believed where chance would hardly have done as well. So
the interval holds the difference to one random order more, not to the mean of them all, which every second random
ranking beats. What is deleted, and what answers, is not known here; answers to half an utterance are answers to
something that no model was trained on, and the curves of random orders share that fault.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from emoduet.errors import InputError
from emoduet.significance import Interval

RANDOM_ORDERS = 39
"""So many that one more lies between the least and the greatest of them 38 times in 40: a 95 % interval."""

FEWEST_ORDERS = 19
"""With fewer, not even a ranking that beats them all is better than chance at 1 in 20."""

CONFIDENCE = 0.95

MOST_STEPS = 20
"""Into how many parts a curve is cut at most; of more units, several are deleted at a time."""

NEGLIGIBLE = 0.005
"""Areas that differ by less, half a point of probability, are as good as the same."""

KindOfUnit = Literal["words", "moments"]


@dataclass(frozen=True)
class Course:
    """A curve of the target's probability while units are deleted, or inserted, beside those of random orders.

    Attributes:
        falls: whether a good ranking's curve falls early (deletion) or rises early (insertion).
        fractions: of the units that are deleted (inserted) at each point, from 0 to 1.
        probabilities: of the target, at each point.
        random: the same for each random order.
    """

    falls: bool
    fractions: Float[np.ndarray, "points"]
    probabilities: Float[np.ndarray, "points"]
    random: Float[np.ndarray, "orders points"]

    @property
    def random_mean(self) -> Float[np.ndarray, "points"]:
        """The mean curve of the random orders."""
        return self.random.mean(axis=0)

    @property
    def area(self) -> float:
        """Under the ranking's own curve, from 0 to 1."""
        return float(np.trapezoid(self.probabilities, self.fractions))

    @cached_property
    def random_areas(self) -> Float[np.ndarray, "orders"]:
        """Under the curve of each random order."""
        return np.trapezoid(self.random, self.fractions, axis=1)

    @property
    def random_area(self) -> float:
        """Under the mean curve of the random orders."""
        return float(self.random_areas.mean())

    @property
    def differences(self) -> Float[np.ndarray, "orders"]:
        """How much better the ranking is than each random order; below 0 it is worse."""
        return (self.random_areas - self.area) * (1 if self.falls else -1)

    @property
    def difference(self) -> float:
        """How much better the ranking is than the mean of the random orders; below 0 it is worse."""
        return float(self.differences.mean())

    @property
    def confidence(self) -> float:
        """How often the interval holds the difference to one more random order: 0.95, or as near as orders allow."""
        return 1 - 2 * _outside(len(self.random)) / (len(self.random) + 1)

    @property
    def interval(self) -> Interval:
        """Where the difference to one more random order lies: between two of those found, whatever their distribution.

        A ranking made by chance is one more random order, so that its interval lies above zero 1 time in 40.
        """
        ordered = np.sort(self.differences)
        place = _outside(len(ordered))
        return Interval(float(ordered[place - 1]), float(ordered[-place]))

    @property
    def as_good(self) -> int:
        """How many random orders are as good as the ranking, but for what is negligible, or better."""
        return int((self.differences <= NEGLIGIBLE).sum())

    @property
    def better(self) -> bool:
        """Whether the interval lies above zero by more than is negligible."""
        return self.interval.low > NEGLIGIBLE

    @property
    def unbeaten(self) -> bool:
        """Whether the ranking is better than random orders on the whole, and none of them better than it.

        Where few units carry the answer, some random orders name them first, too: one utterance then decides nothing.
        """
        return self.difference > NEGLIGIBLE and self.interval.low >= -NEGLIGIBLE


@dataclass(frozen=True)
class RankingTest:
    """What deletion and insertion say of one ranking.

    Attributes:
        target: the class whose probability is watched.
        untestable: why no such ranking could stand out from chance, in words; None where one could.
    """

    units: KindOfUnit
    target: str
    deletion: Course
    insertion: Course
    untestable: str | None

    @property
    def supported(self) -> bool:
        """Whether deletion and insertion both are better than chance."""
        return self.untestable is None and self.deletion.better and self.insertion.better

    @property
    def undecided(self) -> bool:
        """Whether chance does as well now and then, and never better: neither supported nor refuted."""
        testable = self.untestable is None and not (self.deletion.better or self.insertion.better)
        return testable and self.deletion.unbeaten and self.insertion.unbeaten

    def sentence(self) -> str:
        """What may be said of the ranking, with its figures."""
        if self.untestable is not None:
            return f"{self.units}: {self.untestable}: do not read these scores as reasons"
        deleted = _told(self.deletion, f"lowers the probability of {self.target}", "random deletion")
        inserted = _told(self.insertion, "raises it", "random insertion")
        return (
            f"{self.units}: deleting those first that score highest {deleted}; giving them back first {inserted}: "
            f"{self._verdict()}"
        )

    def _verdict(self) -> str:
        if self.supported:
            return "the ranking is supported"
        if self.deletion.better:
            return "the ranking is supported by deletion alone: what it names is needed, not shown to suffice"
        if self.insertion.better:
            return "the ranking is supported by insertion alone: what it names suffices, not shown to be needed"
        if self.undecided:
            return (
                "no random order does better, but too many do as well: neither supported nor refuted by this one "
                "utterance; many tell (--manifest)"
            )
        return f"the intervals do not lie above {NEGLIGIBLE}: do not read these scores as reasons"


@dataclass(frozen=True)
class Faithfulness:
    """Of an explanation's words and of its moments; None where it has none."""

    words: RankingTest | None
    spans: RankingTest | None

    def sentence(self) -> str:
        """What may be said of each, on a line of its own."""
        return "\n".join(one.sentence() for one in (self.words, self.spans) if one is not None)


def examine(
    scores: Float[np.ndarray, "units"],
    answers: Callable[[Bool[np.ndarray, "sets units"]], Float[np.ndarray, "sets"]],
    *,
    units: KindOfUnit,
    target: str,
    num_orders: int = RANDOM_ORDERS,
    seed: int = 0,
) -> RankingTest:
    """Deletes and inserts units by their scores and at random.

    Equal scores are put in random order, so that the place in the utterance gives no unit a rank. What is left of an
    utterance while an order is deleted is what is given to it while the reverse is inserted, so each random order
    serves twice.

    Args:
        scores: the higher, the more a unit spoke for the target.
        answers: the target's probability for sets of units that are left in (True).
        seed: of the random orders; it and the number of units decide them.

    Raises:
        InputError: no scores, scores that are not finite, or fewer than `FEWEST_ORDERS` random orders.
    """
    _check(scores, units, num_orders)
    generator = np.random.default_rng(seed)
    count, num = counts(len(scores)), len(scores)
    random = np.array([generator.permutation(num) for _ in range(num_orders)])
    ranking = ranked(scores, generator)
    left = np.array([left_in(order, count) for order in (ranking, ranking[::-1], *random)])
    different, places = np.unique(left.reshape(-1, num), axis=0, return_inverse=True)
    curves = answers(different)[places].reshape(left.shape[:2])
    own, reverse, others = curves[0], curves[1], curves[2:]
    return RankingTest(
        units=units,
        target=target,
        deletion=Course(True, count / num, own, others),
        insertion=Course(False, (num - count[::-1]) / num, reverse[::-1], others[:, ::-1]),
        untestable=_untestable(scores, units, num_orders),
    )


def counts(num_units: int) -> Int[np.ndarray, "points"]:
    """How many units are deleted at each point of a curve, from none to all.

    >>> counts(3).tolist()
    [0, 1, 2, 3]
    """
    return np.round(np.linspace(0, num_units, min(num_units, MOST_STEPS) + 1)).astype(int)


def ranked(scores: Float[np.ndarray, "units"], generator: np.random.Generator) -> Int[np.ndarray, "units"]:
    """The places of units from the highest score to the lowest, equal ones in random order."""
    return np.lexsort((generator.permutation(len(scores)), -scores))


def left_in(order: Int[np.ndarray, "units"], count: Int[np.ndarray, "points"]) -> Bool[np.ndarray, "points units"]:
    """Which units are left when the first so many of an order are deleted.

    >>> left_in(np.array([2, 0, 1]), np.array([0, 1, 2])).astype(int).tolist()
    [[1, 1, 1], [1, 1, 0], [0, 1, 0]]
    """
    return np.argsort(order)[None, :] >= count[:, None]


def _check(scores: np.ndarray, units: str, num_orders: int) -> None:
    if len(scores) == 0 or not np.isfinite(scores).all():
        raise InputError(
            f"faithfulness: scores of {units} {scores.tolist()}; need one finite number for each, at least one"
        )
    if num_orders < FEWEST_ORDERS:
        raise InputError(
            f"faithfulness: {num_orders} random orders; need at least {FEWEST_ORDERS}, such as {RANDOM_ORDERS}"
        )


def _untestable(scores: np.ndarray, units: str, num_orders: int) -> str | None:
    num = len(scores)
    if num == 1:
        return "one alone, so there is nothing to rank"
    if np.ptp(scores) == 0:
        return f"all {num} {units} score alike, so there is no ranking"
    if math.factorial(num) < (num_orders + 1) / _outside(num_orders):
        return f"{num} {units} have {math.factorial(num)} orders, so that chance finds the best one too often"
    return None


def _outside(num_orders: int) -> int:
    """The place, from either end, of the differences that bound the interval."""
    return max(1, math.floor((1 - CONFIDENCE) / 2 * (num_orders + 1) + 1e-9))


def _told(course: Course, does: str, chance: str) -> str:
    how = "faster than" if course.better else "not reliably faster than"
    low, high = _two_places(course.interval.low), _two_places(course.interval.high)
    return (
        f"{does} {how} {chance} does (area {course.area:.2f} against {course.random_area:.2f}, difference "
        f"{_two_places(course.difference)}, {100 * course.confidence:.0f} % interval {low} to {high}; "
        f"{course.as_good} of {len(course.random)} random orders do as well)"
    )


def _two_places(value: float) -> str:
    """Without a sign before zero."""
    return f"{round(value, 2) + 0.0:.2f}"
