"""Reads a label map: a small TOML or JSON file that says which class each of a corpus's labels becomes."""

import json
import os
import tomllib
from pathlib import Path

from emoduet.errors import InputError

EXAMPLE = 'anger = "angry"'


def read_label_map(path: str | os.PathLike[str]) -> dict[str, str]:
    """The map of label to class, one entry a label; labels it does not name are outside the study.

    Raises:
        InputError: the file cannot be read, is neither TOML nor JSON (by its suffix), or is no map of text to text.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        found = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); want a label map in TOML or JSON") from error
    except ValueError as error:
        raise InputError(f"{path}: {error}; want lines such as {EXAMPLE}, or the same as a JSON object") from error
    if not isinstance(found, dict) or not found:
        raise InputError(f"{path}: got no labels; want lines such as {EXAMPLE}, or the same as a JSON object")
    wrong = {label: name for label, name in found.items() if not isinstance(name, str) or not name.strip()}
    if wrong:
        raise InputError(f"{path}: got {wrong}; want the name of a class for each label, such as {EXAMPLE}")
    return found
