"""How sure a model may be of an answer, by what it was given: sound and words, sound alone, or words alone.

A model that may lack either was asked in all three ways on its validation data, and each way has its own temperature
and its own risk-coverage curve. Every answer is judged by those of what it truly rests on; which these are is decided
here and nowhere else. A model that needs what it takes has one of each. No file is opened here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from emoduet.confidence import Confidence, read_confidence
from emoduet.errors import CheckpointError
from emoduet.systems.inputs import Inputs


class Sured(Protocol):
    """What says how sure answers may be: `Sureness` does, and so does every model."""

    @property
    def temperature(self) -> float: ...

    @property
    def confidence(self) -> Confidence | None: ...

    @property
    def alone(self) -> Mapping[str, "Sureness"]: ...


@dataclass(frozen=True, slots=True)
class Sureness:
    """How sure answers to inputs of one kind may be, as validation answers to inputs of that kind said.

    Attributes:
        temperature: divides the logits; 1, no change, where nothing was fitted.
        confidence: how often they were wrong; None where nobody knows.
        alone: the same for sounds alone ("audio") and for words alone ("text"), of a model that may lack either.
    """

    temperature: float = 1.0
    confidence: Confidence | None = None
    alone: Mapping[str, "Sureness"] = field(default_factory=dict)


def only(sound: bool, words: bool) -> str | None:
    """The one that an utterance has of the two, "audio" or "text"; None where it has both.

    >>> only(sound=True, words=False)
    'audio'
    """
    return None if sound and words else "audio" if sound else "text"


def only_of(inputs: Inputs) -> list[str | None]:
    """Of each utterance of a batch what `only` says."""
    pairs = zip_longest(inputs.waveforms, inputs.tokens, fillvalue=())
    return [only(sound=len(sound) > 0, words=len(words) > 0) for sound, words in pairs]


def sureness_of(model: Sured, kind: str | None) -> Sured:
    """How sure a model may be of an utterance that has what `only` says.

    That is what was found out for such utterances; where nothing was, as of a model that needs what it takes, what was
    found out for all that it takes.
    """
    return model.alone.get(kind, model)


def probabilities(
    logits: Float[Tensor, "utterances classes"], inputs: Inputs, model: Sured
) -> Float[Tensor, "utterances classes"]:
    """What logits say of a batch, in fp64: each utterance's divided by the temperature of what it truly had."""
    temperatures = [[sureness_of(model, kind).temperature] for kind in only_of(inputs)]
    return functional.softmax(logits.cpu().double() / torch.tensor(temperatures, dtype=torch.float64), dim=1)


def sureness_json(model: Sured) -> dict[str, object]:
    """As a model's config.json holds it, under "temperature", "confidence" and "alone"."""
    return {**_one_json(model), "alone": {kind: _one_json(one) for kind, one in model.alone.items()}}


def read_sureness(description: Mapping[str, object], where: str) -> Sureness:
    """What a model's config.json holds of it; of an older emoduet, it is the same whatever was given.

    Raises:
        CheckpointError: it is not what `sureness_json` gives.
    """
    alone = description.get("alone", {})
    if not isinstance(alone, Mapping) or not all(isinstance(one, Mapping) for one in alone.values()):
        raise CheckpointError(
            f"{where}: config.json gives as alone {alone!r:.80}; need temperature and confidence under audio and text. "
            "Copy the folder again from where it was trained, or train the model again"
        )
    of_each = {kind: _read_one(one, f"{where}: {kind} alone") for kind, one in alone.items()}
    whole = _read_one(description, where)
    return Sureness(whole.temperature, whole.confidence, of_each)


def _one_json(one: Sured) -> dict[str, object]:
    return {"temperature": one.temperature, "confidence": one.confidence and one.confidence.as_json()}


def _read_one(description: Mapping[str, object], where: str) -> Sureness:
    temperature = description.get("temperature", 1.0)
    if not isinstance(temperature, (int, float)) or not 0 < temperature < math.inf:
        raise CheckpointError(
            f"{where}: config.json gives the temperature {temperature!r}; need a number above 0, such as 1"
        )
    return Sureness(float(temperature), read_confidence(description.get("confidence"), where))
