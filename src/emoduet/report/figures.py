"""The report's figures as SVG, so that they live inside the page; their words stay text, in any script."""

import html
import io
import re
import warnings
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from emoduet.explanation import Alignment

INK = "#1f2933"


def confusion_figure(classes: Sequence[str], confusion: Sequence[Sequence[int]]) -> str:
    """A confusion matrix, each row as shares of its class, with the counts written in."""
    counts = np.array(confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(3.4, 3.0), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.5 else INK
        axes.text(column, row, f"{100 * shares[row, column]:.0f} %\n{count}", ha="center", va="center", color=colour,
                  fontsize=8)  # fmt: skip
    axes.set_xticks(range(len(classes)), classes)
    axes.set_yticks(range(len(classes)), classes)
    axes.set_xlabel("answered")
    axes.set_ylabel("true")
    return _svg(figure, "how often each class was answered for each true class")


def alignment_figure(alignment: Alignment) -> str:
    """Which moments each word looked at: words downwards, seconds to the right, darker is more."""
    figure = Figure(figsize=(7.2, 0.6 + 0.32 * len(alignment.words)), layout="constrained")
    axes = figure.add_subplot()
    half_step = (alignment.times[1] - alignment.times[0]) / 2 if len(alignment.times) > 1 else 0.04
    extent = (alignment.times[0] - half_step, alignment.times[-1] + half_step, len(alignment.words) - 0.5, -0.5)
    axes.imshow(alignment.moments_of_words, aspect="auto", cmap="Purples", extent=extent, interpolation="nearest")
    axes.set_yticks(range(len(alignment.words)), alignment.words, parse_math=False)
    axes.set_xlabel("seconds")
    return _svg(figure, "how much each word looked at each moment")


def _svg(figure: Figure, label: str) -> str:
    """The figure, the same text for the same figure; `label` is what a screen reader says of it."""
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "emoduet"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # the reader's browser has the letters
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    picture = re.sub(r"^.*?(?=<svg)", "", buffer.getvalue(), flags=re.DOTALL)
    return picture.replace("<svg", f'<svg role="img" aria-label="{html.escape(label)}"', 1)
