"""Functionals: against numpy and scipy, by hand where there is little to count, and finite whatever the sound."""

import numpy as np
import pytest
from scipy import stats
from voices import ODD, noise, voice

from emoduet.front_ends.functionals import NUM_VALUES, STATISTICS, functionals, statistics
from emoduet.front_ends.low_level import DESCRIPTORS, describe


def told(values, numbers=None):
    """The statistics of one column, by name."""
    values = np.asarray(values, dtype=float)
    numbers = np.arange(len(values)) if numbers is None else np.asarray(numbers)
    return dict(zip(STATISTICS, statistics(values[:, None], numbers)[0].tolist(), strict=True))


def test_four_frames_by_hand():
    assert told([1, 2, 3, 6]) == pytest.approx(
        {
            **{"mean": 3, "standard deviation": 3.5**0.5, "minimum": 1, "maximum": 6, "range": 5},
            **{"skewness": 4.5 / 3.5**1.5, "kurtosis": 24.5 / 3.5**2},
            **{"lower quartile": 1.75, "median": 2.5, "upper quartile": 3.75},
            **{"slope": 160, "distance from the slope": 0.3**0.5},
        }
    )


def test_against_scipy():
    values = np.random.default_rng(0).gamma(2, size=200)
    found, line = told(values), stats.linregress(np.arange(200) / 100, values)
    assert found["skewness"] == pytest.approx(stats.skew(values))
    assert found["kurtosis"] == pytest.approx(stats.kurtosis(values, fisher=False))
    assert found["slope"] == pytest.approx(line.slope)
    assert found["distance from the slope"] == pytest.approx(values.std() * (1 - line.rvalue**2) ** 0.5)


def test_the_slope_knows_that_frames_are_missing():
    assert told([0, 1, 5], numbers=[0, 1, 5])["slope"] == pytest.approx(100)


def test_one_frame():
    found = told([7.0])
    assert {name for name, value in found.items() if value} == {
        *("mean", "minimum", "maximum", "lower quartile", "median", "upper quartile")
    }


def test_equal_frames_have_no_shape():
    found = told([0.1] * 50)
    assert found["standard deviation"] == found["skewness"] == found["kurtosis"] == 0


def test_the_order_of_the_row():
    row, energy = functionals(noise(), NUM_VALUES), describe(noise()).values[:, DESCRIPTORS.index("energy")]
    assert row.shape == (1, 384)
    values = row.reshape(len(DESCRIPTORS), len(STATISTICS))[DESCRIPTORS.index("energy")]
    assert values[STATISTICS.index("mean")] == pytest.approx(energy.mean(), rel=1e-5)
    assert values[STATISTICS.index("maximum")] == energy.max()


def test_pitch_is_that_of_voiced_frames_alone():
    sound = np.concatenate([noise(1, 0.01), voice(300), noise(1, 0.01)])
    row = functionals(sound, NUM_VALUES).reshape(len(DESCRIPTORS), len(STATISTICS))[DESCRIPTORS.index("pitch")]
    found = dict(zip(STATISTICS, row, strict=True))
    assert found["median"] == pytest.approx(1, abs=0.02)
    voiced = describe(sound).defined[:, DESCRIPTORS.index("pitch")]
    expected = describe(sound).values[voiced, DESCRIPTORS.index("pitch")]
    assert found["mean"] == pytest.approx(expected.mean(), rel=1e-5)
    assert found["minimum"] == pytest.approx(expected.min())


def test_a_whisper_has_no_pitch():
    row = functionals(noise(), NUM_VALUES).reshape(len(DESCRIPTORS), len(STATISTICS))
    assert not row[DESCRIPTORS.index("pitch")].any()
    assert row[DESCRIPTORS.index("voicing")].any()


@pytest.mark.parametrize("name", ODD)
def test_finite_in_fp16_too(name):
    row = functionals(ODD[name], NUM_VALUES)
    assert np.isfinite(row.astype(np.float16)).all()
