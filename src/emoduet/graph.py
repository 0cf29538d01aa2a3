"""A system as engines run it: one utterance a call, nothing packed, both lengths free.

The packed form counts rows in Python integers, which an exporter would burn into the graph. Here each block says, in a
few tensor operations on the block's own modules, what it answers to one utterance alone; encoders are transformers' own
modules. Weights are shared, not copied. What a system is stands in `systems`: whoever changes a forward there changes
its twin here, and the tests and every export hold the two together.
"""

import math
from functools import singledispatch

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from emoduet.build import Model
from emoduet.engines.folder import INPUTS
from emoduet.errors import ConfigError
from emoduet.nn.attention import CrossModalAttention, MultiHeadAttention, Unattended
from emoduet.nn.audio_features import AudioFeatureEncoder
from emoduet.nn.convolution import ConvolutionBlock
from emoduet.nn.layer_weights import WeightedLayers
from emoduet.nn.pooling import VARIANCE_FLOOR, MeanPooling, StatisticsPooling
from emoduet.nn.recurrent import BidirectionalLSTM
from emoduet.nn.text_features import TextProjection
from emoduet.pretrained.encoders import AudioEncoderBase, EncoderBase, TextEncoderBase
from emoduet.systems.audio import AudioSystem
from emoduet.systems.cross_modal import CrossModalSystem
from emoduet.systems.late_fusion import LateFusionSystem
from emoduet.systems.missing_modality import MissingModalitySystem
from emoduet.systems.text import TextSystem

_INPUT_OF = dict(zip(("audio", "text"), INPUTS, strict=True))

EXPORTABLE = (CrossModalSystem, AudioSystem, TextSystem, LateFusionSystem, MissingModalitySystem)
"""Systems with a graph; not their subclasses, which may compute something else."""

_EXAMPLES = "paper and its ablations, audio-only, text-only, concatenation, late-fusion and missing-modality"


class Graph(nn.Module):
    """A system's answer to one utterance: a waveform, token ids or both, in -> logits [classes].

    Of a system that may lack a modality it is the answer where both are given.

    Attributes:
        inputs: the names of what it takes, in order.
    """

    def __init__(self, system: nn.Module, inputs: tuple[str, ...]) -> None:
        super().__init__()
        self.system = system
        self.inputs = inputs

    def forward(self, *inputs: Tensor) -> Float[Tensor, "classes"]:
        return alone(self.system, **dict(zip(self.inputs, inputs, strict=True)))


def build_graph(model: Model) -> Graph:
    """The graph of a model, on its own weights and in eval mode.

    Raises:
        ConfigError: the system, or a front end it stands on, has no graph.
    """
    system = model.system
    if type(system) not in EXPORTABLE:
        raise ConfigError(
            f"system {model.name}: has no graph that could be exported; those of the recipes {_EXAMPLES} have. "
            "Use the engine torch"
        )
    for kind, encoder in model.encoders.by_kind().items():
        if not isinstance(encoder, EncoderBase):
            raise ConfigError(
                f"system {model.name}: its {kind} front end is computed by rule, outside any graph; to be exported, "
                f"[{kind}_encoder] must name a wav2vec 2.0 or BERT family model. Use the engine torch"
            )
    return Graph(system, tuple(_INPUT_OF[kind] for kind in model.encoders.by_kind())).eval()


@singledispatch
def alone(block: nn.Module, *inputs: Tensor) -> Tensor:
    """What a block answers to one utterance, such as frames [frames, dim] for frames.

    Raises:
        ConfigError: nobody has said what this kind of block answers.
    """
    raise ConfigError(f"{type(block).__name__}: has no graph that could be exported. Use the engine torch")


@alone.register
def _(system: CrossModalSystem, waveform: Tensor, tokens: Tensor) -> Float[Tensor, "classes"]:
    H_A = alone(system.audio_features, alone(system.audio_encoder, waveform))
    W = alone(system.text_encoder, tokens)
    H_T = alone(system.text_projection, W)
    keys = {"projected": H_T, "encoder": W}[system.cma_1_keys]
    audio = alone(system.pool, alone(system.cma_1, H_A, keys))
    text = alone(system.pool, alone(system.cma_2, H_T, H_A))
    return system.classifier(torch.cat([audio, text]))


@alone.register
def _(system: AudioSystem, waveform: Tensor) -> Float[Tensor, "classes"]:
    H_A = alone(system.audio_features, alone(system.audio_encoder, waveform))
    return system.classifier(alone(system.pool, H_A))


@alone.register
def _(system: TextSystem, tokens: Tensor) -> Float[Tensor, "classes"]:
    H_T = alone(system.text_projection, alone(system.text_encoder, tokens))
    return system.classifier(alone(system.pool, H_T))


@alone.register
def _(system: LateFusionSystem, waveform: Tensor, tokens: Tensor) -> Float[Tensor, "classes"]:
    """The logarithm of the mean probability, by operations that every engine has."""
    audio = torch.log_softmax(alone(system.audio, waveform), dim=0) + math.log(system.audio_weight)
    text = torch.log_softmax(alone(system.text, tokens), dim=0) + math.log1p(-system.audio_weight)
    return torch.maximum(audio, text) + functional.softplus(-(audio - text).abs())


@alone.register
def _(encoder: AudioEncoderBase, waveform: Float[Tensor, "samples"]) -> Tensor:
    return _frames(encoder, waveform[None])


@alone.register
def _(encoder: TextEncoderBase, tokens: Int64[Tensor, "tokens"]) -> Tensor:
    return _frames(encoder, tokens[None])


@alone.register
def _(mix: WeightedLayers, inputs: Tensor) -> Float[Tensor, "frames dim"]:
    return torch.softmax(mix.weight, dim=0) @ alone(mix.encoder, inputs)


@alone.register
def _(encoder: AudioFeatureEncoder, frames: Tensor) -> Float[Tensor, "fewer dim"]:
    for block in encoder.convolution:
        frames = alone(block, frames)
    return alone(encoder.blstm, frames)


@alone.register
def _(block: ConvolutionBlock, frames: Float[Tensor, "frames dim"]) -> Float[Tensor, "fewer dim"]:
    """Zeros on both sides, as many as the odd kernel reaches."""
    conv = block.convolution.conv1d
    convolved = functional.conv1d(frames.t()[None], conv.weight, conv.bias, conv.stride, -block.convolution.reach[0])
    return torch.relu(block.norm(convolved[0].t()))


@alone.register
def _(layer: BidirectionalLSTM, frames: Float[Tensor, "frames dim"]) -> Float[Tensor, "frames states"]:
    return layer.lstm(frames[:, None])[0][:, 0]


@alone.register
def _(dropout: nn.Dropout, frames: Tensor) -> Tensor:
    """In eval mode; that of the audio feature encoder without BLSTM takes packed frames alone."""
    return frames


@alone.register
def _(projection: TextProjection, tokens: Tensor) -> Tensor:
    return projection.linear(tokens)


@alone.register
def _(block: CrossModalAttention, queries: Tensor, keys: Tensor) -> Float[Tensor, "queries size"]:
    attended = alone(block.attention, block.query_norm(queries), block.key_norm(keys))
    return block.feed_forward(attended + block.skip * queries)


@alone.register
def _(block: MultiHeadAttention, queries: Tensor, keys: Tensor) -> Float[Tensor, "queries size"]:
    heads = (block.query(queries), block.key(keys), block.value(keys))
    split = [one.unflatten(1, (block.num_heads, block.head_size)).transpose(0, 1)[None] for one in heads]
    attended = functional.scaled_dot_product_attention(*split, scale=block.scale)
    return block.output(attended[0].transpose(0, 1).flatten(1))


@alone.register
def _(block: Unattended, queries: Tensor, keys: Tensor) -> Tensor:
    return queries


@alone.register
def _(pool: StatisticsPooling, frames: Float[Tensor, "frames dim"]) -> Float[Tensor, "twice_dim"]:
    mean = frames.mean(dim=0)
    variance = (frames - mean).square().mean(dim=0)
    return torch.cat([mean, (variance + VARIANCE_FLOOR).sqrt()])


@alone.register
def _(pool: MeanPooling, frames: Float[Tensor, "frames dim"]) -> Float[Tensor, "dim"]:
    return frames.mean(dim=0)


def _frames(encoder: EncoderBase, inputs: Tensor) -> Tensor:
    """What a bare encoder answers to a batch of one: its last layer [frames, dim], or all of them before it."""
    in_layers = encoder.stages[-1] == "layers"
    answer = encoder.model(inputs, output_hidden_states=in_layers)
    if not in_layers:
        return answer.last_hidden_state[0]
    *entering, _ = answer.hidden_states
    return torch.stack([*(layer[0] for layer in entering), answer.last_hidden_state[0]], dim=1)
