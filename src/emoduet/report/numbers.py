"""How numbers are written everywhere in a report: percent with one decimal, intervals "74.3 to 80.2"."""

import math

from emoduet.results import Spread
from emoduet.significance import Interval

NOTHING = "–"
"""Stands where there is no number."""


def percent(share: float | None) -> str:
    """A share between 0 and 1.

    >>> percent(0.7721), percent(None), percent(float("nan"))
    ('77.2', '–', '–')
    """
    return NOTHING if share is None or math.isnan(share) else f"{100 * share:.1f}"


def bounds(interval: Interval | None) -> str:
    """Both ends of an interval, in percent; empty where there is none.

    >>> bounds(Interval(0.7431, 0.802))
    '74.3 to 80.2'
    """
    return "" if interval is None else f"{percent(interval.low)} to {percent(interval.high)}"


def spread(value: Spread) -> str:
    """A score over seeds, in percent.

    >>> spread(Spread(0.7721, 0.0084)), spread(Spread(0.7721, None))
    ('77.2 ± 0.8', '77.2')
    """
    return percent(value.mean) + ("" if value.sd is None else f" ± {percent(value.sd)}")


def count(number: int, what: str) -> str:
    """How many of something.

    >>> count(1, "seed"), count(1138, "utterance")
    ('1 seed', '1,138 utterances')
    """
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def chance(p: float) -> str:
    """A test's p-value.

    >>> chance(0.0123), chance(0.00001)
    ('p = 0.012', 'p < 0.001')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
