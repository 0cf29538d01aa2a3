"""Reads RAVDESS's spoken, audio-only clips: everything there is to know of one stands in its name.

`03-01-06-01-02-01-12.wav` is modality, channel, emotion, intensity, statement, repetition, actor. Songs (channel 02)
and videos (modalities 01 and 02) are counted and passed over. There are two statements and no official split.
"""

import re
from pathlib import Path

from emoduet.corpora.account import Account, account_of
from emoduet.corpora.reading import Reading
from emoduet.corpora.release_files import clips_in, not_the_release
from emoduet.labels import PAPER_LABELS, LabelSet
from emoduet.types import Utterance

CORPUS = "RAVDESS"
EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgust",
    "08": "surprised",
}
LABEL_SETS = {
    "four": LabelSet(PAPER_LABELS.classes, {name: name for name in PAPER_LABELS.classes}),
    "all": LabelSet.from_mapping({name: name for name in EMOTIONS.values()}),
}
STATEMENTS = {"01": "Kids are talking by the door.", "02": "Dogs are sitting by the door."}
INTENSITIES = {"01": "normal", "02": "strong"}
PLACES = (".", "Audio_Speech_Actors_01-24", "audio_speech_actors_01-24", "RAVDESS")
"""Where the actors' folders may stand; a copy that holds them twice is read once."""

_NAME = re.compile(r"0[1-3](-\d\d){6}")


def read_ravdess(root: Path | str, *, labels: LabelSet = LABEL_SETS["four"], lenient: bool = False) -> Reading:
    """Reads RAVDESS from the folder that holds `Actor_01` to `Actor_24`, or from its parent.

    Args:
        lenient: leave out what contradicts itself and name it in `warnings`, instead of raising.

    Raises:
        InputError: `labels` maps something that is no RAVDESS label.
        CorpusError: the folder is not RAVDESS, or not lenient and something is inconsistent.
    """
    root = Path(root)
    account = account_of(CORPUS, labels, EMOTIONS.values())
    for folder in _actor_folders(root):
        for stem, path in clips_in(folder, account, (".wav", ".mp4")).items():
            _add_clip(stem, path, account)
    return account.reading(root, lenient=lenient)


def _actor_folders(root: Path) -> list[Path]:
    for place in PLACES:
        folders = sorted(folder for folder in (root / place).glob("Actor_*") if folder.is_dir())
        if folders:
            return folders
    raise not_the_release(root, "the folders Actor_01 to Actor_24, or a folder Audio_Speech_Actors_01-24 with them")


def _add_clip(stem: str, path: Path, account: Account) -> None:
    if not _NAME.fullmatch(stem):
        account.problems.add(f"{path}: got this name; want one like 03-01-06-01-02-01-12")
        return
    modality, channel, emotion, intensity, statement, repetition, actor = stem.split("-")
    if modality != "03":
        account.skipped["videos"] += 1
    elif channel == "02":
        account.skipped["songs"] += 1
    elif fault := _fault_of(stem, path):
        account.problems.add(f"{path}: {fault}")
    elif account.can_use(path):
        extra = {"intensity": INTENSITIES[intensity], "repetition": int(repetition)}
        account.add(
            Utterance(
                id=stem,
                audio=str(path.absolute()),
                transcript=STATEMENTS[statement],
                scenario=f"statement-{statement}",
                scripted=True,
                speaker=f"ravdess-{actor}",
                sex="M" if int(actor) % 2 else "F",
                extra=extra,
            ),
            EMOTIONS[emotion],
        )


def _fault_of(stem: str, path: Path) -> str | None:
    """Why a name contradicts itself or the folder it lies in."""
    _, channel, emotion, intensity, statement, repetition, actor = stem.split("-")
    parts = {
        "channel": (channel, ("01", "02")),
        "emotion": (emotion, tuple(EMOTIONS)),
        "intensity": (intensity, tuple(INTENSITIES)),
        "statement": (statement, tuple(STATEMENTS)),
        "repetition": (repetition, ("01", "02")),
    }
    for name, (got, known) in parts.items():
        if got not in known:
            return f"got the {name} {got}; want one of {', '.join(known)}"
    if path.parent.name != f"Actor_{actor}":
        return f"got a clip of actor {actor} in {path.parent.name}; want it in Actor_{actor}"
    if EMOTIONS[emotion] == "neutral" and intensity == "02":
        return "got strong neutral; RAVDESS has none"
    return None
