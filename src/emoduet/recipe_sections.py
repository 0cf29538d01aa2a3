"""The sections of a recipe: their keys, and what each key may say. `config.py` puts them together."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from emoduet.types import Positive, Probability, Rate


class Section(BaseModel):
    """What all share: frozen, no unknown keys, finite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class AudioEncoder(Section):
    """Which wav2vec 2.0-family model stands at the base, what of it is heard, and how much of it trains."""

    name: str
    layers: Literal["last", "weighted"]
    freeze: Literal["feature-encoder", "all", "nothing"]
    gradient_checkpointing: bool
    layer_drop: Probability | Literal["checkpoint"]
    spec_augment: bool | Literal["checkpoint"]


class TextEncoder(Section):
    """Which BERT-family model stands at the base, what of it is read, and whether it trains."""

    name: str
    layers: Literal["last", "weighted"]
    freeze: Literal["all", "nothing"]
    gradient_checkpointing: bool


class Frames(Section):
    """Frames of a sound computed by rule, in the place of an audio encoder."""

    kind: Literal["filterbank", "mfcc", "low-level", "power-spectrum", "samples", "functionals"]
    size: Positive
    standardise: bool


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
    """CMA-1 and CMA-2 of section 2.4, or one of them alone."""

    directions: Literal["both", "cma-1", "cma-2"]
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
    """Adam; the layers above the encoders learn at `head_factor` times the rate."""

    learning_rate: Rate
    head_factor: Rate
    max_gradient_norm: Rate


class Schedule(Section):
    """The rate is multiplied by `factor` when the watched loss has not fallen for more than `patience` epochs."""

    factor: Annotated[float, Field(gt=0, lt=1)]
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
