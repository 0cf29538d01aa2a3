"""Leave one speaker out: one true speaker is tested, and who spoke with them is kept away from training.

The speaker is who speaks, never who wears the recording's markers.
"""

from collections.abc import Sequence

from emoduet.errors import InputError
from emoduet.protocols.fold import Fold, FoldOptions, Place, divide
from emoduet.protocols.needs import after, need
from emoduet.types import Utterance


def leave_one_speaker_out(utterances: Sequence[Utterance], options: FoldOptions) -> tuple[Fold, ...]:
    """A fold a speaker, in sorted order; all speakers of the next session in which they do not speak validate.

    Where no utterance names a session, the next speaker validates, and what is kept away is the turns of others in
    the tested speaker's dialogues.

    Raises:
        InputError: an utterance without a speaker, sessions for some utterances only, or too few speakers or sessions.
    """
    need(utterances, "speaker")
    speakers = sorted({utterance.speaker for utterance in utterances})
    if len(speakers) < 3:
        raise InputError(f"{len(speakers)} speakers {speakers}; need at least 3 for this division")
    if any(utterance.session is not None for utterance in utterances):
        need(utterances, "session")
        places = [_among_sessions(utterances, tested) for tested in speakers]
    else:
        places = [_among_speakers(utterances, tested, after(tested, speakers)) for tested in speakers]
    return tuple(
        divide(number, f"test {tested}", utterances, place)
        for number, (tested, place) in enumerate(zip(speakers, places, strict=True), start=1)
    )


def _among_sessions(utterances: Sequence[Utterance], tested: str) -> Place:
    theirs = {one.session for one in utterances if one.speaker == tested}
    partners = {one.speaker for one in utterances if one.session in theirs}
    validating = _session_after(sorted({one.session for one in utterances}), theirs, tested)

    def place(utterance: Utterance) -> tuple[str, str]:
        if utterance.speaker == tested:
            return "test", f"its speaker, {tested}, is tested"
        if utterance.speaker in partners:
            return "left_out", f"its speaker, {utterance.speaker}, shares a session with {tested}, who is tested"
        if utterance.session == validating:
            return "validation", f"its session, {validating}, validates"
        return "train", f"its speaker, {utterance.speaker}, trains"

    return place


def _session_after(sessions: Sequence[str], theirs: set[str], tested: str) -> str:
    """The next session, in a circle, in which the tested speaker does not speak."""
    first = sessions.index(max(theirs))
    for session in (*sessions[first + 1 :], *sessions[:first]):
        if session not in theirs:
            return session
    raise InputError(f"speaker {tested} speaks in every session ({', '.join(sessions)}), so none is left to validate")


def _among_speakers(utterances: Sequence[Utterance], tested: str, validating: str) -> Place:
    dialogues = {one.dialogue for one in utterances if one.speaker == tested} - {None}

    def place(utterance: Utterance) -> tuple[str, str]:
        if utterance.speaker == tested:
            return "test", f"its speaker, {tested}, is tested"
        if utterance.dialogue in dialogues:
            return "left_out", f"it is part of a dialogue with {tested}, who is tested"
        if utterance.speaker == validating:
            return "validation", f"its speaker, {validating}, validates"
        return "train", f"its speaker, {utterance.speaker}, trains"

    return place
