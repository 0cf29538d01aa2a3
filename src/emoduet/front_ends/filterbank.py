"""Mel filterbanks and cepstra as Kaldi computes them, by kaldi-native-fbank: bands from 20 Hz to 8 kHz.

No dither: the same sound gives the same frames. Digital silence gives Kaldi's floor, ln 1.2e-7 = -15.9, not infinity.
"""

import kaldi_native_fbank as kaldi
import numpy as np
from jaxtyping import Float

from emoduet.audio import SAMPLING_RATE

KALDI_SCALE = 2.0**15
"""Kaldi's samples are 16-bit integers, ours lie between -1 and 1."""
FEWEST_BINS, MOST_BINS = 3, 120
"""What 257 points of a spectrum can be divided into so that each band holds one."""
_USUAL_BINS = 23


def log_mel_filterbank(samples: np.ndarray, num_bins: int) -> Float[np.ndarray, "frames bins"]:
    """The natural logarithm of the power in each of `num_bins` mel bands."""
    options = kaldi.FbankOptions()
    options.mel_opts.num_bins = num_bins
    return _frames(kaldi.OnlineFbank(_usual(options)), samples)


def mel_cepstrum(samples: np.ndarray, num_ceps: int) -> Float[np.ndarray, "frames ceps"]:
    """Cepstral coefficients of 23 mel bands, or of as many bands as coefficients.

    In the place of coefficient 0 stands the natural logarithm of the frame's energy, before pre-emphasis and window.
    """
    options = kaldi.MfccOptions()
    options.num_ceps = num_ceps
    options.mel_opts.num_bins = max(_USUAL_BINS, num_ceps)
    return _frames(kaldi.OnlineMfcc(_usual(options)), samples)


def _usual(options: kaldi.FbankOptions | kaldi.MfccOptions) -> kaldi.FbankOptions | kaldi.MfccOptions:
    options.frame_opts.dither = 0.0
    options.frame_opts.samp_freq = SAMPLING_RATE
    return options


def _frames(computer: kaldi.OnlineFbank | kaldi.OnlineMfcc, samples: np.ndarray) -> np.ndarray:
    computer.accept_waveform(SAMPLING_RATE, samples * KALDI_SCALE)
    computer.input_finished()
    return np.stack([computer.get_frame(number) for number in range(computer.num_frames_ready)])
