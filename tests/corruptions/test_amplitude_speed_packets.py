"""Gain, clipping, speed and lost packets: numbers that can be checked with a pencil."""

import numpy as np
import pytest
from spoken import RATE, RECORDINGS, bursts, real, rng, tone

from emoduet.corruptions import Clipping, Gain, PacketLoss, Speed
from emoduet.errors import AudioError, InputError

RAMP = np.arange(-499, 501, dtype=np.float32) / 1000
"""1,000 samples from -0.499 to 0.5."""


# Gain


def test_20_db_are_a_factor_of_ten_and_nothing_is_clipped():
    np.testing.assert_allclose(Gain(20).apply(RAMP, rng()), 10 * RAMP, rtol=1e-6)
    np.testing.assert_allclose(Gain(-20).apply(RAMP, rng()), RAMP / 10, rtol=1e-6)
    assert Gain(6).apply(RAMP, rng())[-1] == pytest.approx(0.99763, abs=1e-4)


# Clipping


def test_the_loudest_fifth_is_cut_to_the_loudest_of_the_rest():
    """Of the magnitudes 0, 0.001, 0.001, ..., 0.499, 0.499, 0.5, two hundred are above 0.400."""
    clipped = Clipping(0.2).apply(RAMP, rng())
    assert np.abs(clipped).max() == np.float32(0.4)
    assert (clipped != RAMP).sum() == 199  # 0.401 to 0.499 twice and 0.5 once; one of the two of 0.400 is the 200th
    np.testing.assert_array_equal(np.sign(clipped), np.sign(RAMP))


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("name", RECORDINGS)
def test_the_share_of_clipped_samples_is_measured_in_real_speech(share, name):
    clean = real(name)
    clipped = Clipping(share).apply(clean, rng())
    assert np.mean(clipped != clean) == pytest.approx(share, rel=0.02)
    assert np.mean(np.abs(clipped) == np.abs(clipped).max()) >= share


def test_never_more_than_the_share_is_clipped():
    square = np.where(np.arange(1000) % 2, np.float32(0.5), np.float32(-0.5))
    np.testing.assert_array_equal(Clipping(0.2).apply(square, rng()), square)
    np.testing.assert_array_equal(Clipping(0).apply(RAMP, rng()), RAMP)


# Speed


@pytest.mark.parametrize("factor", [0.8, 0.9, 1.1, 1.25])
def test_speed_divides_the_duration_and_multiplies_the_pitch(factor):
    heard = Speed(factor).apply(tone(440, seconds=2), rng())
    assert len(heard) == round(32_000 / factor)
    assert np.argmax(np.abs(np.fft.rfft(heard, 160_000))) / 10 == pytest.approx(440 * factor, abs=0.5)
    assert np.abs(heard[2000:-2000]).max() == pytest.approx(0.5, abs=0.01)


def test_speed_moves_a_moment_to_where_the_factor_says():
    click = np.zeros(RATE, np.float32)
    click[10_000] = 1
    assert np.argmax(Speed(1.25).apply(click, rng())) == 8000
    assert np.argmax(Speed(0.8).apply(click, rng())) == 12_500


def test_what_would_rise_beyond_8_khz_is_gone():
    assert np.abs(Speed(1.25).apply(tone(7000, seconds=1), rng())[1000:-1000]).max() < 1e-3


def test_the_speed_of_one_changes_nothing():
    np.testing.assert_array_equal(Speed(1).apply(bursts(), rng()), bursts())


def test_speech_that_would_get_too_short_is_refused():
    assert len(Speed(1.25).apply(tone(seconds=0.1), rng())) == 1280
    with pytest.raises(AudioError, match="speed 1.25 x: 360 samples; need at least 400"):
        Speed(1.25).apply(tone(seconds=450 / RATE), rng())


# Lost packets


def lost_packets(share, num_packets=100, seed=0):
    heard = PacketLoss(share).apply(np.full(320 * num_packets, 0.5, np.float32), rng(seed))
    packets = heard.reshape(num_packets, 320)
    assert np.all((packets == 0) | (packets == 0.5)) and np.all(packets.min(1) == packets.max(1))
    return set(np.flatnonzero(packets.max(1) == 0))


def test_the_share_of_packets_is_lost_whole():
    assert [len(lost_packets(share)) for share in (0, 0.02, 0.05, 0.1, 1)] == [0, 2, 5, 10, 100]


def test_what_is_lost_at_a_small_share_is_lost_at_a_larger():
    assert lost_packets(0.02) < lost_packets(0.05) < lost_packets(0.1)


def test_short_utterances_lose_their_share_on_average():
    """Five packets lose a tenth, half a packet: none or one, each in about half of 400 utterances."""
    counts = [len(lost_packets(0.1, num_packets=5, seed=seed)) for seed in range(400)]
    assert set(counts) == {0, 1}
    assert np.mean(counts) == pytest.approx(0.5, abs=0.1)


def test_losses_are_scattered_and_the_last_packet_may_be_short():
    assert len({frozenset(lost_packets(0.05, seed=seed)) for seed in range(20)}) == 20
    assert np.all(PacketLoss(1).apply(np.ones(1601, np.float32), rng()) == 0)


# What means nothing


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (Gain, float("nan"), "gain in dB is nan; need a number from -120 to 120"),
        (Clipping, 1.0, "share of clipped samples is 1.0; need a number from 0 to 0.9"),
        (Speed, 0.0, "speed is 0.0; need a number from 0.5 to 2"),
        (PacketLoss, 5, "share of lost packets is 5; need a number from 0 to 1"),
    ],
)
def test_severities_that_mean_nothing_are_refused(kind, value, message):
    with pytest.raises(InputError, match=message):
        kind(value)
