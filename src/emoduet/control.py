"""The control of an evaluation: trained on shuffled labels, every system must fall to chance.

It catches scores that are computed wrongly and true labels that reach the training by another way. It is blind to
speakers, dialogues and utterances on both sides of a split, whose labels are shuffled too: those are looked for by the
audit before every run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emoduet.config import Recipe
from emoduet.experiment import Experiment, Hook, run_experiment
from emoduet.machine import Machine
from emoduet.table_lines import conditions

TOLERANCE = 0.05
"""How far from chance the mean over the shuffles may lie; a few dozen tested utterances stray further by luck."""


@dataclass(frozen=True)
class Control:
    """What to control; `shuffles` is how many times the training labels are dealt out anew.

    The division of the corpus is asked for as in `Experiment`.
    """

    recipes: tuple[Recipe, ...]
    protocol: str
    manifest: Path
    out: Path
    folds: tuple[int, ...] | None = None
    shuffles: int = 3
    machine: Machine = Machine()
    workers: int = 1
    features: Path | None = None
    split_seed: int | None = None
    test_manifest: Path | None = None
    test_label_map: Path | None = None
    no_validation: bool = False


@dataclass(frozen=True)
class Verdict:
    """One system's unweighted accuracy, mean and standard deviation over the shuffles; shares between 0 and 1."""

    title: str
    ua: float
    sd: float | None
    chance: float
    conditions: str

    @property
    def at_chance(self) -> bool:
        """Whether it is within five points of chance."""
        return abs(self.ua - self.chance) <= TOLERANCE

    def sentence(self) -> str:
        """The verdict in words."""
        wrong = "NOT at chance: scored wrongly, or true labels reached the training"
        judgement = "at chance, as it must be" if self.at_chance else wrong
        spread = "" if self.sd is None else f" ± {100 * self.sd:.1f} (sd over shuffles)"
        chance = f"chance {100 * self.chance:.1f}"
        return f"{self.title}: UA {100 * self.ua:.1f}{spread}, {chance}: {judgement}; {self.conditions}"


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
                out=control.out / f"{recipe.name}-{Path(control.protocol).stem}-shuffled",
                folds=control.folds,
                seeds=tuple(range(control.shuffles)),
                machine=control.machine,
                keep="none",
                workers=control.workers,
                features=control.features,
                shuffled=True,
                split_seed=control.split_seed,
                test_manifest=control.test_manifest,
                test_label_map=control.test_label_map,
                no_validation=control.no_validation,
            ),
            progress,
        )
        pooled = outcome.summary.pooled_ua
        yield Verdict(recipe.title, pooled.mean, pooled.sd, 1 / len(recipe.classes), conditions(outcome))
