"""Which words met which moments: the cross-modal attention of one utterance, by word and by second.

It shows where the model looked, which is not proof of why it decided as it did.
"""

import re
from dataclasses import dataclass

import numpy as np
import torch

from emoduet.build import Model
from emoduet.errors import InputError
from emoduet.systems.cross_modal import CrossModalSystem
from emoduet.types import Utterance
from emoduet.windows import feature_frame_times


@dataclass(frozen=True)
class Alignment:
    """Attention between the words of an utterance and its moments, mean over heads.

    Attributes:
        words: the transcript's words, split at blanks.
        times: the middle of each moment, seconds, every 80 ms.
        moments_of_words: [words, moments], CMA-2: how each word spread its look over the moments; rows sum to one.
        words_of_moments: [moments, words], CMA-1: how each moment spread its look over the words; what went to the
            tokenizer's own first and last token is left out.
    """

    words: tuple[str, ...]
    times: np.ndarray
    moments_of_words: np.ndarray
    words_of_moments: np.ndarray


@torch.no_grad()
def align(model: Model, utterance: Utterance) -> Alignment:
    """Reads the attention of a cross-modal model for one utterance.

    Raises:
        InputError: the model has no cross-modal attention in both directions or stands on frames or words by
            rule, or the utterance has no sound, or no words that it reads.
    """
    _check_attends(model)
    if utterance.audio is None:
        raise InputError(f"utterance {utterance.id}: no sound file, so no moments; attention needs sound and words")
    spans = [match.span() for match in re.finditer(r"\S+", utterance.transcript or "")]
    pieces = _pieces_of_words(model, utterance.transcript, spans) if spans else []
    heard = [number for number, tokens in enumerate(pieces) if tokens]  # words beyond the longest input have none
    if not heard:
        raise InputError(f"utterance {utterance.id}: no words in {utterance.transcript!r}, so no moments of words")
    device = model.system.device
    (cma_1,), (cma_2,) = model.system.attention(model.reader.read([utterance]).to(device))
    to_moments = cma_2.mean(dim=0).cpu().numpy()  # [tokens, moments]
    to_words = cma_1.mean(dim=0).cpu().numpy()  # [moments, tokens]
    return Alignment(
        words=tuple(utterance.transcript[slice(*spans[number])] for number in heard),
        times=feature_frame_times(to_words.shape[0]),
        moments_of_words=np.stack([to_moments[pieces[number]].mean(axis=0) for number in heard]),
        words_of_moments=np.stack([to_words[:, pieces[number]].sum(axis=1) for number in heard], axis=1),
    )


def _check_attends(model: Model) -> None:
    if not isinstance(model.system, CrossModalSystem):
        raise InputError(f"attention: a {model.recipe.system} model has none; use one of the cross-modal system")
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


def _pieces_of_words(model: Model, transcript: str, spans: list[tuple[int, int]]) -> list[list[int]]:
    """The token positions that each word was cut into."""
    offsets = model.reader.tokenizer(
        transcript, truncation=True, return_offsets_mapping=True, return_special_tokens_mask=True, verbose=False
    )
    tokens = [
        (position, (start + end) / 2)
        for position, ((start, end), special) in enumerate(
            zip(offsets["offset_mapping"], offsets["special_tokens_mask"], strict=True)
        )
        if not special
    ]
    return [[position for position, middle in tokens if start <= middle < end] for start, end in spans]
