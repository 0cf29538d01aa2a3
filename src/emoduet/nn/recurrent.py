"""Recurrent layers over packed utterances; the BLSTM is that of the audio feature encoder (paper section 2.2, Eq. 2).

A layer has two ways to run, tested equal: PackedSequence, which a GPU has a kernel for, and each direction as a dense
layer over all utterances side by side, which a CPU has one for. On the other's ground each is many times slower.
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from emoduet.nn.packing import Packed, moved, places_side_by_side, time_major_order

_KERNELS = {"LSTM": lambda steps, start, *others: torch.lstm(steps, (start, start), *others), "GRU": torch.gru}
"""By `RNNBase.mode`; an LSTM's cell begins as its state does."""
_DIRECTIONS = {False: ("",), True: ("", "_reverse")}
"""How PyTorch ends the names of a layer's weights, by `RNNBase.bidirectional`."""


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
        return frames.with_values(self.dropout(_run(self.lstm, frames)))


class BidirectionalGRU(nn.Module):
    """One bidirectional GRU layer: `hidden_size` units a direction, so 2 * hidden_size values a frame; in fp32."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.gru = nn.GRU(input_size, hidden_size, bidirectional=True)

    def forward(self, frames: Packed) -> Packed:
        return frames.with_values(_run(self.gru, frames))


class ForwardLSTM(nn.Module):
    """One LSTM layer from each utterance's first frame to its last; in fp32."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size)

    def forward(self, frames: Packed) -> Packed:
        return frames.with_values(_run(self.lstm, frames))


def run_packed_sequence(layer: nn.LSTM | nn.GRU, frames: Packed) -> Float[Tensor, "total states"]:
    """All directions at once, step by step over the utterances that still run."""
    order, running = time_major_order(frames.lengths)
    order = moved(order, frames.values.device)
    steps, _ = layer(PackedSequence(frames.values.index_select(0, order), running))
    return steps.data.index_select(0, order.argsort())


def run_side_by_side(layer: nn.LSTM | nn.GRU, frames: Packed) -> Float[Tensor, "total states"]:
    """Each direction from its own end of every utterance; zeros behind an utterance's last frame answer to nobody."""
    ways = zip(places_side_by_side(frames.lengths), _DIRECTIONS[layer.bidirectional], strict=False)
    return torch.cat([_one_way(layer, frames, places, direction) for places, direction in ways], dim=1)


def _run(layer: nn.LSTM | nn.GRU, frames: Packed) -> Float[Tensor, "total states"]:
    """In fp32, the way of the device that the frames are on."""
    way = {"cpu": run_side_by_side}.get(frames.values.device.type, run_packed_sequence)
    with torch.autocast(frames.values.device.type, enabled=False):
        return way(layer, frames.with_values(frames.values.float()))


def _one_way(layer: nn.LSTM | nn.GRU, frames: Packed, places: Int64[Tensor, "total"], direction: str) -> Tensor:
    weights = [getattr(layer, f"{name}_l0{direction}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    count, width = len(frames.lengths), frames.values.shape[1]
    steps = frames.values.new_zeros(max(frames.lengths) * count, width).index_copy(0, places, frames.values)
    start = frames.values.new_zeros(1, count, layer.hidden_size)
    states, *_ = _KERNELS[layer.mode](
        steps.view(-1, count, width), start, weights, True, 1, 0.0, torch.is_grad_enabled(), False, False
    )
    return states.flatten(0, 1).index_select(0, places)
