"""The words everything else is said in: utterances, predictions, seconds. No file is opened here."""

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
