"""What a model says of labelled utterances, and what that is worth: probabilities, scores, intervals, files."""

import json
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from emoduet.atomic import write_text
from emoduet.batching import DOES_WITHOUT, FIELDS, InputReader, batches, targets_of
from emoduet.build import Model
from emoduet.calibration import apply_temperature, fit_temperature
from emoduet.confidence import confidence_of
from emoduet.config import Recipe
from emoduet.errors import CorpusError, InputError
from emoduet.machine import computing_in
from emoduet.metrics import Scores, log_loss, score
from emoduet.sureness import Sureness, only, probabilities, sureness_of
from emoduet.systems.base import System
from emoduet.systems.catalogue import system_named
from emoduet.types import Utterance

BATCH_SIZE = 8
"""Utterances read and answered together; no answer depends on it."""


@dataclass(frozen=True)
class Answers:
    """A system's class probabilities for utterances, [utterances, classes], rows in the utterances' order."""

    utterances: tuple[Utterance, ...]
    classes: tuple[str, ...]
    probabilities: Float[np.ndarray, "utterances classes"]

    @property
    def labels(self) -> np.ndarray:
        """The true class numbers; -1 where the corpus does not say."""
        return targets_of(self.utterances, self.classes).numpy()

    @property
    def predictions(self) -> np.ndarray:
        """The class numbers of highest probability."""
        return self.probabilities.argmax(axis=1)

    def where(self, wanted: np.ndarray) -> "Answers":
        """Those of the utterances that are wanted: a truth value each."""
        utterances = tuple(self.utterances[place] for place in np.flatnonzero(wanted))
        return Answers(utterances, self.classes, self.probabilities[wanted])

    def scores(self) -> Scores:
        """Scores against the corpus's labels."""
        return score(self.labels, self.predictions, len(self.classes))

    def loss(self) -> float:
        """Mean cross-entropy, nats an utterance."""
        return log_loss(self.labels, self.probabilities)


@torch.no_grad()
def answer(
    system: System,
    reader: InputReader,
    utterances: Sequence[Utterance],
    classes: Sequence[str],
    *,
    temperature: float = 1.0,
    alone: Mapping[str, Sureness] = MappingProxyType({}),
    precision: str = "fp32",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Answers:
    """The system's probabilities for utterances, in eval mode, on the device its weights are on.

    Args:
        temperature: what the logits are divided by, as in `build.Model`, and so is `alone`.
        precision: as in `machine.computing_in`.
        progress: called with (utterances done, utterances in all).
    """
    device = system.device
    was_training = system.training
    system.eval()
    sureness = Sureness(temperature, alone=alone)
    rows: list[Tensor] = []
    for batch in batches(utterances, classes, reader, BATCH_SIZE):
        with computing_in(precision, device):
            logits = system(batch.inputs.to(device))
        rows.extend(probabilities(logits, batch.inputs, sureness))
        progress(len(rows), len(utterances))
    system.train(was_training)
    return Answers(tuple(utterances), tuple(classes), torch.stack(rows).numpy())


def answer_with(
    model: Model,
    utterances: Sequence[Utterance],
    precision: str = "fp32",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Answers:
    """What a model says to utterances with what they have, each at the temperature of that; otherwise as `answer`."""
    return answer(
        model.system,
        model.reader,
        utterances,
        model.classes,
        temperature=model.temperature,
        alone=model.alone,
        precision=precision,
        progress=progress,
    )


def answer_each_alone(
    model: Model,
    utterances: Sequence[Utterance],
    precision: str = "fp32",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Answers]:
    """What a model that may lack either says to the sounds alone ("audio"), and to the words alone ("text").

    Each to the utterances that have it, at its own temperature. Empty for a model that needs what it takes.

    Args:
        progress: as in `answer`, for one after the other.
    """
    if not model.system.may_lack:
        return {}
    parts = {kind: _with_nothing_but(kind, utterances) for kind in FIELDS}
    return {kind: answer_with(model, part, precision, progress) for kind, part in parts.items() if part}


def _with_nothing_but(kind: str, utterances: Sequence[Utterance]) -> list[Utterance]:
    """Those that have it, as if they had nothing else."""
    others = {field: None for other, field in FIELDS.items() if other != kind}
    return [replace(one, **others) for one in utterances if getattr(one, FIELDS[kind]) is not None]


def calibrated(model: Model, held_out: Answers) -> tuple[Model, Answers]:
    """The model with what its answers to utterances that it was not trained on say of its sureness, and those answers.

    One that may lack either is asked again, for the sounds alone and for the words alone: each gives a temperature and
    a curve of its own, and those of both rest on the utterances that have both.

    Args:
        model: not calibrated yet.
        held_out: its labelled answers to validation data at temperature 1, never to test data.
    """
    alone = {kind: _sureness(answers) for kind, answers in answer_each_alone(model, held_out.utterances).items()}
    kinds = [only(one.audio is not None, one.transcript is not None) for one in held_out.utterances]
    whole = _sureness(held_out.where(np.array([kind is None or not model.system.may_lack for kind in kinds])))
    model = replace(model, temperature=whole.temperature, confidence=whole.confidence, alone=alone)
    temperatures = [sureness_of(model, kind).temperature for kind in kinds]
    return model, replace(held_out, probabilities=apply_temperature(held_out.probabilities, temperatures))


def _sureness(answers: Answers) -> Sureness:
    """What answers at temperature 1 say; nothing, if there are none."""
    if not answers.utterances:
        return Sureness()
    temperature = fit_temperature(answers.labels, answers.probabilities)
    tempered = apply_temperature(answers.probabilities, temperature)
    return Sureness(temperature, confidence_of(answers.labels, tempered))


def check_complete(utterances: Sequence[Utterance], recipe: Recipe, where: str) -> None:
    """Finds before a training, not in the middle of it, what the recipe's system would miss.

    Raises:
        CorpusError: an utterance without audio for a system that listens, or without transcript for one that reads;
            of a system that may lack either, an utterance without both.
    """
    lacks = {kind: {one.id for one in utterances if getattr(one, field) is None} for kind, field in FIELDS.items()}
    if system_named(recipe.system).may_lack:
        both = lacks["audio"] & lacks["text"]
        _check_none(utterances, both, where, "neither audio nor transcript", "of which nothing can be said. Fill one")
        return
    for kind, verb in (("audio", "listens"), ("text", "reads")):
        if kind in recipe.front_ends:
            advice = f"and the {recipe.system} system {verb}; {DOES_WITHOUT}, and other recipes do. Or fill the"
            _check_none(utterances, lacks[kind], where, f"no {FIELDS[kind]}", advice)


def check_some_of_each(train: Sequence[Utterance], recipe: Recipe) -> None:
    """Where each utterance may lack one modality, all could lack the same, of which a training would learn nothing.

    Raises:
        InputError: no utterance to train on has audio, or none has a transcript.
    """
    if not system_named(recipe.system).may_lack:
        return
    for field in FIELDS.values():
        if all(getattr(utterance, field) is None for utterance in train):
            raise InputError(
                f"training: none of {len(train)} utterances to train on has {field}, and the {recipe.system} system "
                "learns from both. Add some that have it, or take a recipe of one modality, such as audio-only"
            )


def _check_none(utterances: Sequence[Utterance], lacking: Set[str], where: str, what: str, advice: str) -> None:
    if lacking:
        first = next(one.id for one in utterances if one.id in lacking)
        raise CorpusError(
            f"{where}: {len(lacking)} of {len(utterances)} utterances have {what}, first {first}, {advice} column when "
            "the manifest is built"
        )


def write_answers(path: Path, answers: Answers, note: str | None = None) -> None:
    """Writes a JSONL line an utterance: id, label, prediction, every class's probability, session, speaker.

    Args:
        note: what every line must be quoted with, if anything.
    """
    said = {} if note is None else {"note": note}
    write_text(path, "".join(json.dumps(line | said, ensure_ascii=False) + "\n" for line in _lines(answers)))


def read_answers(path: Path, utterances: Mapping[str, Utterance], classes: Sequence[str]) -> Answers:
    """Reads what `write_answers` wrote.

    Args:
        utterances: by id, of a manifest or of a run's utterances.jsonl.

    Raises:
        InputError: as `read_answer_lines`; an id that no utterance has, or a class without probability.
    """
    lines = read_answer_lines(path)
    unknown = [line["id"] for line in lines if line["id"] not in utterances]
    if unknown:
        raise InputError(f"{path}: {len(unknown)} ids such as {unknown[0]} are not in the manifest")
    lacking = [line["id"] for line in lines if not set(classes) <= line["probabilities"].keys()]
    if lacking:
        found = ", ".join(lines[0]["probabilities"])
        raise InputError(f"{path}: {lacking[0]} has probabilities of {found}; need {', '.join(classes)}")
    rows = [[line["probabilities"][name] for name in classes] for line in lines]
    return Answers(tuple(utterances[line["id"]] for line in lines), tuple(classes), np.array(rows))


def write_each_alone(folder: Path, alone: Mapping[str, Answers], note: str) -> None:
    """Writes what `answer_each_alone` gave: predictions-audio.jsonl and predictions-text.jsonl."""
    for kind, answers in alone.items():
        write_answers(_path_alone(folder, kind), answers, note)


def read_each_alone(folder: Path, utterances: Mapping[str, Utterance], classes: Sequence[str]) -> dict[str, Answers]:
    """Reads what `write_each_alone` wrote; empty where it wrote nothing.

    Raises:
        InputError: as `read_answers`.
    """
    paths = {kind: _path_alone(folder, kind) for kind in FIELDS}
    return {kind: read_answers(path, utterances, classes) for kind, path in paths.items() if path.exists()}


def _path_alone(folder: Path, kind: str) -> Path:
    return folder / f"predictions-{kind}.jsonl"


def read_answer_lines(path: Path) -> list[dict[str, object]]:
    """The lines that `write_answers` wrote, as they are.

    Raises:
        InputError: no lines, a line that is no JSON object, or one without an id or probabilities.
    """
    lines = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            line = json.loads(text)
        except ValueError as error:
            raise InputError(f"{path}:{number}: not JSON ({error}); want one JSON object a line") from error
        if not isinstance(line, dict) or "id" not in line or not isinstance(line.get("probabilities"), dict):
            raise InputError(f"{path}:{number}: no id or no probabilities; want lines as `emoduet run` writes them")
        lines.append(line)
    if not lines:
        raise InputError(f"{path}: no lines; want one for each tested utterance")
    return lines


def _lines(answers: Answers) -> list[dict[str, object]]:
    return [
        {
            "id": utterance.id,
            "label": utterance.label,
            "prediction": answers.classes[prediction],
            "probabilities": dict(zip(answers.classes, row.tolist(), strict=True)),
            "session": utterance.session,
            "speaker": utterance.speaker,
        }
        for utterance, prediction, row in zip(
            answers.utterances, answers.predictions, answers.probabilities, strict=True
        )
    ]
