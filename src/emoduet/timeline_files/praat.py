"""A timeline as Praat's TextGrid: for every speaker a tier of emotions and one of words.

Intervals of a tier must not overlap: where somebody's segments do, the later one goes into tiers of its own. Words are
intervals where their times are known; else a segment's transcript is one interval.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from praatio.data_classes.interval_tier import IntervalTier
from praatio.data_classes.textgrid import Textgrid

from emoduet.timeline_files.wording import NAMELESS, answer, bounds, milliseconds, one_line
from emoduet.timeline_summary import voice_of
from emoduet.types import Segment, SegmentPrediction, Timeline

KEYWORD = re.compile(r"(item|intervals|points)( ?)\[|(ooTextFile) (?=short)")
"""What praatio takes for the format's own wherever it stands."""

Lane = list[SegmentPrediction]
Span = tuple[int, int, str]
"""Start and end in milliseconds, and a label."""


def save_textgrid(timeline: Timeline, path: Path) -> None:
    """Writes a TextGrid in Praat's long text format; without any segments it has one empty tier of either kind."""
    ends = [bounds(prediction.segment)[1] for prediction in timeline.segments]
    duration = max([1, milliseconds(timeline.duration), *ends]) / 1000
    grid = Textgrid(0, duration)
    for name, lane in _lanes(timeline.segments).items() or [("", [])]:
        emotions = [(*bounds(one.segment), answer(one)) for one in lane]
        words = [span for one in lane for span in _words(one.segment)]
        for part, spans in (("emotions", emotions), ("words", words)):
            entries = [(start / 1000, end / 1000, _label(label)) for start, end, label in spans]
            grid.addTier(IntervalTier(f"{name} - {part}" if name else part, entries, 0, duration))
    grid.save(str(path), format="long_textgrid", includeBlankSpaces=True, reportingMode="error")


def _lanes(predictions: Sequence[SegmentPrediction]) -> dict[str, Lane]:
    """Segments by speaker; what overlaps goes to "<speaker> 2", and so on, by a number that makes it unique."""
    voices: dict[str, list[Lane]] = {}
    for one in sorted(predictions, key=lambda one: bounds(one.segment)):
        lanes = voices.setdefault(_label(voice_of(one) or "") or NAMELESS, [])
        start = bounds(one.segment)[0]
        free = next((lane for lane in lanes if bounds(lane[-1].segment)[1] <= start), None)
        if free is None:
            lanes.append([one])
        else:
            free.append(one)
    named: dict[str, Lane] = {}
    for voice, lanes in voices.items():
        names = (f"{voice} {number}" for number in range(2, len(predictions) + len(voices) + 2))
        unused = (name for name in names if name not in voices)
        named |= zip([voice, *(next(unused) for _ in lanes[1:])], lanes)
    return named


def _words(segment: Segment) -> list[Span]:
    """The intervals of a segment's words, within it and one after the other; what has no room joins the former word."""
    first, last = bounds(segment)
    if not segment.words:
        transcript = one_line(segment.transcript)
        return [(first, last, transcript)] if transcript else []
    spans: list[Span] = []
    for word in segment.words:
        start = milliseconds(word.start)
        start = max(start, spans[-1][1]) if spans else min(max(start, first), last - 1)
        end = min(milliseconds(word.end), last)
        if spans and end <= start:
            spans[-1] = (*spans[-1][:2], f"{spans[-1][2]} {one_line(word.text)}")
        else:
            spans.append((start, max(end, start + 1), one_line(word.text)))
    return spans


def _label(text: str) -> str:
    return KEYWORD.sub(lambda found: f"{found[3]}, " if found[3] else f"{found[1]}{found[2]}(", one_line(text))
