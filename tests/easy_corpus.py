"""A corpus that is easy to hear and to read: each class has its own pitch and its own words. Seconds to learn."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from emoduet.config import Recipe, read_recipe
from emoduet.manifest import write_manifest
from emoduet.types import Utterance

CLASSES = ("angry", "happy", "neutral", "sad")
PITCHES = (800, 400, 200, 1600)  # Hz
WORDS = ("no stop it", "what a joy", "the table is set", "leave me alone")

SMALL = (
    "audio_features.num_filters=16",
    "audio_features.lstm_size=16",
    "text_projection.size=32",
    "optimizer.learning_rate=0.003",
    "optimizer.head_factor=1.0",
    "optimizer.max_gradient_norm=1.0",
    "training.batch_size=4",
    "training.accumulation=1",
    "training.epochs=2",
)
_OF_SYSTEM = {"audio-only": ("audio_features",), "text-only": ("text_projection",)}


def small(name: str, *overrides: str) -> list[str]:
    """Overrides that make a demo recipe small enough for a test, and independent of the demo's own numbers."""
    everything = ("audio_features", "text_projection")
    kept = next((sections for part, sections in _OF_SYSTEM.items() if part in name), everything)
    return [one for one in SMALL if one.startswith((*kept, "optimizer", "training"))] + list(overrides)


def small_recipe(name: str = "demo-paper", *overrides: str) -> Recipe:
    """A demo recipe made small; later overrides win."""
    return read_recipe(name, small(name, *overrides))


def easy_utterances(
    folder: Path,
    sessions: int = 3,
    turns: int = 8,
    *,
    pitches: Sequence[int] = PITCHES,
    words: Sequence[str] = WORDS,
    **said: object,
) -> list[Utterance]:
    """Labels go round in turn, two speakers take turns by twos, four turns are a dialogue; `said` is set in each."""
    folder.mkdir(parents=True, exist_ok=True)
    generator, utterances = np.random.default_rng(0), []
    for session in range(1, sessions + 1):
        for turn in range(turns):
            kind = turn % len(CLASSES)
            seconds = np.arange(4000 + 160 * turn) / 16_000
            tone = 0.3 * np.sin(2 * np.pi * pitches[kind] * seconds) + generator.normal(0, 0.01, len(seconds))
            path = folder / f"s{session}t{turn}.wav"
            soundfile.write(path, tone, 16_000)
            known = {
                "id": path.stem,
                "audio": str(path),
                "transcript": words[kind],
                "label": CLASSES[kind],
                "session": f"S{session}",
                "speaker": f"S{session}{'FM'[turn // 2 % 2]}",
                "dialogue": f"S{session}d{turn // 4}",
            }
            utterances.append(Utterance(**{**known, **said}))
    return utterances


def write_easy_corpus(folder: Path, sessions: int = 3, turns: int = 8, **said: object) -> Path:
    """The same on disk; returns the manifest."""
    write_manifest(folder / "easy.jsonl", easy_utterances(folder, sessions, turns, **said))
    return folder / "easy.jsonl"
