"""Rooms: as reverberant as asked for, on time, and with the energy of what was said."""

import sys

import numpy as np
import pytest
from spoken import RATE, RECORDINGS, bursts, delay_of, power, real, rng

from emoduet.corruptions import Reverberation, corrupted, reverberation
from emoduet.corruptions.reverberation import NUM_PLACES, ROOMS, impulse_response
from emoduet.errors import InputError

acoustics = pytest.importorskip("pyroomacoustics")


def reverberation_time(response):
    """Schroeder's way: energy still to come, a line from -5 to -35 dB by least squares, taken to 60 dB."""
    decay = 10 * np.log10(np.cumsum(np.square(response)[::-1])[::-1] / np.sum(np.square(response)))
    within = np.flatnonzero((decay <= -5) & (decay >= -35))
    slope, _ = np.polyfit(within / RATE, decay[within], 1)
    return -60 / slope


@pytest.mark.parametrize(("rt60", "place"), [(0.3, 0), (0.3, 1), (0.6, 2), (1.0, 5)])
def test_sound_falls_by_60_db_in_the_time_asked_for(rt60, place):
    assert reverberation_time(impulse_response(rt60, place)) == pytest.approx(rt60, rel=0.1)


def test_the_walls_are_corrected_where_sabine_is_off():
    uncorrected = reverberation._simulated(acoustics, 0.6, 0.6, 2)
    assert reverberation_time(uncorrected) > 0.66
    assert reverberation_time(impulse_response(0.6, 2)) == pytest.approx(0.6, rel=0.06)


def test_a_room_that_cannot_be_corrected_is_taken_as_near_as_it_got(monkeypatch):
    monkeypatch.setattr(reverberation, "TOLERANCE", -1)
    monkeypatch.setattr(reverberation, "MOST_CORRECTIONS", 2)
    assert reverberation_time(impulse_response(0.21, 0)) == pytest.approx(0.21, rel=0.1)


@pytest.mark.parametrize("place", range(NUM_PLACES))
def test_the_direct_sound_is_the_first_and_the_strongest(place):
    response = impulse_response(0.3, place)
    assert np.argmax(np.abs(response)) == 0
    assert np.abs(response[1:10]).max() < 0.1 * response[0]


def test_a_click_is_heard_when_it_was_made():
    click = np.zeros(8000, np.float32)
    click[3000] = 0.5
    heard = Reverberation(0.3).apply(click, rng())
    assert np.argmax(np.abs(heard)) == 3000
    assert np.abs(heard[:2990]).max() < 1e-6
    assert np.abs(heard[3001:]).max() > 1e-3


@pytest.mark.parametrize("name", RECORDINGS)
def test_speech_keeps_its_time_its_length_and_its_energy(name):
    clean = real(name)
    heard = corrupted(Reverberation(0.3), clean, seed=0, utterance_id=name)
    assert len(heard) == len(clean)
    assert abs(delay_of(clean, heard)) <= 8  # 0.5 ms
    assert power(heard) == pytest.approx(power(clean), rel=1e-3)
    assert np.corrcoef(clean, heard)[0, 1] < 0.95


def test_silence_stays_silent():
    np.testing.assert_array_equal(Reverberation(0.3).apply(np.zeros(1600, np.float32), rng()), np.zeros(1600))


def test_each_utterance_draws_a_place_and_the_place_is_its_own_at_every_severity(monkeypatch):
    drawn = []
    monkeypatch.setattr(
        reverberation, "impulse_response", lambda rt60, place: drawn.append((rt60, place)) or np.ones(1)
    )
    for rt60 in (0.3, 1.0):
        for id in "abcdefghijklmnop":
            corrupted(Reverberation(rt60), bursts(1.0), seed=0, utterance_id=id)
    places = {rt60: [place for one, place in drawn if one == rt60] for rt60 in (0.3, 1.0)}
    assert places[0.3] == places[1.0]
    assert len(set(places[0.3])) > NUM_PLACES / 2


@pytest.mark.parametrize("size", [size for _, size in ROOMS])
def test_speaker_and_microphone_stand_in_the_room_a_whole_number_of_samples_apart(size):
    places = [reverberation._places(np.array(size), 343.0, np.random.default_rng(place)) for place in range(50)]
    for speaker, microphone, delay in places:
        assert np.linalg.norm(speaker - microphone) * RATE / 343 == pytest.approx(delay, abs=1e-6)
        assert 0.69 <= np.linalg.norm(speaker - microphone) <= 2.01
        assert all(0.5 <= one <= wall - 0.5 for place in (speaker, microphone) for one, wall in zip(place, size))


def test_it_is_the_same_with_any_number_of_threads_and_leaves_that_number_alone():
    number = acoustics.constants.get("num_threads")
    responses = []
    try:
        for threads in (1, 3):
            acoustics.constants.set("num_threads", threads)
            responses.append(reverberation._simulated(acoustics, 0.3, 0.3, 4))
            assert acoustics.constants.get("num_threads") == threads
    finally:
        acoustics.constants.set("num_threads", number)
    np.testing.assert_array_equal(*responses)


def test_what_is_kept_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        impulse_response(0.3, 0)[0] = 0


def test_without_pyroomacoustics_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyroomacoustics", None)
    with pytest.raises(InputError, match=r'reverberation needs pyroomacoustics .*: pip install "emoduet\[stress\]"'):
        Reverberation(0.25).apply(bursts(), rng())


@pytest.mark.parametrize("rt60", [0.1, 1.6, float("nan")])
def test_a_time_that_no_room_here_has_is_refused(rt60):
    with pytest.raises(InputError, match=rf"reverberation time in s is {rt60}; need a number from 0.2 to 1.5"):
        Reverberation(rt60)
