"""What names a recording: files, folders, patterns, manifests and standard input; each once, by a name of its own."""

import io
import math
import os
import sys
from pathlib import Path

import pytest

from emoduet.errors import CorpusError, InputError
from emoduet.manifest import write_manifest
from emoduet.recordings import Recording, natural_order, recordings_of
from emoduet.types import Segment, Utterance


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def touch(*names):
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def names_of(*inputs):
    with recordings_of(inputs) as recordings:
        return [one.name for one in recordings]


# Files


def test_files_keep_their_names_and_order(here):
    touch("b.wav", "a.mp3", "no_suffix", "notes.txt")
    assert names_of("b.wav", "a.mp3", "no_suffix", "notes.txt") == ["b.wav", "a.mp3", "no_suffix", "notes.txt"]


def test_a_file_that_is_absent_is_listed(here):
    with recordings_of(["absent.wav"]) as recordings:
        assert recordings == [Recording(name="absent.wav", path=Path("absent.wav"))]


@pytest.mark.parametrize("one", ["a.wav", Path("a.wav")])
def test_one_input_needs_no_list(here, one):
    with recordings_of(one) as recordings:
        assert recordings == [Recording(name="a.wav", path=Path("a.wav"))]


def test_a_file_named_twice_is_taken_once(here):
    touch("calls/a.wav", "calls/b.wav")
    os.symlink("calls/b.wav", "link.wav")
    given = ["calls/a.wav", "calls", str(here / "calls" / "a.wav"), "./calls/a.wav", "link.wav"]
    assert names_of(*given) == ["calls/a.wav", "calls/b.wav"]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [([], r"no recordings: got no input; want sound files"), (["a.wav", ""], r"an input is empty; want the name of")],
)
def test_nothing_is_no_recording(inputs, message):
    with pytest.raises(InputError, match=message), recordings_of(inputs):
        pytest.fail("it went on")


# Folders


def test_folders_are_searched_in_natural_order(here):
    touch("calls/call 10.wav", "calls/Call 9.WAV", "calls/day 2/b.opus", "calls/day 10/a.m4a", "calls/call 9.flac")
    touch("calls/notes.txt", "calls/.hidden.wav", "calls/.cache/a.wav", "calls/day 2/._b.opus", "calls/list.jsonl")
    assert names_of("calls") == [
        "calls/call 9.flac",
        "calls/Call 9.WAV",
        "calls/call 10.wav",
        "calls/day 2/b.opus",
        "calls/day 10/a.m4a",
    ]


def test_a_hidden_folder_that_is_named_is_searched(here):
    touch(".calls/a.wav")
    assert names_of(".calls") == [".calls/a.wav"]


def test_links_to_folders_are_followed_once(here):
    touch("elsewhere/a.wav", "calls/b.wav")
    os.symlink(here / "elsewhere", "calls/linked")
    os.symlink(here / "calls", "calls/round")
    assert names_of("calls") == ["calls/b.wav", "calls/linked/a.wav"]


def test_folder_without_sound(here):
    touch("calls/notes.txt")
    with pytest.raises(InputError, match=r"calls: no sound file in this folder or below; want .+ \.wav .+Name the"):
        names_of("calls")


def test_folder_that_cannot_be_read(here, monkeypatch):
    touch("calls/a.wav", "calls/closed/b.wav")
    scan = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match=r"calls/closed: the folder cannot be read \(Permission denied\); check perm"):
        names_of("calls")


def test_natural_order():
    paths = ["C2.wav", "a10/a.wav", "c1.wav", "10.wav", "B.wav", "c01.wav", "a2/z.wav", "2.wav", "a/z.wav"]
    ordered = ["2.wav", "10.wav", "a/z.wav", "a2/z.wav", "a10/a.wav", "B.wav", "c01.wav", "c1.wav", "C2.wav"]
    assert sorted(paths, key=natural_order) == ordered


# Patterns


def test_patterns_that_the_shell_left_alone(here):
    touch("calls/2.wav", "calls/10.wav", "calls/3.mp3", "calls/notes.txt", "calls/deep/er/4.wav", "calls/x.sph")
    assert names_of("calls/*.wav") == ["calls/2.wav", "calls/10.wav"]
    assert names_of("calls/*") == ["calls/2.wav", "calls/3.mp3", "calls/10.wav"]
    assert names_of("calls/**/*.wav") == ["calls/2.wav", "calls/10.wav", "calls/deep/er/4.wav"]
    assert names_of("**") == ["calls/2.wav", "calls/3.mp3", "calls/10.wav", "calls/deep/er/4.wav"]
    assert names_of("calls/[23].*") == ["calls/2.wav", "calls/3.mp3"]
    assert names_of("calls/?.sph") == ["calls/x.sph"]


def test_a_file_may_look_like_a_pattern(here):
    touch("call[1].wav", "call1.wav")
    assert names_of("call[1].wav") == ["call[1].wav"]


def test_patterns_find_manifests(here):
    write_manifest("one.jsonl", [Utterance(id="u", audio="a.wav")])
    assert names_of("*.jsonl") == ["a.wav"]


def test_pattern_without_a_match(here):
    touch("notes.txt")
    with pytest.raises(InputError, match=r"\*: no sound file matches; want .+ \.wav .+, or another suffix in the"):
        names_of("*")


# Manifests


def test_a_manifest_gives_its_sound_files_and_what_is_said_in_them(here):
    utterances = [
        Utterance(id="u2", audio="data/long.wav", start=5.0, end=7.5, speaker="B", transcript="No."),
        Utterance(id="u1", audio="data/long.wav", start=1.0, end=2.0, speaker="A", transcript="Yes?"),
        Utterance(id="u3", audio="/elsewhere/short.wav"),
        Utterance(id="u4", transcript="words only"),
    ]
    Path("data").mkdir()
    write_manifest("data/m.jsonl", utterances)
    with recordings_of(["data/m.jsonl"]) as recordings:
        assert recordings == [
            Recording(
                name="long.wav",
                path=here / "data" / "long.wav",
                segments=(
                    Segment(start=1.0, end=2.0, speaker="A", transcript="Yes?"),
                    Segment(start=5.0, end=7.5, speaker="B", transcript="No."),
                ),
            ),
            Recording(
                name="/elsewhere/short.wav",
                path=Path("/elsewhere/short.wav"),
                segments=(Segment(start=0.0, end=math.inf),),
            ),
        ]


def test_manifests_of_one_recording_are_put_together(here):
    for name, start in (("train", 4.0), ("test", 2.0)):
        write_manifest(f"{name}.jsonl", [Utterance(id="u", audio="a.wav", start=start, end=start + 1)])
    with recordings_of(["a.wav", "train.jsonl", "test.jsonl"]) as (recording,):
        assert recording.name == "a.wav"
        assert recording.segments == (Segment(start=2.0, end=3.0), Segment(start=4.0, end=5.0))


def test_names_that_two_manifests_share_are_told_apart(here):
    for folder in ("one", "two"):
        Path(folder).mkdir()
        write_manifest(f"{folder}/m.jsonl", [Utterance(id="u", audio=f"{folder}/a.wav")])
    assert names_of("one/m.jsonl", "two/m.jsonl") == ["a.wav", str(here / "two" / "a.wav")]


def test_manifest_without_sound(here):
    write_manifest("m.jsonl", [Utterance(id="u", transcript="words only")])
    with pytest.raises(InputError, match=r"m\.jsonl: no utterance names a sound file; want `audio` in some of its"):
        names_of("m.jsonl")


def test_manifest_that_is_none(here):
    Path("m.jsonl").write_text("hello\n")
    with pytest.raises(CorpusError, match=r"m\.jsonl:1: not JSON"):
        names_of("m.jsonl")


# Standard input


class Piped:
    """Standard input with bytes in it."""

    def __init__(self, content, terminal=False):
        self.buffer = io.BytesIO(content)
        self.isatty = lambda: terminal


def test_standard_input_is_kept_while_it_is_needed(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Piped(b"sound"))
    with recordings_of(["-", "-"]) as (recording,):
        assert (recording.name, recording.path.read_bytes()) == ("stdin", b"sound")
    assert not recording.path.parent.exists()


def test_standard_input_is_removed_after_an_error(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Piped(b"sound"))
    with pytest.raises(KeyError), recordings_of(["-"]) as (recording,):
        raise KeyError
    assert not recording.path.parent.exists()


def test_a_file_of_that_name_is_told_apart(here, monkeypatch):
    touch("stdin")
    monkeypatch.setattr(sys, "stdin", Piped(b"sound"))
    with recordings_of(["stdin", "-"]) as recordings:
        assert [one.name for one in recordings] == ["stdin", str(recordings[1].path)]


def test_a_terminal_is_no_sound(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Piped(b"", terminal=True))
    with pytest.raises(InputError, match=r"-: standard input is a terminal; want sound: .+ < FILE, or a pipe"):
        names_of("-")


def test_no_room_for_standard_input(monkeypatch):
    piped = Piped(b"")

    def read(size):
        raise OSError(28, "No space left on device")

    piped.buffer.read = piped.buffer.readinto = read
    monkeypatch.setattr(sys, "stdin", piped)
    with pytest.raises(InputError, match=r"-: cannot be kept in .+stdin \(No space left on device\); set TMPDIR to"):
        names_of("-")
