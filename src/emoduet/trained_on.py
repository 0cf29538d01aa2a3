"""How much a run trains on, in sessions and in utterances, as every line of conditions must say.

A corpus need not name sessions; then the number of utterances stands alone, and never "0 sessions".
"""

from collections.abc import Iterable, Sequence

from emoduet.protocols import Fold


def sessions_trained_on(folds: Sequence[Fold]) -> tuple[int, ...]:
    """The numbers of sessions that these folds train on, each once; empty where none of them knows of a session."""
    found = {len(fold.train_sessions) for fold in folds}
    return () if found == {0} else tuple(sorted(found))


def sessions_in_words(folds: Sequence[Fold]) -> str:
    """Such as "3 sessions" or "2 to 3 sessions"; empty where no session is known."""
    return _range(sessions_trained_on(folds), "session")


def utterances_in_words(folds: Sequence[Fold]) -> str:
    """Such as "674 to 702 utterances": the smallest and the largest training part; empty without folds."""
    return _range((len(fold.train) for fold in folds), "utterance")


def _range(numbers: Iterable[int], what: str) -> str:
    found = list(numbers)
    if not found:
        return ""
    low, high = min(found), max(found)
    told = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return f"{told} {what}" + ("" if high == 1 else "s")
