"""Experiments of seconds, and what they leave on disk."""

import json
from dataclasses import replace
from pathlib import Path

from easy_corpus import small_recipe

from emoduet.experiment import Experiment
from emoduet.machine import Machine

CPU = Machine("cpu")


def small_experiment(
    manifest: Path, out: Path, name: str = "demo-text-only", *overrides: str, **changes: object
) -> Experiment:
    """One fold of one seed, unless `changes` say otherwise."""
    usual = Experiment(small_recipe(name, *overrides), "loso", manifest, out, folds=(1,), machine=CPU)
    return replace(usual, **changes)


def read_json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def read_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def numbers_of(fold: Path) -> tuple[str, list[str], dict]:
    """All that a fold answers for: predictions, history and metrics, but for the time they took."""
    history = [line.rsplit(",", 2)[0] for line in (fold / "history.csv").read_text().splitlines()]
    metrics = {key: value for key, value in read_json(fold / "metrics.json").items() if key != "seconds"}
    return (fold / "predictions.jsonl").read_text(), history, metrics


def without_forms(notes: str) -> str:
    """Notes but for those that say which form of the encoders runs."""
    return "".join(line for line in notes.splitlines(keepends=True) if not line.startswith("encoders: "))
