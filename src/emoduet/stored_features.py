"""What a model's frozen encoders answer, read from a store instead of computed at every step.

Only what nothing trains is stored, and its key holds a digest of the very weights in memory, so that folds and seeds
share what is the same for them and never what is not.
"""

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from torch import Tensor

from emoduet.audio import SAMPLING_RATE
from emoduet.batching import InputReader
from emoduet.build import Model
from emoduet.evaluation import BATCH_SIZE
from emoduet.features import FeatureStore, Source, corpus_digest
from emoduet.types import Utterance

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]

_LIBRARIES = ("emoduet", "torch", "transformers", "kaldi-native-fbank", "soxr", "soundfile", "av")
"""What decodes and computes; av, which decodes m4a and its like, may be absent."""


@dataclass(frozen=True)
class Features:
    """Where features are stored, and of which utterances: of a whole corpus, so that all its folds share them."""

    root: Path
    utterances: tuple[Utterance, ...]


def stored_stages(model: Model) -> dict[str, str]:
    """What of a model is worth storing: "audio" and "text" to the last stage of each before which nothing trains."""
    stages = {kind: encoder.frozen_stage() for kind, encoder in model.encoders.by_kind().items()}
    if model.recipe.augmentation:
        stages.pop("audio", None)
    return {kind: stage for kind, stage in stages.items() if stage != model.encoders.by_kind()[kind].stages[0]}


def on_stored_features(model: Model, features: Features, progress: Progress = lambda done, total: None) -> Model:
    """The model with what is frozen of it read from stores, which are filled first where they are not yet.

    The model's encoders begin at the stored stage from now on; its reader gives them that stage's values.

    Raises:
        EmoduetError: as `FeatureStore`, or an utterance cannot be read.
    """
    if model.recipe.augmentation and model.encoders.audio:
        log.info("features of sounds are not stored: augmentation makes each epoch's waveforms new ones")
    reader = model.reader
    for kind, stage in stored_stages(model).items():
        utterances = [one for one in features.utterances if model.reader.takes(one, kind)]
        store = FeatureStore(features.root, _source(model, kind, stage, utterances), utterances)
        if not store.complete:
            store.fill(partial(_computed, model, kind, stage), progress)
            log.info("%s (%s): %d utterances %s", kind, stage, len(utterances), _described(store))
        model.encoders.by_kind()[kind].begin_at(stage)
        reader = replace(reader, **{f"stored_{kind}": store.read})
    return replace(model, reader=reader)


def _described(store: FeatureStore) -> str:
    return f"stored in {store.folder}, {store.num_bytes / 1e9:.2f} GB, fp16 within {store.relative_error:.1e} of fp32"


def _computed(model: Model, kind: str, stage: str, utterances: Sequence[Utterance]) -> list[Tensor]:
    encoder = model.encoders.by_kind()[kind]
    take = {"audio": model.reader.waveform, "text": model.reader.tokens}[kind]
    device = encoder.device
    answers: list[Tensor] = []
    for first in range(0, len(utterances), BATCH_SIZE):
        inputs = [take(utterance).to(device) for utterance in utterances[first : first + BATCH_SIZE]]
        answers.extend(frames.cpu() for frames in encoder.features(inputs, stage).unpack())
    return answers


def _source(model: Model, kind: str, stage: str, utterances: Sequence[Utterance]) -> Source:
    encoder = model.encoders.by_kind()[kind]
    return Source(
        kind=kind,
        stage=stage,
        encoder=model.recipe.front_ends[kind],
        weights=encoder.weights_digest(stage),
        preprocessing=f"{_preprocessing(model.reader, kind, utterances)}; {encoder.form} on {encoder.device.type}",
        libraries={name: _version(name) for name in _LIBRARIES},
        utterances=corpus_digest(utterances, kind),
    )


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "absent"


def _preprocessing(reader: InputReader, kind: str, utterances: Sequence[Utterance]) -> str:
    """Of a sound: its rate and scale. Of words: the tokens they become, so that no two tokenizers are mixed up."""
    if kind == "audio":
        scale = "zero mean, unit variance" if reader.normalised else "as decoded"
        return f"mono, {SAMPLING_RATE} Hz, {scale}"
    digest = hashlib.sha256()
    for utterance in sorted(utterances, key=lambda one: one.id):
        digest.update(f"{utterance.id} {reader.tokens(utterance).tolist()}\n".encode())
    return f"tokens {digest.hexdigest()[:16]}"
