"""What a protocol is: a rule that makes folds, and honest words about what figures under it are worth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from emoduet.protocols.fold import Fold, FoldOptions
from emoduet.types import Utterance

TEST_IN_THE_LOOP = "test data in the loop"
"""What every output of a protocol must say whose training looks at the test data."""

NO_VALIDATION = "no validation"
"""What every output of a run must say that trains a fixed number of epochs and tests the last."""

LEAKING = "LEAKING"
"""What every output of a protocol must say that tests speakers and dialogues it has trained on."""


@dataclass(frozen=True)
class Protocol:
    """A way to make folds, and what its figures are worth.

    Attributes:
        test_in_the_loop: training looks at the test data; the folds then have no validation part.
        leaking: speakers and dialogues on both sides lie in the protocol's nature, so finding them stops nothing.
    """

    name: str
    summary: str
    guards: str
    does_not_guard: str
    test_in_the_loop: bool
    leaking: bool
    make_folds: Callable[[Sequence[Utterance], FoldOptions], tuple[Fold, ...]]
