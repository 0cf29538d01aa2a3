"""Front ends of a few lines, systems of packaged recipes on top of them, and an easy problem for ear and eye."""

import torch
from torch import nn

from emoduet.config import read_recipe
from emoduet.nn.packing import pack
from emoduet.systems.catalogue import system_named
from emoduet.systems.inputs import Inputs

NUM_TOKENS = 50
NUM_CLASSES = 4


class Samples(nn.Module):
    """Waveforms as they are."""

    hidden_size = 1

    def forward(self, waveforms):
        return pack([waveform[:, None] for waveform in waveforms])


class Spectrum(nn.Module):
    """The magnitudes of 20 ms, logarithmic."""

    hidden_size = 161

    def forward(self, waveforms):
        return pack([(torch.fft.rfft(one.unfold(0, 320, 320)).abs() + 1).log() for one in waveforms])


class Words(nn.Module):
    """A row of a table for every token."""

    def __init__(self, size=16):
        super().__init__()
        self.table = nn.Embedding(NUM_TOKENS, size)
        self.hidden_size = size

    def forward(self, tokens):
        return pack([self.table(ids) for ids in tokens])


def small_system(recipe_name, num_classes=NUM_CLASSES, **numbers):
    """The recipe's system on stand-ins, with some of its numbers changed."""
    torch.manual_seed(0)
    recipe = read_recipe(recipe_name)
    system = system_named(recipe.system)
    hears_samples = recipe.frames is not None and recipe.frames.kind == "samples"
    parts = {"audio_encoder": Samples() if hears_samples else Spectrum(), "text_encoder": Words()}
    parts["num_classes"] = num_classes
    return system(*(parts[name] for name in system.parts), **{**recipe.model, **numbers})


def utterances(num_samples, num_tokens, seed=0):
    """Noise of unequal loudness, and tokens drawn at random."""
    generator = torch.Generator().manual_seed(seed)
    sounds = [torch.randn(count, generator=generator) * 2.0**-i for i, count in enumerate(num_samples)]
    return Inputs(sounds, [torch.randint(0, NUM_TOKENS, (count,), generator=generator) for count in num_tokens])


def easy_batch(seed, copies=4):
    """Each class has a tone in noise, and a word among others that say nothing; lengths differ."""
    generator = torch.Generator().manual_seed(seed)
    targets = torch.arange(NUM_CLASSES).repeat(copies)
    sounds, tokens = [], []
    for label in targets.tolist():
        count = 3_200 + 320 * int(torch.randint(0, 8, (1,), generator=generator))
        tone = torch.sin(torch.arange(count) * 0.12 * 2.0**label)
        sounds.append(tone + 0.3 * torch.randn(count, generator=generator))
        other = torch.randint(NUM_CLASSES, NUM_TOKENS, (int(count / 800),), generator=generator)
        tokens.append(torch.cat([other[:2], torch.tensor([label]), other[2:]]))
    return Inputs(sounds, tokens), targets


def train_on(system, batches, learning_rate=3e-3):
    """An update of Adam for each batch of inputs and targets, as `learn` has the loss."""
    adam = torch.optim.Adam(system.train().parameters(), learning_rate)
    for inputs, targets in batches:
        losses, _ = system.learn(inputs, targets, torch.ones(NUM_CLASSES))
        adam.zero_grad()
        losses.mean().backward()
        adam.step()
    return system.eval()
