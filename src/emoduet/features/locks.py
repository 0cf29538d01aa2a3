"""Who fills, uses or removes a store: locks that the system itself lets go of when their process is killed.

    ROOT/.KEY.lock                    the gate: held for an instant to begin using a store, and to remove it
    ROOT/KEY/.used-RANDOM.lock        held as long as one process uses the store
    ROOT/KEY/.shard-00000.lock        held by whoever computes that shard

A process holds one gate or one shard at a time and never waits for a second, so no two can wait for each other. On a
file system without locks (Lustre mounted without `flock`) filelock falls back to marker files, which a kill on another
machine leaves behind.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from filelock import BaseFileLock, FileLock, Timeout

from emoduet.errors import InputError


@contextmanager
def gate(folder: Path) -> Iterator[None]:
    """Holds the gate of a store's folder, waiting for whoever passes it.

    Raises:
        InputError: the folder above it is not there, or cannot be written.
    """
    path = gate_path(folder)
    lock = _acquired(path, wait=-1)
    try:
        yield
    finally:
        lock.release()


def gate_path(folder: Path) -> Path:
    """The gate's file; beside the folder, so that it stays where it is when the folder goes."""
    return folder.with_name(f".{folder.name}.lock")


@contextmanager
def attempt(path: Path) -> Iterator[bool]:
    """Says whether the lock is ours for the length of the block; never waits.

    Raises:
        InputError: the file system refuses, such as for want of permission.
    """
    lock = _acquired(path, wait=0)
    try:
        yield lock is not None
    finally:
        if lock:
            lock.release()


def use(folder: Path) -> BaseFileLock:
    """Marks a store as used until the lock is released or forgotten, and drops the marks of the dead. Hold its gate.

    Raises:
        InputError: the folder cannot be written.
    """
    num_users(folder)
    return _acquired(folder / f".used-{uuid4().hex}.lock", wait=0)


def num_users(folder: Path) -> int:
    """How many living users a store has; drops the marks of the dead. Hold its gate."""
    return sum(_held(mark) for mark in folder.glob(".used-*.lock"))


def _held(mark: Path) -> bool:
    """Whether its process lives; also where that cannot be found out, as of another user's."""
    try:
        with attempt(mark) as ours:
            if ours:
                with suppress(OSError):  # a mark that stays hinders nobody
                    mark.unlink(missing_ok=True)
        return not ours
    except InputError:
        return True


def _acquired(path: Path, wait: float) -> BaseFileLock | None:
    lock = FileLock(path, timeout=wait, thread_local=False)  # whichever thread forgets it lets it go
    try:
        lock.acquire()
    except Timeout:
        return None
    except OSError as error:
        raise InputError(f"{path}: cannot be locked ({error}); give another folder for features") from error
    return lock
