"""Overlapping windows joined to a curve: the arithmetic by pencil, and where a change is found."""

import numpy as np
import pytest

from emoduet.curve import Curve, grid, smoothed, windows


def test_windows_stand_on_the_grid_of_the_recording_and_are_cut_off():
    times = grid(10.1, 11.4, 0.5)
    assert times.tolist() == [10.5, 11.0]
    assert windows(times, 10.1, 11.4, length=1.0) == pytest.approx(np.array([[10.1, 11.0], [10.5, 11.4]]))


def test_a_stretch_too_short_for_the_grid_is_one_window():
    times = grid(3.05, 3.15, 0.25)
    assert times == pytest.approx([3.1])
    assert windows(times, 3.05, 3.15, length=1.0).tolist() == [[3.05, 3.15]]


@pytest.mark.parametrize("hop", [0.1, 0.25, 1.0, 3.0])
@pytest.mark.parametrize(("start", "end"), [(0.0, 60.0), (7.03, 9.9), (3599.99, 3603.0), (0.31, 0.4)])
def test_every_time_lies_in_its_window_and_every_window_in_the_stretch(start, end, hop):
    times = grid(start, end, hop)
    begins, ends = windows(times, start, end, 2.0).T
    assert (start <= begins).all() and (begins <= times).all() and (times <= ends).all() and (ends <= end).all()


def test_thirds_of_a_second_lie_on_their_grid():
    assert len(grid(0.0, 0.3, 0.1)) == 4


def test_times_that_are_not_round():
    assert grid(0.7500001, 2.0, 0.25)[0] == 0.7500001


def test_the_mean_by_pencil():
    """Two windows to either side at most: weights 1/3, 2/3, 1, 2/3, 1/3; near an end fewer, at it none."""
    rows = np.array([[1.0], [0.5], [0.0], [0.5], [1.0], [4.0]])
    assert smoothed(rows, 2, reach=2) == pytest.approx([(1 / 3 + 1 / 3 + 0 + 1 / 3 + 1 / 3) / 3])
    assert smoothed(rows, 1, reach=2) == pytest.approx([(1.0 * 2 / 3 + 0.5 + 0.0) / (7 / 3)])
    assert smoothed(rows, 0, reach=2) == pytest.approx([1.0])
    assert smoothed(rows, 5, reach=2) == pytest.approx([4.0])


def whole_curve(start, end, length, hop, answer):
    """Times, and the curve of windows whose rows `answer` gives, all at once."""
    curve = Curve(start, length, hop)
    found = curve.join(answer(curve.windows(end, ended=True)))
    return np.array([time for time, _ in found]), np.array([row for _, row in found])


def shares(change):
    """Windows that answer with the share of them that lies before and after a change."""

    def answer(spans):
        after = np.clip((spans[:, 1] - change) / (spans[:, 1] - spans[:, 0]), 0, 1)
        return np.stack([1 - after, after], axis=1).tolist()

    return answer


def test_a_curve_by_pencil():
    """Windows of a second, two a second, over 2 s: their rows are their starts and how long they are."""
    times, rows = whole_curve(0.0, 2.0, 1.0, 0.5, lambda spans: [[a, b - a] for a, b in spans.tolist()])
    assert times.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    starts, lengths = np.array([0, 0, 0.5, 1.0, 1.5]), np.array([0.5, 1, 1, 1, 0.5])
    means = [(one[0] / 2 + one[1] + one[2] / 2) / 2 for one in (starts[:3], starts[1:4], starts[2:])]
    assert rows[:, 0] == pytest.approx([0, *means, 1.5])
    assert rows[:, 1] == pytest.approx([0.5, (0.25 + 1 + 0.5) / 2, 1, (0.25 + 1 + 0.5) / 2, lengths[-1]])


@pytest.mark.parametrize("length", [0.3, 1.0, 2.0, 2.3])
@pytest.mark.parametrize(("start", "end"), [(0.0, 30.0), (4.17, 14.5), (7.9, 8.6), (0.03, 0.13)])
def test_a_curve_does_not_know_how_it_was_heard(start, end, length):
    rng = np.random.default_rng(3)
    times, rows = whole_curve(start, end, length, 0.3, shares((start + end) / 2))
    curve, until, found = Curve(start, length, 0.3), start, []
    while until < end:
        until = min(end, until + rng.uniform(0.05, 3))
        needed = curve.needed_from
        spans = curve.windows(until, ended=until == end)
        assert (spans[:, 0] >= needed - 1e-9).all()
        found += curve.join(shares((start + end) / 2)(spans))
    assert [time for time, _ in found] == times.tolist()
    assert np.array([row for _, row in found]) == pytest.approx(rows, abs=1e-12)


def test_a_long_curve_keeps_no_more_than_it_needs():
    curve = Curve(0.0, 2.0, 0.25)
    for until in range(10, 3600, 10):
        curve.join(shares(5.0)(curve.windows(until, ended=False)))
        assert len(curve._rows) <= 10 and curve.needed_from >= until - 2.5


def test_rows_sum_to_one():
    rng = np.random.default_rng(0)
    _, rows = whole_curve(0.0, 30.0, 2.0, 0.25, lambda spans: rng.dirichlet(np.ones(4), len(spans)).tolist())
    assert rows.sum(axis=1) == pytest.approx(np.ones(121))


def test_constant_windows_give_a_constant_curve():
    _, rows = whole_curve(0.3, 9.1, 1.5, 0.2, lambda spans: [[0.7, 0.2, 0.1]] * len(spans))
    assert rows == pytest.approx(np.tile([0.7, 0.2, 0.1], (len(rows), 1)))


@pytest.mark.parametrize("change", [0.8, 1.0, 8.0, 10.13, 14.9, 19.0])
def test_a_change_is_found_where_it_is(change):
    """Windows that answer with the share of either emotion in them: the curves cross within a hop of the change."""
    times, rows = whole_curve(0.0, 20.0, 2.0, 0.25, shares(change))
    crossing = times[np.argmax(rows[:, 1] > rows[:, 0])]
    assert abs(crossing - change) <= 0.25


@pytest.mark.parametrize("length", [1.0, 2.0, 4.0])
def test_a_change_is_off_by_no_more_than_a_quarter_of_a_window_and_a_hop(length):
    for change in np.arange(0.0, 20.0, 0.05):
        times, rows = whole_curve(0.0, 20.0, length, 0.25, shares(change))
        after = rows[:, 1] > rows[:, 0]
        crossing = times[np.argmax(after)] if after.any() else 20.0
        assert abs(crossing - change) <= length / 4 + 0.25
