"""Tasks one after the other, or side by side as processes that share the cores, with their progress told to one hook.

Ctrl-C is heard by the process that starts the others, and by no other. Nothing is known here of what the tasks do.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing import active_children, get_context
from threading import Thread

import torch

from emoduet.errors import InputError
from emoduet.machine import num_cores

Hook = Callable[[object], None]


def run_tasks(tasks: Sequence[Callable[[Hook], None]], workers: int, progress: Hook) -> None:
    """Calls every task with the hook; at the first that fails, lets those under way end and starts no other.

    Raises:
        InputError: a process was killed from outside.
    """
    if workers == 1 or len(tasks) < 2:
        for task in tasks:
            task(progress)
        return
    context = get_context("spawn")
    threads = max(1, num_cores() // workers)
    with _deaf_to_interrupts():
        manager = context.Manager()
    with manager:
        messages = manager.Queue()
        listener = Thread(target=_pass_on, args=(messages, progress), daemon=True)
        listener.start()
        try:
            with ProcessPoolExecutor(workers, context, initializer=torch.set_num_threads, initargs=(threads,)) as pool:
                _run_in(pool, [partial(task, messages.put) for task in tasks])
        finally:
            messages.put(None)
            listener.join()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started within never hear Ctrl-C, since the one that starts them answers for them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _run_in(pool: ProcessPoolExecutor, tasks: Sequence[Callable[[], None]]) -> None:
    """Runs every task in the pool.

    Ctrl-C ends those under way as well: their last finished epoch is on disk.
    """
    others = set(active_children())
    try:
        with _deaf_to_interrupts():
            futures = [pool.submit(task) for task in tasks]
        for future in as_completed(futures):
            future.result()
    except KeyboardInterrupt:
        for process in set(active_children()) - others:
            process.terminate()
        raise
    except BrokenProcessPool as error:
        raise InputError(
            "a fold's process was killed from outside, perhaps for want of memory; the same command goes on where it "
            "stopped, better with fewer --workers"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _pass_on(messages: object, progress: Hook) -> None:
    while (message := messages.get()) is not None:
        progress(message)
