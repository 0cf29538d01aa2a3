"""A small corpus of dyadic sessions, to be divided by pencil."""

from emoduet.protocols import PROTOCOLS, Fold, FoldOptions
from emoduet.types import Utterance

SCENARIOS = ("impro01", "impro02", "script01", "script02")


def corpus(num_sessions=5, scenarios=SCENARIOS[:2], turns=2):
    """In each dialogue both speakers take turns; the dialogue's name says who wears the markers, not who speaks."""
    return [
        Utterance(
            id=f"Ses0{session}{'FM'[number % 2]}_{scenario}_{letter}{turn:03}",
            session=f"Ses0{session}",
            dialogue=f"Ses0{session}{'FM'[number % 2]}_{scenario}",
            scenario=scenario,
            scripted=scenario.startswith("script"),
            speaker=f"Ses0{session}{letter}",
            label=["ang", "sad"][turn % 2],
        )
        for session in range(1, num_sessions + 1)
        for number, scenario in enumerate(scenarios)
        for letter in "FM"
        for turn in range(turns)
    ]


def folds_of(name, utterances, **options) -> tuple[Fold, ...]:
    """The folds of the protocol of this name."""
    return PROTOCOLS[name].make_folds(utterances, FoldOptions(**options))


def sessions_in(ids):
    return {id[:5] for id in ids}


def scenarios_in(ids):
    return {id.split("_")[1] for id in ids}


def parts(fold):
    """Ids of the four parts, as sets."""
    return set(fold.train), set(fold.validation), set(fold.test), set(fold.left_out)
