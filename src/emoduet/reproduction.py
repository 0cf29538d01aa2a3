"""The paper's tables, run again and laid beside its figures: terminal, Markdown, CSV and JSON.

The paper's own rows, or every row that has a recipe: the systems it cites, other fusions, and its own model with one
thing changed. `table_lines.py` knows what stands in which table.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

from emoduet.atomic import write_json, write_text
from emoduet.build import check_at_hand
from emoduet.comparison import Comparison, compare_runs
from emoduet.config import Recipe, read_recipe
from emoduet.errors import ConfigError
from emoduet.experiment import Experiment, Hook, Outcome, run_experiment
from emoduet.machine import Machine
from emoduet.paper_tables import OURS, all_recipes, own_recipes
from emoduet.runs import read_run
from emoduet.study import Division, read_study
from emoduet.table_lines import Key, Line, lines_of, shown
from emoduet.table_text import as_csv, as_markdown


@dataclass(frozen=True)
class Reproduction:
    """What to run: rows of the tables under each protocol, one protocol after the other.

    Attributes:
        everything: every row that has a recipe and the side tables, not the paper's own rows alone.
        demo: takes the recipes' small twins, whose encoders start from nothing.
        overrides: `key.path=value`, each for the recipes that have its section.
        keep: as in `Experiment`.
    """

    manifest: Path
    out: Path
    protocols: tuple[str, ...] = ("loso", "paper", "improvised", "script-disjoint")
    demo: bool = False
    overrides: tuple[str, ...] = ()
    folds: tuple[int, ...] | None = None
    seeds: tuple[int, ...] = (0,)
    machine: Machine = Machine()
    keep: str = "best"
    workers: int = 1
    features: Path | None = None
    everything: bool = False


def reproduce(
    reproduction: Reproduction,
    progress: Hook = lambda step: None,
    on_outcome: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Line]:
    """Runs what is not finished yet and returns the tables' lines.

    `tables.md`, `tables.csv` and `tables.json` are written after every run, so that days of work are there to look at.

    Raises:
        ConfigError: a recipe is missing or wrong, or an override fits none; told before anything runs.
        EmoduetError: as `run_experiment`.
    """
    recipes = _recipes(reproduction)
    for protocol, classes in product(reproduction.protocols, {recipe.classes for recipe in recipes.values()}):
        read_study(reproduction.manifest, Division(protocol), classes)  # told now, not after days of training
    for recipe in recipes.values():
        check_at_hand(recipe)
    compared = {name for table in shown(recipes) for name in table.recipes} - {OURS}
    outcomes: dict[Key, Outcome] = {}
    differences: dict[Key, Comparison] = {}
    lines: list[Line] = []
    for protocol in reproduction.protocols:
        for name, recipe in recipes.items():
            outcome = outcomes[name, protocol] = run_experiment(_experiment(reproduction, recipe, protocol), progress)
            if name in compared:
                differences[name, protocol] = _difference(outcome, outcomes[OURS, protocol])
            lines = lines_of(recipes, outcomes, differences)
            _write(reproduction.out, lines)
            on_outcome(outcome)
    return lines


def _recipes(reproduction: Reproduction) -> dict[str, Recipe]:
    """The recipes to run by name without `demo-`, the paper's own model before those compared with it.

    Raises:
        ConfigError: there is none of a name, or an override fits none of them or breaks one.
    """
    names = all_recipes() if reproduction.everything else own_recipes()
    plain = {name: read_recipe(f"demo-{name}" if reproduction.demo else name) for name in names}
    for override in reproduction.overrides:
        if not any(_fits(override, recipe) for recipe in plain.values()):
            raise ConfigError(f"--set {override}: none of the recipes {', '.join(names)} has such a section")
    return {
        name: read_recipe(recipe.name, [override for override in reproduction.overrides if _fits(override, recipe)])
        for name, recipe in plain.items()
    }


def _fits(override: str, recipe: Recipe) -> bool:
    """Whether the recipe has the section; of [model] the key, since every system has numbers of its own there.

    What belongs to one recipe alone, its name, fits none; nor do epochs and batches what is fitted at one go, nor
    [words] what reads no vectors of words.
    """
    fitted = recipe.optimizer is None
    section, dot, key = override.partition("=")[0].strip().partition(".")
    if section == "model":
        return key in recipe.model
    if section == "training" and fitted and key != "class_weights":
        return False
    if section == "words" and (fitted or (recipe.words and recipe.words.kind != "words")):
        return False
    return bool(dot) and getattr(recipe, section, None) is not None


def _experiment(reproduction: Reproduction, recipe: Recipe, protocol: str) -> Experiment:
    return Experiment(
        recipe=recipe,
        protocol=protocol,
        manifest=reproduction.manifest,
        out=reproduction.out / f"{recipe.name}-{protocol}",
        folds=reproduction.folds,
        seeds=reproduction.seeds,
        machine=reproduction.machine,
        keep=reproduction.keep,
        workers=reproduction.workers,
        features=reproduction.features,
    )


def _difference(outcome: Outcome, ours: Outcome) -> Comparison:
    return compare_runs(read_run(outcome.experiment.out), read_run(ours.experiment.out))


def _write(out: Path, lines: list[Line]) -> None:
    write_text(out / "tables.md", as_markdown(lines))
    write_text(out / "tables.csv", as_csv(lines))
    write_json(out / "tables.json", [asdict(line) for line in lines])
