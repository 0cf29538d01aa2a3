"""One update of a training's weights, and what an epoch adds up to.

Nothing here waits for a GPU: losses and answers are added up where they are computed and read now and then. When
memory runs out before the gradients are known, the encoders take smaller portions and they are computed again, with the
same draws; the step itself is taken once. Whatever it needs beside the gradients is there before them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.optim import Optimizer

from emoduet.batching import Batch
from emoduet.errors import InputError
from emoduet.metrics import unweighted_accuracy
from emoduet.nn.layer_weights import mixing_weights
from emoduet.nn.packing import moved
from emoduet.pretrained.front_end import FrontEnd
from emoduet.pretrained.portions import generators_kept, ran_out_of_memory
from emoduet.systems.base import System
from emoduet.systems.inputs import Inputs


class Tally:
    """Loss and confusion matrix of the utterances of an epoch so far."""

    def __init__(self, num_classes: int, device: torch.device) -> None:
        self._num_classes = num_classes
        self._loss = torch.zeros((), dtype=torch.float32 if device.type == "mps" else torch.float64, device=device)
        self._confusion = torch.zeros(num_classes * num_classes, dtype=torch.int64, device=device)

    def add(self, loss: Tensor, targets: Tensor, logits: Tensor) -> None:
        """Counts utterances with their mean loss, their class numbers and their logits [utterances, classes]."""
        cells = targets * self._num_classes + logits.argmax(dim=1)
        self._confusion.index_add_(0, cells, torch.ones_like(cells))
        self._loss += loss.to(self._loss.dtype) * len(targets)

    def read(self) -> tuple[int, float, float]:
        """How many utterances, their mean loss and their UA; waits for the device."""
        confusion = self._confusion.cpu().numpy().reshape(self._num_classes, self._num_classes)
        done = int(confusion.sum())
        return done, self._loss.item() / done, float(unweighted_accuracy(confusion))


def parameter_groups(
    system: System, encoders: Sequence[FrontEnd], rate: float, head_factor: float, mix_rate: float | None
) -> list[dict[str, object]]:
    """Adam's groups: what trains of the encoders, the weights that mix their layers, and the layers above them.

    The last is the head's, at `head_factor` times the rate. With `mix_rate` None the mix has no group of its own and
    learns with the head.
    """
    of_encoders = [weight for encoder in encoders for weight in encoder.parameters()]
    of_mixes = [] if mix_rate is None else mixing_weights(system)
    known = set(map(id, of_encoders + of_mixes))
    of_head = [weight for weight in system.parameters() if id(weight) not in known]
    trained = [weight for weight in of_encoders if weight.requires_grad]
    rates = ((trained, rate), (of_mixes, mix_rate), (of_head, rate * head_factor))
    found = [{"params": weights, "lr": one} for weights, one in rates]
    return [group for group in found if group["params"]]


def groups(reading: Iterator[Batch], size: int) -> Iterator[list[Batch]]:
    """Batches by the update they belong to: `size` each, the last perhaps fewer."""
    group: list[Batch] = []
    for batch in reading:
        group.append(batch)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


class Learner(nn.Module):
    """A system as it trains: its forward is what its loss needs, so that whatever wraps a forward wraps the loss."""

    def __init__(self, system: System, class_weights: Float[Tensor, "classes"]) -> None:
        super().__init__()
        self.system, self.class_weights = system, class_weights

    def forward(
        self, inputs: Inputs, targets: Int64[Tensor, "utterances"]
    ) -> tuple[Float[Tensor, "utterances"], Float[Tensor, "utterances classes"]]:
        return self.system.learn(inputs, targets, self.class_weights)


@dataclass(frozen=True)
class Updater:
    """What one step of the optimizer takes.

    Attributes:
        learner: as accelerate prepared it.
        optimizer: Adam in its fused form, as accelerate prepared it.
        class_weights: of the loss, [classes], on the device.
    """

    learner: nn.Module
    encoders: Sequence[FrontEnd]
    optimizer: Optimizer
    accelerator: Accelerator
    class_weights: Tensor
    max_gradient_norm: float

    def update(self, group: Sequence[Batch], tally: Tally) -> None:
        """One step; every utterance of the group weighs the same, however it is cut into batches.

        Raises:
            InputError: memory does not suffice, however small the encoders' portions.
        """
        put_back = self._remembered()
        while True:
            try:
                self._make_moments()
                found = self._attempt(group)
                break
            except (RuntimeError, MemoryError) as error:
                if not ran_out_of_memory(error):
                    raise
            self._relieve()
            put_back()
        self.optimizer.step()
        tally.add(*found)

    def _make_moments(self) -> None:
        """What the first step would make of every weight's state, made ahead, so that no step takes memory.

        A weight without a gradient is stepped over: its moments stay zero, as if they were made with its first one.
        """
        for weight in (weight for group in self.optimizer.param_groups for weight in group["params"]):
            if not self.optimizer.state[weight]:
                self.optimizer.state[weight] = {
                    "step": torch.zeros((), dtype=torch.float32, device=weight.device),
                    "exp_avg": torch.zeros_like(weight, memory_format=torch.preserve_format),
                    "exp_avg_sq": torch.zeros_like(weight, memory_format=torch.preserve_format),
                }

    def _attempt(self, group: Sequence[Batch]) -> tuple[Tensor, Tensor, Tensor]:
        """Computes the gradients, clipped; returns the loss, the class numbers and the logits."""
        self.optimizer.zero_grad()
        device = self.accelerator.device
        targets = [moved(batch.targets, device) for batch in group]
        total = self.class_weights[torch.cat(targets)].sum()
        losses, logits = [], []
        for batch, target in zip(group, targets, strict=True):
            of_each, answers = self.learner(batch.inputs.to(device), target)
            loss = of_each.sum() / total
            self.accelerator.backward(loss)
            losses.append(loss.detach())
            logits.append(answers.detach())
        self.accelerator.clip_grad_norm_(self.learner.parameters(), self.max_gradient_norm)
        return torch.stack(losses).sum(), torch.cat(targets), torch.cat(logits)

    def _relieve(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        budgets = [encoder.budget for encoder in self.encoders if encoder.budget]
        relieved = [budget.halve(self.accelerator.device) for budget in budgets]
        if not any(relieved):
            raise InputError(
                "training: memory ran out, and no portion can be smaller; set training.batch_size lower and "
                "training.accumulation higher, or audio_encoder.gradient_checkpointing = true, or take smaller encoders"
            )

    def _remembered(self) -> Callable[[], None]:
        """Puts generators and batch normalisation back to where they are now."""
        buffers = [(buffer, buffer.clone()) for buffer in self.learner.buffers()]
        put_generators_back = generators_kept(self.accelerator.device)

        def put_back() -> None:
            put_generators_back()
            for buffer, before in buffers:
                buffer.copy_(before)

        return put_back
