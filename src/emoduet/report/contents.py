"""What a report is made of: runs with everything their numbers say, how they compare, and what may be shown beside.

Runs are read from their folders alone. Transcripts and sound are not in those folders, and come in only when a
manifest is given, which must be the very one that the runs were made from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from emoduet.assessment import Assessment
from emoduet.comparison import Comparison, compare_runs
from emoduet.errors import InputError, UsageError
from emoduet.explaining.types import Alignment
from emoduet.manifest import manifest_digest, read_manifest
from emoduet.runs import SYNTHETIC, Run, assess_run, read_run
from emoduet.table_lines import Line
from emoduet.types import Prediction, Utterance

MANY = 5
"""With more runs on the same utterances than these, each is compared with the best one only."""


@dataclass(frozen=True)
class Subject:
    """A run and what its numbers say."""

    run: Run
    assessment: Assessment

    @property
    def recipe(self) -> Mapping[str, object]:
        """The recipe's values; empty where predictions were made elsewhere."""
        return self.run.description.get("recipe") or {}

    @property
    def title(self) -> str:
        """What the system is called."""
        return self.recipe.get("title") or self.run.name

    @property
    def synthetic(self) -> bool:
        """Whether the figures are of computer speech."""
        return SYNTHETIC in self.run.marks


@dataclass(frozen=True)
class Signal:
    """Utterances with their words and sound, and which of the two a page may show."""

    utterances: Mapping[str, Utterance] = field(default_factory=dict)
    transcripts: bool = False
    audio: bool = False


@dataclass(frozen=True)
class Example:
    """One utterance with its answer, and where the model looked."""

    utterance: Utterance
    prediction: Prediction
    alignment: Alignment


@dataclass(frozen=True)
class Contents:
    """All that a report is made of.

    Attributes:
        lines: the paper's tables with our lines, where its own rows were run again.
    """

    title: str
    subjects: tuple[Subject, ...]
    comparisons: tuple[Comparison, ...] = ()
    signal: Signal = Signal()
    lines: Sequence[Line] = ()
    example: Example | None = None


def read_contents(folders: Sequence[Path], title: str, signal: Signal = Signal(), **beside: object) -> Contents:
    """Reads runs, assesses each and compares those that answered the same utterances.

    Args:
        beside: the optional fields of `Contents`.

    Raises:
        UsageError: no run, or a run twice.
        InputError: a folder is no finished run.
    """
    if not folders:
        raise UsageError("report: no run; give at least one folder that `emoduet run` wrote")
    places = [Path(folder).resolve() for folder in folders]
    if len(set(places)) < len(places):
        twice = next(place for place in places if places.count(place) > 1)
        raise UsageError(f"report: {twice} is given twice; give each run once")
    subjects = tuple(Subject(run, assess_run(run)) for run in map(read_run, folders))
    return Contents(title, subjects, compare_subjects(subjects), signal, **beside)


def compare_subjects(subjects: Sequence[Subject]) -> tuple[Comparison, ...]:
    """Every pair on the same utterances, the better one first; in a large group, each against the best."""
    groups: dict[tuple[object, ...], list[Subject]] = {}
    for subject in subjects:
        tested = frozenset(utterance.id for utterance in subject.run.utterances)
        groups.setdefault((tested, frozenset(subject.run.classes)), []).append(subject)
    found = []
    for group in groups.values():
        ranked = sorted(group, key=lambda subject: -subject.assessment.summary.pooled_ua.mean)
        pairs = combinations(ranked, 2) if len(ranked) <= MANY else ((ranked[0], other) for other in ranked[1:])
        found += [compare_runs(better.run, worse.run) for better, worse in pairs]
    return tuple(found)


def read_signal(manifest: Path, folders: Sequence[Path], *, transcripts: bool, audio: bool) -> Signal:
    """The words and sound of the manifest that all the runs were made from.

    Raises:
        CorpusError: the manifest cannot be read.
        InputError: a run was made from another manifest, or does not say from which.
    """
    digest = manifest_digest(manifest)
    for run in map(read_run, folders):
        told = run.description.get("manifest_sha256")
        if told != digest:
            raise InputError(
                f"{manifest}: its digest is {digest[:12]}..., but {run.folder} was made from {str(told)[:12]}...; "
                "transcripts and sound are shown from the very same manifest only. Give the one named in its run.json"
            )
    utterances = {utterance.id: utterance for utterance in read_manifest(manifest)}
    return Signal(utterances, transcripts, audio)
