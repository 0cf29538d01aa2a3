"""Explains many utterances by several methods: those that one model is asked for, or each model of a run on its own.

Who is asked is as for a stress test: a run's models answer for the utterances that they were tested on, so that every
speaker is one that no model has heard; a single model has few of those. Random orders are drawn for each utterance
anew, so that no luck of a drawing is shared between speakers.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

from emoduet.corruptions import rng_of
from emoduet.errors import EmoduetError, InputError
from emoduet.explaining.explain import Explaining, check_explainable
from emoduet.explaining.types import METHODS, Explanation, Method
from emoduet.explaining_corpus.findings import Finding, findings_of
from emoduet.explaining_corpus.measures import Measure, Measured, faithfulness_of, truth_of
from emoduet.explaining_corpus.truth import Truth, read_truth
from emoduet.faithfulness import FEWEST_ORDERS
from emoduet.manifest import read_manifest
from emoduet.prediction import EmotionRecognizer
from emoduet.subject import Choice, LeftOut, Part, Subject, read_subject
from emoduet.types import Utterance
from emoduet.workers import Hook, run_tasks

FORMAT, FORMAT_VERSION = "emoduet-explanations", 1

Progress = Callable[[int, int], None]
"""Called with (explanations done, explanations in all)."""


@dataclass(frozen=True)
class Asked:
    """What to explain, and how; `model` is a model's folder or name, or the folder of a run.

    Attributes:
        methods: empty takes all that the model can be explained by.
        sessions: only utterances of these; empty takes all.
        limit: as many utterances are drawn and no more; None takes all.
        tested: whether deletion and insertion are tried, which takes many answers for each utterance.
        num_orders: random orders for each utterance; a mean over many utterances needs few.
        workers: processes side by side, which share the cores; no number depends on it.
    """

    model: str
    manifest: Path
    methods: tuple[Method, ...] = ()
    sessions: tuple[str, ...] = ()
    limit: int | None = None
    tested: bool = True
    num_orders: int = FEWEST_ORDERS
    seed: int = 0
    workers: int = 1
    device: str | None = None


@dataclass(frozen=True)
class One:
    """An utterance explained by one method.

    Attributes:
        part: which model of a run; "model" where there is but one.
    """

    utterance: Utterance
    part: str
    method: Method
    target: str
    measured: dict[Measure, Measured]

    def as_json(self) -> dict[str, object]:
        """A line of a file."""
        return {
            "id": self.utterance.id,
            "speaker": self.utterance.speaker,
            "label": self.utterance.label,
            "part": self.part,
            "method": self.method,
            "target": self.target,
            "measures": {name: asdict(one) for name, one in self.measured.items()},
        }


@dataclass(frozen=True)
class _Job:
    """One explanation that is to be made, and its place among all."""

    place: int
    part: Part
    utterance: Utterance
    method: Method


@dataclass(frozen=True)
class Explanations:
    """Of all utterances, what was found.

    Attributes:
        left_out: methods and utterances that could not be explained, and why.
        marks: what every number must be quoted with; may be empty.
        notes: what of the truth is not known, or not as simple as it looks.
    """

    findings: tuple[Finding, ...]
    each: tuple[One, ...]
    left_out: tuple[LeftOut, ...]
    marks: str
    notes: tuple[str, ...]
    seed: int

    def conditions(self) -> str:
        """What the findings must be quoted with, in one line."""
        return "; ".join(part for part in (f"seed {self.seed}", self.marks, *self.notes) if part)

    def as_json(self) -> dict[str, object]:
        """The findings as nested JSON values."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "seed": self.seed,
            "marks": self.marks,
            "notes": self.notes,
            "findings": [one.as_json() for one in self.findings],
            "left_out": [asdict(one) for one in self.left_out],
        }


def explain_many(asked: Asked, progress: Progress = lambda done, total: None) -> Explanations:
    """Explains every utterance by every method, and sums up what that is worth.

    Raises:
        EmoduetError: as `read_subject`; or no utterance could be explained.
        InputError: the model cannot be explained by a method that was asked for.
    """
    subject = read_subject(Choice(asked.model, asked.manifest, asked.sessions, asked.limit, asked.seed))
    truth = read_truth(read_manifest(asked.manifest))
    methods, left_out = _methods(subject, asked)
    each: list[One] = []
    for one in _explained(subject, asked, methods, truth, progress):
        (each if isinstance(one, One) else left_out).append(one)
    if not each:
        raise InputError(f"{asked.manifest}: nothing could be explained: {left_out[-1].what}: {left_out[-1].why}")
    measured: dict[tuple[Method, Measure], list[tuple[Utterance, Measured]]] = defaultdict(list)
    for one in each:
        for measure, value in one.measured.items():
            measured[one.method, measure].append((one.utterance, value))
    findings = findings_of(measured, asked.seed)
    return Explanations(
        findings=findings,
        each=tuple(each),
        left_out=tuple(left_out),
        marks=subject.marks,
        notes=_notes(truth, findings),
        seed=asked.seed,
    )


def _methods(subject: Subject, asked: Asked) -> tuple[tuple[Method, ...], list[LeftOut]]:
    """Those that were asked for, or all that are possible, and why the others are not."""
    model = EmotionRecognizer.load(subject.parts[0].model, asked.device).model
    for method in asked.methods:
        check_explainable(model, Explaining(method))
    if asked.methods:
        return asked.methods, []
    possible, left_out = [], []
    for method in METHODS:
        try:
            check_explainable(model, Explaining(method))
        except InputError as error:
            left_out.append(LeftOut(method, str(error).removeprefix(f"{method.replace('-', ' ')}: ")))
        else:
            possible.append(method)
    return tuple(possible), left_out


def _explained(
    subject: Subject, asked: Asked, methods: Sequence[Method], truth: Truth | None, progress: Progress
) -> list[One | LeftOut]:
    """Each process takes every so many-th explanation; they come back in their order."""
    wanted = [(part, one, method) for part in subject.parts for one in part.utterances for method in methods]
    jobs = [_Job(place, *one) for place, one in enumerate(wanted)]
    found: dict[int, One | LeftOut] = {}

    def keep(answer: tuple[int, One | LeftOut]) -> None:
        found.update([answer])
        progress(len(found), len(jobs))

    number = min(asked.workers, len(jobs))
    run_tasks([partial(_explain, jobs[first::number], asked, truth) for first in range(number)], number, keep)
    return [found[job.place] for job in jobs]


def _explain(jobs: Sequence[_Job], asked: Asked, truth: Truth | None, tell: Hook) -> None:
    for model, of_model in groupby(jobs, key=lambda job: job.part.model):
        recognizer = EmotionRecognizer.load(model, asked.device)
        for job in of_model:
            seed = int(rng_of(asked.seed, job.utterance.id, "explain").integers(2**31))
            explaining = Explaining(job.method, tested=asked.tested, num_orders=asked.num_orders, seed=seed)
            try:
                explanation = recognizer.explain_utterance(job.utterance, explaining)
            except EmoduetError as error:
                tell((job.place, LeftOut(f"{job.utterance.id}, {job.method}", str(error))))
            else:
                tell((job.place, _one(job.part, job.utterance, explanation, truth)))


def _one(part: Part, utterance: Utterance, explanation: Explanation, truth: Truth | None) -> One:
    measured = faithfulness_of(explanation) | ({} if truth is None else truth_of(explanation, truth))
    return One(utterance, part.name, explanation.method, explanation.target, measured)


def _notes(truth: Truth | None, findings: Sequence[Finding]) -> tuple[str, ...]:
    notes = []
    if truth is not None and not truth.timed:
        notes.append("this corpus was written by an older emoduet, which did not keep when words are said")
    if any(one.measure == "moments: speech above silence" for one in findings):
        notes.append(
            "speech carries the voice's emotion, but long pauses are of slow speech and tell of that: below chance is "
            "no error where slow classes are answered"
        )
    return tuple(notes)
