"""Encoders with random weights for the tests of the packed form, and what they are held against."""

from collections.abc import Callable, Mapping, Sequence

import torch
from small_encoders import AUDIO_SIZES as SIZES
from small_encoders import wav2vec2_config
from torch import Tensor, nn
from transformers import (
    BertConfig,
    BertModel,
    HubertConfig,
    HubertModel,
    PreTrainedModel,
    Wav2Vec2Model,
    WavLMConfig,
    WavLMModel,
)

from emoduet.pretrained.encoders import AudioEncoderBase, TextEncoderBase

ONE_FRAME = 400
HOP = 320
STILL = {"hidden_dropout": 0.0, "attention_dropout": 0.0, "activation_dropout": 0.0, "feat_proj_dropout": 0.0,
         "layerdrop": 0.0, "mask_time_prob": 0.0}  # fmt: skip
LIVELY = {"hidden_dropout": 0.2, "attention_dropout": 0.2, "activation_dropout": 0.2, "feat_proj_dropout": 0.2,
          "layerdrop": 0.3, "mask_time_prob": 0.5, "mask_time_length": 3}  # fmt: skip
WITHOUT_EFFECT = ("k_proj.bias", "key.bias")
"""Weights whose true gradient is 0: softmax forgets what is added to everything."""


def wav2vec2(normalisation: str, **settings: object) -> Wav2Vec2Model:
    torch.manual_seed(0)
    return shaken(Wav2Vec2Model(wav2vec2_config(normalisation, **settings)))


def hubert(**settings: object) -> HubertModel:
    torch.manual_seed(0)
    return shaken(HubertModel(HubertConfig(**{**SIZES, **settings})))


def wavlm(**settings: object) -> WavLMModel:
    torch.manual_seed(0)
    return shaken(WavLMModel(WavLMConfig(**{**SIZES, "num_buckets": 8, "max_bucket_distance": 16, **settings})))


def bert(**settings: object) -> BertModel:
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}
    config = BertConfig(**{**sizes, "vocab_size": 30, "max_position_embeddings": 64, **settings})
    return shaken(BertModel(config, add_pooling_layer=False))


def shaken(model: PreTrainedModel, by: float = 0.1) -> PreTrainedModel:
    """The model in eval mode with biases other than 0 and norms other than 1, as training leaves them."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator), alpha=by)
    return model.eval()


def audio_encoder(model: PreTrainedModel) -> AudioEncoderBase:
    return AudioEncoderBase(model, normalise=True).train(model.training)


def text_encoder(model: PreTrainedModel) -> TextEncoderBase:
    return TextEncoderBase(model).train(model.training)


def still_encoder(**settings: object) -> AudioEncoderBase:
    """An encoder in training mode in which nothing is random but what `settings` ask for."""
    return audio_encoder(wav2vec2("layer", **{**STILL, **settings})).train()


def sounds(*num_samples: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(number, generator=generator) for number in num_samples]


def of_frames(*num_frames: int) -> list[Tensor]:
    """Waveforms that become so many frames."""
    return sounds(*(ONE_FRAME + HOP * (number - 1) for number in num_frames))


def sentences(*num_tokens: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randint(30, (number,), generator=generator) for number in num_tokens]


def one_by_one(model: PreTrainedModel, inputs: Sequence[Tensor]) -> Tensor:
    """The library's own answers, end to end."""
    return torch.cat([model(one[None]).last_hidden_state[0] for one in inputs])


def gradients(module: nn.Module, answer: Callable[[], Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
    """An answer, and the gradients of the module's weights for a loss that weighs every value of it differently."""
    module.zero_grad()
    values = answer()
    weighing = torch.randn(values.shape, generator=torch.Generator().manual_seed(1))
    (values * weighing).sum().backward()
    found = {name.removeprefix("model."): weight.grad for name, weight in module.named_parameters()}
    return values.detach(), {name: one.clone() for name, one in found.items() if one is not None}


def distance(found: Tensor, wanted: Tensor) -> float:
    """Of two tensors, relative to the second."""
    return ((found - wanted).norm() / wanted.norm()).item()


def assert_gradients_agree(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], within: float) -> None:
    """All gradients agree; those that only one side has, and those of weights without effect, are all but 0."""
    largest = max(gradient.norm() for gradient in wanted.values())
    assert len(wanted) > 15
    for name in found.keys() | wanted.keys():
        if name.endswith(WITHOUT_EFFECT) or name not in found or name not in wanted:
            assert all(one[name].norm() < 1e-5 * largest for one in (found, wanted) if name in one), name
        else:
            assert distance(found[name], wanted[name]) < within, name
