"""The figure of a stress test: UA under each condition, families one below the other, and a line where clean is.

The lines through the dots are intervals of the difference to clean, laid off from it: one that does not reach the line
shows a difference. Intervals of the scores themselves would be wider and would not tell that.
"""

from collections.abc import Iterator

from markupsafe import Markup

from emoduet.report.charts import BOTTOM, TOP, Axis, Chart, percent_axis
from emoduet.report.numbers import percent
from emoduet.stress.results import Row, Stress

STEP = 15
"""The height of a line, in the figure's units."""

RECOGNISED = ", recognised"

Line = tuple[str, str, list[Row]]
"""A family's name with no row, or an empty name with a severity and its rows: words given, words recognised."""


def stress_figure(stress: Stress) -> Markup:
    """Each severity's UA, mild on top, with words as given and with recognised words in the same line."""
    lines = list(_lines(stress))
    clean, last = stress.clean.ua, len(lines)
    shown = [end for row in stress.rows for end in (row.ua, *reach_of(row))]
    chart = Chart(
        f"UA under {len(stress.rows) - 1} conditions, from {percent(min(row.ua for row in stress.rows))} %; clean "
        f"{percent(clean)} %",
        percent_axis("UA, %", min(shown), max(shown)),
        Axis("", -0.7, last + 0.7, [(last - 1 - place, words) for place, (_, words, rows) in enumerate(lines) if rows]),
        height=TOP + BOTTOM + STEP * (last + 1),
        left=96,
        right=40,
    )
    chart.line([clean] * 2, [-0.7, last - 0.4], "mean")
    chart.words(clean, last, f"clean {percent(clean)}", anchor="middle", shift=0)
    for place, (family, _, rows) in enumerate(lines):
        if family:
            chart.words(chart.x.low, last - 1 - place, family, shift=-chart.left)
        for row in rows:
            _draw(chart, row, last - 1 - place)
    return chart.svg()


def reach_of(row: Row) -> tuple[float, ...]:
    """Both ends of the interval of the difference, laid off from clean; empty where there is none."""
    return (row.ua_clean + row.interval.low, row.ua_clean + row.interval.high) if row.interval else ()


def _lines(stress: Stress) -> Iterator[Line]:
    found: dict[str, dict[str, list[Row]]] = {}
    for row in stress.rows[1:]:
        family = found.setdefault(row.family.removesuffix(RECOGNISED), {})
        family.setdefault(row.severity, []).append(row)
    for family, severities in found.items():
        yield family, "", []
        for severity, rows in severities.items():
            yield "", severity, rows


def _draw(chart: Chart, row: Row, height: float) -> None:
    recognised = row.words.startswith("recognised")
    kind, shift = (" second", -0.22) if recognised else ("", 0)
    if ends := reach_of(row):
        chart.line(ends, [height + shift] * 2, f"reach{kind}")
    chart.dot(row.ua, height + shift, 3.5, f"dot{kind}", f"{row.name}, words {row.words}: UA {percent(row.ua)}")
    if not recognised:
        chart.words(chart.x.high, height, percent(row.ua), shift=8)
