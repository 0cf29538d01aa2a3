"""Telling, verifying and deleting stores, and everything that must not be deleted."""

import json
import os
import shutil
from pathlib import Path

import pytest
from stored import compute, flip_last_byte, source, store, words

from emoduet.errors import CheckpointError, InputError, UsageError
from emoduet.features import locks, prune, repair, select, stores, upkeep, verify
from emoduet.features.locks import attempt
from emoduet.features.shard import lock_path


def filled(root: Path, **changes: object) -> Path:
    """The folder of a store that nobody uses any more."""
    features = store(root, **changes)
    features.fill(compute)
    return features.folder


def begun(root: Path, **changes: object) -> Path:
    """The folder of a store that has one of three shards."""
    features = store(root, **changes)
    features._take(0, compute)
    return features.folder


def used_at(folder: Path, time: float) -> None:
    os.utime(folder / "store.json", (time, time))


def test_stores_are_told_the_last_used_first(tmp_path):
    used_at(filled(tmp_path), 1000.0)
    used_at(begun(tmp_path, weights="w1", encoder="other"), 2000.0)
    (tmp_path / "letters").mkdir()
    other, whole = stores(tmp_path)
    assert (whole.key, whole.num_done, whole.complete, whole.problem) == (source(words(10)).key, 10, True, None)
    assert (other.description.source.encoder, other.num_done, other.complete) == ("other", 4, False)
    assert (whole.last_used, other.last_used, whole.relative_error) == (1000.0, 2000.0, 0.0)
    assert whole.num_bytes == sum(path.stat().st_size for path in whole.folder.iterdir())
    assert whole.as_json() == {
        **{"key": whole.key, "kind": "text", "stage": "last", "encoder": "tiny", "preprocessing": "tokens"},
        **{"libraries": {"torch": "2"}, "utterances": 10, "done": 10, "bytes": whole.num_bytes, "complete": True},
        **{"relative_error": 0.0, "last_used": 1000.0, "problem": None},
    }


def test_no_folder_holds_no_stores(tmp_path):
    assert stores(tmp_path / "absent") == []


def test_a_file_that_goes_while_it_is_told_has_no_size(tmp_path):
    assert upkeep._size(tmp_path / "gone") == 0


def test_odd_names_are_no_shards(tmp_path):
    folder = filled(tmp_path)
    shutil.copy(folder / "shard-00000.json", folder / "shard-0.json")
    [found] = stores(tmp_path)
    assert found.num_done == 10


def test_a_sound_store_has_no_damages(tmp_path):
    told = []
    filled(tmp_path)
    [found] = stores(tmp_path)
    assert verify(found, lambda *done: told.append(done)) == []
    assert told == [(0, 3), (1, 3), (2, 3)]


def test_only_what_is_damaged_is_deleted_and_computed_again(tmp_path):
    folder = filled(tmp_path)
    flip_last_byte(folder / "shard-00001.npy")
    os.truncate(folder / "shard-00002.json", 5)
    [found] = stores(tmp_path)
    assert "shard-00002.json: damaged" in found.problem and not found.complete
    damages = verify(found)
    assert [damage.shard for damage in damages] == [1, 2]
    assert "shard-00001.npy: damaged: sha256" in damages[0].message
    repair(found, damages)
    features, asked = store(tmp_path), []
    features.fill(lambda part: asked.append(part[0].id) or compute(part))
    assert asked == ["u004", "u008"]
    assert verify(stores(tmp_path)[0]) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:40], "not a store's description .*features verify"),
        (lambda text: "[]", "not a store's description"),
        (lambda text: text.replace('"weights": "w0",', ""), "not a store's description"),
        (lambda text: text.replace('"w0"', '"w9"'), r"describes the store \w{16}, not"),
        (lambda text: text.replace('"num_utterances": 10', '"num_utterances": -1'), "describes the store"),
        (lambda text: text.replace('"format_version": 1', '"format_version": 2'), "version 2; this emoduet reads"),
        (lambda text: text.replace('"emoduet-features"', '"zip"'), "format 'zip'"),
    ],
)
def test_a_description_that_is_no_use_is_told_and_made_again(tmp_path, change, message):
    folder = filled(tmp_path)
    text = (folder / "store.json").read_text()
    (folder / "store.json").write_text(change(text))
    with pytest.raises(CheckpointError, match=message):
        store(tmp_path)
    [found] = stores(tmp_path)
    assert (found.description, found.complete, found.as_json()["utterances"]) == (None, False, None)
    [damage] = verify(found)
    assert damage.shard is None
    repair(found, [damage])
    assert store(tmp_path).complete, "the features themselves were sound"
    assert (folder / "store.json").read_text() == text


def test_a_shard_under_way_is_not_repaired(tmp_path):
    folder = filled(tmp_path)
    [found] = stores(tmp_path)
    with attempt(lock_path(folder, 1)), pytest.raises(InputError, match="shard 1 is being computed; try again later"):
        repair(found, [upkeep.Damage(1, "")])
    assert store(tmp_path).complete


def test_what_cannot_be_repaired_is_told(tmp_path, monkeypatch):
    filled(tmp_path)
    [found] = stores(tmp_path)

    def refuse(path, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(InputError, match="cannot be repaired.*Permission denied"):
        repair(found, [upkeep.Damage(None, "")])


@pytest.fixture
def three(tmp_path):
    """A whole store last used at 100 s, one begun at 200 s, and a whole one at 300 s."""
    folders = filled(tmp_path), begun(tmp_path, weights="w1"), filled(tmp_path, weights="w2")
    for number, folder in enumerate(folders, start=1):
        used_at(folder, 100.0 * number)
    return stores(tmp_path)[::-1]


@pytest.mark.parametrize(
    ("conditions", "chosen"),
    [
        ({"everything": True}, [0, 1, 2]),
        ({"incomplete": True}, [1]),
        ({"unused_since": 200.0}, [0]),
        ({"unused_since": 201.0}, [0, 1]),
        ({"unused_since": 201.0, "incomplete": True}, [1]),
        ({"unused_since": 150.0, "incomplete": True}, []),
        ({"unused_since": 0.0}, []),
    ],
)
def test_stores_are_chosen_by_every_condition(three, conditions, chosen):
    assert select(three, **conditions) == [three[number] for number in chosen]


def test_stores_are_chosen_by_key(three):
    assert select(three, [three[2].key, three[0].key]) == [three[0], three[2]]
    assert select(three, [three[0].key], incomplete=True) == []
    with pytest.raises(InputError, match=f"0123: no store of this key; there are: .*{three[0].key}"):
        select(three, ["0123"])
    with pytest.raises(InputError, match="there are: none"):
        select([], ["0123"])


@pytest.mark.parametrize("conditions", [{}, {"everything": True, "incomplete": True}, {"keys": ["a"], "everything": 1}])
def test_unclear_wishes_delete_nothing(three, conditions):
    with pytest.raises(UsageError, match="give keys, --incomplete or --older-than, or --all alone"):
        select(three, **{**conditions, "everything": bool(conditions.get("everything"))})


def test_deleted_stores_leave_nothing(tmp_path, three):
    assert [reason for _, reason in prune(three[:2])] == [None, None]
    assert stores(tmp_path) == three[2:]
    assert {path.name for path in tmp_path.iterdir()} == {three[2].key, f".{three[2].key}.lock"}


def test_a_store_in_use_is_left_alone(tmp_path):
    features = store(tmp_path)
    features.fill(compute)
    [found] = stores(tmp_path)
    [(_, reason)] = prune([found])
    assert f"{features.folder}: in use" in reason
    assert features.read("u009")[0, 0] == 9
    del features
    assert [reason for _, reason in prune([found])] == [None]


def test_a_mark_that_cannot_be_asked_counts_as_use(tmp_path, monkeypatch):
    folder = filled(tmp_path)
    acquire = locks.FileLock.acquire

    def refuse(lock):
        if ".used-" in str(lock.lock_file):
            raise PermissionError(13, "Permission denied")
        return acquire(lock)

    monkeypatch.setattr(locks.FileLock, "acquire", refuse)
    assert "in use" in next(prune(stores(tmp_path)))[1]
    assert folder.is_dir()


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path):
    folder = filled(tmp_path)
    (folder / "thesis.txt").write_text("precious")
    [found] = stores(tmp_path)
    assert "holds thesis.txt, which no store has written" in next(prune([found]))[1]
    (folder / "thesis.txt").unlink()
    (folder / "shard-00009.npy").mkdir()
    assert "holds shard-00009.npy" in next(prune([found]))[1]
    assert store(tmp_path).complete


def test_what_is_no_store_is_never_chosen_nor_deleted(tmp_path):
    folder = filled(tmp_path / "true")
    (tmp_path / "stores" / "letters").mkdir(parents=True)
    shutil.copytree(folder, tmp_path / "stores" / "my-features")
    (tmp_path / "stores" / folder.name).symlink_to(folder)
    (tmp_path / "stores" / ("0" * 16)).mkdir()
    assert stores(tmp_path / "stores") == []
    [found] = stores(tmp_path / "true")
    (folder / "store.json").unlink()
    assert "no store any more" in next(prune([found]))[1]
    assert len(list(folder.glob("shard-*"))) == 6


def test_what_a_killed_prune_left_goes_with_the_next(tmp_path):
    folder = filled(tmp_path)
    left = tmp_path / f".{'0' * 16}.{'f' * 32}.removed"
    shutil.copytree(folder, left)
    (tmp_path / ".letters.removed").mkdir()
    used_at(folder, 1.0)
    list(prune(stores(tmp_path)))
    assert [path.name for path in tmp_path.iterdir()] == [".letters.removed"]


def test_a_store_that_cannot_be_moved_is_told_and_the_next_is_deleted(tmp_path, monkeypatch, three):
    rename = Path.rename

    def refuse(path, target):
        if path.name == three[0].key:
            raise PermissionError(13, "Permission denied")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    assert ["Permission denied" in (reason or "") for _, reason in prune(three)] == [True, False, False]
    assert [found.key for found in stores(tmp_path)] == [three[0].key]


def test_marks_of_the_dead_do_not_pile_up(tmp_path):
    for _ in range(3):
        folder = filled(tmp_path)
    assert len(list(folder.glob(".used-*"))) == 1


def test_the_description_is_json_for_people_too(tmp_path):
    record = json.loads((filled(tmp_path) / "store.json").read_text())
    assert (record["format"], record["num_utterances"], record["shard_size"]) == ("emoduet-features", 10, 4)
    assert record["source"] == source(words(10)).as_json()
