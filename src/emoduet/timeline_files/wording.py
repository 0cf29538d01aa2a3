"""How a timeline is put into words and figures that no format stumbles over: text in one line, whole milliseconds."""

import re

from emoduet.types import Seconds, Segment, SegmentPrediction

NAMELESS = "speaker"
"""The name of whoever speaks where nobody knows who it is, in formats that must have one."""

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def writable(text: str) -> str:
    r"""Text that UTF-8 can hold: half a surrogate pair, as stray bytes of a file's name become, is spelled out.

    JSON reads the spelling back as what it was.

    >>> writable("caf\udce9")
    'caf\\udce9'
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def one_line(text: str | None) -> str:
    """Text without line breaks, tabs and control characters, each run of blanks one blank; None is nothing.

    >>> one_line(" He said:\\n\\tno. ")
    'He said: no.'
    """
    return " ".join(CONTROL.sub(" ", writable(text or "")).split())


def token(text: str) -> str:
    """Text without blanks, as formats want it that divide their lines at blanks; "-" where there is nothing.

    >>> token("Anna Maria")
    'Anna_Maria'
    """
    return "_".join(one_line(text).split()) or "-"


def milliseconds(time: Seconds) -> int:
    """A time in whole milliseconds, never below 0."""
    return max(0, round(time * 1000))


def bounds(segment: Segment) -> tuple[int, int]:
    """Start and end in whole milliseconds, at least one apart, since players and Praat show nothing that is shorter."""
    start = milliseconds(segment.start)
    return start, max(milliseconds(segment.end), start + 1)


def seconds_text(time: int) -> str:
    """Milliseconds as seconds.

    >>> seconds_text(360_000_007)
    '360000.007'
    """
    return f"{time // 1000}.{time % 1000:03d}"


def answer(prediction: SegmentPrediction) -> str:
    """The class and its probability; one that the model abstained from says so.

    >>> answer(SegmentPrediction(segment=Segment(start=0, end=1), probabilities={"sad": 0.75, "happy": 0.25}))
    'sad 0.75'
    """
    said = f"{one_line(prediction.label)} {prediction.probabilities[prediction.label]:.2f}"
    return f"abstained: {said}" if prediction.abstained else said
