"""What lies in the folder of all stores: told, verified to the last byte, and deleted when asked.

Nothing is deleted that is not a store, holds a file no store has written, or is in use. A store is moved aside before
it is deleted, so that a kill in between leaves no half of one.
"""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from emoduet.errors import CheckpointError, InputError, UsageError
from emoduet.features.description import Description, is_store, read_description, store_path, strangers
from emoduet.features.locks import attempt, gate, gate_path, num_users
from emoduet.features.shard import Shard, examine, lock_path, read_shard, remove_shard

SECONDS_A_DAY = 86_400
_SHARD = re.compile(r"shard-(\d{5,})\.json")
_ASIDE = re.compile(r"\.[0-9a-f]{16}\.[0-9a-f]{32}\.removed")


@dataclass(frozen=True)
class StoreInfo:
    """What a look at a store tells, without reading its data.

    Args:
        description: None where `store.json` is damaged.
        num_done: utterances whose features are there.
        num_bytes: of all its files.
        relative_error: the largest of any shard; None where there is none.
        last_used: when a process opened it last, in seconds since 1970.
        problem: the first damage that shows at a look; `verify` finds the others.
    """

    folder: Path
    description: Description | None
    num_done: int
    num_bytes: int
    relative_error: float | None
    last_used: float
    problem: str | None

    @property
    def key(self) -> str:
        """Its name."""
        return self.folder.name

    @property
    def complete(self) -> bool:
        """Whether all features are there and no damage shows."""
        return self.problem is None and self.num_done == self.description.num_utterances

    def as_json(self) -> dict[str, object]:
        """One flat record; null is "not to be told of a damaged store"."""
        source = self.description.source.as_json() if self.description else {}
        utterances = self.description.num_utterances if self.description else None
        return {
            "key": self.key,
            **{name: source.get(name) for name in ("kind", "stage", "encoder", "preprocessing", "libraries")},
            "utterances": utterances,
            "done": self.num_done,
            "bytes": self.num_bytes,
            "complete": self.complete,
            "relative_error": self.relative_error,
            "last_used": self.last_used,
            "problem": self.problem,
        }


@dataclass(frozen=True)
class Damage:
    """What is wrong with a store; `shard` None is its `store.json`."""

    shard: int | None
    message: str


def stores(root: Path) -> list[StoreInfo]:
    """All stores in a folder, the last used first; none where there is no such folder."""
    folders = [folder for folder in root.iterdir() if is_store(folder)] if root.is_dir() else []
    return sorted(map(_info, folders), key=lambda store: (-store.last_used, store.key))


def verify(store: StoreInfo, progress: Callable[[int, int], None] = lambda done, total: None) -> list[Damage]:
    """Reads every byte of a store, and tells all that is damaged.

    Args:
        progress: hears how many shards are read, of how many.
    """
    damages, numbers = [], list(_numbers(store.folder))
    try:
        read_description(store.folder)
    except CheckpointError as error:
        damages.append(Damage(None, str(error)))
    for done, number in enumerate(numbers):
        progress(done, len(numbers))
        try:
            examine(store.folder, number)
        except CheckpointError as error:
            damages.append(Damage(number, str(error)))
    return damages


def repair(store: StoreInfo, damages: Iterable[Damage]) -> None:
    """Deletes what is damaged, so that the next run computes it again; the rest stays.

    Raises:
        InputError: it cannot be deleted, or another process computes that shard.
    """
    for damage in damages:
        try:
            if damage.shard is None:
                store_path(store.folder).unlink(missing_ok=True)
                continue
            with attempt(lock_path(store.folder, damage.shard)) as ours:
                if not ours:
                    raise InputError(f"{store.folder}: shard {damage.shard} is being computed; try again later")
                remove_shard(store.folder, damage.shard)
        except OSError as error:
            raise InputError(f"{store.folder}: cannot be repaired ({error})") from error


def select(
    all_stores: Sequence[StoreInfo],
    keys: Sequence[str] = (),
    *,
    incomplete: bool = False,
    unused_since: float | None = None,
    everything: bool = False,
) -> list[StoreInfo]:
    """The stores that fulfil every condition given.

    Args:
        unused_since: only those that were last used before this time, in seconds since 1970.
        everything: says that no other condition is meant.

    Raises:
        InputError: there is no store of a key.
        UsageError: no condition is given, or one beside `everything`.
    """
    if everything == bool(keys or incomplete or unused_since is not None):
        raise UsageError("stores to delete: give keys, --incomplete or --older-than, or --all alone")
    known = {store.key for store in all_stores}
    if unknown := [key for key in keys if key not in known]:
        raise InputError(f"{unknown[0]}: no store of this key; there are: {', '.join(sorted(known)) or 'none'}")
    return [
        store
        for store in all_stores
        if (not keys or store.key in keys)
        and not (incomplete and store.complete)
        and (unused_since is None or store.last_used < unused_since)
    ]


def prune(chosen: Iterable[StoreInfo]) -> Iterator[tuple[StoreInfo, str | None]]:
    """Deletes stores one by one, and tells of each why it was not deleted, or None. What a kill left goes as well."""
    for store in chosen:
        _remove_leftovers(store.folder.parent)
        try:
            _remove(store.folder)
        except (InputError, OSError) as error:
            yield store, str(error)
        else:
            yield store, None


def _remove(folder: Path) -> None:
    aside = folder.with_name(f".{folder.name}.{uuid4().hex}.removed")
    with gate(folder):
        if not is_store(folder):
            raise InputError(f"{folder}: no store any more")
        if names := strangers(folder):
            raise InputError(f"{folder}: holds {names[0]}, which no store has written; move it away first")
        if users := num_users(folder):
            raise InputError(f"{folder}: in use ({users} open it at the moment); wait for those runs to end")
        folder.rename(aside)
        with suppress(OSError):
            gate_path(folder).unlink(missing_ok=True)
    shutil.rmtree(aside)


def _remove_leftovers(root: Path) -> None:
    for path in root.iterdir():
        if _ASIDE.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)


def _info(folder: Path) -> StoreInfo:
    shards: list[Shard] = []
    description, problems = None, []
    try:
        description = read_description(folder)
    except CheckpointError as error:
        problems.append(str(error))
    for number in _numbers(folder):
        try:
            shards += filter(None, [read_shard(folder, number)])
        except CheckpointError as error:
            problems.append(str(error))
    return StoreInfo(
        folder=folder,
        description=description,
        num_done=sum(len(shard.ids) for shard in shards),
        num_bytes=sum(map(_size, folder.iterdir())),
        relative_error=max((shard.relative_error for shard in shards), default=None),
        last_used=store_path(folder).stat().st_mtime,
        problem=next(iter(problems), None),
    )


def _numbers(folder: Path) -> Iterator[int]:
    """Of the shards whose json is there."""
    names = (_SHARD.fullmatch(path.name) for path in sorted(folder.glob("shard-*.json")))
    return (int(name.group(1)) for name in names if name)


def _size(path: Path) -> int:
    """0 for a file that has just been renamed or deleted."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
