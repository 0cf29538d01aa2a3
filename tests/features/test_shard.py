"""A shard on disk: whole, or found to be damaged, and never unpickled."""

import hashlib
import json
import os

import numpy as np
import pytest
from stored import flip_last_byte

from emoduet.errors import CheckpointError, InputError
from emoduet.features import shard as shard_module
from emoduet.features.shard import examine, map_shard, read_shard, remove_shard, write_shard

VALUES = np.arange(6, dtype=np.float16).reshape(3, 2)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "0123456789abcdef"
    folder.mkdir()
    write_shard(folder, 7, ["a", "b"], [1, 2], VALUES, 2e-4)
    return folder


def test_comes_back_as_it_was(folder):
    shard = read_shard(folder, 7)
    assert (shard.ids, shard.lengths, shard.shape, shard.dtype) == (("a", "b"), (1, 2), (3, 2), "float16")
    assert (shard.relative_error, shard.num_bytes) == (2e-4, 128 + 3 * 2 * 2)
    assert np.array_equal(map_shard(folder, 7, shard), VALUES)
    examine(folder, 7)


def test_is_a_plain_numpy_file_with_its_checksum(folder):
    assert np.array_equal(np.load(folder / "shard-00007.npy", allow_pickle=False), VALUES)
    checksum = hashlib.sha256((folder / "shard-00007.npy").read_bytes()).hexdigest()
    assert json.loads((folder / "shard-00007.json").read_text())["sha256"] == checksum


def test_is_mapped_not_loaded(folder):
    mapped = map_shard(folder, 7, read_shard(folder, 7))
    assert isinstance(mapped, np.memmap)
    mapped[:] = 9
    assert np.array_equal(np.load(folder / "shard-00007.npy"), VALUES), "the file is never written through the map"


@pytest.mark.parametrize("shape", [(0, 2), (3, 4, 2), (3,)])
def test_takes_arrays_of_any_trailing_shape(tmp_path, shape):
    shard = write_shard(tmp_path, 0, ["a"], [shape[0]], np.ones(shape, dtype=np.float32), 0.0)
    assert read_shard(tmp_path, 0) == shard
    assert np.array_equal(map_shard(tmp_path, 0, shard), np.ones(shape))
    examine(tmp_path, 0)


def test_is_absent_until_its_json_is_there(folder):
    (folder / "shard-00007.json").unlink()
    assert read_shard(folder, 7) is None
    examine(folder, 7)


def test_a_write_that_fails_leaves_nothing_and_what_a_kill_left_goes(folder, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    (folder / ".shard-00008.npy.123.tmp").write_bytes(b"half")
    (folder / ".shard-00009.npy.123.tmp").write_bytes(b"of another process that is at it")
    with monkeypatch.context() as patch, pytest.raises(InputError, match="No space left on device.*make room"):
        patch.setattr(os, "fsync", full)
        write_shard(folder, 8, ["c"], [3], VALUES, 0.0)
    assert read_shard(folder, 8) is None
    assert sorted(path.name for path in folder.glob(".*")) == [".shard-00009.npy.123.tmp"]


def test_a_byte_that_turned_is_found_by_reading_all(folder):
    flip_last_byte(folder / "shard-00007.npy")
    assert read_shard(folder, 7) is not None
    with pytest.raises(CheckpointError, match=r"shard-00007.npy: damaged: sha256 is \w{16}\.\.\., want \w{16}"):
        examine(folder, 7)


def change_json(folder, **changes):
    path = folder / "shard-00007.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def save_other(folder, values):
    """An array of another kind in a file of the same size."""
    np.save(folder / "shard-00007.npy", values, allow_pickle=True)
    change_json(folder, num_bytes=(folder / "shard-00007.npy").stat().st_size)


NEEDS_ALL = {
    "truncated": (lambda folder: os.truncate(folder / "shard-00007.npy", 130), "130 bytes, want 140"),
    "no data": (lambda folder: (folder / "shard-00007.npy").unlink(), "cannot be opened"),
    "no json": (lambda folder: (folder / "shard-00007.json").write_text("{"), "not a shard's json"),
    "a list": (lambda folder: (folder / "shard-00007.json").write_text("[]"), "not a shard's json"),
    "not utf-8": (lambda folder: (folder / "shard-00007.json").write_bytes(b"\xff"), "not a shard's json"),
    "an odd key": (lambda folder: change_json(folder, odd=1), "not a shard's json"),
    "words for numbers": (lambda folder: change_json(folder, num_bytes="many"), "not a shard's json"),
    "no shape": (lambda folder: change_json(folder, shape=[]), "not a shard's json"),
    "a length": (lambda folder: change_json(folder, lengths=[1, 1]), "do not fit each other"),
    "an id": (lambda folder: change_json(folder, ids=["a"]), "do not fit each other"),
    "an error": (lambda folder: change_json(folder, relative_error=float("nan")), "do not fit each other"),
}


@pytest.mark.parametrize("damage", NEEDS_ALL)
def test_damage_that_shows_at_once(folder, damage):
    spoil, message = NEEDS_ALL[damage]
    spoil(folder)
    with pytest.raises(CheckpointError, match=message) as caught:
        read_shard(folder, 7)
    assert f"`emoduet features verify {folder.name} --repair --features {folder.parent}`" in str(caught.value)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: save_other(folder, VALUES.view(np.int16)), r"holds int16 \[3, 2\], want float16 \[3, 2\]"),
        (lambda folder: save_other(folder, VALUES.reshape(2, 3)), r"holds float16 \[2, 3\], want float16 \[3, 2\]"),
        (lambda folder: save_other(folder, np.array([print], dtype=object)), "not a .npy file"),
        (lambda folder: (folder / "shard-00007.npy").write_bytes(b"x" * 140), "not a .npy file"),
    ],
)
def test_an_array_that_is_another_is_not_mapped(folder, spoil, message):
    spoil(folder)
    with pytest.raises(CheckpointError, match=message):
        map_shard(folder, 7, read_shard(folder, 7))


def test_a_disk_that_does_not_read_is_told(folder, monkeypatch):
    def bad(*arguments):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(shard_module.hashlib, "file_digest", bad)
    with pytest.raises(CheckpointError, match=r"cannot be read \(Input/output error\)"):
        examine(folder, 7)


def test_removed(folder):
    remove_shard(folder, 7)
    remove_shard(folder, 7)
    assert read_shard(folder, 7) is None and not list(folder.iterdir())
