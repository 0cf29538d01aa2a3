"""Overlapping windows joined to a curve: the arithmetic by pencil, and where a change is found."""

import numpy as np
import pytest

from emoduet.curve import grid, join, windows


def test_windows_stand_on_the_grid_of_the_recording_and_move_inside():
    found = windows(10.1, 12.4, length=1.0, hop=0.5)
    assert found == pytest.approx(np.array([[10.1, 11.1], [10.5, 11.5], [11.0, 12.0], [11.4, 12.4]]))


def test_a_short_stretch_is_one_window():
    assert windows(3.0, 3.6, length=1.0, hop=0.25).tolist() == [[3.0, 3.6]]
    assert windows(3.0, 4.0, length=1.0, hop=0.25).tolist() == [[3.0, 4.0]]


@pytest.mark.parametrize("hop", [0.1, 0.25, 1.0, 3.0])
@pytest.mark.parametrize(("start", "end"), [(0.0, 60.0), (7.03, 9.9), (3599.99, 3603.0), (0.31, 0.4)])
def test_every_time_lies_in_a_window_and_every_window_in_the_stretch(start, end, hop):
    times, spans = grid(start, end, hop), windows(start, end, 2.0, hop)
    assert spans.min() >= start and spans.max() <= end + 1e-9
    inside = (spans[:, 0] <= times[:, None] + 1e-9) & (times[:, None] <= spans[:, 1] + 1e-9)
    assert inside.any(axis=1).all()
    assert np.isfinite(join(spans, np.full((len(spans), 2), 0.5), times, hop)).all()


def test_thirds_of_a_second_lie_on_their_grid():
    assert len(grid(0.0, 0.3, 0.1)) == 4


def test_the_mean_by_pencil():
    """At 1.0 s: windows around 0.75 (weight 1 - 0.25 / 1), 1.0 (1) and 1.5 (1 - 0.5 / 1); halves and hop 0.5 each."""
    spans = np.array([[0.25, 1.25], [0.5, 1.5], [1.0, 2.0], [1.25, 2.25]])
    probabilities = np.array([[1.0, 0], [0.5, 0.5], [0, 1.0], [0, 1.0]])
    (row,) = join(spans, probabilities, np.array([1.0]), hop=0.5)
    assert row == pytest.approx([(0.75 + 0.5) / 2.25, (0.5 + 0.5) / 2.25])


def test_a_long_curve_takes_no_more_than_its_windows():
    """An hour at four windows a second, against the sum over all windows at some of its times."""
    rng = np.random.default_rng(1)
    spans, times = windows(0.0, 3600.0, 2.0, 0.25), grid(0.0, 3600.0, 0.25)
    probabilities = rng.dirichlet(np.ones(4), len(spans))
    found = join(spans, probabilities, times, 0.25)
    for place in (0, 1, 7, 5_000, len(times) - 2, len(times) - 1):
        distance = np.abs(times[place] - spans.mean(axis=1))
        weights = np.where(distance <= 1.0, 1 - distance / 1.25, 0)
        assert found[place] == pytest.approx(weights @ probabilities / weights.sum())


def test_times_that_are_not_round():
    times, spans = grid(0.7500001, 2.0, 0.25), windows(0.7500001, 2.0, 2.0, 0.25)
    assert times[0] == 0.7500001
    assert np.isfinite(join(spans, np.ones((1, 2)) / 2, times, 0.25)).all()


def test_rows_sum_to_one():
    rng = np.random.default_rng(0)
    spans = windows(0.0, 30.0, 2.0, 0.25)
    rows = join(spans, rng.dirichlet(np.ones(4), len(spans)), grid(0.0, 30.0, 0.25), 0.25)
    assert rows.sum(axis=1) == pytest.approx(np.ones(121))


def test_constant_windows_give_a_constant_curve():
    spans = windows(0.3, 9.1, 1.5, 0.2)
    rows = join(spans, np.tile([0.7, 0.2, 0.1], (len(spans), 1)), grid(0.3, 9.1, 0.2), 0.2)
    assert rows == pytest.approx(np.tile([0.7, 0.2, 0.1], (len(rows), 1)))


@pytest.mark.parametrize("change", [8.0, 10.13, 14.9])
def test_a_change_is_found_where_it_is(change):
    """Windows that answer with the share of either emotion in them: the curves cross within a hop of the change."""
    spans = windows(0.0, 20.0, 2.0, 0.25)
    after = np.clip((spans[:, 1] - change) / 2.0, 0, 1)
    times = grid(0.0, 20.0, 0.25)
    rows = join(spans, np.stack([1 - after, after], axis=1), times, 0.25)
    crossing = times[np.argmax(rows[:, 1] > rows[:, 0])]
    assert abs(crossing - change) <= 0.25
