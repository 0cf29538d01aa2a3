"""Speech made worse on purpose, by a stated amount: noise, rooms, telephones, codecs, levels, speed and lost packets.

Each corruption is a small frozen class: what it does, how much of it, and `apply(samples, rng)`. What goes in and what
comes out is float32 mono at 16 kHz, as `read_audio` gives it. Nothing is clipped on the way: samples beyond full scale
stay as they are, as a float recording keeps them. Time is kept, too: sample k of the answer is sample k of the speech,
but for `Speed`, which changes the clock. Files, manifests and models are known elsewhere.
"""

from emoduet.corruptions.amplitude import Clipping, Gain
from emoduet.corruptions.babble import NUM_VOICES, Babble, choose_voices, voiced
from emoduet.corruptions.bands import LowPass, Telephone
from emoduet.corruptions.catalogue import CORRUPTIONS, DEFAULT, corruptions_named
from emoduet.corruptions.codecs import Mp3, Opus
from emoduet.corruptions.corruption import Corruption, corrupted, rng_of
from emoduet.corruptions.noise import PinkNoise, WhiteNoise
from emoduet.corruptions.packets import PacketLoss
from emoduet.corruptions.reverberation import Reverberation
from emoduet.corruptions.speech_level import active_power
from emoduet.corruptions.speed import Speed

__all__ = [
    "CORRUPTIONS",
    "DEFAULT",
    "NUM_VOICES",
    "Babble",
    "Clipping",
    "Corruption",
    "Gain",
    "LowPass",
    "Mp3",
    "Opus",
    "PacketLoss",
    "PinkNoise",
    "Reverberation",
    "Speed",
    "Telephone",
    "WhiteNoise",
    "active_power",
    "choose_voices",
    "corrupted",
    "corruptions_named",
    "rng_of",
    "voiced",
]
