"""A recipe over all folds and seeds of a protocol, in one folder that can be killed and taken up again.

    run.json                  recipe, protocol, manifest digest, versions: what the numbers belong to
    folds.json                who trained, validated and was tested, and why
    audit.json, utterances.jsonl, baselines.json
                              see `evidence.py`
    fold1-seed0/              see `fold_run.py`
    summary.json              the run in numbers
    assessment.json           everything they say: by speaker, session, ..., calibration, selective answers
    README.md                 the same for a reader, as a model card

Finished folds are never repeated. Folds run side by side as processes when asked to.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from emoduet.assessment import Assessment, assess
from emoduet.atomic import write_json
from emoduet.breakdown import Row
from emoduet.build import check_at_hand, weights_of
from emoduet.cards.run_card import write_run_card
from emoduet.config import Recipe
from emoduet.errors import UsageError
from emoduet.evaluation import check_complete
from emoduet.evidence import audited, scored_baselines, write_utterances
from emoduet.findings import is_leaking, twins_told, uncompared_told
from emoduet.fold_run import (
    KEEP,
    Filling,
    Finished,
    FoldJob,
    FoldProgress,
    disk_needed,
    forms_of,
    note_of,
    read_finished,
    run_fold,
)
from emoduet.folds_file import write_folds
from emoduet.machine import Machine, check_disk, check_machine
from emoduet.protocols import Fold, Protocol, shuffle_labels
from emoduet.results import Summary
from emoduet.run_folder import provenance, sole_user, write_or_compare
from emoduet.stored_features import Features
from emoduet.study import Division, Study, check_trainable, chosen_folds, read_study
from emoduet.trained_on import sessions_trained_on
from emoduet.types import Utterance
from emoduet.workers import run_tasks

Hook = Callable[[FoldProgress | Filling], None]


@dataclass(frozen=True)
class Experiment:
    """What to run, on what, and where to.

    Attributes:
        protocol: a protocol's name, or a folds file.
        folds: numbers of the folds to run, counted from 1; None runs all.
        keep: "none", "best" (one checkpoint a fold) or "all" (also one an epoch).
        workers: folds that run side by side, each with an equal share of the CPU's cores.
        shuffled: deals the training labels out anew (by seed), for a control that must fall to chance.
        split_seed: of what the protocol draws; None is 0, or the folds file's own.
        test_manifest: the corpus that `cross-corpus` tests.
        test_label_map: a file that says which class each of its labels becomes.
        no_validation: the validation part trains too, for a fixed number of epochs.
        features: where what frozen encoders answer is stored and shared; None computes it anew at every step.
        allow_leaks: runs although speakers, dialogues or sounds cross into the test, and says so where they do.
    """

    recipe: Recipe
    protocol: str
    manifest: Path
    out: Path
    folds: tuple[int, ...] | None = None
    seeds: tuple[int, ...] = (0,)
    machine: Machine = Machine()
    keep: str = "best"
    tensorboard: bool = False
    workers: int = 1
    shuffled: bool = False
    split_seed: int | None = None
    test_manifest: Path | None = None
    test_label_map: Path | None = None
    no_validation: bool = False
    allow_leaks: bool = False
    features: Path | None = None

    @property
    def division(self) -> Division:
        """How the manifest is to be divided."""
        return Division(
            protocol=self.protocol,
            seed=self.split_seed,
            test_manifest=self.test_manifest,
            test_label_map=self.test_label_map,
            no_validation=self.no_validation,
            allow_leaks=self.allow_leaks,
        )


@dataclass(frozen=True)
class Outcome:
    """A run's numbers and the conditions they must be quoted with.

    `notes` tell what was not used, and where the folds come from; `audit` is what audit.json says.
    """

    experiment: Experiment
    protocol: Protocol
    folds: tuple[Fold, ...]
    assessment: Assessment
    synthetic: bool
    audit: Mapping[str, object]
    no_validation: bool = False
    notes: tuple[str, ...] = ()

    @property
    def summary(self) -> Summary:
        """The scores over folds and seeds."""
        return self.assessment.summary


def run_experiment(experiment: Experiment, progress: Hook = lambda step: None) -> Outcome:
    """Runs what is not finished yet of an experiment, and sums it up.

    Raises:
        InputError: an unknown protocol, fold or setting; a folder that holds another run or is in use; a leak between
            training and test that neither lies in the protocol's nature nor is allowed.
        CorpusError: the manifest lacks a class, or an utterance lacks what the system takes.
        CheckpointError: an encoder cannot be reached.
    """
    _check_settings(experiment)
    study = read_study(experiment.manifest, experiment.division, experiment.recipe.classes)
    check_complete(study.utterances, experiment.recipe, str(experiment.manifest))
    folds = chosen_folds(study.folds, experiment.folds)
    check_trainable(folds, study, experiment.recipe.classes)
    weights = weights_of(experiment.recipe)
    with sole_user(experiment.out):
        audit = audited(experiment.out, study.utterances, study.folds, study.protocol, study.leaks_allowed)
        made_of = provenance(experiment.manifest)
        _write_run(experiment, study, weights, made_of)
        _write_folds(experiment.out / "folds.json", study)
        known = write_utterances(experiment.out, study.utterances)
        jobs = _run_folds(
            experiment, study, folds, _origin(study, experiment.shuffled, audit, made_of), weights, progress
        )
        finished = {(job.fold.number, job.seed): read_finished(job, known) for job in jobs}
        baselines = scored_baselines(experiment.out, study.utterances, folds, experiment.recipe.classes)
        outcome = Outcome(
            experiment=experiment,
            protocol=study.protocol,
            folds=folds,
            assessment=_assess(finished, audit, baselines),
            synthetic=any(utterance.extra.get("synthetic") for utterance in study.utterances),
            audit=audit,
            no_validation=study.header.no_validation,
            notes=(*study.notes, forms_of(jobs[0])),
        )
        write_json(experiment.out / "summary.json", _summary_json(outcome))
        write_json(experiment.out / "assessment.json", outcome.assessment.as_json())
        write_run_card(experiment.out, outcome.assessment)
    return outcome


def _run_folds(
    experiment: Experiment,
    study: Study,
    folds: Sequence[Fold],
    origin: Mapping[str, object],
    weights: Mapping[str, str],
    progress: Hook,
) -> list[FoldJob]:
    """Runs the folds that are not finished; says which there are."""
    by_id = {utterance.id: utterance for utterance in study.utterances}
    new_job = partial(_job, experiment, study.protocol, utterances=by_id, weights=weights, origin=origin)
    jobs = [new_job(fold, seed) for fold in folds for seed in experiment.seeds]
    unfinished = [job for job in jobs if not job.finished]
    check_disk(experiment.out, *disk_needed(unfinished, experiment.workers))
    run_tasks([partial(run_fold, job) for job in unfinished], min(experiment.workers, len(jobs)), progress)
    return jobs


def _assess(
    finished: Mapping[tuple[int, int], Finished], audit: Mapping[str, object], baselines: tuple[Row, ...]
) -> Assessment:
    return assess(
        {key: one.tested for key, one in finished.items()},
        validation={key: one.validation for key, one in finished.items() if one.validation},
        temperatures={key: one.temperature for key, one in finished.items()},
        temperatures_alone={key: one.temperatures_alone for key, one in finished.items()},
        alone={key: one.alone for key, one in finished.items()},
        twins=twins_told(audit),
        uncompared=uncompared_told(audit),
        baselines=baselines,
    )


def _origin(
    study: Study, shuffled: bool, audit: Mapping[str, object], made_of: Mapping[str, object]
) -> dict[str, object]:
    """What every fold's files say of where its data and its folds come from."""
    header = study.header
    return {
        **made_of,
        "training_labels_shuffled": shuffled,
        "leaking": is_leaking(audit),
        "no_validation": header.no_validation,
        "split_seed": header.seed,
        "folds_sha256": study.identity["folds_sha256"],
        "test_manifest": header.test_manifest,
        "test_manifest_sha256": header.test_manifest_sha256,
    }


def _job(
    experiment: Experiment,
    protocol: Protocol,
    fold: Fold,
    seed: int,
    utterances: Mapping[str, Utterance],
    weights: Mapping[str, str],
    origin: Mapping[str, object],
) -> FoldJob:
    dealt = shuffle_labels(list(utterances.values()), fold.train, seed) if experiment.shuffled else {}
    return FoldJob(
        recipe=experiment.recipe,
        protocol_name=protocol.name,
        test_in_the_loop=protocol.test_in_the_loop,
        fold=fold,
        seed=seed,
        utterances={id: utterances[id] for id in (*fold.train, *fold.validation, *fold.test)},
        features=Features(experiment.features, tuple(utterances.values())) if experiment.features else None,
        training_labels={id: dealt.get(id, utterances[id].label) for id in fold.train},
        folder=experiment.out / f"fold{fold.number}-seed{seed}",
        machine=experiment.machine,
        keep=experiment.keep,
        tensorboard=experiment.tensorboard,
        weights=weights,
        provenance=origin,
    )


def _check_settings(experiment: Experiment) -> None:
    """Refuses what cannot run before anything of it is on disk."""
    check_machine(experiment.machine)
    check_at_hand(experiment.recipe)
    if experiment.keep not in KEEP:
        raise UsageError(f"keep {experiment.keep}: choose one of {', '.join(KEEP)}")
    if experiment.workers < 1:
        raise UsageError(f"workers {experiment.workers}: need at least one")


def _note(study: Study) -> str:
    return note_of(study.protocol.test_in_the_loop, validated=not study.header.no_validation)


def _write_folds(path: Path, study: Study) -> None:
    write_folds(path, study.folds, replace(study.header, note=_note(study)))


def _write_run(experiment: Experiment, study: Study, weights: Mapping[str, str], made_of: Mapping[str, object]) -> None:
    identity = {
        "recipe": experiment.recipe.model_dump(mode="json"),
        **study.identity,
        "training_labels_shuffled": experiment.shuffled,
        "precision": experiment.machine.precision,
        "weights": weights,
    }
    told = {
        "protocol_summary": study.protocol.summary,
        "note": _note(study),
        "folds_read_from": study.read_from,
        "notes": study.notes,
        "test_manifest": study.header.test_manifest,
        **made_of,
    }
    write_or_compare(experiment.out, identity, told)


def _summary_json(outcome: Outcome) -> dict[str, object]:
    return {
        "recipe": outcome.experiment.recipe.name,
        "protocol": outcome.protocol.name,
        "protocol_summary": outcome.protocol.summary,
        "test_data_in_the_loop": outcome.protocol.test_in_the_loop,
        "synthetic_corpus": outcome.synthetic,
        "no_validation": outcome.no_validation,
        "leaking": is_leaking(outcome.audit),
        "training_labels_shuffled": outcome.experiment.shuffled,
        "sessions_trained_on": sessions_trained_on(outcome.folds) or None,
        **outcome.summary.as_json(),
    }
