"""What one manifest record may hold: the checks that reading, writing and every corpus reader share.

Pure: a mapping in, sentences out; a record without a sentence may become an `Utterance`.
"""

import json
import math
from collections.abc import Mapping

TEXTS = ("audio", "transcript", "label", "session", "dialogue", "scenario", "speaker", "sex", "split")
NUMBERS = ("start", "end", "valence", "arousal", "dominance")
MAY_BE_EMPTY = ("transcript",)


def record_problems(record: Mapping[str, object]) -> list[str]:
    """What keeps a record from being an utterance, each as `key: got ...; want ...`; empty when all is well.

    >>> record_problems({"id": "a", "start": 2.0, "end": 1.0, "extra": {}})
    ['end: got 1.0; want more than the start, 2.0']
    """
    found = [_text_problem("id", record.get("id"), required=True)]
    found += [_text_problem(key, record.get(key)) for key in TEXTS]
    found += [_number_problem(key, record.get(key)) for key in NUMBERS]
    found += [_scripted_problem(record.get("scripted")), _votes_problem(record.get("votes"))]
    found += [_extra_problem(record.get("extra"))]
    problems = [problem for problem in found if problem is not None]
    return problems or _time_problems(record.get("start"), record.get("end"))


def _text_problem(key: str, value: object, required: bool = False) -> str | None:
    if value is None:
        return f"{key}: got null; want text" if required else None
    if not isinstance(value, str):
        return f"{key}: got {_shown(value)}; want text or null"
    if not value.strip() and key not in MAY_BE_EMPTY:
        return f"{key}: got {value!r}; want text that is not blank{'' if required else ', or null'}"
    return None if _is_unicode(value) else f"{key}: got {value!r}; want text that UTF-8 can hold"


def _number_problem(key: str, value: object) -> str | None:
    if value is None or _is_finite_number(value):
        return None
    return f"{key}: got {_shown(value)}; want a finite number or null"


def _scripted_problem(value: object) -> str | None:
    if value is None or isinstance(value, bool):
        return None
    return f"scripted: got {_shown(value)}; want true, false or null"


def _votes_problem(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        return f"votes: got {_shown(value)}; want an object of label: count, or null"
    for label, count in value.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            return f"votes: got {_shown(count)} for {label!r}; want a whole number, 0 or more"
    return None


def _extra_problem(value: object) -> str | None:
    if not isinstance(value, Mapping):
        return f"extra: got {_shown(value)}; want an object"
    for key, held in value.items():
        if not isinstance(key, str) or not _is_json(held):
            return f"extra: got {_shown(held)} for {key!r}; want finite numbers, text, lists and objects"
    return None


def _time_problems(start: float | None, end: float | None) -> list[str]:
    if start is not None and start < 0:
        return [f"start: got {start}; want 0 or more seconds"]
    if end is not None and end <= (start or 0):
        return [f"end: got {end}; want more than the start, {start or 0}"]
    return []


def _is_finite_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _is_unicode(text: str) -> bool:
    """Whether UTF-8 can hold the text; half a surrogate pair (a file name of stray bytes) it cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _is_json(value: object) -> bool:
    try:
        return _is_unicode(json.dumps(value, allow_nan=False, ensure_ascii=False))
    except (TypeError, ValueError):
        return False


def _shown(value: object) -> str:
    """A value as a message shows it: as JSON where possible, and not too long."""
    text = json.dumps(value, default=repr)
    return text if len(text) <= 60 else f"{text[:57]}..."
