"""Reads CREMA-D's wav files: actor, sentence, intended emotion and its level stand in each clip's name.

`1001_IEO_HAP_MD.wav` is actor 1001, sentence IEO, happy, medium level. The label is what the actor was asked for, or,
with `perceived`, what raters heard in the voice alone; the two often differ. Twelve sentences carry no emotion by
themselves, and there is no official split. Clips that the authors list as broken are passed over by name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from emoduet.corpora.account import Account, account_of
from emoduet.corpora.reading import Reading
from emoduet.corpora.release_files import clips_in, find_place, rows_in
from emoduet.errors import CorpusError, InputError
from emoduet.labels import PAPER_LABELS, LabelSet
from emoduet.types import Utterance

CORPUS = "CREMA-D"
EMOTIONS = {"ANG": "anger", "DIS": "disgust", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
LABEL_SETS = {
    "four": LabelSet(PAPER_LABELS.classes, {"anger": "angry", "happy": "happy", "neutral": "neutral", "sad": "sad"}),
    "all": LabelSet.from_mapping({name: name for name in EMOTIONS.values()}),
}
SENTENCES = {
    "IEO": "It's eleven o'clock.",
    "TIE": "That is exactly what happened.",
    "IOM": "I'm on my way to the meeting.",
    "IWW": "I wonder what this is about.",
    "TAI": "The airplane is almost full.",
    "MTI": "Maybe tomorrow it will be cold.",
    "IWL": "I would like a new alarm clock.",
    "ITH": "I think I have a doctor's appointment.",
    "DFA": "Don't forget a jacket.",
    "ITS": "I think I've seen this before.",
    "TSI": "The surface is slick.",
    "WSI": "We'll stop in a couple of minutes.",
}
LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified", "X": "unspecified"}
"""The level asked for; one clip, 1040_ITH_SAD_X, is released with a single X."""

BROKEN = {
    "1076_MTI_SAD_XX": "silent",
    "1076_MTI_NEU_XX": "nearly empty",
    "1064_TIE_SAD_XX": "cut short",
    "1064_IEO_DIS_MD": "a minute of all emotions",
}
VOTES = "processedResults/summaryTable.csv"
DEMOGRAPHICS = "VideoDemographics.csv"
SEXES = {"Male": "M", "Female": "F"}

_NAME = re.compile(r"(10(?:0[1-9]|[1-8]\d|9[01]))_([A-Z]{3})_([A-Z]{3})_(XX?|LO|MD|HI)")


@dataclass(frozen=True)
class _Tables:
    """What stands beside the clips: each actor's row and the raters' votes, None where they are absent or unasked."""

    people: Mapping[str, Mapping[str, str]] | None
    votes: Mapping[str, list[str]] | None


def read_crema_d(
    root: Path | str, *, labels: LabelSet = LABEL_SETS["four"], perceived: bool = False, lenient: bool = False
) -> Reading:
    """Reads CREMA-D from the folder that holds `AudioWAV`, or from its parent.

    The actors' sex, and their age as `extra.age`, are taken from `VideoDemographics.csv` where that is there.

    Args:
        perceived: label by the raters' majority for the voice alone (`processedResults/summaryTable.csv`); clips
            whose vote is tied are counted and left out.
        lenient: leave out what contradicts itself and name it in `warnings`, instead of raising.

    Raises:
        InputError: `labels` maps something that is no CREMA-D label, or there are no votes to read.
        CorpusError: the folder is not CREMA-D, or not lenient and something is inconsistent.
    """
    root = Path(root)
    account = account_of(CORPUS, labels, EMOTIONS.values())
    audio = find_place(root, ("AudioWAV", "CREMA-D/AudioWAV"), "a folder AudioWAV, as the repository has it")
    tables = _Tables(_people(audio.parent / DEMOGRAPHICS), _votes(audio.parent / VOTES) if perceived else None)
    for stem, path in clips_in(audio, account).items():
        if stem in BROKEN:
            account.skipped[f"broken in the release: {stem} ({BROKEN[stem]})"] += 1
        else:
            _add_clip(path, account, tables)
    return account.reading(root, lenient=lenient)


def _people(path: Path) -> Mapping[str, Mapping[str, str]] | None:
    """The row of each actor, or None where the table is not there."""
    if not path.is_file():
        return None
    return {row["ActorID"]: row for _, row in rows_in(path, ("ActorID", "Sex"))}


def _votes(path: Path) -> Mapping[str, list[str]]:
    """The emotions that most raters heard in each clip's voice; several where the vote is tied."""
    if not path.is_file():
        raise InputError(f"{path}: no such file; --perceived needs the raters' votes")
    words = {code[0]: word for code, word in EMOTIONS.items()}
    votes = {}
    for where, row in rows_in(path, ("FileName", "VoiceVote")):
        letters = row["VoiceVote"].split(":")
        if not set(letters) <= set(words):
            raise CorpusError(f"{where}: got the vote {row['VoiceVote']!r}; want letters of {''.join(words)}, as A:D")
        votes[row["FileName"]] = [words[letter] for letter in letters]
    return votes


def _add_clip(path: Path, account: Account, tables: _Tables) -> None:
    name = _NAME.fullmatch(path.stem)
    if name is None or name[2] not in SENTENCES or name[3] not in EMOTIONS:
        account.problems.add(f"{path}: got this name; want actor, sentence, emotion and level, as 1001_IEO_HAP_MD")
        return
    actor, sentence, emotion, level = name.groups()
    if tables.people is not None and actor not in tables.people:
        account.problems.add(f"{path}: actor {actor} has no row in {DEMOGRAPHICS}")
    elif account.can_use(path):
        person = {} if tables.people is None else tables.people[actor]
        utterance = Utterance(
            id=path.stem,
            audio=str(path.absolute()),
            transcript=SENTENCES[sentence],
            scenario=sentence,
            scripted=True,
            speaker=f"crema-d-{actor}",
            sex=SEXES.get(person.get("Sex"), person.get("Sex")),
            extra={"level": LEVELS[level]} | _age_of(person),
        )
        if tables.votes is None:
            account.add(utterance, EMOTIONS[emotion])
        else:
            _add_as_heard(utterance, EMOTIONS[emotion], tables.votes, account)


def _age_of(person: Mapping[str, str]) -> dict[str, int]:
    """In whole years; nothing where the table does not say it."""
    age = person.get("Age", "").strip()
    return {"age": int(age)} if age.isdecimal() else {}


def _add_as_heard(utterance: Utterance, intended: str, votes: Mapping[str, list[str]], account: Account) -> None:
    """Adds a clip under what raters heard in it; the table of votes spells the one name that ends in a single X out."""
    row = f"{utterance.id}X" if utterance.id.endswith("_X") else utterance.id
    heard = votes.get(row)
    if heard is None:
        account.problems.add(f"{utterance.audio}: {row} has no row in {VOTES}")
    elif len(heard) > 1:
        account.skipped["perceived label tied"] += 1
    else:
        extra = utterance.extra | {"labels": "perceived", "intended": intended}
        account.add(replace(utterance, extra=extra), heard[0])
