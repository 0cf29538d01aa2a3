"""Front ends: whatever turns utterances into the packed frames a system stands on, pretrained or computed by rule."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from emoduet.errors import ConfigError
from emoduet.nn.linear import Factory
from emoduet.nn.packing import Packed
from emoduet.pretrained.portions import Budget


class FrontEnd(nn.Module, ABC):
    """What all front ends share: stages between which an utterance can enter or leave, and what is frozen of them.

    Attributes:
        stages: its input, what lies between, its answer.
        hidden_size: values a frame of the answer.
        normalise: whether it wants waveforms of zero mean and unit variance.
        form: how it is computed, in a word.
        why_plain: why its products cannot be computed in another way, such as in int8; None where they can.
        budget: how much is computed at once; None where nothing could be gained by less.
    """

    stages: tuple[str, ...] = ()
    hidden_size: int
    normalise: bool = False
    form: str = "rule"
    why_plain: str | None = "nothing in it is a linear map"
    budget: Budget | None = None

    def __init__(self) -> None:
        super().__init__()
        self._begins_at = 0

    @property
    def form_told(self) -> str:
        """How it is computed, in words."""
        return self.form

    @property
    def regularisation(self) -> dict[str, object]:
        """What is dropped at random while it trains."""
        return {}

    @property
    def begins_at(self) -> str:
        """The stage whose values it takes."""
        return self.stages[self._begins_at]

    def begin_at(self, stage: str) -> None:
        """From now on inputs are this stage's values, [frames, dim] an utterance, computed before."""
        self._begins_at = self.stages.index(stage)

    @property
    def device(self) -> torch.device:
        """Where its weights are; the CPU if it has none."""
        return next((weight.device for weight in self.parameters()), torch.device("cpu"))

    def compute_with(self, factory: Factory) -> None:
        """Computes linear maps in another way from now on; see `nn.linear`.

        Raises:
            ConfigError: there are none, or they are computed where they cannot be chosen.
        """
        raise ConfigError(f"front end computed by {self.form}: {self.why_plain}, so its precision cannot be chosen")

    def frozen_stage(self) -> str:
        """The last stage before which nothing trains."""
        trains = [any(weight.requires_grad for weight in self._weights(stage).values()) for stage in self.stages]
        return [stage for stage, one in zip(self.stages, trains, strict=True) if not one][-1]

    def weights_digest(self, stage: str) -> str:
        """SHA-256 over all that decides a stage's values: weights and settings."""
        digest = hashlib.sha256(json.dumps(self.settings(), sort_keys=True).encode())
        for name, weight in sorted(self._weights(stage).items()):
            digest.update(f"{name} {tuple(weight.shape)} {weight.dtype}".encode())
            digest.update(weight.detach().cpu().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()

    @abstractmethod
    def forward(self, inputs: Sequence[Tensor]) -> Packed:
        """The answer for utterances that stand at the stage it begins at."""

    @abstractmethod
    def features(self, inputs: Sequence[Tensor], stage: str) -> Packed:
        """A stage's values, for inputs as `forward` takes them; always those of eval mode."""

    @abstractmethod
    def settings(self) -> dict[str, object]:
        """What decides its values beside its weights, as JSON values."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Writes what is needed to make one of the same shape, but not its weights."""

    @abstractmethod
    def _weights(self, stage: str) -> Mapping[str, Tensor]:
        """What of its weights decides a stage's values."""
