"""The systems that hear and read, of packaged recipes on front ends of a few lines, and a problem of both at once."""

import torch
from stand_ins import Spectrum, Words, easy_batch

from emoduet.build import build_system
from emoduet.checkpoint import Encoders
from emoduet.config import read_recipe
from emoduet.systems.inputs import Inputs

SIDE = 4
"""Sounds, and texts, of a grid."""


def fused_system(name, *overrides):
    """The system of a demo recipe, its own parts as the recipe has them."""
    torch.manual_seed(0)
    encoders = Encoders(Spectrum(), Words(), tokenizer=None)
    return build_system(read_recipe(f"demo-{name}", overrides), encoders)


def seasoned(system, inputs):
    """With batch normalisation that has seen a batch, in eval mode."""
    system.train()(inputs)
    return system.eval()


def grid(sounds, texts):
    """Every sound with every text, [sounds x texts] utterances, the texts changing faster."""
    return Inputs([sound for sound in sounds for _ in texts], [text for _ in sounds for text in texts])


def exclusive_batch(seed):
    """Sounds of two kinds, each with texts of two kinds; class 1 where sound and text are not of one kind.

    Neither the sound nor the text alone says anything of the class.
    """
    inputs, kinds = easy_batch(seed, copies=SIDE // 2)
    rows = torch.nonzero(kinds < 2).flatten().tolist()
    sounds, texts, kinds = [inputs.waveforms[i] for i in rows], [inputs.tokens[i] for i in rows], kinds[rows]
    return grid(sounds, texts), (kinds[:, None] != kinds).flatten().long()
