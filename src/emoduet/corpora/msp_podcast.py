"""Reads MSP-Podcast: the table of consensus labels, a wav file for each row, and transcripts where they are there.

Splits are the official ones. The third test set's labels are hidden: its sound is counted and passed over. Turns whose
speaker nobody has identified stay, with a speaker of None; they all lie in the training part.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emoduet.corpora.account import Account, account_of
from emoduet.corpora.reading import Reading
from emoduet.corpora.release_files import clips_in, find_place, rows_in, text_of
from emoduet.errors import CorpusError
from emoduet.labels import PAPER_LABELS, LabelSet
from emoduet.types import Utterance

CORPUS = "MSP-Podcast"
EMOTIONS = {
    "A": "angry",
    "S": "sad",
    "H": "happy",
    "U": "surprise",
    "F": "fear",
    "D": "disgust",
    "C": "contempt",
    "N": "neutral",
    "O": "other",
    "X": "no agreement",
}
OUTSIDE = ("other", "no agreement")
LABEL_SETS = {
    "four": LabelSet(PAPER_LABELS.classes, {name: name for name in PAPER_LABELS.classes}),
    "eight": LabelSet.from_mapping({name: name for name in EMOTIONS.values() if name not in OUTSIDE}),
    "all": LabelSet.from_mapping({name: name for name in EMOTIONS.values()}),
}
SPLITS = {
    "Train": "train",
    "Development": "validation",
    "Test1": "test1",
    "Test2": "test2",
    "Test3": "test3",
}
SEXES = {"Male": "M", "Female": "F", "Unknown": None, "": None}
DIMENSIONS = {"EmoVal": "valence", "EmoAct": "arousal", "EmoDom": "dominance"}
COLUMNS = ("FileName", "EmoClass", *DIMENSIONS, "SpkrID", "Gender", "Split_Set")
TABLES = ("Labels/labels_consensus.csv", "labels_consensus.csv")
TABLES_IN_JSON = ("Labels/labels_consensus.json", "labels_consensus.json")
AUDIO_FOLDERS = ("Audios", "Audio")
HIDDEN = "MSP-PODCAST_test3_"
"""How the file names of the test set begin whose labels nobody has."""


@dataclass(frozen=True)
class _Files:
    """The sound files and the transcripts by the turn's name; no transcripts: that folder is not there."""

    audio: Mapping[str, Path]
    transcripts: Mapping[str, Path] | None


def read_msp_podcast(root: Path | str, *, labels: LabelSet = LABEL_SETS["four"], lenient: bool = False) -> Reading:
    """Reads MSP-Podcast from its release folder (`Labels`, `Audios`, `Transcripts`).

    Valence, arousal and dominance are on the corpus's scale of 1 to 7.

    Args:
        lenient: leave out what is missing or contradicts itself and name it in `warnings`, instead of raising.

    Raises:
        InputError: `labels` maps something that is no MSP-Podcast label.
        CorpusError: the folder is not MSP-Podcast, or not lenient and something is missing or inconsistent.
    """
    root = Path(root)
    account = account_of(CORPUS, labels, EMOTIONS.values())
    table = find_place(root, (*TABLES, *TABLES_IN_JSON), "Labels/labels_consensus.csv and a folder Audios")
    audio = clips_in(find_place(root, AUDIO_FOLDERS, "a folder Audios beside the labels"), account)
    folder = root / "Transcripts"
    files = _Files(audio, clips_in(folder, account, (".txt",)) if folder.is_dir() else None)
    seen: dict[str, str] = {}
    for where, row in _json_rows(table) if table.suffix == ".json" else rows_in(table, COLUMNS):
        _add_row(row, where, files, seen, account)
    for name in sorted(files.audio.keys() - seen.keys()):
        hidden = name.startswith(HIDDEN)
        account.skipped["turns of test3, whose labels are hidden" if hidden else "sound files without a label"] += 1
    mute = sum(utterance.transcript is None for utterance in account.utterances)
    if files.transcripts is not None and mute:
        account.oddities.append(f"{folder}: no transcript of {mute:,} turns; they are kept without words")
    return account.reading(root, lenient=lenient)


def _json_rows(path: Path) -> list[tuple[str, Mapping[str, str]]]:
    """The same table as JSON: an object of file name -> the other columns."""
    try:
        found = json.loads(text_of(path))
    except ValueError as error:
        raise CorpusError(f"{path}: not JSON ({error})") from error
    if not isinstance(found, dict) or not all(isinstance(row, dict) for row in found.values()):
        raise CorpusError(f"{path}: want one object that names each file, with an object of its columns")
    rows = []
    for name, row in found.items():
        absent = [column for column in COLUMNS[1:] if column not in row]
        if absent:
            raise CorpusError(f"{path}: {name}: has no column {absent}; it has {list(row)}")
        rows.append((f"{path}: {name}", {"FileName": name} | {key: _text(value) for key, value in row.items()}))
    return rows


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _add_row(row: Mapping[str, str], where: str, files: _Files, seen: dict[str, str], account: Account) -> None:
    name = row["FileName"].strip().removesuffix(".wav")
    first = seen.setdefault(name, where)
    if first != where:
        account.problems.add(f"{where}: {name} a second time, first at {first}; want each once")
    elif row["Split_Set"] == "Test3" and not row["EmoClass"].strip():
        account.skipped["turns of test3, whose labels are hidden"] += 1
    elif fault := _fault_of(row):
        account.problems.add(f"{where}: {name}: {fault}")
    elif name not in files.audio:
        account.problems.add(f"{where}: {name}: no sound file for it")
    elif account.can_use(files.audio[name]):
        account.add(_utterance(row, name, files, account), EMOTIONS[row["EmoClass"]])


def _fault_of(row: Mapping[str, str]) -> str | None:
    for column, known in (("EmoClass", EMOTIONS), ("Split_Set", SPLITS), ("Gender", SEXES)):
        if row[column] not in known:
            return f"got the {column} {row[column]!r}; want one of {', '.join(filter(None, known))}"
    for column in DIMENSIONS:
        if _number(row[column]) is None:
            return f"got the {column} {row[column]!r}; want a number"
    return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _utterance(row: Mapping[str, str], name: str, files: _Files, account: Account) -> Utterance:
    speaker = row["SpkrID"].strip()
    return Utterance(
        id=name,
        audio=str(files.audio[name].absolute()),
        transcript=_transcript(name, files, account),
        speaker=f"msp-podcast-{speaker}" if speaker not in ("", "Unknown") else None,
        sex=SEXES[row["Gender"]],
        split=SPLITS[row["Split_Set"]],
        **{key: _number(row[column]) for column, key in DIMENSIONS.items()},
    )


def _transcript(name: str, files: _Files, account: Account) -> str | None:
    path = (files.transcripts or {}).get(name)
    if path is None:
        return None
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    if "\ufffd" in text:
        account.oddities.append(f"{path}: bytes that are not UTF-8, replaced by \ufffd")
    return text.strip()
