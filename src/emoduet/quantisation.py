"""What a model loses by int8, on labelled utterances: answered in fp32 and in int8, scored, and judged in pairs.

The verdict is kept in the model's folder, with digests of the weights and of the manifest, so that it is believed for
no other model. "Equal" is said only where it was shown: that no difference was found is not enough.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from emoduet.atomic import check_file, write_json
from emoduet.build import Model
from emoduet.errors import ConfigError, UsageError
from emoduet.evaluation import Answers
from emoduet.examination import Examination, Progress, set_exam
from emoduet.machine import INT8, Machine, check_answering
from emoduet.manifest import manifest_digest
from emoduet.metrics import unweighted_accuracy, weighted_accuracy
from emoduet.nn.int8 import check_int8_computes, int8
from emoduet.pairing import compare_pairs
from emoduet.pretrained.loading import weights_digest
from emoduet.results import MIN_CLUSTERS, clusters_of, count_of_clusters
from emoduet.significance import Interval

FILE = "precision-int8.json"

MARGIN = 0.01
"""The difference of UA, 1 point, within which int8 counts as equal."""

MIN_UTTERANCES = 300
"""With fewer, not even answers that all stay the same show it: up to 3 in n may still change (the rule of three)."""

EQUAL = "equal within 1 point"
NOT_SHOWN = "not shown to be equal"


@dataclass(frozen=True)
class Verdict:
    """What int8 did to a model's answers; scores and shares between 0 and 1, differences are int8 - fp32.

    Attributes:
        reason: why it is not shown to be equal; empty where it is.
        ua: of fp32 and of int8.
        ua_interval: of the difference, 95 %, paired; None with too few clusters.
        changed: the share of utterances whose answer changed.
        seconds: of fp32 and of int8, reading included.
        conditions: what must be quoted with it.
    """

    verdict: str
    reason: str
    ua: tuple[float, float]
    wa: tuple[float, float]
    ua_interval: Interval | None
    wa_interval: Interval | None
    changed: float
    seconds: tuple[float, float]
    num_utterances: int
    conditions: str

    def sentence(self) -> str:
        """The verdict in one line."""
        before, after = (100 * score for score in self.ua)
        parts = [
            f"int8: {self.verdict}" + (f" ({self.reason})" if self.reason else ""),
            f"UA {before:.1f} in fp32, {after:.1f} in int8, {_difference(self.ua, self.ua_interval)}",
            f"{100 * self.changed:.1f} % of {self.num_utterances:,} answers changed",
            self.conditions,
        ]
        return "; ".join(parts)

    def differences(self) -> tuple[str, str]:
        """The differences of UA and of WA, with their intervals."""
        return (
            f"UA: {_difference(self.ua, self.ua_interval)}",
            f"WA: {_difference(self.wa, self.wa_interval)}",
        )


@dataclass(frozen=True)
class Int8Check:
    """A verdict, the int8 answers' examination, and where the verdict was kept (None for a model of the hub)."""

    verdict: Verdict
    examination: Examination
    kept: Path | None

    def as_json(self) -> dict[str, object]:
        """The verdict as nested JSON values."""
        return {**asdict(self.verdict), "sentence": self.verdict.sentence(), "kept": self.kept and str(self.kept)}


def quantise(model: Model) -> None:
    """Computes the encoders' linear maps in int8 from now on; the other layers, a few per cent of the work, stay fp32.

    Raises:
        ConfigError: an encoder runs in the plain form, which has no int8.
        InputError: this machine lacks int8.
    """
    for encoder in model.encoders.by_kind().values():
        encoder.compute_with(int8)


def check_int8(
    path_or_hub_id: str,
    manifest: Path,
    sessions: tuple[str, ...] = (),
    device: str | None = None,
    progress: Progress = lambda done, total: None,
) -> Int8Check:
    """Answers a manifest in fp32 and in int8, and keeps the verdict in the model's folder, if it is one.

    Where int8 cannot be, that is said before anything is answered.

    Args:
        progress: counts every utterance twice.

    Raises:
        ConfigError: an encoder has no packed form.
        InputError: this machine lacks int8, or the folder cannot be written.
        CheckpointError: the model cannot be loaded.
        CorpusError: no utterance is left to score, or one lacks what the system takes.
    """
    chosen = check_answering(Machine(device, INT8))
    check_int8_computes()
    kept = Path(path_or_hub_id) / FILE if Path(path_or_hub_id).is_dir() else None
    if kept:
        check_file(kept)
    exam = set_exam(path_or_hub_id, manifest, sessions, chosen)
    _check_packed(exam.model, path_or_hub_id)
    num = len(exam.utterances)
    began = time.perf_counter()
    before = exam.taken(progress=lambda done, total: progress(done, 2 * total))
    between = time.perf_counter()
    quantise(exam.model)
    quantised = time.perf_counter()
    after = exam.taken(progress=lambda done, total: progress(num + done, 2 * total))
    seconds = (between - began, time.perf_counter() - quantised)
    verdict = judged(before.answers, after.answers, seconds, after.marks())
    if kept:
        whose = {"weights_sha256": weights_digest(path_or_hub_id), "manifest_sha256": manifest_digest(manifest)}
        write_json(kept, {"precision": INT8, **whose, "sessions": sessions, **asdict(verdict)})
    return Int8Check(verdict, exam.completed(after), kept)


def _check_packed(model: Model, name: str) -> None:
    for kind, encoder in model.encoders.by_kind().items():
        if encoder.why_plain is not None:
            raise ConfigError(
                f"{name}: its {kind} encoder runs in the {encoder.form} form ({encoder.why_plain}), which has no int8. "
                "Take precision fp32 or bf16"
            )


def judged(before: Answers, after: Answers, seconds: tuple[float, float], conditions: str = "") -> Verdict:
    """What int8's answers are worth beside fp32's, to the same utterances."""
    kind, clusters = clusters_of(before.utterances)
    number = len(set(clusters))
    of_both = [answers.scores() for answers in (before, after)]
    intervals = (None, None)
    if number >= MIN_CLUSTERS:
        intervals = tuple(
            compare_pairs(before.labels, after.predictions, before.predictions, clusters, statistic).interval
            for statistic in (unweighted_accuracy, weighted_accuracy)
        )
    over = count_of_clusters(kind, number)
    reason = _why_not_equal(intervals[0], len(before.utterances), kind, over)
    return Verdict(
        verdict=NOT_SHOWN if reason else EQUAL,
        reason=reason,
        ua=tuple(scores.unweighted_accuracy for scores in of_both),
        wa=tuple(scores.weighted_accuracy for scores in of_both),
        ua_interval=intervals[0],
        wa_interval=intervals[1],
        changed=float(np.mean(before.predictions != after.predictions)),
        seconds=seconds,
        num_utterances=len(before.utterances),
        conditions="; ".join(part for part in (over, conditions) if part),
    )


def kept_verdict(path_or_hub_id: str) -> Verdict:
    """The verdict that `check_int8` left in a model's folder.

    Raises:
        UsageError: there is none, it cannot be read, or it is of other weights.
        CheckpointError: the model cannot be reached.
    """
    if not Path(path_or_hub_id).is_dir():
        raise UsageError(
            f"{path_or_hub_id}: nobody knows what int8 does to this model's answers, and it is no folder of this "
            "machine that could keep what was found out; find out each time with --check LABELLED.jsonl, or take a "
            f"copy: hf download {path_or_hub_id} --local-dir FOLDER"
        )
    how = f"find out first: emoduet evaluate {path_or_hub_id} --manifest LABELLED.jsonl --precision int8, or --check"
    path = Path(path_or_hub_id) / FILE
    if not path.is_file():
        raise UsageError(f"{path_or_hub_id}: nobody knows what int8 does to this model's answers; {how}")
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        verdict, weights = _verdict(stored), stored["weights_sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: not a verdict on int8 ({error}); {how}") from error
    if weights != weights_digest(path_or_hub_id):
        raise UsageError(f"{path}: is of other weights than the model's; {how}")
    return verdict


def _verdict(stored: Mapping[str, object]) -> Verdict:
    values = {name: stored[name] for name in Verdict.__dataclass_fields__}
    for name in ("ua_interval", "wa_interval"):
        values[name] = values[name] and Interval(**values[name])
    for name in ("ua", "wa", "seconds"):
        values[name] = tuple(values[name])
    return Verdict(**values)


def _why_not_equal(interval: Interval | None, num_utterances: int, kind: str, over: str) -> str:
    if interval is None or kind == "utterance":
        return over
    if max(abs(interval.low), abs(interval.high)) > MARGIN:
        return "the interval of UA's difference reaches beyond 1 point"
    if num_utterances < MIN_UTTERANCES:
        return f"{num_utterances} utterances; at least {MIN_UTTERANCES} are needed to tell 1 point from none"
    return ""


def _difference(scores: tuple[float, float], interval: Interval | None) -> str:
    points = 100 * (scores[1] - scores[0])
    if interval is None:
        return f"difference {points:+.1f}, no interval"
    return f"difference {points:+.1f}, 95 % interval {100 * interval.low:+.1f} to {100 * interval.high:+.1f}"
