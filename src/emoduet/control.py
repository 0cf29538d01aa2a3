"""The control of an evaluation: trained on shuffled labels, every system must fall to chance."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emoduet.config import Recipe
from emoduet.experiment import Experiment, Hook, run_experiment
from emoduet.machine import Machine
from emoduet.reproduction import conditions

TOLERANCE = 0.05


@dataclass(frozen=True)
class Control:
    """What to control; `shuffles` is how many times the training labels are dealt out anew."""

    recipes: tuple[Recipe, ...]
    protocol: str
    manifest: Path
    out: Path
    folds: tuple[int, ...] | None = None
    shuffles: int = 3
    machine: Machine = Machine()
    workers: int = 1


@dataclass(frozen=True)
class Verdict:
    """One system's mean unweighted accuracy over the shuffles, beside chance; shares between 0 and 1."""

    title: str
    ua: float
    chance: float
    conditions: str

    @property
    def at_chance(self) -> bool:
        """Whether it is within five points of chance."""
        return abs(self.ua - self.chance) <= TOLERANCE

    def sentence(self) -> str:
        """The verdict in words."""
        judgement = "at chance, as it must be" if self.at_chance else "NOT at chance: something leaks"
        return f"{self.title}: UA {100 * self.ua:.1f}, chance {100 * self.chance:.1f}: {judgement} ({self.conditions})"


def run_control(control: Control, progress: Hook = lambda step: None) -> Iterator[Verdict]:
    """Trains every recipe on shuffled labels and yields its verdict.

    Raises:
        EmoduetError: as `run_experiment`.
    """
    for recipe in control.recipes:
        outcome = run_experiment(
            Experiment(
                recipe=recipe,
                protocol=control.protocol,
                manifest=control.manifest,
                out=control.out / f"{recipe.name}-{control.protocol}-shuffled",
                folds=control.folds,
                seeds=tuple(range(control.shuffles)),
                machine=control.machine,
                keep="none",
                workers=control.workers,
                shuffled=True,
            ),
            progress,
        )
        yield Verdict(recipe.title, outcome.summary.pooled_ua.mean, 1 / len(recipe.classes), conditions(outcome))
