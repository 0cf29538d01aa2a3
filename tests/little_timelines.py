"""Little timelines for the tests, as files and read back."""

from pathlib import Path

from praatio import textgrid

from emoduet.timeline_files import FORMATS, write_timeline
from emoduet.types import Segment, SegmentPrediction, Timeline, Word

SURE = {"angry": 0.75, "sad": 0.25}
UNSURE = {"angry": 0.5, "sad": 0.5}
WORDS = (Word(text="oh", start=0.6, end=0.8), Word(text="no", start=0.8, end=1.1))


def predicted(
    start: float, end: float, probabilities: dict[str, float] = SURE, abstained: bool | None = None, **known: object
) -> SegmentPrediction:
    """A segment and its answer; `known` are other fields of the segment."""
    segment = Segment(start=start, end=end, **known)
    return SegmentPrediction(segment=segment, probabilities=probabilities, abstained=abstained)


def timeline(*segments: SegmentPrediction, recording: str = "calls/my call.mp3", duration: float = 10.0) -> Timeline:
    """These segments of one recording."""
    return Timeline(recording=recording, duration=duration, classes=("angry", "sad"), segments=segments)


TALK = timeline(
    predicted(0.5, 1.25, speaker="Anna", transcript="Oh, no!", words=WORDS, language="en", abstained=False),
    predicted(1.0, 3.0004, UNSURE, abstained=True, channel=2),
)


def written(folder: Path, one: Timeline, format: str) -> Path:
    """The file of a timeline."""
    path = folder / f"t{FORMATS[format]}"
    write_timeline(one, path)
    return path


def text_of(folder: Path, one: Timeline, format: str) -> str:
    """What is in the file of a timeline, every character of it."""
    return written(folder, one, format).read_bytes().decode("utf-8")


def tiers_of(path: Path) -> dict[str, list[tuple]]:
    """The labelled intervals of each tier, as praatio reads them."""
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False, reportingMode="error")
    assert grid.validate("error")
    return {tier.name: [tuple(entry) for entry in tier.entries] for tier in grid.tiers}
