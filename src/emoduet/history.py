"""What a training did, epoch by epoch: what its progress is told in, and the files it is kept in."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from emoduet.atomic import new_folder, write_text


@dataclass(frozen=True)
class Epoch:
    """One line of a training's history; accuracies between 0 and 1, rate after the epoch's decision.

    `train_loss` is what the system learns from: late fusion's is a sum of two cross-entropies, half of mcnn-lstm's is a
    verification loss. `watched_loss` is one cross-entropy, whatever the system, so that the two need not be alike.

    The watched figures are None where a training watches nothing, and so is the rate where a system is fitted at one
    go; in CSV their cells are then empty.
    """

    epoch: int
    train_loss: float
    train_ua: float
    watched_loss: float | None
    watched_ua: float | None
    learning_rate: float | None
    seconds: float


@dataclass(frozen=True)
class Step:
    """What a progress hook is told after each update."""

    epoch: int
    epochs: int
    done: int
    total: int
    loss: float
    ua: float


def write_history(path: Path, history: Sequence[Epoch], note: str) -> None:
    """Writes a training's history as CSV, one line an epoch; `note` (without commas) stands in the last column."""
    lines = [",".join([*Epoch.__dataclass_fields__, "note"])]
    lines += [",".join([*map(_cell, asdict(epoch).values()), note]) for epoch in history]
    write_text(path, "\n".join(lines) + "\n")


def log_to_tensorboard(folder: Path, history: Sequence[Epoch], note: str) -> None:
    """Writes a training's history for TensorBoard, with `note` as its text, replacing what stood there."""
    with new_folder(folder) as temporary, SummaryWriter(str(temporary)) as writer:
        writer.add_text("note", note)
        for epoch in history:
            for name, value in asdict(epoch).items():
                if value is not None:
                    writer.add_scalar(name, value, epoch.epoch)


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
