"""Speaks a list of lines with espeak-ng in a process of its own: standard library only, run as a program by `speech`.

espeak-ng seeds the noise of breathy voices by the clock unless told otherwise, and keeps state from one line to the
next, so the sound of a line depends on everything its process said before.
A process therefore speaks one dialogue from its first line to its last, and the same dialogue always sounds the same.
Importing nothing but the standard library keeps the start of such a process below a tenth of a second.
The program reads one JSON object from stdin (`library`, `data`, `lines`) and answers on stdout with one frame a line:
its number of samples and of words as little-endian unsigned 32-bit integers, the samples as 16-bit integers, and for
each word three more unsigned integers: its first letter's place in the line, its first sample, and the one behind its
last. No sound is resampled or stored here.
"""

import ctypes
import json
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile

SAMPLING_RATE = 22_050
"""What espeak-ng's own synthesiser produces, in Hz."""

_SYNCHRONOUS = 2
_UTF8 = 1
_PHONEME_EVENTS = 0x0001
_RETURN_ON_FAILURE = 0x8000
_BREATH_SEED = 1
_PARAMETERS = {"rate": 1, "volume": 2, "pitch": 3, "range": 4}
_LIST_TERMINATED, _WORD, _END, _PHONEME = 0, 1, 5, 7

Word = tuple[int, int, int]
"""A word's place in the line, in letters, its first sample, and the one behind its last."""


class _Event(ctypes.Structure):
    """What espeak-ng tells of its speech: `espeak_EVENT` of its header; letters are counted from 1."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("phoneme", ctypes.c_char * 8),
    )

    @property
    def ends_a_word(self) -> bool:
        """Whether a word that was being said is over: another begins, a pause (named `_...`), or the clause ends."""
        return self.type in (_WORD, _END) or (self.type == _PHONEME and self.phoneme.startswith(b"_"))


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class Synthesizer:
    """espeak-ng loaded into this process; it can be loaded once a process."""

    def __init__(self, library: str, data: str) -> None:
        """Loads the shared library and its voices.

        Raises:
            RuntimeError: espeak-ng does not start with this data folder.
        """
        self._espeak = ctypes.CDLL(library)
        rate = self._espeak.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _RETURN_ON_FAILURE | _PHONEME_EVENTS)
        if rate != SAMPLING_RATE:
            raise RuntimeError(f"{data}: espeak-ng answered {rate} at its start; wanted {SAMPLING_RATE} Hz")
        self._espeak.espeak_ng_SetRandSeed(ctypes.c_long(_BREATH_SEED))
        self._pieces: list[bytes] = []
        self._begun: list[tuple[int, int]] = []
        self._ends: list[int] = []
        self._callback = _Callback(self._collect)
        self._espeak.espeak_SetSynthCallback(self._callback)

    def speak(self, text: str, voice: str, settings: Mapping[str, int]) -> tuple[bytes, list[Word]]:
        """The 16-bit samples of one spoken line, and where each of its words lies; a pause belongs to no word.

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
        for kept in (self._pieces, self._begun, self._ends):
            kept.clear()
        encoded = text.encode() + b"\0"
        self._espeak.espeak_Synth(encoded, ctypes.c_size_t(len(encoded)), 0, 0, 0, _UTF8, None, None)
        self._espeak.espeak_Synchronize()
        samples = b"".join(self._pieces)
        ends = sorted([*self._ends, len(samples) // 2])
        return samples, [(letter, first, _next_of(ends, first)) for letter, first in self._begun]

    def _collect(self, samples, num_samples: int, events) -> int:
        if samples and num_samples > 0:
            self._pieces.append(ctypes.string_at(samples, 2 * num_samples))
        for event in takewhile(lambda one: one.type != _LIST_TERMINATED, events):
            if event.type == _WORD:
                self._begun.append((event.text_position - 1, event.sample))
            if event.ends_a_word:
                self._ends.append(event.sample)
        return 0


def _next_of(ends: Sequence[int], first: int) -> int:
    return next((end for end in ends if end > first), first)


def frames(library: str, data: str, lines: Sequence[Mapping]) -> Iterator[bytes]:
    """One frame for every line, spoken in order; a line is a mapping of `text`, `voice` and `settings`."""
    synthesizer = Synthesizer(library, data)
    for line in lines:
        samples, words = synthesizer.speak(line["text"], line["voice"], line["settings"])
        numbers = [number for word in words for number in word]
        yield struct.pack("<II", len(samples) // 2, len(words)) + samples + struct.pack(f"<{len(numbers)}I", *numbers)


if __name__ == "__main__":
    for frame in frames(**json.load(sys.stdin)):
        sys.stdout.buffer.write(frame)
