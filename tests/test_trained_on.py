"""How much a run trains on: sessions where there are any, utterances always."""

from emoduet.protocols import Fold
from emoduet.trained_on import sessions_in_words, sessions_trained_on, utterances_in_words


def fold(utterances: int, *sessions: str) -> Fold:
    ids = tuple(f"u{place}" for place in range(utterances))
    return Fold(1, "test S9", ids, (), ("x",), (), sessions, (), ("S9",), dict.fromkeys((*ids, "x"), ""))


def test_folds_of_sessions():
    folds = [fold(674, "S1", "S2", "S3"), fold(1702, "S1", "S2"), fold(690, "S4", "S5")]
    assert sessions_trained_on(folds) == (2, 3)
    assert sessions_in_words(folds) == "2 to 3 sessions"
    assert utterances_in_words(folds) == "674 to 1,702 utterances"


def test_one_is_no_plural():
    assert (sessions_in_words([fold(1, "S1")]), utterances_in_words([fold(1, "S1")])) == ("1 session", "1 utterance")


def test_a_corpus_without_sessions_trains_on_none_and_nothing_is_said_of_them():
    folds = [fold(8), fold(8)]
    assert (sessions_trained_on(folds), sessions_in_words(folds)) == ((), "")
    assert utterances_in_words(folds) == "8 utterances"


def test_of_no_folds_nothing_is_said():
    assert (sessions_trained_on([]), sessions_in_words([]), utterances_in_words([])) == ((), "", "")
