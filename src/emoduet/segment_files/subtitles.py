"""Subtitles (SRT, VTT): lines of text with times, and a speaker where a line begins with a name.

pysubs2 reads times and text. It is handed what it would otherwise misread: names of cues, notes and times within the
text would be taken for words or cues, and a last line that is a number for the next cue's. Captions that roll, as
YouTube writes them, say each line again in the next cue; such a repetition is left out.
"""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pysubs2

from emoduet.errors import InputError
from emoduet.segment_files.found import Found
from emoduet.segment_files.refusals import refuse
from emoduet.segment_files.text import text_of
from emoduet.segment_files.voices import with_voice

CUE = re.compile(r"^[ \t]*-?\d.*-->.*$", re.MULTILINE)
TIMES = {
    ".srt": re.compile(r"[ \t]*({0}\s*-->\s*{0})(?:\s.*)?".format(r"\d{1,2}:\d{1,2}:\d{1,2}[.,]\d{1,3}")),
    ".vtt": re.compile(r"[ \t]*({0}\s*-->\s*{0})(?:\s.*)?".format(r"(?:\d{1,4}:)?\d{2}:\d{2}\.\d{3}")),
}
WANTED = {
    ".srt": "HH:MM:SS,mmm --> HH:MM:SS,mmm with at most 99 hours",
    ".vtt": "HH:MM:SS.mmm --> HH:MM:SS.mmm",
}
TIME_WITHIN = re.compile(r"<[\d:.]+>")
TAG = re.compile(r"</?[a-zA-Z][^>]*>|<[\d:.]+>|\{\\[^}]*\}")
ESTIMATE = re.compile(r"<c\.emotion>.*?</c>")
"""What emoduet itself writes before the words of a cue."""
VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
NAME = re.compile(r"\[([^\]\n]+)\]:\s*|([^\W\d_][\w .'’-]{0,39})(?::\s+|：\s*)")
MOST_WORDS_OF_A_NAME = 4
MASKED = str.maketrans(":\\", "\ue000\ue001")
"""What stands for colons and backslashes of the text, while pysubs2 looks for times and marks the ends of lines."""
UNMASKED = str.maketrans("\ue000\ue001", ":\\")


def read_subtitles(path: Path) -> list[Found]:
    """Every cue, its markup removed.

    A name is what stands before a colon if each of its words, four at most, begins with no small letter; or in brackets
    before a colon ("[SPEAKER_00]: "); or in VTT's own `<v Name>`.

    Raises:
        InputError: the file cannot be read, has no cues, or the times of some are not of the format.
    """
    text, kind = text_of(path), path.suffix.lower()
    lines = text.split("\n")
    places = [number for number, line in enumerate(lines, start=1) if CUE.match(line)]
    wrong = [number for number in places if not TIMES[kind].fullmatch(lines[number - 1])]
    problems = [f"{path}:{number}: got {lines[number - 1].strip()[:60]!r}; want {WANTED[kind]}" for number in wrong]
    refuse(path, problems, "Mend these lines.")
    if not places:
        raise InputError(f"{path}: no cues; want lines such as {WANTED[kind]}, each with its text below")
    prepared = _numbered(text) if kind == ".vtt" else text
    prepared = "\n".join(_shielded(line, TIMES[kind]) for line in prepared.split("\n"))
    cues = pysubs2.SSAFile.from_string(f"{prepared}\n\n0\n", format_=kind[1:], keep_html_tags=True)
    rolls = bool(TIME_WITHIN.search(text))
    return list(_found(path, places, cues, rolls, escaped=kind == ".vtt"))


def _numbered(text: str) -> str:
    """The cues of a VTT alone, with numbers, as SRT has them."""
    blocks = [block[first.start() :] for block in re.split(r"\n{2,}", text) if (first := CUE.search(block))]
    return "\n\n".join(f"{number}\n{block}" for number, block in enumerate(blocks, start=1))


def _shielded(line: str, times: re.Pattern[str]) -> str:
    """The times of a cue without what stands behind them, or a line of text that has none to pysubs2's eye."""
    cue = times.fullmatch(line)
    return cue[1] if cue else line.translate(MASKED)


def _found(path: Path, places: list[int], cues: pysubs2.SSAFile, rolls: bool, escaped: bool) -> Iterator[Found]:
    last = None
    for place, cue in zip(places, cues, strict=True):
        marked = cue.text.replace(r"\N", "\n").translate(UNMASKED)
        voice = VOICE.search(marked)
        plain = TAG.sub("", ESTIMATE.sub("", marked))
        lines = [line.strip() for line in (html.unescape(plain) if escaped else plain).split("\n") if line.strip()]
        if rolls:
            fresh = lines[1:] if lines and lines[0] == last else lines
            last = lines[-1] if lines else last
            if not fresh:
                continue
            lines = fresh
        said = " ".join(lines)
        speaker, said = (html.unescape(voice[1]), said) if voice else _named(said)
        unknown = not said and ESTIMATE.search(marked)
        found = Found(
            where=f"{path}:{place}",
            start=cue.start / 1000,
            end=cue.end / 1000,
            speaker=speaker,
            transcript=None if unknown else said,
        )
        yield with_voice(found)


def _named(said: str) -> tuple[str | None, str]:
    """The speaker, if the text begins with a name, and what is said.

    >>> _named("Dr. Smith: Sit down."), _named("so here it is: a line")
    (('Dr. Smith', 'Sit down.'), (None, 'so here it is: a line'))
    """
    begun = NAME.match(said)
    if begun is None:
        return None, said
    words = (begun[1] or begun[2]).split()
    if begun[1] is None and (len(words) > MOST_WORDS_OF_A_NAME or any(word[0].islower() for word in words)):
        return None, said
    return " ".join(words) or None, said[begun.end() :]
