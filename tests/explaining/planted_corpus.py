"""A record of a synthetic corpus written by hand, and the utterances and explanations that go with it."""

import json
from pathlib import Path

import numpy as np

from emoduet.explaining.types import Alignment, Explanation
from emoduet.types import Utterance

CLASSES = ("angry", "happy", "sad")

RECORD = {
    "synthetic": True,
    "format": 2,
    "distributions": {
        "code_priors": {"ang": 0.2, "hap": 0.1, "exc": 0.3, "sad": 0.2},
        "sound_cue_means": {
            "ang": {"arousal": 1.0, "valence": -1.0},
            "hap": {"arousal": 1.0, "valence": 1.0},
            "exc": {"arousal": 3.0, "valence": 1.0},
            "sad": {"arousal": -1.0, "valence": -1.0},
        },
        "sound_cue_standard_deviation": 1.0,
        "word_groups": {
            "ang": {"bad": 0.8, "good": 0.0, "open": 0.2},
            "hap": {"bad": 0.4, "good": 0.4, "open": 0.2},
            "exc": {"bad": 0.0, "good": 0.8, "open": 0.2},
            "sad": {"bad": 0.4, "good": 0.65, "open": 0.2},
        },
    },
    "utterances": {
        name: {
            "code": code,
            "word_group": group,
            "cue_word": "awful",
            "cue_index": 3,
            "word_times": [None, [0.0, 0.25], [0.25, 0.5], [0.6, 1.0]],
            "arousal": 1.0,
            "valence": -1.0,
        }
        for name, code, group in (("a", "ang", "bad"), ("h", "hap", "good"), ("x", "exc", "open"), ("s", "sad", "bad"))
    },
}
"""Happy is made of two codes: `hap` is a quarter of it, `exc` the rest. Likelihoods need not sum to one here."""

LABELS = {"a": "angry", "h": "happy", "x": "happy", "s": "sad"}


def utterances(folder: Path) -> list[Utterance]:
    """The four of the record, whose sounds would lie below `folder`."""
    return [
        Utterance(
            id=name,
            audio=str(folder / "Session1" / "wav" / f"{name}.wav"),
            transcript="[SIGH] It was awful.",
            label=label,
            speaker=f"speaker {name}",
            extra={"synthetic": True},
        )
        for name, label in LABELS.items()
    ]


def write_record(folder: Path, **changes: object) -> Path:
    """The record where a corpus has it; returns its path."""
    path = folder / "Documentation" / "synthetic.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(RECORD | changes))
    return path


def explanation(name: str = "a", target: str = "angry", **changes: object) -> Explanation:
    """Of "[SIGH] It was awful.", 1.1 s long; the telling word scores second, and silence is only at the end."""
    words = ("[SIGH]", "It", "was", "awful.")
    made = {
        "id": name,
        "classes": CLASSES,
        "probabilities": np.array([0.5, 0.3, 0.2]),
        "target": target,
        "method": "attention",
        "words": words,
        "characters": ((0, 6), (7, 9), (10, 13), (14, 20)),
        "word_scores": np.array([0.5, 0.1, 0.1, 0.3]),
        "times": np.array([[0, 0.25], [0.25, 0.5], [0.5, 0.75], [0.75, 1.0], [1.0, 1.25], [1.25, 1.3]]),
        "span_scores": np.array([0.1, 0.2, 0.3, 0.05, 0.15, 0.0]),
        "alignment": Alignment(words, np.array([0.2, 0.62, 1.0]), np.tile([0.2, 0.5, 0.3], (4, 1)), np.zeros((3, 4))),
        "faithfulness": None,
        "notes": (),
    }
    return Explanation(**(made | changes))
