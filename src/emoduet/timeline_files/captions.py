"""A timeline as lines that other tools show or read: WebVTT for players, labels for Audacity, RTTM for diarisation.

RTTM keeps the speaker alone as the name of who speaks, so that tools of diarisation, which read no more than that, find
the speakers they know; the emotion stands in the subtype and its probability in the confidence, which they pass over.
Lines of comment are left out, as common readers of RTTM stumble over them.
"""

import html
from collections.abc import Iterator
from pathlib import PurePath

from emoduet.timeline_files.wording import answer, bounds, one_line, seconds_text, token
from emoduet.timeline_summary import voice_of
from emoduet.types import Timeline

PURPOSE = "An estimate of expressed emotion as raters might label it, never of an inner state."


def vtt_lines(timeline: Timeline) -> Iterator[str]:
    """WebVTT: one cue a segment, the speaker as its voice, its answer before its words.

    The answer is of the class `emotion`, by which a page can colour it and a reader tell it from what was said.
    """
    yield from ("WEBVTT", "", "NOTE", PURPOSE, "")
    for prediction in timeline.segments:
        start, end = bounds(prediction.segment)
        speaker = html.escape(one_line(prediction.segment.speaker), quote=False)
        voice = f"<v {speaker}>" if speaker else ""
        yield f"{_clock(start)} --> {_clock(end)}"
        said = html.escape(one_line(prediction.segment.transcript), quote=False)
        yield f"{voice}<c.emotion>[{html.escape(answer(prediction), quote=False)}]</c> {said}".rstrip()
        yield ""


def audacity_lines(timeline: Timeline) -> Iterator[str]:
    """A label track of Audacity: start, end and label, between tabs."""
    for prediction in timeline.segments:
        start, end = bounds(prediction.segment)
        speaker, said = one_line(prediction.segment.speaker), one_line(prediction.segment.transcript)
        voice = f"{speaker}: " if speaker else ""
        yield f"{seconds_text(start)}\t{seconds_text(end)}\t{voice}[{answer(prediction)}] {said}".rstrip()


def rttm_lines(timeline: Timeline) -> Iterator[str]:
    """RTTM of ten fields: the emotion is the subtype ("abstained" where the model did), its probability the confidence.

    The recording is named without folder and suffix. Blanks within names become "_".
    """
    recording = token(PurePath(timeline.recording).stem)
    for prediction in timeline.segments:
        start, end = bounds(prediction.segment)
        emotion = "abstained" if prediction.abstained else token(prediction.label)
        yield (
            f"SPEAKER {recording} {prediction.segment.channel or 1} {seconds_text(start)} {seconds_text(end - start)} "
            f"<NA> {emotion} {token(voice_of(prediction))} {prediction.probabilities[prediction.label]:.4f} <NA>"
        )


def _clock(time: int) -> str:
    minutes, rest = divmod(time, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
