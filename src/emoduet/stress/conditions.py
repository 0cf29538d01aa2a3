"""What a stress test hands to a model: the sound made worse, the words made worse or recognised, or one of them alone.

Which of these can matter to a model follows from what it takes; the rest is left out, each with its reason. Nothing is
read or answered here.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from emoduet.corruptions import Babble, Corruption
from emoduet.subject import Choice, LeftOut
from emoduet.systems.base import System
from emoduet.types import Utterance

ALONE = {"audio": "sound alone", "text": "words alone"}


@dataclass(frozen=True)
class Condition:
    """One way of handing utterances to a model; without any of its attributes they are handed over as they are.

    Attributes:
        corruption: of the sound.
        word_errors: the share of words that is to be wrong, simulated.
        asr: the speech recognition whose words, of this very sound, stand in for the given ones.
        only: "audio" or "text": the other is absent.
    """

    corruption: Corruption | None = None
    word_errors: float | None = None
    asr: str | None = None
    only: str | None = None

    @property
    def family(self) -> str:
        """What is done, whatever its severity."""
        if self.corruption:
            return self.corruption.name + (", recognised" if self.asr else "")
        if self.word_errors is not None:
            return "word errors"
        return "recognised words" if self.asr else "one modality" if self.only else "clean"

    @property
    def severity(self) -> str:
        """How much of it, with its unit; empty where nothing is done."""
        if self.corruption:
            return self.corruption.severity
        if self.word_errors is not None:
            return f"{100 * self.word_errors:g} %"
        return "clean sound" if self.asr else ALONE.get(self.only, "")

    @property
    def words(self) -> str:
        """Where the words come from."""
        if self.word_errors is not None:
            return "given, with simulated errors"
        return f"recognised by {self.asr}" if self.asr else "absent" if self.only == "audio" else "given"

    @property
    def file_name(self) -> str:
        """The name of what is kept of it; no two conditions share it."""
        told = filter(None, (self.family, self.severity, self.asr))
        return re.sub(r"[^\w.+-]+", "_", " ".join(told)) + ".jsonl"

    def fits(self, utterance: Utterance) -> bool:
        """Whether an utterance has what the condition is about."""
        needs_sound = self.corruption or self.asr or self.only
        needs_words = self.word_errors is not None or self.only
        return not (needs_sound and utterance.audio is None or needs_words and utterance.transcript is None)


CLEAN = Condition()


@dataclass(frozen=True)
class Trial:
    """What to test, on what, and how; `model` is a model's folder or name, or the folder of a run.

    Attributes:
        sessions: only utterances of these; empty takes all.
        word_errors: shares of words to be wrong, simulated.
        asr: a size, name or folder of Whisper, to recognise the words of every sound; None recognises none.
        language: what is spoken, such as "en"; None has it found out.
        limit: as many utterances are drawn and no more; None takes all.
        workers: processes side by side, each with the model in its memory.
    """

    model: str
    manifest: Path
    out: Path
    sessions: tuple[str, ...] = ()
    corruptions: tuple[Corruption, ...] = ()
    word_errors: tuple[float, ...] = ()
    asr: str | None = None
    language: str | None = None
    seed: int = 0
    limit: int | None = None
    workers: int = 1
    device: str | None = None

    @property
    def choice(self) -> Choice:
        """Who is tested, on what."""
        return Choice(self.model, self.manifest, self.sessions, self.limit, self.seed)


NEEDS = {
    "sound made worse": ("hears", "this model hears nothing"),
    "word errors": ("reads", "this model reads nothing"),
    "recognised words": ("reads", "this model reads nothing"),
    "one modality": ("may_lack", "this model needs all that it takes"),
}
"""What a system must do for a kind of conditions to matter to it, and what is said of one that does not."""


def conditions_of(
    trial: Trial, system: type[System], utterances: Sequence[Utterance], speakers: Collection[str | None]
) -> tuple[tuple[Condition, ...], tuple[LeftOut, ...]]:
    """What there is to answer, clean first, and what is left out.

    Args:
        utterances: those to answer.
        speakers: whose each sound of the manifest is, that may babble behind them; None is somebody unknown.
    """
    found, left_out = [CLEAN], []
    others = len(set(speakers)) > 1 or None in speakers and len(speakers) > 1
    corruptions = [one for one in trial.corruptions if others or not isinstance(one, Babble)]
    if len(corruptions) < len(trial.corruptions):
        left_out.append(LeftOut(Babble.name, "the manifest has no utterance of another speaker"))
    for what, conditions in _asked(trial, corruptions).items():
        does, why = NEEDS[what]
        fitting = [one for one in conditions if any(map(one.fits, utterances))] if getattr(system, does) else []
        found += fitting
        if len(fitting) < len(conditions):
            left_out.append(LeftOut(what, "no utterance has what it takes" if getattr(system, does) else why))
    return tuple(found), tuple(left_out)


def _asked(trial: Trial, corruptions: Sequence[Corruption]) -> dict[str, list[Condition]]:
    of_any_sound = [None, *corruptions]
    return {
        "sound made worse": [Condition(corruption=one) for one in corruptions],
        "word errors": [Condition(word_errors=rate) for rate in trial.word_errors],
        "recognised words": [Condition(corruption=one, asr=trial.asr) for one in of_any_sound if trial.asr],
        "one modality": [Condition(only=kind) for kind in ALONE],
    }
