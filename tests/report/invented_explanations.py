"""Explanations invented in full, so that every figure on a page can be told in advance; no model answers."""

from dataclasses import replace

import numpy as np

from emoduet.explaining.types import Alignment, Explanation
from emoduet.faithfulness import Course, Faithfulness, RankingTest
from emoduet.report.explanation_contents import Explained
from emoduet.types import Utterance

TRANSCRIPT = "Stop it,  now! Ann"
CHARACTERS = ((0, 4), (5, 8), (10, 14))
WORDS = ("Stop", "it,", "now!")
TIMES = np.array([[0.0, 0.25], [0.25, 0.5], [0.5, 0.6]])
CLASSES = ("angry", "happy", "sad")


def course(falls: bool, *, better: bool) -> Course:
    """From 80 % to 20 % or back; 19 random orders go straight, two hundredths apart in the middle."""
    middle = 0.5 + np.arange(-9, 10) / 50
    ends = (0.8, 0.2) if falls else (0.2, 0.8)
    random = np.stack([np.full(19, ends[0]), middle, np.full(19, ends[1])], axis=1)
    own = middle.mean() + (0.3 if better else 0.0) * (-1 if falls else 1)
    return Course(falls, np.array([0.0, 0.5, 1.0]), np.array([ends[0], own, ends[1]]), random)


def ranking_test(units: str, deletion: bool, insertion: bool, untestable: str | None = None) -> RankingTest:
    return RankingTest(units, "angry", course(True, better=deletion), course(False, better=insertion), untestable)


def alignment() -> Alignment:
    """Eight moments in 0.6 s; the second word looked at the last, and the first moment alone looked, at the third."""
    to_moments, to_words = np.full((3, 8), 0.125), np.zeros((8, 3))
    to_moments[1] = np.eye(8)[7]
    to_words[0, 2] = 0.5
    return Alignment(WORDS, 0.01 + 0.08 * np.arange(8), to_moments, to_words)


def explanation(**changes: object) -> Explanation:
    """By occlusion; words are supported, moments are not."""
    invented = Explanation(
        id="calls/a b.wav",
        classes=CLASSES,
        probabilities=np.array([0.8, 0.15, 0.05]),
        target="angry",
        method="occlusion",
        words=WORDS,
        characters=CHARACTERS,
        word_scores=np.array([0.5, -0.25, 0.0]),
        times=TIMES,
        span_scores=np.array([0.1, 0.0, -0.2]),
        alignment=None,
        faithfulness=Faithfulness(ranking_test("words", True, True), ranking_test("moments", False, False)),
        notes=("scores are what is lost", "a word is deleted by a mask"),
    )
    return replace(invented, **changes)


def explained(**changes: object) -> Explained:
    """Of 0.6 s of a tone."""
    samples = (0.5 * np.sin(np.arange(9600) / 8)).astype(np.float32)
    utterance = Utterance(id="calls/a b.wav", audio="calls/a b.wav", transcript=TRANSCRIPT)
    return replace(Explained(utterance, explanation(), alignment(), samples), **changes)


def read_only(transcript: str = TRANSCRIPT, words: tuple[str, ...] = WORDS, **changes: object) -> Explained:
    """Of a model that only reads; all words score alike but the first, which scores highest."""
    ends = np.cumsum([len(word) + 1 for word in words]) - 1
    characters = tuple((int(end) - len(word), int(end)) for word, end in zip(words, ends, strict=True))
    if words == WORDS:
        characters = CHARACTERS
    scores = np.full(len(words), 0.01)
    scores[0] = 0.5
    found = explanation(
        id="text",
        words=words,
        characters=characters,
        word_scores=scores,
        times=None,
        span_scores=None,
        faithfulness=Faithfulness(ranking_test("words", True, False), None),
    )
    return replace(Explained(Utterance(id="text", transcript=transcript), found), **changes)


def heard_only() -> Explained:
    """Of a model that only listens."""
    none = {"words": None, "characters": None, "word_scores": None}
    tests = Faithfulness(None, ranking_test("moments", False, True))
    utterance = Utterance(id="a.wav", audio="a.wav", start=1.5, end=2.1)
    return explained(utterance=utterance, alignment=None, explanation=explanation(**none, faithfulness=tests))
