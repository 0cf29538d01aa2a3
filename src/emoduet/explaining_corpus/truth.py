"""What a synthetic corpus planted in its turns: the telling word and its moment, and when anything is said at all.

A turn's one telling word comes from a group that some classes have more often than others; the settings of its voice
carry arousal and valence for as long as it speaks. A pause has no voice, yet it is not empty: the slower the speech,
the longer it is, and slowness tells of low arousal. Whether words or sound speak for a class follows from the
distributions in the corpus's own record; what a model makes of them is not known here.
"""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emoduet.errors import InputError
from emoduet.types import Seconds, Utterance

RECORD = Path("Documentation") / "synthetic.json"

Stretch = tuple[Seconds, Seconds]
"""From when to when, from the turn's beginning."""

Likelihood = Callable[[str], float]
"""Of what is said, or heard, for a class."""


@dataclass(frozen=True)
class Turn:
    """A turn as it was planned and spoken.

    Attributes:
        cue_time: when the telling word is said; None where the record does not know.
        said: when each word is said; empty where the record does not know.
    """

    code: str
    cue_word: str
    word_group: str
    arousal: float
    valence: float
    cue_time: Stretch | None
    said: tuple[Stretch, ...]


@dataclass(frozen=True)
class Truth:
    """The turns of a corpus by their ids, and how they were drawn.

    Attributes:
        codes: of each class of the manifest, the emotion codes that it is made of.
        distributions: as the record states them.
    """

    turns: Mapping[str, Turn]
    codes: Mapping[str, frozenset[str]]
    distributions: Mapping[str, Mapping]

    @property
    def timed(self) -> bool:
        """Whether the corpus tells when words are said; those of older versions do not."""
        return any(turn.said for turn in self.turns.values())

    def words_speak_for(self, turn: Turn, target: str, classes: Sequence[str]) -> bool:
        """Whether the telling word's group is likelier with a class than with all of a model's classes on average."""
        groups = self.distributions["word_groups"]
        return self._likelier(lambda code: groups[code][turn.word_group], target, classes)

    def sound_speaks_for(self, turn: Turn, target: str, classes: Sequence[str]) -> bool:
        """Whether the voice's arousal and valence are likelier with a class than with all classes on average."""
        means, deviation = (self.distributions[f"sound_cue_{name}"] for name in ("means", "standard_deviation"))

        def density(code: str) -> float:
            distance = math.dist((turn.arousal, turn.valence), (means[code]["arousal"], means[code]["valence"]))
            return math.exp(-((distance / deviation) ** 2) / 2)

        return self._likelier(density, target, classes)

    def _likelier(self, likelihood: Likelihood, target: str, classes: Sequence[str]) -> bool:
        """A class is the mixture of its codes; each class counts the same."""
        priors = self.distributions["code_priors"]
        by_class = {}
        for one in (one for one in classes if one in self.codes):
            weights = {code: priors[code] for code in sorted(self.codes[one])}
            by_class[one] = sum(weights[code] * likelihood(code) for code in weights) / sum(weights.values())
        mean = sum(by_class.values()) / max(1, len(by_class))
        return by_class.get(target, 0.0) > mean * (1 + 1e-9)


def read_truth(utterances: Sequence[Utterance]) -> Truth | None:
    """The truth behind the utterances of a manifest; None where no synthetic corpus of speech keeps one beside them.

    Raises:
        InputError: the record cannot be read.
    """
    path = _record_of(utterances)
    if path is None:
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if "utterances" not in record:
            return None
        turns = {name: _turn(told) for name, told in record["utterances"].items()}
        codes: dict[str, set[str]] = defaultdict(set)
        for one in utterances:
            if one.id in turns and one.label is not None:
                codes[one.label].add(turns[one.id].code)
        return Truth(turns, {label: frozenset(found) for label, found in codes.items()}, record["distributions"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: not the record of a synthetic corpus ({error!r}); write the corpus again into a new folder"
        ) from error


def _record_of(utterances: Sequence[Utterance]) -> Path | None:
    """The nearest record above the first synthetic sound; all of a manifest are of one corpus."""
    sound = next((one.audio for one in utterances if one.audio and one.extra.get("synthetic")), None)
    above = () if sound is None else Path(sound).absolute().parents
    return next((folder / RECORD for folder in above if (folder / RECORD).is_file()), None)


def _turn(told: Mapping) -> Turn:
    times = [times and (float(times[0]), float(times[1])) for times in told.get("word_times", ())]
    return Turn(
        code=told["code"],
        cue_word=told["cue_word"],
        word_group=told["word_group"],
        arousal=float(told["arousal"]),
        valence=float(told["valence"]),
        cue_time=times[told["cue_index"]] if times else None,
        said=tuple(one for one in times if one),
    )
