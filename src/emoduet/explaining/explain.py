"""Which words and moments carried an answer, by one of three methods, and whether their ranking holds.

* attention: what each word received by CMA-1 and each moment by CMA-2, mean over heads and over those that gave it. It
  is the same for every class.
* occlusion: what the target's probability loses when this word or this moment alone is deleted.
* integrated gradients: see `gradients`.

Words are scored and tested with the sound whole, moments with the words whole. Nothing is drawn or written here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Bool, Float

from emoduet.classifiers import Classifier
from emoduet.errors import InputError, UsageError
from emoduet.explaining.attention import aligned, check_attends, received_by_spans, received_by_words
from emoduet.explaining.deletion import Rows, Subject, answered, read_subject
from emoduet.explaining.gradients import STEPS, check_differentiable, integrated
from emoduet.explaining.types import METHODS, Alignment, Explanation, Method
from emoduet.faithfulness import FEWEST_ORDERS, RANDOM_ORDERS, Faithfulness, examine
from emoduet.systems.inputs import Inputs
from emoduet.timeline import Answering
from emoduet.types import Utterance

Answers = Callable[[Bool[np.ndarray, "sets units"]], Float[np.ndarray, "sets"]]
"""The target's probability for sets of units that are left."""


@dataclass(frozen=True)
class Explaining:
    """How answers are explained; the same for any number of utterances.

    Attributes:
        target: the class whose probability is explained; None takes each utterance's predicted one.
        tested: whether scores are tested by deletion and insertion, which takes many answers.
        num_orders: how many random orders they are tested against.
        seed: of random orders and noise.

    Raises:
        UsageError: there is no such method, or there are too few random orders.
    """

    method: Method = "occlusion"
    target: str | None = None
    tested: bool = True
    num_orders: int = RANDOM_ORDERS
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UsageError(f"method {self.method}; want one of {', '.join(METHODS)}")
        if self.num_orders < FEWEST_ORDERS:
            raise UsageError(
                f"{self.num_orders} random orders; need at least {FEWEST_ORDERS}, such as {RANDOM_ORDERS}, for chance "
                "to be told from more than chance"
            )


@dataclass(frozen=True)
class _Question:
    """An utterance and a class, for all methods."""

    model: Answering
    subject: Subject
    target: int
    words: Answers
    spans: Answers
    seed: int


@dataclass(frozen=True)
class _Scores:
    """Of words and of moments; None where there are none."""

    words: np.ndarray | None
    spans: np.ndarray | None
    note: str
    alignment: Alignment | None = None


def check_explainable(model: Answering, explaining: Explaining, precision: str = "fp32") -> None:
    """Finds before an utterance is read that a model cannot be explained so.

    Raises:
        InputError: its kind of model has no attention, or no gradients; or captum is not installed.
        UsageError: the target is none of its classes.
    """
    if explaining.target is not None and explaining.target not in model.classes:
        raise UsageError(f"target {explaining.target}: this model knows {', '.join(model.classes)}; take one of them")
    if explaining.method == "attention":
        check_attends(model)
    if explaining.method == "integrated-gradients":
        check_differentiable(model, precision)


def explain(
    model: Answering, utterance: Utterance, rows: Rows, explaining: Explaining, precision: str = "fp32"
) -> Explanation:
    """Scores of an utterance's words and moments, and what deletion and insertion say of them.

    Args:
        rows: the model's probabilities for inputs of one utterance each.
        precision: what `rows` computes in; gradients and attention are always of fp32.

    Raises:
        InputError: as `check_explainable`; there is neither a word nor a moment, or attention lacks one of the two.
        CorpusError: the utterance lacks sound or words that the model needs.
        AudioError: its sound cannot be used.
    """
    check_explainable(model, explaining, precision)
    subject = read_subject(model, utterance)
    if not subject.hears and not subject.reads:
        raise InputError(
            f"utterance {subject.id}: no words in {subject.transcript!r}, and no sound; there is nothing to score"
        )
    (probabilities,) = rows([subject.inputs])
    question = _question(model, subject, rows, np.array(probabilities), explaining)
    scores = _METHODS[explaining.method](question)
    return Explanation(
        id=subject.id,
        classes=tuple(model.classes),
        probabilities=np.array(probabilities),
        target=model.classes[question.target],
        method=explaining.method,
        words=subject.units.words if subject.reads else None,
        characters=subject.units.characters if subject.reads else None,
        word_scores=scores.words,
        times=subject.units.times if subject.hears else None,
        span_scores=scores.spans,
        alignment=scores.alignment,
        faithfulness=_tested(question, scores, explaining) if explaining.tested else None,
        notes=(scores.note, *_notes(model, subject)),
    )


def _question(
    model: Answering, subject: Subject, rows: Rows, probabilities: Float[np.ndarray, "classes"], explaining: Explaining
) -> _Question:
    predicted = int(probabilities.argmax())
    target = predicted if explaining.target is None else model.classes.index(explaining.target)

    def answers(without: Callable[[np.ndarray], Inputs]) -> Answers:
        return partial(answered, rows, target, without)

    return _Question(
        model, subject, target, answers(subject.without_words), answers(subject.without_spans), explaining.seed
    )


def _tested(question: _Question, scores: _Scores, explaining: Explaining) -> Faithfulness:
    test = partial(
        examine,
        target=question.model.classes[question.target],
        num_orders=explaining.num_orders,
        seed=explaining.seed,
    )
    return Faithfulness(
        words=None if scores.words is None else test(scores.words, question.words, units="words"),
        spans=None if scores.spans is None else test(scores.spans, question.spans, units="moments"),
    )


def _by_attention(question: _Question) -> _Scores:
    alignment = aligned(question.model, question.subject)
    return _Scores(
        words=received_by_words(alignment),
        spans=received_by_spans(alignment, question.subject.units.times),
        note="scores are shares of attention received: words by CMA-1, moments by CMA-2, mean over heads and over "
        "those that gave it. Attention is the same for every class, and is not proof of why",
        alignment=alignment,
    )


def _by_occlusion(question: _Question) -> _Scores:
    subject = question.subject
    return _Scores(
        words=_losses(question.words, len(subject.units.words)) if subject.reads else None,
        spans=_losses(question.spans, len(subject.units.times)) if subject.hears else None,
        note="scores are what the target's probability loses when this word or moment alone is deleted",
    )


def _losses(answers: Answers, num_units: int) -> Float[np.ndarray, "units"]:
    """For each unit, the answer to all units less that to all but it."""
    whole, *without = answers(np.vstack([np.ones(num_units, dtype=bool), ~np.eye(num_units, dtype=bool)]))
    return whole - np.array(without)


def _by_gradients(question: _Question) -> _Scores:
    found = integrated(question.model, question.subject, question.target, question.seed)
    return _Scores(
        words=found.words if question.subject.reads else None,
        spans=found.spans if question.subject.hears else None,
        note=f"scores are integrated gradients of the target's probability, {STEPS} steps from {found.baseline}; they "
        f"sum to {found.found:.3f}, and the probability differs from the baseline's by {found.difference:.3f}",
    )


_METHODS: dict[Method, Callable[[_Question], _Scores]] = {
    "attention": _by_attention,
    "occlusion": _by_occlusion,
    "integrated-gradients": _by_gradients,
}


def _notes(model: Answering, subject: Subject) -> list[str]:
    """How units are deleted, and what of the utterance is not scored."""
    notes = []
    if subject.reads:
        masked = "the mask token in the place of each of its pieces"
        notes.append(f"a word is deleted by {'leaving it out' if subject.mask is None else masked}")
    if subject.hears:
        louder = ", after which the checkpoint normalises what is left" if isinstance(model, Classifier) else ""
        notes.append(f"a moment is deleted by silence in its place{louder}")
    beyond = len((subject.transcript or "").split()) - len(subject.units.words) if subject.reads else 0
    if beyond:
        notes.append(f"{beyond} words are not scored: the model does not read them")
    notes.append(
        "what is left after deletion is like nothing the model was trained on; part of a fall may be owed to that"
    )
    return notes
