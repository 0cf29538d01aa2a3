"""A timeline as rows with everything that is known of each segment: JSON Lines and CSV; and its curve as CSV.

Times are rounded to milliseconds, probabilities and entropy (in bits) to six decimals. In CSV a class has the column
`p_<class>`, cells of what is not known are empty, and a transcript of several lines stays one cell, in quotes; text
that a spreadsheet would compute has a single quote before it, which reading takes away. CSV has no times of words.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from emoduet.corpora.table_file import guarded
from emoduet.timeline_files.wording import milliseconds, seconds_text
from emoduet.types import Moment, Seconds, SegmentPrediction, Timeline

DECIMALS = 6
SPOKEN = ("speaker", "channel", "transcript", "language", "label")
ABSTAINED = {None: "", False: "false", True: "true"}


def record_of(prediction: SegmentPrediction, recording: str) -> dict[str, object]:
    """One segment as a JSON object; null is "not known", and for `abstained` "no risk was chosen".

    `words` are empty where their times are not known.
    """
    segment = prediction.segment
    return {
        "recording": recording,
        "start": _seconds(segment.start),
        "end": _seconds(segment.end),
        "speaker": segment.speaker,
        "channel": segment.channel,
        "transcript": segment.transcript,
        "language": segment.language,
        "words": [
            {"word": word.text, "start": _seconds(word.start), "end": _seconds(word.end)} for word in segment.words
        ],
        "label": prediction.label,
        "probabilities": _rounded(prediction.probabilities),
        "entropy": round(prediction.entropy, DECIMALS),
        "abstained": prediction.abstained,
    }


def moment_record(moment: Moment, recording: str) -> dict[str, object]:
    """One moment of the curve as a JSON object, with `time` in the place of `start` and `end`."""
    return {
        "recording": recording,
        "time": _seconds(moment.time),
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


def _seconds(time: Seconds) -> float:
    return milliseconds(time) / 1000


def _time(time: Seconds) -> str:
    return seconds_text(milliseconds(time))


def _row(cells: Iterable[object]) -> str:
    text = io.StringIO()
    safe = [guarded(cell) if isinstance(cell, str) else cell for cell in cells]
    csv.writer(text, lineterminator="\r\n").writerow(safe)  # both characters, so that cells with either are quoted
    return text.getvalue().removesuffix("\r\n")
