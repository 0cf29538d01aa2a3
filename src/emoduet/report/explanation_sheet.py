"""A sheet of panels by matplotlib, in the page's colours: placed by the inch, the same bytes each time.

The one module that imports matplotlib, when it is used. It takes the objects alone: no window system is asked for, and
neither figures nor settings of the caller's are touched. matplotlib's own layouts are not used: what they find depends
on the order of things in memory.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from emoduet.atomic import new_file
from emoduet.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

FIRST, SECOND, INK, SOFT, RULE = "#2f5aa8", "#c26a1b", "#1c2430", "#566273", "#dcdfe4"
"""The page's colours in the light."""

WIDTH, MARGIN = 10.0, 0.15
"""Inches, as is everything that says where something lies."""

DPI = 150
STYLE = {
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": SOFT,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.titlecolor": SOFT,
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": INK,
    "svg.fonttype": "none",
    "svg.hashsalt": "emoduet",
}
METADATA = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}


def check_drawing() -> None:
    """Finds before long work that no figure could be drawn.

    Raises:
        InputError: matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise InputError(f'PNG and SVG need matplotlib ({error}): pip install "emoduet[explain]"') from error


@contextmanager
def styled() -> Iterator[None]:
    """The style, and no complaint of letters that the font has not got: for all that is drawn and written.

    Raises:
        InputError: as `check_drawing`.
    """
    check_drawing()
    import matplotlib

    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def from_white() -> "Colormap":
    """From white to the page's first colour."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("page", ["#ffffff", FIRST])


class Sheet:
    """A figure of a known height; `top` is always how far from its upper edge something begins."""

    def __init__(self, height: float) -> None:
        from matplotlib.figure import Figure

        self.height = height
        self.figure = Figure(figsize=(WIDTH, height))

    def panel(self, left: float, top: float, width: float, height: float) -> "Axes":
        """A panel; its title and what stands along its axes lie around it."""
        bottom = self.height - top - height
        return self.figure.add_axes((left / WIDTH, bottom / self.height, width / WIDTH, height / self.height))

    def words(self, top: float, words: str, **settings: object) -> None:
        """Words from the left margin on, dollars included."""
        self.figure.text(MARGIN / WIDTH, 1 - top / self.height, words, va="top", parse_math=False, **settings)

    def legend(self, top: float, axes: "Axes") -> None:
        """What the lines of a panel are, up to the right margin."""
        place = (1 - MARGIN / WIDTH, 1 - top / self.height)
        look = {"fontsize": 7, "frameon": False, "labelcolor": SOFT, "borderaxespad": 0, "ncols": 3}
        self.figure.legend(*axes.get_legend_handles_labels(), loc="upper right", bbox_to_anchor=place, **look)

    def write(self, out: Path, form: str) -> None:
        """Writes the file, whole or not at all.

        Args:
            form: "png" or "svg".

        Raises:
            InputError: the file cannot be written.
        """
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format=form, dpi=DPI, metadata=METADATA[form])
        with new_file(out) as temporary:
            temporary.write_bytes(buffer.getvalue())


def outline(samples: Float[np.ndarray, "samples"], columns: int = 1200) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest sample of each column, as shares of the loudest.

    >>> [edge.tolist() for edge in outline(np.array([0.0, 0.5, -0.25, 0.0]), columns=2)]
    [[0.0, -0.5], [1.0, 0.0]]
    """
    edges = np.linspace(0, len(samples), min(len(samples), columns) + 1).astype(int)[:-1]
    loudest = max(float(np.abs(samples).max()), 1e-9)
    return np.minimum.reduceat(samples, edges) / loudest, np.maximum.reduceat(samples, edges) / loudest
