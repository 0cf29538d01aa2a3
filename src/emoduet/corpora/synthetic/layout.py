"""Writes dialogues as IEMOCAP lays its release out: evaluations, transcriptions and one wav file a turn.

Only the files that text-and-speech studies read are written: `dialog/EmoEvaluation`, `dialog/transcriptions` and
`sentences/wav`. Video, motion capture, alignments and two-channel dialogue recordings are left out. The flaws of real
copies of the release are the work of `oddities`.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from emoduet.corpora.synthetic.raters import Rating
from emoduet.corpora.synthetic.scenes import Dialogue, Turn
from emoduet.types import Seconds

SAMPLING_RATE = 16_000

_FIRST_START: Seconds = 6.2
_PAUSE: Seconds = 0.45
_HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]"


Saying = Mapping[int, tuple[Seconds, Seconds]]
"""When the word that begins at a letter of a spoken line is said, from the turn's beginning."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A turn's 16-bit samples at 16 kHz, and when its words are said; none where nothing is."""

    samples: np.ndarray
    saying: Saying = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timed:
    """A turn with its full id, its place within the dialogue's recording, and when its words are said within itself."""

    id: str
    turn: Turn
    start: Seconds
    end: Seconds
    saying: Saying


@dataclass(frozen=True, slots=True)
class Folders:
    """Where one dialogue's files go."""

    evaluations: Path
    transcriptions: Path
    sentences: Path

    @classmethod
    def of(cls, root: Path, dialogue: Dialogue) -> "Folders":
        """The folders of a dialogue below the corpus root, created where missing."""
        session = root / f"Session{dialogue.session}"
        folders = cls(
            session / "dialog" / "EmoEvaluation",
            session / "dialog" / "transcriptions",
            session / "sentences" / "wav" / dialogue.name,
        )
        for folder in (folders.evaluations, folders.transcriptions, folders.sentences):
            folder.mkdir(parents=True, exist_ok=True)
        return folders


def write_dialogue(root: Path, dialogue: Dialogue, sounds: Sequence[Sound], carriage_returns: bool) -> list[Timed]:
    """Writes one dialogue's evaluation, transcription and wav files.

    Args:
        sounds: of each turn, in the order of the turns.
        carriage_returns: end the transcription's lines as Windows does.

    Returns:
        The turns with their ids and times.
    """
    timed = _place(dialogue, sounds)
    folders = Folders.of(root, dialogue)
    evaluation = "\n".join([_HEADER, "", *(block for item in timed for block in evaluation_block(item))])
    (folders.evaluations / f"{dialogue.name}.txt").write_bytes(evaluation.encode())
    ending = "\r\n" if carriage_returns else "\n"
    transcription = "".join(line + ending for line in _transcription(dialogue, timed))
    (folders.transcriptions / f"{dialogue.name}.txt").write_bytes(transcription.encode())
    for place, (item, sound) in enumerate(zip(timed, sounds, strict=True)):
        (folders.sentences / f"{item.id}.wav").write_bytes(wav_bytes(sound.samples, odd=place == 1))
    return timed


def wav_bytes(samples: np.ndarray, odd: bool = False) -> bytes:
    """A 16 kHz one-channel 16-bit wav file.

    Args:
        odd: let the sound end in half a sample, one byte too many, as some tools leave files; decoders drop it.
    """
    data = samples.astype("<i2").tobytes() + (b"\0" if odd else b"")
    padded = data + b"\0" * (len(data) % 2)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, SAMPLING_RATE, 2 * SAMPLING_RATE, 2, 16)
    head = struct.pack("<4sI4s", b"RIFF", 4 + len(form) + 8 + len(padded), b"WAVE")
    return head + form + struct.pack("<4sI", b"data", len(data)) + padded


def evaluation_block(item: Timed) -> list[str]:
    """The lines an evaluation file holds on one turn, with the blank line that ends them."""
    valence, activation, dominance = item.turn.rating.means()
    means = f"[{valence:.4f}, {activation:.4f}, {dominance:.4f}]"
    main = f"[{item.start:.4f} - {item.end:.4f}]\t{item.id}\t{item.turn.code}\t{means}"
    return [main, *_votes(item.turn.rating), ""]


def _votes(rating: Rating) -> list[str]:
    categories = [
        f"C-{vote.rater}:\t{' '.join(f'{word};' for word in vote.words)}\t({vote.comment})"
        for vote in rating.categories
    ]
    attributes = [
        f"A-{vote.rater}:\tval {vote.valence}; act {vote.activation}; dom  {vote.dominance};\t()"
        for vote in rating.attributes
    ]
    return categories + attributes


def _place(dialogue: Dialogue, sounds: Sequence[Sound]) -> list[Timed]:
    timed, start = [], _FIRST_START
    for turn, sound in zip(dialogue.turns, sounds, strict=True):
        duration = len(sound.samples) / SAMPLING_RATE
        timed.append(Timed(f"{dialogue.name}_{turn.name}", turn, start, start + duration, sound.saying))
        start += duration + _PAUSE
    return timed


def _transcription(dialogue: Dialogue, timed: Sequence[Timed]) -> list[str]:
    """Rows in time order, with unlabelled `XX` murmurs after the first turn and a note no parser expects at the end."""
    rows = [_row(item.id, item.start, item.end, item.turn.line.transcript) for item in timed]
    murmurs = [
        _row(f"{dialogue.name}_{speaker}XX0", timed[0].end, timed[0].end + _PAUSE, text)
        for speaker, text in dialogue.backchannels
    ]
    return [rows[0], *murmurs, *rows[1:], "M: sorry"]


def _row(turn_id: str, start: Seconds, end: Seconds, text: str) -> str:
    return f"{turn_id} [{start:08.4f}-{end:08.4f}]: {text}"
