"""Encoders compute a batch in portions that fit into memory; how it is cut changes no answer.

The portions are of whole utterances, measured in rows: frames of 20 ms, or tokens. In training a batch of more than one
portion keeps only what goes into each, and computes the rest again in the backward pass.
"""

import logging
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import torch
from accelerate.utils.memory import should_reduce_batch_size
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from emoduet.errors import InputError
from emoduet.nn.packing import Packed, join

ANSWERING_BYTES = 2**28
"""What a CPU may take for the frames of one portion without gradient: more would gain nothing."""

log = logging.getLogger(__name__)


@dataclass
class Budget:
    """How many rows an encoder computes at once.

    Attributes:
        answering: bytes a row takes while it is computed.
        training: bytes a row takes until its gradient is known.
        attention: bytes more that it takes in training for each row of its own utterance.
        rows: a limit beside that of the free memory, which is found out when it is first needed; None sets none.
    """

    answering: int
    training: int
    attention: int = 0
    rows: int | None = None
    _affordable: dict[bool, int] = field(default_factory=dict)
    _last: tuple[int, ...] = ()

    def portions(self, lengths: Sequence[int], device: torch.device) -> list[slice]:
        """Consecutive utterances, as many at once as fit, at least one."""
        trains = torch.is_grad_enabled()
        if trains not in self._affordable:
            self._affordable[trains] = _affordable_bytes(device, trains)
        a_row = self.training + self.attention * max(lengths, default=0) if trains else self.answering
        limit = min(self._affordable[trains] // a_row, self.rows or sum(lengths))
        self._last = tuple(lengths)
        portions, first, rows = [], 0, 0
        for utterance, length in enumerate(lengths):
            if rows and rows + length > limit:
                portions.append(slice(first, utterance))
                first, rows = utterance, 0
            rows += length
        return [*portions, slice(first, len(lengths))]

    def halve(self, device: torch.device) -> bool:
        """Smaller portions after memory ran out; False where every utterance was alone already."""
        portions = self.portions(self._last, device)
        if len(portions) >= len(self._last):
            return False
        largest = max(sum(self._last[part]) for part in portions)
        self.rows = max(largest // 2, 1)
        log.warning("memory ran out: going on in portions of %d rows; no number changes", self.rows)
        return True


def in_portions(run: Callable[[slice], Packed], lengths: Sequence[int], budget: Budget, device: torch.device) -> Packed:
    """What `run` answers for all utterances, called for as many at a time as the budget allows.

    Raises:
        InputError: memory does not suffice for one utterance.
    """
    put_back = generators_kept(device)
    while True:
        try:
            portions = budget.portions(lengths, device)
            keep = run if len(portions) == 1 or not torch.is_grad_enabled() else _recomputed(run, device)
            return join([keep(part) for part in portions])
        except (RuntimeError, MemoryError) as error:
            if not ran_out_of_memory(error):
                raise
        if not budget.halve(device):
            raise InputError(
                f"memory: full with an utterance of {max(lengths)} rows alone; free some, cut long recordings into "
                "shorter segments, or take smaller encoders"
            )
        put_back()


def ran_out_of_memory(error: Exception) -> bool:
    """Whether an error says that a device's or the machine's memory is full."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or should_reduce_batch_size(error)


def generators_kept(device: torch.device) -> Callable[[], None]:
    """Lends what puts the generators that encoders draw from, torch's and numpy's, back to where they are now."""
    numpy_state, torch_state = np.random.get_state(), torch.get_rng_state()
    gpu_state = torch.cuda.get_rng_state(device) if device.type == "cuda" else None

    def put_back() -> None:
        np.random.set_state(numpy_state)
        torch.set_rng_state(torch_state)
        if gpu_state is not None:
            torch.cuda.set_rng_state(gpu_state, device)

    return put_back


def _affordable_bytes(device: torch.device, trains: bool) -> int:
    """Half of what is free, shared by processes that share the cores."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] // 2
    share = min(torch.get_num_threads() / (os.cpu_count() or 1), 1.0)
    half = int(min(psutil.virtual_memory().available, _free_in_container()) * share) // 2
    return half if trains else min(half, ANSWERING_BYTES)


def _free_in_container(folder: Path = Path("/sys/fs/cgroup")) -> float:
    """What a container's own limit leaves, in bytes; infinite where it sets none."""
    try:
        limit, used = ((folder / name).read_text().strip() for name in ("memory.max", "memory.current"))
        return int(limit) - int(used)
    except (OSError, ValueError):  # no such file, or "max"
        return math.inf


def _recomputed(run: Callable[[slice], Packed], device: torch.device) -> Callable[[slice], Packed]:
    """The same answers, whose inner values are computed again for the gradient, with the same draws."""

    def run_twice(part: slice) -> Packed:
        numpy_state = np.random.get_state()
        where = torch.empty(0, device=device)  # tells torch whose generator to put back beside the CPU's
        lengths: list[tuple[int, ...]] = []

        def values(where: Tensor) -> Tensor:
            with _numpy_from(numpy_state, again=bool(lengths)):
                packed = run(part)
            lengths.append(packed.lengths)
            return packed.values

        return Packed(checkpoint(values, where, use_reentrant=False), lengths[0])

    return run_twice


@contextmanager
def _numpy_from(state: Mapping[str, object] | tuple, again: bool) -> Iterator[None]:
    """The second time, numpy's generator starts where it started the first time, and goes back afterwards."""
    before = np.random.get_state()
    if again:
        np.random.set_state(state)
    try:
        yield
    finally:
        if again:
            np.random.set_state(before)
