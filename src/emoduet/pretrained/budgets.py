"""What encoders of a size take while they compute, in bytes a row; see `portions.Budget`."""

from dataclasses import replace

from transformers import PreTrainedConfig

from emoduet.pretrained.portions import Budget


def audio_budget(config: PreTrainedConfig) -> Budget:
    """Of the wav2vec 2.0 family."""
    between = 4 * (8 * config.hidden_size + 2 * config.intermediate_size)
    a_layer = 4 * (14 * config.hidden_size + 3 * config.intermediate_size)
    attention = 4 * 4 * config.num_attention_heads
    layers = config.num_hidden_layers
    return Budget(answering=between, training=a_layer * layers, attention=attention * layers)


def text_budget(config: PreTrainedConfig) -> Budget:
    """Of the BERT family."""
    hidden, layers = config.hidden_size, config.num_hidden_layers
    return Budget(answering=4 * 16 * hidden, training=4 * 30 * hidden * layers)


def with_all_layers(budget: Budget, config: PreTrainedConfig) -> Budget:
    """Where every layer's frames are kept: each alone, and all side by side."""
    more = 2 * 4 * (config.num_hidden_layers + 1) * config.hidden_size
    return replace(budget, answering=budget.answering + more, training=budget.training + more)
