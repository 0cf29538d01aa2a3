"""Speech in a room: image sources of pyroomacoustics in rooms of a stated reverberation time.

The extra `stress` installs pyroomacoustics. A room has a few places for speaker and microphone, fixed for all time, of
which each utterance draws one, so that a corpus needs some impulse responses and not one an utterance. The direct sound
arrives when the speech was spoken, and the energy of the utterance stays what it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy.signal import fftconvolve

from emoduet.corruptions.corruption import Corruption, check_parameter
from emoduet.errors import InputError
from emoduet.sound_frames import SAMPLING_RATE
from emoduet.types import Seconds

NUM_PLACES = 8
"""Pairs of places for speaker and microphone in each room."""

ROOMS = ((0.45, (4.0, 3.5, 2.5)), (0.8, (6.0, 5.0, 3.0)), (1.5, (10.0, 8.0, 4.0)))
"""Longest reverberation time (s), and length, width and height (m) of the room for it: office, living room, hall."""

DISTANCE = (0.7, 2.0)
"""Metres from speaker to microphone."""

FROM_WALLS = 0.5
"""Metres from the walls, floor and ceiling, at least."""

TOLERANCE = 0.03
"""How far the measured reverberation time of a room may be from what was asked for."""

MOST_CORRECTIONS = 5

NUM_THREADS = 2
"""Threads that pyroomacoustics computes with: sums in one order, whatever the machine."""


@dataclass(frozen=True)
class Reverberation(Corruption):
    """A room whose sound falls by 60 dB in `rt60` seconds, heard from 0.7 to 2 m.

    What rings on beyond the end of the utterance is cut off.
    """

    rt60: Seconds
    name: ClassVar[str] = "reverberation"

    def __post_init__(self) -> None:
        check_parameter("reverberation time in s", self.rt60, 0.2, ROOMS[-1][0])

    @property
    def severity(self) -> str:
        return f"{self.rt60:g} s"

    def _changed(self, samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        response = impulse_response(self.rt60, int(rng.integers(NUM_PLACES)))
        reverberant = fftconvolve(samples, response)[: len(samples)]
        energy = np.square(reverberant).sum()
        return reverberant * np.sqrt(np.square(samples, dtype=np.float64).sum() / energy) if energy else samples


@lru_cache(maxsize=8 * NUM_PLACES)
def impulse_response(rt60: Seconds, place: int) -> Float[np.ndarray, "samples"]:
    """What the microphone hears of a click, from its direct sound on; not to be written to.

    The reverberation time, measured from -5 to -35 dB, is within 3 % of `rt60`: Sabine's formula, which gives the first
    guess of how much the walls swallow, is off by up to a third in a room with flat parallel walls.

    Raises:
        InputError: pyroomacoustics is not installed.
    """
    acoustics = _pyroomacoustics()
    asked = rt60
    for _ in range(MOST_CORRECTIONS):
        response = _simulated(acoustics, rt60, asked, place)
        measured = acoustics.experimental.rt60.measure_rt60(response, SAMPLING_RATE, decay_db=30)
        if abs(measured / rt60 - 1) <= TOLERANCE:
            break
        asked *= rt60 / measured
    response.setflags(write=False)
    return response


def _simulated(acoustics: ModuleType, rt60: Seconds, asked: Seconds, place: int) -> np.ndarray:
    """The response of the room for `rt60`, with walls that Sabine's formula gives for `asked`."""
    size = next(size for longest, size in ROOMS if rt60 <= longest)
    speed_of_sound = acoustics.constants.get("c")
    absorption, _ = acoustics.inverse_sabine(asked, size)
    _, max_order = acoustics.inverse_sabine(rt60, size)
    speaker, microphone, delay = _places(np.array(size), speed_of_sound, np.random.default_rng(place))
    room = acoustics.ShoeBox(
        size, fs=SAMPLING_RATE, materials=acoustics.Material(absorption), max_order=max_order, air_absorption=False
    )
    room.add_source(speaker)
    room.add_microphone(microphone)
    with _fixed_threads(acoustics):
        room.compute_rir()
    return room.rir[0][0][delay + acoustics.constants.get("frac_delay_length") // 2 :]


def _places(size: np.ndarray, speed_of_sound: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    """Speaker, microphone, and the delay between them: whole samples, so that the direct sound is one of them."""
    least, most = (round(metres / speed_of_sound * SAMPLING_RATE) for metres in DISTANCE)
    while True:
        microphone = rng.uniform(FROM_WALLS, size - FROM_WALLS)
        direction = rng.standard_normal(3)
        delay = int(rng.integers(least, most + 1))
        speaker = microphone + direction / np.linalg.norm(direction) * (delay * speed_of_sound / SAMPLING_RATE)
        if np.all((speaker >= FROM_WALLS) & (speaker <= size - FROM_WALLS)):
            return speaker, microphone, delay


@contextmanager
def _fixed_threads(acoustics: ModuleType) -> Iterator[None]:
    before = acoustics.constants.get("num_threads")
    acoustics.constants.set("num_threads", NUM_THREADS)
    try:
        yield
    finally:
        acoustics.constants.set("num_threads", before)


def _pyroomacoustics() -> ModuleType:
    try:
        import pyroomacoustics
    except ImportError as error:
        raise InputError(f'reverberation needs pyroomacoustics ({error}): pip install "emoduet[stress]"') from error
    return pyroomacoustics
