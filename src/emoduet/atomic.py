"""Files that are whole or absent: everything is written beside its place and renamed into it.

What the disk or a path does not allow is told as an input's fault, with the path, since a user chose it.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emoduet.errors import InputError


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Lends a temporary path beside `path`; it becomes `path` when the block ends well and vanishes when it fails.

    Raises:
        InputError: the path cannot be written, or is a folder; also for any OSError of the block.
    """
    temporary = _temporary(path)
    _refuse_folder(path)
    make_folder(path.parent)
    with _told_of(path):
        try:
            yield temporary
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Lends a temporary folder beside `path`; it takes the place of `path` when the block ends well.

    A rename cannot replace a full folder, so the old one is moved aside first: a kill between the two renames leaves
    `.<name>.old`, which `recover_folder` puts back.

    Raises:
        InputError: the path cannot be written, or is a file; also for any OSError of the block.
    """
    temporary, old = _temporary(path), _old(path)
    _refuse_file(path)
    make_folder(path.parent)
    with _told_of(path):
        _remove(temporary)  # of a killed process that had this one's number
        try:
            temporary.mkdir()
            yield temporary
            recover_folder(path)
            if path.exists():
                os.replace(path, old)
            os.replace(temporary, path)
            shutil.rmtree(old, ignore_errors=True)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def recover_folder(path: Path) -> None:
    """Ends what a kill within `new_folder` may have left: a folder moved aside is put back, or dropped if replaced."""
    old = _old(path)
    if old.exists() and path.exists():
        _remove(old)
    elif old.exists():
        os.replace(old, path)


def make_folder(path: Path) -> None:
    """Makes a folder and those above it, where they are not there yet.

    Raises:
        InputError: it cannot be made, such as where a file is in the way.
    """
    for above in (path, *path.parents):
        _refuse_file(above)
    with _told_of(path):
        path.mkdir(parents=True, exist_ok=True)


def check_file(path: Path) -> None:
    """Finds out before long work that `new_file(path)` will do.

    Raises:
        InputError: the path cannot be written, or is a folder.
    """
    temporary = _temporary(path)
    _refuse_folder(path)
    make_folder(path.parent)
    with _told_of(path):
        temporary.touch()
        temporary.unlink()


def check_folder(path: Path) -> None:
    """Finds out before long work that `new_folder(path)` will do.

    Raises:
        InputError: the path cannot be written, or is a file.
    """
    temporary = _temporary(path)
    _refuse_file(path)
    make_folder(path.parent)
    with _told_of(path):
        temporary.mkdir()
        temporary.rmdir()


LOSES = "holds other files, which would be lost; give"


def check_vacant(folder: Path, otherwise: str = f"{LOSES} a folder that is empty or does not exist yet") -> None:
    """Finds out before long work that `new_folder` takes nothing away.

    Args:
        otherwise: what is told of a folder that holds anything.

    Raises:
        InputError: as `check_folder`, or the folder holds anything.
    """
    check_folder(folder)
    with _told_of(folder):
        full = folder.is_dir() and any(folder.iterdir())
    if full:
        raise InputError(f"{folder}: {otherwise}")


def remove_leftovers(folder: Path) -> None:
    """Deletes what killed writers left half-written in a folder that nobody is writing into."""
    for leftover in folder.glob(".*.tmp"):
        _remove(leftover)


def write_json(path: Path, value: object) -> None:
    """Writes a value as indented JSON, whole or not at all.

    Raises:
        InputError: as `new_file`.
    """
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes `text` as UTF-8, whole or not at all.

    Raises:
        InputError: as `new_file`.
    """
    with new_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error}); give another path, or make room for it") from error


def _refuse_file(path: Path) -> None:
    if os.path.exists(path) and not os.path.isdir(path):  # false, not an error, for a path that cannot be
        raise InputError(f"{path}: is a file, where a folder is to be; give another path")


def _refuse_folder(path: Path) -> None:
    if os.path.isdir(path):
        raise InputError(f"{path}: is a folder, where a file is to be; give a file's path")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    if path.name in ("", ".."):
        raise InputError(f"{path}: is no name to write to; give a path that ends in one")
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def _old(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")
