"""Reads a run's folder back, without its manifest and without its corpus.

What a report, a comparison or an assessment needs stands in the folder: who was divided how, what every fold answered,
what the audit found. Utterances come back without sound and words, with their duration and number of words. A
predictions file alone, as a fold holds one, can be read as a run that knows less. Nothing is trained or changed here.
"""

import csv
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from emoduet.assessment import Assessment, Key, assess
from emoduet.baselines import read_baselines
from emoduet.breakdown import Row
from emoduet.errors import InputError
from emoduet.evaluation import Answers, read_answer_lines, read_answers, read_each_alone
from emoduet.findings import is_leaking, twins_told, uncompared_told
from emoduet.folds_file import read_folds
from emoduet.manifest import read_manifest
from emoduet.protocols import LEAKING, NO_VALIDATION, TEST_IN_THE_LOOP, Fold
from emoduet.types import Utterance

SYNTHETIC, SHUFFLED = "synthetic corpus", "training labels shuffled"
ELSEWHERE = "made elsewhere: what it was trained on is claimed, not proved"
NO_FOLDS = "made elsewhere, no folds given: nothing is known of what training had seen"

T = TypeVar("T")
VALIDATION = "validation.jsonl"
_FOLD = re.compile(r"fold(\d+)-seed(\d+)")


@dataclass(frozen=True)
class Run:
    """A run as its folder tells it; finished folds only, by (fold, seed).

    Attributes:
        description: what run.json says; empty for a predictions file.
        validation: answers to the validation parts, where there were any.
        temperatures: what logits were divided by before the answers were written.
        audit: what audit.json says; None where there is none.
        metrics: what each fold's metrics.json says.
        histories: a mapping an epoch, with the columns of history.csv; the watched ones are absent where nothing
            was watched.
        alone: answers to sounds alone and to words alone, as `evaluation.answer_each_alone`.
        temperatures_alone: what the logits of utterances with sound alone, or words alone, were divided by.
    """

    folder: Path
    description: Mapping[str, object]
    folds: tuple[Fold, ...]
    classes: tuple[str, ...]
    answers: Mapping[Key, Answers]
    validation: Mapping[Key, Answers]
    temperatures: Mapping[Key, float]
    audit: Mapping[str, object] | None
    baselines: tuple[Row, ...]
    metrics: Mapping[Key, Mapping[str, object]]
    histories: Mapping[Key, tuple[Mapping[str, float], ...]]
    alone: Mapping[Key, Mapping[str, Answers]] = field(default_factory=dict)
    temperatures_alone: Mapping[Key, Mapping[str, float]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The folder's name, which the user gave."""
        return self.folder.name

    @property
    def protocol(self) -> str | None:
        """The protocol's name; None where nobody says."""
        return self.description.get("protocol")

    @property
    def only_labels(self) -> bool:
        """Whether the probabilities are ones and zeros made from labels."""
        return bool(self.description.get("only_labels"))

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds with a finished fold."""
        return tuple(sorted({seed for _, seed in self.answers}))

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        """Every tested utterance, once."""
        return tuple({u.id: u for answers in self.answers.values() for u in answers.utterances}.values())

    @property
    def marks(self) -> tuple[str, ...]:
        """What every figure of this run must be quoted with."""
        elsewhere = bool(self.description.get("made_elsewhere"))
        notes = [str(one.get("note")) for one in self.metrics.values()]
        found = {
            TEST_IN_THE_LOOP: any(TEST_IN_THE_LOOP in note for note in notes),
            NO_VALIDATION: any(NO_VALIDATION in note for note in notes),
            LEAKING: bool(self.audit and is_leaking(self.audit)),
            SHUFFLED: any(one.get("training_labels_shuffled") for one in (self.description, *self.metrics.values())),
            SYNTHETIC: any(one.get("synthetic_corpus") for one in self.metrics.values())
            or any(utterance.extra.get("synthetic") for utterance in self.utterances),
            ELSEWHERE: elsewhere and self.protocol is not None,
            NO_FOLDS: elsewhere and self.protocol is None,
        }
        return tuple(mark for mark, applies in found.items() if applies)

    @property
    def twins(self) -> Mapping[int, Mapping[str, str]] | None:
        """Fold number -> tested utterances with a twin in training; None where no audit looked."""
        return None if self.audit is None else twins_told(self.audit)

    @property
    def uncompared(self) -> Mapping[int, tuple[str, ...]]:
        """Fold number -> tested utterances whose line the audit could not compare; empty where it does not say."""
        return uncompared_told(self.audit or {})


def read_run(path: str | Path) -> Run:
    """A run's folder, or a predictions file as a fold's folder holds one.

    Raises:
        InputError: neither, a folder without a finished fold, or files that do not belong together.
    """
    path = Path(path)
    if path.is_file():
        return _run_of_predictions(path)
    if not (path / "run.json").is_file():
        raise InputError(f"{path}: no run.json in it; need a folder that `emoduet run` wrote, or a predictions file")
    description = _read_json(path / "run.json")
    _check_whole(path, description)
    classes = tuple(description.get("classes") or description["recipe"]["classes"])
    utterances = {utterance.id: utterance for utterance in read_manifest(path / "utterances.jsonl")}
    finished = _finished(path)
    metrics = {key: _read_json(folder / "metrics.json") for key, folder in finished.items()}

    def answers(name: str) -> dict[Key, Answers]:
        return _by_key(finished, name, lambda file: read_answers(file, utterances, classes))

    return Run(
        folder=path.resolve(),
        description=description,
        folds=read_folds(path / "folds.json")[1] if (path / "folds.json").exists() else (),
        classes=classes,
        answers=answers("predictions.jsonl"),
        validation=answers(VALIDATION),
        temperatures={key: float(one.get("temperature", 1.0)) for key, one in metrics.items()},
        audit=_read_json(path / "audit.json") if (path / "audit.json").exists() else None,
        baselines=read_baselines(path / "baselines.json") if (path / "baselines.json").exists() else (),
        metrics=metrics,
        histories=_by_key(finished, "history.csv", _read_history),
        alone={key: read_each_alone(folder, utterances, classes) for key, folder in finished.items()},
        temperatures_alone={key: one.get("temperatures_alone", {}) for key, one in metrics.items()},
    )


def assess_run(run: Run) -> Assessment:
    """Everything a run's answers say.

    Raises:
        InputError: no fold is finished.
    """
    return assess(
        run.answers,
        validation=run.validation,
        temperatures=run.temperatures,
        temperatures_alone=run.temperatures_alone,
        alone=run.alone,
        twins=run.twins,
        uncompared=run.uncompared,
        baselines=run.baselines,
        only_labels=run.only_labels,
    )


def _check_whole(folder: Path, description: Mapping[str, object]) -> None:
    needed = ("utterances.jsonl",) if description.get("made_elsewhere") else ("folds.json", "utterances.jsonl")
    missing = [name for name in needed if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder}: {' and '.join(missing)} missing; a run folder holds them. Was it written by an older emoduet, "
            "or copied in part? The command that made it adds them, and repeats no finished fold"
        )


def _finished(folder: Path) -> dict[Key, Path]:
    found = ((_FOLD.fullmatch(child.name), child) for child in folder.iterdir())
    finished = {
        (int(match[1]), int(match[2])): child for match, child in found if match and (child / "metrics.json").is_file()
    }
    if not finished:
        raise InputError(f"{folder}: no fold is finished yet; the command that made the folder goes on with it")
    return dict(sorted(finished.items()))


def _by_key(finished: Mapping[Key, Path], name: str, read: Callable[[Path], T]) -> dict[Key, T]:
    return {key: read(folder / name) for key, folder in finished.items() if (folder / name).is_file()}


def _read_json(path: Path) -> dict[str, object]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); the file is damaged. Let the run write it again") from error


def _read_history(path: Path) -> tuple[Mapping[str, float], ...]:
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            {column: float(value) for column, value in row.items() if column != "note" and value}
            for row in csv.DictReader(file)
        )


def _run_of_predictions(path: Path) -> Run:
    if path.suffix.lower() != ".jsonl":
        raise InputError(
            f"{path}: no predictions file as `emoduet run` writes it (.jsonl); make a run folder of it with "
            "`emoduet score --out`"
        )
    lines = read_answer_lines(path)
    classes = tuple(lines[0]["probabilities"])
    utterances = {line["id"]: _utterance_of(line) for line in lines}
    return Run(
        folder=path.resolve(),
        description={},
        folds=(),
        classes=classes,
        answers={(1, 0): read_answers(path, utterances, classes)},
        validation={},
        temperatures={},
        audit=None,
        baselines=(),
        metrics={(1, 0): {"note": lines[0].get("note")}},
        histories={},
    )


def _utterance_of(line: Mapping[str, object]) -> Utterance:
    return Utterance(id=line["id"], label=line.get("label"), session=line.get("session"), speaker=line.get("speaker"))
