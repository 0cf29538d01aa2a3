"""Summaries by pencil: folds averaged and pooled, seeds, and what an interval is over."""

from dataclasses import replace

import numpy as np
import pytest

from emoduet.errors import InputError
from emoduet.evaluation import Answers
from emoduet.results import Spread, clusters_of, interval, pool, summarise
from emoduet.types import Utterance

CLASSES = ("angry", "happy")


def answers(pattern, speaker="S1F", **said):
    """One utterance a letter pair: "ah" is an angry one taken for a happy one."""
    names = {"a": 0, "h": 1}
    pairs = pattern.split()
    utterances = [
        Utterance(id=f"{speaker}{number}", label=CLASSES[names[pair[0]]], **{"speaker": speaker, **said})
        for number, pair in enumerate(pairs)
    ]
    rows = np.array([np.eye(2)[names[pair[1]]] for pair in pairs])
    return Answers(tuple(utterances), CLASSES, rows)


ONE = answers("aa aa aa hh", "S1F")  # UA 1, WA 1
TWO = answers("ah ha", "S2F")  # UA 0, WA 0


def test_fold_mean_and_pooled_scores_differ():
    """Pooled: angry 3 of 4, happy 1 of 2, all 4 of 6."""
    summary = summarise({(1, 0): ONE, (2, 0): TWO})
    assert summary.fold_mean_ua == Spread(0.5, None)
    assert summary.fold_mean_wa == Spread(0.5, None)
    assert summary.pooled_ua == Spread(pytest.approx(0.625), None)
    assert summary.pooled_wa == Spread(pytest.approx(4 / 6), None)
    assert (summary.num_utterances, summary.num_folds, summary.seeds) == (6, 2, (0,))
    assert summary.scores.confusion == ((3, 1), (1, 1))


def test_seeds_are_averaged_with_their_standard_deviation():
    """Pooled UA 1, 0.5 and 0.75 by seed: mean 0.75, sd 0.25; each utterance counts once."""
    halves = {seed: answers(pattern) for seed, pattern in enumerate(["aa hh aa hh", "aa ha aa ha", "aa hh aa ha"])}
    summary = summarise({(1, seed): of_seed for seed, of_seed in halves.items()})
    assert summary.pooled_ua == summary.fold_mean_ua == Spread(0.75, 0.25)
    assert summary.pooled_wa == Spread(0.75, 0.25)
    assert (summary.num_utterances, summary.num_folds, summary.seeds) == (4, 1, (0, 1, 2))
    assert summary.scores.num_utterances == 12


def test_both_f1_over_seeds():
    """Seed 0: angry 3 of 3 found by 4 answers, F1 6/7, happy 1 of 2 by 1 answer, F1 2/3; seed 1 is all right."""
    seeds = {(1, 0): answers("aa aa aa ha hh"), (1, 1): answers("aa aa aa hh hh")}
    macro, weighted = (6 / 7 + 2 / 3) / 2, (3 * 6 / 7 + 2 * 2 / 3) / 5
    summary = summarise(seeds)
    assert summary.pooled_macro_f1 == Spread(pytest.approx((1 + macro) / 2), pytest.approx((1 - macro) / 2**0.5))
    assert summary.pooled_weighted_f1 == Spread(
        pytest.approx((1 + weighted) / 2), pytest.approx((1 - weighted) / 2**0.5)
    )


def test_the_interval_is_over_speakers():
    """Two speakers all right, three all wrong: UA 0.4, with a standard error of root(0.4 x 0.6 / (5 - 1)) = 0.245.

    Student's t with 4 degrees of freedom is 2.776, so on the logit scale the ends lie 2.776 x 0.245 / 0.24 = 2.83 from
    -0.405: at 0.038 and 0.919. Were the twenty utterances resampled one by one, they would lie near 0.2 and 0.6.
    """
    summary = summarise({(n, 0): answers("aa hh aa hh" if n < 3 else "ah ha ah ha", f"S{n}F") for n in range(1, 6)})
    assert summary.pooled_ua.mean == pytest.approx(0.4)
    assert summary.ua_interval.low == pytest.approx(0.038, abs=0.01)
    assert summary.ua_interval.high == pytest.approx(0.919, abs=0.01)
    assert (summary.cluster_kind, summary.num_clusters) == ("speaker", 5)
    assert summary.as_json()["interval_over"] == "5 speakers"


@pytest.mark.parametrize(
    ("speakers", "words"),
    [(1, "1 speaker: too few for an interval"), (4, "4 speakers: too few for an interval")],
)
def test_few_speakers_have_no_interval(speakers, words):
    summary = summarise({(n, 0): answers("aa ha hh", f"S{n}F") for n in range(1, speakers + 1)})
    assert (summary.ua_interval, summary.num_clusters) == (None, speakers)
    assert summary.as_json()["interval_over"] == words


def test_a_score_that_every_speaker_has_gets_no_interval():
    """Resampling speakers who are all right would promise 100 % of anybody."""
    summary = summarise({(n, 0): answers("aa hh", f"S{n}F") for n in range(1, 8)})
    assert (summary.pooled_ua.mean, summary.ua_interval, summary.wa_interval) == (1.0, None, None)


def test_a_seed_that_lacks_a_fold_is_left_out():
    whole = {(1, 0): answers("aa hh", "S1F"), (2, 0): answers("aa ha", "S2F")}
    summary = summarise({**whole, (1, 1): answers("ah ha", "S1F")})
    assert summary == summarise(whole)
    assert (summary.seeds, summary.num_folds) == ((0,), 2)


def test_utterances_are_not_counted_as_speakers():
    assert interval(ONE, ["S1F", "S1F", "S2F", "S2F"]) is None


@pytest.mark.parametrize(
    ("speakers", "dialogues", "expected"),
    [
        (["F", "M"], ["d1", "d2"], ("speaker", ["F", "M"])),
        (["F", None], ["d1", "d2"], ("speaker", ["F", "unknown speaker, dialogue d2"])),
        ([None, None], ["d1", None], ("dialogue", ["d1", "unknown dialogue, dialogue None"])),
        ([None, None], [None, None], ("utterance", ["u0", "u1"])),
    ],
)
def test_what_is_resampled(speakers, dialogues, expected):
    both = zip(("u0", "u1"), speakers, dialogues, strict=True)
    utterances = [Utterance(id=id, speaker=speaker, dialogue=dialogue) for id, speaker, dialogue in both]
    assert clusters_of(utterances) == expected


def test_pooling_keeps_every_row_beside_its_utterance():
    both = pool([ONE, TWO])
    assert both.utterances == (*ONE.utterances, *TWO.utterances)
    assert both.labels.tolist() == [0, 0, 0, 1, 0, 1]
    assert both.predictions.tolist() == [0, 0, 0, 1, 1, 0]


def test_no_answers():
    with pytest.raises(InputError, match="no fold is finished yet; run the same command again to go on"):
        summarise({})


def test_json_form():
    values = summarise({(1, 0): ONE, (2, 0): replace(TWO)}).as_json()
    assert values["pooled_ua"] == {"mean": pytest.approx(0.625), "sd": None}
    assert values["ua_interval"] is None
    assert values["interval_over"] == "2 speakers: too few for an interval"
    assert values["scores"]["confusion"] == ((3, 1), (1, 1))
    assert values["seeds"] == (0,)
