"""A few marks on two axes, as SVG that takes its colours and letters from the page around it.

So a figure is as crisp on paper as on a screen, reads in light and in dark, and a reader's own letters fill it. Sizes
are in the figure's own units, `WIDTH` to a figure, which is about what a telephone shows at full size. Every word is
escaped here; what comes out is markup.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

WIDTH = 360
RIGHT, TOP, BOTTOM = 14, 10, 36


@dataclass(frozen=True)
class Axis:
    """What one direction shows: its words, the values at both ends, and the values written along it."""

    label: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]

    def share(self, value: float) -> float:
        """How far along the axis a value lies, from 0 to 1; what lies beyond is shown at the end."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


@dataclass
class Chart:
    """Collects marks and draws them in their order.

    Attributes:
        label: what a screen reader says of the figure.
        left: the room for the words along the vertical axis.
    """

    label: str
    x: Axis
    y: Axis
    height: int = 240
    left: int = 44
    right: int = RIGHT
    marks: list[Markup] = field(default_factory=list)

    def at(self, x: float, y: float) -> tuple[str, str]:
        """Where values lie in the figure's units."""
        across = self.left + self.x.share(x) * (WIDTH - self.left - self.right)
        down = TOP + (1 - self.y.share(y)) * (self.height - TOP - BOTTOM)
        return f"{across:.1f}", f"{down:.1f}"

    def line(self, xs: Sequence[float], ys: Sequence[float], kind: str) -> None:
        """A line through points; `kind` names its style in the page."""
        points = " ".join(",".join(self.at(x, y)) for x, y in zip(xs, ys, strict=True))
        self.marks.append(Markup('<polyline class="{}" points="{}"/>').format(kind, points))

    def dot(self, x: float, y: float, radius: float, kind: str, words: str) -> None:
        """A dot, whose words show where a pointer rests on it."""
        dot = Markup('<circle class="{}" cx="{}" cy="{}" r="{:.1f}"><title>{}</title></circle>')
        self.marks.append(dot.format(kind, *self.at(x, y), radius, words))

    def words(self, x: float, y: float, words: str, *, anchor: str = "start", shift: float = 6) -> None:
        """Words beside a point, `shift` units to its right."""
        across, down = self.at(x, y)
        text = Markup('<text class="halo" x="{:.1f}" y="{}" dy="0.35em" text-anchor="{}">{}</text>')
        self.marks.append(text.format(float(across) + shift, down, anchor, words))

    def svg(self) -> Markup:
        """The figure."""
        head = Markup('<svg role="img" aria-label="{}" viewBox="0 0 {} {}">').format(self.label, WIDTH, self.height)
        parts = [head, *self._horizontal_ticks(), *self._vertical_ticks(), *self._titles(), *self.marks]
        return Markup("").join([*parts, Markup("</svg>")])

    def _horizontal_ticks(self) -> list[Markup]:
        text = Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>')
        rule = Markup('<line class="grid" x1="{0}" y1="{1}" x2="{0}" y2="{2}"/>')
        bottom = self.height - BOTTOM
        places = [(self.at(value, self.y.low)[0], words) for value, words in self.x.ticks]
        return [
            mark for x, words in places for mark in (rule.format(x, TOP, bottom), text.format(x, bottom + 15, words))
        ]

    def _vertical_ticks(self) -> list[Markup]:
        text = Markup('<text x="{}" y="{}" dy="0.35em" text-anchor="end">{}</text>')
        rule = Markup('<line class="grid" x1="{1}" y1="{0}" x2="{2}" y2="{0}"/>')
        places = [(self.at(self.x.low, value)[1], words) for value, words in self.y.ticks]
        right = WIDTH - self.right
        return [
            mark
            for y, words in places
            for mark in (rule.format(y, self.left, right), text.format(self.left - 6, y, words))
        ]

    def _titles(self) -> list[Markup]:
        middle, centre = (self.left + WIDTH - self.right) / 2, (TOP + self.height - BOTTOM) / 2
        below = Markup('<text class="title" x="{}" y="{}" text-anchor="middle">{}</text>')
        beside = Markup('<text class="title" transform="translate(11 {}) rotate(-90)" text-anchor="middle">{}</text>')
        titles = [below.format(middle, self.height - 4, self.x.label)]
        return titles + ([beside.format(centre, self.y.label)] if self.y.label else [])


def percent_axis(label: str, low: float = 0.0, high: float = 1.0) -> Axis:
    """An axis of shares, written in percent, widened to whole steps of about a fifth of what it shows.

    >>> [words for _, words in percent_axis("UA", 0.58, 0.81).ticks]
    ['55', '60', '65', '70', '75', '80', '85']
    """
    step = next(step for step in (1, 2, 5, 10, 20) if (high - low) * 100 <= 6 * step or step == 20)
    first, last = int(100 * low // step), int(-(-round(100 * high, 6) // step))
    ticks = [(number * step / 100, str(number * step)) for number in range(first, max(last, first + 1) + 1)]
    return Axis(label, ticks[0][0], ticks[-1][0], ticks)
