"""Bars on stderr: one for each training under way, with loss, accuracy and the time left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from emoduet.cli.door import notes
from emoduet.experiment import Hook
from emoduet.training import Step


@contextmanager
def fold_bars() -> Iterator[Hook]:
    """Lends a hook that shows the folds of a run."""
    with _training_bars() as show:
        yield lambda message: show(
            f"{message.recipe} {message.protocol} fold {message.fold} seed {message.seed}", message.step
        )


@contextmanager
def training_bar(name: str) -> Iterator[Callable[[Step], None]]:
    """Lends a hook that shows a single training."""
    with _training_bars() as show:
        yield lambda step: show(name, step)


@contextmanager
def _training_bars() -> Iterator[Callable[[str, Step], None]]:
    """Bars by name; where stderr is no terminal, a line an epoch instead."""
    console = notes()
    if not console.is_terminal:
        yield lambda name, step: _tell_epoch(console, name, step)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}
        yield lambda name, step: _draw(bars, tasks, name, step)


def _draw(bars: Progress, tasks: dict[str, TaskID], name: str, step: Step) -> None:
    if name not in tasks:
        tasks[name] = bars.add_task(name, total=step.epochs * step.total, state="")
    bars.update(tasks[name], completed=(step.epoch - 1) * step.total + step.done, state=_state(step))
    if step.epoch == step.epochs and step.done == step.total:
        bars.update(tasks[name], visible=False)


def _tell_epoch(console: Console, name: str, step: Step) -> None:
    if step.done == step.total:
        console.print(f"{name}: {_state(step)}")


def _state(step: Step) -> str:
    return f"epoch {step.epoch}/{step.epochs}  training loss {step.loss:.3f}  UA {100 * step.ua:.1f}"
