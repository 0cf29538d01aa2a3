"""Jitter and shimmer: found again as they were put in, and nowhere else."""

import numpy as np
import pytest
from voices import noise, pulses, silence, voice

from emoduet.front_ends.cycles import cycle_variation
from emoduet.front_ends.framing import num_frames


def variation(sound, pitch, voiced=True):
    frames = num_frames(len(sound))
    return cycle_variation(sound, np.full(frames, float(pitch)), np.full(frames, voiced))


def test_cycles_all_alike_have_neither():
    found = variation(pulses([160] * 80, [0.3] * 80), 100)
    assert found.measured.mean() > 0.95
    assert found.jitter.max() < 1e-4
    assert found.shimmer[3:].max() < 1e-4  # the first strikes have no ring before them


def test_lengths_by_turns_1_percent_above_and_below_differ_by_2():
    found = variation(pulses([158.4, 161.6] * 40, [0.3] * 80), 100)
    assert found.measured.mean() > 0.95
    np.testing.assert_allclose(found.jitter[found.measured], 0.02, atol=5e-4)
    assert found.shimmer.max() < 0.01


def test_loudness_by_turns_10_percent_above_and_below_differs_by_20():
    found = variation(pulses([160] * 80, [0.33, 0.27] * 40), 100)
    np.testing.assert_allclose(found.shimmer[found.measured], np.full(found.measured.sum(), 0.2), rtol=0.05)
    assert found.jitter.max() < 1e-3


@pytest.mark.parametrize("pitch", [65, 120, 250, 590])
def test_a_pitch_a_little_off_does_not_matter(pitch):
    found = variation(voice(pitch), 1.05 * pitch)
    assert found.measured.mean() > 0.9
    assert found.jitter.max() < 0.006
    assert found.shimmer.max() < 0.08


def test_a_pitch_far_off_is_not_measured():
    assert not variation(voice(150), 100).measured.any()


@pytest.mark.parametrize(("sound", "voiced"), [(noise(), True), (silence(), True), (voice(100), False)])
def test_where_no_cycles_are_there_is_nothing(sound, voiced):
    found = variation(sound, 100, voiced)
    assert found.measured.mean() < 0.01
    assert found.jitter[~found.measured].max() == found.shimmer[~found.measured].max() == 0


def test_neighbours_must_lie_within_the_sound():
    """At 65 Hz three cycles take 46 ms: the first whole ones lie around the middle of the second frame."""
    measured = variation(voice(65), 65).measured
    assert not measured[0]
    assert not measured[-1]
    assert measured[2:-2].all()


def test_a_long_sound_is_measured_in_portions(monkeypatch):
    sound = pulses([158.4, 161.6] * 40, [0.33, 0.27] * 40)
    whole = variation(sound, 100)
    monkeypatch.setattr("emoduet.front_ends.cycles._BLOCK", 7)
    np.testing.assert_array_equal(variation(sound, 100), whole)
