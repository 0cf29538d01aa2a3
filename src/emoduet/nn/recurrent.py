"""The bidirectional LSTM of the audio feature encoder (paper section 2.2, Eq. 2) over packed utterances."""

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

from emoduet.nn.packing import Packed, moved, time_major_order


class BidirectionalLSTM(nn.Module):
    """One BLSTM layer: `hidden_size` units a direction, so 2 * hidden_size values a frame, with dropout on them.

    Dropout stands behind the layer because PyTorch's own argument does nothing in a single-layer LSTM. Runs in fp32
    under autocast: its recurrence loses too much in half precision.
    """

    def __init__(self, input_size: int, hidden_size: int, dropout: float) -> None:
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, bidirectional=True)
        self.dropout = nn.Dropout(dropout)

    def forward(self, frames: Packed) -> Packed:
        order, running = time_major_order(frames.lengths)
        order = moved(order, frames.values.device)
        with torch.autocast(frames.values.device.type, enabled=False):
            steps, _ = self.lstm(PackedSequence(frames.values.float().index_select(0, order), running))
        return frames.with_values(self.dropout(steps.data.index_select(0, order.argsort())))
