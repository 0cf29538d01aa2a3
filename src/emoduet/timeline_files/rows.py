"""A timeline as rows with everything that is known of each segment: JSON Lines and CSV; and its curve as CSV.

Times are rounded to milliseconds, probabilities and entropy (in bits) to six decimals. In CSV a class has the column
`p_<class>`, cells of what is not known are empty, and a transcript of several lines stays one cell, in quotes.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from emoduet.timeline_files.wording import milliseconds, seconds_text
from emoduet.types import Moment, SegmentPrediction, Timeline

DECIMALS = 6
SPOKEN = ("speaker", "channel", "transcript", "label")
ABSTAINED = {None: "", False: "false", True: "true"}


def record_of(prediction: SegmentPrediction, recording: str) -> dict[str, object]:
    """One segment as a JSON object; null is "not known", and for `abstained` "no risk was chosen"."""
    segment = prediction.segment
    return {
        "recording": recording,
        "start": milliseconds(segment.start) / 1000,
        "end": milliseconds(segment.end) / 1000,
        "speaker": segment.speaker,
        "channel": segment.channel,
        "transcript": segment.transcript,
        "label": prediction.label,
        "probabilities": _rounded(prediction.probabilities),
        "entropy": round(prediction.entropy, DECIMALS),
        "abstained": prediction.abstained,
    }


def moment_record(moment: Moment, recording: str) -> dict[str, object]:
    """One moment of the curve as a JSON object, with `time` in the place of `start` and `end`."""
    return {
        "recording": recording,
        "time": milliseconds(moment.time) / 1000,
        "speaker": moment.speaker,
        "channel": moment.channel,
        "probabilities": _rounded(moment.probabilities),
    }


def jsonl_lines(timeline: Timeline) -> Iterator[str]:
    """One JSON object a segment."""
    for prediction in timeline.segments:
        yield json.dumps(record_of(prediction, timeline.recording), ensure_ascii=False)


def csv_lines(timeline: Timeline) -> Iterator[str]:
    """A header and one row a segment."""
    yield _row(["recording", "start", "end", *SPOKEN, *_columns(timeline.classes), "entropy", "abstained"])
    for prediction in timeline.segments:
        record = record_of(prediction, timeline.recording)
        start, end = (_time(time) for time in (prediction.segment.start, prediction.segment.end))
        figures = _figures(prediction.probabilities, timeline.classes)
        judged = (f"{prediction.entropy:.{DECIMALS}f}", ABSTAINED[prediction.abstained])
        yield _row([timeline.recording, start, end, *(record[name] for name in SPOKEN), *figures, *judged])


def moments_lines(timeline: Timeline) -> Iterator[str]:
    """A header and one row a moment of the curve."""
    yield _row(["time", "speaker", "channel", *_columns(timeline.classes)])
    for moment in timeline.moments:
        figures = _figures(moment.probabilities, timeline.classes)
        yield _row([_time(moment.time), moment.speaker, moment.channel, *figures])


def _rounded(probabilities: Mapping[str, float]) -> dict[str, float]:
    return {name: round(one, DECIMALS) for name, one in probabilities.items()}


def _columns(classes: Iterable[str]) -> list[str]:
    return [f"p_{name}" for name in classes]


def _figures(probabilities: Mapping[str, float], classes: Sequence[str]) -> list[str]:
    return [f"{probabilities[name]:.{DECIMALS}f}" for name in classes]


def _time(time: float) -> str:
    return seconds_text(milliseconds(time))


def _row(cells: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)  # both characters, so that cells with either are quoted
    return text.getvalue().removesuffix("\r\n")
