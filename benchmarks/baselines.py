"""Every row of `emoduet reproduce --all` on one corpus with the small recipes: what it answers, and how long it takes.

    python benchmarks/baselines.py corpus.jsonl OUT --workers 2
    python benchmarks/baselines.py corpus.jsonl OUT-shuffled --workers 2 --shuffled
    python benchmarks/baselines.py words-say-nothing.jsonl OUT-words --protocol lospo --words-say-nothing

Prints a Markdown line a row as it is done, then the seconds of all. "at least" is the lower end of the one-sided 95 %
interval. A row is above chance where its two-sided 95 % interval is. With `--shuffled` training labels, the mean over
the shuffles must be within five points of chance, as `emoduet control` has it. On a corpus in which each line is said
in every emotion, systems that only read must not be above chance one-sided, and those that only hear must be above it.
Stored features begin empty in a new OUT; rows that OUT holds already are not run again and count no seconds. Exits
with 1 if a row is not as it must be.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from emoduet.config import Recipe, read_recipe
from emoduet.control import Control, run_control
from emoduet.experiment import Experiment, run_experiment
from emoduet.machine import Machine
from emoduet.paper_tables import all_recipes
from emoduet.results import clusters_of, pool
from emoduet.runs import read_run
from emoduet.significance import cluster_bootstrap_interval
from emoduet.systems.catalogue import system_named

ONE_SIDED = 0.90
"""The two-sided confidence whose lower end is that of a one-sided interval of 95 %."""


@dataclass(frozen=True)
class Finding:
    """What one row came to; `as_wanted` is None where nothing is claimed of it."""

    cells: tuple[str, ...]
    verdict: str
    as_wanted: bool | None


def main() -> None:
    """Runs the rows in order and sums them up."""
    asked = _arguments()
    recipes = [read_recipe(f"demo-{name}", asked.set) for name in asked.only or all_recipes()]
    judge = _shuffled if asked.shuffled else _true
    columns = ("UA, mean of the shuffles",) if asked.shuffled else ("UA", "95 %", "at least", "WA")
    print(f"| row | recipe | {' | '.join(columns)} | verdict | seconds |")
    print("|---|---|" + "---:|" * len(columns) + "---|---:|", flush=True)
    unwanted, total = [], 0.0
    for recipe in recipes:
        known = (asked.out / f"{recipe.name}-{asked.protocol}").exists()
        began = time.perf_counter()
        finding = judge(recipe, asked)
        seconds = time.perf_counter() - began
        total += 0 if known else seconds
        told = "was there" if known else f"{seconds:.0f}"
        print(
            f"| {recipe.title} | {recipe.name} | {' | '.join(finding.cells)} | {finding.verdict} | {told} |", flush=True
        )
        unwanted += [recipe.name] if finding.as_wanted is False else []
    print(f"\n{len(recipes)} rows, {total:.0f} seconds; not as they must be: {', '.join(unwanted) or 'none'}")
    sys.exit(1 if unwanted else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--protocol", default="loso")
    parser.add_argument("--only", nargs="*", choices=all_recipes(), metavar="RECIPE")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of all the recipes that run")
    parser.add_argument("--shuffled", action="store_true")
    parser.add_argument("--shuffles", type=int, default=3)
    parser.add_argument("--words-say-nothing", action="store_true")
    return parser.parse_args()


def _true(recipe: Recipe, asked: argparse.Namespace) -> Finding:
    """The row on true labels."""
    out = asked.out / f"{recipe.name}-{asked.protocol}"
    summary = run_experiment(
        Experiment(
            recipe=recipe,
            protocol=asked.protocol,
            manifest=asked.manifest,
            out=out,
            machine=Machine("cpu"),
            keep="none",
            workers=asked.workers,
            features=asked.out / "features",
        )
    ).summary
    chance, bounds = 1 / len(recipe.classes), summary.ua_interval
    lowest = _at_least(out)
    above, above_one_sided = bool(bounds) and bounds.low > chance, lowest > chance
    verdict = "above chance" if above else "above chance one-sided" if above_one_sided else "not above chance"
    shown = f"{100 * bounds.low:.1f} to {100 * bounds.high:.1f}" if bounds else "all speakers alike"
    cells = (f"{100 * summary.pooled_ua.mean:.1f}", shown, f"{100 * lowest:.1f}", f"{100 * summary.pooled_wa.mean:.1f}")
    return Finding(cells, verdict, _as_wanted(recipe, above, above_one_sided, asked.words_say_nothing))


def _as_wanted(recipe: Recipe, above: bool, above_one_sided: bool, words_say_nothing: bool) -> bool | None:
    system = system_named(recipe.system)
    if not words_say_nothing:
        return above
    if system.hears and system.reads:
        return None
    return above if system.hears else not above_one_sided


def _at_least(folder: Path) -> float:
    """The lower end of the pooled UA's one-sided 95 % interval."""
    tested = pool(list(read_run(folder).answers.values()))
    _, clusters = clusters_of(tested.utterances)
    return cluster_bootstrap_interval(tested.labels, tested.predictions, clusters, confidence=ONE_SIDED).low


def _shuffled(recipe: Recipe, asked: argparse.Namespace) -> Finding:
    """The row on shuffled training labels."""
    control = Control(
        recipes=(recipe,),
        protocol=asked.protocol,
        manifest=asked.manifest,
        out=asked.out,
        shuffles=asked.shuffles,
        machine=Machine("cpu"),
        workers=asked.workers,
        features=asked.out / "features",
    )
    (verdict,) = run_control(control)
    spread = "" if verdict.sd is None else f" ± {100 * verdict.sd:.1f}"
    said = "at chance" if verdict.at_chance else "NOT at chance"
    return Finding((f"{100 * verdict.ua:.1f}{spread}",), said, verdict.at_chance)


if __name__ == "__main__":
    main()
