"""Labels dealt out anew for the control."""

from collections import Counter
from dataclasses import replace

import pytest
from dyadic import corpus, folds_of

from emoduet.errors import InputError
from emoduet.protocols import shuffle_labels


def test_shuffled_labels_are_the_same_labels_elsewhere():
    utterances = corpus()
    fold = folds_of("loso", utterances)[0]
    truth = {one.id: one.label for one in utterances}
    shuffled = shuffle_labels(utterances, fold.train, seed=0)
    assert list(shuffled) == sorted(fold.train)
    assert Counter(shuffled.values()) == Counter(truth[id] for id in fold.train)
    moved = sum(shuffled[id] != truth[id] for id in shuffled)
    assert 6 <= moved <= 18  # of 24, two equal classes: about half


def test_shuffled_labels_follow_the_seed_and_not_the_order():
    utterances = corpus()
    ids = [one.id for one in utterances]
    assert shuffle_labels(utterances, ids, seed=1) == shuffle_labels(utterances[::-1], ids[::-1], seed=1)
    assert shuffle_labels(utterances, ids, seed=1) != shuffle_labels(utterances, ids, seed=2)


def test_shuffling_needs_labels():
    utterances = corpus()
    utterances[0] = replace(utterances[0], label=None)
    with pytest.raises(InputError, match=rf"utterance {utterances[0].id} has no label"):
        shuffle_labels(utterances, [utterances[0].id, utterances[1].id], seed=0)
    with pytest.raises(InputError, match=r"utterance elsewhere is not in the manifest"):
        shuffle_labels(utterances, ["elsewhere", utterances[1].id], seed=0)
