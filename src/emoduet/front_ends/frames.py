"""Frames of a sound computed by rule, every 10 ms: what the field used before encoders were pretrained.

Each kind is a file of its own, a function from samples at 16 kHz to [frames, values].
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from emoduet.errors import ConfigError, InputError
from emoduet.front_ends import functionals, low_level, power_spectrum, samples
from emoduet.front_ends.filterbank import FEWEST_BINS, MOST_BINS, log_mel_filterbank, mel_cepstrum
from emoduet.front_ends.framing import WINDOW
from emoduet.front_ends.rule import ByRule
from emoduet.nn.packing import Packed, pack

LEAST_SPREAD = 1e-3
"""No value is divided by a smaller standard deviation, so that one that hardly changes is not blown up to noise."""
STANDARDISE = ("training", "utterance", "nothing")
"""Over what frames may be standardised; over a training, it is done behind the front end (`nn.standardiser`)."""
LOUDEST = 1e9
"""Samples beyond this come from no file (`audio.LOUDEST`), and their squares would soon be beyond fp32."""


@dataclass(frozen=True)
class Kind:
    """A way to compute frames, from samples and the number of values a frame.

    Attributes:
        fewest: values a frame, at least; `most`: at most.
        one_row: whether there is a single row an utterance, not one every 10 ms.
    """

    extract: Callable[[np.ndarray, int], Float[np.ndarray, "frames values"]]
    fewest: int
    most: int
    one_row: bool = False


def _fixed(extract: Callable[[np.ndarray, int], np.ndarray], size: int, one_row: bool = False) -> Kind:
    return Kind(extract, size, size, one_row)


KINDS = {
    "filterbank": Kind(log_mel_filterbank, FEWEST_BINS, MOST_BINS),
    "mfcc": Kind(mel_cepstrum, 1, MOST_BINS),
    "low-level": _fixed(low_level.low_level_descriptors, len(low_level.DESCRIPTORS)),
    "power-spectrum": _fixed(power_spectrum.log_power_spectrum, power_spectrum.NUM_POINTS),
    "functionals": _fixed(functionals.functionals, functionals.NUM_VALUES, one_row=True),
}
"""All kinds but "samples", which is a front end of its own."""


def build_frames(kind: str, size: int, standardise: str) -> ByRule:
    """The front end that a recipe's [frames] section, or a model folder's front_end.json, describes.

    Args:
        kind: one of `KINDS`, or "samples".
        size: values a frame.
        standardise: one of `STANDARDISE`; for "training" frames are left as for "nothing", so that one store serves
            all folds.

    Raises:
        ConfigError: there is no such kind, or not of this size, or it cannot be standardised so.
    """
    if standardise not in STANDARDISE:
        raise ConfigError(f"frames.standardise {standardise!r}: choose one of {', '.join(STANDARDISE)}")
    over_utterance = standardise == "utterance"
    if kind == samples.KIND:
        _check_size(kind, size, 1, 1)
        return samples.Samples(over_utterance)
    return FrameFeatures(kind, size, over_utterance)


class FrameFeatures(ByRule):
    """Frames computed by rule, which a store can hold.

    Args:
        kind: one of `KINDS`.
        size: values a frame.
        over_utterance: each value to zero mean and unit variance over the utterance.

    Raises:
        ConfigError: there is no such kind, or not of this size, or it cannot be standardised so.
    """

    stages = ("waveform", "frames")

    def __init__(self, kind: str, size: int, over_utterance: bool) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ConfigError(f"frames.kind {kind!r}: there is none; choose one of {', '.join([*KINDS, samples.KIND])}")
        _check_size(kind, size, KINDS[kind].fewest, KINDS[kind].most)
        if over_utterance and KINDS[kind].one_row:
            raise ConfigError(
                f"frames.standardise 'utterance' of {kind}: there is one row an utterance, of which nothing would be "
                "left; choose training or nothing"
            )
        self.kind, self.hidden_size, self.over_utterance = kind, size, over_utterance

    def forward(self, inputs: Sequence[Tensor]) -> Packed:
        return self.features(inputs, "frames")

    @torch.no_grad()
    def features(self, inputs: Sequence[Tensor], stage: str) -> Packed:
        """The frames of waveforms, or what is at this stage already."""
        take = Tensor.float if stage == self.begins_at else self._extracted
        return pack([take(one) for one in inputs])

    def settings(self) -> dict[str, object]:
        """What `build_frames` makes another one of."""
        over = "utterance" if self.over_utterance else "nothing"
        return {"kind": self.kind, "size": self.hidden_size, "standardise": over}

    def _extracted(self, waveform: Tensor) -> Float[Tensor, "frames values"]:
        frames = KINDS[self.kind].extract(_checked(waveform), self.hidden_size)
        if self.over_utterance:
            frames = _standardised(frames)
        return torch.from_numpy(np.ascontiguousarray(frames, dtype=np.float32)).to(waveform.device)


def _check_size(kind: str, size: int, fewest: int, most: int) -> None:
    if not fewest <= size <= most:
        wanted = str(most) if fewest == most else f"{fewest} to {most}"
        raise ConfigError(f"frames.size {size}: a frame of kind {kind} has {wanted} values; set it so")


def _checked(waveform: Tensor) -> Float[np.ndarray, "samples"]:
    """The samples on the CPU, if frames can be made of them."""
    if len(waveform) < WINDOW:
        raise InputError(f"waveform: {len(waveform)} samples; need at least {WINDOW}, 25 ms at 16 kHz")
    if not (loudest := waveform.abs().max().item()) <= LOUDEST:
        raise InputError(
            f"waveform: its loudest sample is {loudest:.3g}; need numbers, mostly between -1 and 1. Read it again from "
            "its file"
        )
    return waveform.cpu().numpy()


def _standardised(frames: Float[np.ndarray, "frames values"]) -> Float[np.ndarray, "frames values"]:
    """In fp64, where the mean of equal values is that value."""
    frames = frames.astype(np.float64)
    return (frames - frames.mean(axis=0)) / np.maximum(frames.std(axis=0), LEAST_SPREAD)
