"""One HTML page of a recording: what was heard when, to look at, to read and to listen to.

The page holds its style, script, figures and sound, and forbids the browser to load anything. Segments, words and
figures are written as plain HTML, so that they can be searched, printed and read without the script; the script draws
the timeline and plays. The page is written piece by piece, and its sound is never in memory whole.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from math import log2
from pathlib import Path

from emoduet.atomic import new_file
from emoduet.cards.model_card import RESPONSIBLE_USE
from emoduet.report.numbers import count, percent
from emoduet.report.recording_sound import RecordingSound
from emoduet.report.templates import template
from emoduet.report.timeline_data import colours_of, data_of, length_of, voices_of
from emoduet.timeline_summary import Share, Summary, called, clock, voice_of
from emoduet.types import Seconds, Segment, SegmentPrediction, Timeline

tenths = partial(clock, decimals=1)

RULES = {
    "known": "from one segment to a voice’s next",
    "known in part": "from one segment to a voice’s next; of those of no known voice, to the next, whoever speaks",
    "not known": "from one segment to the next, whoever speaks",
}
"""Between which segments changes are counted."""

PIECE = 3 << 18
"""Bytes of sound in a line of base64: a multiple of three, so that each line stands by itself."""


def write_timeline_page(
    timeline: Timeline, summary: Summary, sound: RecordingSound | None, out: Path, notes: Sequence[str] = ()
) -> None:
    """Writes the page, whole or not at all.

    Args:
        summary: of this very timeline.
        sound: what to draw and play; None gives a page without.
        notes: what else the reader should know, such as the model's name and licence; a paragraph each.

    Raises:
        InputError: the page cannot be written.
    """
    page = template("timeline.html").generate(_values(timeline, summary, sound, notes))
    with new_file(out) as temporary, temporary.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.writelines(page)


def spans_of(segment: Segment) -> list[tuple[str, str, Seconds | None]]:
    """The transcript in pieces: what stands before a word, the word, and when it is said (None: nobody knows).

    Where the words are not found in the transcript in their order, they themselves are the transcript.

    >>> from emoduet.types import Word
    >>> words = (Word(text="ça", start=0.5, end=0.7), Word(text="va", start=0.7, end=1.0))
    >>> spans_of(Segment(start=0.5, end=1.0, transcript="Ah, ça va?", words=words))
    [('Ah, ', 'ça', 0.5), (' ', 'va', 0.7), ('?', '', None)]
    """
    transcript, place, spans = segment.transcript or "", 0, []
    for word in segment.words:
        text = word.text.strip()
        found = transcript.find(text, place)
        if found < 0:
            return [(" ", word.text.strip(), word.start) for word in segment.words]
        spans.append((transcript[place:found], text, word.start))
        place = found + len(text)
    return [*spans, (transcript[place:], "", None)]


def _values(
    timeline: Timeline, summary: Summary, sound: RecordingSound | None, notes: Sequence[str]
) -> Mapping[str, object]:
    colours = dict(zip(timeline.classes, colours_of(timeline.classes), strict=True))
    voices = voices_of(timeline)
    length = length_of(timeline, sound)
    return {
        "title": timeline.recording,
        "facts": _facts(timeline, summary, length),
        "notes": notes,
        "languages": sorted({one.segment.language for one in timeline.segments if one.segment.language}),
        "colours": colours,
        "with_abstained": any(one.abstained is not None for one in timeline.segments),
        "num_abstained": summary.num_abstained,
        "num_segments": len(timeline.segments),
        "with_moments": bool(timeline.moments),
        "shares": _share_rows(summary),
        "peaks": summary.peaks,
        "changes": _changes(summary),
        "num_changes": len(summary.transitions),
        "change_rule": RULES.get(summary.who_speaks),
        "voices": voices,
        "segments": (_segment_values(one, voices) for one in timeline.segments),
        "class_numbers": {name: number for number, name in enumerate(timeline.classes)},
        "most_entropy": f"{log2(len(timeline.classes)):.2f}",
        "voice_numbers": {name: number for number, name in enumerate(voices.values())},
        "length": length,
        "data": data_of(timeline, sound) if length else None,
        "sound": sound and sound_lines(sound.mp3),
        "clock": tenths,
        "responsible_use": RESPONSIBLE_USE,
        "version": version("emoduet"),
    }


def sound_lines(mp3: Path) -> Iterator[str]:
    """The file in lines of base64, each whole by itself."""
    with mp3.open("rb") as file:
        while piece := file.read(PIECE):
            yield b64encode(piece).decode("ascii") + "\n"


def _facts(timeline: Timeline, summary: Summary, length: Seconds) -> list[str]:
    if not timeline.segments:
        return [tenths(length)]
    return [
        tenths(length),
        f"{tenths(summary.overall.spoken)} of speech",
        count(len(timeline.segments), "segment"),
        _voices_told(summary),
    ]


def _voices_told(summary: Summary) -> str:
    """How many voices there are, or that nobody knows."""
    if summary.who_speaks == "not known":
        return "who speaks is not known"
    voices = count(len(summary.by_voice) - (None in summary.by_voice), "voice")
    return f"{voices}, and some not known" if None in summary.by_voice else voices


def _share_rows(summary: Summary) -> list[tuple[str, Share]]:
    """Everybody together, and each voice where there are several."""
    rows = [("all", summary.overall)] if summary.overall.shares else []
    each = [(called(voice), share) for voice, share in summary.by_voice.items()]
    return rows + (each if len(each) > 1 else [])


def _changes(summary: Summary) -> list[tuple[tuple[str, str], list[tuple[Seconds, str | None]]]]:
    """From which class to which, the most frequent first, and each one's time and voice."""
    pairs: dict[tuple[str, str], list[tuple[Seconds, str | None]]] = {}
    for one in summary.transitions:
        pairs.setdefault((one.before, one.after), []).append((one.time, one.voice))
    return sorted(pairs.items(), key=lambda pair: -len(pair[1]))


def _segment_values(prediction: SegmentPrediction, voices: Mapping[str | None, str]) -> Mapping[str, object]:
    segment = prediction.segment
    spans = spans_of(segment)
    silent = "words unknown" if segment.transcript is None else "no words"
    return {
        "start": segment.start,
        "end": segment.end,
        "voice": voices[voice_of(prediction)],
        "language": segment.language,
        "spans": spans,
        "instead": "" if any(gap.strip() or word for gap, word, _ in spans) else silent,
        "label": prediction.label,
        "sure": percent(prediction.probabilities[prediction.label]),
        "entropy": f"{prediction.entropy:.2f}",
        "abstained": bool(prediction.abstained),
        "probabilities": prediction.probabilities,
    }
