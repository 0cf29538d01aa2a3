"""Model folders with random weights, for tests where what a model answers does not matter."""

from pathlib import Path

import numpy as np
import soundfile
import torch
from easy_corpus import WORDS, small_recipe

from emoduet.build import build_model
from emoduet.checkpoint import write_checkpoint


def write_model(folder: Path, recipe: str = "demo-paper") -> Path:
    """A model folder of a demo recipe, made small; returns it."""
    torch.manual_seed(0)
    made = small_recipe(recipe)
    model = build_model(made, WORDS)
    description = {"recipe": made.model_dump(mode="json"), "training": {}}
    write_checkpoint(folder, model.system, model.encoders, description, card="# a model of a test\n")
    return folder


def write_recordings(folder: Path, count: int) -> list[str]:
    """Noise of unequal lengths, 0.3 s and longer; returns the paths."""
    generator = np.random.default_rng(1)
    paths = [folder / f"call {number}.wav" for number in range(count)]
    for number, path in enumerate(paths):
        soundfile.write(path, generator.normal(0, 0.1, 4800 + 1111 * number), 16_000)
    return list(map(str, paths))
