"""Times as files have them: numbers or text in, seconds out, or a sentence that says why not."""

import math

from emoduet.segment_files.refusals import shown
from emoduet.types import Seconds


def times_of(start: object, end: object, duration: object, problems: list[str]) -> tuple[Seconds, Seconds]:
    """Start and end in seconds, NaN after noting what is wrong; a duration stands in for an end that is None."""
    begin = _number("start", start, problems)
    if end is None and duration is not None:
        finish = begin + _number("duration", duration, problems)
    else:
        finish = _number("end", end, problems)
    if begin < 0:
        problems.append(f"start: got {begin:g}; want 0 or more seconds")
    elif finish < begin:
        problems.append(f"end: got {finish:g}; want the start, {begin:g}, or later")
    return begin, finish


def _number(name: str, value: object, problems: list[str]) -> float:
    """A finite number; else NaN, of which no comparison finds another fault."""
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if math.isfinite(number):
        return number
    problems.append(f"{name}: got {shown(value)}; want seconds, such as 12.5")
    return math.nan
