"""Bars on stderr: one for each training under way, with loss, accuracy and the time left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from emoduet.cli.door import notes
from emoduet.experiment import Hook
from emoduet.fold_run import Filling, FoldProgress
from emoduet.training import Step


@contextmanager
def fold_bars() -> Iterator[Hook]:
    """Lends a hook that shows the folds of a run."""
    with _training_bars() as show:
        yield lambda message: show(*_named(message))


@contextmanager
def training_bar() -> Iterator[Callable[[str, Step | Filling], None]]:
    """Lends a hook that shows a single training, given its name."""
    with _training_bars() as show:
        yield show


def _named(message: FoldProgress | Filling) -> tuple[str, Step | Filling]:
    if isinstance(message, Filling):
        return f"{message.recipe} features", message
    return f"{message.recipe} {message.protocol} fold {message.fold} seed {message.seed}", message.step


@contextmanager
def _training_bars() -> Iterator[Callable[[str, Step | Filling], None]]:
    """Bars by name; where stderr is no terminal, a line an epoch instead."""
    console = notes()
    if not console.is_terminal:
        yield lambda name, message: _tell_epoch(console, name, message)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}
        yield lambda name, message: _draw(bars, tasks, name, *_amounts(message))


def _amounts(message: Step | Filling) -> tuple[int, int, str]:
    """Utterances done, of how many in all, and how it goes."""
    if isinstance(message, Filling):
        return message.done, message.total, ""
    return (message.epoch - 1) * message.total + message.done, message.epochs * message.total, _state(message)


def _draw(bars: Progress, tasks: dict[str, TaskID], name: str, done: int, total: int, state: str) -> None:
    if name not in tasks:
        tasks[name] = bars.add_task(name, total=total, state="")
    bars.update(tasks[name], completed=done, state=state, visible=done < total)


def _tell_epoch(console: Console, name: str, message: Step | Filling) -> None:
    if isinstance(message, Step) and message.done == message.total:
        console.print(f"{name}: {_state(message)}")


def _state(step: Step) -> str:
    return f"epoch {step.epoch}/{step.epochs}  training loss {step.loss:.3f}  UA {100 * step.ua:.1f}"
