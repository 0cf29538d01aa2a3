"""Pitch and how surely there is any, by kaldi-native-fbank: Ghahremani et al. (ICASSP 2014), as Kaldi has it.

The tracker finds the best path through the lags of a whole sound, so that single octave jumps are rare, and gives a
pitch where nothing is voiced, too: whoever uses it must look at the voicing.
"""

import kaldi_native_fbank as kaldi
import numpy as np
from jaxtyping import Float

from emoduet.audio import SAMPLING_RATE
from emoduet.front_ends.filterbank import KALDI_SCALE
from emoduet.front_ends.framing import num_frames

LOWEST, HIGHEST = 60.0, 600.0
"""Hz; excited voices go far above the 400 Hz that read speech keeps to."""

_POV_POWER = 0.15
_POV_OFFSET = 1.0001


def track_pitch(samples: np.ndarray) -> tuple[Float[np.ndarray, "frames"], Float[np.ndarray, "frames"]]:
    """Pitch in Hz, and the probability from 0 to 1 that a frame is voiced."""
    extraction, wanted = kaldi.PitchExtractionOptions(), kaldi.ProcessPitchOptions()
    extraction.samp_freq, extraction.min_f0, extraction.max_f0 = SAMPLING_RATE, LOWEST, HIGHEST
    wanted.add_delta_pitch = wanted.add_normalized_log_pitch = False
    wanted.add_pov_feature = wanted.add_raw_log_pitch = True
    wanted.pov_scale = 1.0
    tracker = kaldi.OnlinePitch(extraction, wanted)
    tracker.accept_waveform(SAMPLING_RATE, samples * KALDI_SCALE)
    tracker.input_finished()
    wanted_frames = range(num_frames(len(samples)))  # the tracker, which counts at 4 kHz, may have one more
    frames = np.stack([tracker.get_frame(number) for number in wanted_frames]).astype(np.float64)
    return np.exp(frames[:, 1]), _voicing(frames[:, 0])


def _voicing(pov_feature: Float[np.ndarray, "frames"]) -> Float[np.ndarray, "frames"]:
    """From Kaldi's feature back to the correlation it is made of, and on to the probability of section 3.3."""
    correlation = _POV_OFFSET - (1 + pov_feature) ** (1 / _POV_POWER)
    size = np.clip(np.abs(correlation), 0, 1)
    log_odds = (
        -5.2 + 5.4 * np.exp(7.5 * (size - 1)) + 4.8 * size - 2 * np.exp(-10 * size) + 4.2 * np.exp(20 * (size - 1))
    )
    return 1 / (1 + np.exp(-log_odds))
