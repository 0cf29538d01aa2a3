"""An explanation as one figure of an article, PNG or SVG: the page in brief, from its answer to its sentences.

Words are drawn as they are; in SVG they stay words. Letters that the font has not got are boxes in PNG.
"""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from emoduet.explaining.attention import HALF_A_FRAME
from emoduet.faithfulness import Course
from emoduet.report.explanation_contents import NOT_PROOF, Explained, band, figures_of, shades, shortened, shown
from emoduet.report.explanation_sheet import (
    FIRST,
    INK,
    MARGIN,
    RULE,
    SECOND,
    SOFT,
    WIDTH,
    Sheet,
    from_white,
    outline,
    styled,
)
from emoduet.report.numbers import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEFT, GAP = 0.75, 0.3
"""Inches before the first panel, for the words along its axis, and between panels."""

ABOVE, BELOW = 0.27, 0.45
"""Room for a line of a panel's title, and for what stands along its axis."""

HEAD, WAVE, BARS, COURSE, LINE = 0.7, 0.85, 0.5, 1.4, 0.142
ROW, MOST_ROWS = 0.19, 30.0
"""Of a word, and of all words together."""

LETTERS_IN_LINE = 176
LONGEST_WORD, LETTER = 22, 0.072


def write_explanation_figure(explained: Explained, out: Path, form: str) -> None:
    """Writes the figure, whole or not at all.

    Args:
        form: "png" or "svg".

    Raises:
        InputError: matplotlib is not installed, or the file cannot be written.
    """
    with styled():
        _sheet(explained).write(out, form)


def _sheet(explained: Explained) -> Sheet:
    found, text = explained.explanation, _sentences(explained)
    parts = [(_draw_head, HEAD)]
    if found.times is not None:
        parts.append((_draw_moments, ABOVE + WAVE + BARS + BELOW))
    if found.words is not None:
        parts.append((_draw_words, 2 * ABOVE + _rows_height(explained) + BELOW))
    if explained.tests:
        parts.append((_draw_courses, 2 * ABOVE + COURSE + BELOW))
    height = sum(height for _, height in parts)
    sheet, top = Sheet(height + LINE * (text.count("\n") + 1) + 2 * MARGIN), 0.0
    for draw, needed in parts:
        draw(sheet, top, explained)
        top += needed
    sheet.words(height + MARGIN, text, fontsize=7.5, linespacing=1.35)
    return sheet


def _sentences(explained: Explained) -> str:
    """What the test says, and what the scores are, in lines as long as the figure is wide."""
    sentences = [*(test.sentence() for test in explained.tests), "; ".join(explained.explanation.notes)]
    sentences += [NOT_PROOF] if explained.alignment else []
    return "\n\n".join(textwrap.fill(shown(sentence), LETTERS_IN_LINE) for sentence in sentences)


def _rows_height(explained: Explained) -> float:
    return min(ROW * len(explained.explanation.words), MOST_ROWS)


def _draw_head(sheet: Sheet, top: float, explained: Explained) -> None:
    target, method = shown(explained.explanation.target), explained.method
    title = f"{shortened(explained.title, 80)}: why {target}, by {method}"
    answers = "  ·  ".join(f"{shown(name)} {percent(share)} %" for name, share in explained.answers())
    sheet.words(top + MARGIN, title, fontsize=11, fontweight="bold")
    sheet.words(top + MARGIN + 0.3, answers, color=SOFT)


def _draw_moments(sheet: Sheet, top: float, explained: Explained) -> None:
    found, width = explained.explanation, WIDTH - LEFT - MARGIN
    wave = sheet.panel(LEFT, top + ABOVE, width, WAVE)
    bars = sheet.panel(LEFT, top + ABOVE + WAVE, width, BARS)
    colours = _colours(found.span_scores)
    for (start, end), shade, colour in zip(found.times, shades(found.span_scores), colours, strict=True):
        wave.axvspan(start, end, color=colour, alpha=0.55 * abs(shade), linewidth=0)
    low, high = outline(explained.samples)
    wave.fill_between(np.linspace(0, explained.duration, len(low)), low, high, color=INK, alpha=0.75, linewidth=0)
    wave.set(title="moments: waveform, shaded by score", xlim=(0, explained.duration), xticks=[], yticks=[])
    starts, ends = found.times[:, 0], found.times[:, 1]
    bars.bar(starts, found.span_scores, ends - starts, align="edge", color=colours, edgecolor="white", linewidth=0.6)
    bars.axhline(0, color=SOFT, linewidth=0.7)
    bars.set(xlim=(0, explained.duration), xlabel="seconds", ylabel="score")


def _draw_words(sheet: Sheet, top: float, explained: Explained) -> None:
    """A row for each word: its score as a bar, and where there is attention, both its maps beside it."""
    found, alignment, height = explained.explanation, explained.alignment, _rows_height(explained)
    names = [shortened(word, LONGEST_WORD) for word in found.words]
    left, top = max(LEFT, 2 * MARGIN + LETTER * max(map(len, names))), top + 2 * ABOVE
    column = (WIDTH - left - MARGIN - 2 * GAP) / 3
    bars, places = sheet.panel(left, top, column if alignment else WIDTH - left - MARGIN, height), np.arange(len(names))
    bars.barh(places, found.word_scores, color=_colours(found.word_scores), height=0.7)
    bars.axvline(0, color=SOFT, linewidth=0.7)
    bars.set_yticks(places, names, parse_math=False, fontsize=min(8.0, 8.0 * height / (ROW * len(names))))
    bars.tick_params(axis="y", length=0)
    bars.set(title="words", xlabel="score", ylim=(len(names) - 0.5, -0.5))
    if alignment:
        maps = [sheet.panel(left + number * (column + GAP), top, column, height) for number in (1, 2)]
        _draw_map(maps[0], explained, alignment.moments_of_words, "from each word to moments\n(CMA-2")
        _draw_map(maps[1], explained, alignment.words_of_moments.T, "from each moment to words\n(CMA-1")


def _draw_map(axes: "Axes", explained: Explained, shares: Float[np.ndarray, "words moments"], title: str) -> None:
    times = explained.alignment.times
    extent = (times[0] - HALF_A_FRAME, times[-1] + HALF_A_FRAME, len(shares) - 0.5, -0.5)
    axes.imshow(shares, cmap=from_white(), vmin=0, extent=extent, aspect="auto", interpolation="nearest")
    title = f"{title}; the fullest is {shares.max():.3f})"
    axes.set(title=title, xlabel="seconds", xlim=(0, explained.duration), yticks=[])


def _draw_courses(sheet: Sheet, top: float, explained: Explained) -> None:
    curves = [(test.units, name, course) for test in explained.tests for name, course in figures_of(test)]
    width = (WIDTH - LEFT - MARGIN - GAP * (len(curves) - 1)) / len(curves)
    lefts = [LEFT + number * (width + GAP) for number in range(len(curves))]
    panels = [sheet.panel(left, top + 2 * ABOVE, width, COURSE) for left in lefts]
    for axes, (units, name, course) in zip(panels, curves, strict=True):
        _draw_course(axes, course)
        axes.set(title=f"{units}, {name}", xlabel="deleted, %" if course.falls else "given back, %")
    for axes in panels[1:]:
        axes.tick_params(labelleft=False)
    panels[0].set_ylabel(f"probability of {shortened(explained.explanation.target, 14)}, %", parse_math=False)
    sheet.legend(top, panels[0])


def _draw_course(axes: "Axes", course: Course) -> None:
    across, (low, high) = 100 * course.fractions, band(course)
    axes.fill_between(across, 100 * low, 100 * high, color=SECOND, alpha=0.18, linewidth=0, label="random orders")
    axes.plot(across, 100 * course.random_mean, color=SECOND, linewidth=1.4, linestyle="--", label="their mean")
    axes.plot(across, 100 * course.probabilities, color=FIRST, linewidth=1.8, label="by these scores")
    axes.set(xlim=(0, 100), ylim=(0, 100))
    axes.grid(color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)


def _colours(scores: Float[np.ndarray, "units"]) -> list[str]:
    return [SECOND if score < 0 else FIRST for score in scores]
