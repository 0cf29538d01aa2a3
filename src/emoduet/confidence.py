"""What a model keeps of its training for later use: how often its surest answers were wrong, and how long they were.

The risk-coverage curve of the validation answers says from which top probability on a wanted error rate was kept, and
the training utterances' lengths say into how long pieces a recording is best cut. Validation answers picked the epoch
and fitted the temperature before they gave the curve, and a threshold is then picked on them once more: the risk is
optimistic, and other speakers and other recordings will have more errors. No file is opened here.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
from scipy.stats import binomtest

from emoduet.errors import CheckpointError, InputError, UsageError
from emoduet.selective import lowest_within, risk_coverage
from emoduet.types import Seconds

MOST_POINTS = 200
"""A model keeps no more points of its curve than these."""

_MEND = "Copy the folder again from where it was trained, or train the model again"


@dataclass(frozen=True, slots=True)
class Point:
    """Where at least this top probability is asked for: the share that was answered, and how much of it wrongly."""

    threshold: float
    coverage: float
    risk: float


@dataclass(frozen=True, slots=True)
class Confidence:
    """The points of the validation answers' risk-coverage curve among which a threshold is chosen.

    Attributes:
        num_utterances: how many validation answers it rests on.
        points: from the surest on: thresholds fall, coverage rises to 1, and so does the risk.
    """

    num_utterances: int
    points: tuple[Point, ...]

    @property
    def lowest_risk(self) -> float:
        """No threshold keeps the error lower than this."""
        return self.points[0].risk

    def counts(self, point: Point) -> tuple[int, int]:
        """How many of the validation answers were wrong from the point's threshold upwards, and of how many."""
        answered = max(1, round(point.coverage * self.num_utterances))
        return round(point.risk * answered), answered

    def risk_bound(self, point: Point) -> float:
        """How high the true risk may be of which the point's is a sample: one-sided, 95 % (Clopper and Pearson 1934).

        It holds for a threshold fixed beforehand and answers that err independently; one picked on these very answers
        has a higher one still.

        >>> round(Confidence(12, (Point(0.5, 1.0, 0.0),)).risk_bound(Point(0.5, 1.0, 0.0)), 3)
        0.221
        """
        wrong, answered = self.counts(point)
        return float(binomtest(wrong, answered, alternative="less").proportion_ci(0.95, method="exact").high)

    def as_json(self) -> dict[str, object]:
        """As a model's config.json holds it; `read_confidence` reads it."""
        columns = {name: [getattr(point, name) for point in self.points] for name in Point.__slots__}
        return {"num_utterances": self.num_utterances, **columns}


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the utterances were that a model was trained on."""

    shortest: Seconds
    median: Seconds
    percentile_95: Seconds
    longest: Seconds

    def as_json(self) -> dict[str, Seconds]:
        """As a model's config.json holds it; `read_lengths` reads it."""
        return asdict(self)


def confidence_of(labels: Sequence[int], probabilities: np.ndarray) -> Confidence:
    """What a model keeps of its validation answers [utterances, classes], at the temperature it answers with.

    A point is left out where a lower threshold had no higher risk, since `selective.threshold_for` never chooses it.
    Of what remains `MOST_POINTS` are kept, the surest and the last among them. Every kept point is one of the curve's
    own: a threshold chosen among fewer points is perhaps higher than need be, and never promises a risk that it did not
    have.

    Raises:
        InputError: as `selective.risk_coverage`.

    >>> confidence_of([0, 1, 0], np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]])).points[0]
    Point(threshold=0.9, coverage=0.3333333333333333, risk=0.0)
    """
    curve = risk_coverage(labels, probabilities)
    lowest_from_here = np.minimum.accumulate(curve.risk[::-1])[::-1]
    choosable = np.flatnonzero(curve.risk < np.append(lowest_from_here[1:], np.inf))
    kept = choosable[np.unique(np.linspace(0, len(choosable) - 1, MOST_POINTS).round().astype(int))]
    columns = (curve.thresholds[kept], curve.coverage[kept], curve.risk[kept])
    return Confidence(len(labels), tuple(map(Point, *(column.tolist() for column in columns))))


def point_for(confidence: Confidence | None, wanted_error: float, called: str = "this model") -> Point | None:
    """The lowest threshold at which at most the wanted share of the validation answers was wrong, and what it gave.

    None where no threshold kept the error that low. The choice is that of `selective.threshold_for`, and so is its
    caution: a threshold resting on a handful of answers is luck. Here it is also optimistic, for validation answers
    had picked epoch and temperature before.

    Args:
        confidence: a model's own; None is refused.
        wanted_error: a share, between 0 and 1.
        called: what to call the model in a message.

    Raises:
        InputError: the model keeps no confidence, or the wanted error is no share between 0 and 1.
    """
    if not 0 < wanted_error < 1:
        raise UsageError(f"risk {wanted_error}; need a share between 0 and 1, such as 0.2 for 20 % of answers wrong")
    if confidence is None:
        raise InputError(
            f"risk {wanted_error}: {called} does not know how often it is wrong when unsure; trained without "
            "validation, by an older emoduet or by another toolkit: `emoduet train` holds a part out and keeps what is "
            "needed. Train again, or ask for no risk"
        )
    place = lowest_within([point.risk for point in confidence.points], wanted_error)
    return None if place is None else confidence.points[place]


def threshold_for(confidence: Confidence | None, wanted_error: float, called: str = "this model") -> float | None:
    """The top probability below which a model is to abstain, as `point_for` chooses it; None: it answers nothing.

    Raises:
        InputError: as `point_for`.
    """
    point = point_for(confidence, wanted_error, called)
    return None if point is None else point.threshold


def told_risk(confidence: Confidence, wanted_error: float) -> str:
    """What the chosen point of the validation answers gave, and how little its count says, in words."""
    point = point_for(confidence, wanted_error)
    if point is None:
        least = percent(confidence.lowest_risk)
        return f"risk {percent(wanted_error)}: no threshold keeps it; the lowest risk is {least}"
    wrong, answered = confidence.counts(point)
    return (
        f"risk {percent(wanted_error)}: answers from {point.threshold:.3f} upwards, which are "
        f"{percent(point.coverage)} of all; {percent(point.risk)} of them are wrong, {wrong:,} of {answered:,}, so "
        f"that the true share may be as high as {percent(confidence.risk_bound(point))}"
    )


def lengths_of(durations: Iterable[Seconds]) -> Lengths | None:
    """The lengths of training utterances summed up; None where there are none.

    >>> lengths_of([1.0, 2.0, 6.0])
    Lengths(shortest=1.0, median=2.0, percentile_95=5.6, longest=6.0)
    """
    known = list(durations)
    return Lengths(*np.quantile(known, (0, 0.5, 0.95, 1)).tolist()) if known else None


def read_confidence(value: object, where: str) -> Confidence | None:
    """What a model's config.json holds under "confidence"; None where it holds nothing.

    Raises:
        CheckpointError: it is not what `Confidence.as_json` gives: no curve, or one whose numbers contradict it.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping) or not value.keys() >= {"num_utterances", *Point.__slots__}:
        raise _wrong(where, "confidence", f"{value!r:.80}", f"num_utterances, {', '.join(Point.__slots__)}")
    count, columns = value["num_utterances"], {name: value[name] for name in Point.__slots__}
    if type(count) is not int or count < 1:
        raise _wrong(where, "confidence", f"num_utterances {count!r:.80}", "a whole number of at least 1")
    for name, column in columns.items():
        if not isinstance(column, list) or not column or not all(_is_number(one) and 0 <= one <= 1 for one in column):
            raise _wrong(where, "confidence", f"{name} {column!r:.80}", "a list of numbers from 0 to 1")
    if len({len(column) for column in columns.values()}) > 1:
        counted = ", ".join(f"{len(column)} of {name}" for name, column in columns.items())
        raise _wrong(where, "confidence", counted, "as many of each")
    rising = (columns["threshold"][::-1], columns["coverage"], columns["risk"])
    if not all(low < high for column in rising for low, high in pairwise(column)) or columns["coverage"][-1] != 1:
        wanted = "thresholds that fall, coverage that rises to 1, and a risk that rises"
        raise _wrong(where, "confidence", "numbers out of order", wanted)
    return Confidence(count, tuple(map(Point, *columns.values())))


def read_lengths(value: object, where: str) -> Lengths | None:
    """What a model's config.json holds under "lengths"; None where it holds nothing.

    Raises:
        CheckpointError: it is not what `Lengths.as_json` gives: not four lengths, each at least the one before.
    """
    if value is None:
        return None
    names = Lengths.__slots__
    found = [value.get(name) for name in names] if isinstance(value, Mapping) else [None]
    if not all(_is_number(one) and one > 0 for one in found) or found != sorted(found):
        wanted = f"{', '.join(names)} in seconds, above 0, each at least the one before"
        raise _wrong(where, "lengths", f"{value!r:.120}", wanted)
    return Lengths(*found)


def _is_number(value: object) -> bool:
    """Whether it is a number, neither NaN nor infinite nor too large for a float; in JSON, true is none."""
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def percent(share: float) -> str:
    """A share in words.

    >>> percent(0.125)
    '12.5 %'
    """
    return f"{100 * share:.3g} %"


def _wrong(where: str, key: str, got: str, wanted: str) -> CheckpointError:
    return CheckpointError(f"{where}: config.json gives as {key} {got}; need {wanted}. {_MEND}")
