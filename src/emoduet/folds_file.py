"""Folds on disk: one JSON file that is read back exactly, and plain files for toolkits that know nothing of emoduet.

The JSON file says what the folds were made by, so that whoever is handed it can tell a split from its name. Reasons
are grouped, {reason: [ids]}, since few stand for many. A file written by hand needs only `folds`, each with `train`
and `test`; its folds have the numbers that they say, or else that of their place, from one on.
"""

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from emoduet.atomic import check_vacant, new_folder, write_text
from emoduet.errors import InputError
from emoduet.protocols import PARTS, Fold
from emoduet.types import Utterance

COLUMNS = ("fold", "part", "id", "label", "speaker", "session", "reason")
"""Of folds.csv: a line for each utterance of each fold."""

UNTOLD = "the folds file does not say"
"""The reason of an utterance in a file that gives none."""

_HEADER_KINDS = {"seed": (int, "a whole number or null"), "no_validation": (bool, "true or false")}
"""What a value of the header must be, where it is not text or null."""

SESSIONS = ("train_sessions", "validation_sessions", "test_sessions")
LISTS = (*PARTS, *SESSIONS)


@dataclass(frozen=True)
class FoldsHeader:
    """What folds were made by; None is "the file does not say".

    Attributes:
        seed: of what was drawn.
        no_validation: the validation parts were joined to training.
    """

    protocol: str | None = None
    protocol_summary: str | None = None
    seed: int | None = None
    no_validation: bool = False
    manifest: str | None = None
    manifest_sha256: str | None = None
    test_manifest: str | None = None
    test_manifest_sha256: str | None = None
    note: str | None = None


def write_folds(path: Path, folds: Sequence[Fold], header: FoldsHeader) -> None:
    """Writes folds with what they were made by; a line a fold, so that two files can be compared by eye."""
    lines = ",\n".join(json.dumps(_fold_json(fold), ensure_ascii=False) for fold in folds)
    head = json.dumps(asdict(header), indent=1, ensure_ascii=False).removesuffix("\n}")
    write_text(path, f'{head},\n "folds": [\n{lines}\n]}}\n')


def read_folds(path: Path) -> tuple[FoldsHeader, tuple[Fold, ...]]:
    """Reads what `write_folds` wrote, or a file with `folds` alone; the rest of a fold may be missing, too.

    Whether the folds fit a manifest is not looked at: see `protocols.restricted`.

    Raises:
        InputError: the file cannot be read, is no JSON of this form, has no folds, or has two of one number.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); want a folds file or a protocol's name"
        ) from error
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); want folds, as `emoduet folds export` writes them") from error
    folds = found.get("folds") if isinstance(found, dict) else None
    if not isinstance(folds, list) or not folds:
        raise InputError(f"{path}: no folds; want an object with a list of folds, as `emoduet folds export` writes it")
    header = _header_of(found, path)
    read = tuple(_fold_of(fold, place, path) for place, fold in enumerate(folds, start=1))
    _check_numbers(read, path)
    return header, read


def folds_digest(folds: Sequence[Fold]) -> str:
    """SHA-256 of who is in which part of which fold, in hexadecimal; the words of names and reasons do not count."""
    parts = [[fold.number, *(getattr(fold, part) for part in PARTS[:3])] for fold in folds]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def export_folds(folder: Path, folds: Sequence[Fold], utterances: Sequence[Utterance], header: FoldsHeader) -> None:
    """Writes folds.json, folds.csv and, for each fold, fold1/train.txt, validation.txt and test.txt with an id a line.

    Raises:
        InputError: the folder is there and not empty, so that old folds could be taken for new ones.
    """
    taken = "is there already and not empty; give another --out, or delete it"
    if folder.is_file():
        raise InputError(f"{folder}: {taken}")
    check_vacant(folder, taken)
    with new_folder(folder) as temporary:
        write_folds(temporary / "folds.json", folds, header)
        write_text(temporary / "folds.csv", folds_csv(folds, utterances))
        for fold in folds:
            for part in ("train", "validation", "test"):
                ids = "".join(f"{id}\n" for id in getattr(fold, part))
                write_text(temporary / f"fold{fold.number}" / f"{part}.txt", ids)


def folds_csv(folds: Sequence[Fold], utterances: Sequence[Utterance]) -> str:
    """One line for each utterance of each fold, with the columns `COLUMNS`, ordered by fold and part."""
    by_id = {utterance.id: utterance for utterance in utterances}
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for fold in folds:
        for part in PARTS:
            for id in getattr(fold, part):
                one = by_id[id]
                writer.writerow([fold.number, part, id, one.label, one.speaker, one.session, fold.reasons[id]])
    return buffer.getvalue()


def _fold_json(fold: Fold) -> dict[str, object]:
    grouped: dict[str, list[str]] = {}
    for part in PARTS:
        for id in getattr(fold, part):
            grouped.setdefault(fold.reasons[id], []).append(id)
    lists = {name: getattr(fold, name) for name in LISTS}
    return {"number": fold.number, "name": fold.name, **lists, "reasons": grouped}


def _header_of(found: Mapping[str, object], path: Path) -> FoldsHeader:
    said = {field.name: found[field.name] for field in fields(FoldsHeader) if field.name in found}
    for name, value in said.items():
        kind, wanted = _HEADER_KINDS.get(name, (str, "text or null"))
        if not (type(value) is kind or (value is None and kind is not bool)):
            raise InputError(f"{path}: {name}: got {json.dumps(value)[:40]}; want {wanted}")
    return FoldsHeader(**said)


def _check_numbers(folds: Sequence[Fold], path: Path) -> None:
    places: dict[int, int] = {}
    for place, fold in enumerate(folds, start=1):
        if fold.number in places:
            raise InputError(
                f"{path}: folds {places[fold.number]} and {place} of the list both have number {fold.number}; "
                "want a number of its own for each, or none at all"
            )
        places[fold.number] = place


def _fold_of(found: object, place: int, path: Path) -> Fold:
    where = f"{path}: fold {place}"
    if not isinstance(found, Mapping):
        raise InputError(f"{where}: got {str(found)[:40]!r}; want an object with the ids of train and of test")
    number, name = found.get("number", place), found.get("name", f"fold {found.get('number', place)}")
    if type(number) is not int or number < 0:
        raise InputError(f"{where}: number: got {json.dumps(number)[:40]}; want a whole number, 0 or more")
    if not isinstance(name, str):
        raise InputError(f"{where}: name: got {json.dumps(name)[:40]}; want text")
    lists = {name: _ids(found.get(name, []), f"{where}: {name}") for name in LISTS}
    reasons = {id: UNTOLD for part in PARTS for id in lists[part]}
    grouped = found.get("reasons", {})
    if not isinstance(grouped, Mapping):
        raise InputError(f"{where}: reasons: want an object of reason: [ids]")
    for reason, ids in grouped.items():
        reasons.update(dict.fromkeys(_ids(ids, f"{where}: reasons: {reason}"), reason))
    return Fold(number, name, **lists, reasons=reasons)


def _ids(found: object, where: str) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise InputError(f"{where}: got {str(found)[:40]!r}; want a list of text")
    return tuple(found)
