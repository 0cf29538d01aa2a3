"""Files are whole or absent, folders are the old or the new one, and a kill between leaves what can be mended."""

import os
import shutil

import pytest

from emoduet.atomic import new_file, new_folder, recover_folder, write_text


class Killed(Exception):
    """Stands for whatever ends the block early."""


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def write_folder(path, content):
    with new_folder(path) as folder:
        (folder / "state").write_text(content)


# Files


def test_text_is_written_as_utf8_into_folders_that_did_not_exist(tmp_path):
    write_text(tmp_path / "deep" / "er" / "a.txt", "naïve ☺\n")
    assert (tmp_path / "deep" / "er" / "a.txt").read_bytes() == "naïve ☺\n".encode()
    assert names_in(tmp_path / "deep" / "er") == ["a.txt"]


def test_file_appears_at_the_end_and_not_before(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with new_file(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.parent == path.parent
    assert path.read_text() == "new"
    assert names_in(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("before", [None, "old"])
def test_failed_file_leaves_what_was(tmp_path, before):
    path = tmp_path / "a.txt"
    if before is not None:
        path.write_text(before)
    with pytest.raises(Killed), new_file(path) as temporary:
        temporary.write_text("half")
        raise Killed
    assert (path.read_text() if path.exists() else None) == before
    assert names_in(tmp_path) == ([] if before is None else ["a.txt"])


# Folders


def test_folder_appears_and_replaces_a_full_one(tmp_path):
    path = tmp_path / "deep" / "state"
    write_folder(path, "first")
    (path / "stale").write_text("only of the first")
    write_folder(path, "second")
    assert names_in(path) == ["state"]
    assert (path / "state").read_text() == "second"
    assert names_in(tmp_path / "deep") == ["state"]


def test_failed_folder_leaves_the_old_one(tmp_path):
    path = tmp_path / "state"
    write_folder(path, "first")
    with pytest.raises(Killed), new_folder(path) as folder:
        (folder / "state").write_text("half")
        raise Killed
    assert (path / "state").read_text() == "first"
    assert names_in(tmp_path) == ["state"]


def test_kill_between_the_two_renames_loses_nothing(tmp_path, monkeypatch):
    """The old folder is aside and the new one not yet in place: the worst moment there is."""
    path = tmp_path / "state"
    write_folder(path, "first")
    rename = os.replace

    def killed_at_the_second(source, target):
        if target == path:
            raise Killed
        rename(source, target)

    monkeypatch.setattr(os, "replace", killed_at_the_second)
    with pytest.raises(Killed):
        write_folder(path, "second")
    monkeypatch.undo()
    assert not path.exists()
    recover_folder(path)
    assert (path / "state").read_text() == "first"
    assert names_in(tmp_path) == ["state"]


@pytest.mark.parametrize("keep", [False, True], ids=["killed before the second rename", "killed after it"])
def test_next_write_mends_the_kill_by_itself(tmp_path, keep):
    path = tmp_path / "state"
    write_folder(path, "first")
    shutil.copytree(path, tmp_path / ".state.old")
    if not keep:
        shutil.rmtree(path)
    write_folder(path, "second")
    assert (path / "state").read_text() == "second"
    assert names_in(tmp_path) == ["state"]


def test_old_folder_is_dropped_once_replaced(tmp_path):
    path = tmp_path / "state"
    write_folder(path, "second")
    shutil.copytree(path, tmp_path / ".state.old")
    recover_folder(path)
    assert (path / "state").read_text() == "second"
    assert names_in(tmp_path) == ["state"]


def test_recovering_nothing_does_nothing(tmp_path):
    recover_folder(tmp_path / "state")
    assert names_in(tmp_path) == []
