"""The proposed system for utterances that may come without their words, or without their sound.

What is absent has a learned frame in its place: an absent sound one of H^A, absent words one of W, of which H^T is the
projection as of any token. Neither encoder nor audio feature encoder sees anything of it, so that no batch statistics
are of frames that nobody heard. To learn to do without, a training utterance loses its sound or its words at random,
never both. Words that are known to be none, an empty transcript, are not absent: the text encoder reads them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor, nn

from emoduet.nn.attention import CrossModalAttention, Unattended
from emoduet.nn.audio_features import AudioFeatureEncoder
from emoduet.nn.packing import Packed, pack
from emoduet.nn.pooling import MeanPooling, StatisticsPooling
from emoduet.nn.text_features import TextProjection
from emoduet.systems.cross_modal import CrossModalSystem
from emoduet.systems.inputs import Inputs
from emoduet.types import Probability


class MissingModalitySystem(CrossModalSystem):
    """The cross-modal system, with a learned frame for a sound and one for words that are not there.

    Args:
        audio_dropout: the share of training utterances that lose their sound.
        text_dropout: the share that lose their words; the two together are below 1.
    """

    may_lack = True

    def __init__(
        self,
        audio_encoder: nn.Module,
        text_encoder: nn.Module,
        audio_features: AudioFeatureEncoder,
        text_projection: TextProjection,
        cma_1: CrossModalAttention | Unattended,
        cma_2: CrossModalAttention | Unattended,
        pool: StatisticsPooling | MeanPooling,
        num_classes: int,
        cma_1_keys: Literal["projected", "encoder"] = "projected",
        *,
        audio_dropout: Probability,
        text_dropout: Probability,
    ) -> None:
        super().__init__(
            audio_encoder, text_encoder, audio_features, text_projection, cma_1, cma_2, pool, num_classes, cma_1_keys
        )
        self.audio_dropout = audio_dropout
        self.text_dropout = text_dropout
        self.absent_sound = nn.Parameter(torch.randn(1, audio_features.output_size))
        self.absent_words = nn.Parameter(torch.randn(1, text_encoder.hidden_size))

    @classmethod
    def wrong_together(cls, numbers: Mapping[str, object]) -> list[str]:
        """Whether no utterance would keep both."""
        audio, text = numbers["audio_dropout"], numbers["text_dropout"]
        if audio + text < 1:
            return []
        return [f"model.audio_dropout {audio} and model.text_dropout {text}: the sum must be below 1; lower one"]

    def learn(
        self, inputs: Inputs, targets: Int64[Tensor, "utterances"], class_weights: Float[Tensor, "classes"]
    ) -> tuple[Float[Tensor, "utterances"], Float[Tensor, "utterances classes"]]:
        """The cross-entropy of what is left of each utterance: in training some of them lose their sound or words."""
        return super().learn(self._dropped(inputs) if self.training else inputs, targets, class_weights)

    def streams(self, inputs: Inputs) -> tuple[Packed, Packed, Packed]:
        """H^A, H^T and W, each of one learned frame where an utterance lacks what they are made of."""
        H_A = _filled(inputs.waveforms, self._audio_network, self.absent_sound)
        W = _filled(inputs.tokens, self.text_encoder, self.absent_words)
        return H_A, self.text_projection(W), W

    def _audio_network(self, waveforms: Sequence[Tensor]) -> Packed:
        return self.audio_features(self.audio_encoder(waveforms))

    def _dropped(self, inputs: Inputs) -> Inputs:
        """One draw an utterance, from torch's generator of the CPU; what lacks one already keeps the other."""
        draws = torch.rand(len(inputs.waveforms)).tolist()
        kept = [self._kept(*one) for one in zip(inputs.waveforms, inputs.tokens, draws, strict=True)]
        return Inputs(*map(list, zip(*kept, strict=True)))

    def _kept(self, sound: Tensor, words: Tensor, draw: float) -> tuple[Tensor, Tensor]:
        if len(sound) == 0 or len(words) == 0 or draw >= self.audio_dropout + self.text_dropout:
            return sound, words
        return (sound[:0], words) if draw < self.audio_dropout else (sound, words[:0])


def _filled(
    inputs: Sequence[Shaped[Tensor, "_rows ..."]],
    encode: Callable[[Sequence[Tensor]], Packed],
    absent: Float[Tensor, "1 dim"],
) -> Packed:
    """The frames of those that are there, encoded together; `absent` for each of the others."""
    there = [one for one in inputs if len(one)]
    frames = iter(encode(there).unpack() if there else ())
    return pack([next(frames) if len(one) else absent for one in inputs])
