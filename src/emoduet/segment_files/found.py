"""What a file of segments says before it is believed: every reader finds, and this one place checks.

Nothing is guessed: a time that is no time stops the reading, with its line.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from emoduet.segment_files.refusals import refuse, shown
from emoduet.segment_files.times import times_of
from emoduet.segment_files.words import parted, words_of
from emoduet.types import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One segment as its file has it, values unchecked; `where` is what a message calls the place (`a.rttm:3`).

    `duration` stands in for a missing `end`; `words` is a list of mappings with `word` or `text`, `start` and `end`.
    `apart` says that the words are those of a whole recording, to be parted at its pauses.
    """

    where: str
    start: object
    end: object = None
    duration: object = None
    speaker: object = None
    channel: object = None
    transcript: object = None
    words: object = None
    language: object = None
    recording: object = None
    apart: bool = False


def segments_of(path: Path, found: Iterable[Found]) -> list[Segment]:
    """The segments, checked, in order of their starts; some may end where they begin.

    Raises:
        InputError: values are wrong; the first twenty are named.
    """
    problems: list[str] = []
    segments: list[Segment] = []
    for one in found:
        wrong: list[str] = []
        segment = _segment(one, wrong)
        problems += [f"{one.where}: {problem}" for problem in wrong]
        if segment is not None:
            segments += parted(segment) if one.apart else [segment]
    refuse(path, problems, "Mend these, or leave the file out: speech is then looked for in the sound.")
    return sorted(segments, key=lambda segment: (segment.start, segment.end))


def _segment(one: Found, problems: list[str]) -> Segment | None:
    start, end = times_of(one.start, one.end, one.duration, problems)
    speaker = _text("speaker", one.speaker if one.speaker is None else _name(one.speaker), problems)
    transcript = _text("transcript", one.transcript, problems)
    language = _text("language", one.language, problems)
    channel = _channel(one.channel, problems)
    said, words = (None, ()) if one.words is None or problems else words_of(one.words, start, end, problems)
    if problems:
        return None
    if transcript is None and one.words:
        transcript = said
    return Segment(
        start=start,
        end=end,
        speaker=speaker or None,
        channel=channel,
        transcript=transcript,
        words=words,
        language=language or None,
    )


def _name(speaker: object) -> object:
    """A speaker's number is as good a name as any."""
    return str(speaker) if isinstance(speaker, int) else speaker


def _text(name: str, value: object, problems: list[str]) -> str | None:
    """Text in one line, each run of blanks and line breaks one blank."""
    if isinstance(value, str):
        return " ".join(value.split())
    if value is not None:
        problems.append(f"{name}: got {shown(value)}; want text")
    return None


def _channel(value: object, problems: list[str]) -> int | None:
    if value is None:
        return None
    text = str(value)
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        problems.append(f"channel: got {shown(value)}; want 1, 2, ...")
        return None
    return int(text)
