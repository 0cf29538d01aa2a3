"""A part held out for a model that is to be used, not quoted: a session, or whole dialogues drawn by seed."""

from collections.abc import Sequence

import numpy as np

from emoduet.errors import InputError, UsageError
from emoduet.protocols.fold import Fold, divide_for_use
from emoduet.protocols.needs import sessions_of
from emoduet.types import Utterance


def hold_out(
    utterances: Sequence[Utterance], *, session: str | None = None, fraction: float | None = None, seed: int = 0
) -> Fold:
    """One fold without a test part, for a model that is to be used: validation is a session, or a fraction.

    A fraction holds out whole dialogues, drawn by `seed`, until at least that share of the utterances is out; an
    utterance without a dialogue stands for itself. Its speakers may be in training too.

    Raises:
        InputError: not exactly one of `session` and `fraction`, an unknown session, a fraction outside 0 to 1, or
            nothing left on one side.
    """
    if (session is None) == (fraction is None):
        raise UsageError(f"hold out: session {session!r} and fraction {fraction!r}; need exactly one of them")
    if session is not None:
        known = sessions_of(utterances, at_least=2)
        if session not in known:
            raise UsageError(f"hold out: no session {session!r}; the manifest has {', '.join(known)}")
        held_out = {utterance.id for utterance in utterances if utterance.session == session}
        name, reason = f"validation {session}", f"its session, {session}, validates"
    else:
        held_out = draw_dialogues(utterances, fraction, seed)
        name, reason = f"validation {fraction:g} of the utterances, whole dialogues", drawn(seed)
    return divide_for_use(
        1, name, utterances, lambda one: ("validation", reason) if one.id in held_out else ("train", "not held out")
    )


def drawn(seed: int) -> str:
    """The reason of an utterance that a draw of dialogues put into validation."""
    return f"its dialogue was drawn by seed {seed} to validate"


def draw_dialogues(utterances: Sequence[Utterance], fraction: float, seed: int) -> set[str]:
    """The ids of whole dialogues, drawn until they hold the fraction, from groups in sorted order.

    Raises:
        InputError: a fraction outside 0 to 1, or nothing left on one side.
    """
    if not 0 < fraction < 1:
        raise UsageError(f"hold out: fraction {fraction}; need a number between 0 and 1, such as 0.1")
    groups: dict[tuple[bool, str], list[str]] = {}
    for utterance in utterances:
        alone = utterance.dialogue is None
        groups.setdefault((alone, utterance.id if alone else utterance.dialogue), []).append(utterance.id)
    names = sorted(groups)
    held_out: set[str] = set()
    for name in np.random.default_rng(seed).permutation(len(names)):
        if len(held_out) >= fraction * len(utterances):
            break
        held_out.update(groups[names[name]])
    if not 0 < len(held_out) < len(utterances):
        raise InputError(
            f"hold out: fraction {fraction} of {len(utterances)} utterances in {len(names)} dialogues leaves nothing "
            "to train on; need a smaller fraction or more dialogues"
        )
    return held_out
