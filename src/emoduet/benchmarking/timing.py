"""Contenders timed in turns (A B C A B C ...), so that what else the machine does falls on all of them alike.

A ratio is taken round by round, of runs of the same round; its spread is shown with it. What a contender computes is
not known here.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import torch


@dataclass(frozen=True)
class Contender:
    """One way to do the work; `run` does it once and gives back what it answered."""

    name: str
    run: Callable[[], object]


@dataclass(frozen=True)
class Skipped:
    """A way that cannot be run here, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Spread:
    """The median of a ratio over the rounds, its least and its greatest value."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Row:
    """One contender's figures.

    Attributes:
        seconds: one run a round; none for a row that was skipped.
        ratios: how many times as fast as a baseline, by the column's heading.
        figures: further columns by their headings.
        skipped: why there are no figures; empty where there are.
    """

    name: str
    seconds: tuple[float, ...] = ()
    ratios: Mapping[str, Spread] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    skipped: str = ""


@dataclass(frozen=True)
class Section:
    """One table: what was measured, a row a contender, and what must be known to read it."""

    name: str
    title: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


OnRun = Callable[[str, int, int], None]
"""Told before every run: the contender's name, runs done and runs in all."""


def no_news(name: str, done: int, total: int) -> None:
    """An `OnRun` that tells nobody."""


def take_turns(
    contenders: Sequence[Contender],
    rounds: int,
    device: torch.device,
    on_run: OnRun = no_news,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[dict[str, tuple[float, ...]], dict[str, object]]:
    """Runs each contender once to warm up, then all of them in turn, round after round.

    Returns:
        The seconds of each contender's rounds, and what each answered while warming up.
    """
    total = (rounds + 1) * len(contenders)
    seconds: dict[str, list[float]] = {one.name: [] for one in contenders}
    answers: dict[str, object] = {}
    for round_number in range(rounds + 1):
        for position, one in enumerate(contenders):
            on_run(one.name, round_number * len(contenders) + position, total)
            wait_for(device)
            began = clock()
            answer = one.run()
            wait_for(device)
            if round_number:
                seconds[one.name].append(clock() - began)
            else:
                answers[one.name] = answer
    return {name: tuple(values) for name, values in seconds.items()}, answers


def wait_for(device: torch.device) -> None:
    """Returns when the device has done what it was given; a CPU always has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def times_as_fast(seconds: Sequence[float], baseline: Sequence[float]) -> Spread:
    """How many times as fast as the baseline, by rounds.

    >>> times_as_fast((1.0, 2.0, 1.0), (3.0, 4.0, 4.0))
    Spread(median=3.0, low=2.0, high=4.0)
    """
    ratios = [theirs / ours for ours, theirs in zip(seconds, baseline, strict=True)]
    return Spread(median(ratios), min(ratios), max(ratios))


def ratios_to(baselines: Mapping[str, str], seconds: Mapping[str, Sequence[float]], name: str) -> dict[str, Spread]:
    """The ratios of one contender to those baselines (heading to contender) that were run."""
    return {head: times_as_fast(seconds[name], seconds[one]) for head, one in baselines.items() if one in seconds}
