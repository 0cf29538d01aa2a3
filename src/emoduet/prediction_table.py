"""Reads predictions made elsewhere: a table with an utterance's id and a label, or a probability for each class.

CSV, TSV, JSON Lines and Parquet read alike. What is wrong is told by line and value, up to twenty at once, and nothing
is guessed: an unknown label or a probability that is missing stops the reading. Which utterances ought to be there, and
what the predictions are worth, is not decided here.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emoduet.corpora.table_file import Table, read_rows
from emoduet.errors import InputError
from emoduet.problems import Problems

PREDICTED = ("prediction", "predicted", "predicted_label", "pred", "emotion", "label")
"""Where a predicted label is looked for, the first first; `label` is last, as it may be the truth beside the others."""

ROUNDING = 0.02
"""How far from one a row's probabilities may sum, as they do when four of them are written with two decimals."""

ADVICE = "Mend these rows, or name other columns (--id-column, --label-column, --label-map)."


@dataclass(frozen=True)
class Columns:
    """The names of a table's columns; a label of None is looked for among `PREDICTED`."""

    id: str = "id"
    label: str | None = None
    fold: str = "fold"
    seed: str = "seed"


@dataclass(frozen=True)
class Predicted:
    """One row: a probability for each class, which are one and zeros where the table says a label alone."""

    where: str
    id: str
    fold: int | None
    seed: int
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class PredictionTable:
    """All rows, and whether they say labels alone."""

    rows: tuple[Predicted, ...]
    only_labels: bool


@dataclass(frozen=True)
class _Layout:
    """Where a table keeps what; `weights` holds the columns of probabilities, by class."""

    columns: Columns
    label: str | None
    weights: Mapping[str, Sequence[str]]
    nested: bool
    classes: tuple[str, ...]
    label_map: Mapping[str, str]


def read_prediction_table(
    path: Path,
    ids: Collection[str],
    classes: Sequence[str],
    columns: Columns = Columns(),
    label_map: Mapping[str, str] | None = None,
) -> PredictionTable:
    """Every row of a table of predictions.

    Probabilities are taken where there are any: columns named as the classes, or an object `probabilities`. They are
    divided by their sum, which must be one but for rounding.

    Args:
        ids: of the manifest's utterances.
        label_map: the table's name of a label -> class; probabilities that become one class are added up.

    Raises:
        InputError: a column that the table does not have, or a label map that leads to other classes.
        CorpusError: the table cannot be read, or rows are wrong.
    """
    table = read_rows(path)
    label_map = label_map or {name: name for name in classes}
    strange = sorted(set(label_map.values()) - set(classes))
    if strange:
        raise InputError(f"{path}: the label map leads to {', '.join(strange)}; want {', '.join(classes)}")
    layout = _layout(path, table, columns, tuple(classes), label_map)
    problems, seen, rows = Problems(), {}, []
    for where, row in table.rows:
        predicted, wrong = _predicted(where, row, layout)
        if predicted is not None:
            wrong += _id_problems(predicted, ids, seen)
            rows.append(predicted)
        for problem in wrong:
            problems.add(f"{where}: {problem}")
    problems.raise_if_any(path, ADVICE)
    return PredictionTable(tuple(rows), only_labels=not (layout.weights or layout.nested))


def _layout(
    path: Path, table: Table, columns: Columns, classes: tuple[str, ...], label_map: Mapping[str, str]
) -> _Layout:
    for name in (columns.id, columns.label):
        if name is not None and name not in table.columns:
            raise InputError(f"{path}: no column {name!r}; it has {', '.join(table.columns)}")
    nested = "probabilities" in table.columns
    found = [name for name in table.columns if name in label_map] if not nested else []
    weights = {wanted: [name for name in found if label_map[name] == wanted] for wanted in classes} if found else {}
    lacking = [wanted for wanted, names in weights.items() if not names]
    if lacking:
        raise InputError(
            f"{path}: probabilities of {', '.join(found)}, none of {', '.join(lacking)}; need a column for each class"
        )
    certain = [name for name in PREDICTED if name in table.columns and not (name == "label" and (nested or found))]
    label = columns.label or next(iter(certain), None)
    if label is None and not nested and not found:
        raise InputError(
            f"{path}: neither a label nor probabilities; it has {', '.join(table.columns)}. Name the column of labels "
            f"with --label-column, or give a column for each class: {', '.join(classes)}"
        )
    return _Layout(columns, label, weights, nested, classes, label_map)


def _predicted(where: str, row: Mapping[str, object], layout: _Layout) -> tuple[Predicted | None, list[str]]:
    problems: list[str] = []
    id = _text(row.get(layout.columns.id))
    if id is None:
        problems.append(f"{layout.columns.id}: got nothing; want an utterance's id")
    fold = _number(row, layout.columns.fold, problems)
    seed = _number(row, layout.columns.seed, problems)
    stated = _stated(row, layout, problems)
    if layout.weights or layout.nested:
        probabilities = _probabilities(row, layout, problems)
        _check_stated(stated, probabilities, layout, problems)
    else:
        probabilities = tuple(float(name == stated) for name in layout.classes)
    if problems:
        return None, problems
    return Predicted(where, id, fold, seed or 0, probabilities), []


def _stated(row: Mapping[str, object], layout: _Layout, problems: list[str]) -> str | None:
    if layout.label is None:
        return None
    found = _text(row.get(layout.label))
    if found is None and (layout.weights or layout.nested):
        return None
    if found not in layout.label_map:
        known = ", ".join(layout.label_map)
        problems.append(f"{layout.label}: got {'nothing' if found is None else repr(found)}; want one of {known}")
        return None
    return layout.label_map[found]


def _probabilities(row: Mapping[str, object], layout: _Layout, problems: list[str]) -> tuple[float, ...]:
    values = row.get("probabilities") if layout.nested else row
    if not isinstance(values, Mapping):
        problems.append(f"probabilities: got {values!r}; want an object with a number for each class")
        return ()
    weights = layout.weights or _nested_weights(values, layout, problems)
    found = {name: _probability(name, values.get(name), problems) for names in weights.values() for name in names}
    if problems:
        return ()
    sums = [sum(found[name] for name in weights[wanted]) for wanted in layout.classes]
    total = math.fsum(sums)
    if abs(total - 1) > ROUNDING + 1e-9:
        problems.append(f"probabilities: got {list(found.values())}, which sum to {total:.4g}; want a sum of 1")
        return ()
    return tuple(value / total for value in sums)


def _nested_weights(values: Mapping[str, object], layout: _Layout, problems: list[str]) -> Mapping[str, Sequence[str]]:
    strange = [name for name in values if name not in layout.label_map]
    if strange:
        problems.append(f"probabilities: got one for {strange[0]!r}; want classes among {', '.join(layout.label_map)}")
    weights = {wanted: [n for n in values if layout.label_map.get(n) == wanted] for wanted in layout.classes}
    problems += [
        f"probabilities: got none for {wanted!r}; want one for each class" for wanted in weights if not weights[wanted]
    ]
    return weights


def _probability(name: str, value: object, problems: list[str]) -> float:
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1:
        problems.append(f"{name}: got {value!r}; want a probability, 0 to 1")
    return number


def _check_stated(stated: str | None, probabilities: Sequence[float], layout: _Layout, problems: list[str]) -> None:
    """A label beside probabilities must be their highest, or two different predictions would be in one row."""
    if stated is None or not probabilities:
        return
    highest = max(probabilities)
    if probabilities[layout.classes.index(stated)] < highest:
        other = layout.classes[probabilities.index(highest)]
        problems.append(
            f"{layout.label}: got {stated!r}, but {other!r} has the highest probability; want one answer a row. "
            "Leave out either"
        )


def _id_problems(predicted: Predicted, ids: Collection[str], seen: dict[object, str]) -> Iterable[str]:
    if predicted.id not in ids:
        return [f"id: got {predicted.id!r}; the manifest has no such utterance"]
    first = seen.setdefault((predicted.id, predicted.fold, predicted.seed), predicted.where)
    if first != predicted.where:
        return [f"id: got {predicted.id!r}, as at {first}; want each once, or once for each fold and seed"]
    return []


def _number(row: Mapping[str, object], column: str, problems: list[str]) -> int | None:
    value = _text(row.get(column))
    if value is None:
        return None
    if not value.isascii() or not value.isdigit():
        problems.append(f"{column}: got {value!r}; want a whole number")
        return None
    return int(value)


def _text(value: object) -> str | None:
    """A cell as text without blanks around it; None for an empty one."""
    text = "" if value is None else str(value).strip()
    return text or None
