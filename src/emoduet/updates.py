"""One update of a training's weights, and what an epoch adds up to.

Nothing here waits for a GPU: losses and answers are added up where they are computed and read now and then. When
memory runs out before the gradients are known, the encoders take smaller portions and they are computed again, with the
same draws; the step itself is taken once. Whatever it needs beside the gradients is there before them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer

from emoduet.batching import Batch
from emoduet.errors import InputError
from emoduet.metrics import unweighted_accuracy
from emoduet.nn.packing import moved
from emoduet.pretrained.encoders import EncoderBase
from emoduet.pretrained.portions import generators_kept, ran_out_of_memory


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


@dataclass(frozen=True)
class Updater:
    """What one step of the optimizer takes.

    Attributes:
        system: as accelerate prepared it.
        optimizer: Adam in its fused form, as accelerate prepared it.
        class_weights: of the loss, [classes], on the device.
    """

    system: nn.Module
    encoders: Sequence[EncoderBase]
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
            answers = self.system(batch.inputs.to(device))
            loss = functional.cross_entropy(answers.float(), target, self.class_weights, reduction="sum") / total
            self.accelerator.backward(loss)
            losses.append(loss.detach())
            logits.append(answers.detach())
        self.accelerator.clip_grad_norm_(self.system.parameters(), self.max_gradient_norm)
        return torch.stack(losses).sum(), torch.cat(targets), torch.cat(logits)

    def _relieve(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        relieved = [encoder.budget.halve(self.accelerator.device) for encoder in self.encoders]
        if not any(relieved):
            raise InputError(
                "training: memory ran out, and no portion can be smaller; set training.batch_size lower and "
                "training.accumulation higher, or audio_encoder.gradient_checkpointing = true, or take smaller encoders"
            )

    def _remembered(self) -> Callable[[], None]:
        """Puts generators and batch normalisation back to where they are now."""
        buffers = [(buffer, buffer.clone()) for buffer in self.system.buffers()]
        put_generators_back = generators_kept(self.accelerator.device)

        def put_back() -> None:
            put_generators_back()
            for buffer, before in buffers:
                buffer.copy_(before)

        return put_back
