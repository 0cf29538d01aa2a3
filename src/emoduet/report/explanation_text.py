"""An explanation for a terminal: the answer, words with bars, moments as a line of blocks over seconds, and the test.

Lines of 80 columns at most, but for sentences, which the terminal breaks.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float

from emoduet.explaining.types import SPAN
from emoduet.report.explanation_contents import (
    Explained,
    figure_words,
    figures_of,
    shades,
    shortened,
    shown,
)
from emoduet.report.numbers import percent

MOST_WORDS = 40
"""Of longer transcripts those that score highest and lowest are shown."""

LONGEST_WORD = 24
BAR = 30
"""How many columns the greatest score fills."""

IN_SECOND = round(1 / SPAN)
IN_LINE = 16 * IN_SECOND
"""Moments to a second, and to a line."""

SIDES = (("for", 1), ("against", -1))

BLOCKS = " ▁▂▃▄▅▆▇█"
WIDTHS = (7, 8, 12, 18, 10)
NAMED_MOMENTS = 3
FAINT = 0.05
"""Shades below this are not worth a line of their own."""


def explanation_lines(explained: Explained) -> Iterator[str]:
    """The lines, one by one."""
    found = explained.explanation
    yield f"{explained.title}" + (f" ({explained.duration:.2f} s)" if explained.duration else "")
    yield "   ".join(f"{name} {percent(share)} %" for name, share in explained.answers())
    yield f"why {found.target}: {explained.method}"
    if found.words is not None:
        yield ""
        yield from _word_lines(explained, found.words, found.word_scores)
    if found.times is not None:
        yield ""
        yield from _moment_lines(explained, found.times, found.span_scores)
    if explained.tests:
        yield ""
        yield from _figures(explained)
        yield ""
        yield from (test.sentence() for test in explained.tests)
    yield ""
    yield "; ".join(found.notes)


def bar(shade: float) -> str:
    """Full blocks for the target, shaded ones against it.

    >>> bar(0.1), bar(-0.1), bar(0.0)
    ('███', '▒▒▒', '')
    """
    return ("█" if shade > 0 else "▒") * round(abs(shade) * BAR)


def sparks(shares: Float[np.ndarray, "units"]) -> str:
    """Shares from 0 to 1 as blocks of eight heights; what is above zero shows at least the lowest.

    >>> sparks(np.array([0.0, 0.01, 0.5, 1.0]))
    ' ▁▄█'
    """
    return "".join(BLOCKS[int(np.ceil(max(share, 0) * 8))] for share in shares)


def _word_lines(explained: Explained, words: Sequence[str], scores: Float[np.ndarray, "words"]) -> Iterator[str]:
    order = np.argsort(-np.abs(scores), kind="stable")[:MOST_WORDS]
    left_out = len(words) - len(order)
    yield "words" + (f" ({left_out} with lesser scores are left out)" if left_out else "")
    width = min(LONGEST_WORD, max(len(shown(words[number])) for number in order))
    shaded = shades(scores)
    for number in np.sort(order):
        word = shortened(words[number], LONGEST_WORD)
        yield f"  {word:{width}}  {explained.told(scores[number]):>6}  {bar(shaded[number])}".rstrip()


def _moment_lines(
    explained: Explained, times: Float[np.ndarray, "spans 2"], scores: Float[np.ndarray, "spans"]
) -> Iterator[str]:
    """Those for the target over those against it, over whole seconds."""
    yield f"moments of {SPAN:g} s"
    shaded = shades(scores)
    for first in range(0, len(scores), IN_LINE):
        line, begin = shaded[first : first + IN_LINE], int(first * SPAN)
        yield from (
            f"  {name:7}  {sparks(sign * line)}".rstrip() for name, sign in SIDES if (sign * line > FAINT).any()
        )
        ticks = "".join(f"{begin + number:<{IN_SECOND}}" for number in range(-(-len(line) // IN_SECOND)))
        yield f"  seconds  {ticks}".rstrip()
    for name, sign in SIDES:
        best = [number for number in np.argsort(-sign * scores, kind="stable") if sign * shaded[number] > FAINT]
        if best:
            yield f"  most {name}: " + ", ".join(
                f"{times[number, 0]:.2f} to {times[number, 1]:.2f} s ({explained.told(scores[number])})"
                for number in best[:NAMED_MOMENTS]
            )


def _figures(explained: Explained) -> Iterator[str]:
    def cells(words: Sequence[str]) -> str:
        return "".join(f"{word:>{width}}" for word, width in zip(words, WIDTHS, strict=True))

    level = f"{100 * explained.tests[0].deletion.confidence:.0f} % interval"
    yield f"{'':18}{cells(['area', 'random', 'difference', level, 'as good'])}"
    for test in explained.tests:
        for name, course in figures_of(test):
            yield f"{test.units:8}{name:10}{cells(figure_words(course))}"
