"""The doctor's ears: opens every sound of a manifest and says what a training run would trip over.

What cannot be used (does not decode, is silent, is not as long as annotated) is a fault; what only may
matter (another rate, several channels, clipping) is an oddity. Thresholds stand below, each once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from emoduet.audio import SAMPLING_RATE, AudioInfo, probe_audio, read_audio
from emoduet.corpora.doctor import stated_duration
from emoduet.errors import AudioError
from emoduet.types import Seconds, Utterance

SILENCE = 1e-3
"""A sound whose largest sample stays below this share of full scale (-60 dB) is silent."""
CLIPPED_SAMPLE = 0.999
CLIPPED_SHARE = 1e-3
"""A sound is clipped when more than this share of its samples stand at full scale."""
DURATION_SLACK: Seconds = 0.1
"""How far a file's length may be from the annotated one."""


@dataclass(frozen=True)
class Finding:
    """One thing heard in one utterance; `cause` is short and the same for all such utterances."""

    id: str
    cause: str
    detail: str
    fault: bool


def listen(utterances: Sequence[Utterance], progress: Callable[[], None] = lambda: None) -> list[Finding]:
    """Opens the sound of every utterance that names one, in order; `progress` is called once for each utterance."""
    findings = []
    for utterance in utterances:
        if utterance.audio is not None:
            findings += _heard(utterance)
        progress()
    return findings


def _heard(utterance: Utterance) -> list[Finding]:
    try:
        info = probe_audio(utterance.audio)
        sound = read_audio(utterance.audio, start=utterance.start, end=utterance.end, sampling_rate=SAMPLING_RATE)
    except AudioError as error:
        return [Finding(utterance.id, "cannot be read", str(error), fault=True)]
    found = [*_form(info), *_level(sound), *_length(utterance, info)]
    return [Finding(utterance.id, cause, detail, fault) for cause, detail, fault in found]


def _form(info: AudioInfo) -> list[tuple[str, str, bool]]:
    found = []
    if info.sampling_rate != SAMPLING_RATE:
        found.append(("another rate", f"{info.sampling_rate} Hz; read as {SAMPLING_RATE} Hz", False))
    if info.num_channels != 1:
        found.append(("several channels", f"{info.num_channels} channels; read as their mean", False))
    return found


def _level(sound: np.ndarray) -> list[tuple[str, str, bool]]:
    levels = np.abs(sound)
    peak = float(levels.max())
    if peak < SILENCE:
        return [("silent", f"largest sample {peak:.1e} of full scale; want {SILENCE:.0e} or more", True)]
    share = float((levels >= CLIPPED_SAMPLE).mean())
    return [("clipped", f"{share:.1%} of the samples at full scale", False)] if share > CLIPPED_SHARE else []


def _length(utterance: Utterance, info: AudioInfo) -> list[tuple[str, str, bool]]:
    """Whole files alone: a part that lies outside its file cannot be read in the first place."""
    if utterance.start is not None or utterance.end is not None:
        return []
    stated = stated_duration(utterance)
    if stated is None or abs(stated - info.duration) <= DURATION_SLACK:
        return []
    return [("not as long as annotated", f"{info.duration:.2f} s; annotated {stated:.2f} s", True)]
