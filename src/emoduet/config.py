"""Recipes: everything that decides a training run, as frozen and validated data.

A recipe is a TOML file, packaged (`paper`, `demo-paper`, ...) or the user's own. An unknown key is an error, and all
problems of a file are reported together. Nothing is built here: `build.py` is the only reader of a recipe's numbers.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from emoduet.errors import CheckpointError, ConfigError

TINY = "tiny"
"""The name of encoders that are made here, small and random."""

Positive = Annotated[int, Field(gt=0)]
Rate = Annotated[float, Field(gt=0)]
Probability = Annotated[float, Field(ge=0, lt=1)]

_BEFORE = {"cross_modal_attention": {"cma_1_keys": "projected"}}
"""What the layers did before there was a key for it; models of that time have recipes without the key."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class AudioEncoder(_Section):
    """Which wav2vec 2.0-family model stands at the base, and how much of it trains."""

    name: str
    freeze: Literal["feature-encoder", "all", "nothing"]
    gradient_checkpointing: bool
    layer_drop: Probability | Literal["checkpoint"]
    spec_augment: bool | Literal["checkpoint"]


class TextEncoder(_Section):
    """Which BERT-family model stands at the base, and whether it trains."""

    name: str
    freeze: Literal["all", "nothing"]
    gradient_checkpointing: bool


class AudioFeatures(_Section):
    """The audio feature encoder of section 2.2."""

    num_filters: Positive
    lstm_size: Positive
    dropout: Probability


class TextProjection(_Section):
    """The projection of section 2.3."""

    size: Positive


class CrossModalAttention(_Section):
    """CMA-1 and CMA-2 of section 2.4."""

    num_heads: Positive
    cma_1_keys: Literal["projected", "encoder"]
    scale: Literal["sqrt_d", "d"]
    normalise_keys: bool
    residual: bool
    feed_forward: bool


class Optimizer(_Section):
    """Adam; the layers above the encoders learn at `head_factor` times the rate."""

    learning_rate: Rate
    head_factor: Rate
    max_gradient_norm: Rate


class Schedule(_Section):
    """The rate is multiplied by `factor` when the watched loss has not fallen for more than `patience` epochs."""

    factor: Annotated[float, Field(gt=0, lt=1)]
    patience: Annotated[int, Field(ge=0)]


class Training(_Section):
    """How long, and in what portions. An update sees `batch_size` x `accumulation` utterances."""

    epochs: Positive
    batch_size: Positive
    accumulation: Positive
    class_weights: bool


class Augmentation(_Section):
    """White noise on training waveforms, at a signal-to-noise ratio between two bounds in dB."""

    noise_snr: tuple[float, float]

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.noise_snr[0] > self.noise_snr[1]:
            raise ValueError(f"noise_snr {list(self.noise_snr)}; want the lower bound first, as in [10, 30]")
        return self


class Recipe(_Section):
    """One training run, whole. Sections that the system does not have must be absent."""

    name: str
    title: str
    system: Literal["cross-modal", "audio", "text"]
    classes: tuple[str, ...]
    audio_encoder: AudioEncoder | None = None
    text_encoder: TextEncoder | None = None
    audio_features: AudioFeatures | None = None
    text_projection: TextProjection | None = None
    cross_modal_attention: CrossModalAttention | None = None
    optimizer: Optimizer
    schedule: Schedule
    training: Training
    augmentation: Augmentation | None = None

    @model_validator(mode="after")
    def _sections_fit_the_system(self) -> Self:
        hears, reads = self.system != "text", self.system != "audio"
        wanted = {
            "audio_encoder": (hears, self.audio_encoder),
            "text_encoder": (reads, self.text_encoder),
            "audio_features": (hears, self.audio_features),
            "text_projection": (reads, self.text_projection),
            "cross_modal_attention": (hears and reads, self.cross_modal_attention),
        }
        problems = [
            f"{key} is {'missing from' if needed else 'of no use to'} the {self.system} system"
            for key, (needed, value) in wanted.items()
            if needed != (value is not None)
        ]
        if self.augmentation and not hears:
            problems.append("augmentation is of no use to the text system")
        if len(set(self.classes)) != len(self.classes) or len(self.classes) < 2:
            problems.append(f"classes {list(self.classes)}; need at least two, each once")
        if problems:
            raise ValueError("; ".join(problems))
        return self


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
    older = values if isinstance(values, Mapping) else {}
    sections = {name: {**keys, **older[name]} for name, keys in _BEFORE.items() if isinstance(older.get(name), Mapping)}
    try:
        return recipe_from_values({**older, **sections}, where)
    except ConfigError as error:
        raise CheckpointError(
            f"{error}\nThe model's config.json was changed, or another version of emoduet wrote it: use that version, "
            "or train again"
        ) from error


def recipe_from_values(values: object, where: str) -> Recipe:
    """A recipe from parsed values; `where` names their origin in the error.

    Raises:
        ConfigError: they do not validate.
    """
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        problems = [f"  {_path(e['loc'])}{e['msg']}{_got(e)}" for e in error.errors()]
        raise ConfigError(f"recipe {where}: {len(problems)} problem(s)\n" + "\n".join(problems)) from error


def _read_values(name_or_path: str) -> dict[str, object]:
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


def _path(location: tuple[str | int, ...]) -> str:
    return ".".join(map(str, location)) + ": " if location else ""


def _got(error: dict) -> str:
    return f" (got {error['input']!r})" if error["loc"] and error["type"] != "missing" else ""
