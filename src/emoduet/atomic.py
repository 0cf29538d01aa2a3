"""Files that are whole or absent: everything is written beside its place and renamed into it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Lends a temporary path beside `path`; it becomes `path` when the block ends well and vanishes when it fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
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
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary, old = path.with_name(f".{path.name}.{os.getpid()}.tmp"), _old(path)
    shutil.rmtree(temporary, ignore_errors=True)  # of a killed process that had this one's number
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
        shutil.rmtree(old)
    elif old.exists():
        os.replace(old, path)


def remove_leftovers(folder: Path) -> None:
    """Deletes what killed writers left half-written in a folder that nobody is writing into."""
    for leftover in folder.glob(".*.tmp"):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()


def write_text(path: Path, text: str) -> None:
    """Writes `text` as UTF-8, whole or not at all."""
    with new_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _old(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")
