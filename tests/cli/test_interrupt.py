"""Ctrl-C while folds run side by side: it is answered once, and no process is left behind."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import active_children, get_context
from threading import Timer

import pytest

from emoduet.workers import _deaf_to_interrupts, _run_in

ASK = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_processes_started_within_do_not_hear_it():
    with _deaf_to_interrupts():
        deaf = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True).stdout
    hearing = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True).stdout
    assert (deaf, hearing) == ("True\n", "False\n")


def test_an_interrupt_ends_the_folds_under_way():
    others = set(active_children())
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), ProcessPoolExecutor(1, get_context("spawn")) as pool:
        Timer(1.0, interrupt).start()
        _run_in(pool, [partial(time.sleep, 40)])
    assert time.monotonic() - began < 30
    assert set(active_children()) <= others
