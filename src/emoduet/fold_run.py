"""One fold of one seed, from training to its files on disk.

recipe.json            the recipe, the seed, the versions
history.csv            a line an epoch
predictions.jsonl      every class's probability for every tested utterance
checkpoint/            the model (and checkpoint-epoch01/ ... where all are kept)
metrics.json           the scores, written last: where it stands, the fold is finished
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from emoduet.atomic import write_text
from emoduet.build import Model
from emoduet.checkpoint import write_checkpoint
from emoduet.config import Recipe
from emoduet.evaluation import Answers, answer, read_answers, write_answers
from emoduet.history import Epoch, Step, log_to_tensorboard, write_history
from emoduet.machine import Machine
from emoduet.model_card import model_card
from emoduet.protocols import TEST_IN_THE_LOOP, Fold
from emoduet.results import clusters_of, interval
from emoduet.training import Plan, forget_state, train
from emoduet.types import Utterance

KEEP = ("none", "best", "all")


@dataclass(frozen=True)
class FoldJob:
    """Everything one fold of one seed needs, so that it can run in a process of its own."""

    recipe: Recipe
    protocol_name: str
    test_in_the_loop: bool
    fold: Fold
    seed: int
    utterances: Mapping[str, Utterance]
    training_labels: Mapping[str, str]
    folder: Path
    machine: Machine
    keep: str
    tensorboard: bool
    provenance: Mapping[str, object]

    @property
    def finished(self) -> bool:
        """Whether an earlier call has ended this fold."""
        return (self.folder / "metrics.json").exists()

    def plan(self) -> Plan:
        """What is trained, and on whose loss the learning rate hangs."""
        watched = self.fold.test if self.test_in_the_loop else self.fold.validation
        return Plan(
            recipe=self.recipe,
            train=tuple(replace(self.utterances[id], label=self.training_labels[id]) for id in self.fold.train),
            watched=tuple(self.utterances[id] for id in watched),
            keep_best=not self.test_in_the_loop,
            seed=self.seed,
        )


@dataclass(frozen=True)
class FoldProgress:
    """What a progress hook is told: which fold of which seed has come how far."""

    recipe: str
    protocol: str
    fold: int
    seed: int
    step: Step


def run_fold(job: FoldJob, progress: Callable[[FoldProgress], None]) -> None:
    """Trains, tests and stores one fold; goes on where a killed call left off.

    Raises:
        EmoduetError: as `training.train`.
    """

    def on_step(step: Step) -> None:
        progress(FoldProgress(job.recipe.name, job.protocol_name, job.fold.number, job.seed, step))

    def on_epoch(model: Model, epoch: Epoch) -> None:
        if job.keep == "all":
            _write_model(job, model, job.folder / f"checkpoint-epoch{epoch.epoch:02d}")

    write_text(job.folder / "recipe.json", _to_json({**_conditions(job), "recipe": job.recipe.model_dump(mode="json")}))
    model, history = train(job.plan(), job.folder, job.machine, on_step, on_epoch)
    tested = answer(model.system, model.reader, [job.utterances[id] for id in job.fold.test], model.classes)
    write_history(job.folder / "history.csv", history)
    if job.tensorboard:
        log_to_tensorboard(job.folder / "tensorboard", history)
    write_answers(job.folder / "predictions.jsonl", tested)
    if job.keep != "none":
        _write_model(job, model, job.folder / "checkpoint")
    write_text(job.folder / "metrics.json", _to_json(_metrics(job, tested, history)))
    forget_state(job.folder)


def read_finished(job: FoldJob, utterances: Mapping[str, Utterance]) -> Answers:
    """The tested answers of a finished fold."""
    forget_state(job.folder)
    return read_answers(job.folder / "predictions.jsonl", utterances, job.recipe.classes)


def _write_model(job: FoldJob, model: Model, folder: Path) -> None:
    description = {"recipe": job.recipe.model_dump(mode="json"), "training": _conditions(job)}
    write_checkpoint(folder, model.system, model.encoders, description, model_card(job.recipe, _conditions(job)))


def _conditions(job: FoldJob) -> dict[str, object]:
    """What every number of this fold must be quoted with."""
    return {
        "protocol": job.protocol_name,
        "test_data_in_the_loop": job.test_in_the_loop,
        "note": TEST_IN_THE_LOOP if job.test_in_the_loop else "the tested session was not looked at in training",
        "fold": job.fold.number,
        "fold_name": job.fold.name,
        "seed": job.seed,
        "sessions": {
            "train": job.fold.train_sessions,
            "validation": job.fold.validation_sessions,
            "test": job.fold.test_sessions,
        },
        "synthetic_corpus": any(utterance.extra.get("synthetic") for utterance in job.utterances.values()),
        **job.provenance,
    }


def _metrics(job: FoldJob, tested: Answers, history: list[Epoch]) -> dict[str, object]:
    kind, clusters = clusters_of(tested.utterances)
    of_ua = interval(tested, clusters)
    best = min(history, key=lambda epoch: epoch.watched_loss)
    return {
        **_conditions(job),
        "epochs": len(history),
        "tested_epoch": history[-1].epoch if job.test_in_the_loop else best.epoch,
        "seconds": round(sum(epoch.seconds for epoch in history), 1),
        "classes": tested.classes,
        "loss": tested.loss(),
        "scores": asdict(tested.scores()),
        "ua_interval_95": of_ua and asdict(of_ua),
        "interval_over": f"{len(set(clusters))} {kind}s",
    }


def _to_json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
