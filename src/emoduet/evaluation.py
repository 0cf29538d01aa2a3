"""What a model says of labelled utterances, and what that is worth: probabilities, scores, intervals, files."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch.nn import functional

from emoduet.atomic import write_text
from emoduet.batching import InputReader, batches, targets_of
from emoduet.build import Model
from emoduet.calibration import apply_temperature, fit_temperature
from emoduet.config import Recipe
from emoduet.errors import CorpusError, InputError
from emoduet.machine import computing_in
from emoduet.metrics import Scores, log_loss, score
from emoduet.systems.base import System
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
    precision: str = "fp32",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Answers:
    """The system's probabilities for utterances, in eval mode, on the device its weights are on.

    Args:
        temperature: what the logits are divided by, as in `build.Model`.
        precision: as in `machine.computing_in`.
        progress: called with (utterances done, utterances in all).
    """
    device = system.device
    was_training = system.training
    system.eval()
    rows: list[torch.Tensor] = []
    for batch in batches(utterances, classes, reader, BATCH_SIZE):
        with computing_in(precision, device):
            logits = system(batch.inputs.to(device))
        rows.extend(functional.softmax(logits.cpu().double() / temperature, dim=1))
        progress(len(rows), len(utterances))
    system.train(was_training)
    return Answers(tuple(utterances), tuple(classes), torch.stack(rows).numpy())


def calibrated(model: Model, held_out: Answers) -> tuple[Model, Answers]:
    """The model with the temperature that suits answers it was not trained on, and those answers at it.

    Args:
        held_out: labelled answers of validation data at temperature 1, never of test data.
    """
    temperature = fit_temperature(held_out.labels, held_out.probabilities)
    tempered = apply_temperature(held_out.probabilities, temperature)
    return replace(model, temperature=temperature), replace(held_out, probabilities=tempered)


def check_complete(utterances: Sequence[Utterance], recipe: Recipe, where: str) -> None:
    """Finds before a training, not in the middle of it, what the recipe's system would miss.

    Raises:
        CorpusError: an utterance without audio for a system that listens, or without transcript for one that reads.
    """
    for kind, field, verb in (("audio", "audio", "listens"), ("text", "transcript", "reads")):
        lacking = [utterance.id for utterance in utterances if getattr(utterance, field) is None]
        if kind in recipe.front_ends and lacking:
            raise CorpusError(
                f"{where}: {len(lacking)} of {len(utterances)} utterances have no {field}, first {lacking[0]}, and the "
                f"{recipe.system} system {verb}. Fill the column when the manifest is built, or take another recipe"
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
