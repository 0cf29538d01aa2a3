"""Copies under other names and in other containers, segments that overlap, silence, and files that cannot be read."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emoduet import fingerprint as module
from emoduet.fingerprint import PART, fingerprint
from emoduet.types import Utterance

RATE = 16_000


def sound(seed=0, num_samples=2 * RATE):
    return np.random.default_rng(seed).normal(0, 0.1, num_samples)


@pytest.fixture
def write(tmp_path):
    """Writes a sound under a name and gives its path."""

    def write(name, samples, rate=RATE, subtype="PCM_16"):
        soundfile.write(tmp_path / name, samples, rate, subtype=subtype)
        return str(tmp_path / name)

    return write


def utterances(*segments):
    """Each segment is a path, or (path, start, end), or None."""
    whole = [segment if isinstance(segment, tuple) else (segment, None, None) for segment in segments]
    return [
        Utterance(id=f"u{number}", audio=audio, start=start, end=end)
        for number, (audio, start, end) in enumerate(whole)
    ]


def test_copies_in_any_lossless_container_are_the_same_sound(write):
    rounded = np.round(sound() * 32767) / 32768
    paths = [
        write("a.wav", rounded),
        write("b.flac", rounded),
        write("c.wav", rounded, subtype="PCM_24"),
        write("d.wav", rounded, subtype="FLOAT"),
        write("stereo.wav", np.stack([rounded, rounded], axis=1)),
        write("other.wav", sound(seed=1)),
    ]
    found = fingerprint(utterances(*paths))
    assert found.groups.tolist() == [0, 0, 0, 0, 0, 5]
    assert (found.overlaps.shape, found.unreadable, found.num_silent) == ((0, 2), {}, 0)


@pytest.mark.parametrize("place", [0, RATE, 2 * RATE - 1])
def test_one_sample_makes_another_sound(write, place):
    changed = sound()
    changed[place] += 0.5
    assert fingerprint(utterances(write("a.wav", sound()), write("b.wav", changed))).groups.tolist() == [0, 1]


def test_another_rate_is_another_sound(write):
    paths = [write("a.wav", sound()), write("b.wav", sound(), rate=8000)]
    assert fingerprint(utterances(*paths)).groups.tolist() == [0, 1]


def test_a_sound_shorter_than_the_part_is_compared_whole(write):
    short = sound(num_samples=PART // 4)
    paths = [write("a.wav", short), write("b.wav", short), write("c.wav", -short)]
    assert fingerprint(utterances(*paths)).groups.tolist() == [0, 0, 2]


def test_a_segment_equals_the_same_samples_in_a_file_of_their_own(write):
    long = sound(num_samples=4 * RATE)
    long_path = write("long.wav", long)
    cut = write("cut.wav", long[RATE : 3 * RATE])
    found = fingerprint(utterances((long_path, 1.0, 3.0), cut, (long_path, 0.0, 0.9)))
    assert found.groups.tolist() == [0, 0, 2]
    assert len(found.overlaps) == 0


# Segments of one file, which need no reading


def overlapping(*spans):
    return fingerprint(utterances(*[("x.wav", *span) for span in spans]), read=False).overlaps.tolist()


def test_the_same_segment_is_the_same_sound():
    found = fingerprint(
        utterances("x.wav", "x.wav", ("x.wav", 1.0, 2.0), ("x.wav", 1.0, 2.0), "y.wav", None), read=False
    )
    assert found.groups.tolist() == [0, 0, 1, 1, 2, -1]
    assert found.overlaps.tolist() == [[0, 1]]
    assert found.unreadable == {}


def test_segments_that_touch_do_not_overlap():
    assert overlapping((0.0, 1.0), (1.0, 2.0), (1.95, 3.0)) == []


def test_a_tenth_of_a_second_is_an_overlap():
    assert overlapping((0.0, 1.0), (0.875, 2.0)) == [[0, 1]]


def test_a_long_segment_overlaps_all_within_it():
    assert overlapping((5.0, 6.0), (0.0, 9.0), (1.0, 2.0), (10.0, None)) == [[1, 2], [1, 0]]


def test_a_segment_of_less_than_a_tenth_of_a_second_overlaps_nothing():
    assert overlapping((0.0, 9.0), (1.0, 1.05)) == []


def test_segments_of_two_files_do_not_overlap():
    assert len(fingerprint(utterances(("x.wav", 0.0, 2.0), ("y.wav", 0.0, 2.0)), read=False).overlaps) == 0


def test_overlaps_are_pairs_of_groups(write):
    """A copy of a segment takes the segment's place in its overlaps."""
    long = sound(num_samples=4 * RATE)
    path = write("long.wav", long)
    found = fingerprint(utterances(write("copy.wav", long[: 2 * RATE]), (path, 0.0, 2.0), (path, 1.5, 4.0)))
    assert found.groups.tolist() == [0, 0, 2]
    assert found.overlaps.tolist() == [[0, 2]]


# Segments of one file under several names


def linked(path, name, make):
    """The path of a link or copy of a file in the same folder."""
    other = Path(path).with_name(name)
    make(path, other)
    return str(other)


@pytest.mark.parametrize("make", [os.symlink, os.link])
@pytest.mark.parametrize("read", [True, False])
def test_links_lead_to_one_file(write, make, read):
    path = write("a.wav", sound())
    other = linked(path, "b.wav", make)
    dotted = str(Path(path).parent / ".." / Path(path).parent.name / "a.wav")
    found = fingerprint(utterances((path, 0.0, 1.0), (other, 0.5, 2.0), (dotted, 1.5, 2.0)), read=read)
    assert found.groups.tolist() == [0, 1, 2]
    assert found.overlaps.tolist() == [[0, 1], [1, 2]]


@pytest.mark.parametrize(("span", "overlaps"), [((0.5, 2.0), [[0, 1]]), ((None, None), [[0, 1]]), ((1.5, 2.0), [])])
def test_copies_of_a_file_are_the_file(write, span, overlaps):
    path = write("a.wav", sound())
    segments = utterances(
        (path, 0.0, 1.0), (linked(path, "b.wav", shutil.copy), *span), (write("c.wav", sound(1)), 0, 2)
    )
    found = fingerprint(segments)
    assert sorted(map(sorted, found.overlaps.tolist())) == overlaps
    assert fingerprint(segments, read=False).overlaps.tolist() == []


def test_identical_sounds_do_not_overlap_themselves(write):
    path = write("a.wav", sound())
    found = fingerprint(utterances((path, 0.0, 1.0), (linked(path, "b.wav", shutil.copy), 0.0, 1.0)))
    assert (found.groups.tolist(), found.overlaps.tolist()) == ([0, 0], [])


def test_whole_files_are_not_digested(write, monkeypatch):
    """Their samples are compared already; of segmented files, only those of equal size are read."""
    digested = []
    monkeypatch.setattr(module, "_file_digest", lambda path: digested.append(path) or b"")
    path = write("a.wav", sound())
    fingerprint(utterances(path, linked(path, "b.wav", shutil.copy)))
    fingerprint(utterances((path, 0.0, 1.0), (path, 1.0, 2.0), (write("c.wav", sound(num_samples=RATE)), 0.0, 0.5)))
    assert digested == []


def test_a_copy_that_goes_away_is_noted(write, monkeypatch):
    path = write("a.wav", sound())
    other = linked(path, "b.wav", shutil.copy)
    monkeypatch.setattr(module, "open", lambda *_: Path("gone.wav").open(), raising=False)
    found = fingerprint(utterances((path, 0.0, 1.0), (other, 0.5, 2.0)))
    assert found.overlaps.tolist() == []
    assert found.unreadable[path] == f"{path}: cannot be read (No such file or directory)"


# What cannot be compared


def test_silence_is_like_no_other_silence(write):
    paths = [write(name, np.zeros(RATE)) for name in ("a.wav", "b.wav", "c.flac")]
    found = fingerprint(utterances(*paths))
    assert found.groups.tolist() == [0, 1, 2]
    assert found.num_silent == 3


def test_files_that_cannot_be_read_are_noted(write, tmp_path):
    (tmp_path / "text.wav").write_text("no sound")
    gone, text = str(tmp_path / "gone.wav"), str(tmp_path / "text.wav")
    found = fingerprint(utterances(gone, text, write("a.wav", sound()), write("b.wav", sound()), gone))
    assert found.groups.tolist() == [0, 1, 2, 2, 0]
    assert found.unreadable.keys() == {gone, text}
    assert found.unreadable[gone].startswith(f"{gone}: no such file")


def test_a_part_that_cannot_be_read_is_noted(write):
    bad = sound()
    bad[RATE] = np.nan
    paths = [write(name, bad, subtype="FLOAT") for name in ("a.wav", "b.wav")]
    found = fingerprint(utterances(*paths))
    assert found.groups.tolist() == [0, 1]
    assert all("need finite numbers" in reason for reason in found.unreadable.values())


# Few bytes


def test_only_what_may_be_equal_is_read(write, monkeypatch):
    """Two of equal length have their parts read, two of equal parts are read whole, the fifth is not read at all."""
    changed = sound()
    changed[0] += 0.5
    paths = {
        "length": write("length.wav", sound(num_samples=RATE)),
        "part": write("part.wav", sound(seed=1)),
        "a": write("a.wav", sound()),
        "b": write("b.wav", changed),
    }
    read = []
    monkeypatch.setattr(module, "read_audio", lambda path, **times: read.append(path) or module_read(path, **times))
    assert fingerprint(utterances(*paths.values())).groups.tolist() == [0, 1, 2, 3]
    assert sorted(read) == sorted([paths["part"], *[paths["a"], paths["b"]] * 2])


module_read = module.read_audio


def test_progress_counts_to_the_end(write):
    steps = []
    paths = [write("a.wav", sound()), write("b.wav", sound()), write("c.wav", sound(num_samples=RATE))]
    fingerprint(utterances(*paths), progress=lambda done, total: steps.append((done, total)))
    assert steps == [(1, 3), (2, 3), (3, 3), (4, 5), (5, 5), (6, 7), (7, 7)]


def test_an_unexpected_error_is_not_swallowed(write, monkeypatch):
    def fail(path):
        raise RuntimeError("broken")

    monkeypatch.setattr(module, "probe_audio", fail)
    with pytest.raises(RuntimeError, match="broken"):
        fingerprint(utterances(write("a.wav", sound())))
