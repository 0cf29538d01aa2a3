"""Where features come from: all that decides a value, as one key.

Two computations of the same key give the same features, on whatever corpus folder, machine or day; anything that may
change a value changes the key. Sounds are told apart by size and time of change, not read, since a corpus has
gigabytes of them.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from emoduet.errors import AudioError, CorpusError, InputError
from emoduet.types import Utterance

FORMAT = "emoduet-features"
FORMAT_VERSION = 1
Kind = Literal["audio", "text"]


@dataclass(frozen=True)
class Source:
    """What computed the features of a store, and of what.

    Args:
        kind: what the encoder takes.
        stage: how far into the encoder, such as "cnn" or "last".
        encoder: a name for people; it decides nothing, since `weights` does.
        weights: a digest of every tensor and setting that computes the stage.
        preprocessing: what happens to a sound or a transcript before the encoder, such as its sampling rate.
        libraries: versions of the libraries that compute.
        utterances: the `corpus_digest`.
    """

    kind: Kind
    stage: str
    encoder: str
    weights: str
    preprocessing: str
    libraries: Mapping[str, str]
    utterances: str

    @property
    def key(self) -> str:
        """16 hexadecimal digits over all fields but `encoder`, and over the version of the format."""
        decisive = {name: value for name, value in self.as_json().items() if name != "encoder"}
        return _digest([json.dumps({"format_version": FORMAT_VERSION, **decisive}, sort_keys=True)])[:16]

    def as_json(self) -> dict[str, object]:
        """What `store.json` says of it."""
        return {name: getattr(self, name) for name in _FIELDS} | {"libraries": dict(self.libraries)}


_FIELDS = tuple(field.name for field in fields(Source))


def corpus_digest(utterances: Sequence[Utterance], kind: Kind) -> str:
    """A digest of what the encoder is given, in whatever order: 64 hexadecimal digits.

    Of sounds: id, start, end, and the file's size and time of change; a corpus that moves with its times keeps its
    digest. Of words: id and transcript.

    Raises:
        AudioError: a sound file is not there.
        CorpusError: an utterance has no sound, or no transcript.
        InputError: the kind is unknown.
    """
    if kind == "audio":
        return _digest(_sound_lines(utterances))
    if kind == "text":
        return _digest(_text_lines(utterances))
    raise InputError(f"features of kind {kind!r}: unknown; want audio or text")


def default_root() -> Path:
    """Where stores lie unless another folder is given."""
    return Path.home() / ".cache" / "emoduet" / "features"


def _sound_lines(utterances: Sequence[Utterance]) -> list[str]:
    if mute := [one.id for one in utterances if one.audio is None]:
        raise CorpusError(_lacking("audio", mute, len(utterances)))
    files = {path: _size_and_change(path) for path in {one.audio for one in utterances}}
    return [json.dumps([one.id, one.start, one.end, *files[one.audio]]) for one in utterances]


def _text_lines(utterances: Sequence[Utterance]) -> list[str]:
    if silent := [one.id for one in utterances if one.transcript is None]:
        raise CorpusError(_lacking("transcript", silent, len(utterances)))
    return [json.dumps([one.id, one.transcript]) for one in utterances]


def _lacking(what: str, ids: Sequence[str], total: int) -> str:
    return (
        f"{len(ids)} of {total} utterances have no {what}, first {ids[0]}; features need it of each. "
        "Take them out of the manifest"
    )


def _size_and_change(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        raise AudioError(f"{path}: not there ({error}); build the manifest again, or bring the file back") from error
    return status.st_size, status.st_mtime_ns


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
