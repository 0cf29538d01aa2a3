"""What every system is: a module from a batch of utterances to a number for each class, and what it learns from.

A system's constructor says what it stands on, and is all that a recipe must fit. Its parameters by position are parts,
handed to it by their names (`build.py` lists them); those by keyword are the numbers of the recipe's [model] section,
checked against their annotations.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import ClassVar

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from emoduet.systems.inputs import Inputs


class System(nn.Module, ABC):
    """One row of a table; a subclass is found by the name of its file, with hyphens (see `systems.catalogue`).

    Attributes:
        parts: what the constructor takes by position, in order.
        hears: whether one of them is an audio encoder.
        reads: whether one of them is a text encoder.
        may_lack: whether it answers without the sound of an utterance, or without its words.
    """

    parts: ClassVar[tuple[str, ...]] = ()
    hears: ClassVar[bool] = False
    reads: ClassVar[bool] = False
    may_lack: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        by_position = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
        cls.parts = tuple(one.name for one in parameters if one.kind is by_position)
        cls.hears, cls.reads = "audio_encoder" in cls.parts, "text_encoder" in cls.parts

    @classmethod
    def wrong_together(cls, numbers: Mapping[str, object]) -> list[str]:
        """What is wrong with numbers of [model] that are right each by itself, in words."""
        return []

    @property
    def device(self) -> torch.device:
        """Where its numbers are; the CPU if it has none."""
        return next((one.device for one in chain(self.parameters(), self.buffers())), torch.device("cpu"))

    @abstractmethod
    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        """A number for each class: softmax over them gives probabilities."""

    def learn(
        self, inputs: Inputs, targets: Int64[Tensor, "utterances"], class_weights: Float[Tensor, "classes"]
    ) -> tuple[Float[Tensor, "utterances"], Float[Tensor, "utterances classes"]]:
        """The loss of each utterance, times the weight of its class, and what `forward` answers.

        Cross-entropy, unless a system says otherwise.
        """
        logits = self(inputs).float()
        return cross_entropy(logits, targets, class_weights), logits


class FittedSystem(System):
    """A system whose numbers scikit-learn finds at one go, and which keeps them as buffers."""

    @abstractmethod
    def fit(self, inputs: Inputs, targets: Int64[Tensor, "utterances"], class_weights: Sequence[float]) -> None:
        """Sees every utterance there is to train on, once."""


def cross_entropy(
    logits: Float[Tensor, "rows classes"], targets: Int64[Tensor, "rows"], class_weights: Float[Tensor, "classes"]
) -> Float[Tensor, "rows"]:
    """The loss of each row, times the weight of its class."""
    return functional.cross_entropy(logits, targets, class_weights, reduction="none")
