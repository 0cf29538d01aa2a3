"""Manifests: a corpus as JSON Lines, one utterance a line, so that nothing after the reader knows a corpus's layout.

A manifest names sound files and never opens them. Audio below the manifest's own folder is stored relative to it, so
the folder may move as a whole; any other audio is stored by its absolute path. Files are UTF-8; null is "the corpus
does not say". The keys are the fields of `Utterance`, in their order.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path

from emoduet.atomic import new_file
from emoduet.errors import CorpusError
from emoduet.problems import Problems
from emoduet.records import record_problems
from emoduet.types import Utterance

KEYS = tuple(field.name for field in fields(Utterance))
"""The keys of a line, in the order in which they are written; `extra` is the last."""


def read_manifest(path: str | os.PathLike[str]) -> list[Utterance]:
    """Reads every utterance, with audio paths made absolute against the manifest's folder.

    Keys that no field knows are kept under `extra`. Blank lines are passed over; a missing key reads as null.

    Raises:
        CorpusError: the file is absent, empty or not UTF-8, or some lines are wrong (up to 20 are named at once:
            no JSON object, a key of the wrong type, a number that is not finite, end <= start, an id twice).
    """
    path = Path(path)
    problems, seen, utterances = Problems(), {}, []
    for number, line in enumerate(_text_of(path).split("\n"), start=1):
        if not line.strip():
            continue
        record = _record_of(line, f"{path}:{number}", problems)
        if record is None:
            continue
        utterances.append(Utterance(**record))
        first = seen.setdefault(record["id"], number)
        if first != number:
            problems.add(f"{path}:{number}: id: got {record['id']!r}, as on line {first}; want each id once")
    problems.raise_if_any(path, "Mend these lines, or build the manifest again with `emoduet corpus build`.")
    if not utterances:
        raise CorpusError(f"{path}: no utterances; want one JSON object a line. Was the corpus build cut short?")
    folder = _folder_of(path)
    return [u if u.audio is None else replace(u, audio=os.path.normpath(folder / u.audio)) for u in utterances]


def write_manifest(path: str | os.PathLike[str], utterances: Iterable[Utterance]) -> None:
    """Writes a manifest whole or not at all; a relative audio path is taken against the working folder.

    Reading it back gives equal utterances, as long as `extra` holds only what JSON can (lists, not tuples).

    Raises:
        CorpusError: there are no utterances, an id comes twice, or a value could not be read back.
    """
    path, folder = Path(path), _folder_of(Path(path))
    problems, seen, lines = Problems(), set(), []
    for utterance in utterances:
        record = {key: getattr(utterance, key) for key in KEYS}
        wrong = record_problems(record) or (["id: got it twice; want each id once"] if utterance.id in seen else [])
        if wrong:
            for problem in wrong:
                problems.add(f"{utterance.id}: {problem}")
            continue
        seen.add(utterance.id)
        lines.append(_line_of(record, folder))
    problems.raise_if_any(path, "Nothing was written.")
    if not lines:
        raise CorpusError(f"{path}: got no utterances to write; want at least one")
    with new_file(path) as temporary:
        temporary.write_bytes("".join(lines).encode("utf-8"))


def manifest_digest(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of the file's bytes, in hexadecimal: which data a result was made from."""
    return hashlib.sha256(_bytes_of(Path(path))).hexdigest()


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CorpusError(
            f"{path}: cannot be read ({error.strerror}); want a manifest, as `emoduet corpus build` writes it"
        ) from error


def _text_of(path: Path) -> str:
    try:
        return _bytes_of(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        raise CorpusError(f"{path}:{line}: got the byte 0x{byte:02x}; want UTF-8. Save the file as UTF-8") from error


def _record_of(line: str, where: str, problems: Problems) -> dict[str, object] | None:
    """The line as arguments of Utterance, or None after noting what is wrong with it."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        problems.add(f"{where}: not JSON ({error}); want one JSON object a line")
        return None
    if not isinstance(found, dict):
        problems.add(f"{where}: got {line.strip()[:40]!r}; want a JSON object")
        return None
    record = {key: found.get(key) for key in KEYS} | {"extra": _extra_of(found)}
    wrong = record_problems(record)
    for problem in wrong:
        problems.add(f"{where}: {problem}")
    return None if wrong else record


def _extra_of(found: Mapping[str, object]) -> object:
    """The value of `extra` with unknown keys beside it moved in; a key in both places keeps the one in `extra`."""
    unknown = {key: value for key, value in found.items() if key not in KEYS}
    extra = found.get("extra")
    if extra is None:
        return unknown
    return {**unknown, **extra} if isinstance(extra, dict) else extra


def _line_of(record: dict[str, object], folder: Path) -> str:
    audio = record["audio"]
    if isinstance(audio, str):
        record = record | {"audio": _stored_audio(audio, folder)}
    votes = record["votes"]
    record = record | {"votes": None if votes is None else dict(votes), "extra": dict(record["extra"])}
    return json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"


def _stored_audio(audio: str, folder: Path) -> str:
    absolute = Path(os.path.abspath(audio))
    return absolute.relative_to(folder).as_posix() if absolute.is_relative_to(folder) else str(absolute)


def _folder_of(path: Path) -> Path:
    """The manifest's folder as an absolute path, links left as the user named them."""
    return Path(os.path.abspath(path)).parent
