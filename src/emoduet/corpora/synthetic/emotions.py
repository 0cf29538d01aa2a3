"""How the synthetic corpus ties sound and words to emotion: every distribution as data, and the draws from them.

A turn's emotion code sets two hidden cues, arousal and valence, each Gaussian around the code's mean with standard
deviation 1; the cues set espeak-ng's settings. Apart from them, the code sets which group the one telling word of the
line comes from. Sound says mostly arousal, words say mostly valence, and both overlap between codes, so that neither
alone is enough. Nothing here was measured on people: the numbers are chosen, and `ceilings` computes what they allow.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

CODE_PRIORS: Mapping[str, float] = {
    "neu": 0.22,
    "hap": 0.09,
    "exc": 0.12,
    "sad": 0.19,
    "ang": 0.20,
    "fru": 0.05,
    "sur": 0.02,
    "fea": 0.01,
    "dis": 0.01,
    "oth": 0.01,
    "xxx": 0.08,
}
"""How often each emotion code is drawn; `xxx` is a turn whose raters find no majority."""

CUE_MEANS: Mapping[str, tuple[float, float]] = {
    "neu": (-1.5, 0.55),
    "hap": (1.4, 0.55),
    "exc": (1.6, 0.55),
    "sad": (-1.5, -0.55),
    "ang": (1.5, -0.55),
    "fru": (0.5, -0.5),
    "sur": (1.2, 0.2),
    "fea": (0.8, -0.8),
    "dis": (0.0, -0.8),
    "oth": (0.0, 0.0),
    "xxx": (0.0, 0.0),
}
"""Mean (arousal, valence) in the sound of a code's turns, in standard deviations."""

SETTINGS: Mapping[str, tuple[float, float, float, int, int]] = {
    "rate": (210.0, 42.0, 0.0, 80, 450),
    "volume": (70.0, 14.0, 0.0, 15, 130),
    "pitch": (50.0, 12.0, 4.0, 0, 99),
    "range": (50.0, 8.0, 22.0, 0, 99),
}
"""espeak-ng's settings: value at rest, gain on arousal, gain on valence, least, greatest (whole numbers)."""

GROUP_COLUMNS = ("hostile", "bad", "grief", "joy", "good", "plain", "open")
_NEGATIVE_LOUD = (0.43, 0.42, 0.05, 0.02, 0.02, 0.01, 0.05)
_NEGATIVE_SOFT = (0.05, 0.42, 0.43, 0.01, 0.02, 0.02, 0.05)
_POSITIVE_LOUD = (0.02, 0.02, 0.01, 0.43, 0.42, 0.05, 0.05)
_POSITIVE_SOFT = (0.01, 0.02, 0.02, 0.05, 0.42, 0.43, 0.05)
_EVEN = (0.10, 0.20, 0.10, 0.10, 0.20, 0.10, 0.20)
WORD_GROUPS: Mapping[str, tuple[float, ...]] = {
    "neu": _POSITIVE_SOFT,
    "hap": _POSITIVE_LOUD,
    "exc": _POSITIVE_LOUD,
    "sad": _NEGATIVE_SOFT,
    "ang": _NEGATIVE_LOUD,
    "fru": (0.20, 0.50, 0.15, 0.02, 0.03, 0.05, 0.05),
    "sur": (0.05, 0.10, 0.05, 0.20, 0.20, 0.05, 0.35),
    "fea": (0.10, 0.45, 0.30, 0.02, 0.03, 0.02, 0.08),
    "dis": (0.35, 0.45, 0.08, 0.02, 0.03, 0.02, 0.05),
    "oth": _EVEN,
    "xxx": _EVEN,
}
"""P(word group | code), in the order of `GROUP_COLUMNS`; a word is uniform within its group."""


@dataclass(frozen=True, slots=True)
class SoundCues:
    """What the sound of one turn carries: hidden arousal and valence, in standard deviations."""

    arousal: float
    valence: float

    def settings(self) -> dict[str, int]:
        """The whole-numbered espeak-ng settings these cues lead to, clipped to what espeak-ng takes."""
        values = {}
        for name, (rest, on_arousal, on_valence, least, greatest) in SETTINGS.items():
            wanted = rest + on_arousal * self.arousal + on_valence * self.valence
            values[name] = int(min(max(round(wanted), least), greatest))
        return values


def draw_code(rng: np.random.Generator) -> str:
    """An emotion code by `CODE_PRIORS`."""
    return _pick(rng, CODE_PRIORS)


def draw_group(rng: np.random.Generator, code: str) -> str:
    """A word group by P(group | code)."""
    return _pick(rng, dict(zip(GROUP_COLUMNS, WORD_GROUPS[code], strict=True)))


def draw_code_given_group(rng: np.random.Generator, group: str) -> str:
    """A code by P(code | group), so that code and group of a repeated line are distributed as in a line said once."""
    column = GROUP_COLUMNS.index(group)
    return _pick(rng, {code: CODE_PRIORS[code] * WORD_GROUPS[code][column] for code in CODE_PRIORS})


def draw_cues(rng: np.random.Generator, code: str) -> SoundCues:
    """Arousal and valence of one turn of a code."""
    arousal, valence = rng.normal(CUE_MEANS[code], 1.0)
    return SoundCues(round(float(arousal), 4), round(float(valence), 4))


def distributions() -> dict[str, object]:
    """Everything the draws use, as plain data for a JSON file."""
    setting_keys = ("at_rest", "gain_arousal", "gain_valence", "least", "greatest")
    return {
        "code_priors": dict(CODE_PRIORS),
        "sound_cue_means": {code: asdict(SoundCues(*means)) for code, means in CUE_MEANS.items()},
        "sound_cue_standard_deviation": 1.0,
        "espeak_settings": {name: dict(zip(setting_keys, row, strict=True)) for name, row in SETTINGS.items()},
        "word_groups": {code: dict(zip(GROUP_COLUMNS, row, strict=True)) for code, row in WORD_GROUPS.items()},
    }


def _pick(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    edges = np.cumsum(list(weights.values()))
    return list(weights)[int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))]
