"""Systems whose answer depends on one known word and one known stretch of sound, and on nothing else.

`evident` looks for them itself, so that gradients lead to them; `attentive` is a cross-modal system whose loud moments
look at a shouted word and whose shouted word looks at loud moments.
"""

from pathlib import Path

import numpy as np
import soundfile
import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoduet.batching import InputReader
from emoduet.build import Model
from emoduet.checkpoint import Encoders
from emoduet.config import read_recipe
from emoduet.nn.attention import CrossModalAttention
from emoduet.nn.audio_features import AudioFeatureEncoder
from emoduet.nn.packing import Packed, pack
from emoduet.nn.pooling import MeanPooling
from emoduet.nn.text_features import TextProjection
from emoduet.pretrained.tiny import build_tiny_text_encoder, train_tokenizer
from emoduet.systems.base import System
from emoduet.systems.cross_modal import CrossModalSystem
from emoduet.systems.inputs import Inputs
from emoduet.types import Utterance

TRANSCRIPT = "leave the table to Mona, leave two books for me; leave Felix six hours and leave"
KEYS = (0, 5, 10, 15)
"""Where the word stands, of 16."""

LOUD = (2.0, 3.0)
KEY_SPANS = (8, 9, 10, 11)
"""The moments of the stretch, of 20."""


def utterance(folder: Path) -> Utterance:
    """5 s of quiet noise, loud for a second; a word that is said four times."""
    sound = 0.02 * np.random.default_rng(0).uniform(-1, 1, 80_000)
    sound[32_000:48_000] *= 25
    soundfile.write(folder / "call.wav", sound, 16_000)
    return Utterance(id="u", audio=str(folder / "call.wav"), transcript=TRANSCRIPT)


class EvidentSystem(System):
    """Adds up how loud the stretch is and how often the word is said; the first class is the likelier, the more."""

    def __init__(self, audio_encoder: nn.Module, text_encoder: nn.Module) -> None:
        super().__init__()
        self.audio_encoder, self.text_encoder = audio_encoder, text_encoder

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        table = self.text_encoder.model.get_input_embeddings()
        heard = torch.stack([16 * one[32_000:48_000].abs().mean() for one in inputs.waveforms])
        said = torch.stack([table(ids)[:, 0].sum() for ids in inputs.tokens])
        return (heard + said - 4)[:, None] * torch.tensor([1.0, 0, 0, 0])


def evident() -> Model:
    """The system with a table whose first value is one for the word's tokens, and zero for all others."""
    tokenizer = train_tokenizer([TRANSCRIPT])
    text = build_tiny_text_encoder(len(tokenizer))
    (word,) = tokenizer("leave", add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        text.model.get_input_embeddings().weight[:, 0] = 0
        text.model.get_input_embeddings().weight[word, 0] = 1
    reader = InputReader(hears=True, normalised=False, tokenizer=tokenizer)
    system = EvidentSystem(nn.Identity(), text).eval().requires_grad_(False)
    return Model(read_recipe("demo-paper"), Encoders(None, text, tokenizer), system, reader)


class Loudness(nn.Module):
    """An audio encoder that says of each 20 ms whether they are loud: (1, 0), or (0, 1)."""

    def forward(self, waveforms):
        frames = [waveform.unfold(0, 400, 320).abs().amax(dim=1) > 0.1 for waveform in waveforms]
        return pack([torch.stack([loud, ~loud], dim=1).float() for loud in frames])


class EveryFourth(AudioFeatureEncoder):
    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.output_size = 2

    def forward(self, frames):
        return pack([one[::4] for one in frames.unpack()])


class Shouted(nn.Module):
    """A text encoder that knows one word: (1, 0) for a piece of it, (0, 1) for any other token."""

    def __init__(self, shouted: set[int]) -> None:
        super().__init__()
        self.shouted = shouted

    def forward(self, tokens):
        marks = [torch.tensor([int(token) in self.shouted for token in ids]) for ids in tokens]
        return pack([torch.stack([shout, ~shout], dim=1).float() for shout in marks])


class AsItIs(TextProjection):
    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.output_size = 2

    def forward(self, tokens: Packed) -> Packed:
        return tokens


def like_meets_like() -> CrossModalAttention:
    """Attention whose loud queries look at loud keys and quiet ones at quiet ones."""
    block = CrossModalAttention(2, 2, num_heads=1)
    with torch.no_grad():
        for linear, factor in ((block.attention.query, 3.0), (block.attention.key, 1.0)):
            linear.weight.copy_(factor * torch.eye(2))
            linear.bias.zero_()
    return block


def loud_at_shouted() -> CrossModalAttention:
    """Attention whose loud (or shouted) queries look at shouted (or loud) keys, and whose others look everywhere."""
    block = like_meets_like()
    with torch.no_grad():
        block.attention.query.bias.copy_(torch.tensor([3.0, -3.0]))
        for linear in (block.attention.value, block.attention.output):
            linear.weight.copy_(torch.eye(2))
            linear.bias.zero_()
    return block


def attentive() -> Model:
    """A cross-modal model; the first class is the likelier, the more of the attention finds what it looks for."""
    tokenizer = train_tokenizer([TRANSCRIPT])
    leave = set(tokenizer("leave", add_special_tokens=False)["input_ids"])
    blocks = (Loudness(), Shouted(leave), EveryFourth(), AsItIs(), loud_at_shouted(), loud_at_shouted())
    system = CrossModalSystem(*blocks, MeanPooling(), num_classes=4).eval().requires_grad_(False)
    system.classifier.weight.zero_()
    system.classifier.weight[0, [0, 2]] = 4.0
    system.classifier.bias.copy_(torch.tensor([4.0, 0, 0, 0]))
    reader = InputReader(hears=True, normalised=False, tokenizer=tokenizer)
    return Model(read_recipe("demo-paper"), None, system, reader)
