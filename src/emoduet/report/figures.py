"""The report's figures as SVG text, so that they live inside the page."""

import io
import re
from collections.abc import Sequence

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
    return _svg(figure)


def alignment_figure(alignment: Alignment) -> str:
    """Which moments each word looked at: words downwards, seconds to the right, darker is more."""
    figure = Figure(figsize=(7.2, 0.6 + 0.32 * len(alignment.words)), layout="constrained")
    axes = figure.add_subplot()
    half_step = (alignment.times[1] - alignment.times[0]) / 2 if len(alignment.times) > 1 else 0.04
    extent = (alignment.times[0] - half_step, alignment.times[-1] + half_step, len(alignment.words) - 0.5, -0.5)
    axes.imshow(alignment.moments_of_words, aspect="auto", cmap="Purples", extent=extent, interpolation="nearest")
    axes.set_yticks(range(len(alignment.words)), alignment.words)
    axes.set_xlabel("seconds")
    return _svg(figure)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return re.sub(r"^.*?(?=<svg)", "", buffer.getvalue(), flags=re.DOTALL)
