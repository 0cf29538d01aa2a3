"""What every corpus reader gives back: the utterances, and an account of all that is not among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from emoduet.types import Utterance


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The utterances of a corpus with the number of things passed over, by cause, and what a lenient reading forgave.

    `skipped` counts what is rightly absent (a label outside the study, a back-channel line); `warnings` names what is
    wrong with the corpus and was tolerated, one sentence each.
    """

    utterances: Sequence[Utterance]
    skipped: Mapping[str, int] = field(default_factory=dict)
    warnings: Sequence[str] = ()
