"""What the user names, as a list of recordings: files, folders, patterns, manifests, standard input.

Nothing is decoded, and a file that is absent or broken is listed like any other, so that one among fifty does not stop
the rest: whoever opens it finds out. Refused is what names no recording at all.
"""

import glob
import math
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from emoduet.errors import InputError
from emoduet.manifest import read_manifest
from emoduet.types import Segment, Utterance

SUFFIXES = frozenset(
    ".3gp .aac .aif .aifc .aiff .amr .au .avi .caf .flac .flv .m4a .m4b .mka .mkv .mov .mp3 .mp4 .oga .ogg .opus .w64 "
    ".wav .webm .wma .wmv".split()
)
"""Files that are taken from folders and by patterns; a file named itself may have any suffix, or none."""

STDIN = "-"
"""The input that stands for standard input."""

STDIN_NAME = "stdin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A sound file to be opened, under a name that no other recording of the same list has.

    The name is the path as it was given; of a file in a manifest, its path from the manifest's folder; of standard
    input, "stdin". `segments` are what a manifest says is spoken, by start, and stand in the place of speech detection;
    an `end` of infinity is the end of the file.
    """

    name: str
    path: Path
    segments: tuple[Segment, ...] = ()

    def renamed(self, told: str) -> str:
        """What is told of it, with its name in the place of a temporary file that nobody knows."""
        return told.replace(str(self.path), self.name) if self.name == STDIN_NAME else told


@contextmanager
def recordings_of(inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> Iterator[list[Recording]]:
    """All recordings that the inputs name, in their order, each file once.

    A folder is searched with all its folders for files of the known `SUFFIXES`, in natural order (2 before 10); hidden
    files are passed over. A pattern with `*`, `?`, `[...]` or `**`, where it is not a file itself, gives the files of
    known suffixes, or of the suffix it names. A `.jsonl` is a manifest: each sound file it names, with its utterances.
    "-" is standard input, kept in a temporary file until the context is left.

    Raises:
        InputError: nothing is named, or an input is empty; a folder or manifest holds no sound file, or cannot be read;
            nothing matches a pattern; standard input is a terminal.
        CorpusError: a manifest is wrong.
    """
    inputs = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    if not inputs:
        raise InputError("no recordings: got no input; want sound files, folders, patterns, manifests, or - for stdin")
    with ExitStack() as stack:
        named = [
            recording
            for one in dict.fromkeys(map(os.fspath, inputs))
            for recording in (_spooled(stack) if one == STDIN else _named(one))
        ]
        yield _each_once(named)


def _each_once(recordings: Iterable[Recording]) -> list[Recording]:
    """Files are the same if their real paths are; what several manifests say of one is put together."""
    found: dict[str, Recording] = {}
    names: set[str] = set()
    for one in recordings:
        key = os.path.realpath(one.path)
        if key in found:
            one = replace(found[key], segments=_by_time({*found[key].segments, *one.segments}))
        elif one.name in names:
            one = replace(one, name=os.path.abspath(one.path))
        names.add(one.name)
        found[key] = one
    return list(found.values())


def _named(one: str) -> list[Recording]:
    if not one:
        raise InputError("an input is empty; want the name of a sound file, a folder, a pattern or a manifest")
    if os.path.isdir(one):
        return [Recording(name=name, path=Path(name)) for name in _in_folder(one)]
    if glob.has_magic(one) and not os.path.lexists(one):
        return [recording for match in _matches(one) for recording in _of_file(match)]
    return _of_file(one)


def _of_file(name: str) -> list[Recording]:
    return _in_manifest(Path(name)) if name.lower().endswith(".jsonl") else [Recording(name=name, path=Path(name))]


def _in_folder(folder: str) -> list[str]:
    """Links to folders are followed, and a folder that is reached twice is searched once."""
    names, seen = [], set()
    for place, folders, files in os.walk(folder, onerror=_refuse_folder, followlinks=True):
        if os.path.realpath(place) in seen:
            folders.clear()
            continue
        seen.add(os.path.realpath(place))
        folders[:] = [one for one in folders if not one.startswith(".")]
        names += [os.path.join(place, one) for one in files if not one.startswith(".") and _suffix(one) in SUFFIXES]
    if not names:
        raise InputError(f"{folder}: no sound file in this folder or below; want {_known_suffixes()}. Name the files")
    return sorted(names, key=natural_order)


def _refuse_folder(error: OSError) -> None:
    raise InputError(f"{error.filename}: the folder cannot be read ({error.strerror}); check permissions") from error


def _matches(pattern: str) -> list[str]:
    wanted = SUFFIXES | {_suffix(pattern)} - {""}
    matches = [one for one in glob.glob(pattern, recursive=True) if _suffix(one) in wanted and os.path.isfile(one)]
    if not matches:
        raise InputError(
            f"{pattern}: no sound file matches; want {_known_suffixes()}, or another suffix in the pattern. "
            "** is any number of folders"
        )
    return sorted(matches, key=natural_order)


def _in_manifest(path: Path) -> list[Recording]:
    """Utterances without sound are passed over."""
    by_audio: dict[str, list[Segment]] = {}
    for utterance in read_manifest(path):
        if utterance.audio is not None:
            by_audio.setdefault(utterance.audio, []).append(_segment_of(utterance))
    if not by_audio:
        raise InputError(f"{path}: no utterance names a sound file; want `audio` in some of its lines")
    folder = Path(os.path.abspath(path)).parent
    return [
        Recording(name=_name_within(folder, audio), path=Path(audio), segments=_by_time(segments))
        for audio, segments in by_audio.items()
    ]


def _segment_of(utterance: Utterance) -> Segment:
    return Segment(
        start=utterance.start or 0.0,
        end=math.inf if utterance.end is None else utterance.end,
        speaker=utterance.speaker,
        transcript=utterance.transcript,
    )


def _name_within(folder: Path, audio: str) -> str:
    return Path(audio).relative_to(folder).as_posix() if Path(audio).is_relative_to(folder) else audio


def _by_time(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    return tuple(sorted(segments, key=lambda one: (one.start, one.end, one.speaker or "", one.transcript or "")))


def _spooled(stack: ExitStack) -> list[Recording]:
    """Standard input as a file, since decoders seek."""
    if sys.stdin.isatty():
        raise InputError("-: standard input is a terminal; want sound: emoduet ... - < FILE, or a pipe into it")
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="emoduet-"))
    path = Path(folder) / STDIN_NAME
    try:
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
    except OSError as error:
        raise InputError(f"-: cannot be kept in {path} ({error.strerror}); set TMPDIR to a folder with room") from error
    return [Recording(name=STDIN_NAME, path=path)]


def natural_order(path: str) -> tuple[tuple[tuple[str | int, ...], ...], str]:
    """A key to sort paths as people count: folder by folder, without regard to case, numbers by their value.

    >>> sorted(["call 10.wav", "Call 9.wav"], key=natural_order)
    ['Call 9.wav', 'call 10.wav']
    """
    parts = [re.split(r"(\d+)", part.casefold()) for part in Path(path).parts]
    return tuple(tuple(int(one) if one.isdecimal() else one for one in part) for part in parts), path


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _known_suffixes() -> str:
    return " ".join(sorted(SUFFIXES))
