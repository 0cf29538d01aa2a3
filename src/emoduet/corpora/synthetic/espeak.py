"""Speaks a list of lines with espeak-ng in a process of its own: standard library only, run as a program by `speech`.

espeak-ng seeds the noise of breathy voices by the clock unless told otherwise, and keeps state from one line to the
next, so the sound of a line depends on everything its process said before.
A process therefore speaks one dialogue from its first line to its last, and the same dialogue always sounds the same.
Importing nothing but the standard library keeps the start of such a process below a tenth of a second.
The program reads one JSON object from stdin (`library`, `data`, `lines`) and answers on stdout with one frame a line:
its number of samples as a little-endian unsigned 32-bit integer, then the samples as 16-bit integers. No sound is
resampled or stored here.
"""

import ctypes
import json
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence

SAMPLING_RATE = 22_050
"""What espeak-ng's own synthesiser produces, in Hz."""

_SYNCHRONOUS = 2
_UTF8 = 1
_RETURN_ON_FAILURE = 0x8000
_BREATH_SEED = 1
_PARAMETERS = {"rate": 1, "volume": 2, "pitch": 3, "range": 4}
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Synthesizer:
    """espeak-ng loaded into this process; it can be loaded once a process."""

    def __init__(self, library: str, data: str) -> None:
        """Loads the shared library and its voices.

        Raises:
            RuntimeError: espeak-ng does not start with this data folder.
        """
        self._espeak = ctypes.CDLL(library)
        rate = self._espeak.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _RETURN_ON_FAILURE)
        if rate != SAMPLING_RATE:
            raise RuntimeError(f"{data}: espeak-ng answered {rate} at its start; wanted {SAMPLING_RATE} Hz")
        self._espeak.espeak_ng_SetRandSeed(ctypes.c_long(_BREATH_SEED))
        self._pieces: list[bytes] = []
        self._callback = _Callback(self._collect)
        self._espeak.espeak_SetSynthCallback(self._callback)

    def speak(self, text: str, voice: str, settings: Mapping[str, int]) -> bytes:
        """The 16-bit samples of one spoken line.

        Args:
            voice: a voice and variant as espeak-ng names them, such as `en-us+f1`.
            settings: `rate` (words a minute), `volume` (100 is normal), `pitch` and `range` (0 to 99, 50 is normal).

        Raises:
            RuntimeError: espeak-ng has no such voice.
        """
        if self._espeak.espeak_SetVoiceByName(voice.encode()) != 0:
            raise RuntimeError(f"espeak-ng has no voice {voice!r}; need one of its names, such as 'en-us+f1'")
        for name, value in settings.items():
            self._espeak.espeak_SetParameter(_PARAMETERS[name], int(value), 0)
        self._pieces.clear()
        encoded = text.encode() + b"\0"
        self._espeak.espeak_Synth(encoded, ctypes.c_size_t(len(encoded)), 0, 0, 0, _UTF8, None, None)
        self._espeak.espeak_Synchronize()
        return b"".join(self._pieces)

    def _collect(self, samples, num_samples: int, events) -> int:
        if samples and num_samples > 0:
            self._pieces.append(ctypes.string_at(samples, 2 * num_samples))
        return 0


def frames(library: str, data: str, lines: Sequence[Mapping]) -> Iterator[bytes]:
    """One frame for every line, spoken in order; a line is a mapping of `text`, `voice` and `settings`."""
    synthesizer = Synthesizer(library, data)
    for line in lines:
        samples = synthesizer.speak(line["text"], line["voice"], line["settings"])
        yield struct.pack("<I", len(samples) // 2) + samples


if __name__ == "__main__":
    for frame in frames(**json.load(sys.stdin)):
        sys.stdout.buffer.write(frame)
