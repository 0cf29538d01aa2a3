"""Which segments of a file are a recording's, where several recordings share the file."""

from collections.abc import Sequence
from pathlib import Path, PurePath

from emoduet.errors import InputError
from emoduet.segment_files.found import Found

NAMED = 5
"""How many of a file's recordings a message names."""


def of_recording(path: Path, found: Sequence[Found], recording: str | None) -> list[Found]:
    """The segments of one recording; where a file has but one, that is the one, whatever its name.

    The name in the file may be the recording's path, its file's name or that without suffix; "_" stands for a blank.

    Raises:
        InputError: several recordings, and none is asked for, or not one of them alone has that name.
    """
    names = list(dict.fromkeys(_token(str(one.recording)) for one in found if one.recording is not None))
    if len(names) < 2:
        return list(found)
    known = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    if recording is None:
        raise InputError(f"{path}: got segments of {len(names)} recordings ({known}); say which one is meant")
    for same in (_equal, _equal_names, _equal_stems):
        chosen = [name for name in names if same(name, _token(recording))]
        if len(chosen) == 1:
            return [one for one in found if one.recording is not None and _token(str(one.recording)) == chosen[0]]
    raise InputError(f"{path}: cannot tell which segments are those of {recording}; it has {known}. Rename either")


def _equal(name: str, recording: str) -> bool:
    return name == recording


def _equal_names(name: str, recording: str) -> bool:
    return PurePath(name).name == PurePath(recording).name


def _equal_stems(name: str, recording: str) -> bool:
    """Never stem against stem, as a name without suffix may have a dot in it."""
    one, other = PurePath(name), PurePath(recording)
    return one.name == other.stem or one.stem == other.name


def _token(name: str) -> str:
    return "_".join(name.split())
