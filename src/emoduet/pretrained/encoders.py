"""Encoder bases: a transformers model as a module from tensors of unequal length to `Packed` frames.

Each utterance runs alone, so the answer is the library's own and nothing is padded. Which weights are inside, and where
they came from, is not known here.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.utils import parametrize
from transformers import PreTrainedConfig, PreTrainedModel

from emoduet.nn.packing import Packed, pack
from emoduet.pretrained.memory import Memory

_REGULARISING = ("hidden_dropout", "hidden_dropout_prob", "dropout", "attention_dropout",
                 "attention_probs_dropout_prob", "activation_dropout", "feat_proj_dropout", "mask_time_prob",
                 "mask_feature_prob")  # fmt: skip


class AudioEncoderBase(nn.Module):
    """A wav2vec 2.0-family model: waveforms in, the last layer's context vectors C out (paper section 2.1).

    In training, LayerDrop is drawn once a batch (the library would draw it once an utterance), and SpecAugment leaves
    utterances alone that are shorter than one of its masks (the library would raise).

    Args:
        model: `Wav2Vec2Model`, `HubertModel`, `WavLMModel`, `Data2VecAudioModel` or a sibling of theirs.
        normalise: whether this model's preprocessor wants waveforms of zero mean and unit variance.
    """

    def __init__(self, model: PreTrainedModel, normalise: bool) -> None:
        super().__init__()
        self.model = model
        self.normalise = normalise
        self.layer_drop = model.config.layerdrop
        self.spec_augment = getattr(model.config, "apply_spec_augment", True)
        model.config.layerdrop = 0.0

    @property
    def hidden_size(self) -> int:
        """Values a frame."""
        return self.model.config.hidden_size

    @property
    def config(self) -> PreTrainedConfig:
        """The model's configuration as its checkpoint had it: what this class sets while running is put back."""
        config = copy.deepcopy(self.model.config)
        config.layerdrop, config.apply_spec_augment = self.layer_drop, self.spec_augment
        return config

    @property
    def regularisation(self) -> dict[str, object]:
        """What is dropped and masked at random while the encoder trains, by the names its configuration has for it."""
        return {"layer_drop": self.layer_drop, "spec_augment": self.spec_augment, **_regularisation(self.model.config)}

    def freeze_feature_encoder(self) -> None:
        """Stops training of the CNN under the context network, as the paper does in every experiment."""
        self.model.feature_extractor._freeze_parameters()

    def remember_frozen(self) -> None:
        """Computes what is frozen once for each distinct waveform from now on: the CNN, or the whole encoder."""
        if not any(weight.requires_grad for weight in self.parameters()):
            self._context = Memory().of(self._context)
        elif not any(weight.requires_grad for weight in self.model.feature_extractor.parameters()):
            cnn = self.model.feature_extractor
            cnn.forward = Memory().of(cnn.forward)  # in place, so that the names of the weights stay

    def num_frames(self, num_samples: int) -> int:
        """How many frames a waveform becomes: one every 20 ms for every model of the family."""
        for kernel, stride in zip(self.model.config.conv_kernel, self.model.config.conv_stride, strict=True):
            num_samples = (num_samples - kernel) // stride + 1
        return num_samples

    def forward(self, waveforms: Sequence[Float[Tensor, "_samples"]]) -> Packed:
        with self._layers_of_this_batch(), parametrize.cached():  # weight norm once a batch
            return pack([self._context(waveform) for waveform in waveforms])

    def _context(self, waveform: Float[Tensor, "samples"]) -> Float[Tensor, "frames dim"]:
        long_enough = self.num_frames(len(waveform)) >= self.model.config.mask_time_length
        self.model.config.apply_spec_augment = self.spec_augment and long_enough
        return self.model(waveform[None]).last_hidden_state[0]

    @contextmanager
    def _layers_of_this_batch(self) -> Iterator[None]:
        encoder, layers = self.model.encoder, self.model.encoder.layers
        keep = torch.rand(len(layers)) >= self.layer_drop * self.training
        if hasattr(layers[0].attention, "rel_attn_embed"):
            keep[0] = True  # WavLM's first layer holds the position bias of all others
        encoder.layers = nn.ModuleList([layer for layer, kept in zip(layers, keep.tolist(), strict=True) if kept])
        try:
            yield
        finally:
            encoder.layers = layers


class TextEncoderBase(nn.Module):
    """A BERT-family model: token ids in, the last layer's vectors W out (paper section 2.3)."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    @property
    def hidden_size(self) -> int:
        """Values a token."""
        return self.model.config.hidden_size

    @property
    def regularisation(self) -> dict[str, object]:
        """What is dropped at random while the encoder trains, by the names its configuration has for it."""
        return _regularisation(self.model.config)

    @property
    def max_tokens(self) -> int:
        """The longest input; RoBERTa and its kin number their positions from behind the padding token's number."""
        positions = self.model.embeddings.position_embeddings
        reserved = 0 if positions is None or positions.padding_idx is None else positions.padding_idx + 1
        return self.model.config.max_position_embeddings - reserved

    def forward(self, tokens: Sequence[Int64[Tensor, "_tokens"]]) -> Packed:
        return pack([self._context(ids) for ids in tokens])

    def remember_frozen(self) -> None:
        """Computes each distinct token list once from now on, if the encoder is frozen."""
        if not any(weight.requires_grad for weight in self.parameters()):
            self._context = Memory().of(self._context)

    def _context(self, ids: Int64[Tensor, "tokens"]) -> Float[Tensor, "tokens dim"]:
        return self.model(ids[None]).last_hidden_state[0]


def _regularisation(config: PreTrainedConfig) -> dict[str, object]:
    return {name: getattr(config, name) for name in _REGULARISING if hasattr(config, name)}
