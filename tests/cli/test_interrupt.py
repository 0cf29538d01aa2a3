"""Ctrl-C while folds run side by side: it is answered once, and no process is left behind."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context
from threading import Timer

import pytest

from emoduet.experiment import _interrupts_held_back, _wait_for

ASK = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_waits_for_the_end_of_the_block():
    reached = []
    with pytest.raises(KeyboardInterrupt), _interrupts_held_back():
        interrupt()
        reached.append(True)
    assert reached
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_processes_started_within_do_not_hear_it():
    with _interrupts_held_back():
        deaf = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True).stdout
    hearing = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True).stdout
    assert (deaf, hearing) == ("True\n", "False\n")


def test_an_interrupt_ends_the_folds_under_way():
    others = set(active_children())
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), ProcessPoolExecutor(1, get_context("spawn")) as pool:
        futures = [pool.submit(time.sleep, 40)]
        Timer(1.0, interrupt).start()
        _wait_for(pool, futures, others)
    assert time.monotonic() - began < 30
    assert set(active_children()) <= others
