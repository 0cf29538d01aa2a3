"""The files that an explanation is written to, each by its name's suffix."""

from collections.abc import Sequence
from pathlib import Path

from emoduet.atomic import check_file, write_json
from emoduet.errors import UsageError
from emoduet.report.explanation_contents import Explained
from emoduet.report.explanation_figure import write_explanation_figure
from emoduet.report.explanation_page import write_explanation_page
from emoduet.report.explanation_record import explanation_record
from emoduet.report.explanation_sheet import check_drawing

PAGE = "html"
_FORM_OF_SUFFIX = {".html": PAGE, ".htm": PAGE, ".png": "png", ".svg": "svg", ".json": "json"}


def form_of(path: Path) -> str:
    """What a file will be: html, png, svg or json.

    Raises:
        UsageError: its suffix means none of them.
    """
    form = _FORM_OF_SUFFIX.get(path.suffix.lower())
    if form is None:
        raise UsageError(
            f"{path}: {path.suffix or 'no suffix'} means no form; name the file .html, .png, .svg or .json"
        )
    return form


def check_explanation_files(paths: Sequence[Path]) -> None:
    """Finds before long work that one could not be written.

    Raises:
        UsageError: as `form_of`.
        InputError: a path cannot be written, or a figure is wanted and matplotlib is not installed.
    """
    forms = [form_of(path) for path in paths]
    if {"png", "svg"} & set(forms):
        check_drawing()
    for path in paths:
        check_file(path)


def write_explanation(explained: Explained, path: Path) -> None:
    """Writes one file, whole or not at all.

    Raises:
        UsageError: as `form_of`.
        InputError: the file cannot be written, or a library for it is not there.
    """
    form = form_of(path)
    if form == PAGE:
        write_explanation_page(explained, path)
    elif form == "json":
        write_json(path, explanation_record(explained))
    else:
        write_explanation_figure(explained, path, form)
