"""A fold that notes each shard its process computes, in a file: no patch of a test reaches into another process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from emoduet.features import FeatureStore, store
from emoduet.fold_run import FoldJob, run_fold

SHARD_SIZE = 4
"""So that even a small corpus has several."""


def run_counted(job: FoldJob, progress: Callable[[object], None]) -> None:
    """Runs a fold; each shard that it computes is a line of `computed.log` in the run's folder."""
    write, log = store.write_shard, job.folder.parent / "computed.log"

    def note_and_write(folder: Path, number: int, *content: object) -> object:
        with log.open("a") as file:
            file.write(f"{folder.name} {number}\n")
        return write(folder, number, *content)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "write_shard", note_and_write)
        patch.setattr(FeatureStore.__init__, "__defaults__", (SHARD_SIZE,))
        run_fold(job, progress)
