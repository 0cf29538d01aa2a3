"""One store: filled by as many processes as like to, read through memory maps."""

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from filelock import BaseFileLock
from torch import Tensor

from emoduet.atomic import make_folder
from emoduet.errors import CheckpointError, InputError
from emoduet.features.description import Description, read_description, store_path, write_description
from emoduet.features.locks import attempt, gate, use
from emoduet.features.narrowing import narrowed
from emoduet.features.shard import Shard, lock_path, map_shard, read_shard, write_shard
from emoduet.features.source import Source
from emoduet.types import Utterance

SHARD_SIZE = 64
"""Utterances a shard: some 20 MB of one layer of a large encoder, a minute of its work on two cores."""
MAX_MAPS = 256
"""Shards mapped at a time; each map costs a file descriptor, of which a process often has 1,024."""
PATIENCE = 0.2
"""Seconds between looks at shards that other processes compute."""

Compute = Callable[[Sequence[Utterance]], Sequence[Tensor]]
Progress = Callable[[int, int], None]


class FeatureStore:
    """The features of a corpus at one stage of one frozen encoder.

    Opening a store makes its folder, notes that it was used, and keeps `prune` away from it for as long as this object
    lives. A store in a folder that may only be read is read all the same. `read` may be called by several threads.

    Args:
        root: the folder of all stores.
        source: what computes them, and of what; it names the store.
        utterances: those that `source.utterances` is the digest of; their order does not matter.
        shard_size: utterances a shard; all who open the store must agree.

    Raises:
        CheckpointError: what lies there is damaged, or the store of other utterances.
        InputError: the folder can be neither read nor made, or an id comes twice.
    """

    def __init__(
        self, root: Path, source: Source, utterances: Sequence[Utterance], shard_size: int = SHARD_SIZE
    ) -> None:
        self.source, self.folder = source, root / source.key
        ordered = sorted(utterances, key=lambda one: one.id)
        _check_ids([one.id for one in ordered])
        self._parts = [ordered[first : first + shard_size] for first in range(0, len(ordered), shard_size)]
        self._use = _open(self.folder, Description(source, len(ordered), shard_size))
        self._shards: dict[int, Shard] = {}
        self._places: dict[str, tuple[int, int, int]] = {}
        self._map = lru_cache(MAX_MAPS)(partial(_mapped, self.folder, self._shards))
        self._missing()

    @property
    def complete(self) -> bool:
        """Whether the features of all utterances are there, whoever computed them."""
        return not self._missing()

    @property
    def relative_error(self) -> float:
        """The largest ||stored - computed|| / ||computed|| of any shard."""
        return max((shard.relative_error for shard in self._shards.values()), default=0.0)

    @property
    def num_bytes(self) -> int:
        """Of all data on disk."""
        return sum(shard.num_bytes for shard in self._shards.values())

    def read(self, id: str) -> Tensor:
        """The features of one utterance in fp32, [frames, ...]: a copy, free to be changed.

        Raises:
            CheckpointError: the shard is damaged, or was deleted since the store was opened.
            InputError: there are none of this utterance, or none yet.
        """
        if id not in self._places:
            self._missing()
        if id not in self._places:
            raise InputError(f"{self.folder}: no features of {id!r}; fill the store with it first")
        number, begin, end = self._places[id]
        return torch.from_numpy(self._map(number)[begin:end]).to(torch.float32, copy=True)

    def fill(self, compute: Compute, progress: Progress = lambda done, total: None) -> None:
        """Computes what is missing, shard by shard, and waits for shards that other processes are computing.

        Each shard is computed by one process; that of a killed process is taken over by the next who asks for it.

        Args:
            compute: the features of some utterances, one tensor [frames, ...] each, on any device.
            progress: hears how many utterances are done, of how many.

        Raises:
            CheckpointError: an answer cannot be stored (see `narrowing`), or a shard is damaged.
            InputError: the disk has no room for what is missing, or the folder cannot be written.
        """
        total = sum(map(len, self._parts))
        pending = self._missing()
        progress(len(self._places), total)
        while pending:
            left = []
            for number in pending:
                if not self._take(number, compute):
                    left.append(number)
                progress(len(self._places), total)
            if len(left) == len(pending):
                time.sleep(PATIENCE)
            pending = left

    def _take(self, number: int, compute: Compute) -> bool:
        """Has the shard, or computes it unless another process is at it."""
        if self._look(number):
            return True
        with attempt(lock_path(self.folder, number)) as ours:
            if ours and not self._look(number):
                part = self._parts[number]
                ids, answers = [one.id for one in part], compute(part)
                values, error = narrowed(ids, answers)
                self._check_room(values.nbytes)
                lengths = [len(answer) for answer in answers]
                self._add(number, write_shard(self.folder, number, ids, lengths, values.numpy(), error))
            return ours

    def _missing(self) -> list[int]:
        """The shards that are not there, after a look at those that were not."""
        return [number for number in range(len(self._parts)) if not self._look(number)]

    def _look(self, number: int) -> bool:
        """Whether a shard is there; one that is new is taken in."""
        if number not in self._shards and (shard := read_shard(self.folder, number)):
            if shard.ids != tuple(one.id for one in self._parts[number]):
                raise CheckpointError(
                    f"{self.folder}: shard {number} holds other utterances, first {shard.ids[:1]}. "
                    f"`emoduet features prune {self.folder.name} --features {self.folder.parent}` deletes the store; "
                    "the next run computes it again"
                )
            self._add(number, shard)
        return number in self._shards

    def _add(self, number: int, shard: Shard) -> None:
        self._shards[number] = shard
        ends = np.cumsum([0, *shard.lengths]).tolist()
        self._places |= {id: (number, *span) for id, span in zip(shard.ids, pairwise(ends), strict=True)}

    def _check_room(self, num_bytes: int) -> None:
        """Insists on room for all that is missing, as far as the shard at hand tells."""
        need = num_bytes * (len(self._parts) - len(self._shards))
        free = shutil.disk_usage(self.folder).free
        if free < need:
            raise InputError(
                f"{self.folder}: {free / 1e9:.1f} GB free; the features that are missing need about "
                f"{need / 1e9:.1f} GB. Make room (`emoduet features list` and `prune`), or give another folder"
            )


def _open(folder: Path, wanted: Description) -> BaseFileLock | None:
    """Makes the store, or finds that the one there is the same; None where it may only be read."""
    mark = None
    try:
        make_folder(folder)
        with gate(folder):
            make_folder(folder)  # again: it may have been removed while we waited
            if not store_path(folder).exists():
                write_description(folder, wanted)
            mark = use(folder)
    except InputError:
        if not store_path(folder).exists():
            raise
    found = read_description(folder)
    if found.num_utterances != wanted.num_utterances or found.shard_size != wanted.shard_size:
        raise CheckpointError(
            f"{folder}: holds {found.num_utterances} utterances in shards of {found.shard_size}, want "
            f"{wanted.num_utterances} in shards of {wanted.shard_size}. `emoduet features prune {folder.name} "
            f"--features {folder.parent}` deletes the store; the next run computes it again"
        )
    with suppress(OSError):
        os.utime(store_path(folder))
    return mark


def _mapped(folder: Path, shards: Mapping[int, Shard], number: int) -> np.memmap:
    return map_shard(folder, number, shards[number])


def _check_ids(ids: Sequence[str]) -> None:
    twice = [one for one, other in pairwise(ids) if one == other]
    if twice:
        raise InputError(f"features: the id {twice[0]!r} comes twice; want each utterance once")
