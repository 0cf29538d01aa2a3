"""Stored features over a whole run: who shares a store, and who computes what."""

from dataclasses import replace

import pytest
from counted_folds import run_counted
from easy_corpus import write_easy_corpus
from small_runs import numbers_of, read_json, small_experiment

from emoduet import experiment, workers
from emoduet.experiment import run_experiment
from emoduet.features import stores
from emoduet.fold_run import Filling


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return write_easy_corpus(tmp_path_factory.mktemp("corpus"))


def by_fold(out):
    return {fold.name: numbers_of(fold) for fold in out.glob("fold*-seed*")}


def test_side_by_side_they_share_a_store_of_which_each_shard_is_computed_once(manifest, tmp_path, monkeypatch):
    """In two processes; 24 utterances in shards of four. The numbers are those of one process."""
    monkeypatch.setattr(workers, "num_cores", lambda: 2)
    monkeypatch.setattr(experiment, "run_fold", run_counted)
    told, usual = [], {"folds": (1, 3), "features": tmp_path / "features"}
    for out, processes in (("side by side", 2), ("one after the other", 1)):
        asked = small_experiment(manifest, tmp_path / out, "demo-audio-only", "training.epochs=1", workers=processes)
        run_experiment(replace(asked, **usual), told.append)
    (store,) = stores(tmp_path / "features")
    computed = (tmp_path / "side by side" / "computed.log").read_text().splitlines()
    assert sorted(computed) == [f"{store.key} {number}" for number in range(6)]
    assert not (tmp_path / "one after the other" / "computed.log").exists()
    assert by_fold(tmp_path / "side by side") == by_fold(tmp_path / "one after the other")
    assert [one for one in told if isinstance(one, Filling)][-1] == Filling("demo-audio-only", 24, 24)


def test_folds_and_seeds_and_protocols_share_a_store(manifest, tmp_path, monkeypatch):
    """The store is of the whole corpus, whatever a fold leaves out; a tiny encoder is another one for each seed."""
    root = tmp_path / "features"
    for protocol, seeds in (("loso", (0, 1)), ("paper", (0,)), ("lospo", (1,))):
        changes = {"protocol": protocol, "seeds": seeds, "features": root, "folds": (1, 2)}
        run_experiment(
            small_experiment(manifest, tmp_path / protocol, "demo-audio-only", "training.epochs=1", **changes)
        )
    assert [store.num_done for store in stores(root)] == [24, 24]
    begun = read_json(tmp_path / "loso" / "fold2-seed1" / "metrics.json")["encoders"]["audio"]["begins_at"]
    assert begun == "cnn"


def test_without_features_nothing_is_stored_and_the_fold_says_so(manifest, tmp_path):
    run_experiment(small_experiment(manifest, tmp_path, "demo-audio-only", "training.epochs=1"))
    found = read_json(tmp_path / "fold1-seed0" / "metrics.json")
    assert found["encoders"]["audio"]["begins_at"] == "waveform"
