"""The words everything else is said in: utterances, predictions, seconds. No file is opened here."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Ge, Gt, Lt

Positive = Annotated[int, Gt(0)]
Rate = Annotated[float, Gt(0)]
Probability = Annotated[float, Ge(0), Lt(1)]
Share = Annotated[float, Gt(0), Lt(1)]
"""What a recipe's numbers may be: checked where a recipe is read."""

Seconds = float
"""A time or a duration, always in seconds; samples are named `num_samples` and are integers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One spoken turn and everything a corpus says of it; None is "the corpus does not say".

    `audio` is the path of a sound file; `start` and `end` bound the turn within it (None: the whole file).
    `votes` counts the raters' labels (one rater may give several). Valence, arousal and dominance are the raters' means
    on the corpus's own scale. `speaker` is who speaks, never who wears the recording's markers.
    What the corpus says beyond these fields stands under `extra`.
    """

    id: str
    audio: str | None = None
    start: Seconds | None = None
    end: Seconds | None = None
    transcript: str | None = None
    label: str | None = None
    votes: Mapping[str, int] | None = None
    valence: float | None = None
    arousal: float | None = None
    dominance: float | None = None
    session: str | None = None
    dialogue: str | None = None
    scenario: str | None = None
    scripted: bool | None = None
    speaker: str | None = None
    sex: str | None = None
    split: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a model expects raters to say of one utterance: a probability for every class, summing to one.

    It estimates expressed emotion, never an inner state.
    """

    id: str
    probabilities: Mapping[str, float]

    @property
    def label(self) -> str:
        """The class of highest probability."""
        return max(self.probabilities, key=self.probabilities.__getitem__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why one input of many has no prediction; the others have theirs."""

    id: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A spoken word, and when in the recording it was said."""

    text: str
    start: Seconds
    end: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of speech in a recording.

    `speaker` is who speaks, where that is known; `channel` the channel it was heard on, counted from 1, where channels
    are taken apart. `transcript` None is "nobody knows the words", "" is "there are none"; `words` are empty where
    their times are not known. `language` is what speech recognition took the words for, such as "en".
    """

    start: Seconds
    end: Seconds
    speaker: str | None = None
    channel: int | None = None
    transcript: str | None = None
    words: tuple[Word, ...] = ()
    language: str | None = None

    @property
    def duration(self) -> Seconds:
        """How long it lasts."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentPrediction:
    """What a model expects raters to say of one segment: a probability for every class, summing to one.

    `abstained` tells whether the model is too unsure for the risk that was chosen; None where none was.
    """

    segment: Segment
    probabilities: Mapping[str, float]
    abstained: bool | None = None

    @property
    def label(self) -> str:
        """The class of highest probability."""
        return max(self.probabilities, key=self.probabilities.__getitem__)

    @property
    def entropy(self) -> float:
        """How undecided it is, in bits: 0 is sure, log2 of the number of classes knows nothing."""
        return sum(-one * math.log2(one) for one in self.probabilities.values() if one > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A point of the curve that overlapping windows give; `speaker` and `channel` are those of its segment."""

    time: Seconds
    probabilities: Mapping[str, float]
    speaker: str | None = None
    channel: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A recording from beginning to end, as a model hears and reads it; segments in order of their starts.

    `moments` are empty unless overlapping windows were asked for.
    """

    recording: str
    duration: Seconds
    classes: tuple[str, ...]
    segments: tuple[SegmentPrediction, ...]
    moments: tuple[Moment, ...] = ()
