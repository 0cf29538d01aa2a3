"""How to do it again: the commands that made the runs, and everything that their numbers hang on."""

import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from emoduet.config import read_recipe, recipe_names
from emoduet.report.contents import Subject

Values = Mapping[str, object]

MAP_FILE = "MAP.toml"
"""Stands in a command for the label map, of which a run keeps what it says and not where it was."""


@dataclass(frozen=True)
class Origin:
    """Where a run came from; `command` is empty where it cannot be known, and `facts` are (name, value) in words."""

    name: str
    command: str
    notes: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


def origin_of(subject: Subject) -> Origin:
    """The origin of one run, from its folder alone."""
    description = subject.run.description
    if not description or description.get("made_elsewhere"):
        return Origin(subject.run.name, "", ("Predictions made elsewhere: their origin is not known here.",), ())
    return Origin(subject.run.name, command_of(subject), tuple(_notes(subject)), tuple(_facts(subject)))


def command_of(subject: Subject) -> str:
    """The command that repeats the run, with the recipe's differences from the packaged one spelt out."""
    run, description = subject.run, subject.run.description
    name = str(subject.recipe.get("name", ""))
    words = ["emoduet", "run", name if name in recipe_names() else f"{name}.toml"]
    folds_file = (description.get("folds_read_from") or {}).get("file")
    protocol = folds_file or run.protocol
    words += ["--manifest", str(description.get("manifest")), "--protocol", str(protocol), "--out", run.name]
    finished = sorted({fold for fold, _ in run.answers})
    if len(finished) < len(run.folds):
        words += ["--folds", ",".join(map(str, finished))]
    if len(run.seeds) > 1:
        words += ["--seeds", str(len(run.seeds))]
    if description.get("precision", "fp32") != "fp32":
        words += ["--precision", str(description["precision"])]
    if description.get("no_validation"):
        words.append("--no-validation")
    if description.get("split_seed") and not folds_file:
        words += ["--split-seed", str(description["split_seed"])]
    if description.get("test_manifest"):
        words += ["--test-manifest", str(description["test_manifest"])]
    if description.get("test_label_map"):
        words += ["--test-label-map", MAP_FILE]
    if description.get("leaks_allowed"):
        words.append("--allow-leaks")
    for setting in _settings(subject.recipe):
        words += ["--set", setting]
    return shlex.join(words)


def _settings(recipe: Values) -> list[str]:
    """Where the recipe differs from the packaged one of its name, as `--set` takes it."""
    if recipe.get("name") not in recipe_names():
        return []
    packaged = read_recipe(str(recipe["name"])).model_dump(mode="json")
    return [f"{path}={json.dumps(value)}" for path, value in _differing(recipe, packaged)]


def _differing(found: Values, packaged: Values, where: str = "") -> Iterator[tuple[str, object]]:
    for key, value in found.items():
        there = packaged.get(key)
        if isinstance(value, Mapping) and isinstance(there, Mapping):
            yield from _differing(value, there, f"{where}{key}.")
        elif value != there:
            yield f"{where}{key}", value


def _notes(subject: Subject) -> Iterator[str]:
    if subject.recipe.get("name") not in recipe_names():
        yield "The recipe is not one of emoduet's own; its values stand in run.json, under recipe."
    if subject.run.description.get("training_labels_shuffled"):
        yield "The training labels were shuffled: this run is one of `emoduet control`."
    if mapped := subject.run.description.get("test_label_map"):
        told = ", ".join(f"{label} is {name}" for label, name in mapped.items())
        yield f"{MAP_FILE} stands for a file that maps the tested corpus's labels: {told}."
    if subject.run.seeds != tuple(range(len(subject.run.seeds))):
        yield f"The seeds are {', '.join(map(str, subject.run.seeds))}; the command counts them from 0."


def _facts(subject: Subject) -> Iterator[tuple[str, str]]:
    """What `run.json` and the folder say."""
    run, description = subject.run, subject.run.description
    yield "manifest", f"{description.get('manifest', 'not said')}, SHA-256 {description.get('manifest_sha256', '')}"
    if description.get("test_manifest"):
        yield (
            "tested manifest",
            f"{description['test_manifest']}, SHA-256 {description.get('test_manifest_sha256', '')}",
        )
    folds = run.folder / "folds.json"
    if folds.is_file():
        yield "folds", f"folds.json, SHA-256 {hashlib.sha256(folds.read_bytes()).hexdigest()}"
    for kind, digest in (description.get("weights") or {}).items():
        yield f"{kind} encoder", _encoder(subject.recipe, kind, str(digest))
    yield "seeds", ", ".join(map(str, run.seeds))
    yield "precision", str(description.get("precision", "not said"))
    versions = description.get("versions") or {}
    yield "versions", ", ".join(f"{name} {number}" for name, number in versions.items())
    yield "platform", str(description.get("platform", "not said"))


def _encoder(recipe: Values, kind: str, digest: str) -> str:
    name = (recipe.get(f"{kind}_encoder") or {}).get("name", "")
    return f"{name}, trained from nothing" if digest == name else f"{name}, weights {digest}"
