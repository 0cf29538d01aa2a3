"""What one explanation is worth, by hand: ranks with ties, the area under a curve of three pairs, a look at moments."""

from dataclasses import replace

import numpy as np
import pytest
from planted_corpus import explanation, utterances, write_record
from sklearn.metrics import roc_auc_score

from emoduet.explaining.types import Alignment
from emoduet.explaining_corpus.measures import (
    Measured,
    faithfulness_of,
    first_place,
    look_within,
    reciprocal_rank,
    speech_area,
    truth_of,
)
from emoduet.explaining_corpus.truth import Truth, read_truth
from emoduet.faithfulness import Course, Faithfulness, RankingTest


@pytest.fixture
def truth(tmp_path) -> Truth:
    write_record(tmp_path)
    return read_truth(utterances(tmp_path))


@pytest.mark.parametrize(
    ("scores", "place", "first", "rank"),
    [
        ([0.3, 0.2, 0.1], 0, 1, 1),
        ([0.3, 0.2, 0.1], 2, 0, 1 / 3),
        ([0.3, 0.3, 0.1], 1, 1 / 2, (1 + 1 / 2) / 2),
        ([0.3, 0.1, 0.1, 0.1], 3, 0, (1 / 2 + 1 / 3 + 1 / 4) / 3),
        ([0.0, 0.0], 0, 1 / 2, 3 / 4),
        ([-0.3, -0.1], 1, 1, 1),
    ],
)
def test_equal_scores_share_their_ranks(scores, place, first, rank):
    assert first_place(np.array(scores), place) == pytest.approx(first)
    assert reciprocal_rank(np.array(scores), place) == pytest.approx(rank)


TIMES = np.array([[0, 0.25], [0.25, 0.5], [0.5, 0.75], [0.75, 1.0], [1.0, 1.05]])


def test_speech_above_silence_by_hand():
    """Spoken: the first two, and the third by just half; silent: the fourth. Two of three pairs are in order."""
    scores = np.array([0.5, 0.1, 0.4, 0.2, 0.9])
    assert speech_area(scores, TIMES, ((0.0, 0.375), (0.375, 0.625))) == pytest.approx(2 / 3)


def test_equal_scores_count_half_and_short_ends_not_at_all():
    scores = np.array([0.2, 0.2, 0.1, 0.2, 0.0])
    assert speech_area(scores, TIMES, ((0.0, 0.5),)) == pytest.approx((1 + 0.5) / 2)
    assert speech_area(np.array([0.2, 0.2, 0.1, 0.2, 9.9]), TIMES, ((0.0, 0.5),)) == pytest.approx((1 + 0.5) / 2)


def test_the_area_is_that_of_scikit_learn():
    generator = np.random.default_rng(0)
    times = np.stack([np.arange(40) / 4, np.arange(1, 41) / 4], axis=1)
    scores, said = generator.integers(0, 9, 40) / 9, ((0.0, 1.25), (3.0, 7.25), (9.0, 9.5))
    spoken = [any(first <= start < last for first, last in said) for start, _ in times]
    assert speech_area(scores, times, said) == pytest.approx(roc_auc_score(spoken, scores))


@pytest.mark.parametrize("said", [((0.0, 1.05),), ()])
def test_all_speech_or_all_silence_has_no_area(said):
    assert speech_area(np.arange(5.0), TIMES, said or ((1.0, 1.05),)) is None


def test_a_look_goes_to_where_its_moments_lie():
    """Moments of 80 ms: the second lies within by a half, the third in full; the other word's look stands beside it."""
    alignment = Alignment(("no", "yes"), np.array([0.1, 0.3, 0.5]), np.array([[0.6, 0.3, 0.1], [0, 0, 1]]), np.zeros(0))
    assert look_within(alignment, 0, (0.3, 0.6), 1.0) == pytest.approx((0.15 + 0.1, 1.0))
    assert look_within(alignment, 1, (0.3, 0.6), 1.0) == pytest.approx((1.0, 0.15 + 0.1))


def test_moments_at_the_edges_are_cut_where_the_recording_ends():
    alignment = Alignment(("no", "yes"), np.array([0.0, 0.5]), np.array([[0.5, 0.5], [1, 0]]), np.zeros(0))
    assert look_within(alignment, 0, (0.0, 0.5), 0.52) == pytest.approx((0.5 + 0.5 * 4 / 6, 1.0))


def test_a_word_alone_has_no_other_to_be_held_against():
    alignment = Alignment(("no",), np.array([0.0, 0.5]), np.array([[0.5, 0.5]]), np.zeros(0))
    assert np.isnan(look_within(alignment, 0, (0.0, 0.5), 0.52)[1])


def test_what_was_planted_is_looked_for(truth):
    """Of four words the telling one scores second; one moment of three lies in full within 0.6 to 1.0, one by half."""
    found = truth_of(explanation(), truth)
    assert found["words: telling word first"] == Measured(0.0, 0.25, -0.25)
    rank, chance = 1 / 2, (1 + 1 / 2 + 1 / 3 + 1 / 4) / 4
    assert vars(found["words: telling word's reciprocal rank"]) == pytest.approx(
        {"value": rank, "chance": chance, "difference": rank - chance}
    )
    # 0.58 to 0.66 has three quarters within, 0.96 to 1.04 a half: 0.5 x 0.75 + 0.3 x 0.5; all words look alike
    look = found["telling word looks at its moment"]
    assert (look.value, look.chance, look.difference) == pytest.approx((0.525, 0.525, 0))
    # spoken 0.1, 0.2, 0.3 (0.15 of 0.25 s) and 0.05; silent 0.15, the end too short to count: two of four pairs
    assert found["moments: speech above silence"] == Measured(0.5, 0.5, 0.0)


def test_only_what_speaks_for_the_target_is_looked_for(truth):
    assert truth_of(explanation(target="happy"), truth) == {}
    assert truth_of(explanation("somebody else's"), truth) == {}
    assert set(truth_of(explanation("h", target="sad"), truth)) == {
        "words: telling word first",
        "words: telling word's reciprocal rank",
        "telling word looks at its moment",
    }
    assert set(truth_of(explanation("x"), truth)) == {"moments: speech above silence"}


def test_half_an_explanation_is_held_against_half_of_the_truth(truth):
    no_words = explanation(words=None, characters=None, word_scores=None, alignment=None)
    assert set(truth_of(no_words, truth)) == {"moments: speech above silence"}
    no_sound = explanation(times=None, span_scores=None, alignment=None)
    assert set(truth_of(no_sound, truth)) == {"words: telling word first", "words: telling word's reciprocal rank"}
    unread = explanation(words=("[SIGH]", "It"), word_scores=np.array([0.1, 0.2]))
    assert set(truth_of(unread, truth)) == {"moments: speech above silence"}
    without_pauses = replace(no_words, times=np.array([[0, 0.25], [0.25, 0.5]]), span_scores=np.array([0.1, 0.2]))
    assert truth_of(without_pauses, truth) == {}


def test_without_times_nothing_is_said_of_moments(truth):
    untimed = replace(truth, turns={"a": replace(truth.turns["a"], cue_time=None, said=())})
    assert set(truth_of(explanation(), untimed)) == {
        "words: telling word first",
        "words: telling word's reciprocal rank",
    }


def course(falls: bool, own: list[float], random: list[float]) -> Course:
    return Course(falls, np.array([0.0, 1.0]), np.array(own), np.array([random] * 19))


def test_faithfulness_is_areas_and_how_much_better_they_are():
    words = RankingTest("words", "angry", course(True, [0.8, 0.0], [0.8, 0.4]), course(False, [0, 0.8], [0, 0.6]), None)
    spans = RankingTest("moments", "angry", course(True, [1, 1], [1, 0]), course(False, [0, 0], [0, 0]), "all alike")
    found = faithfulness_of(explanation(faithfulness=Faithfulness(words, spans)))
    assert {name: (one.value, one.chance, one.difference) for name, one in found.items()} == {
        "words: deletion": pytest.approx((0.4, 0.6, 0.2)),
        "words: insertion": pytest.approx((0.4, 0.3, 0.1)),
        "moments: deletion": pytest.approx((1.0, 0.5, -0.5)),
        "moments: insertion": pytest.approx((0, 0, 0)),
    }
    one_word = explanation(word_scores=np.array([0.1]), faithfulness=Faithfulness(words, None))
    assert faithfulness_of(one_word) == {} == faithfulness_of(explanation())
