"""The card of a whole run, `README.md` in its folder: all folds and seeds in the form of a model card.

It is made from the folder alone, like a report, and says no more than its files do. A fold's checkpoint has a card of
its own, of that model and what it was tested on.
"""

from collections.abc import Iterator
from pathlib import Path

from emoduet.assessment import Assessment
from emoduet.atomic import write_text
from emoduet.cards.facts import data_told, measured
from emoduet.cards.model_card import card, measured_sections, name_of, synthetic_mark, told_conditions
from emoduet.cards.upkeep import CARD, measured_since
from emoduet.config import stored_recipe
from emoduet.protocols import NO_VALIDATION
from emoduet.runs import SYNTHETIC, Run, read_run

TOLD = (
    *("protocol", "protocol_summary", "note", "split_seed", "manifest", "manifest_sha256", "test_manifest"),
    *("folds_sha256", "weights", "precision", "versions", "platform"),
)
"""What of run.json stands in the card."""


def write_run_card(folder: Path, assessment: Assessment) -> None:
    """Writes the card of a run's folder; an older one is replaced.

    Raises:
        InputError: as `runs.read_run`, or the card cannot be written.
    """
    write_text(folder / CARD, run_card(read_run(folder), assessment))


def run_card(run: Run, assessment: Assessment) -> str:
    """The card of a run, Markdown."""
    recipe = stored_recipe(run.description["recipe"], str(run.folder))
    marks = [mark for mark in run.marks if mark != NO_VALIDATION]  # that takes nothing from a figure
    facts = measured(assessment, recipe, f"{run.description.get('manifest')}, {run.protocol}", marks, _data(run))
    told = [synthetic_mark(SYNTHETIC in run.marks), facts.data, "\n".join([*_folds(run), *_conditions(run)])]
    return card(
        recipe,
        f"{name_of(recipe)} (a run)",
        [_opening(run, recipe.title)],
        {
            "Trained and tested on": "\n\n".join(filter(None, told)),
            **measured_sections(facts),
            "What could leak": _audited(run),
            **measured_since(run.folder),
        },
        facts,
    )


def _opening(run: Run, title: str) -> str:
    folds, seeds = {fold for fold, _ in run.answers}, ", ".join(map(str, run.seeds))
    kept = sorted(path.parent.name for path in run.folder.glob("fold*-seed*/checkpoint"))
    where = f" The models are in {', '.join(f'`{name}/checkpoint`' for name in kept)}." if kept else ""
    return (
        f'A run of the recipe "{title}" with emoduet: {len(folds)} of {len(run.folds)} folds, '
        f"seed{'s' * (len(run.seeds) > 1)} {seeds}. Its figures are of the recipe, each fold answered by a model that "
        f"did not train on it.{where} `emoduet report` makes a page of it."
    )


def _data(run: Run) -> str:
    tested = {utterance.id: utterance for answers in run.answers.values() for utterance in answers.utterances}
    return data_told({"tested": list(tested.values())}, run.classes)


def _audited(run: Run) -> str:
    sentences = (run.audit or {}).get("sentences", ())
    return "\n".join(f"- {sentence}" for sentence in sentences) or "Not looked for."


def _folds(run: Run) -> Iterator[str]:
    finished = {fold for fold, _ in run.answers}
    for fold in run.folds:
        parts = f"{len(fold.train):,} train, {len(fold.validation):,} validate, {len(fold.test):,} are tested"
        yield f"- fold {fold.number}, {fold.name}: {parts}" + ("" if fold.number in finished else " (not finished)")


def _conditions(run: Run) -> list[str]:
    known = {name: run.description[name] for name in TOLD if run.description.get(name) not in (None, "", {})}
    return told_conditions(known)
