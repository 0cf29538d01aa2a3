"""A recipe over all folds and seeds of a protocol, in one folder that can be killed and taken up again.

    run.json                  recipe, protocol, manifest digest, versions: what the numbers belong to
    folds.json                who trained, validated and was tested
    fold1-seed0/              see `fold_run.py`
    summary.json              the run in numbers

Finished folds are never repeated. Folds run side by side as processes when asked to.
"""

import json
import os
import platform
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from multiprocessing import active_children, get_context
from pathlib import Path
from threading import Thread

import torch
from filelock import FileLock, Timeout

from emoduet.atomic import write_text
from emoduet.build import weights_of
from emoduet.config import Recipe
from emoduet.errors import InputError
from emoduet.evaluation import check_complete, of_classes
from emoduet.fold_run import KEEP, FoldJob, FoldProgress, disk_needed, note_of, read_finished, run_fold
from emoduet.machine import Machine, check_disk, check_machine
from emoduet.manifest import manifest_digest, read_manifest
from emoduet.protocols import Fold, Protocol, check_disjoint, protocol_named, shuffle_labels
from emoduet.results import Summary, summarise
from emoduet.types import Utterance

Hook = Callable[[FoldProgress], None]


@dataclass(frozen=True)
class Experiment:
    """What to run, on what, and where to.

    Attributes:
        folds: numbers of the folds to run, counted from 1; None runs all.
        keep: "none", "best" (one checkpoint a fold) or "all" (also one an epoch).
        workers: folds that run side by side, each with an equal share of the CPU's cores.
        shuffled: deals the training labels out anew (by seed), for a control that must fall to chance.
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


@dataclass(frozen=True)
class Outcome:
    """A run's numbers and the conditions they must be quoted with."""

    experiment: Experiment
    protocol: Protocol
    folds: tuple[Fold, ...]
    summary: Summary
    synthetic: bool


def run_experiment(experiment: Experiment, progress: Hook = lambda step: None) -> Outcome:
    """Runs what is not finished yet of an experiment, and sums it up.

    Raises:
        InputError: an unknown protocol, fold or setting; a folder that holds another run or is in use.
        CorpusError: the manifest lacks a class, or an utterance lacks what the system takes.
        CheckpointError: an encoder cannot be reached.
    """
    _check_settings(experiment)
    protocol = protocol_named(experiment.protocol)
    utterances = of_classes(read_manifest(experiment.manifest), experiment.recipe.classes, str(experiment.manifest))
    check_complete(utterances, experiment.recipe, str(experiment.manifest))
    all_folds = protocol.make_folds(utterances)
    folds = _chosen(all_folds, experiment.folds)
    for fold in folds:
        check_disjoint(fold, utterances)
    by_id = {utterance.id: utterance for utterance in utterances}
    weights = weights_of(experiment.recipe)
    with sole_user(experiment.out):
        _write_or_compare(experiment, protocol, weights)
        _write_folds(experiment.out / "folds.json", all_folds, protocol)
        origin = provenance(experiment.manifest) | {"training_labels_shuffled": experiment.shuffled}
        new_job = partial(_job, experiment, protocol, utterances=by_id, weights=weights, origin=origin)
        jobs = [new_job(fold, seed) for fold in folds for seed in experiment.seeds]
        unfinished = [job for job in jobs if not job.finished]
        check_disk(experiment.out, *disk_needed(unfinished, experiment.workers))
        _run_all(unfinished, experiment.workers, progress)
        answers = {(job.fold.number, job.seed): read_finished(job, by_id) for job in jobs}
        summary = summarise(answers)
        synthetic = any(utterance.extra.get("synthetic") for utterance in utterances)
        outcome = Outcome(experiment, protocol, folds, summary, synthetic)
        write_text(experiment.out / "summary.json", json.dumps(_summary_json(outcome), indent=1) + "\n")
    return outcome


def provenance(manifest: Path) -> dict[str, object]:
    """What a result must be quoted with to be repeated: versions, platform and the manifest's digest."""
    packages = ("emoduet", "torch", "transformers", "accelerate", "numpy")
    return {
        "manifest": manifest.name,
        "manifest_sha256": manifest_digest(manifest),
        "versions": {package: version(package) for package in packages} | {"python": platform.python_version()},
        "platform": f"{platform.system()} {platform.machine()}",
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
    if experiment.keep not in KEEP:
        raise InputError(f"keep {experiment.keep}: choose one of {', '.join(KEEP)}")
    if experiment.workers < 1:
        raise InputError(f"workers {experiment.workers}: need at least one")


def _chosen(folds: Sequence[Fold], numbers: tuple[int, ...] | None) -> tuple[Fold, ...]:
    known = {fold.number: fold for fold in folds}
    wrong = [number for number in numbers or () if number not in known]
    if wrong:
        raise InputError(f"fold {wrong[0]}: the protocol has folds {min(known)} to {max(known)}")
    return tuple(known[number] for number in (sorted(set(numbers)) if numbers else known))


def _write_folds(path: Path, folds: Sequence[Fold], protocol: Protocol) -> None:
    note = {"note": note_of(protocol.test_in_the_loop)}
    write_text(path, json.dumps([asdict(fold) | note for fold in folds], indent=1) + "\n")


def _write_or_compare(experiment: Experiment, protocol: Protocol, weights: Mapping[str, str]) -> None:
    """Keeps the numbers of two different runs from meeting in one folder."""
    identity = {
        "recipe": experiment.recipe.model_dump(mode="json"),
        "protocol": protocol.name,
        "training_labels_shuffled": experiment.shuffled,
        "precision": experiment.machine.precision,
        "manifest_sha256": manifest_digest(experiment.manifest),
        "weights": weights,
    }
    path = experiment.out / "run.json"
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        differing = list(_differences(found, identity))
        if differing:
            raise InputError(
                f"{experiment.out}: holds another run: {'; '.join(differing)}. Give another --out, or delete it"
            )
        return
    run = identity | {"protocol_summary": protocol.summary} | provenance(experiment.manifest)
    write_text(path, json.dumps(run, indent=1, ensure_ascii=False) + "\n")


def _differences(found: Mapping[str, object], asked: Mapping[str, object], where: str = "") -> Iterator[str]:
    """Every value that is not as asked for, by its path."""
    for key, value in asked.items():
        there = found.get(key)
        if isinstance(value, Mapping) and isinstance(there, Mapping):
            yield from _differences(there, value, f"{where}{key}.")
        elif there != value:
            yield f"{where}{key} is {there}, not {value}"


def _summary_json(outcome: Outcome) -> dict[str, object]:
    return {
        "recipe": outcome.experiment.recipe.name,
        "protocol": outcome.protocol.name,
        "protocol_summary": outcome.protocol.summary,
        "test_data_in_the_loop": outcome.protocol.test_in_the_loop,
        "synthetic_corpus": outcome.synthetic,
        "training_labels_shuffled": outcome.experiment.shuffled,
        "sessions_trained_on": sorted({len(fold.train_sessions) for fold in outcome.folds}),
        **outcome.summary.as_json(),
    }


@contextmanager
def sole_user(folder: Path) -> Iterator[None]:
    """Holds a folder, which is made, for this process alone.

    Raises:
        InputError: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout as error:
        raise InputError(
            f"{folder}: another emoduet is running in this folder; wait for it, or give another --out"
        ) from error


def _run_all(jobs: Sequence[FoldJob], workers: int, progress: Hook) -> None:
    if workers == 1 or len(jobs) < 2:
        for job in jobs:
            run_fold(job, progress)
        return
    context = get_context("spawn")
    threads = max(1, (os.cpu_count() or 1) // workers)
    with _deaf_to_interrupts():
        manager = context.Manager()
    with manager:
        messages = manager.Queue()
        listener = Thread(target=_pass_on, args=(messages, progress), daemon=True)
        listener.start()
        try:
            with ProcessPoolExecutor(workers, context, initializer=torch.set_num_threads, initargs=(threads,)) as pool:
                _run_in(pool, [partial(run_fold, job, messages.put) for job in jobs])
        finally:
            messages.put(None)
            listener.join()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started within never hear Ctrl-C, since the one that starts them answers for them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _run_in(pool: ProcessPoolExecutor, folds: Sequence[Callable[[], None]]) -> None:
    """Runs every fold; at the first that fails, lets those under way end and starts no other.

    Ctrl-C ends those under way as well: their last finished epoch is on disk.
    """
    others = set(active_children())
    try:
        with _deaf_to_interrupts():
            futures = [pool.submit(fold) for fold in folds]
        for future in as_completed(futures):
            future.result()
    except KeyboardInterrupt:
        for process in set(active_children()) - others:
            process.terminate()
        raise
    except BrokenProcessPool as error:
        raise InputError(
            "a fold's process was killed from outside, perhaps for want of memory; the same command goes on where it "
            "stopped, better with fewer --workers"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _pass_on(messages: object, progress: Hook) -> None:
    while (message := messages.get()) is not None:
        progress(message)
