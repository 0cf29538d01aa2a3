"""Files are whole or absent, folders are the old or the new one, and a kill between leaves what can be mended."""

import os
import shutil
from pathlib import Path

import pytest

from emoduet.atomic import (
    check_file,
    check_folder,
    check_vacant,
    make_folder,
    new_file,
    new_folder,
    recover_folder,
    remove_leftovers,
    write_text,
)
from emoduet.errors import InputError


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


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_left_aside_is_dealt_with_like_a_folder(tmp_path, replaced):
    """An older emoduet could move a file aside and never get rid of it."""
    path = tmp_path / "state"
    (tmp_path / ".state.old").write_text("a file's")
    if replaced:
        write_folder(path, "second")
    recover_folder(path)
    assert names_in(tmp_path) == ["state"]
    assert (path / "state").read_text() == "second" if replaced else path.read_text() == "a file's"


def test_leftovers_of_both_kinds_go(tmp_path):
    (tmp_path / ".state.1.tmp").mkdir()
    (tmp_path / ".a.txt.1.tmp").write_text("half")
    (tmp_path / "a.txt").write_text("whole")
    remove_leftovers(tmp_path)
    assert names_in(tmp_path) == ["a.txt"]


# Paths that cannot be written


@pytest.fixture
def taken(tmp_path):
    """A folder with a file in it."""
    (tmp_path / "letter").write_text("dear")
    yield tmp_path
    assert names_in(tmp_path) == ["letter"]
    assert (tmp_path / "letter").read_text() == "dear"


WAYS_TO_A_FILE = [lambda path: write_text(path, "new"), check_file]
WAYS_TO_A_FOLDER = [lambda path: write_folder(path, "new"), check_folder, check_vacant]


@pytest.mark.parametrize("write", [*WAYS_TO_A_FILE, *WAYS_TO_A_FOLDER])
def test_what_is_no_name(taken, monkeypatch, write):
    monkeypatch.chdir(taken)
    for path in (".", "..", "deep/..", "/"):
        with pytest.raises(InputError, match=r"^\S*[./]: is no name to write to; give a path that ends in one"):
            write(Path(path))


@pytest.mark.parametrize("write", [*WAYS_TO_A_FILE, *WAYS_TO_A_FOLDER, make_folder])
def test_a_file_in_the_way_of_the_folders_above(taken, write):
    message = rf"^{taken / 'letter'}: is a file, where a folder is to be; give another path"
    with pytest.raises(InputError, match=message):
        write(taken / "letter" / "deep" / "a")
    with pytest.raises(InputError, match=r"^/dev/null: is a file"):
        write(Path("/dev/null/a"))


@pytest.mark.parametrize("write", [*WAYS_TO_A_FOLDER, make_folder])
def test_a_file_where_a_folder_is_to_be(taken, write):
    with pytest.raises(InputError, match=rf"^{taken / 'letter'}: is a file, where a folder is to be"):
        write(taken / "letter")


@pytest.mark.parametrize("write", WAYS_TO_A_FILE)
def test_a_folder_where_a_file_is_to_be(taken, write):
    with pytest.raises(InputError, match=rf"^{taken}: is a folder, where a file is to be; give a file's path"):
        write(taken)


@pytest.mark.parametrize("write", [*WAYS_TO_A_FILE, *WAYS_TO_A_FOLDER, make_folder])
def test_a_name_that_the_disk_does_not_take(taken, write):
    path = taken / ("a" * 300)
    with pytest.raises(InputError, match=r"/a{300}: cannot be written \(.*File name too long.*make room for it"):
        write(path)


def test_what_the_disk_refuses_while_writing_leaves_what_was(taken):
    for lend in (new_file, new_folder):
        with pytest.raises(InputError, match=r"new: cannot be written \(\[Errno 28\] No space left on device\)"):
            with lend(taken / "new"):
                raise OSError(28, "No space left on device")


def test_only_a_folder_that_holds_something_is_not_vacant(taken, tmp_path):
    with pytest.raises(InputError, match=rf"^{tmp_path}: holds other files, which would be lost; give a folder that"):
        check_vacant(tmp_path)
    (tmp_path / "empty").mkdir()
    check_vacant(tmp_path / "empty")
    (tmp_path / "empty").rmdir()
    check_vacant(tmp_path / "empty")


def test_what_can_be_written_passes_and_leaves_nothing(taken):
    check_file(taken / "letter")
    check_file(taken / "new")
    check_folder(taken / "new")
