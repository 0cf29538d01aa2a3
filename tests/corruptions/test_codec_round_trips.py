"""Codecs: at the bitrates asked for, on time, as long as before, and no louder."""

import numpy as np
import pytest
import soundfile
from spoken import RATE, RECORDINGS, bursts, decibels, delay_of, power, power_between, real, rng, tone

from emoduet.corruptions import Mp3, Opus
from emoduet.corruptions.codecs import MP3_BITRATES
from emoduet.errors import InputError

CODECS = [Mp3(64), Mp3(32), Mp3(16), Opus(24), Opus(12), Opus(6)]
EVERY_CODEC = pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.key)


@pytest.mark.parametrize("bitrate", MP3_BITRATES)
def test_mp3_has_the_bitrate_asked_for(bitrate):
    """In its first frame's header: four bits, an index into MPEG-2 layer III's bitrates, where 16 kbit/s is 2."""
    encoded = Mp3(bitrate).encoded(bursts())
    frame = encoded.index(b"\xff\xf3")
    assert encoded[frame + 2] >> 4 == MP3_BITRATES.index(bitrate) + 2
    assert len(encoded) * 8 / 4 == pytest.approx(1000 * bitrate, rel=0.05)


@pytest.mark.parametrize(("bitrate", "overhead"), [(6, 1.2), (12, 1.1), (24, 1.1)])
def test_opus_has_about_the_bitrate_asked_for_in_real_speech(bitrate, overhead):
    speech = real(RECORDINGS[0])
    kilobits = len(Opus(bitrate).encoded(speech)) * 8 / (len(speech) / RATE) / 1000
    assert 0.85 * bitrate < kilobits < overhead * bitrate


@EVERY_CODEC
@pytest.mark.parametrize("name", RECORDINGS[:2])
def test_real_speech_keeps_its_time_its_length_and_most_of_itself(codec, name):
    clean = real(name)[: 4 * RATE]
    heard = codec.apply(clean, rng())
    assert len(heard) == len(clean)
    assert abs(delay_of(clean, heard)) <= 16  # 1 ms
    assert 0.6 < np.corrcoef(clean, heard)[0, 1] < 0.99999


@EVERY_CODEC
@pytest.mark.parametrize("num_samples", [400, 1600, 1601, 5000, 16_001])
def test_every_length_is_kept_and_nothing_moves(codec, num_samples):
    clean = bursts()[1000 : 1000 + num_samples]
    heard = codec.apply(clean, rng())
    assert len(heard) == num_samples
    if num_samples >= 5000:  # less holds too little for Opus at its lowest
        assert abs(delay_of(clean, heard)) <= 16


@EVERY_CODEC
def test_louder_than_full_scale_is_neither_clipped_nor_changed_in_level(codec):
    clean = tone(500, seconds=1, amplitude=4.0)
    heard = codec.apply(clean, rng())[4000:12000]
    assert decibels(power(heard) / 8) == pytest.approx(0, abs=1)
    assert power_between(heard, 1450, 1550) < 1e-3 * power(heard)  # the third harmonic


@EVERY_CODEC
def test_silence_stays_silent_and_the_same_speech_gives_the_same(codec):
    assert np.abs(codec.apply(np.zeros(1600, np.float32), rng())).max() < 1e-4  # three steps of 16 bits
    first, second = (codec.apply(bursts(1.0), rng(seed)) for seed in (0, 1))
    np.testing.assert_array_equal(first, second)


def test_lower_bitrates_lose_more():
    clean = real(RECORDINGS[0])[: 4 * RATE]
    for family in (CODECS[:3], CODECS[3:]):
        errors = [power(codec.apply(clean, rng()) - clean) for codec in family]
        assert errors == sorted(errors)


@pytest.mark.parametrize("error", [ValueError("Unknown format: 'MP3'"), soundfile.LibsndfileError(1)])
def test_a_libsndfile_that_is_too_old_is_told(monkeypatch, error):
    def refuse(*_arguments, **_options):
        raise error

    monkeypatch.setattr(soundfile, "write", refuse)
    with pytest.raises(InputError, match=r"mp3 32 kbit/s: libsndfile .* does not write it .*; need 1.2 or later: pip"):
        Mp3(32).apply(tone(), rng())


def test_bitrates_that_do_not_exist_are_refused():
    with pytest.raises(InputError, match=r"mp3 bitrate 20 kbit/s; at 16 kHz there are \[16, 24"):
        Mp3(20)
    with pytest.raises(InputError, match="opus bitrate in kbit/s is 5; need a number from 6 to 256"):
        Opus(5)
