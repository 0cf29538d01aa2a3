"""What the encoders need besides time: memory at its peak, in a process of its own, and the start of the program."""

import resource
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import torch

from emoduet.benchmarking.encoders import EncoderFolders, Size, text_config
from emoduet.benchmarking.inference import CPU, emoduet_pair, load_pair, run_bases, without_gradient
from emoduet.benchmarking.timing import Contender, OnRun, Row, Section, no_news, take_turns
from emoduet.benchmarking.workload import make_workload, read_utterances, representative
from emoduet.pretrained.loading import weights_size

GIGABYTE = 1e9


def measure_memory(folders: EncoderFolders, size: Size, num_utterances: int) -> Section:
    """Peak memory of a process that loads both encoders and runs them, against the weights on disk."""
    weights = weights_size(str(folders.audio)) + weights_size(str(folders.text))
    tasks = {
        "imports and inputs alone": _nothing,
        "transformers sdpa, one by one": _transformers,
        "emoduet, packed": _emoduet,
    }
    rows = []
    for name, task in tasks.items():
        peak = in_own_process(partial(_peak_after, task, folders, size, num_utterances))
        figures = {"peak GB": peak / GIGABYTE, "x weights beyond 1 GB": max(0.0, peak - GIGABYTE) / weights}
        rows.append(Row(name, figures=figures))
    note = f"Weights: {weights / GIGABYTE:.2f} GB. Each row a process of its own; {num_utterances} utterances."
    return Section("memory", "Peak memory of inference", tuple(rows), (note,))


def in_own_process(task: Callable[[], float]) -> float:
    """What a task answers in a fresh process, whose memory nothing else has touched."""
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=torch.set_num_threads,
                             initargs=(torch.get_num_threads(),)) as pool:  # fmt: skip
        return pool.submit(task).result()


def peak_memory(status: Path = Path("/proc/self/status")) -> float:
    """Bytes this process held at most; from the kernel's account of it, since `getrusage` may count its parent's too.

    Where there is no such account, `getrusage` it is.
    """
    if status.is_file():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _peak_after(task: Callable, folders: EncoderFolders, size: Size, num_utterances: int) -> float:
    work = make_workload(representative(read_utterances(), num_utterances), text_config(size).vocab_size)
    task(folders, work)
    return peak_memory()


def _nothing(folders: EncoderFolders, work: object) -> None:
    """Only what every row needs."""


def _transformers(folders: EncoderFolders, work: object) -> None:
    without_gradient(partial(load_pair(folders).one_by_one, work))()


def _emoduet(folders: EncoderFolders, work: object) -> None:
    without_gradient(partial(run_bases, *emoduet_pair(folders), work))()


def measure_start_up(rounds: int, on_run: OnRun = no_news) -> Section:
    """Whole processes from start to end."""
    commands = {"python, doing nothing": ("-c", "pass"), "emoduet --help": ("-m", "emoduet", "--help")}
    contenders = [Contender(name, partial(_call, arguments)) for name, arguments in commands.items()]
    seconds, _ = take_turns(contenders, rounds, CPU, on_run)
    return Section("start-up", "Start-up", tuple(Row(name, values) for name, values in seconds.items()))


def _call(arguments: tuple[str, ...]) -> None:
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
