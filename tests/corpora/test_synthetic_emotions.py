"""What the synthetic corpus draws, against the distributions it states, and the ceilings those allow."""

import itertools
import json
from collections import Counter
from math import exp

import numpy as np
import pytest

from emoduet.corpora.synthetic.ceilings import bayes_ceilings
from emoduet.corpora.synthetic.emotions import (
    CODE_PRIORS,
    CUE_MEANS,
    GROUP_COLUMNS,
    WORD_GROUPS,
    SoundCues,
    distributions,
    draw_code,
    draw_code_given_group,
    draw_cues,
    draw_group,
)
from emoduet.labels import IEMOCAP_CATEGORIES

CLASS_CODES = (("ang",), ("hap", "exc"), ("neu",), ("sad",))


def test_tables_are_distributions_over_iemocaps_codes():
    assert set(CODE_PRIORS) == set(CUE_MEANS) == set(WORD_GROUPS) == set(IEMOCAP_CATEGORIES)
    assert sum(CODE_PRIORS.values()) == pytest.approx(1)
    for code, row in WORD_GROUPS.items():
        assert sum(row) == pytest.approx(1), code


@pytest.mark.parametrize(
    ("arousal", "valence", "expected"),
    [
        (0.0, 0.0, {"rate": 210, "volume": 70, "pitch": 50, "range": 50}),
        (1.0, 0.0, {"rate": 252, "volume": 84, "pitch": 62, "range": 58}),
        (-1.0, 1.0, {"rate": 168, "volume": 56, "pitch": 42, "range": 64}),
        (-9.0, -9.0, {"rate": 80, "volume": 15, "pitch": 0, "range": 0}),
        (9.0, 9.0, {"rate": 450, "volume": 130, "pitch": 99, "range": 99}),
    ],
)
def test_settings_are_linear_in_the_cues_and_clipped(arousal, valence, expected):
    assert SoundCues(arousal, valence).settings() == expected


def test_codes_are_drawn_by_their_priors():
    rng = np.random.default_rng(0)
    counts = Counter(draw_code(rng) for _ in range(20_000))
    for code, prior in CODE_PRIORS.items():
        assert counts[code] / 20_000 == pytest.approx(prior, abs=0.01), code


def test_code_given_group_leaves_the_joint_distribution_unchanged():
    rng = np.random.default_rng(1)
    repeated: Counter = Counter()
    for _ in range(20_000):
        group = draw_group(rng, draw_code(rng))
        repeated[draw_code_given_group(rng, group), group] += 1
    for code, (column, group) in itertools.product(CODE_PRIORS, enumerate(GROUP_COLUMNS)):
        expected = CODE_PRIORS[code] * WORD_GROUPS[code][column]
        assert repeated[code, group] / 20_000 == pytest.approx(expected, abs=0.01), (code, group)


def test_drawn_cues_have_the_stated_means_and_unit_deviation():
    rng = np.random.default_rng(2)
    drawn = np.array([(cues.arousal, cues.valence) for cues in (draw_cues(rng, "ang") for _ in range(5_000))])
    assert drawn.mean(axis=0) == pytest.approx((1.5, -0.55), abs=0.05)
    assert drawn.std(axis=0) == pytest.approx((1, 1), abs=0.05)


def test_each_modality_is_useful_and_both_exceed_either_by_fifteen_points():
    ceilings = bayes_ceilings()
    assert 60 <= ceilings["words"] <= 68
    assert 60 <= ceilings["sound"] <= 68
    assert ceilings["sound_without_volume"] == ceilings["sound"]
    assert 85 <= ceilings["both"] <= 92
    assert ceilings["both"] >= max(ceilings["sound"], ceilings["words"]) + 15


def test_ceilings_equal_the_recall_of_the_best_classifier_on_drawn_turns():
    rng = np.random.default_rng(3)
    recalls: dict[str, list[float]] = {"sound": [], "words": [], "both": []}
    for place, codes in enumerate(CLASS_CODES):
        drawn = [_draw(rng, codes) for _ in range(3_000)]
        for name, hits in recalls.items():
            hits.append(float(np.mean([_best_class(name, *turn) == place for turn in drawn])))
    ceilings = bayes_ceilings()
    for name, hits in recalls.items():
        assert 100 * np.mean(hits) == pytest.approx(ceilings[name], abs=1.5), name


def _draw(rng: np.random.Generator, codes: tuple[str, ...]) -> tuple[SoundCues, str]:
    shares = np.array([CODE_PRIORS[code] for code in codes])
    code = str(rng.choice(codes, p=shares / shares.sum()))
    return draw_cues(rng, code), draw_group(rng, code)


def _best_class(name: str, cues: SoundCues, group: str) -> int:
    """The class of highest likelihood, written from the definitions: mixtures of codes by their priors."""
    scores = []
    for codes in CLASS_CODES:
        score, weight = 0.0, 0.0
        for code in codes:
            mean_arousal, mean_valence = CUE_MEANS[code]
            sound = exp(-((cues.arousal - mean_arousal) ** 2 + (cues.valence - mean_valence) ** 2) / 2)
            words = WORD_GROUPS[code][GROUP_COLUMNS.index(group)]
            likelihood = {"sound": sound, "words": words, "both": sound * words}[name]
            score += CODE_PRIORS[code] * likelihood
            weight += CODE_PRIORS[code]
        scores.append(score / weight)
    return int(np.argmax(scores))


def test_distributions_are_plain_data_with_the_numbers_drawn_from():
    stated = json.loads(json.dumps(distributions()))
    assert stated["code_priors"]["neu"] == 0.22
    assert stated["sound_cue_means"]["sad"] == {"arousal": -1.5, "valence": -0.55}
    assert stated["word_groups"]["ang"]["hostile"] == 0.43
    assert stated["espeak_settings"]["rate"]["gain_arousal"] == 42.0
