"""What every system has: parts by its constructor, and a loss."""

import math

import pytest
import torch
from torch import nn

from emoduet.systems.base import FittedSystem, System, cross_entropy
from emoduet.systems.inputs import Inputs

LOGITS = torch.tensor([[0.0, 0.0], [math.log(3.0), 0.0], [0.0, math.log(3.0)]])
TARGETS = torch.tensor([0, 0, 0])


class Constant(System):
    """Answers the same whatever it is given."""

    def __init__(self, audio_encoder: nn.Module, num_classes: int, *, size: int) -> None:
        super().__init__()

    def forward(self, inputs):
        return LOGITS


class Twice(Constant):
    """One with a loss of its own."""

    def __init__(self, text_encoder: nn.Module) -> None:
        super().__init__(None, 2, size=1)

    def learn(self, inputs, targets, class_weights):
        losses, logits = super().learn(inputs, targets, class_weights)
        return 2 * losses, logits


def test_parts_are_what_the_constructor_takes_by_position():
    assert (Constant.parts, Constant.hears, Constant.reads) == (("audio_encoder", "num_classes"), True, False)
    assert (Twice.parts, Twice.hears, Twice.reads) == (("text_encoder",), False, True)


@pytest.mark.parametrize(("weights", "expected"), [((1.0, 1.0), (1.0, 2.0)), ((3.0, 5.0), (3.0, 6.0))])
def test_cross_entropy_by_hand(weights, expected):
    """Probabilities of the first class 1/2, 3/4 and 1/4: losses log 2, log 4/3 and log 4."""
    losses = cross_entropy(LOGITS, TARGETS, torch.tensor(weights))
    assert losses[[0, 2]].tolist() == pytest.approx([math.log(2) * factor for factor in expected])
    assert losses[1].item() == pytest.approx(weights[0] * math.log(4 / 3))


def test_what_is_learned_from_is_cross_entropy_unless_a_system_says_otherwise():
    weights = torch.tensor([3.0, 5.0])
    losses, logits = Constant(None, 2, size=1).learn(Inputs(), TARGETS, weights)
    assert losses.equal(cross_entropy(LOGITS, TARGETS, weights)) and logits.equal(LOGITS)
    doubled, _ = Twice(None).learn(Inputs(), TARGETS, weights)
    assert doubled.equal(2 * losses)


def test_losses_are_taken_in_full_precision():
    class Half(Constant):
        """Answers in half precision."""

        def forward(self, inputs):
            return LOGITS.bfloat16()

    losses, logits = Half(None, 2, size=1).learn(Inputs(), TARGETS, torch.ones(2))
    assert losses.dtype == logits.dtype == torch.float32


class Silent(System):
    """Has no answer."""


class Unfitted(FittedSystem):
    """Has an answer, and no way to it."""

    def forward(self, inputs):
        return LOGITS


@pytest.mark.parametrize(("system", "lacking"), [(Silent, "forward"), (Unfitted, "fit")])
def test_a_system_that_lacks_its_method_is_not_made(system, lacking):
    with pytest.raises(TypeError, match=f"abstract.*{lacking}"):
        system()


def test_a_system_without_numbers_is_on_the_cpu():
    assert Constant(None, 2, size=1).device == torch.device("cpu")
