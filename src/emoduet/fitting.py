"""Training at one go what has no epochs: every training utterance is read once, and all are handed to the system whole.

Of a sound only what the front end makes of it is kept, so that a corpus need not fit into memory. There is no state
to go on from: a fit takes seconds to minutes, and a killed one begins again.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from emoduet.batching import InputReader, batches, targets_of
from emoduet.build import Model
from emoduet.config import Recipe
from emoduet.errors import InputError
from emoduet.evaluation import BATCH_SIZE, answer
from emoduet.history import Epoch
from emoduet.systems.base import FittedSystem
from emoduet.systems.catalogue import system_named
from emoduet.types import Utterance


@torch.no_grad()
def fit(
    model: Model,
    reader: InputReader,
    train: Sequence[Utterance],
    watched: Sequence[Utterance],
    class_weights: Sequence[float],
) -> Epoch:
    """Fits the model's system and says what came of it, as if it were the first and only epoch.

    Args:
        reader: what reads the training utterances; the model's own reads the watched ones.
        watched: utterances that are scored and decide nothing.

    Raises:
        InputError: what the front end makes of a sound is no number.
        EmoduetError: an utterance cannot be read.
    """
    began = time.perf_counter()
    model.system.eval()
    encoder = model.encoders.audio
    entrance = encoder and encoder.begins_at
    if encoder:
        reader = _heard(model, reader, train)
    model.system.fit(reader.read(train).to(model.system.device), targets_of(train, model.classes), class_weights)
    learnt = answer(model.system, reader, train, model.classes)
    if encoder:
        encoder.begin_at(entrance)
    seen = answer(model.system, model.reader, watched, model.classes) if watched else None
    return Epoch(
        epoch=1,
        train_loss=learnt.loss(),
        train_ua=learnt.scores().unweighted_accuracy,
        watched_loss=seen and seen.loss(),
        watched_ua=seen and seen.scores().unweighted_accuracy,
        learning_rate=None,
        seconds=time.perf_counter() - began,
    )


def check_epochs(recipe: Recipe) -> None:
    """Refuses more than one epoch of what is fitted at one go.

    Raises:
        InputError: the recipe asks for them.
    """
    epochs = recipe.training.epochs
    if epochs != 1 and issubclass(system_named(recipe.system), FittedSystem):
        raise InputError(
            f"training: the {recipe.system} system is fitted at one go; got training.epochs = {epochs}, want 1"
        )


def _heard(model: Model, reader: InputReader, utterances: Sequence[Utterance]) -> InputReader:
    """A reader with what is frozen of the audio front end's work done; the front end begins behind it from now on."""
    encoder = model.encoders.audio
    stage = encoder.frozen_stage()
    if encoder.begins_at == stage:
        return reader
    frames: dict[str, Tensor] = {}
    for batch in batches(utterances, model.classes, replace(reader, tokenizer=None), BATCH_SIZE):
        found = encoder.features(batch.inputs.to(model.system.device).waveforms, stage).unpack()
        frames |= {utterance.id: one for utterance, one in zip(batch.utterances, found, strict=True)}
    for id, one in frames.items():
        if not torch.isfinite(one).all():
            raise InputError(
                f"training: what the audio front end makes of {id} holds NaN or infinity; look at its sound"
            )
    encoder.begin_at(stage)
    return replace(reader, stored_audio=frames.__getitem__)
