"""What every command shares: errors told in words, results on stdout, notes on stderr.

Exit status: 0 done, 1 something could not be done, 2 wrong usage.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import Progress

from emoduet.errors import EmoduetError


def results() -> Console:
    """Where results go: stdout; wide enough for a table line when it is a file or a pipe."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=160)


def notes() -> Console:
    """Where progress and notes go: stderr."""
    return Console(stderr=True, highlight=False)


@contextmanager
def errors_told() -> Iterator[None]:
    """Tells an expected error in words and ends with status 1; emoduet's own log notes go to stderr meanwhile."""
    handler = RichHandler(console=notes(), show_time=False, show_level=False, show_path=False)
    logger = logging.getLogger("emoduet")
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        yield
    except EmoduetError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


@contextmanager
def counting_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that counts things done of things in all and vanishes when done; nothing where stderr is no terminal."""
    console = notes()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
