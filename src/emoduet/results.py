"""What a run amounts to: scores of every fold and seed, pooled and averaged, with an interval and its conditions.

Nothing here trains or opens a manifest; it turns answers into numbers that can be quoted.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import mean, stdev

import numpy as np

from emoduet.batching import FIELDS
from emoduet.errors import InputError
from emoduet.evaluation import Answers
from emoduet.metrics import Scores, macro_f1, unweighted_accuracy, weighted_accuracy, weighted_f1
from emoduet.significance import Interval, Statistic, cluster_bootstrap_interval
from emoduet.types import Utterance

MIN_CLUSTERS = 5
"""Fewer give no interval: a bootstrap over two speakers, meant to hold the truth 95 times in 100, does so about 50."""


@dataclass(frozen=True)
class Spread:
    """A score over seeds: its mean, and the standard deviation between seeds (None for a single seed)."""

    mean: float
    sd: float | None


@dataclass(frozen=True)
class Summary:
    """A run in numbers, shares between 0 and 1.

    `pooled_*` scores all tested utterances together; `fold_mean_*` averages the folds, as the paper does. The intervals
    are of the pooled scores, by bootstrap over `num_clusters` clusters of the named kind; None where the corpus has too
    few. Seeds that lack a fold are not among them.
    """

    num_utterances: int
    num_folds: int
    seeds: tuple[int, ...]
    pooled_ua: Spread
    pooled_wa: Spread
    fold_mean_ua: Spread
    fold_mean_wa: Spread
    pooled_macro_f1: Spread
    pooled_weighted_f1: Spread
    ua_interval: Interval | None
    wa_interval: Interval | None
    macro_f1_interval: Interval | None
    weighted_f1_interval: Interval | None
    cluster_kind: str
    num_clusters: int
    scores: Scores

    def as_json(self) -> dict[str, object]:
        """The same as nested JSON values."""
        return asdict(self) | {"interval_over": count_of_clusters(self.cluster_kind, self.num_clusters)}


def summarise(answers: Mapping[tuple[int, int], Answers]) -> Summary:
    """The summary of a run from its tested answers by (fold, seed); seeds that lack a fold are left out.

    Raises:
        InputError: no answers at all.
    """
    if not answers:
        raise InputError("summary: no fold is finished yet; run the same command again to go on")
    answers = complete_seeds(answers)
    by_seed: dict[int, list[Answers]] = defaultdict(list)
    for (_, seed), of_fold in answers.items():
        by_seed[seed].append(of_fold)
    pooled = {seed: pool(folds).scores() for seed, folds in by_seed.items()}
    everything = pool(list(answers.values()))
    kind, clusters = clusters_of(everything.utterances)
    return Summary(
        num_utterances=len({utterance.id for utterance in everything.utterances}),
        num_folds=max(len(folds) for folds in by_seed.values()),
        seeds=tuple(sorted(by_seed)),
        pooled_ua=_spread([scores.unweighted_accuracy for scores in pooled.values()]),
        pooled_wa=_spread([scores.weighted_accuracy for scores in pooled.values()]),
        fold_mean_ua=_spread([_fold_mean(folds, unweighted_accuracy) for folds in by_seed.values()]),
        fold_mean_wa=_spread([_fold_mean(folds, weighted_accuracy) for folds in by_seed.values()]),
        pooled_macro_f1=_spread([scores.macro_f1 for scores in pooled.values()]),
        pooled_weighted_f1=_spread([scores.weighted_f1 for scores in pooled.values()]),
        ua_interval=interval(everything, clusters),
        wa_interval=interval(everything, clusters, weighted_accuracy),
        macro_f1_interval=interval(everything, clusters, macro_f1),
        weighted_f1_interval=interval(everything, clusters, weighted_f1),
        cluster_kind=kind,
        num_clusters=len(set(clusters)),
        scores=everything.scores(),
    )


def pool(parts: Sequence[Answers]) -> Answers:
    """Several sets of answers as one."""
    utterances = tuple(utterance for part in parts for utterance in part.utterances)
    return Answers(utterances, parts[0].classes, np.concatenate([part.probabilities for part in parts]))


def complete_seeds(answers: Mapping[tuple[int, int], Answers]) -> dict[tuple[int, int], Answers]:
    """The answers of the seeds that have every fold which any seed has; a mean over unlike parts would mean nothing."""
    folds = {fold for fold, _ in answers}
    complete = {seed for _, seed in answers if all((fold, seed) in answers for fold in folds)}
    return {key: answers[key] for key in sorted(answers) if not complete or key[1] in complete}


def scored(answers: Answers) -> dict[str, object]:
    """Loss, scores and the interval of UA, as JSON values."""
    kind, clusters = clusters_of(answers.utterances)
    of_ua = interval(answers, clusters)
    return {
        "loss": answers.loss(),
        "scores": asdict(answers.scores()),
        "ua_interval_95": of_ua and asdict(of_ua),
        "interval_over": count_of_clusters(kind, len(set(clusters))),
    }


def modalities(answers: Answers, alone: Mapping[str, Answers]) -> dict[str, Answers]:
    """One model's answers by what it was given: to utterances with sound and words, to sounds alone, to words alone.

    Args:
        alone: as `evaluation.answer_each_alone` gives them; where they are empty, so is what comes back.
    """
    if not alone:
        return {}
    ids = [{one.id for one in alone[kind].utterances} if kind in alone else set() for kind in FIELDS]
    whole = answers.where(np.array([all(one.id in those for those in ids) for one in answers.utterances]))
    found = {"audio and text": whole, **{f"{kind} only": one for kind, one in alone.items()}}
    return {name: one for name, one in found.items() if one.utterances}


def modalities_json(answers: Answers, alone: Mapping[str, Answers]) -> dict[str, object]:
    """The scores of `modalities` under that name, as JSON values; empty where there are none."""
    found = {name: scored(one) for name, one in modalities(answers, alone).items()}
    return {"modalities": found} if found else {}


def interval(answers: Answers, clusters: Sequence[str], statistic: Statistic = unweighted_accuracy) -> Interval | None:
    """The 95 % interval of a statistic, the unweighted accuracy unless told otherwise.

    None where there are fewer than `MIN_CLUSTERS` clusters, and where all score alike (always right, always the same
    class), so that resampling them tells nothing.
    """
    if len(set(clusters)) < MIN_CLUSTERS:
        return None
    found = cluster_bootstrap_interval(answers.labels, answers.predictions, clusters, statistic)
    return found if found.low < found.high else None


def clusters_of(utterances: Sequence[Utterance]) -> tuple[str, list[str]]:
    """What an interval resamples: speakers where any is known, else dialogues, else single utterances.

    Utterances of nobody knows whom go together by their dialogue, or all together: to take them apart would make a
    score look surer for knowing less.
    """
    for kind in ("speaker", "dialogue"):
        if any(getattr(utterance, kind) is not None for utterance in utterances):
            return kind, [_cluster(utterance, kind) for utterance in utterances]
    return "utterance", [utterance.id for utterance in utterances]


def _cluster(utterance: Utterance, kind: str) -> str:
    known = getattr(utterance, kind)
    return known if known is not None else f"unknown {kind}, dialogue {utterance.dialogue}"


def count_of_clusters(kind: str, number: int) -> str:
    """What an interval is over, in words, or why there is none.

    >>> count_of_clusters("speaker", 10)
    '10 speakers'
    >>> count_of_clusters("speaker", 2)
    '2 speakers: too few for an interval'
    >>> count_of_clusters("utterance", 300)
    '300 utterances, neither speaker nor dialogue known: too narrow'
    """
    if kind == "utterance" and number >= MIN_CLUSTERS:
        return f"{number} utterances, neither speaker nor dialogue known: too narrow"
    words = f"{number} {kind}" if number == 1 else f"{number} {kind}s"
    return words if number >= MIN_CLUSTERS else f"{words}: too few for an interval"


def _fold_mean(folds: Sequence[Answers], statistic: Callable[[np.ndarray], np.ndarray]) -> float:
    confusions = [np.array(fold.scores().confusion) for fold in folds]
    return float(mean(float(statistic(confusion)) for confusion in confusions))


def _spread(values: Sequence[float]) -> Spread:
    return Spread(mean(values), stdev(values) if len(values) > 1 else None)
