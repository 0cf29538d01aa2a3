"""Other people's classifiers as models: checkpoints of transformers for sound, for text, or one of each side by side.

Their labels become classes by name or by a label map; labels that become none are left out and the rest is scaled to
one. With both, the probabilities are averaged with a stated weight. Nothing here is trained, calibrated or judged.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoduet.batching import InputReader
from emoduet.checkpoint import FORMAT
from emoduet.confidence import Confidence, Lengths
from emoduet.corpora.label_map import EXAMPLE, read_label_map
from emoduet.errors import CheckpointError, InputError
from emoduet.labels import IEMOCAP_CATEGORIES, PAPER_LABELS, LabelSet
from emoduet.pretrained.classification import (
    AUDIO_FAMILIES,
    NOT_STATED,
    TEXT_FAMILIES,
    AudioClassifier,
    CheckpointClassifier,
    load_audio_classifier,
    load_text_classifier,
    locate_with_card,
    read_settings,
)
from emoduet.sureness import Sureness
from emoduet.systems.base import System
from emoduet.systems.inputs import Inputs
from emoduet.types import Seconds

BY_NAME = LabelSet(
    PAPER_LABELS.classes,
    {
        **{name: name for name in PAPER_LABELS.classes},
        **PAPER_LABELS.mapping,
        **{IEMOCAP_CATEGORIES[code]: name for code, name in PAPER_LABELS.mapping.items()},
        "joy": "happy",
        "excitement": "happy",
    },
)
"""Which labels become which class without a label map, in lower case; calm stays out, as where RAVDESS is read."""

_SAYING_NOTHING = re.compile(r"LABEL_\d+")
"""What transformers calls labels that nobody named."""


@dataclass(frozen=True)
class Classifier:
    """Classifiers of transformers in the place of a `build.Model`.

    Attributes:
        temperature: 1, since nothing was fitted; so there is no `confidence`, no `alone` and no `lengths`, either.
        name: what to call it in a message.
        licences: by checkpoint, as its model card states it.
        notes: sentences that whoever reads its answers should know.
        longest: how much of a segment is heard, from its beginning; None: all.
    """

    system: System
    reader: InputReader
    classes: tuple[str, ...]
    name: str
    licences: Mapping[str, str]
    notes: tuple[str, ...]
    longest: Seconds | None
    temperature: float = field(default=1.0, init=False)
    confidence: Confidence | None = field(default=None, init=False)
    alone: Mapping[str, Sureness] = field(default_factory=dict, init=False)
    lengths: Lengths | None = field(default=None, init=False)


class ClassScores(nn.Module):
    """A checkpoint's answers in classes.

    Args:
        members: of each class, the numbers of the checkpoint's labels that became it.
    """

    def __init__(self, checkpoint: CheckpointClassifier, members: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.checkpoint = checkpoint
        self._members = [list(numbers) for numbers in members]

    def forward(self, inputs: Sequence[Tensor]) -> Float[Tensor, "utterances classes"]:
        """Logarithms of the classes' probabilities: the sums of their labels', over the sum of all that became one."""
        scores = self.checkpoint(inputs)
        return torch.stack([scores[:, one].logsumexp(dim=1) for one in self._members], dim=1).log_softmax(dim=1)


class AudioClassifierSystem(System):
    """A checkpoint that hears."""

    def __init__(self, audio_encoder: ClassScores) -> None:
        super().__init__()
        self.audio = audio_encoder

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        return self.audio(inputs.waveforms)


class TextClassifierSystem(System):
    """A checkpoint that reads."""

    def __init__(self, text_encoder: ClassScores) -> None:
        super().__init__()
        self.text = text_encoder

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        return self.text(inputs.tokens)


class FusedClassifierSystem(System):
    """Both; where an utterance lacks sound or words, the other's answer stands alone.

    Args:
        audio_weight: the hearing checkpoint's share in the mean of probabilities; the reading one has the rest.
    """

    may_lack = True

    def __init__(self, audio_encoder: ClassScores, text_encoder: ClassScores, *, audio_weight: float) -> None:
        super().__init__()
        self.audio, self.text = audio_encoder, text_encoder
        self.audio_weight = audio_weight

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        return torch.cat([self._fused(*one) for one in zip(inputs.waveforms, inputs.tokens, strict=True)])

    def _fused(self, waveform: Tensor, tokens: Tensor) -> Float[Tensor, "1 classes"]:
        if not len(waveform):
            return self.text([tokens])
        if not len(tokens):
            return self.audio([waveform])
        return torch.logaddexp(
            self.audio([waveform]) + math.log(self.audio_weight), self.text([tokens]) + math.log1p(-self.audio_weight)
        )


def kind_of(name: str) -> Literal["emoduet", "audio", "text"]:
    """What a folder or hub name holds: a model of emoduet, or a checkpoint that classifies sound or text.

    What is recognised as none of them counts as a model of emoduet, whose reader says what is wrong with it.

    Raises:
        CheckpointError: there is no such folder and no such repository, or it holds a model of another kind.
    """
    settings = read_settings(locate_with_card(name))
    family = settings.get("model_type")
    if settings.get("format") == FORMAT or family is None:
        return "emoduet"
    if family in AUDIO_FAMILIES:
        return "audio"
    if family in TEXT_FAMILIES:
        return "text"
    raise CheckpointError(
        f"{name}: holds a {family} model; need a model that emoduet wrote, or a checkpoint that transformers loads for "
        "audio classification or text classification"
    )


def load_classifiers(
    audio: str | None, text: str | None, *, audio_weight: float = 0.5, label_map: Path | None = None
) -> Classifier:
    """One checkpoint of transformers, or one that hears and one that reads, as a model.

    Args:
        audio: hub name or folder of a checkpoint for audio classification.
        text: of one for text classification.
        audio_weight: with both, the share of `audio` in the mean of probabilities.
        label_map: a TOML or JSON file, label = "class", in the place of `BY_NAME`; its labels may be of either.

    Raises:
        InputError: neither is given, one is a model of emoduet, the weight is no share, or labels become less than two
            classes that all checkpoints have.
        CheckpointError: a checkpoint cannot be reached or used.
    """
    names = [name for name in (audio, text) if name is not None]
    _check(names, audio_weight)
    hearing = None if audio is None else load_audio_classifier(audio)
    reading, tokenizer = (None, None) if text is None else load_text_classifier(text)
    checkpoints = dict(zip(names, filter(None, (hearing, reading)), strict=True))
    becoming = _becoming({name: one.labels for name, one in checkpoints.items()}, label_map)
    classes = _common_classes(becoming)
    scores = {name: ClassScores(one, _members(becoming[name], classes)) for name, one in checkpoints.items()}
    system = _system(scores.get(audio), scores.get(text), audio_weight)
    return Classifier(
        system=system,
        reader=InputReader(system.hears, normalised=False, tokenizer=tokenizer, may_lack=system.may_lack),
        classes=classes,
        name=" + ".join(names),
        licences={name: one.licence for name, one in checkpoints.items()},
        longest=None if hearing is None else hearing.longest,
        notes=tuple(_notes(checkpoints, becoming, classes, audio_weight)),
    )


def _check(names: Sequence[str], audio_weight: float) -> None:
    if not names:
        raise InputError("classifiers: got none; name a checkpoint for audio classification, one for text, or both")
    for name in names:
        if read_settings(locate_with_card(name)).get("format") == FORMAT:
            raise InputError(
                f"{name}: is a model of emoduet, which is used by itself: `emoduet predict {name} ...` or "
                "EmotionRecognizer.load; only checkpoints of transformers are put side by side"
            )
    if len(names) == 2 and not 0 < audio_weight < 1:
        raise InputError(f"audio weight {audio_weight}; need a share between 0 and 1, such as 0.5; or give one model")


def _becoming(labels: Mapping[str, Sequence[str]], label_map: Path | None) -> dict[str, list[str | None]]:
    """For each checkpoint, the class that each of its labels becomes, or None."""
    if label_map is None:
        return {name: [_class_by_name(label, name) for label in own] for name, own in labels.items()}
    mapping = read_label_map(label_map)
    known = {label for own in labels.values() for label in own}
    if unknown := sorted(mapping.keys() - known):
        raise InputError(
            f"{label_map}: {', '.join(unknown)}: no label of {' or '.join(labels)}, which has "
            f"{', '.join(sorted(known))}; want its own labels, as it spells them"
        )
    return {name: [mapping.get(label) for label in own] for name, own in labels.items()}


def _class_by_name(label: str, name: str) -> str | None:
    if _SAYING_NOTHING.fullmatch(label):
        raise InputError(
            f"{name}: calls a label {label}, which does not say what it stands for; look it up on the checkpoint's "
            f'page and give a label map (--label-map FILE) with a line for each such label: {label} = "angry"'
        )
    return BY_NAME.class_of(label.strip().lower())


def _common_classes(becoming: Mapping[str, Sequence[str | None]]) -> tuple[str, ...]:
    """Those that every checkpoint has, in alphabetical order."""
    of_each = [{one for one in classes if one is not None} for classes in becoming.values()]
    common = sorted(set.intersection(*of_each))
    if len(common) < 2:
        found = "; ".join(
            f"{name}: {', '.join(sorted(own)) or 'none'}" for name, own in zip(becoming, of_each, strict=True)
        )
        raise InputError(
            f"of the labels become {len(common)} classes that can be told apart ({found}); need two or more. Give a "
            f"label map (--label-map FILE) with lines such as {EXAMPLE}"
        )
    return tuple(common)


def _members(becoming: Sequence[str | None], classes: Sequence[str]) -> list[list[int]]:
    return [[number for number, one in enumerate(becoming) if one == name] for name in classes]


def _system(audio: ClassScores | None, text: ClassScores | None, audio_weight: float) -> System:
    if text is None:
        return AudioClassifierSystem(audio)
    if audio is None:
        return TextClassifierSystem(text)
    return FusedClassifierSystem(audio, text, audio_weight=audio_weight)


def _notes(
    checkpoints: Mapping[str, CheckpointClassifier],
    becoming: Mapping[str, Sequence[str | None]],
    classes: Sequence[str],
    audio_weight: float,
) -> Iterator[str]:
    for name, one in checkpoints.items():
        yield from (f"{name}: {told}" for told in _told(one, becoming[name], classes))
    if len(checkpoints) == 2:
        hearing, reading = checkpoints
        yield f"a probability is {audio_weight:g} x that of {hearing} + {1 - audio_weight:g} x that of {reading}"
    yield (
        "probabilities are the checkpoints' own: not calibrated by emoduet, and how often they are right on recordings "
        "like yours is not known"
    )


def _told(one: CheckpointClassifier, becoming: Sequence[str | None], classes: Sequence[str]) -> Iterator[str]:
    """What is to be said of one checkpoint."""
    became = list(zip(one.labels, becoming, strict=True))
    sums = {name: " + ".join(label for label, other in became if other == name) for name in classes}
    yield "its labels: " + "; ".join(f"{name} is {labels}" for name, labels in sums.items())
    left_out = [label for label, name in became if name not in classes]
    if left_out:
        yield f"left out: {', '.join(left_out)}; their probability is shared out among the classes"
    if one.side_by_side:
        yield "its labels may hold side by side; their probabilities are divided by their sum"
    if isinstance(one, AudioClassifier) and one.longest is not None:
        yield f"listens to the first {one.longest:g} s of a segment only"
    says = "" if one.licence == NOT_STATED else ", says its model card"
    yield f"licence {one.licence}{says}; what it learned from has terms of its own"
