"""After Yenigalla, Kumar, Tripathi, Singh, Kar and Vepa, "Speech emotion recognition using spectrogram & phoneme
embedding" (Interspeech 2018): a CNN over the spectrogram and one over the phonemes, side by side, and one classifier.

The sizes are not known to us. Phonemes are those a pronunciation gives for the transcript, not those that were heard,
and their vectors train with the rest. The spectrogram is a log mel filterbank of the whole utterance, whatever its
length.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.spectrogram_cnn import Kernels, SpectrogramCnn
from emoduet.nn.word_cnn import KernelSizes, WordCnn
from emoduet.systems.base import System
from emoduet.systems.inputs import Inputs
from emoduet.types import Positive, Probability


class McnnPhonemesSystem(System):
    """Parallel 2-D convolutions over the spectrogram, parallel 1-D ones over phonemes, a dense layer over both.

    Args:
        spectrogram_kernels: frames and bins under each.
        spectrogram_stride: frames and bins from one place of a kernel to the next.
        phoneme_kernels: phonemes under each.
    """

    def __init__(
        self,
        audio_encoder: nn.Module,
        text_encoder: nn.Module,
        num_classes: int,
        *,
        spectrogram_filters: Positive,
        spectrogram_kernels: Kernels,
        spectrogram_stride: Positive,
        phoneme_filters: Positive,
        phoneme_kernels: KernelSizes,
        dense_size: Positive,
        dropout: Probability,
    ) -> None:
        super().__init__()
        self.audio_encoder = audio_encoder
        self.text_encoder = text_encoder
        self.spectrogram_cnn = SpectrogramCnn(
            audio_encoder.hidden_size, spectrogram_filters, spectrogram_kernels, spectrogram_stride
        )
        self.phoneme_cnn = WordCnn(text_encoder.hidden_size, phoneme_filters, phoneme_kernels)
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(self.spectrogram_cnn.output_size + self.phoneme_cnn.output_size, dense_size)
        self.classifier = nn.Linear(dense_size, num_classes)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        spectrogram = self.spectrogram_cnn(self.audio_encoder(inputs.waveforms))
        phonemes = self.phoneme_cnn(self.text_encoder(inputs.tokens))
        both = self.dropout(torch.cat([spectrogram, phonemes], dim=1))
        return self.classifier(self.dropout(self.dense(both).relu()))
