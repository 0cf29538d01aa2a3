"""A timeline in a few numbers: which emotions fill it, where they change, and where each is strongest.

Every share is of spoken time: a segment counts with its duration, and its probabilities divide it among the classes, so
that an unsure segment is not rounded to its best class. Changes and peaks are looked for within each speaker's segments
(within each channel's, where speakers are unknown), and a segment that the model abstained from starts and ends none.
Where neither is known they are those of the recording, from one segment to the next, whoever speaks: the voice is None.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from emoduet.types import Seconds, SegmentPrediction, Timeline

UNKNOWN_VOICE = "voice not known"
"""What people read in the place of a voice that nobody knows, beside voices that are known."""


@dataclass(frozen=True, slots=True)
class Share:
    """How somebody's spoken time divides among the classes; `shares` sum to one, and are empty if nothing was said.

    `spoken` counts what is said at the same time once; `shares` weigh each segment with its own duration.
    """

    spoken: Seconds
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Transition:
    """A voice's emotion changes between two consecutive segments; `time` is the beginning of the later one.

    With `voice` None nobody knows who speaks: the change is from one segment to the next, perhaps of somebody else.
    """

    time: Seconds
    voice: str | None
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Peak:
    """Where a class is most probable in somebody's speech; `voice` None is that of which nobody knows whose it is."""

    label: str
    voice: str | None
    start: Seconds
    end: Seconds
    probability: float


@dataclass(frozen=True, slots=True)
class Summary:
    """A recording in numbers; voices are speakers, or channels where speakers are unknown, in order of appearance.

    The voice None is all that of which neither is known, and not one person.
    """

    overall: Share
    by_voice: Mapping[str | None, Share]
    transitions: tuple[Transition, ...]
    peaks: tuple[Peak, ...]
    num_abstained: int

    @property
    def who_speaks(self) -> Literal["nobody", "known", "known in part", "not known"]:
        """Of how much of the speech a speaker or channel is known."""
        if not self.by_voice:
            return "nobody"
        if None not in self.by_voice:
            return "known"
        return "known in part" if len(self.by_voice) > 1 else "not known"


def summarise(timeline: Timeline) -> Summary:
    """The recording's shares, changes and peaks; a peak for each voice and each class that is its label somewhere."""
    by_voice: dict[str | None, list[SegmentPrediction]] = {}
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
    """`summarise` as JSON values: seconds and shares from 0 to 1.

    `who_speaks` is the reason why `by_voice`, or the `voice` of a change or peak, is null.
    """
    summary = summarise(timeline)
    by_voice = {called(voice): asdict(share) for voice, share in summary.by_voice.items()}
    return {
        "duration": timeline.duration,
        "segments": len(timeline.segments),
        **asdict(summary),
        "by_voice": None if summary.who_speaks == "not known" else by_voice,
        "who_speaks": summary.who_speaks,
    }


def voice_of(prediction: SegmentPrediction) -> str | None:
    """Who is heard in a segment: the speaker, or the channel, or None where neither is known."""
    segment = prediction.segment
    if segment.speaker is not None:
        return segment.speaker
    return None if segment.channel is None else f"channel {segment.channel}"


def called(voice: str | None) -> str:
    """What people read for a voice.

    >>> called("Anna"), called(None)
    ('Anna', 'voice not known')
    """
    return UNKNOWN_VOICE if voice is None else voice


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


def _transitions(voice: str | None, predictions: Sequence[SegmentPrediction]) -> list[Transition]:
    sure = [one for one in predictions if not one.abstained]
    return [
        Transition(after.segment.start, voice, before.label, after.label)
        for before, after in zip(sure, sure[1:])
        if before.label != after.label
    ]


def _peaks(voice: str | None, predictions: Sequence[SegmentPrediction], classes: Iterable[str]) -> list[Peak]:
    peaks = []
    for name in classes:
        labelled = [one for one in predictions if not one.abstained and one.label == name]
        if labelled:
            top = max(labelled, key=lambda one: one.probabilities[name])
            peaks.append(Peak(name, voice, top.segment.start, top.segment.end, top.probabilities[name]))
    return peaks


def _by_time(transition: Transition) -> Seconds:
    return transition.time
