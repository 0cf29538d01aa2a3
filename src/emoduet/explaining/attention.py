"""Which words met which moments: the cross-modal attention of one utterance, by word and by second.

It shows where the model looked, which is not proof of why it decided as it did.
"""

import numpy as np
import torch
from jaxtyping import Float

from emoduet.build import Model
from emoduet.errors import InputError
from emoduet.explaining.deletion import Subject, read_subject
from emoduet.explaining.types import Alignment
from emoduet.systems.cross_modal import CrossModalSystem
from emoduet.timeline import Answering
from emoduet.types import Seconds, Utterance
from emoduet.windows import feature_frame_times

HALF_A_FRAME: Seconds = 0.04
"""A frame of the audio feature encoder stands for what lies so near to its middle."""


def align(model: Answering, utterance: Utterance) -> Alignment:
    """Reads the attention of a cross-modal model for one utterance.

    Raises:
        InputError: the model has no cross-modal attention in both directions or stands on frames or words by
            rule, or the utterance has no sound, or no words that it reads.
    """
    check_attends(model)
    if utterance.audio is None:
        raise InputError(f"utterance {utterance.id}: no sound file, so no moments; attention needs sound and words")
    if utterance.transcript is None:
        raise _wordless(utterance.id, None)
    return aligned(model, read_subject(model, utterance))


@torch.no_grad()
def aligned(model: Model, subject: Subject) -> Alignment:
    """`align`, for an utterance that was read already.

    Raises:
        InputError: as `align`.
    """
    check_attends(model)
    if not subject.hears:
        raise InputError(f"utterance {subject.id}: no sound file, so no moments; attention needs sound and words")
    if not subject.reads:
        raise _wordless(subject.id, subject.transcript)
    (cma_1,), (cma_2,) = model.system.attention(subject.inputs.to(model.system.device))
    to_moments = cma_2.mean(dim=0).cpu().numpy()  # [tokens, moments]
    to_words = cma_1.mean(dim=0).cpu().numpy()  # [moments, tokens]
    pieces = [list(one) for one in subject.pieces]
    return Alignment(
        words=subject.units.words,
        times=feature_frame_times(to_words.shape[0]),
        moments_of_words=np.stack([to_moments[one].mean(axis=0) for one in pieces]),
        words_of_moments=np.stack([to_words[:, one].sum(axis=1) for one in pieces], axis=1),
    )


def received_by_words(alignment: Alignment) -> Float[np.ndarray, "words"]:
    """The attention that each word received by CMA-1, mean over the moments that gave it."""
    return alignment.words_of_moments.mean(axis=0)


def received_by_spans(alignment: Alignment, times: Float[np.ndarray, "spans 2"]) -> Float[np.ndarray, "spans"]:
    """The attention that each stretch received by CMA-2, mean over the words that gave it; they sum to one.

    A moment stands for 80 ms around its middle, and its attention goes to the stretches that these lie in, by shares.
    """
    received = alignment.moments_of_words.mean(axis=0)
    begins, ends = alignment.times[:, None] - HALF_A_FRAME, alignment.times[:, None] + HALF_A_FRAME
    overlap = np.clip(np.minimum(ends, times[:, 1]) - np.maximum(begins, times[:, 0]), 0, None)  # [moments, spans]
    return received @ (overlap / overlap.sum(axis=1, keepdims=True))


def check_attends(model: Answering) -> None:
    """Whether a model has attention that can be read.

    Raises:
        InputError: it has no cross-modal attention in both directions, or stands on frames or words by rule.
    """
    if not isinstance(model.system, CrossModalSystem) or not isinstance(model, Model):
        raise InputError(f"attention: this {model.name} model has none; use one of the cross-modal system")
    by_rule = [f"[{name}]" for name in ("frames", "words") if getattr(model.recipe, name)]
    if by_rule:
        raise InputError(
            f"attention: this model stands on {' and '.join(by_rule)}: at which second such a frame lies, or at which "
            "letter such a token, is not kept; use one with audio_encoder and text_encoder"
        )
    directions = model.recipe.cross_modal_attention.directions
    if directions != "both":
        raise InputError(
            f"attention: this model does not attend both ways (cross_modal_attention.directions = {directions!r}); use "
            "one that does"
        )


def _wordless(of: str, transcript: str | None) -> InputError:
    return InputError(f"utterance {of}: no words in {transcript!r}, so no moments of words")
