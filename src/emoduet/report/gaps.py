"""Differences between groups of speakers, for the page: each gap with its interval, and all that stands behind it."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from emoduet.assessment import Assessment
from emoduet.group_words import gap_in_short, notes_on, side_in_words, spread_in_words
from emoduet.groups import OTHERS, Gap, Grouping
from emoduet.report.charts import BOTTOM, TOP, Axis, Chart, percent_axis
from emoduet.report.numbers import count

NAME_LENGTH = 22
"""Letters of a gap's name that a figure has room for."""

MOST = 24
"""With more gaps than these by one property those that are not shown are only counted; the run's JSON names them."""


@dataclass(frozen=True)
class GapRow:
    """A gap as text."""

    by: str
    groups: str
    gap: str
    behind: tuple[str, str]


def gap_rows(gaps: Sequence[Grouping]) -> list[GapRow]:
    """A row a gap; of many groups by one property those alone that have a gap to show."""
    return [
        GapRow(grouping.name, _name(gap), gap_in_short(gap), (side_in_words(gap.first), side_in_words(gap.second)))
        for grouping in gaps
        for gap in grouping.gaps
        if gap.interval or len(grouping.gaps) <= MOST
    ]


def gap_notes(assessment: Assessment) -> list[str]:
    """What stands below the rows, in sentences."""
    many = [one for one in assessment.gaps if len(one.gaps) > MOST]
    unshown = [(one.name, sum(not gap.interval for gap in one.gaps)) for one in many]
    hidden = [f"By {name}: {number} more groups have no gap to show." for name, number in unshown if number]
    return [*hidden, *notes_on(assessment.gaps), spread_in_words(assessment.speakers)]


def gaps_figure(gaps: Sequence[Grouping]) -> Markup | None:
    """Each gap as a dot with its interval, the first on top, and a line where there is none; None without gaps."""
    shown = [gap for grouping in gaps for gap in grouping.gaps if gap.interval][::-1]
    if not shown:
        return None
    ends = [end for gap in shown for end in (gap.interval.low, gap.interval.high, 0.0)]
    chart = Chart(
        f"{count(len(shown), 'gap')} of UA between groups, {100 * min(ends):+.1f} to {100 * max(ends):+.1f} points",
        percent_axis("UA less UA of the other side, points", min(ends), max(ends)),
        Axis("", -0.7, len(shown) - 0.3, list(enumerate(map(_short_name, shown)))),
        height=TOP + BOTTOM + 24 * len(shown) + 8,
        left=24 + round(5.7 * max(len(_short_name(gap)) for gap in shown)),
    )
    chart.line([0, 0], [-0.7, len(shown) - 0.3], "mean")
    for number, gap in enumerate(shown):
        chart.line([gap.interval.low, gap.interval.high], [number] * 2, "reach")
        chart.dot(gap.difference, number, 4, "dot", f"{_name(gap)}: {gap_in_short(gap)}")
    return chart.svg()


def _name(gap: Gap) -> str:
    return f"{gap.first.value} less {gap.second.value}"


def _short_name(gap: Gap) -> str:
    return (gap.first.value if gap.second.value == OTHERS else _name(gap))[:NAME_LENGTH]
