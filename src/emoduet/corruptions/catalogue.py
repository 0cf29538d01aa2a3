"""The corruptions a user can ask for by name, each from mild to severe.

`DEFAULT` is what a stress test runs unless told otherwise: two or three severities of what speech meets on its way to a
model. Other severities are made from the classes.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from emoduet.corruptions.amplitude import Clipping, Gain
from emoduet.corruptions.babble import Babble
from emoduet.corruptions.bands import LowPass, Telephone
from emoduet.corruptions.codecs import Mp3, Opus
from emoduet.corruptions.corruption import Corruption
from emoduet.corruptions.noise import PinkNoise, WhiteNoise
from emoduet.corruptions.packets import PacketLoss
from emoduet.corruptions.reverberation import Reverberation
from emoduet.corruptions.speed import Speed
from emoduet.errors import UsageError

SNRS = (20.0, 10.0, 0.0)

_FAMILIES: tuple[tuple[Corruption, ...], ...] = (
    tuple(WhiteNoise(snr) for snr in SNRS),
    tuple(PinkNoise(snr) for snr in SNRS),
    tuple(Babble(snr) for snr in SNRS),
    tuple(Reverberation(rt60) for rt60 in (0.3, 0.6, 1.0)),
    (Telephone(),),
    (LowPass(4000), LowPass(2000)),
    tuple(Mp3(bitrate) for bitrate in (64, 32, 16)),
    tuple(Opus(bitrate) for bitrate in (24, 12, 6)),
    tuple(Gain(gain) for gain in (10.0, -10.0, -20.0)),
    tuple(Clipping(share) for share in (0.01, 0.05, 0.2)),
    tuple(Speed(factor) for factor in (0.9, 1.1, 0.8, 1.25)),
    tuple(PacketLoss(share) for share in (0.02, 0.05, 0.1)),
)

CORRUPTIONS: Mapping[str, tuple[Corruption, ...]] = MappingProxyType({family[0].name: family for family in _FAMILIES})
"""Name -> its corruptions, from mild to severe."""

_DEFAULT_KEYS = (
    *("noise-white 20 dB", "noise-white 10 dB", "noise-white 0 dB"),
    *("noise-babble 20 dB", "noise-babble 10 dB", "noise-babble 0 dB"),
    *("reverberation 0.3 s", "reverberation 0.6 s", "reverberation 1 s"),
    *("telephone 300-3400 Hz", "mp3 32 kbit/s", "mp3 16 kbit/s", "opus 12 kbit/s", "opus 6 kbit/s"),
    *("gain +10 dB", "gain -20 dB", "clipping 5 %", "clipping 20 %"),
    *("speed 0.8 x", "speed 1.25 x", "packet-loss 5 %", "packet-loss 10 %"),
)


def corruptions_named(names: Sequence[str]) -> tuple[Corruption, ...]:
    """The corruptions of these names, in their order and each once.

    Args:
        names: families ("noise-white": all its severities), single ones by their key ("noise-white 10 dB"), "default"
            or "all".

    Raises:
        UsageError: a name is unknown.
    """
    found: dict[str, Corruption] = {}
    for name in names:
        found |= {one.key: one for one in _named(name)}
    return tuple(found.values())


def _named(name: str) -> tuple[Corruption, ...]:
    if name in _GROUPS:
        return _GROUPS[name]
    raise UsageError(
        f"no corruption is called {name!r}; there are {', '.join(CORRUPTIONS)}, each also with one of its severities "
        f"(such as {_DEFAULT_KEYS[1]!r}), default and all"
    )


_SINGLE = {one.key: (one,) for family in _FAMILIES for one in family}

DEFAULT: tuple[Corruption, ...] = tuple(_SINGLE[key][0] for key in _DEFAULT_KEYS)

_GROUPS = {**CORRUPTIONS, **_SINGLE, "default": DEFAULT, "all": tuple(one for family in _FAMILIES for one in family)}
