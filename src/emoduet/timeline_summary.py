"""A timeline in a few numbers: which emotions fill it, where they change, and where each is strongest.

Every share is of spoken time: a segment counts with its duration, and its probabilities divide it among the classes, so
that an unsure segment is not rounded to its best class. Changes and peaks are looked for within each speaker's segments
(within each channel's, where speakers are unknown), and a segment that the model abstained from starts and ends none.
Where neither is known there are no changes: the next segment may be somebody else's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from emoduet.types import Seconds, SegmentPrediction, Timeline


@dataclass(frozen=True, slots=True)
class Share:
    """How somebody's spoken time divides among the classes; `shares` sum to one, and are empty if nothing was said.

    `spoken` counts what is said at the same time once; `shares` weigh each segment with its own duration.
    """

    spoken: Seconds
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Transition:
    """A speaker's emotion changes between two consecutive segments; `time` is the beginning of the later one."""

    time: Seconds
    voice: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Peak:
    """Where a class is most probable in somebody's speech."""

    label: str
    voice: str
    start: Seconds
    end: Seconds
    probability: float


@dataclass(frozen=True, slots=True)
class Summary:
    """A recording in numbers; voices are speakers, or channels where speakers are unknown, in order of appearance."""

    overall: Share
    by_voice: Mapping[str, Share]
    transitions: tuple[Transition, ...]
    peaks: tuple[Peak, ...]
    num_abstained: int


def summarise(timeline: Timeline) -> Summary:
    """The recording's shares, changes and peaks; a peak for each voice and each class that is its label somewhere."""
    by_voice: dict[str, list[SegmentPrediction]] = {}
    for one in timeline.segments:
        by_voice.setdefault(voice_of(one), []).append(one)
    return Summary(
        overall=_share(timeline.segments, timeline.classes),
        by_voice={voice: _share(found, timeline.classes) for voice, found in by_voice.items()},
        transitions=tuple(
            sorted((one for voice, found in by_voice.items() for one in _transitions(voice, found)), key=_by_time)
        ),
        peaks=tuple(peak for voice, found in by_voice.items() for peak in _peaks(voice, found, timeline.classes)),
        num_abstained=sum(bool(one.abstained) for one in timeline.segments),
    )


def summary_record(timeline: Timeline) -> dict[str, object]:
    """`summarise` as JSON values: seconds and shares from 0 to 1."""
    return {"duration": timeline.duration, "segments": len(timeline.segments), **asdict(summarise(timeline))}


def voice_of(prediction: SegmentPrediction) -> str:
    """Who is heard in a segment: the speaker, or the channel, or "speaker" where neither is known."""
    segment = prediction.segment
    if segment.speaker is not None:
        return segment.speaker
    return "speaker" if segment.channel is None else f"channel {segment.channel}"


def clock(seconds: Seconds, decimals: int = 2) -> str:
    """A time as people read it, hours only where there are any.

    >>> clock(3723.456), clock(59.999), clock(42.34, decimals=1)
    ('1:02:03.46', '1:00.00', '0:42.3')
    """
    parts = 10**decimals
    minutes, rest = divmod(round(seconds * parts), 60 * parts)
    hours, minutes = divmod(minutes, 60)
    whole, part = divmod(rest, parts)
    return (f"{hours}:{minutes:02}" if hours else f"{minutes}") + f":{whole:02}.{part:0{decimals}}"


def _share(predictions: Sequence[SegmentPrediction], classes: Iterable[str]) -> Share:
    lasting = sum(one.segment.duration for one in predictions)
    if not lasting:
        return Share(0.0, {})
    weighted = {name: sum(one.segment.duration * one.probabilities[name] for one in predictions) for name in classes}
    return Share(_spoken(predictions), {name: weight / lasting for name, weight in weighted.items()})


def _spoken(predictions: Sequence[SegmentPrediction]) -> Seconds:
    """How long at least one of the segments lasts."""
    spoken, until = 0.0, 0.0
    for start, end in sorted((one.segment.start, one.segment.end) for one in predictions):
        spoken += max(0.0, end - max(start, until))
        until = max(until, end)
    return spoken


def _transitions(voice: str, predictions: Sequence[SegmentPrediction]) -> list[Transition]:
    known = [one for one in predictions if one.segment.speaker is not None or one.segment.channel is not None]
    sure = [one for one in known if not one.abstained]
    return [
        Transition(after.segment.start, voice, before.label, after.label)
        for before, after in zip(sure, sure[1:])
        if before.label != after.label
    ]


def _peaks(voice: str, predictions: Sequence[SegmentPrediction], classes: Iterable[str]) -> list[Peak]:
    peaks = []
    for name in classes:
        labelled = [one for one in predictions if not one.abstained and one.label == name]
        if labelled:
            top = max(labelled, key=lambda one: one.probabilities[name])
            peaks.append(Peak(name, voice, top.segment.start, top.segment.end, top.probabilities[name]))
    return peaks


def _by_time(transition: Transition) -> Seconds:
    return transition.time
