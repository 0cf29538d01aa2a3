"""Run folders with invented answers, written in a second: what a report of a finished run needs, and no training.

Two of eight answers are wrong, and the surest of all, so that figures can be told by pencil.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from easy_corpus import CLASSES, write_easy_corpus
from small_runs import read_json

from emoduet.audit import audit
from emoduet.baselines import baselines, write_baselines
from emoduet.breakdown import row_of
from emoduet.config import read_recipe
from emoduet.evaluation import Answers, write_answers
from emoduet.evidence import write_utterances
from emoduet.folds_file import FoldsHeader, write_folds
from emoduet.history import Epoch, write_history
from emoduet.manifest import manifest_digest, read_manifest
from emoduet.protocols import FoldOptions, protocol_named
from emoduet.types import Utterance

HISTORY = [Epoch(1, 1.3, 0.3, 1.4, 0.25, 1e-3, 2.0), Epoch(2, 0.8, 0.6, 1.1, 0.5, 1e-3, 2.0)]


@dataclass(frozen=True)
class Invention:
    """What to invent; of eight answers in a row those of the places `wrong` are the next class, sure to 0.9."""

    recipe: str = "demo-text-only"
    protocol: str = "loso"
    seeds: tuple[int, ...] = (0,)
    wrong: tuple[int, ...] = (3, 4)
    note: str = "the tested session was not looked at in training"
    synthetic: bool = True
    temperature: float = 2.0
    classes: tuple[str, ...] = CLASSES


def easy_manifest(folder: Path, **said: object) -> Path:
    """Three sessions of eight turns: six speakers, four classes, the same four lines in every session."""
    return write_easy_corpus(folder, sex="F", scripted=True, scenario="script01", **said)


def invent_run(folder: Path, manifest: Path, invention: Invention = Invention()) -> Path:
    """Writes a run's folder on a manifest; returns it."""
    utterances = [replace(one, extra={"synthetic": invention.synthetic}) for one in read_manifest(manifest)]
    protocol = protocol_named(invention.protocol)
    folds = protocol.make_folds(utterances, FoldOptions())
    by_id = {utterance.id: utterance for utterance in utterances}
    write_utterances(folder, utterances)
    write_folds(folder / "folds.json", folds, FoldsHeader(protocol=protocol.name))
    write_json(folder / "audit.json", audit(utterances, folds, protocol, audio=False).as_json())
    found = baselines(utterances, folds, invention.classes)
    write_baselines(folder / "baselines.json", [row_of(one.name, one.answers) for one in found])
    write_json(folder / "run.json", description(manifest, invention))
    for fold in folds:
        for seed in invention.seeds:
            into = folder / f"fold{fold.number}-seed{seed}"
            write_answers(into / "predictions.jsonl", answered([by_id[id] for id in fold.test], invention))
            if fold.validation:
                validated = answered([by_id[id] for id in fold.validation], invention)
                write_answers(into / "validation.jsonl", validated)
            write_history(into / "history.csv", HISTORY, invention.note)
            said = {"note": invention.note, "temperature": invention.temperature}
            write_json(into / "metrics.json", said | {"synthetic_corpus": invention.synthetic})
    return folder


def answered(utterances: Sequence[Utterance], invention: Invention) -> Answers:
    """Right with probability 0.7, or wrong with 0.9."""
    number = len(invention.classes)
    rows = np.full((len(utterances), number), 0.1)
    for place, utterance in enumerate(utterances):
        truth = invention.classes.index(utterance.label)
        if place % 8 in invention.wrong:
            rows[place] = 0.1 / (number - 1)
            rows[place, (truth + 1) % number] = 0.9
        else:
            rows[place] = 0.3 / (number - 1)
            rows[place, truth] = 0.7
    return Answers(tuple(utterances), invention.classes, rows)


def description(manifest: Path, invention: Invention) -> dict[str, object]:
    """What run.json says."""
    return {
        "recipe": read_recipe(invention.recipe).model_dump(mode="json") | {"classes": list(invention.classes)},
        "protocol": invention.protocol,
        "no_validation": False,
        "training_labels_shuffled": False,
        "precision": "fp32",
        "manifest": manifest.name,
        "manifest_sha256": manifest_digest(manifest),
        "weights": {"text": "tiny"},
        "versions": {"emoduet": "0.1.0", "torch": "2.9.0"},
        "platform": "Linux x86_64",
    }


def change_json(path: Path, **changes: object) -> None:
    """Says something else in a JSON file."""
    write_json(path, read_json(path) | changes)


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
