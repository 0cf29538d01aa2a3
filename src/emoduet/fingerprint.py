"""Which utterances are the same sound, whatever their files are called and however they are stored.

Sounds are compared by their decoded samples, so a copy under another name, with another header or in another lossless
container is found, and so are segments of one file, or of byte-identical copies of it, that overlap. Few bytes are
read: first headers, then a short part from the middle of those that are equally long, then the whole of those whose
parts agree. A copy that was resampled, filtered, cut otherwise or compressed with loss is another sound here; digital
silence is compared with nothing.
"""

import hashlib
import math
import os
import stat
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

from emoduet.audio import AudioInfo, probe_audio, read_audio
from emoduet.errors import AudioError
from emoduet.types import Seconds, Utterance

MIN_OVERLAP: Seconds = 0.1
"""Segments of one file that share less than this are neighbours whose annotated times are rounded."""

PART = 4096
"""Frames of the short part that is read of equally long sounds."""

_FULL_SCALE = 32_768
"""Samples are compared at 16 bits, so that 16-bit sound stored as 24 bits or as floats is still the same."""

Work = TypeVar("Work")
Outcome = TypeVar("Outcome")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Sounds:
    """What sounds the same, by number: equal groups are identical sound, -1 is an utterance without audio.

    `overlaps` are pairs of groups that share a stretch of one file, or of files that are byte for byte the same.
    `unreadable` says of each file why it could not be compared by its samples; utterances of the same file and times
    are identical nonetheless. `num_silent` counts sounds that were read and hold nothing but zeros.
    """

    groups: np.ndarray  # [utterances]
    overlaps: np.ndarray  # [pairs, 2]
    unreadable: Mapping[str, str]
    num_silent: int


class _Segment(NamedTuple):
    audio: str
    start: Seconds | None
    end: Seconds | None


class _Extent(NamedTuple):
    """A segment in frames of its file, `last` excluded."""

    rate: int
    first: int
    last: int


def fingerprint(
    utterances: Sequence[Utterance], *, read: bool = True, progress: Progress = lambda done, total: None
) -> Sounds:
    """Groups utterances of identical sound; a file that is missing or does not decode is noted, never raised.

    Args:
        read: whether to open files; otherwise only which file it is and the times within it are compared.
        progress: called with (files and parts looked at, those known to be looked at so far).
    """
    numbers: dict[_Segment, int] = {}
    groups = np.full(len(utterances), -1)
    for row, utterance in enumerate(utterances):
        if utterance.audio is not None:
            segment = _Segment(utterance.audio, utterance.start, utterance.end)
            groups[row] = numbers.setdefault(segment, len(numbers))
    group_of = np.arange(len(numbers) + 1)
    group_of[-1] = -1
    listener = _Listener(progress)
    if read:
        for same in _identical(list(numbers), listener):
            members = [numbers[segment] for segment in same]
            group_of[members] = members[0]
    files = _files(list(numbers), listener if read else None)
    spans = {segment: int(group_of[number]) for segment, number in numbers.items()}
    overlaps = np.array(list(_overlaps(spans, files)), dtype=np.int64).reshape(-1, 2)
    return Sounds(group_of[groups], overlaps, listener.unreadable, listener.num_silent)


class _Listener:
    """Counts what is read, and keeps why something was not."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.done = 0
        self.total = 0
        self.unreadable: dict[str, str] = {}
        self.num_silent = 0

    def hear(
        self, pool: Executor, listen: Callable[[Work], Outcome], work: Mapping[Work, str]
    ) -> Iterator[tuple[Work, Outcome]]:
        """What `listen` makes of each piece of work, in order; `work` also names the file that each is of."""
        self.total += len(work)
        for (one, file), outcome in zip(work.items(), pool.map(lambda one: _attempt(listen, one), work), strict=True):
            self.done += 1
            self.progress(self.done, self.total)
            if isinstance(outcome, AudioError):
                self.unreadable.setdefault(file, str(outcome))
            else:
                yield one, outcome


def _identical(segments: Sequence[_Segment], listener: _Listener) -> Iterator[list[_Segment]]:
    """Groups of two and more segments of the same samples, by ever closer listening."""
    with _threads() as pool:
        infos = dict(listener.hear(pool, probe_audio, {segment.audio: segment.audio for segment in segments}))
        extents = {one: _extent(one, infos[one.audio]) for one in segments if one.audio in infos}
        lengths = {one: (extent.rate, extent.last - extent.first) for one, extent in extents.items()}
        parts = _compared(pool, listener, lambda one: _part_digest(one, extents[one]), lengths)
        wholes = _compared(pool, listener, lambda one: _whole_digest(one, extents[one]), parts)
    sounding = {one: key for one, key in wholes.items() if key[-1] is not None}
    listener.num_silent += len(wholes) - len(sounding)
    yield from _groups(sounding)


def _compared(
    pool: Executor, listener: _Listener, digest: Callable[[_Segment], bytes | None], keys: Mapping[_Segment, tuple]
) -> dict[_Segment, tuple]:
    """The next, longer key of every segment whose present key it shares with another."""
    doubtful = {segment: segment.audio for group in _groups(keys) for segment in group}
    return {segment: (*keys[segment], found) for segment, found in listener.hear(pool, digest, doubtful)}


def _groups(keys: Mapping[_Segment, Hashable]) -> list[list[_Segment]]:
    """The segments that share their key with another."""
    found: dict[Hashable, list[_Segment]] = defaultdict(list)
    for segment, key in keys.items():
        found[key].append(segment)
    return [group for group in found.values() if len(group) > 1]


def _extent(segment: _Segment, info: AudioInfo) -> _Extent:
    rate = info.sampling_rate
    end = info.duration if segment.end is None else min(segment.end, info.duration)
    return _Extent(rate, round((segment.start or 0.0) * rate), round(end * rate))


def _part_digest(segment: _Segment, extent: _Extent) -> bytes:
    """Of the middle, since beginnings are often silent alike."""
    begin = max(extent.first, (extent.first + extent.last - PART) // 2)
    samples = _samples(segment, extent._replace(first=begin, last=min(extent.last, begin + PART)))
    return hashlib.blake2b(samples.tobytes(), digest_size=16).digest()


def _whole_digest(segment: _Segment, extent: _Extent) -> bytes | None:
    """None is silence."""
    samples = _samples(segment, extent)
    return hashlib.blake2b(samples.tobytes(), digest_size=16).digest() if samples.any() else None


def _samples(segment: _Segment, extent: _Extent) -> np.ndarray:
    """Channels averaged, at the file's own rate, int16 [num_samples]."""
    times = {"start": extent.first / extent.rate, "end": extent.last / extent.rate}
    waveform = read_audio(segment.audio, **times, sampling_rate=extent.rate)
    return np.clip(np.rint(waveform * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2")


def _files(segments: Sequence[_Segment], listener: _Listener | None) -> dict[str, Hashable]:
    """What tells the file of each path from others: links lead to one file, and so do copies if a listener may read.

    Only files whose size is that of another are read, and only where a segment of one of them is annotated.
    """
    found = {path: _status(path) for path in dict.fromkeys(segment.audio for segment in segments)}
    files = {path: path if status is None else (status.st_dev, status.st_ino) for path, status in found.items()}
    if listener is None:
        return files
    cut = {segment.audio for segment in segments if segment.start is not None or segment.end is not None}
    by_size: dict[int, dict[Hashable, str]] = defaultdict(dict)
    cut_sizes = {found[path].st_size for path in cut if found[path]}
    for path, status in found.items():
        if status and stat.S_ISREG(status.st_mode) and status.st_size in cut_sizes:
            by_size[status.st_size].setdefault(files[path], path)
    doubtful = {path: path for paths in by_size.values() if len(paths) > 1 for path in paths.values()}
    with _threads() as pool:
        digests = {files[path]: digest for path, digest in listener.hear(pool, _file_digest, doubtful)}
    return {path: digests.get(file, file) for path, file in files.items()}


def _status(path: str) -> os.stat_result | None:
    """Of the file that a link leads to; None where there is none."""
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def _file_digest(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "blake2b").digest()
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror})") from error


def _overlaps(groups: Mapping[_Segment, int], files: Mapping[str, Hashable]) -> Iterator[tuple[int, int]]:
    """Groups of the segments of one file that share 0.1 s or more."""
    by_file: dict[Hashable, set[tuple[Seconds, Seconds, int]]] = defaultdict(set)
    for segment, group in groups.items():
        end = math.inf if segment.end is None else segment.end
        by_file[files[segment.audio]].add((segment.start or 0.0, end, group))
    for spans in map(sorted, by_file.values()):
        for place, (_, end, one) in enumerate(spans):
            for start, other_end, other in spans[place + 1 :]:
                if start > end - MIN_OVERLAP:
                    break
                if other_end - start >= MIN_OVERLAP and one != other:
                    yield one, other


def _attempt(listen: Callable[[Work], Outcome], one: Work) -> Outcome | AudioError:
    try:
        return listen(one)
    except AudioError as error:
        return error


@contextmanager
def _threads() -> Iterator[Executor]:
    """Decoding leaves Python's lock alone; what is still waiting when an error or Ctrl-C comes is dropped."""
    pool = ThreadPoolExecutor(min(8, 2 * (os.cpu_count() or 1)))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
