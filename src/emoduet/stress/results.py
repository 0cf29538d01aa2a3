"""What a stress test found, in rows: each condition's scores beside those of the clean utterances, and how to quote it.

A difference has an interval of its own, paired over the same utterances and resampled by speaker; with few speakers, or
where nothing changed, there is none. Nothing here corrects for the number of rows: of twenty intervals at 95 % one is
expected to miss. Read back, the file is believed beside a model only if it is of that model's weights.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import groupby
from pathlib import Path

import numpy as np

from emoduet.calibration import calibration
from emoduet.errors import InputError
from emoduet.evaluation import Answers
from emoduet.pairing import compare_pairs
from emoduet.pretrained.loading import weights_digest
from emoduet.results import MIN_CLUSTERS, clusters_of, count_of_clusters, interval
from emoduet.significance import Interval
from emoduet.stress.conditions import Condition
from emoduet.subject import LeftOut

FILE = "stress.json"
FORMAT, FORMAT_VERSION = "emoduet-stress", 1
CLEAN_FAMILY = "clean"


@dataclass(frozen=True)
class Row:
    """Scores under one condition, from 0 to 1; differences are to the same utterances, clean.

    Attributes:
        words: where the words come from.
        ua_interval: of UA itself, 95 %; None where `over` says why, or where all clusters score alike.
        ua_clean: UA of the very same utterances as they are.
        interval: of the difference of UA, 95 %, paired; None with too few clusters, or where no answer changed.
        changed: the share of utterances whose answer is another.
        ece: expected calibration error.
        word_error_rate: measured against the given words; None where the words are these, or absent.
        over: what the intervals resample, or why there are none.
    """

    family: str
    severity: str
    words: str
    ua: float
    wa: float
    ua_interval: Interval | None
    ua_clean: float
    difference: float
    interval: Interval | None
    changed: float
    ece: float
    word_error_rate: float | None
    num_utterances: int
    over: str

    @property
    def name(self) -> str:
        """Family and severity."""
        return f"{self.family} {self.severity}".strip()


@dataclass(frozen=True)
class Stress:
    """A whole test.

    Attributes:
        rows: clean first, then by family.
        marks: what every number must be quoted with; may be empty.
        description: what was asked and by what it was answered, as JSON values.
    """

    rows: tuple[Row, ...]
    left_out: tuple[LeftOut, ...]
    marks: str
    seed: int
    description: Mapping[str, object]

    @property
    def clean(self) -> Row:
        """The utterances as they are."""
        return self.rows[0]

    @property
    def families(self) -> dict[str, list[Row]]:
        """The rows but the clean one, by family."""
        return {family: list(rows) for family, rows in groupby(self.rows[1:], key=lambda row: row.family)}

    def conditions(self, row: Row) -> str:
        """What a row must be quoted with, in one line."""
        count = f"{row.num_utterances:,} utterance" + ("" if row.num_utterances == 1 else "s")
        return "; ".join(part for part in (count, row.over, f"seed {self.seed}", self.marks) if part)

    def as_json(self) -> dict[str, object]:
        """The same as nested JSON values."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            **self.description,
            "seed": self.seed,
            "marks": self.marks,
            "rows": [asdict(row) | {"conditions": self.conditions(row)} for row in self.rows],
            "left_out": [asdict(one) for one in self.left_out],
        }

    def as_csv(self) -> str:
        """A line a row; intervals in two columns, shares from 0 to 1, empty where there is no number."""
        buffer = io.StringIO()
        lines = [_flat(row) | {"seed": self.seed, "marks": self.marks} for row in self.rows]
        writer = csv.DictWriter(buffer, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
        return buffer.getvalue()


def row_of(condition: Condition, clean: Answers, worse: Answers, word_error_rate: float | None = None) -> Row:
    """What a condition did to the answers.

    Args:
        clean: answers to the very same utterances as they are, in the same order.
    """
    kind, clusters = clusters_of(worse.utterances)
    scores, number = worse.scores(), len(set(clusters))
    ua_clean = clean.scores().unweighted_accuracy
    return Row(
        family=condition.family,
        severity=condition.severity,
        words=condition.words,
        ua=scores.unweighted_accuracy,
        wa=scores.weighted_accuracy,
        ua_interval=interval(worse, clusters),
        ua_clean=ua_clean,
        difference=scores.unweighted_accuracy - ua_clean,
        interval=_paired(clean, worse, clusters),
        changed=float(np.mean(worse.predictions != clean.predictions)),
        ece=calibration(worse.labels, worse.probabilities).ece,
        word_error_rate=word_error_rate,
        num_utterances=len(worse.utterances),
        over=count_of_clusters(kind, number),
    )


def read_stress(path: Path) -> Stress:
    """What a stress test wrote; the path of its stress.json.

    Raises:
        InputError: it cannot be read, is of another format or version, or is of other weights than a model beside it.
    """
    again = "run `emoduet stress` again"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if (stored["format"], stored["format_version"]) != (FORMAT, FORMAT_VERSION):
            raise ValueError(f"format {stored['format']!r}, version {stored['format_version']!r}")
        stress = _stress_of(stored)
        weights = dict(stored["weights_sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not what a stress test of this emoduet writes ({error!r}); {again}") from error
    for place, digest in weights.items():
        beside = path.parent / place
        if (beside / "model.safetensors").is_file() and weights_digest(str(beside)) != digest:
            raise InputError(f"{path}: is of other weights than those of {beside}; {again}")
    return stress


def stress_lines(path: Path) -> list[str]:
    """What a stress test found, in words: the clean score, and of each family the severity that cost most.

    Every line has its interval, or why there is none, and its conditions.

    Raises:
        InputError: as `read_stress`.
    """
    stress = read_stress(path)
    clean = stress.clean
    lines = [f"clean: UA {100 * clean.ua:.1f}; {stress.conditions(clean)}"]
    for rows in stress.families.values():
        worst = min(rows, key=lambda row: row.difference)
        among = f", the worst of {len(rows)}" if len(rows) > 1 else ""
        lines.append(f"{worst.name}{among}: UA {100 * worst.ua:.1f}, {_lost(worst)}; {stress.conditions(worst)}")
    return lines


def difference_in_words(row: Row) -> str:
    """The difference in points with its interval, such as "-4.1 (-6.0 to -2.2)"."""
    bounds = row.interval and f" ({100 * row.interval.low:+.1f} to {100 * row.interval.high:+.1f})"
    return f"{100 * row.difference:+.1f}{bounds or ''}"


def _lost(row: Row) -> str:
    points = 100 * row.difference
    told = f"{abs(points):.1f} points {'above' if points > 0 else 'below'} clean"
    if row.interval:
        return f"{told}, 95 % interval {100 * row.interval.low:+.1f} to {100 * row.interval.high:+.1f}"
    return f"{told}, no interval" + ("" if row.changed else ": no answer changed")


def _paired(clean: Answers, worse: Answers, clusters: Sequence[str]) -> Interval | None:
    if len(set(clusters)) < MIN_CLUSTERS:
        return None
    found = compare_pairs(worse.labels, worse.predictions, clean.predictions, clusters).interval
    return found if found.low < found.high else None


def _stress_of(stored: Mapping[str, object]) -> Stress:
    known = {"format", "format_version", "seed", "marks", "rows", "left_out"}
    return Stress(
        rows=tuple(_row_of_json(row) for row in stored["rows"]),
        left_out=tuple(LeftOut(one["what"], one["why"]) for one in stored["left_out"]),
        marks=stored["marks"],
        seed=stored["seed"],
        description={key: value for key, value in stored.items() if key not in known},
    )


def _row_of_json(stored: Mapping[str, object]) -> Row:
    values = {one.name: stored[one.name] for one in fields(Row)}
    for name in ("ua_interval", "interval"):
        values[name] = values[name] and Interval(**values[name])
    return Row(**values)


def _flat(row: Row) -> dict[str, object]:
    flat = {}
    for name, value in asdict(row).items():
        if name in ("ua_interval", "interval"):
            low, high = (value["low"], value["high"]) if value else (None, None)
            flat |= {f"{name}_low": low, f"{name}_high": high}
        else:
            flat[name] = value
    return flat
