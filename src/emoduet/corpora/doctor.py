"""The doctor of manifests: counts, compares known corpora with their published sizes, and guesses at causes.

Wrong sizes are the commonest reason why two results on one corpus cannot be compared, and nothing in a training run
shows them. IEMOCAP is known by its names, any other corpus by what its reader wrote (`extra.corpus`). The doctor opens
no sound file (`listening` does); it only looks whether the files are there.
"""

import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from emoduet.corpora.causes import likely_causes
from emoduet.corpora.msp_podcast import CORPUS as MSP_PODCAST
from emoduet.corpora.published import ALL_TURNS, FOUR_CLASSES, RARE_CATEGORIES, PublishedSet
from emoduet.corpora.published_others import OTHERS
from emoduet.types import Seconds, Utterance

NONE = "not stated"
"""How a missing session, speaker or label is called in the tables."""

_IEMOCAP_ID = re.compile(r"(Ses0[1-5][FM])_(?:impro|script)\d\d\w*_([FM])\d+[a-z]?")


@dataclass(frozen=True)
class Difference:
    """One size that is not as published."""

    what: str
    found: int
    published: int


@dataclass(frozen=True)
class Durations:
    """Lengths of the utterances whose length the manifest states; seconds."""

    counted: int
    total: Seconds
    shortest: Seconds
    median: Seconds
    mean: Seconds
    longest: Seconds


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor found: tables of sizes (group -> value -> class -> size), and what is wrong or worth knowing.

    `corpus` names the corpus if it is a known one, `compared_with` its published set; None where there is none for
    the manifest's classes, or where a synthetic corpus has a size of its own. `problems` make a check fail; `notes`
    do not.
    """

    total: int
    tables: Mapping[str, Mapping[str, Counter[str]]]
    durations: Durations | None
    corpus: str | None = None
    compared_with: str | None = None
    differences: Sequence[Difference] = ()
    causes: Sequence[str] = ()
    problems: Sequence[str] = field(default_factory=list)
    notes: Sequence[str] = field(default_factory=list)
    synthetic: bool = False

    @property
    def healthy(self) -> bool:
        """Whether nothing differs and nothing is wrong."""
        return not self.differences and not self.problems


def examine(utterances: Sequence[Utterance]) -> Diagnosis:
    """Counts a manifest's utterances and says what is wrong with them as a corpus."""
    corpus = corpus_of(utterances)
    problems, notes = _sanity(utterances, corpus)
    published = _published_for(utterances, corpus)
    synthetic = all(utterance.extra.get("synthetic") is True for utterance in utterances)
    if synthetic and published and published.total != len(utterances):
        published = None  # it was never meant to have that shape; the silent corpus that is has the very total
    differences = _differences(utterances, published) if published else []
    return Diagnosis(
        total=len(utterances),
        tables=_tables(utterances),
        durations=_durations(utterances),
        corpus=corpus,
        compared_with=published.name if published else None,
        differences=differences,
        causes=likely_causes(utterances, published) if published and differences else [],
        problems=problems + _speaker_problems(utterances),
        notes=notes,
        synthetic=synthetic,
    )


def corpus_of(utterances: Sequence[Utterance]) -> str | None:
    """The corpus that all utterances come from, where it is known by name; None also for a mixture."""
    if all(_IEMOCAP_ID.fullmatch(utterance.id) for utterance in utterances):
        return "IEMOCAP"
    named = {utterance.extra.get("corpus") for utterance in utterances}
    return named.pop() if len(named) == 1 and named <= {published.corpus for published in OTHERS} else None


def stated_duration(utterance: Utterance) -> Seconds | None:
    """The length that the manifest states: between start and end, or between the times within the dialogue."""
    for start, end in (
        (utterance.start or 0.0, utterance.end),
        (utterance.extra.get("dialogue_start"), utterance.extra.get("dialogue_end")),
    ):
        if isinstance(start, int | float) and isinstance(end, int | float):
            return end - start
    return None


def kind_of(utterance: Utterance) -> str:
    """Scripted, improvised, or not stated."""
    return NONE if utterance.scripted is None else ("scripted" if utterance.scripted else "improvised")


def _tables(utterances: Sequence[Utterance]) -> dict[str, dict[str, Counter[str]]]:
    tables: dict[str, dict[str, Counter[str]]] = {"session": {}, "split": {}, "speaker": {}, "kind": {}}
    for utterance in utterances:
        rows = {"session": utterance.session, "split": utterance.split, "speaker": utterance.speaker}
        for group, row in {**rows, "kind": kind_of(utterance)}.items():
            tables[group].setdefault(row or NONE, Counter())[utterance.label or NONE] += 1
    return {group: dict(sorted(rows.items())) for group, rows in tables.items() if set(rows) != {NONE}}


def _durations(utterances: Sequence[Utterance]) -> Durations | None:
    lengths = [length for length in map(stated_duration, utterances) if length is not None]
    if not lengths:
        return None
    middle, mean = statistics.median(lengths), statistics.fmean(lengths)
    return Durations(len(lengths), sum(lengths), min(lengths), middle, mean, max(lengths))


def _sanity(utterances: Sequence[Utterance], corpus: str | None) -> tuple[list[str], list[str]]:
    problems, notes = [], []
    for key, use in (("label", "train or test on"), ("speaker", "keep speakers apart"), ("session", "fold by session")):
        absent = [utterance.id for utterance in utterances if getattr(utterance, key) is None]
        if len(absent) == len(utterances):
            notes.append(f"no utterance states its {key}, so there is nothing to {use}")
        elif absent and key == "speaker" and corpus == MSP_PODCAST:
            notes.append(f"{_named(absent)} whose speaker the corpus has not identified")
        elif absent:
            problems.append(f"{_named(absent)} without a {key}, though others state theirs")
    labels = {utterance.label for utterance in utterances if utterance.label is not None}
    if len(labels) == 1:
        problems.append(f"every label is {labels.pop()!r}; want at least two classes")
    mute = [utterance.id for utterance in utterances if not utterance.audio and not utterance.transcript]
    if mute:
        problems.append(f"{_named(mute)} with neither audio nor words")
    lost = [utterance.id for utterance in utterances if utterance.audio and not Path(utterance.audio).is_file()]
    if lost:
        problems.append(f"{_named(lost)} whose audio file is not there; was the corpus moved?")
    return problems, notes


def _published_for(utterances: Sequence[Utterance], corpus: str | None) -> PublishedSet | None:
    """The published set that the labels aim at; None for an unknown corpus and for classes or labels of another kind.

    Of several that fit, the one of the fewest classes, and of these the one whose sizes are nearest.
    """
    if any(utterance.extra.get("labels") == "perceived" for utterance in utterances):
        return None
    labels = {utterance.label for utterance in utterances}
    known = [chosen for chosen in (FOUR_CLASSES, ALL_TURNS, *OTHERS) if chosen.corpus == corpus]
    fitting = [chosen for chosen in known if chosen.needs <= labels <= chosen.classes]
    if not fitting:
        return None
    fewest = min(len(chosen.classes) for chosen in fitting)
    nearest = [chosen for chosen in fitting if len(chosen.classes) == fewest]
    return min(nearest, key=lambda chosen: abs(chosen.total - len(utterances)))


def _sizes(utterances: Sequence[Utterance]) -> Counter[tuple[str, str]]:
    """The manifest's sizes, by the keys of the published ones."""
    sizes: Counter[tuple[str, str]] = Counter()
    for utterance in utterances:
        kind, category = kind_of(utterance), utterance.extra.get("category")
        groups = {"session": utterance.session, "speaker": utterance.speaker, "kind": kind, "split": utterance.split}
        sizes.update((group, row) for group, row in groups.items())
        crossed = (("class", utterance.label), ("category", category))
        sizes.update(crossed)
        for (group, row), (name, value) in product(groups.items(), crossed):
            sizes[f"{group} x {name}", f"{row} {value}"] += 1
        sizes.update([("scenario", utterance.scenario), ("sex", utterance.sex), ("recording", utterance.id[:6])])
    sizes["speakers", "all"] = len({utterance.speaker for utterance in utterances})
    sizes["class", " + ".join(RARE_CATEGORIES)] = sum(sizes["class", code] for code in RARE_CATEGORIES)
    return sizes


def _differences(utterances: Sequence[Utterance], published: PublishedSet) -> list[Difference]:
    sizes = _sizes(utterances)
    has_categories = any("category" in utterance.extra for utterance in utterances)
    differences = [Difference("all", len(utterances), published.total)] if len(utterances) != published.total else []
    for (group, value), size in published.cells.items():
        if "category" in group and not has_categories:
            continue
        if sizes[group, value] != size:
            differences.append(Difference(f"{group}: {value}", sizes[group, value], size))
    return differences


def _speaker_problems(utterances: Sequence[Utterance]) -> list[str]:
    """IEMOCAP turns whose speaker is not the one that their own name gives."""
    wrong = []
    for utterance in utterances:
        found = _IEMOCAP_ID.fullmatch(utterance.id)
        if found and utterance.speaker is not None and utterance.speaker != found[1][:5] + found[2]:
            wrong.append(utterance.id)
    if not wrong:
        return []
    return [
        f"{_named(wrong)} with a wrong speaker: the letter after the session says who wears the markers, "
        "the letter of the last field says who speaks"
    ]


def _named(ids: Sequence[str]) -> str:
    """How many, and the first three by name."""
    noun = "utterance" if len(ids) == 1 else "utterances"
    return f"{len(ids):,} {noun} ({', '.join(ids[:3])}{', ...' if len(ids) > 3 else ''})"
