"""BERT over packed utterances, on the weights of the library's own modules."""

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel

from emoduet.nn.linear import Factory
from emoduet.nn.noise import Noise
from emoduet.nn.packing import Packed, frame_index, moved
from emoduet.nn.transformer_layer import LayerParts, PostNormLayer, Stack
from emoduet.pretrained.draws import Draws


class PackedBert:
    """`BertModel` without pooler.

    Args:
        factory: makes the linear maps; those that are not `live` do not see later changes of the weights.
        recomputes: as in `Stack`.
    """

    def __init__(self, model: PreTrainedModel, factory: Factory, recomputes: bool) -> None:
        self._embeddings = model.embeddings
        layers = tuple(PostNormLayer(_parts(layer, model.config), factory) for layer in model.encoder.layer)
        self._stack = Stack(layers, recomputes)
        self._dropout = model.config.hidden_dropout_prob

    def context(self, tokens: Packed, draws: Draws) -> Packed:
        """The last layer's vectors of token ids."""
        return self._stack(*self._entering(tokens, draws))

    def layers(self, tokens: Packed, draws: Draws) -> Packed:
        """All layers' vectors, [tokens, layers + 1, dim]; the first are those that go into the first layer."""
        return tokens.with_values(torch.stack(list(self._stack.each(*self._entering(tokens, draws))), dim=1))

    def _entering(self, tokens: Packed, draws: Draws) -> tuple[Packed, tuple[bool, ...], Noise]:
        """What the first layer is given, which layers run, and the dropout in them."""
        noise = draws.noise(tokens.values.device)
        values = noise.drop(self._embedded(tokens), tokens.lengths, self._dropout)
        return tokens.with_values(values), draws.kept, noise

    def _embedded(self, tokens: Packed) -> Tensor:
        table = self._embeddings
        positions = moved(frame_index(tokens.lengths), tokens.values.device)
        words = table.word_embeddings(tokens.values) + table.token_type_embeddings.weight[0]
        return table.LayerNorm(words + table.position_embeddings(positions))


def _parts(layer: nn.Module, config: PreTrainedConfig) -> LayerParts:
    heads, output = layer.attention.self, layer.attention.output
    return LayerParts(
        query=heads.query,
        key=heads.key,
        value=heads.value,
        output=output.dense,
        attention_norm=output.LayerNorm,
        inner=layer.intermediate.dense,
        outer=layer.output.dense,
        feed_forward_norm=layer.output.LayerNorm,
        num_heads=config.num_attention_heads,
        attention_dropout=config.attention_probs_dropout_prob,
        activation_dropout=0.0,
        hidden_dropout=config.hidden_dropout_prob,
    )
