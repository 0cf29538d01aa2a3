"""Who trains, who validates and who is tested, as data: folds are tuples of utterance ids, each with its reason.

A split decides what a figure means, so it is computed once, here, and written down with the results. Folds depend on
what the utterances are, never on the order of the manifest; nothing is drawn without a seed, and nothing is left out
without a reason. Whether anything crosses from training into the test is not decided here: that is audited.
"""

from emoduet.protocols.fold import (
    PARTS,
    Fold,
    FoldOptions,
    check_partition,
    check_validated,
    restricted,
    without_validation,
)
from emoduet.protocols.held_out import hold_out
from emoduet.protocols.protocol import LEAKING, NO_VALIDATION, TEST_IN_THE_LOOP, Protocol
from emoduet.protocols.registry import PROTOCOLS, protocol_named
from emoduet.protocols.shuffling import shuffle_labels

__all__ = [
    "LEAKING",
    "NO_VALIDATION",
    "PARTS",
    "PROTOCOLS",
    "TEST_IN_THE_LOOP",
    "Fold",
    "FoldOptions",
    "Protocol",
    "check_partition",
    "check_validated",
    "hold_out",
    "protocol_named",
    "restricted",
    "shuffle_labels",
    "without_validation",
]
