"""Everything a run's answers say, in one value: for the terminal, for the report and for predictions made elsewhere.

A score alone invites dispute, so beside it stand what simple look-ups and a bag of words reach, the tested utterances
that training had a twin of, who and what is recognised how well, how far groups of speakers lie apart, and how far the
probabilities can be trusted. Scores
come as mean and spread over the seeds; calibration, breakdowns and selective prediction take all seeds' answers
together. No file is read here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from emoduet.baselines import Baseline
from emoduet.batching import FIELDS
from emoduet.breakdown import Breakdown, Row, breakdowns, by_modality, row_of
from emoduet.calibration import Calibration, apply_temperature, calibration
from emoduet.evaluation import Answers
from emoduet.groups import Grouping, SpeakerSpread, gaps_of, speaker_spread
from emoduet.results import Summary, pool, summarise
from emoduet.selective import RiskCoverage, SelectivePoint, apply_threshold, risk_coverage, threshold_for
from emoduet.sureness import only

Key = tuple[int, int]
"""Which answers are meant: (fold, seed)."""

WANTED_ERRORS = (0.05, 0.10, 0.20)
"""The error rates, among the answered, for which selective prediction is told."""

CLEAN, TWINNED = "clean test items", "items with a twin in training"
UNCOMPARED = "items that were not compared"

CURVE_POINTS = 101
"""As many points of the risk-coverage curve are written to JSON at most."""


@dataclass(frozen=True)
class Assessment:
    """A run in full; shares between 0 and 1.

    Attributes:
        gaps: between groups of speakers, by each property of theirs that names at least two.
        speakers: how single speakers differ; None with too few.
        twins: a row each for the tested utterances whose line was compared and is not in training, for those whose line
            is (word for word or nearly), and for those not compared (a short line, or no transcript), as far as there
            are such; None where nobody looked, or no line could be compared.
        modalities: of models that may lack either: their scores with sound and words, with sounds alone and with words
            alone; None of others.
        baselines: a row for each way to answer without a signal, the way's name as the row's value.
        calibration: of the probabilities as answered; None where only labels are known.
        uncalibrated: the same with the temperature taken back; None where none was fitted.
        temperatures: by (fold, seed), as fitted on the validation part.
        selective: thresholds chosen on each fold's validation answers, coverage and error of its tested ones; empty
            without validation answers. `threshold` is the folds' mean.
    """

    summary: Summary
    breakdowns: tuple[Breakdown, ...]
    gaps: tuple[Grouping, ...]
    speakers: SpeakerSpread | None
    twins: Breakdown | None
    modalities: Breakdown | None
    baselines: tuple[Row, ...]
    calibration: Calibration | None
    uncalibrated: Calibration | None
    temperatures: Mapping[Key, float]
    risk_coverage: RiskCoverage | None
    selective: tuple[SelectivePoint, ...]

    def as_json(self) -> dict[str, object]:
        """The same as nested JSON values; the risk-coverage curve is thinned to `CURVE_POINTS` points."""
        return {
            "summary": self.summary.as_json(),
            "breakdowns": [asdict(one) for one in self.breakdowns],
            "gaps": [asdict(one) for one in self.gaps],
            "speakers": self.speakers and asdict(self.speakers),
            "twins": self.twins and asdict(self.twins),
            "modalities": self.modalities and asdict(self.modalities),
            "baselines": [asdict(row) for row in self.baselines],
            "calibration": self.calibration and asdict(self.calibration),
            "uncalibrated": self.uncalibrated and asdict(self.uncalibrated),
            "temperatures": {f"fold{fold}-seed{seed}": value for (fold, seed), value in self.temperatures.items()},
            "risk_coverage": self.risk_coverage and _curve_json(self.risk_coverage),
            "selective": [asdict(point) for point in self.selective],
        }


def assess(
    answers: Mapping[Key, Answers],
    *,
    validation: Mapping[Key, Answers] | None = None,
    temperatures: Mapping[Key, float] | None = None,
    temperatures_alone: Mapping[Key, Mapping[str, float]] | None = None,
    alone: Mapping[Key, Mapping[str, Answers]] | None = None,
    twins: Mapping[int, Mapping[str, str]] | None = None,
    uncompared: Mapping[int, Collection[str]] | None = None,
    baselines: Sequence[Row] = (),
    only_labels: bool = False,
) -> Assessment:
    """Everything that answers by (fold, seed) say.

    Args:
        validation: what the same models answered to their validation parts, on the same temperature.
        temperatures: what the answers' probabilities have been divided by (in logits); absent is 1.
        temperatures_alone: the same for utterances with sound alone ("audio") and with words alone ("text"); absent is
            as the others.
        alone: what the same models answered to sounds alone and to words alone, as `evaluation.answer_each_alone`.
        twins: fold number -> tested utterances that have a twin in training, as `Audit.twins`; None: nobody looked.
        uncompared: fold number -> tested utterances whose line was not compared, as `Audit.uncompared`.
        baselines: as `baseline_rows` gives them.
        only_labels: the probabilities are ones and zeros, made from labels, and say nothing of confidence.

    Raises:
        InputError: no answers at all.
    """
    summary = summarise(answers)
    everything = pool(list(answers.values()))
    fitted = dict(temperatures or {})
    return Assessment(
        summary=summary,
        breakdowns=breakdowns(everything),
        gaps=gaps_of(everything),
        speakers=speaker_spread(everything),
        twins=None if twins is None else _by_twins(answers, twins, uncompared or {}),
        modalities=by_modality(answers, alone or {}),
        baselines=tuple(baselines),
        calibration=None if only_labels else _calibration(everything),
        uncalibrated=None if only_labels else _uncalibrated(answers, fitted, temperatures_alone or {}, alone or {}),
        temperatures=fitted,
        risk_coverage=None if only_labels else risk_coverage(everything.labels, everything.probabilities),
        selective=() if only_labels else _selective(answers, validation or {}),
    )


def baseline_rows(found: Iterable[Baseline]) -> tuple[Row, ...]:
    """Each baseline's scores, its name as the row's value."""
    return tuple(row_of(one.name, one.answers) for one in found)


def _by_twins(
    answers: Mapping[Key, Answers], twins: Mapping[int, Mapping[str, str]], uncompared: Mapping[int, Collection[str]]
) -> Breakdown | None:
    """Whether an utterance has a twin is a matter of the fold that tested it."""
    everything = pool(list(answers.values()))
    tested = [(fold, u) for (fold, _), of_fold in answers.items() for u in of_fold.utterances]
    twinned = np.array([u.id in twins.get(fold, {}) for fold, u in tested])
    short = {fold: frozenset(ids) for fold, ids in uncompared.items()}
    unknown = np.array([u.id in short.get(fold, ()) for fold, u in tested])
    if unknown.all():
        return None
    parts = ((CLEAN, ~(twinned | unknown)), (TWINNED, twinned), (UNCOMPARED, unknown))
    return Breakdown(
        "twins in training", tuple(row_of(name, everything.where(own)) for name, own in parts if own.any())
    )


def _calibration(answers: Answers) -> Calibration:
    return calibration(answers.labels, answers.probabilities)


def _uncalibrated(
    answers: Mapping[Key, Answers],
    temperatures: Mapping[Key, float],
    temperatures_alone: Mapping[Key, Mapping[str, float]],
    alone: Mapping[Key, Mapping[str, Answers]],
) -> Calibration | None:
    applied = {
        key: _temperatures(one, temperatures.get(key, 1.0), temperatures_alone.get(key, {}), alone.get(key, {}))
        for key, one in answers.items()
    }
    if all((one == 1).all() for one in applied.values()):
        return None
    raw = [
        replace(one, probabilities=apply_temperature(one.probabilities, 1 / applied[key]))
        for key, one in answers.items()
    ]
    return _calibration(pool(raw))


def _temperatures(
    answers: Answers, of_both: float, of_one: Mapping[str, float], alone: Mapping[str, Answers]
) -> np.ndarray:
    """What each answer was divided by; what an utterance has is told by which answers of `alone` are to it."""
    has = {kind: {one.id for one in given.utterances} for kind, given in alone.items()}
    sounds, words = (has.get(kind, set()) for kind in FIELDS)
    kinds = (only(one.id in sounds, one.id in words) for one in answers.utterances)
    return np.array([of_one.get(kind, of_both) for kind in kinds])


def _selective(answers: Mapping[Key, Answers], validation: Mapping[Key, Answers]) -> tuple[SelectivePoint, ...]:
    if not answers.keys() <= validation.keys():
        return ()
    return tuple(_selective_point(answers, validation, wanted) for wanted in WANTED_ERRORS)


def _selective_point(
    answers: Mapping[Key, Answers], validation: Mapping[Key, Answers], wanted: float
) -> SelectivePoint:
    """Each fold keeps to the threshold of its own validation part, for another fold's may be its test part.

    A fold without such a threshold answers nothing.
    """
    thresholds, answered, wrong = [], 0.0, 0.0
    for key, tested in answers.items():
        threshold = threshold_for(validation[key].labels, validation[key].probabilities, wanted)
        if threshold is None:
            continue
        coverage, error = apply_threshold(tested.labels, tested.probabilities, threshold)
        thresholds.append(threshold)
        answered += coverage * len(tested.utterances)
        wrong += coverage * len(tested.utterances) * (error or 0.0)
    total = sum(len(tested.utterances) for tested in answers.values())
    return SelectivePoint(
        wanted,
        float(np.mean(thresholds)) if thresholds else None,
        answered / total,
        wrong / answered if answered else None,
    )


def _curve_json(curve: RiskCoverage) -> dict[str, object]:
    shown = np.unique(np.linspace(0, len(curve.coverage) - 1, CURVE_POINTS).round().astype(int))
    return {
        "coverage": curve.coverage[shown].tolist(),
        "risk": curve.risk[shown].tolist(),
        "thresholds": curve.thresholds[shown].tolist(),
        "area": curve.area,
    }
