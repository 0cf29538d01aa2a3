"""Encoder bases: a transformers model as a module from tensors of unequal length to `Packed` frames.

What runs is the packed form where there is one for the model's family, and the library's own module utterance by
utterance where there is none; both on the same weights, so that both answer alike. Which weights are inside, and where
they came from, is not known here.
"""

import copy
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import ClassVar

import torch
from jaxtyping import Shaped
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel

from emoduet.atomic import write_json
from emoduet.errors import ConfigError, InputError
from emoduet.nn.layer_weights import means_over_time
from emoduet.nn.linear import Factory, live
from emoduet.nn.packing import Packed, pack
from emoduet.pretrained.budgets import audio_budget, text_budget, with_all_layers
from emoduet.pretrained.coverage import why_not_packed
from emoduet.pretrained.draws import Draws, draw_seeds
from emoduet.pretrained.front_end import FrontEnd
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


class EncoderBase(FrontEnd):
    """What both modalities' encoders share: portions, and the form that computes them.

    Attributes:
        why_plain: why the library's own module runs; None where the packed form does.
    """

    _budget_of: ClassVar[Callable[[PreTrainedConfig], Budget]]

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model
        self.why_plain = why_not_packed(model.config)
        self.budget = self._budget_of(model.config)
        self._factory, self._recomputes = live, False
        self._form = self._formed()

    @property
    def hidden_size(self) -> int:
        """Values a frame."""
        return self.model.config.hidden_size

    @property
    def num_layers(self) -> int:
        """The layers that `answer_in_layers` tells apart; what goes into the first counts as one."""
        return self.model.config.num_hidden_layers + 1

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

    def answer_in_layers(self) -> None:
        """From now on the answer is every layer's, [frames, num_layers, dim], of which the last is the usual answer."""
        self.stages = (*self.stages[:-1], "layers")
        self.budget = with_all_layers(self._budget_of(self.model.config), self.model.config)

    def answer_in_layer_means(self) -> None:
        """From now on the answer is every layer's mean over time, one row [1, num_layers, dim] an utterance."""
        self.answer_in_layers()
        self.stages = (*self.stages, "layer-means")

    def recompute_activations(self) -> None:
        """In training, keeps none of a layer's inner values, but computes them again: less memory, more time."""
        self._recomputes = True
        self.model.activation_checkpointing_enable({"use_reentrant": False})
        self._form = self._formed()

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

    def settings(self) -> dict[str, object]:
        """The model's configuration, but for what decides nothing in eval mode."""
        return {name: value for name, value in self.model.config.to_dict().items() if name not in _PASSING}

    def _steps(self) -> list[Step]:
        """From each stage to the next."""
        known: dict[str, Step] = {"last": self._form.context, "layers": self._form.layers}
        known["layer-means"] = lambda layers, _: means_over_time(layers)
        return [known[stage] for stage in self.stages if stage in known]

    def _nothing_drawn(self, num_utterances: int) -> Draws:
        return Draws((True,) * self.model.config.num_hidden_layers, hides=(False,) * num_utterances)

    def __getstate__(self) -> dict[str, object]:
        return {**super().__getstate__(), "_form": None}  # it refers to this module's weights, not to a copy's

    def __setstate__(self, state: dict[str, object]) -> None:
        super().__setstate__(state)
        self._form = self._formed()

    @abstractmethod
    def _formed(self) -> object:
        """The form that runs, on the model's weights."""

    @abstractmethod
    def _rows(self, one: Tensor) -> int:
        """The frames or tokens that an input becomes."""

    @abstractmethod
    def _drawn(self, inputs: Sequence[Tensor]) -> Draws:
        """All that is random in one batch."""


class AudioEncoderBase(EncoderBase):
    """A wav2vec 2.0-family model: waveforms in, the last layer's context vectors C out (paper section 2.1), or every
    layer's.

    In training, LayerDrop is drawn once a batch (the library would draw it once an utterance), and SpecAugment leaves
    utterances alone that are shorter than one of its masks (the library would raise).

    Args:
        model: `Wav2Vec2Model`, `HubertModel`, `WavLMModel`, `Data2VecAudioModel` or a sibling of theirs.
        normalise: whether this model's preprocessor wants waveforms of zero mean and unit variance.
    """

    stages = ("waveform", "cnn", "last")
    _budget_of = staticmethod(audio_budget)

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

    def save(self, folder: Path) -> None:
        """Writes config.json and preprocessor_config.json as transformers has them."""
        self.config.save_pretrained(folder)
        write_json(folder / "preprocessor_config.json", _preprocessor(self.normalise))

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
        return [lambda waveforms, _: self._form.cnn(waveforms), *super()._steps()]

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
        modules = {"waveform": nn.Module(), "cnn": self.model.feature_extractor}
        tensors = _tensors(modules.get(stage, self.model))
        return {name: tensor for name, tensor in tensors.items() if name != "masked_spec_embed"}  # of training only


class TextEncoderBase(EncoderBase):
    """A BERT-family model: token ids in, the last layer's vectors W out (paper section 2.3)."""

    stages = ("tokens", "last")
    _budget_of = staticmethod(text_budget)

    @property
    def max_tokens(self) -> int:
        """The longest input; RoBERTa and its kin number their positions from behind the padding token's number."""
        positions = self.model.embeddings.position_embeddings
        reserved = 0 if positions is None or positions.padding_idx is None else positions.padding_idx + 1
        return self.model.config.max_position_embeddings - reserved

    def save(self, folder: Path) -> None:
        """Writes config.json as transformers has it."""
        self.model.config.save_pretrained(folder)

    def _formed(self) -> PackedBert | PlainText:
        if self.why_plain is None:
            return PackedBert(self.model, self._factory, self._recomputes)
        return PlainText(self.model)

    def _rows(self, one: Tensor) -> int:
        return len(one)

    def _drawn(self, inputs: Sequence[Tensor]) -> Draws:
        nothing = self._nothing_drawn(len(inputs))
        return replace(nothing, seeds=draw_seeds(len(inputs))) if self.training else nothing

    def _weights(self, stage: str) -> Mapping[str, Tensor]:
        return {} if stage == "tokens" else _tensors(self.model)


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    """Weights and buffers: running statistics decide an answer, too."""
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def _preprocessor(normalise: bool) -> dict[str, object]:
    return {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "feature_size": 1, "sampling_rate": 16_000,
            "do_normalize": normalise, "padding_value": 0.0, "padding_side": "right",
            "return_attention_mask": True}  # fmt: skip
