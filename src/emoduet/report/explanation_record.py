"""An explanation as one JSON object: everything that it is made of, for programs and for other people's figures.

Probabilities, scores and areas are rounded to six decimals, times to milliseconds. What the model does not take, or the
utterance lacks, is null.
"""

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np

from emoduet.explaining.types import Alignment
from emoduet.faithfulness import Course, RankingTest
from emoduet.report.explanation_contents import Explained
from emoduet.types import Seconds

DECIMALS = 6


def explanation_record(explained: Explained) -> dict[str, object]:
    """The object; its keys are told in the user's guide to explanations."""
    found, utterance = explained.explanation, explained.utterance
    probabilities = dict(zip(found.classes, _rounded(found.probabilities), strict=True))
    tests = found.faithfulness
    return {
        "id": found.id,
        "audio": utterance.audio,
        "start": utterance.start,
        "end": utterance.end,
        "transcript": utterance.transcript,
        "label": max(probabilities, key=probabilities.__getitem__),
        "probabilities": probabilities,
        "target": found.target,
        "method": found.method,
        "words": _words(explained),
        "moments": _moments(explained),
        "attention": explained.alignment and _alignment(explained.alignment),
        "faithfulness": tests
        and {"words": tests.words and _test(tests.words), "moments": tests.spans and _test(tests.spans)},
        "notes": [*found.notes, *explained.notes],
        "emoduet": version("emoduet"),
    }


def _words(explained: Explained) -> list[dict[str, object]] | None:
    found = explained.explanation
    if found.words is None:
        return None
    return [
        {"word": word, "from": first, "to": last, "score": score}
        for word, (first, last), score in zip(found.words, found.characters, _rounded(found.word_scores), strict=True)
    ]


def _moments(explained: Explained) -> list[dict[str, object]] | None:
    found = explained.explanation
    if found.times is None:
        return None
    return [
        {"start": _seconds(start), "end": _seconds(end), "score": score}
        for (start, end), score in zip(found.times.tolist(), _rounded(found.span_scores), strict=True)
    ]


def _alignment(alignment: Alignment) -> dict[str, object]:
    return {
        "words": list(alignment.words),
        "times": [_seconds(time) for time in alignment.times.tolist()],
        "moments_of_words": [_rounded(row) for row in alignment.moments_of_words],
        "words_of_moments": [_rounded(row) for row in alignment.words_of_moments],
    }


def _test(test: RankingTest) -> dict[str, object]:
    return {
        "deletion": _course(test.deletion),
        "insertion": _course(test.insertion),
        "supported": test.supported,
        "undecided": test.undecided,
        "untestable": test.untestable,
        "sentence": test.sentence(),
    }


def _course(course: Course) -> dict[str, object]:
    return {
        "fractions": _rounded(course.fractions),
        "probabilities": _rounded(course.probabilities),
        "random": [_rounded(curve) for curve in course.random],
        "random_mean": _rounded(course.random_mean),
        "area": _one(course.area),
        "random_area": _one(course.random_area),
        "difference": _one(course.difference),
        "confidence": _one(course.confidence),
        "interval": [_one(course.interval.low), _one(course.interval.high)],
        "as_good": course.as_good,
        "better": course.better,
    }


def _rounded(values: np.ndarray | Sequence[float]) -> list[float]:
    return [_one(value) for value in values]


def _one(value: float) -> float:
    """Without a sign before zero."""
    return round(float(value), DECIMALS) + 0.0


def _seconds(value: Seconds) -> Seconds:
    return round(value, 3) + 0.0
