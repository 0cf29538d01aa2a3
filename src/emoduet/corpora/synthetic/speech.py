"""Turns planned dialogues into sound: one espeak-ng process a dialogue, then 16 kHz samples.

Processes run side by side, but each speaks exactly one dialogue in its own order, so the number of workers never
changes a sample. espeak-ng is GPL-3 and comes with the optional package espeakng-loader, which is looked for only when
speech is wanted.
"""

import json
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import soxr

from emoduet.corpora.synthetic import espeak
from emoduet.corpora.synthetic.layout import SAMPLING_RATE, Saying, Sound
from emoduet.corpora.synthetic.scenes import Dialogue
from emoduet.errors import InputError, UsageError

_VARIANTS = {"F": ("f1", "f2", "f3", "f4", "f5"), "M": ("m1", "m2", "m3", "m4", "m7")}


def voice(session: int, speaker: str) -> str:
    """The espeak-ng voice of a speaker; ten voices, taken in turn when there are more than five sessions.

    >>> voice(2, "F"), voice(7, "F")
    ('en-us+f2', 'en-us+f2')
    """
    variants = _VARIANTS[speaker]
    return f"en-us+{variants[(session - 1) % len(variants)]}"


def speak_dialogues(dialogues: Sequence[Dialogue], workers: int) -> Iterator[list[Sound]]:
    """For each dialogue, in order, its turns' sounds and when each word is said.

    Raises:
        InputError: the package espeakng-loader is not installed, fewer than one worker, or espeak-ng failed.
    """
    if workers < 1:
        raise UsageError(f"--workers {workers}: need at least 1")
    paths = find_espeak()
    with ThreadPoolExecutor(min(workers, len(dialogues))) as pool:
        yield from pool.map(lambda dialogue: _speak(dialogue, paths), dialogues)


def find_espeak() -> dict[str, str]:
    """Where espeak-ng's shared library and its voices are.

    Raises:
        InputError: the package espeakng-loader is not installed.
    """
    try:
        import espeakng_loader
    except ImportError:
        raise InputError(
            "synthetic speech: espeak-ng is not installed; run: pip install 'emoduet[demo]' (espeak-ng is GPL-3)"
        ) from None
    return {"library": str(espeakng_loader.get_library_path()), "data": str(espeakng_loader.get_data_path())}


def _speak(dialogue: Dialogue, paths: dict[str, str]) -> list[Sound]:
    lines = [
        {
            "text": turn.line.spoken,
            "voice": voice(dialogue.session, turn.speaker),
            "settings": turn.cues.settings(),
        }
        for turn in dialogue.turns
    ]
    request = json.dumps({**paths, "lines": lines}).encode()
    child = subprocess.run([sys.executable, "-I", espeak.__file__], input=request, capture_output=True)
    if child.returncode != 0:
        reason = child.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        raise InputError(f"{dialogue.name}: espeak-ng ended with exit code {child.returncode}: {reason[0]}")
    return [Sound(_resample(samples), words) for samples, words in _frames(child.stdout)]


def _frames(stream: bytes) -> Iterator[tuple[np.ndarray, Saying]]:
    """Each line's samples, and when the word that begins at a letter is said."""
    place = 0
    while place < len(stream):
        num_samples, num_words = struct.unpack_from("<II", stream, place)
        samples = np.frombuffer(stream, "<i2", num_samples, place + 8)
        words = np.frombuffer(stream, "<u4", 3 * num_words, place + 8 + samples.nbytes).reshape(-1, 3)
        yield (
            samples,
            {
                letter: (first / espeak.SAMPLING_RATE, end / espeak.SAMPLING_RATE)
                for letter, first, end in words.tolist()
            },
        )
        place += 8 + samples.nbytes + words.nbytes


def _resample(samples: np.ndarray) -> np.ndarray:
    resampled = soxr.resample(samples.astype(np.float32), espeak.SAMPLING_RATE, SAMPLING_RATE)
    return np.clip(np.rint(resampled), -32768, 32767).astype("<i2")
