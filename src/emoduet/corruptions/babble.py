"""Other people talking: voices from the same corpus, all equally loud, behind the one that is listened to.

Which utterances they come from is chosen here by their ids (`choose_voices`); whoever has read them hands them over as
arrays (`voiced`). Nothing is read here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from emoduet.corruptions.corruption import Corruption
from emoduet.corruptions.noise import Noise
from emoduet.corruptions.speech_level import active_power
from emoduet.errors import AudioError, InputError

NUM_VOICES = 6
"""Voices that babble unless more or fewer are handed over: enough that no single one is understood."""


@dataclass(frozen=True)
class Babble(Noise):
    """The sum of other voices.

    Each voice is brought to the same active level, begins at a moment drawn for it, and is heard again from its
    beginning where it ends before the utterance does. Without voices `apply` raises an InputError, with none but silent
    ones an AudioError.
    """

    voices: tuple[np.ndarray, ...] = field(default=(), compare=False, repr=False)
    """Float32 at 16 kHz, [samples] each; all of them are heard."""
    name: ClassVar[str] = "noise-babble"

    def _drawn(self, num_samples: int, rng: np.random.Generator) -> np.ndarray:
        if not self.voices:
            raise InputError(f"{self.key}: no voices; hand over other utterances of the corpus with voiced()")
        levels = [active_power(voice) for voice in self.voices]
        if not any(levels):
            raise AudioError(f"{self.key}: all {len(levels)} voices are silent; take other utterances")
        talking = [voice / np.sqrt(power) for voice, power in zip(self.voices, levels, strict=True) if power]
        times = np.arange(num_samples)
        return sum(voice[(times + rng.integers(len(voice))) % len(voice)] for voice in talking)


def voiced(corruption: Corruption, voices: Sequence[Float[np.ndarray, "_"]]) -> Corruption:
    """`Babble` with these voices; any other corruption as it is."""
    return replace(corruption, voices=tuple(voices)) if isinstance(corruption, Babble) else corruption


def choose_voices(
    utterance_id: str, speakers: Mapping[str, str | None], rng: np.random.Generator, count: int = NUM_VOICES
) -> tuple[str, ...]:
    """The utterances that babble behind one: `count` ids of other speakers, or all there are, if fewer.

    The order of `speakers` does not matter.

    Args:
        speakers: utterance id -> speaker; None is somebody unknown, who is taken for somebody else.

    Raises:
        InputError: no utterance is by another speaker.
    """
    own = speakers[utterance_id]
    others = sorted(
        id for id, speaker in speakers.items() if id != utterance_id and (speaker is None or speaker != own)
    )
    if not others:
        raise InputError(
            f"{utterance_id}: babble needs utterances of other speakers than {own}; the manifest has none. Leave "
            f"{Babble.name} out, or take a manifest of several speakers"
        )
    return tuple(others[index] for index in rng.permutation(len(others))[:count])
