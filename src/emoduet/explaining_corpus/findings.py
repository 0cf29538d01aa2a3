"""What the explanations of many utterances come to: means beside chance, with intervals over speakers, in sentences.

A mean is believed where its interval excludes zero. Its width comes from whole speakers drawn anew, as for every score
of emoduet; it knows nothing of another model. An explanation tells what a model uses: one that learned little cannot
have explanations that match what was planted, and those of a good one may still fail to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from emoduet.explaining.types import Method
from emoduet.explaining_corpus.measures import FAITHFULNESS, MEASURES, Measure, Measured
from emoduet.results import MIN_CLUSTERS, clusters_of, count_of_clusters
from emoduet.significance import Interval, margin, resampled_sums
from emoduet.types import Utterance

NUM_RESAMPLES = 5000
CONFIDENCE = 0.95

_TOLD: Mapping[Measure, tuple[str, str]] = {
    "words: deletion": ("words: deleting by score", "random deletion"),
    "words: insertion": ("words: giving back by score", "random insertion"),
    "moments: deletion": ("moments: deleting by score", "random deletion"),
    "moments: insertion": ("moments: giving back by score", "random insertion"),
    "words: telling word first": ("words: how often the telling word scores highest", "chance"),
    "words: telling word's reciprocal rank": ("words: the telling word's reciprocal rank", "chance"),
    "moments: speech above silence": ("moments: how often speech scores above silence", "chance"),
    "telling word looks at its moment": (
        "how much the telling word looks at when it is said",
        "what the other words look there",
    ),
}
"""What is measured, and what stands beside it."""


@dataclass(frozen=True)
class Finding:
    """One measure of one method: means over utterances.

    Attributes:
        value: an area, a share or a rank, from 0 to 1, as `chance`.
        difference: by how much the value is better than chance; below 0 it is worse.
        interval: of the difference, 95 %; None with too few speakers, or where all differ alike.
        over: what the interval resamples, or why there is none.
    """

    method: Method
    measure: Measure
    value: float
    chance: float
    difference: float
    interval: Interval | None
    num_utterances: int
    over: str

    @property
    def is_truth(self) -> bool:
        """Whether it holds the explanations against what a synthetic corpus planted, not against random orders."""
        return self.measure not in FAITHFULNESS

    @property
    def better(self) -> bool:
        """Whether the explanations are better than chance by more than speakers differ."""
        return self.interval is not None and self.interval.low > 0

    @property
    def worse(self) -> bool:
        """Whether they are worse than chance by more than speakers differ."""
        return self.interval is not None and self.interval.high < 0

    def sentence(self) -> str:
        """What may be said, with its figures; synthetic where it is of a synthetic corpus's truth."""
        of_whom = f"synthetic truth, {self.method}" if self.is_truth else self.method
        told, chance = _TOLD[self.measure]
        return (
            f"{of_whom}, {told} {self._verdict()} {chance} ({self.value:.3f} against {self.chance:.3f}, difference "
            f"{_signed(self.difference)}, {self._bounds()}; {_counted(self.num_utterances)}, {self.over})"
        )

    def as_json(self) -> dict[str, object]:
        """The same as nested JSON values."""
        return asdict(self) | {"better": self.better, "worse": self.worse, "sentence": self.sentence()}

    def _verdict(self) -> str:
        if self.interval is None:
            return "cannot be told from"
        return "beats" if self.better else "is worse than" if self.worse else "does not beat"

    def _bounds(self) -> str:
        if self.interval is None:
            return "without an interval"
        low, high = _signed(self.interval.low), _signed(self.interval.high)
        zero = "excludes zero" if self.better or self.worse else "does not exclude zero"
        return f"95 % interval {low} to {high}, which {zero}"


def findings_of(
    measured: Mapping[tuple[Method, Measure], Sequence[tuple[Utterance, Measured]]], seed: int
) -> tuple[Finding, ...]:
    """A finding for each method and measure that any utterance has, measures in their fixed order.

    Args:
        seed: of the resamples.
    """
    methods = dict.fromkeys(method for method, _ in measured)
    found = ((method, measure) for method in methods for measure in MEASURES)
    return tuple(_finding(*key, measured[key], seed) for key in found if measured.get(key))


def mean_interval(values: Sequence[float], clusters: Sequence[str], seed: int) -> Interval | None:
    """Where the mean of many new speakers lies, by resampling whole clusters; the width is that of `margin`.

    None where there are fewer than `MIN_CLUSTERS` clusters, and where their means are all alike.
    """
    names, owners = np.unique(np.asarray(clusters), return_inverse=True)
    if len(names) < MIN_CLUSTERS:
        return None
    sizes = np.bincount(owners)
    sums = np.stack([np.bincount(owners, weights=values), sizes], axis=1)  # [clusters, 2]
    resampled = resampled_sums(sums, NUM_RESAMPLES, seed)
    half_width = margin(resampled[:, 0] / resampled[:, 1], sizes, CONFIDENCE)
    mean = float(np.mean(values))
    return Interval(mean - half_width, mean + half_width) if half_width else None


def _finding(method: Method, measure: Measure, measured: Sequence[tuple[Utterance, Measured]], seed: int) -> Finding:
    kind, clusters = clusters_of([utterance for utterance, _ in measured])
    differences = [one.difference for _, one in measured]
    return Finding(
        method=method,
        measure=measure,
        value=float(np.mean([one.value for _, one in measured])),
        chance=float(np.mean([one.chance for _, one in measured])),
        difference=float(np.mean(differences)),
        interval=mean_interval(differences, clusters, seed),
        num_utterances=len({utterance.id for utterance, _ in measured}),
        over=count_of_clusters(kind, len(set(clusters))),
    )


def _counted(number: int) -> str:
    return f"{number:,} utterance" + ("" if number == 1 else "s")


def _signed(value: float) -> str:
    """With its sign, which zero has not."""
    rounded = round(value, 3) + 0.0
    return f"{rounded:+.3f}" if rounded else "0.000"
