"""Folds side by side, in threads instead of true processes, which take seconds."""

import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch
from easy_corpus import write_easy_corpus
from small_runs import small_experiment

from emoduet import experiment, workers
from emoduet.errors import InputError
from emoduet.experiment import run_experiment


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return write_easy_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture
def threads_for_processes(monkeypatch):
    """Folds side by side in threads of this process."""

    class Manager(nullcontext):
        Queue = queue.Queue

    monkeypatch.setattr(workers, "get_context", lambda kind: SimpleNamespace(Manager=Manager))
    monkeypatch.setattr(
        workers, "ProcessPoolExecutor", lambda workers, context, initializer, initargs: ThreadPoolExecutor(workers)
    )


def test_one_fold_that_fails_ends_the_run_and_its_listener(manifest, tmp_path, monkeypatch, threads_for_processes):
    def fail(job, progress):
        progress(f"fold {job.fold.number}")
        if job.fold.number == 2:
            raise InputError("fold 2 is bad")

    told, before = [], threading.active_count()
    monkeypatch.setattr(experiment, "run_fold", fail)
    with pytest.raises(InputError, match="fold 2 is bad"):
        run_experiment(small_experiment(manifest, tmp_path, folds=None, workers=2), told.append)
    assert {"fold 1", "fold 2"} <= set(told)
    assert threading.active_count() == before


def test_a_process_killed_from_outside_is_named(manifest, tmp_path, monkeypatch, threads_for_processes):
    def broken(job, progress):
        raise BrokenProcessPool("a child process terminated abruptly")

    monkeypatch.setattr(experiment, "run_fold", broken)
    with pytest.raises(InputError, match="killed from outside, perhaps for want of memory; the same command goes on"):
        run_experiment(small_experiment(manifest, tmp_path, folds=None, workers=2))


@pytest.mark.parametrize(("cores", "asked_for", "processes", "threads"), [(8, 2, 2, 4), (8, 5, 2, 4), (1, 2, 2, 1)])
def test_cores_are_shared_out(
    manifest, tmp_path, monkeypatch, threads_for_processes, cores, asked_for, processes, threads
):
    """Among no more processes than there are folds: two."""
    asked = []

    def pool(workers, context, initializer, initargs):
        asked.append((workers, initializer, initargs))
        return ThreadPoolExecutor(1)

    monkeypatch.setattr(workers, "ProcessPoolExecutor", pool)
    monkeypatch.setattr(workers, "num_cores", lambda: cores)
    run_experiment(small_experiment(manifest, tmp_path, folds=(1, 2), workers=asked_for))
    assert asked == [(processes, torch.set_num_threads, (threads,))]
