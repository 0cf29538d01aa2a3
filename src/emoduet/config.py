"""Recipes: everything that decides a training run, as frozen and validated data.

A recipe is a TOML file, packaged (`paper`, `demo-paper`, ...) or the user's own, whole or as changes of one that is.
An unknown key is an error, and all problems of a file are reported together. Nothing is built here: `build.py` is the
only reader of a recipe's numbers.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Self

from pydantic import ValidationError, model_validator

from emoduet import recipe_sections as sections
from emoduet.errors import CheckpointError, ConfigError
from emoduet.recipe_fit import misfits, numbers_of, problems_of
from emoduet.systems.base import FittedSystem
from emoduet.systems.catalogue import system_named
from emoduet.types import Seconds

TINY = "tiny"
"""The name of encoders that are made here, small and random."""

_BEFORE = {
    "audio_encoder": {"layers": "last"},
    "text_encoder": {"layers": "last"},
    "audio_features": {"recurrence": "blstm"},
    "cross_modal_attention": {"directions": "both", "cma_1_keys": "projected"},
    "pooling": {"kind": "statistics"},
}
"""What the layers did before there was a key for it; models of that time have recipes without the key."""

_BEFORE_POOLING = ("cross-modal", "audio", "text")
"""The systems whose models may be older than the section that says how they pool."""


class Recipe(sections.Section):
    """One training run, whole. Sections that the system does not have must be absent.

    `model` holds the numbers that the system's constructor takes by keyword.
    """

    name: str
    title: str
    system: str
    classes: tuple[str, ...]
    audio_encoder: sections.AudioEncoder | None = None
    frames: sections.Frames | None = None
    text_encoder: sections.TextEncoder | None = None
    words: sections.Words | None = None
    audio_features: sections.AudioFeatures | None = None
    text_projection: sections.TextProjection | None = None
    cross_modal_attention: sections.CrossModalAttention | None = None
    pooling: sections.Pooling | None = None
    model: Mapping[str, object] = {}
    optimizer: sections.Optimizer | None = None
    schedule: sections.Schedule | None = None
    training: sections.Training
    augmentation: sections.Augmentation | None = None

    @property
    def front_ends(self) -> dict[str, str]:
        """What turns utterances into frames, by "audio" and "text": an encoder's name, or what is computed by rule."""
        audio = self.audio_encoder.name if self.audio_encoder else self.frames and self.frames.kind
        text = self.text_encoder.name if self.text_encoder else self.words and self.words.kind
        return {kind: name for kind, name in (("audio", audio), ("text", text)) if name}

    @cached_property
    def numbers(self) -> Mapping[str, object]:
        """What [model] says, of the types that the system's constructor wants."""
        return numbers_of(system_named(self.system), self.model)

    @model_validator(mode="after")
    def _sections_fit_the_system(self) -> Self:
        given = dict(self)
        try:
            system = system_named(self.system)
            problems = misfits(self.system, system, given)
            problems += _wrong_numbers(self)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        if issubclass(system, FittedSystem):
            problems += sections.one_go_problems(self.system, self.training, self.words)
        problems += sections.mixing_problems(given)
        if self.augmentation and not system.hears:
            problems.append(f"augmentation is of no use to the {self.system} system")
        if len(set(self.classes)) != len(self.classes) or len(self.classes) < 2:
            problems.append(f"classes {list(self.classes)}; need at least two, each once")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class OfRecipe:
    """What a model's recipe says of it, whatever computes its answers."""

    recipe: Recipe

    @property
    def name(self) -> str:
        """What to call it in a message: its recipe's system."""
        return self.recipe.system

    @property
    def longest(self) -> Seconds | None:
        """How much of a segment it hears: all."""
        return None

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of its logits."""
        return self.recipe.classes


def _wrong_numbers(recipe: Recipe) -> list[str]:
    """What of [model] the system's constructor would not take."""
    try:
        return system_named(recipe.system).wrong_together(recipe.numbers)
    except ValidationError as error:
        return problems_of(error, within="model.")


def recipe_names() -> list[str]:
    """The packaged recipes, sorted."""
    return sorted(path.name.removesuffix(".toml") for path in _packaged().iterdir() if path.name.endswith(".toml"))


def read_recipe(name_or_path: str, overrides: Sequence[str] = ()) -> Recipe:
    """A packaged recipe by name, or a `.toml` / `.json` file by path, with `key.path=value` overrides applied.

    Raises:
        ConfigError: it does not exist, does not parse, or does not validate; all problems in one message.
    """
    values = _read_values(name_or_path)
    for override in overrides:
        _apply(values, override)
    return recipe_from_values(values, where=name_or_path)


def stored_recipe(values: object, where: str) -> Recipe:
    """The recipe that a model was written with; a key that came later has the meaning it had before there was one.

    Raises:
        CheckpointError: it does not validate: it was changed by hand, or another version wrote it.
    """
    try:
        return recipe_from_values(_completed(values), where)
    except ConfigError as error:
        raise CheckpointError(
            f"{error}\nThe model's config.json was changed, or another version of emoduet wrote it: use that version, "
            "or train again"
        ) from error


def _completed(values: object) -> object:
    """A stored recipe with the keys that it is older than."""
    if not isinstance(values, Mapping):
        return values
    older = {"pooling": {}, **values} if values.get("system") in _BEFORE_POOLING else values
    known = {name: found for name, found in older.items() if name in _BEFORE and isinstance(found, Mapping)}
    return {**older, **{name: {**_BEFORE[name], **found} for name, found in known.items()}}


def recipe_from_values(values: object, where: str) -> Recipe:
    """A recipe from parsed values; `where` names their origin in the error.

    Raises:
        ConfigError: they do not validate.
    """
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        problems = problems_of(error, within="  ")
        raise ConfigError(f"recipe {where}: {len(problems)} problem(s)\n" + "\n".join(problems)) from error


def _read_plain(name_or_path: str) -> dict[str, object]:
    """What a recipe's file says, no more."""
    packaged = _packaged() / f"{name_or_path}.toml"
    source = packaged if packaged.is_file() else Path(name_or_path)
    if not source.is_file():
        raise ConfigError(
            f"recipe {name_or_path}: neither a packaged recipe nor a file; packaged are {', '.join(recipe_names())}"
        )
    try:
        text = source.read_text(encoding="utf-8")
        values = json.loads(text) if name_or_path.endswith(".json") else tomllib.loads(text)
    except (UnicodeDecodeError, ValueError) as error:
        raise ConfigError(f"recipe {name_or_path}: does not parse: {error}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"recipe {name_or_path}: got {str(values)[:40]}; want an object of sections")
    return values


def _read_values(name_or_path: str, extending: tuple[str, ...] = ()) -> dict[str, object]:
    """What a recipe says, laid over what it extends.

    Args:
        extending: the recipes on whose behalf it is read, the asked one first.

    Raises:
        ConfigError: it does not exist or does not parse, or recipes extend each other in a circle.
    """
    changes = _read_plain(name_or_path)
    if "extends" not in changes:
        return changes
    chain = (*extending, name_or_path)
    extended = _found(str(changes.pop("extends")), name_or_path)
    if extended in chain:
        raise ConfigError(f"recipe {chain[0]}: {' extends '.join((*chain, extended))}, in a circle; break it")
    return _merged(_read_values(extended, chain), changes, f"recipe {name_or_path}")


def _found(extended: str, where: str) -> str:
    """The recipe that another changes: the name of a packaged one, or the path of a file beside it.

    Raises:
        ConfigError: it does not exist.
    """
    packaged, beside = recipe_names(), Path(where).parent / extended
    if extended in packaged:
        return extended
    if not beside.is_file():
        raise ConfigError(
            f"recipe {where}: extends {extended}, which is neither a packaged recipe nor a file beside it; packaged "
            f"are {', '.join(packaged)}"
        )
    return str(beside)


def _merged(values: Mapping[str, object], changes: Mapping[str, object], where: str) -> dict[str, object]:
    """Values with changes laid over them, section by section; an empty section takes one away."""
    merged = dict(values)
    for key, change in changes.items():
        if change == {} and key not in merged:
            raise ConfigError(f"{where}: {key} is empty, which takes a section away, but there is none of that name")
        known = merged.pop(key, None)
        if change != {}:
            merged[key] = {**known, **change} if isinstance(known, dict) and isinstance(change, dict) else change
    return merged


def _apply(values: dict[str, object], override: str) -> None:
    path, separator, text = override.partition("=")
    if not separator or not path:
        raise ConfigError(f"--set {override}: need key=value, for example optimizer.learning_rate=3e-5")
    *sections, key = path.strip().split(".")
    section = values
    for name in sections:
        section = section.setdefault(name, {})
        if not isinstance(section, dict):
            raise ConfigError(f"--set {override}: {name} is a value, not a section")
    section[key] = _parse(text.strip())


def _parse(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _packaged() -> resources.abc.Traversable:
    return resources.files("emoduet") / "recipes"
