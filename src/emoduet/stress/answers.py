"""Answers under each condition, kept as they are found, so that a killed test goes on with the next.

What is drawn follows from the seed, the utterance and the corruption alone: neither the order, nor the number of
processes, nor what was answered before changes it. A sound is read, made worse and let go again when its batch is
answered. Nothing is scored here.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from emoduet.atomic import write_text
from emoduet.audio import read_audio
from emoduet.build import Model, restore_model
from emoduet.corruptions import Babble, Corruption, choose_voices, corrupted, rng_of, voiced
from emoduet.errors import AudioError
from emoduet.evaluation import Answers, answer_with, read_answers, write_answers
from emoduet.machine import Machine, check_machine
from emoduet.stress.conditions import Condition
from emoduet.subject import Part
from emoduet.transcription import Recogniser
from emoduet.types import Utterance
from emoduet.word_errors import Vocabulary, with_word_errors
from emoduet.workers import Hook


@dataclass(frozen=True)
class Sounds:
    """The utterances of a manifest that have a sound, who speaks each, and how sounds are made worse."""

    utterances: Mapping[str, Utterance]
    speakers: Mapping[str, str | None]
    seed: int

    def worse(self, corruption: Corruption, id: str, samples: np.ndarray) -> np.ndarray:
        """The sound of an utterance, made worse; babble is made of other utterances of the manifest.

        Raises:
            AudioError: it is too short for it, or a voice that is to babble cannot be read.
        """
        if isinstance(corruption, Babble):
            voices = choose_voices(id, self.speakers, rng_of(self.seed, id, "voices"))
            corruption = voiced(corruption, [sound_of(self.utterances[voice]) for voice in voices])
        return corrupted(corruption, samples, seed=self.seed, utterance_id=id)


@dataclass(frozen=True)
class Worsening:
    """What an `InputReader` changes sounds with; `failed` collects why a sound stayed as it was, by utterance."""

    sounds: Sounds
    corruption: Corruption | None
    failed: dict[str, str] = field(default_factory=dict)

    def __call__(self, id: str, samples: np.ndarray) -> np.ndarray:
        if self.corruption is None:
            return samples
        try:
            return self.sounds.worse(self.corruption, id, samples)
        except AudioError as error:
            self.failed[id] = str(error)
            return samples


@dataclass(frozen=True)
class Work:
    """All that answering needs, in this process or in another; `folder` keeps what was found."""

    folder: Path
    parts: tuple[Part, ...]
    sounds: Sounds
    vocabulary: Vocabulary | None
    language: str | None
    device: str | None

    def path(self, part: Part, condition: Condition) -> Path:
        """Where the answers of one model under one condition are kept."""
        return self.folder / part.name / condition.file_name

    def heard_path(self, condition: Condition) -> Path:
        """Where the recognised words of a condition are kept."""
        return self.folder / "recognised" / condition.file_name


def sound_of(utterance: Utterance) -> np.ndarray:
    """What an utterance sounds like, float32 [samples] at 16 kHz."""
    return read_audio(utterance.audio, start=utterance.start, end=utterance.end)


def answer_conditions(work: Work, conditions: Sequence[Condition], progress: Hook) -> None:
    """Answers what is not answered yet.

    Args:
        progress: is told how many utterances more are done.

    Raises:
        EmoduetError: a model cannot be loaded, a sound cannot be read, or words cannot be recognised.
    """
    recognise_words(work, [one for one in conditions if one.asr], progress)
    for part in work.parts:
        missing = [one for one in conditions if not work.path(part, one).exists()]
        model = _ready(part.model, work.device) if missing else None
        for condition in conditions:
            if condition in missing:
                write_answers(work.path(part, condition), answered(model, part, condition, work))
            progress(len(part.utterances))


def answered(model: Model, part: Part, condition: Condition, work: Work) -> Answers:
    """What a model says of a part's utterances under a condition: to those that have what it is about."""
    heard = recognised(work, condition) if condition.asr else {}
    known = tuple(one for one in part.utterances if condition.fits(one) and (one.id in heard or not condition.asr))
    if not known:
        return Answers((), model.classes, np.empty((0, len(model.classes))))
    given = [_given(one, condition, work, heard) for one in known]
    worsening = Worsening(work.sounds, condition.corruption)
    answers = answer_with(replace(model, reader=replace(model.reader, augment=worsening)), given)
    changed = np.array([one.id not in worsening.failed for one in known])
    return replace(answers, utterances=known).where(changed)


def read_answered(work: Work, part: Part, condition: Condition, classes: Sequence[str]) -> Answers:
    """What `answer_conditions` kept of one model under one condition; perhaps of no utterance.

    Raises:
        InputError: as `evaluation.read_answers`.
    """
    path = work.path(part, condition)
    if path.stat().st_size == 0:
        return Answers((), tuple(classes), np.empty((0, len(classes))))
    return read_answers(path, {one.id: one for one in part.utterances}, classes)


def words_under(utterance: Utterance, rate: float, work: Work) -> str:
    """The transcript with simulated errors, drawn for this utterance alone."""
    rng = rng_of(work.sounds.seed, utterance.id, "word errors")
    return with_word_errors(utterance.transcript, rate, work.vocabulary, rng)


def recognised(work: Work, condition: Condition) -> dict[str, str]:
    """The words that were recognised under a condition, by utterance."""
    lines = map(json.loads, work.heard_path(condition).read_text(encoding="utf-8").splitlines())
    return {line["id"]: line["transcript"] for line in lines}


def recognise_words(work: Work, conditions: Iterable[Condition], progress: Hook) -> None:
    """Recognises the words of every sound, clean or made worse, where nobody has yet.

    Raises:
        InputError: speech recognition is not installed, or cannot be loaded.
    """
    recogniser = None
    utterances = {one.id: one for part in work.parts for one in part.utterances}
    for condition in conditions:
        wanted = [one for one in utterances.values() if condition.fits(one)]
        if not work.heard_path(condition).exists():
            recogniser = recogniser or Recogniser.load(condition.asr, device=work.device, language=work.language)
            _write_heard(work, condition, wanted, recogniser, progress)
        else:
            progress(len(wanted))


def _write_heard(
    work: Work, condition: Condition, utterances: Sequence[Utterance], recogniser: Recogniser, progress: Hook
) -> None:
    lines = []
    for utterance in utterances:
        worsening = Worsening(work.sounds, condition.corruption)
        samples = worsening(utterance.id, sound_of(utterance))
        if utterance.id not in worsening.failed:
            line = {"id": utterance.id, "transcript": recogniser.transcribe(samples).transcript}
            lines.append(json.dumps(line, ensure_ascii=False) + "\n")
        progress(1)
    write_text(work.heard_path(condition), "".join(lines))


def _given(utterance: Utterance, condition: Condition, work: Work, heard: Mapping[str, str]) -> Utterance:
    """The utterance with the words, and without what is absent, as the condition has it."""
    if condition.word_errors is not None:
        return replace(utterance, transcript=words_under(utterance, condition.word_errors, work))
    if condition.asr:
        return replace(utterance, transcript=heard[utterance.id])
    absent = {"audio": "transcript", "text": "audio"}
    return replace(utterance, **{absent[condition.only]: None}) if condition.only else utterance


def _ready(model: str, device: str | None) -> Model:
    found = restore_model(model)
    found.system.to(check_machine(Machine(device)))
    return found
