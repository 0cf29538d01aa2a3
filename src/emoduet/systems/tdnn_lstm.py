"""After Sarma, Ghahremani, Povey, Goel, Sarma and Dehak, "Emotion identification from raw speech signals using DNNs"
(Interspeech 2018): filters learned from samples, one label a frame, time-delay layers and LSTMs with time-restricted
self-attention between them.

Our reading: those parts are what its abstract names; their number and sizes are ours. Filters at 400 steps a second
and a first layer that makes 100 frames of them; every third frame goes on; then twice two time-delay layers and a
forward LSTM, with the attention between the two, in the window that Kaldi's speech recognition has. An utterance's
answer is the mean of its frames' probabilities. Kaldi's low-rank and projected layers, chunks of fixed length and
natural gradient are not there.
"""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from emoduet.nn.packing import Packed, moved, utterance_index
from emoduet.nn.pooling import MeanPooling
from emoduet.nn.recurrent import ForwardLSTM
from emoduet.nn.tdnn import TimeDelayLayer, TimeDomainFilters
from emoduet.nn.time_restricted import TimeRestrictedAttention
from emoduet.systems.base import System, cross_entropy
from emoduet.systems.inputs import Inputs
from emoduet.types import Positive, Probability

FRAME_STRIDE = 3
"""Of 100 frames a second, every third has a label."""


class TdnnLstmSystem(System):
    """Samples, learned filters, TDNN, LSTM, time-restricted attention, TDNN, LSTM, a classification of every frame.

    Args:
        window_left: how many frames of 30 ms the attention looks back.
        window_right: how many it looks ahead.
    """

    def __init__(
        self,
        audio_encoder: nn.Module,
        num_classes: int,
        *,
        num_filters: Positive,
        tdnn_size: Positive,
        lstm_size: Positive,
        num_heads: Positive,
        window_left: Positive,
        window_right: Positive,
        dropout: Probability,
    ) -> None:
        super().__init__()
        self.audio_encoder = audio_encoder
        self.layers = nn.Sequential(
            TimeDomainFilters(audio_encoder.hidden_size, num_filters, tdnn_size),
            TimeDelayLayer(tdnn_size, tdnn_size, 3, stride=FRAME_STRIDE),
            TimeDelayLayer(tdnn_size, tdnn_size, 3),
            ForwardLSTM(tdnn_size, lstm_size),
            TimeRestrictedAttention(lstm_size, num_heads, window_left, window_right),
            TimeDelayLayer(lstm_size, tdnn_size, 3),
            TimeDelayLayer(tdnn_size, tdnn_size, 3, dilation=3),
            ForwardLSTM(tdnn_size, lstm_size),
        )
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(lstm_size, num_classes)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        return mean_probabilities(self.frame_logits(inputs))

    def frame_logits(self, inputs: Inputs) -> Packed:
        """A number for each class, of every frame of 30 ms."""
        frames = self.layers(self.audio_encoder(inputs.waveforms))
        return frames.map(self.dropout).map(self.classifier)

    def learn(
        self, inputs: Inputs, targets: Int64[Tensor, "utterances"], class_weights: Float[Tensor, "classes"]
    ) -> tuple[Float[Tensor, "utterances"], Float[Tensor, "utterances classes"]]:
        """Every frame has its utterance's label; an utterance's loss is the mean of its frames'."""
        frames = self.frame_logits(inputs)
        owner = moved(utterance_index(frames.lengths), targets.device)
        losses = cross_entropy(frames.values.float(), targets.index_select(0, owner), class_weights)
        return MeanPooling()(frames.with_values(losses[:, None]))[:, 0], mean_probabilities(frames)


def mean_probabilities(frames: Packed) -> Float[Tensor, "utterances classes"]:
    """The logarithm of the mean of frames' probabilities, so that softmax gives that mean back."""
    log_probabilities = frames.map(lambda logits: functional.log_softmax(logits.float(), dim=1)).unpack()
    return torch.stack([torch.logsumexp(of_one, dim=0) - math.log(len(of_one)) for of_one in log_probabilities])
