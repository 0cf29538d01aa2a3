"""Scores by who spoke, where and how: what a single figure hides.

A difference between two rows is no proof of its cause: speakers, scripts and classes are not spread evenly over them,
and unweighted accuracy leaves out the classes that a row lacks. Nothing is tested here.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from emoduet.evaluation import Answers
from emoduet.results import clusters_of, interval, modalities, pool
from emoduet.significance import Interval
from emoduet.types import Utterance

NOT_SAID = "not said"
"""The row of utterances of which the corpus does not say it, where it does of others."""

DURATIONS = ((0, "< 1 s"), (1, "1-2 s"), (2, "2-5 s"), (5, "5-10 s"), (10, ">= 10 s"))
"""Rows by duration: the lowest that belongs into it, seconds."""

WORDS = ((0, "0"), (1, "1-3"), (4, "4-8"), (9, "9-15"), (16, ">= 16"))
"""Rows by number of words: the lowest that belongs into it."""

AGES = ((0, "under 18"), (18, "18-29"), (30, "30-44"), (45, "45-59"), (60, "60 and over"))
"""Rows by age: the lowest that belongs into it, whole years."""


@dataclass(frozen=True, slots=True)
class Row:
    """The scores of some of the utterances, shares from 0 to 1.

    `interval` is of the unweighted accuracy `ua`; None where the row has too few clusters. An utterance answered under
    several seeds counts once in `num_utterances`, and with each answer in the scores.
    """

    value: str
    num_utterances: int
    ua: float
    wa: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The same answers cut by one property, such as the speaker; the rows hold every utterance once."""

    name: str
    rows: tuple[Row, ...]


def breakdowns(answers: Answers) -> tuple[Breakdown, ...]:
    """Labelled answers by every property that the corpus says of at least one utterance.

    Raises:
        InputError: an utterance without a label of the classes.
    """
    found = []
    for name, (value_of, order) in _PROPERTIES.items():
        values = [value_of(utterance) for utterance in answers.utterances]
        if any(value is not None for value in values):
            found.append(Breakdown(name, _rows(answers, values, order)))
    return tuple(found)


def values_of(name: str, utterances: Sequence[Utterance]) -> tuple[list[str | None], list[str]]:
    """What the corpus says of each utterance under the name of a breakdown, and those values in the order of its rows.

    None is "not said", and stands in no row.
    """
    value_of, order = _PROPERTIES[name]
    values = [value_of(utterance) for utterance in utterances]
    return values, _in_order({value for value in values if value is not None}, order)


def by_modality(
    answers: Mapping[Hashable, Answers], alone: Mapping[Hashable, Mapping[str, Answers]]
) -> Breakdown | None:
    """The scores of models by what they are given; here an utterance stands in as many rows as it was answered in.

    Args:
        answers: of each model, to all that its utterances have.
        alone: of the same models, as `results.modalities` takes them.

    Returns:
        None where no model was asked for more than all.
    """
    parts = defaultdict(list)
    for key, whole in answers.items():
        for name, part in modalities(whole, alone.get(key, {})).items():
            parts[name].append(part)
    rows = tuple(row_of(name, pool(parts[name])) for name in sorted(parts))
    return Breakdown("what the model is given", rows) if rows else None


def row_of(value: str, answers: Answers) -> Row:
    """The scores of labelled answers as a row of that value.

    The interval is over speakers; over dialogues where one speaker is all there is, and then about this speaker's other
    dialogues, not about other speakers.

    Raises:
        InputError: an utterance without a label of the classes.
    """
    scores = answers.scores()
    return Row(
        value=value,
        num_utterances=len({utterance.id for utterance in answers.utterances}),
        ua=scores.unweighted_accuracy,
        wa=scores.weighted_accuracy,
        interval=interval(answers, _clusters(answers.utterances)),
    )


def _rows(answers: Answers, values: Sequence[str | None], order: Sequence[str]) -> tuple[Row, ...]:
    named = np.array([NOT_SAID if value is None else value for value in values], dtype=object)
    return tuple(row_of(value, answers.where(named == value)) for value in _in_order(set(named), order))


def _in_order(values: Set[str], order: Sequence[str]) -> list[str]:
    """Those of a fixed order first, then the others by name, and what is not said last."""
    last = [NOT_SAID] if NOT_SAID in values else []
    return [*(one for one in order if one in values), *sorted(values - {*order, NOT_SAID}), *last]


def _clusters(utterances: Sequence[Utterance]) -> list[str]:
    _, clusters = clusters_of(utterances)
    dialogues = [utterance.dialogue for utterance in utterances]
    return dialogues if len(set(clusters)) == 1 and None not in dialogues else clusters


def _duration(utterance: Utterance) -> str | None:
    seconds = utterance.extra.get("duration")
    if seconds is None and utterance.end is not None:
        seconds = utterance.end - (utterance.start or 0.0)
    return _range_of(seconds, DURATIONS)


def _words(utterance: Utterance) -> str | None:
    number = utterance.extra.get("num_words")
    if number is None and utterance.transcript is not None:
        number = len(utterance.transcript.split())
    return _range_of(number, WORDS)


def _range_of(value: object, ranges: Sequence[tuple[int, str]]) -> str | None:
    if not isinstance(value, (int, float)):
        return None
    return [name for low, name in ranges if low <= max(value, 0)][-1]


def _age(utterance: Utterance) -> str | None:
    """Years in bands, also where a table holds them as text; other words, such as "twenties", as they are."""
    age = utterance.extra.get("age")
    if isinstance(age, str) and age.strip().isdecimal():
        age = int(age)
    return age.strip() or None if isinstance(age, str) else _range_of(age, AGES)


def _accent(utterance: Utterance) -> str | None:
    accent = utterance.extra.get("accent")
    return accent.strip() or None if isinstance(accent, str) else None


def _style(utterance: Utterance) -> str | None:
    return None if utterance.scripted is None else ("scripted" if utterance.scripted else "improvised")


_PROPERTIES: dict[str, tuple[Callable[[Utterance], str | None], tuple[str, ...]]] = {
    "split": (lambda utterance: utterance.split, ()),
    "session": (lambda utterance: utterance.session, ()),
    "speaker": (lambda utterance: utterance.speaker, ()),
    "sex": (lambda utterance: utterance.sex, ()),
    "age": (_age, tuple(name for _, name in AGES)),
    "accent": (_accent, ()),
    "scripted or improvised": (_style, ("scripted", "improvised")),
    "duration": (_duration, tuple(name for _, name in DURATIONS)),
    "number of words": (_words, tuple(name for _, name in WORDS)),
}
