"""Votes of invented raters agree with the label they belong to, however one counts them."""

from collections import Counter

import numpy as np
import pytest

from emoduet.corpora.synthetic.raters import WORDS, AttributeVote, Rating, draw_rating


def ratings(code: str, count: int = 60) -> list[Rating]:
    rng = np.random.default_rng(5)
    return [draw_rating(rng, code, "F", 0.0, 0.0) for _ in range(count)]


def tops(rating: Rating, external_only: bool) -> list[str]:
    """The most frequent words; two or more where there is no majority."""
    votes = [vote for vote in rating.categories if vote.rater.startswith("E") or not external_only]
    counts = Counter(word for vote in votes for word in vote.words)
    return [word for word, count in counts.items() if count == max(counts.values())]


@pytest.mark.parametrize("external_only", [True, False])
@pytest.mark.parametrize("code", WORDS)
def test_the_label_is_the_only_most_frequent_word(code, external_only):
    assert {tuple(tops(rating, external_only)) for rating in ratings(code)} == {(WORDS[code],)}


@pytest.mark.parametrize("external_only", [True, False])
def test_turns_without_majority_have_several_most_frequent_words(external_only):
    assert all(len(tops(rating, external_only)) >= 3 for rating in ratings("xxx"))


def test_votes_are_often_split_some_raters_name_two_words_and_some_comment():
    votes = [vote for rating in ratings("ang") for vote in rating.categories]
    assert any("Anger" not in vote.words for vote in votes if vote.rater.startswith("E"))
    assert any(len(vote.words) == 2 for vote in votes)
    assert any(vote.comment for vote in votes)
    assert {vote.rater for vote in votes} == {"E1", "E2", "E3", "E4", "F1"}


def test_means_leave_the_actors_own_vote_out():
    rating = Rating((), (AttributeVote("E1", 1, 2, 3), AttributeVote("E4", 2, 5, 3), AttributeVote("M1", 5, 5, 5)))
    assert rating.means() == (1.5, 3.5, 3.0)


def test_activation_follows_arousal_and_stays_on_the_scale():
    rng = np.random.default_rng(6)
    low, high = ([draw_rating(rng, "neu", "M", arousal, 0.0).means()[1] for _ in range(50)] for arousal in (-9, 9))
    assert (max(low), min(high)) == (1.0, 5.0)
