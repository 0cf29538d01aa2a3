"""How files of segments refuse a value: as it stands there, and all that is wrong with a file at once."""

from collections.abc import Sequence
from pathlib import Path

from emoduet.errors import InputError
from emoduet.problems import listed


def refuse(path: Path, problems: Sequence[str], advice: str) -> None:
    """Raises where there are problems, each of which names its place.

    Raises:
        InputError: there are any.
    """
    if problems:
        noun = "problem" if len(problems) == 1 else "problems"
        raise InputError(f"{path}: {len(problems)} {noun}\n{listed(list(problems))}\n{advice}")


def shown(value: object) -> str:
    """A value as a message shows it, and not too long."""
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
