"""Bayes ceilings of the synthetic corpus: the best unweighted accuracy that sound, words or both can reach.

They are computed from the very distributions that `emotions` draws from, so they move with them. The classifier meant
is the best possible one: it knows every distribution, reads the hidden cues without error and chooses the class of
highest likelihood, which is what maximises the mean of the per-class recalls. A model that hears only waveforms and
learns from few utterances stays below.
"""

from collections.abc import Mapping
from math import sqrt

import numpy as np

from emoduet.corpora.synthetic.emotions import CODE_PRIORS, CUE_MEANS, WORD_GROUPS
from emoduet.labels import PAPER_LABELS

_STEP = 0.05
_EDGE = 7.0


def bayes_ceilings() -> dict[str, float]:
    """Unweighted accuracy in percent of the best classifier by sound alone, words alone and both, over four classes.

    Happy is the mixture of the codes `hap` and `exc`, as the classes of the paper have it. The integral over arousal
    and valence is a sum over a grid of step 0.05.
    """
    sound, words = _sound_likelihoods(), _word_likelihoods()
    both = sound[:, :, None] * words[:, None, :]
    return {name: round(100 * _best_recall(table), 2) for name, table in _named(sound, words, both).items()}


def _named(sound: np.ndarray, words: np.ndarray, both: np.ndarray) -> Mapping[str, np.ndarray]:
    """`sound_without_volume` equals `sound`: rate alone gives arousal away, and pitch range then gives valence away."""
    return {"sound": sound, "sound_without_volume": sound, "words": words, "both": both.reshape(len(both), -1)}


def _best_recall(likelihoods: np.ndarray) -> float:
    """Mean recall of the maximum-likelihood classifier; a row a class, a column an outcome, rows sum to one."""
    return float(likelihoods.max(axis=0).sum() / len(likelihoods))


def _sound_likelihoods() -> np.ndarray:
    """P(cell of the arousal-valence grid | class)  # [classes, cells]."""
    grid = np.arange(-_EDGE, _EDGE + _STEP / 2, _STEP)
    cells = {code: np.outer(_gaussian(grid - a), _gaussian(grid - v)).ravel() for code, (a, v) in CUE_MEANS.items()}
    return _by_class(cells)


def _word_likelihoods() -> np.ndarray:
    """P(word group | class)  # [classes, groups]."""
    return _by_class({code: np.array(row) for code, row in WORD_GROUPS.items()})


def _by_class(by_code: Mapping[str, np.ndarray]) -> np.ndarray:
    rows = []
    for wanted in PAPER_LABELS.classes:
        codes = [code for code in CODE_PRIORS if PAPER_LABELS.class_of(code) == wanted]
        rows.append(sum(CODE_PRIORS[code] * by_code[code] for code in codes) / sum(CODE_PRIORS[code] for code in codes))
    return np.stack(rows)


def _gaussian(x: np.ndarray) -> np.ndarray:
    return np.exp(-(x**2) / 2) * _STEP / sqrt(2 * np.pi)
