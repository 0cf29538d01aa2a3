"""What every command shares: errors told in words, results on stdout, notes on stderr.

Exit status: 0 done, 1 something could not be done, 2 wrong usage, 130 stopped by Ctrl-C.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import Progress

from emoduet.errors import ConfigError, EmoduetError, UsageError

RESUMABLE = "the same command goes on from the last finished epoch"


def results() -> Console:
    """Where results go: stdout; wide enough for a table line when it is a file or a pipe."""
    console = Console(highlight=False, markup=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, width=160)


def notes() -> Console:
    """Where progress and notes go: stderr; a note is one line, however long, so that a path in it stays whole."""
    return Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def errors_told(when_stopped: str = "") -> Iterator[None]:
    """Tells an expected error in words and ends with its status; emoduet's own log notes go to stderr meanwhile.

    Args:
        when_stopped: what Ctrl-C leaves behind and how to go on, told when it is pressed.
    """
    handler = RichHandler(console=notes(), show_time=False, show_level=False, show_path=False)
    logger = logging.getLogger("emoduet")
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        yield
    except EmoduetError as error:
        typer.echo(f"error: {error}", err=True)
        status = 2 if isinstance(error, (ConfigError, UsageError)) else 1
        raise typer.Exit(status) from error
    except KeyboardInterrupt as interrupt:
        typer.echo(f"stopped{'; ' if when_stopped else ''}{when_stopped}", err=True)
        raise typer.Exit(130) from interrupt
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def only_warnings() -> None:
    """From here on the log tells warnings alone, not which form encoders take; `errors_told` takes it back."""
    logging.getLogger("emoduet").setLevel(logging.WARNING)


@contextmanager
def counting_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that counts things done of things in all and vanishes when done; nothing where stderr is no terminal."""
    console = notes()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
