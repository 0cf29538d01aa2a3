"""Which models have a packed form, by their configuration."""

from transformers import PreTrainedConfig

_WANTED = {
    "wav2vec2": {
        "hidden_act": "gelu",
        "feat_extract_activation": "gelu",
        "add_adapter": False,
        "adapter_attn_dim": None,
    },
    "hubert": {
        "hidden_act": "gelu",
        "feat_extract_activation": "gelu",
        "conv_pos_batch_norm": False,
        "adapter_attn_dim": None,
    },
    "bert": {"hidden_act": "gelu", "is_decoder": False, "add_cross_attention": False},
}
"""Families with a packed form, and the settings it is written for; a setting that is absent is the family's usual."""


def why_not_packed(config: PreTrainedConfig) -> str | None:
    """Why a model runs in the plain form; None where its packed form computes the same.

    >>> from transformers import BertConfig, WavLMConfig
    >>> why_not_packed(BertConfig())
    >>> why_not_packed(BertConfig(hidden_act="relu"))
    'no packed form for hidden_act = relu'
    >>> why_not_packed(WavLMConfig())
    'no packed form for wavlm models'
    """
    if config.model_type not in _WANTED:
        return f"no packed form for {config.model_type} models"
    for name, wanted in _WANTED[config.model_type].items():
        found = getattr(config, name, wanted)
        if found != wanted:
            return f"no packed form for {name} = {found}"
    return None
