"""Training at one go what has no epochs: how frames are scaled, before the first one, and systems that have none.

A fitted system is handed all training utterances whole, each read once. Of a sound only what the front end makes of it
is kept, so that a corpus need not fit into memory. There is no state to go on from: a fit takes seconds to minutes, and
a killed one begins again.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from emoduet.batching import InputReader, batches, targets_of
from emoduet.build import Model
from emoduet.errors import InputError
from emoduet.evaluation import BATCH_SIZE, answer
from emoduet.history import Epoch
from emoduet.nn.standardiser import StandardisedFrames
from emoduet.types import Utterance


@torch.no_grad()
def fit_standardisers(model: Model, reader: InputReader, train: Sequence[Utterance]) -> None:
    """Gives what standardises frames its mean and scale, over all frames of the training utterances and no others.

    Systems without it cost nothing. The same utterances give the same numbers, so that a training taken up again may
    ask once more.

    Raises:
        InputError: what the front end makes of a sound is no number.
        EmoduetError: an utterance cannot be read.
    """
    for frames in (module for module in model.system.modules() if isinstance(module, StandardisedFrames)):
        frames.standardiser.fit(found for _, found in _framed(model, reader, train))


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


def _heard(model: Model, reader: InputReader, utterances: Sequence[Utterance]) -> InputReader:
    """A reader with what is frozen of the audio front end's work done; the front end begins behind it from now on."""
    encoder = model.encoders.audio
    stage = encoder.frozen_stage()
    if encoder.begins_at == stage:
        return reader
    frames = dict(_framed(model, reader, utterances))
    encoder.begin_at(stage)
    return replace(reader, stored_audio=frames.__getitem__)


def _framed(model: Model, reader: InputReader, utterances: Sequence[Utterance]) -> Iterator[tuple[str, Tensor]]:
    """Each utterance's id, and what is frozen of the audio front end makes of its sound, [frames, dim]."""
    encoder = model.encoders.audio
    stage = encoder.frozen_stage()
    heard = [one for one in utterances if reader.takes(one, "audio")]
    for batch in batches(heard, model.classes, replace(reader, tokenizer=None), BATCH_SIZE):
        found = encoder.features(batch.inputs.to(model.system.device).waveforms, stage).unpack()
        for utterance, frames in zip(batch.utterances, found, strict=True):
            if not torch.isfinite(frames).all():
                raise InputError(
                    f"training: what the audio front end makes of {utterance.id} holds NaN or infinity; look at its "
                    "sound"
                )
            yield utterance.id, frames
