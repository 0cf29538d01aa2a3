"""Where a run was surest and wrong; with the words and the sound only where they were asked for."""

import io
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soundfile

from emoduet.audio import SAMPLING_RATE, read_audio
from emoduet.report.contents import Signal, Subject
from emoduet.report.numbers import percent
from emoduet.results import pool
from emoduet.types import Utterance

SHOWN = 10
"""Mistakes a run."""

DO_NOT_SHARE = (
    "Do not share this file. It holds {what} of the corpus, and most corpora (IEMOCAP among them) are licensed to one "
    "user and forbid passing any of it on."
)


@dataclass(frozen=True)
class Mistake:
    """A wrong answer, as text; `transcript` and `audio` (a data: address) are None where they were not asked for."""

    id: str
    speaker: str
    label: str
    answer: str
    probability: str
    of_label: str
    transcript: str | None
    audio: str | None


def mistakes_of(subject: Subject, signal: Signal) -> list[Mistake]:
    """The wrong answers of highest probability, each utterance once; none where only labels are known.

    Raises:
        AudioError: sound was asked for and cannot be read.
    """
    if subject.run.only_labels:
        return []
    answers = pool(list(subject.run.answers.values()))
    labels, predictions = answers.labels, answers.predictions
    confidence = answers.probabilities.max(axis=1)
    wrong = np.flatnonzero((labels != predictions) & (labels >= 0))
    surest: dict[str, int] = {}
    for row in wrong[np.argsort(-confidence[wrong], kind="stable")]:
        surest.setdefault(answers.utterances[row].id, int(row))
    return [
        _mistake(
            answers.utterances[row],
            answers.classes[predictions[row]],
            answers.classes,
            answers.probabilities[row],
            signal,
        )
        for row in list(surest.values())[:SHOWN]
    ]


def warning_of(signal: Signal, subjects: Sequence[Subject]) -> str:
    """What must be said of a page with words or sound in it; empty where there are none, or all are synthetic."""
    shown = [word for word, is_in in (("transcripts", signal.transcripts), ("recordings", signal.audio)) if is_in]
    if not shown or all(subject.synthetic for subject in subjects):
        return ""
    return DO_NOT_SHARE.format(what=" and ".join(shown))


def wav_address(utterance: Utterance) -> str:
    """The utterance's sound as a data: address, 16-bit wav, 16 kHz, one channel.

    Raises:
        AudioError: as `read_audio`.
    """
    waveform = read_audio(utterance.audio, start=utterance.start, end=utterance.end)
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform, SAMPLING_RATE, format="WAV", subtype="PCM_16")
    return f"data:audio/wav;base64,{b64encode(buffer.getvalue()).decode('ascii')}"


def _mistake(
    utterance: Utterance, answer: str, classes: Sequence[str], probabilities: np.ndarray, signal: Signal
) -> Mistake:
    known = signal.utterances.get(utterance.id, utterance)
    return Mistake(
        id=utterance.id,
        speaker=utterance.speaker or "",
        label=utterance.label or "",
        answer=answer,
        probability=percent(float(probabilities.max())),
        of_label=percent(float(probabilities[classes.index(utterance.label)])),
        transcript=(known.transcript or "") if signal.transcripts else None,
        audio=wav_address(known) if signal.audio and known.audio else None,
    )
