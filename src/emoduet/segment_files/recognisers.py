"""The JSON that speech recognisers write: Whisper, faster-whisper, WhisperX, OpenAI's service, and whisper.cpp.

All but the last agree on segments with `start`, `end`, `text` and perhaps `speaker` and `words`; where the words stand
beside the segments, each goes to the nearest, and words alone are taken apart at their pauses.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from emoduet.errors import InputError
from emoduet.segment_files.found import Found
from emoduet.segment_files.refusals import refuse
from emoduet.segment_files.tables import found_in
from emoduet.segment_files.text import text_of
from emoduet.segment_files.times import times_of
from emoduet.segment_files.whisper_cpp import OPENING, SEGMENTS, rows_of
from emoduet.types import Seconds

LANGUAGE_CODE = re.compile(r"[a-z]{2,3}")
"""Some write the language's name instead, which nobody else does."""

Row = Mapping[str, object]


def read_json(path: Path) -> list[Found]:
    """A list of segments, alone or under "segments" or "transcription", or a list of words under "words".

    Raises:
        InputError: the file cannot be read, is not JSON, holds neither, or words beside segments have no proper times.
    """
    value = _json_of(path)
    whole: Row = value if isinstance(value, dict) else {}
    if rows := _rows(whole.get(SEGMENTS)):
        return _found(path, rows_of(rows, whole.get("result")))
    words = _rows(whole.get("words"))
    if rows := _rows(value if isinstance(value, list) else whole.get("segments")):
        found = _with_words(path, _found(path, rows), words)
    elif words and not whole.get("segments"):
        found = [_of_words(path, words)]
    else:
        found = []
    if found:
        return _with_language(found, whole.get("language"))
    raise InputError(
        f'{path}: got {_kind(value)}; want a list of objects with start and end, or an object that has it as "segments"'
    )


def plain_text(path: Path) -> str | None:
    """The text of a JSON that holds the words without any times; None where there are times.

    Raises:
        InputError: the file cannot be read, or is not JSON.
    """
    value = _json_of(path)
    if not isinstance(value, dict) or value.get("segments") or value.get("words"):
        return None
    text = value.get("text", value.get("transcript"))
    return text if isinstance(text, str) else None


def _rows(held: object) -> list[Row]:
    """A list of objects, or nothing."""
    return held if isinstance(held, list) and all(isinstance(one, dict) for one in held) else []


def _found(path: Path, rows: Sequence[Row]) -> list[Found]:
    return [found_in(f"{path}, segment {number}", row) for number, row in enumerate(rows, start=1)]


def _of_words(path: Path, words: Sequence[Row]) -> Found:
    """All words of a recording, to be parted."""
    starts = [word.get("start") for word in words if word.get("start") is not None]
    ends = [word.get("end") for word in words if word.get("end") is not None]
    return Found(where=str(path), start=(starts or [None])[0], end=(ends or [None])[-1], words=words, apart=True)


def _with_language(found: list[Found], language: object) -> list[Found]:
    """What a file says of all its segments, for those of which it says nothing else."""
    if not (isinstance(language, str) and LANGUAGE_CODE.fullmatch(language)):
        return found
    return [one if one.language else replace(one, language=language) for one in found]


def _with_words(path: Path, found: list[Found], words: Sequence[Row]) -> list[Found]:
    """Segments with the words that lie nearest to each, by their middles; as they are where any has words of its own.

    Raises:
        InputError: words have no times.
    """
    told_elsewhere: list[str] = []
    spans = [times_of(one.start, one.end, one.duration, told_elsewhere) for one in found]
    if not words or told_elsewhere or any(one.words for one in found):
        return found
    order = sorted(range(len(found)), key=lambda place: spans[place])
    borders = [(spans[one][1] + spans[other][0]) / 2 for one, other in zip(order, order[1:])]
    own: list[list[Row]] = [[] for _ in found]
    for middle, word in zip(_middles(path, words), words, strict=True):
        own[order[bisect_right(borders, middle)]].append(word)
    return [replace(one, words=said) for one, said in zip(found, own, strict=True)]


def _middles(path: Path, words: Sequence[Row]) -> list[Seconds]:
    middles: list[Seconds] = []
    problems: list[str] = []
    for number, word in enumerate(words, start=1):
        wrong: list[str] = []
        middles.append(sum(times_of(word.get("start"), word.get("end"), None, wrong)) / 2)
        problems += [f"{path}, word {number}: {problem}" for problem in wrong]
    refuse(path, problems, "Mend these, or leave the words out.")
    return middles


def _json_of(path: Path) -> object:
    try:
        return json.loads(text_of(path, careless=OPENING))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({error}); want the JSON that a speech recogniser writes") from error


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return f"an object with {', '.join(list(value)[:8]) or 'nothing in it'}"
    return "a list of other things" if isinstance(value, list) and value else json.dumps(value)[:40]
