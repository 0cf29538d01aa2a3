"""Who is asked about what: a model and a manifest's labelled utterances, or a run's models and what each was tested on.

A run answers every utterance of its test parts out of sample, by the fold's model that did not train on it; a single
model has only the sessions that it did not see. What its training may have seen is said as `emoduet evaluate` says it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from emoduet.build import restore_model
from emoduet.config import Recipe, stored_recipe
from emoduet.corruptions import rng_of
from emoduet.errors import CorpusError, InputError, UsageError
from emoduet.evaluation import check_complete
from emoduet.examination import exam_of
from emoduet.manifest import manifest_digest, read_manifest
from emoduet.pretrained.loading import weights_digest
from emoduet.results import complete_seeds
from emoduet.runs import SYNTHETIC, Run, read_run
from emoduet.systems.base import System
from emoduet.systems.catalogue import system_named
from emoduet.types import Utterance

MEANS_NOTHING = f"{SYNTHETIC}: means nothing about people"


@dataclass(frozen=True)
class Choice:
    """What to ask; `model` is a model's folder or name, or the folder of a run.

    Attributes:
        sessions: only utterances of these; empty takes all.
        limit: as many utterances are drawn by the seed and no more; None takes all.
    """

    model: str
    manifest: Path
    sessions: tuple[str, ...] = ()
    limit: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class LeftOut:
    """What was not asked, and why not."""

    what: str
    why: str


@dataclass(frozen=True)
class Part:
    """One model and the utterances that it is asked about.

    Attributes:
        place: where it lies within the folder that was asked for; "." is that folder itself.
    """

    name: str
    model: str
    place: str
    utterances: tuple[Utterance, ...]


@dataclass(frozen=True)
class Subject:
    """All parts; `marks` is what every number must be quoted with, and `weights` a digest for each part's place."""

    parts: tuple[Part, ...]
    classes: tuple[str, ...]
    system: type[System]
    marks: str
    weights: dict[str, str]

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        """Every utterance, once."""
        return tuple({one.id: one for part in self.parts for one in part.utterances}.values())


def read_subject(choice: Choice) -> Subject:
    """The chosen model or run, with the utterances to answer.

    Raises:
        CheckpointError: the model cannot be loaded.
        CorpusError: no utterance is left to answer, or one lacks what the system takes.
        InputError: the run was made from another manifest, or keeps no models; a limit below 1.
    """
    if choice.limit is not None and choice.limit < 1:
        raise UsageError(f"a limit of {choice.limit} utterances; need at least 1")
    is_run = (Path(choice.model) / "run.json").is_file()
    return _limited(_of_run(choice) if is_run else _of_model(choice), choice)


def _of_model(choice: Choice) -> Subject:
    model = restore_model(choice.model)
    exam = exam_of(model, choice.model, choice.manifest, choice.sessions)
    synthetic = any(one.extra.get("synthetic") for one in exam.utterances)
    marks = [
        exam.num_outside and f"{exam.num_outside} utterances outside the model's classes left out",
        exam.num_seen and f"{exam.num_seen} of {len(exam.utterances)} are of sessions this model was TRAINED ON",
        synthetic and MEANS_NOTHING,
    ]
    return Subject(
        parts=(Part("model", choice.model, ".", exam.utterances),),
        classes=model.classes,
        system=type(model.system),
        marks="; ".join(mark for mark in marks if mark),
        weights={".": weights_digest(choice.model)},
    )


def _of_run(choice: Choice) -> Subject:
    run = read_run(choice.model)
    recipe = _recipe_of(run)
    _check_manifest(run, choice.manifest)
    parts = tuple(part for part in _parts_of(run, choice) if part.utterances)
    if not parts:
        raise CorpusError(f"{run.folder}: tested no utterance of {', '.join(choice.sessions)}; leave the sessions out")
    for part in parts:
        check_complete(part.utterances, recipe, str(choice.manifest))
    marks = [MEANS_NOTHING if mark == SYNTHETIC else mark for mark in run.marks]
    finished, all_of_them = {fold for fold, _ in run.answers}, {fold.number for fold in run.folds}
    told = f"protocol {run.protocol}, {len(finished)} of {len(all_of_them)} folds, each model on its own test part"
    return Subject(
        parts=parts,
        classes=run.classes,
        system=system_named(recipe.system),
        marks="; ".join([told, *marks]),
        weights={part.place: weights_digest(part.model) for part in parts},
    )


def _recipe_of(run: Run) -> Recipe:
    if "recipe" not in run.description:
        raise InputError(f"{run.folder}: holds answers made elsewhere and no model; give a model's folder, or a run's")
    return stored_recipe(run.description["recipe"], str(run.folder))


def _check_manifest(run: Run, manifest: Path) -> None:
    tested = run.description.get("test_manifest_sha256") or run.description.get("manifest_sha256")
    if tested != manifest_digest(manifest):
        name = run.description.get("test_manifest") or run.description.get("manifest")
        raise InputError(
            f"{manifest}: is not the manifest that {run.folder} was tested on, {name} of SHA-256 {tested}; a run is "
            "answered on its own test parts. For other data give one of its models"
        )


def _parts_of(run: Run, choice: Choice) -> Iterator[Part]:
    """The folds of complete seeds; labels are the run's, which may have mapped them."""
    by_id = {utterance.id: utterance for utterance in read_manifest(choice.manifest)}
    for (fold, seed), answers in complete_seeds(run.answers).items():
        name = f"fold{fold}-seed{seed}"
        place = f"{name}/checkpoint"
        if not (run.folder / place).is_dir():
            raise InputError(f"{run.folder / place}: no such folder; run it again with --keep best, in a new folder")
        tested = [replace(by_id[one.id], label=one.label) for one in answers.utterances]
        chosen = tuple(one for one in tested if not choice.sessions or one.session in choice.sessions)
        yield Part(name, str(run.folder / place), place, chosen)


def _limited(subject: Subject, choice: Choice) -> Subject:
    """The utterances that the seed draws, in their order; all of them where there is no limit."""
    ids = [one.id for one in subject.utterances]
    if choice.limit is None or choice.limit >= len(ids):
        return subject
    drawn = rng_of(choice.seed, "", "limit").permutation(len(ids))[: choice.limit]
    kept = {ids[place] for place in drawn}
    parts = [replace(part, utterances=_only(part.utterances, kept)) for part in subject.parts]
    marks = [subject.marks, f"{choice.limit} of {len(ids)} utterances drawn"]
    chosen = tuple(part for part in parts if part.utterances)
    return replace(subject, parts=chosen, marks="; ".join(mark for mark in marks if mark))


def _only(utterances: Sequence[Utterance], kept: set[str]) -> tuple[Utterance, ...]:
    return tuple(one for one in utterances if one.id in kept)
