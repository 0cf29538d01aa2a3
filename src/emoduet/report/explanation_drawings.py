"""An explanation's figures as SVG in the page's own colours: moments over the waveform, attention, deletion, insertion.

Waveform and maps of attention lie over the same seconds, as wide as each other, so that a moment is found in all of
them straight below. Scores for the target have the page's first colour, those against it the second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from jaxtyping import Float
from markupsafe import Markup

from emoduet.audio import SAMPLING_RATE
from emoduet.explaining.attention import HALF_A_FRAME
from emoduet.explaining.types import Alignment
from emoduet.faithfulness import Course, RankingTest
from emoduet.report.charts import Chart, percent_axis
from emoduet.report.explanation_contents import Explained, band, shades, shortened
from emoduet.types import Seconds

USUAL = 860
"""How wide the seconds are drawn, where that is neither too near nor too far."""

NEAREST, FARTHEST = 600, 30
"""Units to a second, at most and at least."""

RIGHT, BELOW = 16, 34
WAVE, SCORES = 84, 46
"""Heights of the waveform, and of the bars below it."""

ROW = 18
LONGEST_WORD, LETTER = 24, 6.3
STEPS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30)
DARKEST = 0.62
"""How much of its colour a moment behind the waveform takes at most."""

SHADES = 16


@dataclass(frozen=True)
class Stage:
    """Where seconds lie in a figure: `left` of them is room for words."""

    duration: Seconds
    left: float

    @property
    def per_second(self) -> float:
        """Units to a second."""
        return min(NEAREST, max(FARTHEST, USUAL / self.duration))

    @property
    def width(self) -> float:
        """Of the whole figure."""
        return self.left + self.duration * self.per_second + RIGHT

    def at(self, time: Seconds) -> float:
        """Where a time lies; what is before the beginning or after the end lies there."""
        return round(self.left + min(max(time, 0), self.duration) * self.per_second, 1)

    def figure(self, label: str, height: float, marks: Sequence[Markup]) -> Markup:
        """The marks over an axis of seconds, which begins at `height`, and the place of a cursor."""
        head = Markup(
            '<svg role="img" aria-label="{}" viewBox="0 0 {:.0f} {:.0f}" width="{:.0f}" height="{:.0f}" '
            'data-left="{:.1f}" data-second="{:.3f}">'
        ).format(label, self.width, height + BELOW, self.width, height + BELOW, self.left, self.per_second)
        cursor = Markup('<line class="cursor" x1="{0}" x2="{0}" y1="0" y2="{1}"/>').format(self.left, height)
        return Markup("").join([head, *self._ticks(height), *marks, cursor, Markup("</svg>")])

    def _ticks(self, height: float) -> list[Markup]:
        step = next((step for step in STEPS if step * self.per_second >= 46), STEPS[-1])
        text = Markup('<text x="{}" y="{}" text-anchor="middle">{:g}</text>')
        rule = Markup('<line class="grid" x1="{0}" x2="{0}" y1="0" y2="{1}"/>')
        places = [(self.at(number * step), number * step) for number in range(int(self.duration / step + 1e-9) + 1)]
        marks = [mark for x, time in places for mark in (rule.format(x, height), text.format(x, height + 15, time))]
        middle = self.at(self.duration / 2)
        title = Markup('<text class="title" x="{}" y="{}" text-anchor="middle">seconds</text>')
        return [*marks, title.format(middle, height + 31)]


def stage_of(explained: Explained) -> Stage:
    """The same for all figures of one explanation."""
    words = explained.alignment.words if explained.alignment else ()
    longest = max((len(shortened(word, LONGEST_WORD)) for word in words), default=0)
    return Stage(explained.duration, 16 + LETTER * longest)


def moments_figure(explained: Explained) -> Markup:
    """The waveform before the shades of its moments, and each moment's score as a bar below."""
    stage, found = stage_of(explained), explained.explanation
    middle = WAVE + SCORES * (0.5 if (found.span_scores < 0).any() else 1)
    parts = []
    for (start, end), score, shade in zip(found.times, found.span_scores, shades(found.span_scores), strict=True):
        words = f"{start:.2f} to {end:.2f} s: {explained.told(score)}"
        parts.append(_moment(stage, (start, end), shade, middle, words))
    behind, below, above = zip(*parts, strict=True)
    base = Markup('<line class="base" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>')
    line = base.format(stage.left, stage.at(stage.duration), middle, middle)
    label = f"the waveform, each moment shaded by its score for {found.target}"
    return stage.figure(label, WAVE + SCORES, [*behind, _wave(stage, explained.samples), *below, line, *above])


def looks_figure(explained: Explained) -> Markup:
    """CMA-2: over which moments each word spread its look."""
    alignment = explained.alignment
    label = "how much each word looked at each moment, the fuller the more"
    return _map(stage_of(explained), alignment, alignment.moments_of_words, label)


def looked_at_figure(explained: Explained) -> Markup:
    """CMA-1: over which words each moment spread its look."""
    alignment = explained.alignment
    label = "how much each moment looked at each word, the fuller the more"
    return _map(stage_of(explained), alignment, alignment.words_of_moments.T, label)


def course_figures(test: RankingTest, target: str) -> list[tuple[str, Markup]]:
    """Deletion and insertion, each with its name: the ranking's curve, the mean of random orders, and their band."""
    done = {"deletion": "deleted", "insertion": "given back"}
    return [
        (name, _course_figure(course, f"{test.units} {done[name]}, %", target))
        for name, course in (("deletion", test.deletion), ("insertion", test.insertion))
    ]


def _course_figure(course: Course, across: str, target: str) -> Markup:
    chart = Chart(
        f"probability of {target} by {across}: area {course.area:.2f}, at random {course.random_area:.2f}",
        percent_axis(across),
        percent_axis(f"probability of {shortened(target, 12)}, %"),
    )
    low, high = band(course)
    edge = [*zip(course.fractions, high, strict=True), *reversed(list(zip(course.fractions, low, strict=True)))]
    points = " ".join(",".join(chart.at(x, y)) for x, y in edge)
    chart.marks.append(Markup('<polygon class="band" points="{}"/>').format(points))
    chart.line(course.fractions, course.random_mean, "bold second")
    chart.line(course.fractions, course.probabilities, "bold first")
    return chart.svg()


def _moment(
    stage: Stage, times: tuple[Seconds, Seconds], shade: float, middle: float, words: str
) -> tuple[Markup, Markup, Markup]:
    """Its shade behind the waveform, its bar up or down from `middle`, and its words where a pointer rests on it."""
    x, wide = stage.at(times[0]), stage.at(times[1]) - stage.at(times[0])
    side, tall = "against" if shade < 0 else "for", max(abs(shade) * (middle - WAVE - 2), 0.5)
    box = Markup('<rect class="{}" x="{}" y="0" width="{:.1f}" height="{}" fill-opacity="{:.2f}"/>')
    bar = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
    hit = Markup('<rect class="hit" x="{}" y="0" width="{:.1f}" height="{}" data-t="{:.2f}"><title>{}</title></rect>')
    return (
        box.format(side, x, wide, WAVE, DARKEST * abs(shade)),
        bar.format(side, x + 0.5, middle if shade < 0 else middle - tall, max(wide - 1, 0.5), tall),
        hit.format(x, wide, WAVE + SCORES, times[0], words),
    )


def _wave(stage: Stage, samples: Float[np.ndarray, "samples"]) -> Markup:
    """The outline, a column to a unit; its highest peak fills the height."""
    columns = max(1, int(stage.at(stage.duration) - stage.left))
    edges = np.linspace(0, len(samples), columns + 1).astype(int)[:-1]
    middle, half = WAVE / 2, (WAVE / 2 - 2) / max(float(np.abs(samples).max()), 1e-9)
    tops = middle - np.maximum(np.maximum.reduceat(samples, edges) * half, 0.4)
    bottoms = middle - np.minimum(np.minimum.reduceat(samples, edges) * half, -0.4)
    x = stage.left + edges / SAMPLING_RATE * stage.per_second
    there = "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, tops, strict=True))
    back = "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x[::-1], bottoms[::-1], strict=True))
    return Markup('<path class="wave" d="M{}L{}z"/>').format(there, back)


def _map(stage: Stage, alignment: Alignment, shares: Float[np.ndarray, "words moments"], label: str) -> Markup:
    text = Markup('<text x="{:.1f}" y="{}" text-anchor="end">{}</text>')
    marks = [
        text.format(stage.left - 7, ROW * number + 13, shortened(word, LONGEST_WORD))
        for number, word in enumerate(alignment.words)
    ]
    return stage.figure(label, ROW * len(alignment.words), [*_cells(stage, alignment, shares), *marks])


def _cells(stage: Stage, alignment: Alignment, shares: Float[np.ndarray, "words moments"]) -> list[Markup]:
    """One path for each shade, neighbours of a shade in one piece, which keeps a long utterance's map small."""
    shaded = np.rint(SHADES * shares / max(float(shares.max()), 1e-12)).astype(int)
    begins = [stage.at(time - HALF_A_FRAME) for time in alignment.times]
    ends = [*begins[1:], stage.at(alignment.times[-1] + HALF_A_FRAME)]
    paths: dict[int, list[str]] = {}
    for row, line in enumerate(shaded):
        for shade, run in groupby(range(len(line)), key=line.__getitem__):
            moments = list(run)
            x, wide = begins[moments[0]], ends[moments[-1]] - begins[moments[0]]
            paths.setdefault(int(shade), []).append(f"M{x:g} {ROW * row}h{wide:.1f}v{ROW - 1}h{-wide:.1f}z")
    path = Markup('<path class="cell" fill-opacity="{:.2f}" d="{}"/>')
    return [path.format(shade / SHADES, "".join(places)) for shade, places in sorted(paths.items()) if shade]
