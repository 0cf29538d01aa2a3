"""Whom a system recognises less well: gaps of UA between groups of speakers, and the spread over single speakers.

A gap is a number with an interval, or no number and the reason. It says how far two groups' speakers lie apart under
this system on this corpus, not why: groups differ in scripts, rooms and emotions, too. A single speaker is one cluster
and no population, so speakers are not set against each other; how far they scatter is told beside what chance would do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emoduet.breakdown import values_of
from emoduet.evaluation import Answers
from emoduet.metrics import unweighted_accuracy
from emoduet.results import MIN_CLUSTERS
from emoduet.significance import Interval, confusion_by_cluster
from emoduet.unpaired import deviation_by_chance, deviation_interval, difference_interval

GROUPED = ("sex", "age", "accent")
"""The properties of speakers that gaps are told of, by the names of their breakdowns."""

OTHERS = "all others"


@dataclass(frozen=True, slots=True)
class Side:
    """One of two groups; `ua` over the compared classes, from 0 to 1, None where no gap is shown.

    Utterances are those whose speaker is known; under several seeds each counts once.
    """

    value: str
    num_speakers: int
    num_utterances: int
    ua: float | None


@dataclass(frozen=True, slots=True)
class Gap:
    """UA of the first group less that of the second, with its 95 % interval; either both or neither.

    Attributes:
        classes: those that are compared: at least `MIN_CLUSTERS` speakers of each group have utterances of them.
        not_compared: the other classes; their utterances are not in the sides.
        why_none: why no gap is shown; empty where one is.
    """

    first: Side
    second: Side
    classes: tuple[str, ...]
    not_compared: tuple[str, ...]
    difference: float | None
    interval: Interval | None
    why_none: str


@dataclass(frozen=True, slots=True)
class Grouping:
    """The gaps by one property: one between two groups, or each of several groups against all others.

    `num_left_out` counts utterances of which the corpus does not say the property.
    """

    name: str
    gaps: tuple[Gap, ...]
    num_left_out: int


@dataclass(frozen=True, slots=True)
class SpeakerScore:
    """The UA of one speaker, from 0 to 1."""

    speaker: str
    num_utterances: int
    ua: float


@dataclass(frozen=True, slots=True)
class SpeakerSpread:
    """How far the UA of single speakers scatters, of those who have utterances of every class; shares.

    Attributes:
        deviation: the standard deviation of their UA; `interval` is its 95 % interval, if UA is normally distributed.
        by_chance: the same if all speakers were alike, as in `unpaired.deviation_by_chance`.
        num_left_out: speakers who lack a class.
    """

    num_speakers: int
    num_left_out: int
    least: SpeakerScore
    median: float
    greatest: SpeakerScore
    deviation: float
    interval: Interval
    by_chance: float


def gaps_of(answers: Answers) -> tuple[Grouping, ...]:
    """Gaps of answers by every property that the corpus says, where it names at least two groups.

    Args:
        answers: to labelled utterances; of several seeds one after the other.
    """
    return tuple(found for name in GROUPED if (found := _grouping(name, answers)))


def speaker_spread(answers: Answers) -> SpeakerSpread | None:
    """How answers differ from speaker to speaker; None with fewer than `MIN_CLUSTERS` who have every class.

    Args:
        answers: as in `gaps_of`.
    """
    answers = _of_known_speakers(answers)
    classes = set(answers.labels.tolist())
    by_speaker = {name: answers.where(_speakers(answers) == name) for name in sorted(set(_speakers(answers)))}
    whole = {name: one for name, one in by_speaker.items() if set(one.labels.tolist()) == classes}
    if len(whole) < MIN_CLUSTERS:
        return None
    scores = sorted((_score_of(name, one) for name, one in whole.items()), key=lambda score: score.ua)
    deviation = float(np.std([score.ua for score in scores], ddof=1))
    return SpeakerSpread(
        num_speakers=len(scores),
        num_left_out=len(by_speaker) - len(whole),
        least=scores[0],
        median=float(np.median([score.ua for score in scores])),
        greatest=scores[-1],
        deviation=deviation,
        interval=deviation_interval(deviation, len(scores)),
        by_chance=_by_chance(answers.where(np.isin(_speakers(answers), list(whole)))),
    )


def _grouping(name: str, answers: Answers) -> Grouping | None:
    values, told = values_of(name, answers.utterances)
    if len(told) < 2:
        return None
    known = answers.where(np.array([value is not None for value in values]))
    named = np.array([value for value in values if value is not None])
    pairs = [(told[0], told[1])] if len(told) == 2 else [(value, OTHERS) for value in told]
    gaps = tuple(_gap(pair, known.where(named == pair[0]), known.where(named != pair[0])) for pair in pairs)
    num_left_out = _num_utterances(answers) - _num_utterances(known)
    return Grouping(name, gaps, num_left_out)


def _gap(names: tuple[str, str], *sides: Answers) -> Gap:
    sides = tuple(_of_known_speakers(side) for side in sides)
    compared = _classes_of_many(sides[0]) & _classes_of_many(sides[1])
    if why := _why_none(names, sides, compared):
        return _no_gap(names, sides, compared, why)
    sides = tuple(side.where(np.isin(side.labels, list(compared))) for side in sides)
    first, second = (
        confusion_by_cluster(side.labels, side.predictions, list(_speakers(side)), len(side.classes)) for side in sides
    )
    interval = difference_interval(first, second)
    if interval is None:
        return _no_gap(names, sides, compared, "all speakers of a side score alike, so resampling them tells nothing")
    scores = [float(unweighted_accuracy(matrices.sum(0))) for matrices in (first, second)]
    told = (_side(*one) for one in zip(names, sides, scores, strict=True))
    return Gap(*told, *_told_classes(sides[0], compared), scores[0] - scores[1], interval, "")


def _no_gap(names: Sequence[str], sides: Sequence[Answers], compared: set[int], why: str) -> Gap:
    told = (_side(name, side, None) for name, side in zip(names, sides, strict=True))
    return Gap(*told, *_told_classes(sides[0], compared), None, None, why)


def _why_none(names: Sequence[str], sides: Sequence[Answers], compared: set[int]) -> str:
    of_sides = [set(_speakers(side)) for side in sides]
    for name, speakers in zip(names, of_sides, strict=True):
        if len(speakers) < MIN_CLUSTERS:
            number = f"{len(speakers)} speaker" + ("" if len(speakers) == 1 else "s")
            return f"{number} of {name}, fewer than {MIN_CLUSTERS}"
    if both := of_sides[0] & of_sides[1]:
        return f"{len(both)} of the speakers are on both sides, such as {min(both)}"
    if len(compared) < 2:
        return f"fewer than two classes that {MIN_CLUSTERS} speakers of each side have"
    return ""


def _classes_of_many(answers: Answers) -> set[int]:
    """The classes that at least `MIN_CLUSTERS` speakers have utterances of."""
    pairs = set(zip(answers.labels.tolist(), _speakers(answers), strict=True))
    labels = [label for label, _ in pairs]
    return {label for label in set(labels) if labels.count(label) >= MIN_CLUSTERS}


def _told_classes(answers: Answers, compared: set[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = list(enumerate(answers.classes))
    return tuple(name for k, name in names if k in compared), tuple(name for k, name in names if k not in compared)


def _side(value: str, answers: Answers, ua: float | None) -> Side:
    return Side(value, len(set(_speakers(answers))), _num_utterances(answers), ua)


def _score_of(speaker: str, answers: Answers) -> SpeakerScore:
    return SpeakerScore(speaker, _num_utterances(answers), answers.scores().unweighted_accuracy)


def _by_chance(answers: Answers) -> float:
    """Under several seeds an utterance counts once, as often right as its answers are."""
    ids = [utterance.id for utterance in answers.utterances]
    _, first, of_id = np.unique(ids, return_index=True, return_inverse=True)
    right = np.bincount(of_id, weights=answers.labels == answers.predictions) / np.bincount(of_id)
    return deviation_by_chance(answers.labels[first], right, _speakers(answers)[first])


def _of_known_speakers(answers: Answers) -> Answers:
    return answers.where(np.array([one.speaker is not None for one in answers.utterances], dtype=bool))


def _speakers(answers: Answers) -> np.ndarray:
    return np.array([utterance.speaker for utterance in answers.utterances], dtype=object)


def _num_utterances(answers: Answers) -> int:
    return len({utterance.id for utterance in answers.utterances})
