"""The report's figures: speakers, reliability, risk and coverage, learning curves, and which words met which moments.

Each is one `Chart`, or a grid of cells, for one run. Confusion matrices are tables and stand elsewhere.
"""

from collections.abc import Mapping, Sequence
from statistics import mean

import numpy as np
from markupsafe import Markup

from emoduet.assessment import Assessment, Key
from emoduet.breakdown import Breakdown
from emoduet.calibration import Calibration
from emoduet.explaining.types import Alignment
from emoduet.report.charts import BOTTOM, TOP, Axis, Chart, percent_axis
from emoduet.report.numbers import bounds, percent
from emoduet.selective import RiskCoverage, SelectivePoint

NAMED_SPEAKERS = 30
"""With more speakers than these a figure shows them without their names."""

CURVE_POINTS = 150
"""As many points of a risk-coverage curve are drawn at most."""

CLOSE = 0.06
"""Dots nearer to each other than this on both axes get one label."""

CELL = 9
"""The side of a moment's cell, in the figure's units."""

History = Mapping[Key, Sequence[Mapping[str, float]]]


def speakers_figure(speakers: Breakdown, pooled_ua: float) -> Markup:
    """Each speaker's UA, best on top, and a line at the UA of all together."""
    rows = sorted(speakers.rows, key=lambda row: row.ua)
    named = len(rows) <= NAMED_SPEAKERS
    ends = [end for row in rows for end in ((row.interval.low, row.interval.high) if row.interval else (row.ua,))]
    step = 17 if named else max(2, 480 // len(rows))
    ticks = [(number, row.value[:14]) for number, row in enumerate(rows)] if named else []
    chart = Chart(
        f"UA of each of {len(rows)} speakers, from {percent(rows[0].ua)} to {percent(rows[-1].ua)} %",
        percent_axis("UA, %", min(ends), max(ends)),
        Axis("" if named else f"{len(rows)} speakers, by UA", -0.7, len(rows) - 0.3, ticks),
        height=TOP + BOTTOM + step * len(rows) + 8,
        left=88 if named else 30,
        right=44 if named else 14,
    )
    chart.line([pooled_ua] * 2, [-0.7, len(rows) - 0.3], "mean")
    for number, row in enumerate(rows):
        if row.interval:
            chart.line([row.interval.low, row.interval.high], [number] * 2, "reach")
        words = f"{row.value}: UA {percent(row.ua)}, {row.num_utterances} utterances"
        chart.dot(row.ua, number, 4 if named else 2, "dot", words)
        if named:
            chart.words(chart.x.high, number, f"n {row.num_utterances}", shift=8)
    return chart.svg()


def reliability_figure(answered: Calibration, before: Calibration | None) -> Markup:
    """How often answers of a confidence are right; on the diagonal they are right as often as they are sure."""
    chart = Chart(
        f"reliability: expected calibration error {percent(answered.ece)} %",
        percent_axis("confidence, %"),
        percent_axis("right, %"),
    )
    chart.line([0, 1], [0, 1], "diagonal")
    for found, kind in ((before, "second"), (answered, "first")):
        bins = [one for one in found.bins if one.num_utterances] if found else []
        total = sum(one.num_utterances for one in bins)
        chart.line([one.confidence for one in bins], [one.accuracy for one in bins], f"bold {kind}")
        for one in bins:
            words = f"{percent(one.accuracy)} % of {one.num_utterances} right at confidence {percent(one.confidence)} %"
            chart.dot(one.confidence, one.accuracy, 2 + 6 * (one.num_utterances / total) ** 0.5, f"dot {kind}", words)
    return chart.svg()


def risk_figure(curve: RiskCoverage, points: Sequence[SelectivePoint]) -> Markup:
    """The error among the surest answers, by how many of all are answered, and where the thresholds lead."""
    shown = np.unique(np.linspace(0, len(curve.coverage) - 1, CURVE_POINTS).round().astype(int))
    risks = curve.risk[shown]
    reached = [point for point in points if point.error is not None]
    highest = max([float(risks.max()), *(point.error for point in reached)], default=0.1)
    chart = Chart(
        f"error by coverage: {percent(float(curve.risk[-1]))} % when everything is answered",
        percent_axis("answered, % of all"),
        percent_axis("wrong, % of answered", 0.0, max(highest, 0.05)),
    )
    chart.line(curve.coverage[shown].tolist(), risks.tolist(), "bold first")
    named: dict[tuple[float, float], list[str]] = {}
    for point in reached:
        asked = f"asked for {percent(point.wanted_error)} %"
        got = f"{percent(point.error)} % wrong of the {percent(point.coverage)} % answered"
        chart.dot(point.coverage, point.error, 4.5, "dot second", f"{asked}: {got}")
        near = (
            place for place in named if abs(point.coverage - place[0]) < CLOSE and abs(point.error - place[1]) < CLOSE
        )
        named.setdefault(next(near, (point.coverage, point.error)), []).append(f"{100 * point.wanted_error:.0f}")
    for (coverage, error), wanted in named.items():
        chart.words(coverage, error, f"{', '.join(wanted)} %", shift=8)
    return chart.svg()


def learning_figures(histories: History) -> list[Markup]:
    """Loss and UA by epoch: each fold thin, their mean bold, training and what it watched in two colours.

    A training without validation watched nothing, and has no second colour.
    """
    lines = [line for history in histories.values() for line in history]
    parts = {part: kind for part, kind in PARTS.items() if all(f"{part}_loss" in line for line in lines)}
    epochs = max(int(line["epoch"]) for line in lines)
    step = -(-epochs // 8)
    across = Axis("epoch", 1, max(epochs, 2), [(number, str(number)) for number in range(1, epochs + 1, step)])
    down = _loss_axis(max(line[f"{part}_loss"] for line in lines for part in parts))
    charts = (
        ("loss", Chart("loss by epoch, training and watched", across, down)),
        ("ua", Chart("UA by epoch, training and watched", across, percent_axis("UA, %"))),
    )
    for name, chart in charts:
        for part, kind in parts.items():
            _draw_histories(chart, histories, f"{part}_{name}", kind)
    return [chart.svg() for _, chart in charts]


PARTS = {"train": "second", "watched": "first"}
"""What a history tells of, and the style it is drawn in."""


def alignment_figure(alignment: Alignment) -> Markup:
    """Which moments each word looked at: words downwards, seconds to the right, darker is more."""
    longest = max(len(word) for word in alignment.words)
    left, rows = 14 + 6.2 * min(longest, 24), len(alignment.words)
    width, height = left + CELL * len(alignment.times) + 24, 18 * rows + 34
    label = "how much each word looked at each moment, darker is more"
    head = Markup('<svg role="img" aria-label="{}" viewBox="0 0 {:.0f} {}" style="min-width: {:.0f}px">')
    parts = [head.format(label, width, height, 0.8 * width)]
    text = Markup('<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>')
    for number, word in enumerate(alignment.words):
        parts.append(text.format(left - 6, 18 * number + 13, "end", word))
    parts += _cells(alignment.moments_of_words, left)
    for moment in range(0, len(alignment.times), 5):
        seconds = f"{alignment.times[moment]:.1f}"
        parts.append(text.format(left + CELL * (moment + 0.5), 18 * rows + 15, "middle", seconds))
    parts.append(text.format(left + CELL * len(alignment.times) / 2, height - 4, "middle", "seconds"))
    return Markup("").join([*parts, Markup("</svg>")])


def _cells(shares: np.ndarray, left: float) -> list[Markup]:
    """One path for each of ten shades, which keeps a long utterance's figure small."""
    shades = np.ceil(10 * shares / max(float(shares.max()), 1e-12)).astype(int)
    cell = f"h{CELL}v16h-{CELL}z"
    paths = {
        shade: "".join(
            f"M{left + CELL * moment:.1f} {18 * word}{cell}" for word, moment in np.argwhere(shades == shade)
        )
        for shade in range(1, 11)
    }
    path = Markup('<path class="cell" fill-opacity="{:.1f}" d="{}"/>')
    return [path.format(shade / 10, places) for shade, places in paths.items() if places]


def _loss_axis(highest: float) -> Axis:
    """From 0 to at least the highest loss, in at most six whole steps."""
    step = 0.1
    while highest > 6 * step:
        step *= 2.5 if f"{step:.1e}"[0] == "2" else 2
    number = max(1, -int(-highest // step))
    return Axis("loss, nats", 0.0, number * step, [(step * k, f"{step * k:.1f}") for k in range(number + 1)])


def _draw_histories(chart: Chart, histories: History, column: str, kind: str) -> None:
    by_epoch: dict[int, list[float]] = {}
    for history in histories.values():
        epochs = [int(line["epoch"]) for line in history]
        chart.line(epochs, [line[column] for line in history], f"thin {kind}")
        for line in history:
            by_epoch.setdefault(int(line["epoch"]), []).append(line[column])
    chart.line(list(by_epoch), [mean(values) for values in by_epoch.values()], f"bold {kind}")


def calibration_words(assessment: Assessment) -> str:
    """ECE and Brier score, before and after the temperature."""
    now, before = assessment.calibration, assessment.uncalibrated
    words = f"ECE {percent(now.ece)} %, Brier score {now.brier:.3f}, log loss {now.log_loss:.3f}"
    return words + (f"; before: ECE {percent(before.ece)} %, Brier {before.brier:.3f}" if before else "")


def interval_words(speakers: Breakdown) -> str:
    """What the lines through dots are, where there are any."""
    with_interval = [row for row in speakers.rows if row.interval]
    return f"Lines are 95 % intervals, such as {bounds(with_interval[0].interval)}." if with_interval else ""
