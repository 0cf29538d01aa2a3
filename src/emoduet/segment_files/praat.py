"""Praat's TextGrid: a tier of intervals is a speaker, its labels the words; points and phones are passed over.

A forced aligner (MFA) writes tiers `words` and `phones`, or `anna - words` and `anna - phones`: its words become
segments, parted at pauses, unless a tier `anna` (or emoduet's own `anna - emotions`) says where segments begin and end.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from praatio import textgrid
from praatio.data_classes.interval_tier import IntervalTier
from praatio.utilities.constants import Interval
from praatio.utilities.errors import PraatioException

from emoduet.errors import InputError
from emoduet.segment_files.found import Found
from emoduet.segment_files.text import text_of
from emoduet.segment_files.voices import with_voice

PART = re.compile(r"(?:(?P<speaker>.+) - )?(?P<part>words|phones|emotions)", re.IGNORECASE)
SILENCES = {"", "sil", "sp", "<eps>", "<sil>"}
"""What aligners write where nobody speaks."""

Parts = dict[str, Sequence[Interval]]


def read_textgrid(path: Path) -> list[Found]:
    """Every labelled interval of every speaker.

    Raises:
        InputError: the file cannot be read, is no TextGrid, or has no labelled intervals.
    """
    text_of(path)
    try:
        grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False, reportingMode="silence")
    except (PraatioException, LookupError, ValueError, AttributeError, TypeError) as error:
        raise InputError(
            f"{path}: no TextGrid that can be read ({error}); save it in Praat as a text file, each tier with a name "
            "of its own"
        ) from error
    found = [with_voice(one) for speaker, parts in _speakers(grid).items() for one in _found(str(path), speaker, parts)]
    if not found:
        names = ", ".join(grid.tierNames) or "none"
        raise InputError(f"{path}: no labelled intervals in its tiers ({names}); want a tier of intervals a speaker")
    return found


def _speakers(grid: textgrid.Textgrid) -> dict[str | None, Parts]:
    """The tiers of each speaker: `segments`, and what else is said by a tier's name."""
    speakers: dict[str | None, Parts] = {}
    for tier in grid.tiers:
        if not isinstance(tier, IntervalTier):
            continue
        named = PART.fullmatch(tier.name)
        speaker, part = (named["speaker"], named["part"].lower()) if named else (tier.name, "segments")
        speakers.setdefault(speaker, {})[part] = tier.entries
    return speakers


def _found(path: str, speaker: str | None, parts: Parts) -> Iterator[Found]:
    words = [entry for entry in parts.get("words", ()) if entry.label.lower() not in SILENCES]
    borders = parts.get("segments", parts.get("emotions"))
    where = f"{path}, speaker {speaker}" if speaker else path
    if borders is None:
        if words:
            told = _told(words)
            yield Found(where=where, start=words[0].start, end=words[-1].end, speaker=speaker, words=told, apart=True)
        return
    for border in borders:
        within = [word for word in words if border.start <= (word.start + word.end) / 2 < border.end]
        joined = " ".join(word.label for word in within) if within else None
        yield Found(
            where=f"{where}, at {border.start:g} s",
            start=border.start,
            end=border.end,
            speaker=speaker,
            transcript=border.label if "segments" in parts else joined,
            words=_told(within) if all(len(word.label.split()) == 1 for word in within) else None,
        )


def _told(words: Sequence[Interval]) -> list[dict[str, object]]:
    return [{"text": word.label, "start": word.start, "end": word.end} for word in words]
