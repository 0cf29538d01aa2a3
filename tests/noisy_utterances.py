"""Utterances of noise and of common words, written to disk: enough for a training to run, nothing to be learned."""

from pathlib import Path

import numpy as np
import soundfile

from emoduet.types import Utterance

CLASSES = ("angry", "happy", "neutral", "sad")
WORDS = ("oh no i hate this", "what a lovely day", "well i do not know", "please leave me alone")


def write_utterances(folder: Path, count: int, duration: float = 0.3) -> tuple[Utterance, ...]:
    """Labels and words go round in turn; each utterance is a little longer than the one before it."""
    generator = np.random.default_rng(0)
    utterances = []
    for number in range(count):
        samples = generator.normal(0, 0.1, round(16_000 * (duration + 0.01 * number)))
        path = folder / f"u{number}.wav"
        soundfile.write(path, samples, 16_000)
        turn = number % len(CLASSES)
        utterances.append(
            Utterance(id=f"u{number}", audio=str(path), transcript=WORDS[turn], label=CLASSES[turn], session="1")
        )
    return tuple(utterances)
