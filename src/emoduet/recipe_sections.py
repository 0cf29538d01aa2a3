"""The sections of a recipe: their keys, and what each key may say. `config.py` puts them together."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from emoduet.types import Positive, Probability, Rate, Share


class Section(BaseModel):
    """What all share: frozen, no unknown keys, finite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class AudioEncoder(Section):
    """Which wav2vec 2.0-family model stands at the base, what of it is heard, and how much of it trains.

    `layers` "weighted" is a learned mix of all layers, frame by frame; "weighted-mean" that of their means over time,
    one row an utterance.
    """

    name: str
    layers: Literal["last", "weighted", "weighted-mean"]
    freeze: Literal["feature-encoder", "all", "nothing"]
    gradient_checkpointing: bool
    layer_drop: Probability | Literal["checkpoint"]
    spec_augment: bool | Literal["checkpoint"]


class TextEncoder(Section):
    """Which BERT-family model stands at the base, what of it is read, as in `AudioEncoder`, and whether it trains."""

    name: str
    layers: Literal["last", "weighted", "weighted-mean"]
    freeze: Literal["all", "nothing"]
    gradient_checkpointing: bool


class Frames(Section):
    """Frames of a sound computed by rule, in the place of an audio encoder.

    `standardise` says over what each value gets zero mean and unit variance: all frames of the training fold, or those
    of the utterance, which takes from it how loud and how high it is beside others.
    """

    kind: Literal["filterbank", "mfcc", "low-level", "power-spectrum", "samples", "functionals"]
    size: Positive
    standardise: Literal["training", "utterance", "nothing"]


class Words(Section):
    """Words or phonemes as vectors, in the place of a text encoder; the vocabulary of words is the training fold's.

    `vectors` is the path of a GloVe or word2vec file; empty, they are random at first.
    """

    kind: Literal["words", "phonemes"]
    size: Positive
    min_count: Positive
    vectors: str
    trains: bool


class AudioFeatures(Section):
    """The audio feature encoder of section 2.2."""

    num_filters: Positive
    recurrence: Literal["blstm", "none"]
    lstm_size: Positive
    dropout: Probability


class TextProjection(Section):
    """The projection of section 2.3."""

    size: Positive


class CrossModalAttention(Section):
    """CMA-1 and CMA-2 of section 2.4, one of them alone, or neither."""

    directions: Literal["both", "cma-1", "cma-2", "none"]
    num_heads: Positive
    cma_1_keys: Literal["projected", "encoder"]
    scale: Literal["sqrt_d", "d"]
    normalise_keys: bool
    residual: bool
    feed_forward: bool


class Pooling(Section):
    """From frames to a vector: section 2.5."""

    kind: Literal["statistics", "mean"]


class Optimizer(Section):
    """Adam; the layers above the encoders learn at `head_factor` times the rate.

    `mix_rate` is the whole rate of the weights that mix an encoder's layers; None: as the layers above. They start at 0
    and must reach 2 or so to single out a layer, which Adam, at a rate a step, takes too long for at an encoder's rate.
    """

    learning_rate: Rate
    head_factor: Rate
    max_gradient_norm: Rate
    mix_rate: Rate | None = None


class Schedule(Section):
    """The rate is multiplied by `factor` when the watched loss has not fallen for more than `patience` epochs."""

    factor: Share
    patience: Annotated[int, Field(ge=0)]


class Training(Section):
    """How long, and in what portions. An update sees `batch_size` x `accumulation` utterances."""

    epochs: Positive
    batch_size: Positive
    accumulation: Positive
    class_weights: bool


class Augmentation(Section):
    """White noise on training waveforms, at a signal-to-noise ratio between two bounds in dB."""

    noise_snr: tuple[float, float]

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.noise_snr[0] > self.noise_snr[1]:
            raise ValueError(f"noise_snr {list(self.noise_snr)}; want the lower bound first, as in [10, 30]")
        return self


_OVER_TIME = ("audio_features", "cross_modal_attention", "pooling")
"""Sections of what looks at frames in their order, or at how much they differ."""


def mixing_problems(given: Mapping[str, object]) -> list[str]:
    """What of a recipe's sections, by name, does not go with how layers are mixed; None is a section it lacks."""
    kinds = {name: one.layers for name, one in given.items() if isinstance(one, (AudioEncoder, TextEncoder))}
    over_time = [name for name in _OVER_TIME if given.get(name)]
    problems = [
        f"{name}.layers weighted-mean gives one row an utterance, of which {' and '.join(over_time)} can make nothing; "
        "take weighted"
        for name, kind in kinds.items()
        if kind == "weighted-mean" and over_time
    ]
    rate = given["optimizer"] and given["optimizer"].mix_rate
    if rate is not None and not set(kinds.values()) & {"weighted", "weighted-mean"}:
        problems.append(
            f"optimizer.mix_rate {rate} is the rate of mixed layers, but none are mixed; leave it out, or set layers "
            "of an encoder to weighted"
        )
    return problems


def one_go_problems(system: str, training: Training, words: Words | None) -> list[str]:
    """What a recipe says that a system fitted at one go would not heed; of words the vocabulary alone counts."""
    fitted = f"the {system} system is fitted at one go"
    problems = []
    if training.epochs != 1:
        problems.append(f"training.epochs {training.epochs}: {fitted}; set 1")
    if words and words.vectors:
        problems.append(f'words.vectors {words.vectors!r}: {fitted} and counts words, whose vectors it ignores; set ""')
    if words and words.trains:
        problems.append(f"words.trains true: {fitted}, so that no table of words learns; set false")
    return problems
