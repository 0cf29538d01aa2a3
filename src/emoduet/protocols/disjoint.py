"""Protocols that never train on the script, or on any scenario, that they test.

Scripted scenes are played in every session, so that leaving a session out leaves its lines in training. Here what is
tested is one scenario of one session, by a model that has met neither.
"""

from collections.abc import Callable, Sequence

from emoduet.errors import InputError
from emoduet.protocols.fold import Fold, FoldOptions, divide
from emoduet.protocols.needs import after, need, sessions_of
from emoduet.protocols.sessions import BySession
from emoduet.types import Utterance


def script_disjoint(utterances: Sequence[Utterance], options: FoldOptions) -> tuple[Fold, ...]:
    """For each session a fold of its improvised turns, as under loso, and one for each of its scripts.

    Raises:
        InputError: the manifest lacks sessions, kinds or the scenarios of scripted turns, or nothing is scripted.
    """
    need(utterances, "scripted")
    scripted = [utterance for utterance in utterances if utterance.scripted]
    if not scripted:
        raise InputError(f"none of {len(utterances)} utterances is scripted, so no script can be kept apart; take loso")
    need(scripted, "scenario")
    return _folds(utterances, lambda utterance: utterance.scenario if utterance.scripted else None)


def scenario_disjoint(utterances: Sequence[Utterance], options: FoldOptions) -> tuple[Fold, ...]:
    """For each session one fold for each of its scenarios, improvised or scripted.

    Raises:
        InputError: the manifest lacks sessions or scenarios.
    """
    need(utterances, "scenario")
    return _folds(utterances, lambda utterance: utterance.scenario)


ScenarioOf = Callable[[Utterance], str | None]
"""The scenario that must be kept apart; None for a turn that is tested as under loso."""


def _folds(utterances: Sequence[Utterance], scenario_of: ScenarioOf) -> tuple[Fold, ...]:
    sessions = sessions_of(utterances, at_least=3)
    tested = sorted(
        {(one.session, scenario_of(one)) for one in utterances},
        key=lambda pair: (pair[0], pair[1] is not None, pair[1]),
    )
    return tuple(
        _fold(number, utterances, scenario_of, scenario, BySession(session, after(session, sessions)))
        for number, (session, scenario) in enumerate(tested, start=1)
    )


def _fold(
    number: int, utterances: Sequence[Utterance], scenario_of: ScenarioOf, scenario: str | None, by_session: BySession
) -> Fold:
    def place(utterance: Utterance) -> tuple[str, str]:
        part, reason = by_session(utterance)
        own = scenario_of(utterance)
        if part == "test":
            if own == scenario:
                return part, f"{reason}, {'improvised turns' if scenario is None else scenario} in this fold"
            return "left_out", f"{reason}, but {'improvised turns' if own is None else own} in another fold"
        if scenario is not None and own == scenario:
            return "left_out", f"its scenario, {scenario}, is tested"
        return part, reason

    what = "improvised" if scenario is None else scenario
    return divide(number, f"test {by_session.tested} {what}", utterances, place)
