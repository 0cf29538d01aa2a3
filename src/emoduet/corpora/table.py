"""Any corpus that comes as a table: one row an utterance, with columns mapped onto the manifest's keys.

A column named like a key is taken for it without being asked; the others are mapped, or kept under `extra`.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from emoduet.corpora.reading import Reading
from emoduet.corpora.table_file import Row, Table, read_rows
from emoduet.errors import CorpusError, InputError
from emoduet.problems import Problems
from emoduet.records import NUMBERS, TEXTS, record_problems
from emoduet.types import Utterance

FIELDS = ("id", *TEXTS, *NUMBERS)
"""The keys that a column may be mapped onto."""

ADVICE = "Mend these rows, or use --lenient to leave them out and count them."
SEXES = {"f": "F", "female": "F", "woman": "F", "m": "M", "male": "M", "man": "M"}


@dataclass
class _Account:
    """What one reading has found so far."""

    columns: Mapping[str, str]
    audio_root: Path
    label_map: Mapping[str, str] | None
    problems: Problems = field(default_factory=Problems)
    skipped: Counter[str] = field(default_factory=Counter)
    seen: dict[str, str] = field(default_factory=dict)
    utterances: list[Utterance] = field(default_factory=list)


def read_table(
    path: Path | str,
    *,
    columns: Mapping[str, str] | None = None,
    audio_root: Path | str | None = None,
    label_map: Mapping[str, str] | None = None,
    lenient: bool = False,
) -> Reading:
    """Reads a csv, tsv, jsonl or parquet table, in its order; blanks around values are stripped, empty ones are null.

    Without an id column the audio file's stem is the id, or the row's number where there is no audio.

    Args:
        columns: key of the manifest -> column of the table, for columns of another name.
        audio_root: where relative audio paths begin; None: the table's folder.
        label_map: label -> class; rows of other labels are skipped and counted. None: labels are classes.
        lenient: leave out rows that are wrong and name them in `warnings`, instead of raising.

    Raises:
        InputError: `columns` names an unknown key, or a column that the table has not.
        CorpusError: the table cannot be read, or not lenient and a row is wrong or its audio file missing.
    """
    path = Path(path)
    table = read_rows(path)
    root = path.parent if audio_root is None else Path(audio_root)
    account = _Account(_mapped_columns(path, table, columns or {}), root.absolute(), label_map)
    for number, (where, row) in enumerate(table.rows, start=1):
        _add_row(row, where, number, account)
    if not lenient:
        account.problems.raise_if_any(path, ADVICE)
    if not account.utterances:
        raise CorpusError(f"{path}: no row can be used; {_why_none(account)}")
    return Reading(
        utterances=account.utterances, skipped=dict(sorted(account.skipped.items())), warnings=account.problems.lines
    )


def _mapped_columns(path: Path, table: Table, asked: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(set(asked) - set(FIELDS))
    if unknown:
        raise InputError(f"columns: got {unknown}; want keys among {list(FIELDS)}")
    absent = [name for name in asked.values() if name not in table.columns]
    if absent:
        raise InputError(f"{path}: has no column {absent}; it has {table.columns}")
    own = {key: key for key in FIELDS if key in table.columns and key not in asked and key not in asked.values()}
    columns = {**own, **asked}
    if "audio" not in columns and "transcript" not in columns:
        raise InputError(
            f"{path}: neither audio nor transcript; name one with --audio-column or --text-column. "
            f"It has {table.columns}"
        )
    return columns


def _add_row(row: Row, where: str, number: int, account: _Account) -> None:
    record, problems = _record_of(row, number, account)
    problems = problems or record_problems(record)
    if not problems and record["audio"] and not Path(record["audio"]).is_file():
        problems = [f"audio: no file {record['audio']}"]
    first = account.seen.get(record["id"])
    if not problems and first is not None:
        problems = [f"id: got {record['id']!r}, as at {first}; want each id once (--id-column names the column)"]
    if problems:
        account.problems.lines += [f"{where}: {problem}" for problem in problems]
        return
    account.seen[record["id"]] = where
    if account.label_map is not None:
        label = record["label"]
        if label not in account.label_map:
            account.skipped[f"label outside the study: {label or 'none'}"] += 1
            return
        record["label"] = account.label_map[label]
    account.utterances.append(Utterance(**record))


def _record_of(row: Row, number: int, account: _Account) -> tuple[dict[str, object], list[str]]:
    """The row under the manifest's keys, and what could not be brought there."""
    values = {key: _stripped(row.get(column)) for key, column in account.columns.items()}
    problems: list[str] = []
    record: dict[str, object] = dict.fromkeys(FIELDS)
    for key, value in values.items():
        record[key] = _number(key, value, problems) if key in NUMBERS else _text(key, value, problems)
    if record["sex"] is not None:
        record["sex"] = SEXES.get(record["sex"].lower(), record["sex"])
    if record["audio"] is not None:
        stem = Path(record["audio"]).stem
        record["audio"] = str(account.audio_root / record["audio"])
    else:
        stem = f"row-{number}"
    if "id" not in account.columns:
        record["id"] = stem
    record["extra"] = _extra_of(row, account)
    return record, problems


def _extra_of(row: Row, account: _Account) -> dict[str, object]:
    """What the row holds in other columns; values that JSON cannot hold (bytes, dates) are left out and counted."""
    extra = {}
    for column in row.keys() - set(account.columns.values()):
        value = _stripped(row[column])
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            account.skipped[f"values that JSON cannot hold, column {column}"] += 1
            continue
        extra[column] = value
    return {column: extra[column] for column in row if column in extra}


def _stripped(value: object) -> object:
    """Text without the blanks around it; None for what stands for nothing (an empty cell, not-a-number)."""
    if isinstance(value, str):
        return value.strip() or None
    return None if isinstance(value, float) and math.isnan(value) else value


def _number(key: str, value: object, problems: list[str]) -> object:
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        problems.append(f"{key}: got {value!r}; want a number")
        return None


def _text(key: str, value: object, problems: list[str]) -> str | None:
    """Identifiers may come as whole numbers (speaker 7); anything else that is not text is refused."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and key not in ("audio", "transcript"):
        return str(value)
    problems.append(f"{key}: got {type(value).__name__}; want {'the path of a file' if key == 'audio' else 'text'}")
    return None


def _why_none(account: _Account) -> str:
    """The commonest reason, where every row fell away."""
    if account.skipped and not account.problems:
        return f"labels met: {[cause.split(': ')[-1] for cause in account.skipped]}; the label map names none of them"
    return f"first problem: {account.problems.lines[0]}"
