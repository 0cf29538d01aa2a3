"""wav2vec 2.0 and HuBERT over packed utterances, on the weights of the library's own modules.

The CNN runs as matrix products over frames in rows, a few seconds at a time: exact, because nothing in it looks across
time but its kernels and, in models like wav2vec 2.0 Base, the first layer's normalisation over the whole utterance.
What that layer normalises is a linear map of ten samples, so its mean and variance follow from those of the samples,
and it becomes a linear map again.
"""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedConfig, PreTrainedModel

from emoduet.nn.gemm_convolution import GemmConvolution
from emoduet.nn.linear import Factory, LinearMap, derived, live, side_by_side
from emoduet.nn.noise import Noise
from emoduet.nn.packing import Packed, pack
from emoduet.nn.transformer_layer import LayerParts, PostNormLayer, PreNormLayer, Stack
from emoduet.pretrained.draws import Draws

CHUNK = 100
"""Frames of the CNN's answer that a CPU computes at once: what lies between its layers then stays in the cache."""


class PackedWav2Vec2:
    """The CNN and the context network of `Wav2Vec2Model` or `HubertModel`.

    Args:
        factory: makes the linear maps; those that are not `live` do not see later changes of the weights.
        recomputes: as in `Stack`.
    """

    def __init__(self, model: PreTrainedModel, factory: Factory, recomputes: bool) -> None:
        config = model.config
        self._cnn = _CNNS[config.feat_extract_norm](model, factory)
        self._norm = getattr(model.feature_projection, "layer_norm", nn.Identity())  # HuBERT may have none
        self._project = factory(side_by_side(model.feature_projection.projection), "none")
        self._mask_vector = getattr(model, "masked_spec_embed", None)
        self._positions = model.encoder.pos_conv_embed.conv
        self._position_weight = derived(lambda: self._positions.weight, list(self._positions.parameters()))
        norms = (nn.Identity(), model.encoder.layer_norm)
        stable = config.do_stable_layer_norm
        self._norm_before, self._norm_after = norms if stable else reversed(norms)
        kind = PreNormLayer if stable else PostNormLayer
        layers = tuple(kind(_parts(layer, config), factory) for layer in model.encoder.layers)
        self._stack = Stack(layers, recomputes)
        self._config = config

    def cnn(self, waveforms: Packed) -> Packed:
        """The CNN's frames of 20 ms."""
        return pack([self._cnn(waveform) for waveform in waveforms.unpack()])

    def context(self, frames: Packed, draws: Draws) -> Packed:
        """The last layer's frames, of the CNN's."""
        return self._stack(*self._entering(frames, draws)).map(self._norm_after)

    def layers(self, frames: Packed, draws: Draws) -> Packed:
        """All layers' frames, [frames, layers + 1, dim]: what goes into the first is the first, `context` the last."""
        *others, last = self._stack.each(*self._entering(frames, draws))
        return frames.with_values(torch.stack([*others, self._norm_after(last)], dim=1))

    def _entering(self, frames: Packed, draws: Draws) -> tuple[Packed, tuple[bool, ...], Noise]:
        """What the first layer is given, which layers run, and the dropout in them."""
        config, lengths, noise = self._config, frames.lengths, draws.noise(frames.values.device)
        values = noise.drop(self._project(self._norm(frames.values)), lengths, config.feat_proj_dropout)
        values = draws.masks.hide(values, lengths, self._mask_vector)
        values = self._norm_before(values + self._position(frames.with_values(values)))
        values = noise.drop(values, lengths, config.hidden_dropout)
        return frames.with_values(values), draws.kept, noise

    def _position(self, frames: Packed) -> Float[Tensor, "total dim"]:
        """The grouped convolution that tells frames where they are, over each utterance on its own."""
        conv = self._positions
        weight = self._position_weight()
        of_each = [
            functional.conv1d(values.t()[None], weight, conv.bias, padding=conv.padding, groups=conv.groups)[0]
            for values in frames.unpack()
        ]
        cut = [values[:, :length].t() for values, length in zip(of_each, frames.lengths, strict=True)]
        return functional.gelu(torch.cat(cut))


class _Cnn(ABC):
    """Waveforms to frames, a few seconds at a time, by layers of frames in rows."""

    def __init__(self, config: PreTrainedConfig) -> None:
        self._hop, self._window = 1, 1
        for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
            self._window += (kernel - 1) * self._hop
            self._hop *= stride

    def __call__(self, waveform: Float[Tensor, "samples"]) -> Float[Tensor, "frames dim"]:
        layers = self._layers(waveform)
        num_frames = (len(waveform) - self._window) // self._hop + 1
        answers = []
        at_once = CHUNK if waveform.device.type == "cpu" else num_frames
        for first in range(0, num_frames, at_once):
            last = min(first + at_once, num_frames) - 1
            values = waveform[first * self._hop : last * self._hop + self._window, None]
            for layer in layers:
                values = layer(values)
            answers.append(values)
        return torch.cat(answers)

    @abstractmethod
    def _layers(self, waveform: Float[Tensor, "samples"]) -> list[LinearMap]:
        """What this utterance's frames go through."""


class _LayerNormCnn(_Cnn):
    """Every layer normalises every frame on its own, as in wav2vec 2.0 Large LV-60."""

    def __init__(self, model: PreTrainedModel, factory: Factory) -> None:
        super().__init__(model.config)
        layers = model.feature_extractor.conv_layers
        self._all = [_normalising(GemmConvolution(layer.conv, factory, "none"), layer.layer_norm) for layer in layers]

    def _layers(self, waveform: Float[Tensor, "samples"]) -> list[LinearMap]:
        return self._all


class _GroupNormCnn(_Cnn):
    """The first layer normalises each channel over the whole utterance, as in wav2vec 2.0 Base."""

    def __init__(self, model: PreTrainedModel, factory: Factory) -> None:
        super().__init__(model.config)
        first, *others = model.feature_extractor.conv_layers
        self._first = first
        self._others = [GemmConvolution(layer.conv, factory, "gelu") for layer in others]

    def _layers(self, waveform: Float[Tensor, "samples"]) -> list[LinearMap]:
        """The first layer with its normalisation of this utterance folded into its weights, and the others.

        A channel's mean is its kernel times the mean of the samples under it, its variance the kernel's quadratic form
        in their covariance: no channel needs to be computed for it.
        """
        conv, norm = self._first.conv, self._first.layer_norm
        windows = _in_double(waveform).unfold(0, conv.kernel_size[0], conv.stride[0])
        mean, kernels = windows.mean(0), _in_double(conv.weight[:, 0])
        centred = windows - mean
        covariance = centred.t() @ centred / len(windows)
        variance = torch.einsum("ck,kl,cl->c", kernels, covariance, kernels)
        scale = _in_double(norm.weight) / (variance + norm.eps).sqrt()
        weight = (kernels * scale[:, None]).to(waveform)
        bias = (_in_double(norm.bias) - (kernels @ mean) * scale).to(waveform)
        first = GemmConvolution(conv, lambda _, activation: live(lambda: (weight, bias), activation), "gelu")
        return [first, *self._others]


_CNNS = {"layer": _LayerNormCnn, "group": _GroupNormCnn}


def _in_double(values: Tensor) -> Tensor:
    """In fp64; on the CPU where the device has none."""
    return (values.cpu() if values.device.type == "mps" else values).double()


def _normalising(convolution: LinearMap, norm: nn.LayerNorm) -> LinearMap:
    return lambda values: functional.gelu(norm(convolution(values)))


def _parts(layer: nn.Module, config: PreTrainedConfig) -> LayerParts:
    attention, feed_forward = layer.attention, layer.feed_forward
    return LayerParts(
        query=attention.q_proj,
        key=attention.k_proj,
        value=attention.v_proj,
        output=attention.out_proj,
        attention_norm=layer.layer_norm,
        inner=feed_forward.intermediate_dense,
        outer=feed_forward.output_dense,
        feed_forward_norm=layer.final_layer_norm,
        num_heads=attention.num_heads,
        attention_dropout=config.attention_dropout,
        activation_dropout=config.activation_dropout,
        hidden_dropout=config.hidden_dropout,
    )
