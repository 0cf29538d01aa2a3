"""One model for use: what is held out, and what of it follows the seed."""

from dataclasses import replace

import pytest
from dyadic import corpus, sessions_in

from emoduet.errors import InputError
from emoduet.protocols import hold_out


def test_hold_out_a_session():
    fold = hold_out(corpus(), session="Ses05")
    assert (fold.number, fold.name, fold.test, fold.test_sessions) == (1, "validation Ses05", (), ())
    assert fold.train_sessions == ("Ses01", "Ses02", "Ses03", "Ses04")
    assert fold.validation_sessions == ("Ses05",)
    assert sessions_in(fold.validation) == {"Ses05"}


@pytest.mark.parametrize(("fraction", "held_out"), [(0.1, 4), (0.25, 12), (0.5, 20), (0.001, 4)])
def test_hold_out_a_fraction_in_whole_dialogues(fraction, held_out):
    utterances = corpus()  # 40 utterances in dialogues of 4
    fold = hold_out(utterances, fraction=fraction)
    dialogue_of = {one.id: one.dialogue for one in utterances}
    assert (len(fold.validation), len(fold.train), fold.test) == (held_out, 40 - held_out, ())
    assert not {dialogue_of[id] for id in fold.train} & {dialogue_of[id] for id in fold.validation}


def test_hold_out_follows_the_seed_and_not_the_order():
    utterances = corpus()
    parts = {seed: hold_out(utterances, fraction=0.2, seed=seed).validation for seed in range(5)}
    assert len(set(parts.values())) > 1
    assert set(hold_out(utterances[::-1], fraction=0.2, seed=3).validation) == set(parts[3])


def test_hold_out_without_dialogues_or_sessions_draws_utterances():
    utterances = [replace(one, dialogue=None, session=None) for one in corpus()]
    fold = hold_out(utterances, fraction=0.1)
    assert (len(fold.validation), fold.train_sessions) == (4, ())


@pytest.mark.parametrize(
    ("utterances", "options", "message"),
    [
        (corpus(), {}, r"session None and fraction None; need exactly one of them"),
        (corpus(), {"session": "Ses01", "fraction": 0.1}, r"session 'Ses01' and fraction 0.1; need exactly one"),
        (corpus(2), {"session": "Ses09"}, r"no session 'Ses09'; the manifest has Ses01, Ses02"),
        (corpus(1), {"session": "Ses01"}, r"1 sessions \['Ses01'\]; need at least 2"),
        (corpus(), {"fraction": 0.0}, r"fraction 0.0; need a number between 0 and 1"),
        (corpus(), {"fraction": 1.0}, r"fraction 1.0; need a number between 0 and 1"),
        (
            corpus(1, scenarios=("impro01",)),
            {"fraction": 0.1},
            r"fraction 0.1 of 4 utterances in 1 dialogues leaves nothing",
        ),
        ([], {"fraction": 0.1}, r"fraction 0.1 of 0 utterances in 0 dialogues leaves nothing"),
    ],
)
def test_bad_hold_out(utterances, options, message):
    with pytest.raises(InputError, match=message):
        hold_out(utterances, **options)
