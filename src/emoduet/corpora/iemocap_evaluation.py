"""The grammar of IEMOCAP's EmoEvaluation and transcription files: text in, turns out; no file is opened here.

An evaluation file holds one block a turn: a line with times, name, category and mean [valence, activation, dominance],
then a line for each rater. A transcription file holds one line a turn, and notes that belong to no turn.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from emoduet.labels import IEMOCAP_CATEGORIES
from emoduet.types import Seconds

_NUMBER = r"(-?\d+(?:\.\d+)?)"
_TURN = re.compile(
    rf"\[\s*{_NUMBER}\s*-\s*{_NUMBER}\s*\]\s+(\S+)\s+(\S+)\s+\[\s*{_NUMBER}\s*,\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\]"
)
_CATEGORIES = re.compile(r"(C-[^:\s]+):\s*([^(]*?)\s*(?:\((.*?)\)?)?")
_DIMENSIONS = re.compile(r"(A-[^:\s]+):\s*val\s*(\d*)\s*;\s*act\s*(\d*)\s*;\s*dom\s*(\d*)\s*;?\s*(?:\((.*?)\)?)?")
_TRANSCRIPT = re.compile(r"(Ses\S+)\s+\[[^\]]*\]\s*:?\s?(.*)")
_NAME = re.compile(
    r"(?P<recording>Ses(?P<session>\d\d)[FM])_(?P<scenario>(?:impro|script)\d\d)"
    r"(?:_(?P<scene>\d+[a-z]?)|(?P<variant>[a-z]))?"
)
_UTTERANCE = re.compile(rf"(?P<dialogue>{_NAME.pattern})_(?P<sex>[FM])(?P<number>\d+[a-z]?|XX\d+)")
_WORDS = {words: code for code, words in IEMOCAP_CATEGORIES.items()} | {
    "neutral": "neu",
    "excitement": "exc",
    "surprised": "sur",
    "disgusted": "dis",
}
_TAG = re.compile(r"\[[A-Za-z_ ]+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One labelled turn as an evaluation file states it; times are seconds within the dialogue's recording."""

    name: str
    line: int
    start: Seconds
    end: Seconds
    category: str
    valence: float
    arousal: float
    dominance: float
    raters: dict[str, dict[str, object]] = field(default_factory=dict)

    def votes(self) -> dict[str, int] | None:
        """How often the outside raters (C-E*) gave each label, as category codes; None where there is no such rater.

        The actors' judgements of themselves (C-F*, C-M*) stand in `raters` and do not vote: the released category is
        the majority of the outside raters.
        """
        counts: dict[str, int] = {}
        for rater, said in self.raters.items():
            for label in said.get("labels", ()) if rater.startswith("C-E") else ():
                code = category_of(label)
                counts[code] = counts.get(code, 0) + 1
        return counts or None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnName:
    """What the name of a turn says; `Ses01F_impro01_M000` is spoken by the man of session 1.

    The letter after `Ses01` says who wears the markers in that recording; the last field says who speaks.
    """

    session: str
    recording: str
    dialogue: str
    scenario: str
    part: str | None
    scripted: bool
    speaker: str
    sex: str
    labelled: bool


def turn_name(name: str) -> TurnName | None:
    """Takes the name of a turn apart, or answers None where it is none.

    >>> turn_name("Ses05M_script01_1b_F003").speaker, turn_name("Ses05M_script01_1b_F003").part
    ('Ses05F', '1b')
    """
    found = _UTTERANCE.fullmatch(name)
    if found is None:
        return None
    session = f"Ses{found['session']}"
    return TurnName(
        session=session,
        recording=found["recording"],
        dialogue=found["dialogue"],
        scenario=found["scenario"],
        part=found["scene"] or found["variant"],
        scripted=found["scenario"].startswith("script"),
        speaker=session + found["sex"],
        sex=found["sex"],
        labelled=not found["number"].startswith("XX"),
    )


def dialogue_session(name: str) -> str | None:
    """The session a dialogue's name belongs to (`Ses03`), or None where it is no dialogue's name."""
    found = _NAME.fullmatch(name)
    return f"Ses{found['session']}" if found else None


def category_of(word: str) -> str:
    """The category code of a rater's word ("Neutral state" is "neu"); a word without a code, in lower case."""
    return _WORDS.get(word.lower(), word.lower())


def read_turns(text: str) -> tuple[list[Turn], list[str], list[str]]:
    """The turns of an evaluation file, its faults (what could hide a turn) and its oddities (a rater not understood).

    Faults and oddities begin with the number of their line.
    """
    turns, faults, oddities = [], [], []
    block: Turn | None = None
    for number, line in _lines(text):
        if line.startswith("%"):
            continue
        if line.startswith(("C-", "A-")):
            if block is None or not _add_rater(block, line):
                oddities.append(f"{number}: rater not understood, or of no turn: {line!r}")
            continue
        block = _turn_of(line, number)
        if block is None:
            faults.append(f"{number}: got {line[:60]!r}; want `[start - end] name category [v, a, d]`")
        else:
            turns.append(block)
    return turns, faults, oddities


def read_transcripts(text: str) -> tuple[list[tuple[int, str, str]], int, list[str]]:
    """The (line, turn, words) of a transcription file, how many lines belong to no turn, and the lines not understood.

    Words are kept as released: colons, bracket tags and all.
    """
    turns, notes, faults = [], 0, []
    for number, line in _lines(text):
        if not line.startswith("Ses"):
            notes += 1
            continue
        found = _TRANSCRIPT.fullmatch(line)
        if found is None:
            faults.append(f"{number}: got {line[:60]!r}; want `name [start-end]: words`")
        else:
            turns.append((number, found[1], found[2].strip()))
    return turns, notes, faults


def without_tags(transcript: str) -> str:
    """The words alone: `[LAUGHTER]`, `[BREATHING]` and their like are taken out.

    >>> without_tags("Well, [LAUGHTER] no.")
    'Well, no.'
    """
    return " ".join(_TAG.sub(" ", transcript).split())


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line that is not blank, with its number; any line ending will do."""
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        if line.strip():
            yield number, line.strip()


def _turn_of(line: str, number: int) -> Turn | None:
    """The turn that a block's first line announces, or None where the line is no such line."""
    found = _TURN.fullmatch(line)
    if found is None:
        return None
    start, end, name, category, *means = found.groups()
    valence, arousal, dominance = map(float, means)
    return Turn(
        name=name,
        line=number,
        start=float(start),
        end=float(end),
        category=category,
        valence=valence,
        arousal=arousal,
        dominance=dominance,
    )


def _add_rater(turn: Turn, line: str) -> bool:
    """Adds a rater's line to the turn; False where it is not understood."""
    if found := _CATEGORIES.fullmatch(line):
        labels = [label.strip() for label in found[2].split(";") if label.strip()]
        turn.raters[found[1]] = {"labels": labels, "comment": found[3] or None}
    elif found := _DIMENSIONS.fullmatch(line):
        scores = [int(score) if score else None for score in found.groups()[1:4]]
        turn.raters[found[1]] = dict(zip(("valence", "arousal", "dominance"), scores, strict=True)) | {
            "comment": found[5] or None
        }
    return found is not None
