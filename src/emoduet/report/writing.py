"""A report's form: an HTML page, or tables in Markdown or LaTeX."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from emoduet.atomic import write_text
from emoduet.errors import UsageError
from emoduet.report.contents import Contents
from emoduet.report.latex import latex_of
from emoduet.report.markdown import markdown_of
from emoduet.report.page import page_of

FORMS: Mapping[str, Callable[[Contents], str]] = MappingProxyType(
    {"html": page_of, "md": markdown_of, "latex": latex_of}
)

_FORM_OF_SUFFIX = {".html": "html", ".htm": "html", ".md": "md", ".tex": "latex"}


def form_of(path: Path, asked: str | None = None) -> str:
    """The form asked for, or else the one that the file's suffix means.

    Raises:
        UsageError: none was asked for, and the suffix means none.
    """
    form = asked or _FORM_OF_SUFFIX.get(path.suffix.lower())
    if form is None:
        raise UsageError(
            f"{path}: {path.suffix or 'no suffix'} means no form; name the file .html, .md or .tex, or give --format"
        )
    return form


def write_report(path: Path, contents: Contents, form: str | None = None) -> None:
    """Writes the report, whole or not at all.

    Args:
        form: a key of `FORMS`; None goes by the file's suffix.

    Raises:
        UsageError: the suffix means no form.
        AudioError: a recording that was asked for cannot be read.
    """
    write_text(path, FORMS[form_of(path, form)](contents))
