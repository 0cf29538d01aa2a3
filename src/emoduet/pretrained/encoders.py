"""Encoder bases: a transformers model as a module from tensors of unequal length to `Packed` frames.

What runs is the packed form where there is one for the model's family, and the library's own module utterance by
utterance where there is none; both on the same weights, so that both answer alike. Which weights are inside, and where
they came from, is not known here.
"""

import copy
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

import torch
from jaxtyping import Shaped
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel

from emoduet.errors import ConfigError, InputError
from emoduet.nn.linear import Factory, live
from emoduet.nn.packing import Packed, pack
from emoduet.pretrained.coverage import why_not_packed
from emoduet.pretrained.draws import Draws, draw_seeds
from emoduet.pretrained.packed_bert import PackedBert
from emoduet.pretrained.packed_wav2vec2 import PackedWav2Vec2
from emoduet.pretrained.plain import PlainAudio, PlainText
from emoduet.pretrained.portions import Budget, in_portions
from emoduet.pretrained.spec_augment import Masks, draw_masks

_PASSING = ("_name_or_path", "transformers_version", "dtype", "layerdrop", "apply_spec_augment")
"""Settings that do not decide an answer in eval mode, or that this module sets while it runs."""

Step = Callable[[Packed, Draws], Packed]

_REGULARISING = ("hidden_dropout", "hidden_dropout_prob", "dropout", "attention_dropout",
                 "attention_probs_dropout_prob", "activation_dropout", "feat_proj_dropout", "mask_time_prob",
                 "mask_feature_prob")  # fmt: skip


class EncoderBase(nn.Module, ABC):
    """What both modalities' encoders share: stages, portions, and the form that computes them.

    Attributes:
        stages: the points at which an utterance can enter or leave: its input, what lies between, its last layer.
        why_plain: why the library's own module runs; None where the packed form does.
        budget: how much is computed at once.
    """

    stages: tuple[str, ...] = ()

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model
        self.why_plain = why_not_packed(model.config)
        self.budget = self._budget()
        self._factory, self._recomputes, self._begins_at = live, False, 0
        self._form = self._formed()

    @property
    def hidden_size(self) -> int:
        """Values a frame."""
        return self.model.config.hidden_size

    @property
    def form(self) -> str:
        """Which one runs: "packed", or "plain", the library's own module."""
        return "packed" if self.why_plain is None else "plain"

    @property
    def form_told(self) -> str:
        """The form with, for the plain one, its reason."""
        return self.form if self.why_plain is None else f"plain ({self.why_plain}: an utterance at a time, slower)"

    @property
    def regularisation(self) -> dict[str, object]:
        """What is dropped at random while the encoder trains, by the names its configuration has for it."""
        return {name: getattr(self.model.config, name) for name in _REGULARISING if hasattr(self.model.config, name)}

    def compute_with(self, factory: Factory) -> None:
        """Computes linear maps in another way from now on; see `nn.linear`.

        Raises:
            ConfigError: the plain form runs, whose products are the library's own.
        """
        if self.why_plain is not None:
            raise ConfigError(f"{self.model.config.model_type}: {self.why_plain}, so its precision cannot be chosen")
        self._factory = factory
        self._form = self._formed()

    def recompute_activations(self) -> None:
        """In training, keeps none of a layer's inner values, but computes them again: less memory, more time."""
        self._recomputes = True
        self.model.activation_checkpointing_enable({"use_reentrant": False})
        self._form = self._formed()

    @property
    def begins_at(self) -> str:
        """The stage whose values the encoder takes."""
        return self.stages[self._begins_at]

    def begin_at(self, stage: str) -> None:
        """From now on inputs are this stage's values, [frames, dim] an utterance, computed before."""
        self._begins_at = self.stages.index(stage)

    def frozen_stage(self) -> str:
        """The last stage before which nothing trains."""
        trains = [any(weight.requires_grad for weight in self._weights(stage).values()) for stage in self.stages]
        return [stage for stage, one in zip(self.stages, trains, strict=True) if not one][-1]

    def weights_digest(self, stage: str) -> str:
        """SHA-256 over all that decides a stage's values: weights and configuration."""
        digest = hashlib.sha256(json.dumps(self._settings(), sort_keys=True).encode())
        for name, weight in sorted(self._weights(stage).items()):
            digest.update(f"{name} {tuple(weight.shape)} {weight.dtype}".encode())
            digest.update(weight.detach().cpu().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()

    @torch.no_grad()
    def features(self, inputs: Sequence[Tensor], stage: str) -> Packed:
        """A stage's values, for inputs as `forward` takes them; always those of eval mode."""
        was_training = self.training
        try:
            return self.eval()._run(inputs, self.stages.index(stage), self._nothing_drawn(len(inputs)))
        finally:
            self.train(was_training)

    def forward(self, inputs: Sequence[Shaped[Tensor, "_rows ..."]]) -> Packed:
        trains = torch.is_grad_enabled() and any(one.requires_grad for one in chain(inputs, self.parameters()))
        with torch.set_grad_enabled(trains):
            return self._run(inputs, len(self.stages) - 1, self._drawn(inputs))

    def _run(self, inputs: Sequence[Tensor], last: int, draws: Draws) -> Packed:
        steps = self._steps()[self._begins_at : last]

        def run(part: slice) -> Packed:
            values = pack(inputs[part])
            for step in steps:
                values = step(values, draws.of(part))
            return values

        return in_portions(run, [self._rows(one) for one in inputs], self.budget, inputs[0].device)

    def _settings(self) -> dict[str, object]:
        return {name: value for name, value in self.model.config.to_dict().items() if name not in _PASSING}

    def _nothing_drawn(self, num_utterances: int) -> Draws:
        return Draws((True,) * self.model.config.num_hidden_layers, hides=(False,) * num_utterances)

    def __getstate__(self) -> dict[str, object]:
        return {**super().__getstate__(), "_form": None}  # it refers to this module's weights, not to a copy's

    def __setstate__(self, state: dict[str, object]) -> None:
        super().__setstate__(state)
        self._form = self._formed()

    @abstractmethod
    def _budget(self) -> Budget:
        """How much is computed at once, by the model's size."""

    @abstractmethod
    def _formed(self) -> object:
        """The form that runs, on the model's weights."""

    @abstractmethod
    def _steps(self) -> list[Step]:
        """From each stage to the next."""

    @abstractmethod
    def _rows(self, one: Tensor) -> int:
        """The frames or tokens that an input becomes."""

    @abstractmethod
    def _drawn(self, inputs: Sequence[Tensor]) -> Draws:
        """All that is random in one batch."""

    @abstractmethod
    def _weights(self, stage: str) -> Mapping[str, Tensor]:
        """What decides a stage's values."""


class AudioEncoderBase(EncoderBase):
    """A wav2vec 2.0-family model: waveforms in, the last layer's context vectors C out (paper section 2.1).

    In training, LayerDrop is drawn once a batch (the library would draw it once an utterance), and SpecAugment leaves
    utterances alone that are shorter than one of its masks (the library would raise).

    Args:
        model: `Wav2Vec2Model`, `HubertModel`, `WavLMModel`, `Data2VecAudioModel` or a sibling of theirs.
        normalise: whether this model's preprocessor wants waveforms of zero mean and unit variance.
    """

    stages = ("waveform", "cnn", "last")

    def __init__(self, model: PreTrainedModel, normalise: bool) -> None:
        self.layer_drop = model.config.layerdrop
        self.spec_augment = getattr(model.config, "apply_spec_augment", True)
        model.config.layerdrop = 0.0
        super().__init__(model)
        self.normalise = normalise

    @property
    def config(self) -> PreTrainedConfig:
        """The model's configuration as its checkpoint had it: what this class sets while running is put back."""
        config = copy.deepcopy(self.model.config)
        config.layerdrop, config.apply_spec_augment = self.layer_drop, self.spec_augment
        return config

    @property
    def regularisation(self) -> dict[str, object]:
        """What is dropped and masked at random while the encoder trains, by the names its configuration has for it."""
        return {"layer_drop": self.layer_drop, "spec_augment": self.spec_augment, **super().regularisation}

    def freeze_feature_encoder(self) -> None:
        """Stops training of the CNN under the context network, as the paper does in every experiment."""
        self.model.feature_extractor._freeze_parameters()

    def num_frames(self, num_samples: int) -> int:
        """How many frames a waveform becomes: one every 20 ms for every model of the family."""
        for kernel, stride in zip(self.model.config.conv_kernel, self.model.config.conv_stride, strict=True):
            num_samples = (num_samples - kernel) // stride + 1
        return num_samples

    def _formed(self) -> PackedWav2Vec2 | PlainAudio:
        if self.why_plain is None:
            return PackedWav2Vec2(self.model, self._factory, self._recomputes)
        return PlainAudio(self.model)

    def _steps(self) -> list[Step]:
        return [lambda waveforms, _: self._form.cnn(waveforms), self._form.context]

    def _rows(self, one: Tensor) -> int:
        rows = self.num_frames(len(one)) if self._begins_at == 0 else len(one)
        if rows < 1:
            raise InputError(
                f"waveform: {len(one)} samples; need at least one frame of the encoder's (25 ms at 16 kHz)"
            )
        return rows

    def _drawn(self, inputs: Sequence[Tensor]) -> Draws:
        config = self.model.config
        if not self.training:
            return self._nothing_drawn(len(inputs))
        kept = torch.rand(config.num_hidden_layers) >= self.layer_drop
        if hasattr(self.model.encoder.layers[0].attention, "rel_attn_embed"):
            kept[0] = True  # WavLM's first layer holds the position bias of all others
        rows = [self._rows(one) for one in inputs]
        hides = tuple(self.spec_augment and length >= config.mask_time_length for length in rows)
        masks = draw_masks(rows, hides, config) if self.why_plain is None else Masks()
        return Draws(tuple(kept.tolist()), hides, masks, draw_seeds(len(inputs)))

    def _weights(self, stage: str) -> Mapping[str, Tensor]:
        modules = {"waveform": nn.Module(), "cnn": self.model.feature_extractor, "last": self.model}
        tensors = _tensors(modules[stage])
        return {name: tensor for name, tensor in tensors.items() if name != "masked_spec_embed"}  # of training only

    def _budget(self) -> Budget:
        config = self.model.config
        between = 4 * (8 * config.hidden_size + 2 * config.intermediate_size)
        a_layer = 4 * (14 * config.hidden_size + 3 * config.intermediate_size)
        attention = 4 * 4 * config.num_attention_heads
        layers = config.num_hidden_layers
        return Budget(answering=between, training=a_layer * layers, attention=attention * layers)


class TextEncoderBase(EncoderBase):
    """A BERT-family model: token ids in, the last layer's vectors W out (paper section 2.3)."""

    stages = ("tokens", "last")

    @property
    def max_tokens(self) -> int:
        """The longest input; RoBERTa and its kin number their positions from behind the padding token's number."""
        positions = self.model.embeddings.position_embeddings
        reserved = 0 if positions is None or positions.padding_idx is None else positions.padding_idx + 1
        return self.model.config.max_position_embeddings - reserved

    def _formed(self) -> PackedBert | PlainText:
        if self.why_plain is None:
            return PackedBert(self.model, self._factory, self._recomputes)
        return PlainText(self.model)

    def _steps(self) -> list[Step]:
        return [self._form.context]

    def _rows(self, one: Tensor) -> int:
        return len(one)

    def _drawn(self, inputs: Sequence[Tensor]) -> Draws:
        nothing = self._nothing_drawn(len(inputs))
        return replace(nothing, seeds=draw_seeds(len(inputs))) if self.training else nothing

    def _weights(self, stage: str) -> Mapping[str, Tensor]:
        return _tensors(self.model) if stage == "last" else {}

    def _budget(self) -> Budget:
        hidden, layers = self.hidden_size, self.model.config.num_hidden_layers
        return Budget(answering=4 * 16 * hidden, training=4 * 30 * hidden * layers)


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    """Weights and buffers: running statistics decide an answer, too."""
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}
