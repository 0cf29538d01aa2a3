"""Small random models whose answers depend on all that they are given: as built, they hardly tell inputs apart."""

from pathlib import Path

import torch
from easy_corpus import WORDS, small_recipe
from small_encoders import save_audio_encoder, save_text_encoder
from torch import nn

from emoduet.build import Model, build_model
from emoduet.checkpoint import write_checkpoint


def lively_model(recipe: str = "demo-paper", *overrides: str, seed: int = 0) -> Model:
    """A demo recipe made small, ready to answer; batch statistics, layer mixes and matrices are not what they began as.

    Args:
        overrides: later ones win.
    """
    torch.manual_seed(seed)
    model = build_model(small_recipe(recipe, *overrides), WORDS)
    model.system.eval().requires_grad_(False)
    for part in model.system.modules():
        if isinstance(part, nn.BatchNorm1d):
            part.running_mean.normal_(0, 0.3)
            part.running_var.uniform_(0.3, 3)
    for name, weight in model.system.named_parameters():
        if weight.dim() > 1:
            weight.mul_(2)
        elif name.endswith("encoder.weight"):  # of a mix of layers
            weight.normal_()
    return model


def encoders_of(folder: Path, audio: str, text: str) -> list[str]:
    """Overrides that name encoders of these families, of random weights, written into a folder."""
    save_audio_encoder(folder / "audio", audio)
    save_text_encoder(folder / "text", text)
    return [f"audio_encoder.name={folder / 'audio'}", f"text_encoder.name={folder / 'text'}"]


def write_lively_model(folder: Path, recipe: str = "demo-paper", seed: int = 0) -> Path:
    """The same as a model's folder; returns it."""
    model = lively_model(recipe, seed=seed)
    write_checkpoint(folder, model.system, model.encoders, {**model.description(), "training": {}}, card="# a test's\n")
    return folder
