"""What the page's script knows of a timeline: numbers small enough for hours of speech, and which colour is whose."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from itertools import cycle, pairwise
from statistics import median

import numpy as np

from emoduet.report.recording_sound import RecordingSound
from emoduet.timeline_summary import called, voice_of
from emoduet.types import Moment, Seconds, Timeline

NUM_COLOURS = 9
"""Colours of the page's palette, told apart by colour-blind readers, too; more classes share them."""

_COLOUR_OF_STEM = {"ang": 0, "hap": 1, "joy": 1, "sad": 2, "neu": 3, "fea": 4, "dis": 5, "sur": 6}
_UNNAMED_FIRST = (7, 8, *range(7))

GAP = 1.5
"""Moments further apart than this many steps belong to curves of their own."""


def colours_of(classes: Sequence[str]) -> list[int]:
    """Each class's number in the palette: the same emotion has the same colour on every page, where its name is known.

    >>> colours_of(["Anger", "calm", "Happiness", "angry"])
    [0, 7, 1, 8]
    """
    colours: list[int | None] = []
    for name in classes:
        wanted = _COLOUR_OF_STEM.get(name[:3].lower())
        colours.append(None if wanted in colours else wanted)
    free = [colour for colour in _UNNAMED_FIRST if colour not in colours]
    rest = cycle(free or _UNNAMED_FIRST)
    return [next(rest) if colour is None else colour for colour in colours]


def voices_of(timeline: Timeline) -> dict[str | None, str]:
    """What everybody heard is called, in order of appearance; nothing, where nobody knows of any segment who speaks."""
    voices = dict.fromkeys(voice_of(one) for one in timeline.segments)
    return {None: ""} if list(voices) == [None] else {voice: called(voice) for voice in voices}


def length_of(timeline: Timeline, sound: RecordingSound | None) -> Seconds:
    """How long the time axis is: all that was said or can be heard lies on it, even where the duration is not known."""
    ends = [one.segment.end for one in timeline.segments]
    return max([timeline.duration, *ends, *([] if timeline.duration or not sound else [sound.duration])])


def data_of(timeline: Timeline, sound: RecordingSound | None) -> dict[str, object]:
    """Segments as [start, end, voice, class, probability, abstained], voices and classes by number."""
    names = voices_of(timeline)
    voices = {voice: number for number, voice in enumerate(names)}
    classes = {name: number for number, name in enumerate(timeline.classes)}
    return {
        "length": round(length_of(timeline, sound), 3),
        "classes": timeline.classes,
        "colours": colours_of(timeline.classes),
        "voices": list(names.values()),
        "segments": [
            [
                round(one.segment.start, 3),
                round(one.segment.end, 3),
                voices[voice_of(one)],
                classes[one.label],
                round(one.probabilities[one.label], 3),
                int(bool(one.abstained)),
            ]
            for one in timeline.segments
        ],
        "curves": _curves(timeline, voices),
        "peaks": sound and _peaks(sound),
    }


def _curves(timeline: Timeline, voices: Mapping[str | None, int]) -> list[dict[str, object]]:
    """Unbroken runs of moments; `shares` hold a row for each class, in thousandths."""
    voice_of_source = {(one.segment.speaker, one.segment.channel): voice_of(one) for one in timeline.segments}
    heard: dict[str | None, list[Moment]] = {voice: [] for voice in voices}
    for moment in timeline.moments:
        if (moment.speaker, moment.channel) in voice_of_source:
            heard[voice_of_source[moment.speaker, moment.channel]].append(moment)
    return [
        {
            "voice": voices[voice],
            "times": [round(moment.time, 3) for moment in run],
            "shares": [[round(1000 * moment.probabilities[name]) for moment in run] for name in timeline.classes],
        }
        for voice, moments in heard.items()
        for run in _runs(sorted(moments, key=lambda moment: moment.time))
    ]


def _runs(moments: Sequence[Moment]) -> list[list[Moment]]:
    if len(moments) < 2:
        return []
    widest = GAP * median(after.time - before.time for before, after in pairwise(moments))
    runs = [[moments[0]]]
    for before, after in pairwise(moments):
        if after.time - before.time > widest:
            runs.append([])
        runs[-1].append(after)
    return [run for run in runs if len(run) > 1]


def _peaks(sound: RecordingSound) -> dict[str, object]:
    """The outline in 8-bit integers, its highest peak at 127: lowest and highest by turns, in base64."""
    loudest = max(float(np.abs(sound.peaks).max(initial=0)), 1e-9)
    values = np.rint(sound.peaks * (127 / loudest)).astype(np.int8)
    return {"column": sound.column, "values": b64encode(values.tobytes()).decode("ascii")}
