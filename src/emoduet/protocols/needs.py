"""What a protocol needs a manifest to say of its utterances, and what is told where the manifest does not."""

from collections.abc import Sequence

from emoduet.errors import InputError
from emoduet.types import Utterance

_REMEDIES = {
    "session": "Fill the session column when the manifest is built, or take lospo, random or official",
    "speaker": "Fill the speaker column when the manifest is built, or take loso",
    "scenario": "Fill the scenario column (the scene that was played) when the manifest is built, or take loso",
    "scripted": "Say for each whether it was read from a script (true) or improvised (false), or take loso",
    "split": "Fill the split column (train, validation, test) when the manifest is built, or take loso",
}


def need(utterances: Sequence[Utterance], field: str) -> None:
    """Stops where an utterance lacks a field that the protocol goes by.

    Raises:
        InputError: some lack it; the message counts them and says what to do.
    """
    missing = [utterance.id for utterance in utterances if getattr(utterance, field) is None]
    if missing:
        raise InputError(
            f"{len(missing)} of {len(utterances)} utterances have no {field}, first {missing[0]}; need one each. "
            f"{_REMEDIES[field]}"
        )


def sessions_of(utterances: Sequence[Utterance], at_least: int) -> list[str]:
    """The sessions in sorted order.

    Raises:
        InputError: an utterance without one, or too few.
    """
    need(utterances, "session")
    sessions = sorted({utterance.session for utterance in utterances})
    if len(sessions) < at_least:
        raise InputError(f"{len(sessions)} sessions {sessions}; need at least {at_least} for this division")
    return sessions


def after(value: str, values: Sequence[str]) -> str:
    """The next of these values; the first is next to the last."""
    return values[(values.index(value) + 1) % len(values)]
