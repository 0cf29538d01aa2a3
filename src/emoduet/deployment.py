"""One model on all data but a held-out part, to be used rather than to be quoted.

The held-out part picks the epoch and drives the learning rate, so its score is optimistic; `emoduet run` gives the
figure to quote. Of a system that is fitted at one go it fits the temperature alone.
"""

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from emoduet.atomic import LOSES, check_folder, check_vacant
from emoduet.build import weights_of
from emoduet.cards.facts import facts_of_model
from emoduet.cards.model_card import model_card
from emoduet.checkpoint import read_description, write_checkpoint
from emoduet.config import Recipe
from emoduet.errors import CheckpointError
from emoduet.evaluation import Answers, answer, calibrated, check_complete
from emoduet.experiment import provenance, sole_user
from emoduet.fold_run import Filling, as_trained, lengths_heard
from emoduet.history import Epoch, Step
from emoduet.labels import of_classes
from emoduet.machine import Machine, check_machine
from emoduet.manifest import read_manifest
from emoduet.protocols import Fold, hold_out
from emoduet.stored_features import Features
from emoduet.systems.base import FittedSystem
from emoduet.systems.catalogue import system_named
from emoduet.training import Plan, train
from emoduet.types import Utterance

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deployment:
    """What to train, on what, what to hold out (a session, or a fraction in whole dialogues), and where to put it.

    `features` is as in `Experiment`.
    """

    recipe: Recipe
    manifest: Path
    out: Path
    session: str | None = None
    fraction: float | None = None
    seed: int = 0
    machine: Machine = Machine()
    features: Path | None = None


def train_model(
    deployment: Deployment, progress: Callable[[str, Step | Filling], None] = lambda name, message: None
) -> Answers:
    """Trains and writes the model folder; returns the held-out answers. A killed call is taken up by the same call.

    Raises:
        InputError: the folder to write holds something else than a model.
        EmoduetError: as `hold_out`, `train` and `write_checkpoint`.
    """
    recipe = deployment.recipe
    check_machine(deployment.machine)
    _check_out(deployment.out)
    utterances = of_classes(read_manifest(deployment.manifest), recipe.classes, str(deployment.manifest))
    check_complete(utterances, recipe, str(deployment.manifest))
    fold = hold_out(utterances, session=deployment.session, fraction=deployment.fraction, seed=deployment.seed)
    by_id = {utterance.id: utterance for utterance in utterances}
    held_out = tuple(by_id[id] for id in fold.validation)
    weights = weights_of(recipe)
    plan = Plan(recipe, tuple(by_id[id] for id in fold.train), held_out, True, deployment.seed, weights)
    work = deployment.out.with_name(deployment.out.name + ".training")
    with sole_user(work):
        model, history = train(
            plan,
            work,
            deployment.machine,
            on_step=lambda step: progress(recipe.name, step),
            features=Features(deployment.features, tuple(utterances)) if deployment.features else None,
            on_fill=lambda done, total: progress(f"{recipe.name} features", Filling(recipe.name, done, total)),
        )
        model, answers = calibrated(model, answer(model.system, model.reader, held_out, model.classes))
        model = replace(model, lengths=lengths_heard(recipe, plan.train))
        training = _conditions(deployment, fold, utterances, answers, history)
        log.info(model.encoders.forms())
        training |= {"weights": weights, **as_trained(model, deployment.machine)}
        description = {**model.description(), "training": training}
        parts = {"train": plan.train, "validation": held_out}
        facts = facts_of_model(recipe, training, parts, answers, role_of_held_out(recipe))
        card = model_card(recipe, training, model, model.lengths, facts)
        write_checkpoint(deployment.out, model.system, model.encoders, description, card)
        shutil.rmtree(work)
    return answers


def role_of_held_out(recipe: Recipe) -> str:
    """What the held-out part did in a training of this recipe, in words that follow its name."""
    if _fitted_at_once(recipe):
        return "fitted the temperature of the probabilities and nothing else"
    return "picked the epoch, so its score is optimistic"


def _tested_epoch(recipe: Recipe, history: Sequence[Epoch]) -> dict[str, int]:
    if _fitted_at_once(recipe):
        return {}
    return {"tested_epoch": min(history, key=lambda epoch: epoch.watched_loss).epoch}


def _fitted_at_once(recipe: Recipe) -> bool:
    return issubclass(system_named(recipe.system), FittedSystem)


def _check_out(out: Path) -> None:
    """Keeps a model from taking the place of anything but an older model."""
    check_folder(out)
    try:
        read_description(out)
    except CheckpointError:
        check_vacant(out, f"{LOSES} an older model's folder, or one that is empty or does not exist yet")


def _conditions(
    deployment: Deployment, fold: Fold, utterances: Sequence[Utterance], answers: Answers, history: Sequence[Epoch]
) -> dict[str, object]:
    return {
        "protocol": f"for use: {fold.name}",
        "note": f"the held-out part {role_of_held_out(deployment.recipe)}; quote scores of `emoduet run` instead",
        "seed": deployment.seed,
        "sessions": {"train": fold.train_sessions, "validation": fold.validation_sessions},
        "utterances": {"train": len(fold.train), "validation": len(fold.validation)},
        "validation_scores": asdict(answers.scores()),
        **_tested_epoch(deployment.recipe, history),
        "synthetic_corpus": any(utterance.extra.get("synthetic") for utterance in utterances),
        **provenance(deployment.manifest),
    }
