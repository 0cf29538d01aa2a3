"""Reads MELD: the three csv files of its official split, and a clip for each row.

Clips are named by dialogue and utterance, and these numbers begin anew in each part of the split, so ids carry the
part. Speakers are the characters' names: the same six people speak in all three parts, so **the official split is not
speaker-independent**. Two clips are broken or missing in every copy of the release and are passed over by name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emoduet.corpora.account import Account, account_of
from emoduet.corpora.reading import Reading
from emoduet.corpora.release_files import clips_in, find_place, rows_in
from emoduet.errors import CorpusError
from emoduet.labels import PAPER_LABELS, LabelSet
from emoduet.types import Seconds, Utterance

CORPUS = "MELD"
EMOTIONS = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
LABEL_SETS = {
    "four": LabelSet(PAPER_LABELS.classes, {"anger": "angry", "joy": "happy", "neutral": "neutral", "sadness": "sad"}),
    "all": LabelSet.from_mapping({name: name for name in EMOTIONS}),
}
SPLITS = {"train": "train", "dev": "validation", "test": "test"}
"""The release's word for a part -> the manifest's."""

CLIP_FOLDERS = {"train": "train_splits", "dev": "dev_splits_complete", "test": "output_repeated_splits_test"}
CLIP_KINDS = (".wav", ".flac", ".mp4")
"""The release holds mp4; sound that somebody has extracted beside it is preferred."""

BROKEN = {("train", "dia125_utt3"): "does not decode", ("dev", "dia110_utt7"): "missing"}
COLUMNS = ("Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID", "Season", "Episode")
TIMES = {"StartTime": "episode_start", "EndTime": "episode_end"}

_TIME = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{3})")
_CONTROLS = {code: bytes([code]).decode("cp1252", errors="replace") for code in range(0x80, 0xA0)}
"""Windows-1252 quotes and dashes that were stored as if they were Latin-1 -> what they are."""


@dataclass(frozen=True)
class _Part:
    """One part of the split: the release's word for it, its clips by name, and the names of its rows so far."""

    name: str
    clips: Mapping[str, Path]
    seen: dict[str, str]


def read_meld(root: Path | str, *, labels: LabelSet = LABEL_SETS["four"], lenient: bool = False) -> Reading:
    """Reads MELD from the folder that holds its csv files and its folders of clips (`MELD.Raw`), or from its parent.

    The clips' annotated times within the episode stand in `extra` and are not those of the clips: some clips are cut
    wrongly, and a few last minutes.

    Args:
        lenient: leave out what is missing or contradicts itself and name it in `warnings`, instead of raising.

    Raises:
        InputError: `labels` maps something that is no MELD label.
        CorpusError: the folder is not MELD, or not lenient and something is missing or inconsistent.
    """
    root = Path(root)
    account = account_of(CORPUS, labels, EMOTIONS)
    for part in SPLITS:
        table = _find(root, part, f"{part}_sent_emo.csv")
        clips = clips_in(_find(root, part, CLIP_FOLDERS[part]), account, CLIP_KINDS)
        _read_part(_Part(part, clips, {}), table, account)
    return account.reading(root, lenient=lenient)


def _find(root: Path, part: str, name: str) -> Path:
    """A part's file or folder: the archives unpack side by side, or each into a folder of its own."""
    places = [f"{above}{name}" for above in ("", f"{part}/", "MELD.Raw/", f"MELD.Raw/{part}/")]
    return find_place(root, places, f"{name}, as MELD.Raw has it")


def _read_part(part: _Part, table: Path, account: Account) -> None:
    for where, row in rows_in(table, (*COLUMNS, *TIMES), _text_of(table, account)):
        _add_row(row, where, part, account)
    account.skipped["clips that no row describes"] += len(part.clips.keys() - part.seen.keys())


def _text_of(path: Path, account: Account) -> str:
    """The table's text; Windows quotes are read as such, whether they are bytes of their own or control characters."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        account.oddities.append(f"{path}: not UTF-8; read as Windows-1252")
        return data.decode("cp1252", errors="replace")
    repaired = text.translate(_CONTROLS)
    if repaired != text:
        count = sum(old != new for old, new in zip(text, repaired, strict=True))
        account.oddities.append(f"{path}: {count:,} Windows-1252 characters stored as control characters; repaired")
    return repaired


def _add_row(row: Mapping[str, str], where: str, part: _Part, account: Account) -> None:
    numbers = (row["Dialogue_ID"].strip(), row["Utterance_ID"].strip())
    name = f"dia{numbers[0]}_utt{numbers[1]}"
    if not all(number.isdecimal() for number in numbers):
        account.problems.add(f"{where}: got the dialogue {numbers[0]!r}, utterance {numbers[1]!r}; want whole numbers")
        return
    first = part.seen.setdefault(name, where)
    emotion = row["Emotion"].strip()
    if first != where:
        account.problems.add(f"{where}: {name} a second time, first at {first}; want each once")
    elif emotion not in EMOTIONS:
        account.problems.add(f"{where}: {name}: got the emotion {emotion!r}; want one of {list(EMOTIONS)}")
    elif (part.name, name) in BROKEN:
        account.skipped[f"broken in the release: {part.name} {name} ({BROKEN[part.name, name]})"] += 1
    elif name not in part.clips:
        account.problems.add(f"{where}: {name}: no clip for it in {CLIP_FOLDERS[part.name]}")
    elif account.can_use(part.clips[name]):
        account.add(_utterance(row, name, part), emotion)


def _utterance(row: Mapping[str, str], name: str, part: _Part) -> Utterance:
    season, episode = row["Season"].strip(), row["Episode"].strip()
    return Utterance(
        id=f"{part.name}_{name}",
        audio=str(part.clips[name].absolute()),
        transcript=row["Utterance"].strip(),
        dialogue=f"{part.name}_dia{row['Dialogue_ID'].strip()}",
        scenario=f"season {season} episode {episode}",
        scripted=True,
        speaker=f"meld-{row['Speaker'].strip()}",
        split=SPLITS[part.name],
        extra={"sentiment": row["Sentiment"].strip()} | {key: _seconds(row[name]) for name, key in TIMES.items()},
    )


def _seconds(text: str) -> Seconds | None:
    """`00:20:57,256` in seconds; None for what is no time."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, seconds, thousandths = map(int, found.groups())
    return 3600 * hours + 60 * minutes + seconds + thousandths / 1000
