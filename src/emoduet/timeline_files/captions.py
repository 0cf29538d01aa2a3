"""A timeline as lines that other tools show or read: WebVTT for players, labels for Audacity, RTTM for diarisation.

RTTM keeps the speaker alone as the name of who speaks, so that tools of diarisation, which read no more than that, find
the speakers they know; the emotion stands in the subtype and its probability in the confidence, which they pass over.
Lines of comment are left out, as common readers of RTTM stumble over them.
"""

import html
from collections.abc import Iterator
from pathlib import PurePath

from emoduet.timeline_files.wording import NAMELESS, answer, bounds, one_line, seconds_text, token
from emoduet.timeline_summary import voice_of
from emoduet.types import Timeline

PURPOSE = "An estimate of expressed emotion as raters might label it, never of an inner state."


def vtt_lines(timeline: Timeline) -> Iterator[str]:
    """WebVTT: one cue a segment, the speaker or channel as its voice, its answer before its words.

    The answer is of the class `emotion`, by which a page can colour it and a reader tell it from what was said.
    """
    yield from ("WEBVTT", "", "NOTE", PURPOSE, "")
    for prediction in timeline.segments:
        start, end = bounds(prediction.segment)
        name = html.escape(one_line(voice_of(prediction)), quote=False)
        voice = f"<v {name}>" if name else ""
        yield f"{_clock(start)} --> {_clock(end)}"
        said = html.escape(one_line(prediction.segment.transcript), quote=False)
        yield f"{voice}<c.emotion>[{html.escape(answer(prediction), quote=False)}]</c> {said}".rstrip()
        yield ""


def audacity_lines(timeline: Timeline) -> Iterator[str]:
    """A label track of Audacity: start, end and label, between tabs."""
    for prediction in timeline.segments:
        start, end = bounds(prediction.segment)
        name, said = one_line(voice_of(prediction)), one_line(prediction.segment.transcript)
        voice = f"{name}: " if name else ""
        yield f"{seconds_text(start)}\t{seconds_text(end)}\t{voice}[{answer(prediction)}] {said}".rstrip()


def rttm_lines(timeline: Timeline) -> Iterator[str]:
    """RTTM of ten fields: the emotion is the subtype ("abstained" where the model did), its probability the confidence.

    The recording is named without folder and suffix. Blanks within names become "_".
    """
    recording = token(PurePath(timeline.recording).stem)
    for prediction in timeline.segments:
        start, end = bounds(prediction.segment)
        emotion = "abstained" if prediction.abstained else token(prediction.label)
        voice = token(voice_of(prediction) or NAMELESS)
        yield (
            f"SPEAKER {recording} {prediction.segment.channel or 1} {seconds_text(start)} {seconds_text(end - start)} "
            f"<NA> {emotion} {voice} {prediction.probabilities[prediction.label]:.4f} <NA>"
        )


def _clock(time: int) -> str:
    minutes, rest = divmod(time, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
