"""One store in one process: what is computed, when, and what comes back."""

import json
import os
import shutil
from collections import namedtuple
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from stored import SHARD_SIZE, answer, compute, source, store, words

from emoduet import features as features_package
from emoduet.errors import CheckpointError, InputError
from emoduet.features import FeatureStore, locks
from emoduet.features import store as store_module


def forbidden(part):
    pytest.fail(f"computed again: {[one.id for one in part]}")


def test_comes_back_as_it_was_computed(tmp_path):
    told, asked = [], []
    features = store(tmp_path)
    assert not features.complete
    features.fill(lambda part: asked.append(len(part)) or compute(part), lambda *done: told.append(done))
    assert features.complete
    assert (asked, told) == ([4, 4, 2], [(0, 10), (4, 10), (8, 10), (10, 10)])
    for utterance in words(10):
        values = features.read(utterance.id)
        assert values.dtype == torch.float32
        assert torch.equal(values, answer(utterance))


def test_lies_where_its_key_says(tmp_path):
    features = store(tmp_path)
    features.fill(compute)
    assert features.folder == tmp_path / features.source.key
    visible = sorted(path.name for path in features.folder.iterdir() if path.name[0] != ".")
    assert visible == [f"shard-0000{number}.{kind}" for number in range(3) for kind in ("json", "npy")] + ["store.json"]
    assert features.num_bytes == sum(path.stat().st_size for path in features.folder.glob("*.npy"))


def test_a_layer_axis_comes_back(tmp_path):
    utterances = words(2)
    features = FeatureStore(tmp_path, source(utterances), utterances)
    layers = torch.arange(24.0).reshape(3, 4, 2)
    features.fill(lambda part: [layers, layers[:1] + 1])
    assert torch.equal(features.read("u000"), layers)
    assert torch.equal(features.read("u001"), layers[:1] + 1)


def test_fp16_with_its_error_and_fp32_where_values_are_too_large(tmp_path):
    features = store(tmp_path)
    assert features.relative_error == 0.0
    features.fill(lambda part: [answer(one) * (1 + 2**-12) * (10_000 if one.id >= "u008" else 1) for one in part])
    stored = [np.load(features.folder / f"shard-0000{number}.npy").dtype for number in range(3)]
    assert stored == [np.float16, np.float16, np.float32]
    assert features.read("u009")[0, 0] == pytest.approx(90_000 * (1 + 2**-12), rel=1e-7)
    assert features.read("u001")[0, 0] == 1.0
    of_each = [json.loads(path.read_text())["relative_error"] for path in sorted(features.folder.glob("shard*.json"))]
    assert of_each[2] == 0.0
    assert features.relative_error == max(of_each) == pytest.approx(2**-12, rel=0.3)


def test_what_is_read_is_a_copy(tmp_path):
    features = store(tmp_path)
    features.fill(lambda part: [answer(one) + 70_000 for one in part])
    features.read("u001").zero_()
    assert features.read("u001")[0, 0] == 70_001


def test_nothing_is_computed_twice(tmp_path):
    store(tmp_path).fill(compute)
    features = store(tmp_path)
    assert features.complete
    features.fill(forbidden)
    assert torch.equal(features.read("u007"), answer(words(8)[7]))


def test_other_weights_are_another_store(tmp_path):
    store(tmp_path).fill(compute)
    other = store(tmp_path, weights="w1")
    assert not other.complete
    other.fill(lambda part: [answer(one) + 1 for one in part])
    assert other.read("u003")[0, 0] == 4 and store(tmp_path).read("u003")[0, 0] == 3


def test_the_order_of_the_utterances_does_not_matter(tmp_path):
    store(tmp_path).fill(compute)
    features = FeatureStore(tmp_path, source(words(10)), words(10)[::-1], SHARD_SIZE)
    features.fill(forbidden)
    assert features.read("u009")[0, 0] == 9


def test_a_computation_that_fails_is_taken_up_where_it_stopped(tmp_path):
    def fail_late(part):
        if part[0].id == "u008":
            raise RuntimeError("out of memory")
        return compute(part)

    with pytest.raises(RuntimeError, match="out of memory"):
        store(tmp_path).fill(fail_late)
    features, asked = store(tmp_path), []
    features.fill(lambda part: asked.extend(one.id for one in part) or compute(part))
    assert asked == ["u008", "u009"]


def test_what_another_fills_is_seen(tmp_path):
    early = store(tmp_path)
    store(tmp_path).fill(compute)
    assert early.read("u005")[0, 0] == 5
    assert early.complete


def test_a_shard_that_came_before_its_lock_did_is_not_computed_again(tmp_path, monkeypatch):
    features, other = store(tmp_path), store(tmp_path)

    @contextmanager
    def late(path):
        monkeypatch.setattr(store_module, "attempt", locks.attempt)
        other.fill(compute)
        with locks.attempt(path) as ours:
            yield ours

    monkeypatch.setattr(store_module, "attempt", late)
    features.fill(forbidden)
    assert features.complete and other.complete


def test_what_is_not_there_is_told(tmp_path):
    features = store(tmp_path)
    with pytest.raises(InputError, match="no features of 'u003'; fill the store with it first"):
        features.read("u003")
    features.fill(compute)
    with pytest.raises(InputError, match="no features of 'stranger'"):
        features.read("stranger")


def test_no_utterances_are_soon_computed(tmp_path):
    features = store(tmp_path, 0)
    features.fill(forbidden)
    assert features.complete and features.num_bytes == 0


def test_an_id_twice_is_refused(tmp_path):
    with pytest.raises(InputError, match="the id 'u000' comes twice"):
        FeatureStore(tmp_path, source(words(1)), words(1) * 2)
    assert not list(tmp_path.iterdir())


def test_a_shard_deleted_meanwhile_is_told(tmp_path):
    features = store(tmp_path)
    features.fill(compute)
    (features.folder / "shard-00001.npy").unlink()
    with pytest.raises(CheckpointError, match="shard-00001.npy: damaged: cannot be opened.*verify"):
        features.read("u004")


def test_a_damaged_shard_is_told_at_once(tmp_path):
    features = store(tmp_path)
    features.fill(compute)
    os.truncate(features.folder / "shard-00002.npy", 9)
    with pytest.raises(CheckpointError, match="shard-00002.npy: damaged: 9 bytes"):
        store(tmp_path)


def test_shards_of_other_utterances_are_refused(tmp_path):
    store(tmp_path).fill(compute)
    lines = [one for one in words(11) if one.id != "u001"]
    with pytest.raises(CheckpointError, match="shard 0 holds other utterances.*features prune"):
        FeatureStore(tmp_path, source(words(10)), lines, SHARD_SIZE)


@pytest.mark.parametrize(("count", "size"), [(9, SHARD_SIZE), (10, 5)])
def test_a_store_of_another_division_is_refused(tmp_path, count, size):
    store(tmp_path)
    with pytest.raises(CheckpointError, match=f"holds 10 utterances in shards of 4, want {count} in shards of {size}"):
        FeatureStore(tmp_path, source(words(10)), words(count), size)


def test_no_more_than_so_many_maps_are_open(tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "MAX_MAPS", 2)
    features = store(tmp_path, 20)
    features.fill(compute)
    assert [features.read(one.id)[0, 0] for one in words(20)] == list(range(20))
    maps = features._map.cache_info()
    assert (maps.currsize, maps.misses) == (2, 5)


def test_opening_is_noted(tmp_path):
    features = store(tmp_path)
    os.utime(features.folder / "store.json", (1, 1))
    store(tmp_path)
    assert (features.folder / "store.json").stat().st_mtime > 1e9


def test_a_store_that_may_only_be_read_is_read(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    store(tmp_path).fill(compute)
    monkeypatch.setattr(locks.FileLock, "acquire", refuse)
    monkeypatch.setattr(os, "utime", refuse)
    features = store(tmp_path)
    features.fill(forbidden)
    assert features.read("u006")[0, 0] == 6
    with pytest.raises(InputError, match="cannot be locked.*Permission denied.*give another folder"):
        store(tmp_path, weights="w1")


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file: is a file, where a folder is to be"):
        store(tmp_path / "file")


def test_room_is_asked_for_before_anything_is_written(tmp_path, monkeypatch):
    """Three shards, the first of 4 utterances with 1 + 2 + 3 + 4 frames of two fp16 values: 40 bytes, so 120 in all."""
    room = namedtuple("room", "total used free")
    features = store(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: room(1000, 881, 119))
    with pytest.raises(InputError, match="0.0 GB free; the features that are missing need about 0.0 GB. Make room"):
        features.fill(compute)
    assert not list(features.folder.glob("shard*"))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: room(1000, 880, 120))
    features.fill(compute)
    assert features.complete


def test_the_package_has_no_other_name():
    with pytest.raises(AttributeError, match="module 'emoduet.features' has no attribute 'Store'"):
        _ = features_package.Store
