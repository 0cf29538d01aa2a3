"""One fold of one seed, from training to its files on disk.

recipe.json            the recipe, the seed, the versions
history.csv            a line an epoch
predictions.jsonl      every class's probability for every tested utterance
predictions-audio.jsonl, predictions-text.jsonl
                       of a system that may lack either: the same, of the sounds alone and of the words alone
validation.jsonl       the same for the validation utterances, where the protocol has them
checkpoint/            the model (and checkpoint-epoch01/ ... where all are kept)
metrics.json           the scores, written last: where it stands, the fold is finished
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from emoduet.atomic import write_json
from emoduet.build import Model, encoder_bytes
from emoduet.cards.facts import facts_of_model, parts_of
from emoduet.cards.model_card import model_card
from emoduet.checkpoint import told_forms, write_checkpoint
from emoduet.confidence import Lengths, lengths_of
from emoduet.config import Recipe
from emoduet.evaluation import (
    Answers,
    answer_each_alone,
    answer_with,
    calibrated,
    read_answers,
    read_each_alone,
    write_answers,
    write_each_alone,
)
from emoduet.evidence import without_signal
from emoduet.history import Epoch, Step, log_to_tensorboard, write_history
from emoduet.machine import Machine, name_of
from emoduet.protocols import LEAKING, NO_VALIDATION, TEST_IN_THE_LOOP, Fold
from emoduet.results import modalities_json, scored
from emoduet.stored_features import Features
from emoduet.systems.base import FittedSystem
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
    weights: Mapping[str, str]
    provenance: Mapping[str, object]
    features: Features | None = None

    @property
    def finished(self) -> bool:
        """Whether an earlier call has ended this fold."""
        return (self.folder / "metrics.json").exists()

    @property
    def note(self) -> str:
        """What every file of this fold says of its training."""
        leaking = bool(self.provenance.get("leaking"))
        return note_of(self.test_in_the_loop, validated=bool(self.fold.validation), leaking=leaking)

    @property
    def picks_epoch(self) -> bool:
        """Whether the epoch of lowest validation loss is tested; otherwise the last one is."""
        return bool(self.fold.validation) and not self.test_in_the_loop

    @property
    def checkpoints(self) -> list[str]:
        """The names of the model folders that are kept."""
        of_epochs = [f"checkpoint-epoch{epoch:02d}" for epoch in range(1, self.recipe.training.epochs + 1)]
        return {"none": [], "best": ["checkpoint"], "all": ["checkpoint", *of_epochs]}[self.keep]

    def plan(self) -> Plan:
        """What is trained, and on whose loss the learning rate hangs: nobody's where nothing validates."""
        watched = self.fold.test if self.test_in_the_loop else self.fold.validation
        return Plan(
            recipe=self.recipe,
            train=tuple(replace(self.utterances[id], label=self.training_labels[id]) for id in self.fold.train),
            watched=tuple(self.utterances[id] for id in watched),
            keep_best=self.picks_epoch,
            seed=self.seed,
            weights=self.weights,
        )


@dataclass(frozen=True)
class FoldProgress:
    """What a progress hook is told: which fold of which seed has come how far."""

    recipe: str
    protocol: str
    fold: int
    seed: int
    step: Step


@dataclass(frozen=True)
class Filling:
    """What a progress hook is told while a store of features is filled, or looked through."""

    recipe: str
    done: int
    total: int


def run_fold(job: FoldJob, progress: Callable[[FoldProgress | Filling], None]) -> None:
    """Trains, tests and stores one fold; goes on where a killed call left off.

    Raises:
        EmoduetError: as `training.train`.
    """

    def on_step(step: Step) -> None:
        progress(FoldProgress(job.recipe.name, job.protocol_name, job.fold.number, job.seed, step))

    def on_fill(done: int, total: int) -> None:
        progress(Filling(job.recipe.name, done, total))

    def on_epoch(model: Model, epoch: Epoch) -> None:
        if job.keep == "all":
            _write_model(job, replace(model, lengths=lengths), job.folder / f"checkpoint-epoch{epoch.epoch:02d}")

    _write_recipe(job, {})
    plan = job.plan()
    lengths = None if job.keep == "none" else lengths_heard(job.recipe, plan.train)
    model, history = train(plan, job.folder, job.machine, on_step, on_epoch, job.features, on_fill)
    model = replace(model, lengths=lengths)
    if job.fold.validation:
        model, validation = calibrated(model, _answers(job, model, job.fold.validation))
        write_answers(job.folder / "validation.jsonl", validation, job.note)
    _write_recipe(job, as_trained(model, job.machine))
    tested = _answers(job, model, job.fold.test)
    alone = answer_each_alone(model, tested.utterances)
    write_history(job.folder / "history.csv", history, job.note)
    if job.tensorboard:
        log_to_tensorboard(job.folder / "tensorboard", history, job.note)
    write_answers(job.folder / "predictions.jsonl", tested, job.note)
    write_each_alone(job.folder, alone, job.note)
    if job.keep != "none":
        _write_model(job, model, job.folder / "checkpoint", tested)
    write_json(job.folder / "metrics.json", _metrics(job, model, tested, history) | modalities_json(tested, alone))
    forget_state(job.folder)


def lengths_heard(recipe: Recipe, train: Iterable[Utterance]) -> Lengths | None:
    """How long the utterances are that a model of the recipe trains on; None where it does not hear, or none is known.

    Where the manifest bounds no part of a file, its header tells, in well under a millisecond; only m4a, webm and mp4
    are decoded for it.
    """
    if "audio" not in recipe.front_ends:
        return None
    durations = (without_signal(utterance).extra.get("duration") for utterance in train)
    return lengths_of(one for one in durations if one is not None)


def forms_of(job: FoldJob) -> str:
    """Which form of each encoder a finished fold ran, in words."""
    trained = json.loads((job.folder / "recipe.json").read_text(encoding="utf-8"))
    return told_forms({kind: _form_told(encoder) for kind, encoder in trained["encoders"].items()})


def _form_told(encoder: Mapping[str, object]) -> str:
    form, stage = encoder.get("form", "plain"), encoder.get("begins_at", "waveform")
    return form if stage in ("waveform", "tokens") else f"{form}, from stored features ({stage})"


@dataclass(frozen=True)
class Finished:
    """What a finished fold has answered, and at which temperatures; `validation` is None where nothing validated, and
    `alone` as `evaluation.answer_each_alone` gives it.
    """

    tested: Answers
    validation: Answers | None
    temperature: float
    temperatures_alone: Mapping[str, float]
    alone: Mapping[str, Answers]


def read_finished(job: FoldJob, utterances: Mapping[str, Utterance]) -> Finished:
    """The answers of a finished fold."""
    forget_state(job.folder)
    classes = job.recipe.classes
    validation = job.folder / "validation.jsonl"
    metrics = json.loads((job.folder / "metrics.json").read_text(encoding="utf-8"))
    return Finished(
        tested=read_answers(job.folder / "predictions.jsonl", utterances, classes),
        validation=read_answers(validation, utterances, classes) if validation.exists() else None,
        temperature=metrics["temperature"],
        temperatures_alone=metrics.get("temperatures_alone", {}),
        alone=read_each_alone(job.folder, utterances, classes),
    )


def note_of(test_in_the_loop: bool, validated: bool, leaking: bool = False) -> str:
    """What a protocol's files say of its training; without commas, since it stands in a CSV too."""
    if leaking:
        return f"{LEAKING}: the test shares speakers or dialogues or sounds; {note_of(test_in_the_loop, validated)}"
    if test_in_the_loop:
        return TEST_IN_THE_LOOP
    if not validated:
        return f"{NO_VALIDATION}: fixed epochs at a constant rate; the tested part was not looked at in training"
    return "the tested part was not looked at in training"


def as_trained(model: Model, machine: Machine) -> dict[str, object]:
    """What is known of a training only when its model is there: where it ran, and what its encoders dropped."""
    alone = {kind: one.temperature for kind, one in model.alone.items()}
    return {
        "device": name_of(model.system.device),
        "precision": "fp32" if isinstance(model.system, FittedSystem) else machine.precision,
        "tested_precision": "fp32",
        "temperature": model.temperature,
        **({"temperatures_alone": alone} if alone else {}),
        "encoders": {
            kind: {"form": encoder.form_told, "begins_at": encoder.begins_at, **encoder.regularisation}
            for kind, encoder in model.encoders.by_kind().items()
        },
    }


def disk_needed(jobs: Sequence[FoldJob], workers: int) -> tuple[int, str]:
    """Bytes that jobs of one run will write at least, and what for, reckoned from their encoders' files.

    A state is written beside the one before it; each holds weights, best weights and two moments of what trains.
    """
    if not jobs:
        return 0, "nothing"
    whole, trained = encoder_bytes(jobs[0].recipe)
    missing = sum(not (job.folder / name).exists() for job in jobs for name in job.checkpoints)
    states = min(workers, len(jobs))
    return missing * whole + states * 8 * trained, f"the whole run: {missing} checkpoints and {states} states"


def _answers(job: FoldJob, model: Model, ids: Sequence[str]) -> Answers:
    return answer_with(model, [job.utterances[id] for id in ids])


def _write_recipe(job: FoldJob, trained: Mapping[str, object]) -> None:
    """Written before the training, too, so that a killed fold says what it is."""
    values = {**_conditions(job), **trained, "recipe": job.recipe.model_dump(mode="json")}
    write_json(job.folder / "recipe.json", values)


def _write_model(job: FoldJob, model: Model, folder: Path, tested: Answers | None = None) -> None:
    conditions = {**_conditions(job), **as_trained(model, job.machine)}
    facts = facts_of_model(job.recipe, conditions, parts_of(job.fold, job.utterances), tested)
    card = model_card(job.recipe, conditions, model, model.lengths, facts)
    write_checkpoint(folder, model.system, model.encoders, {**model.description(), "training": conditions}, card)


def _conditions(job: FoldJob) -> dict[str, object]:
    """What every number of this fold must be quoted with."""
    return {
        "protocol": job.protocol_name,
        "test_data_in_the_loop": job.test_in_the_loop,
        "note": job.note,
        "fold": job.fold.number,
        "fold_name": job.fold.name,
        "seed": job.seed,
        "sessions": {
            "train": job.fold.train_sessions,
            "validation": job.fold.validation_sessions,
            "test": job.fold.test_sessions,
        },
        "synthetic_corpus": any(utterance.extra.get("synthetic") for utterance in job.utterances.values()),
        "weights": job.weights,
        **job.provenance,
    }


def _metrics(job: FoldJob, model: Model, tested: Answers, history: list[Epoch]) -> dict[str, object]:
    tested_epoch = min(history, key=lambda epoch: epoch.watched_loss) if job.picks_epoch else history[-1]
    return {
        **_conditions(job),
        **as_trained(model, job.machine),
        "epochs": len(history),
        "tested_epoch": tested_epoch.epoch,
        "seconds": round(sum(epoch.seconds for epoch in history), 1),
        "classes": tested.classes,
        **scored(tested),
    }
