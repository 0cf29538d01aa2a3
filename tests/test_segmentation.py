"""Long speech is cut where it is quietest, and every word goes with the piece it was said in."""

import math

import numpy as np
import pytest

from emoduet.segmentation import (
    FRAME,
    PAUSE_FRAMES,
    Division,
    GuessedWord,
    are_guessed,
    loudness,
    pieces,
    spread,
    with_words,
    words_in_window,
    words_within,
)
from emoduet.types import Segment, Word


def speech(duration, pauses):
    """The power of each 10 ms: 1 in speech, 0 in pauses of 0.3 s around the given times."""
    power = np.ones(round(duration * 100))
    for middle in pauses:
        power[round(middle * 100) - 15 : round(middle * 100) + 15] = 0
    return power


def test_power_of_a_square_wave_by_pencil():
    samples = np.array([1.0, -1, 1, -1, 2, 2, 2, 2, 9], dtype=np.float32)
    assert loudness(samples, sampling_rate=400).tolist() == [1.0, 4.0]


def test_what_fits_is_one_piece():
    assert pieces(speech(9.0, [4.0]), 9.0, longest=9.0) == [(0.0, 9.0)]


def test_cuts_lie_in_the_middle_of_pauses():
    found = pieces(speech(30.0, [3.0, 8.0, 16.0, 24.0]), 30.0, longest=12.0)
    assert np.array(found) == pytest.approx(np.array([(0, 8.0), (8.0, 16.0), (16.0, 24.0), (24.0, 30.0)]), abs=0.06)


def test_the_quietest_of_several_pauses_is_taken():
    power = speech(12.0, [6.0, 9.0])
    power[585:615] = 0.1
    (_, first), _ = pieces(power, 12.0, longest=10.0)
    assert first == pytest.approx(9.0, abs=0.06)


@pytest.mark.parametrize("duration", [10.01, 12.4, 19.99, 20.5, 31.0, 3600.0])
@pytest.mark.parametrize("seed", range(3))
def test_pieces_join_without_gap_and_none_is_longer_or_a_splinter(duration, seed):
    power = np.random.default_rng(seed).random(round(duration * 100))
    found = pieces(power, duration, longest=10.0)
    assert found[0][0] == 0 and found[-1][1] == duration
    assert all(end == start for (_, end), (start, _) in zip(found, found[1:]))
    lengths = [end - start for start, end in found]
    assert max(lengths) <= 10.0 + 1e-9 and min(lengths) >= 2.5 - 0.011
    assert all(length >= 5.0 - 0.011 for length in lengths[:-2])


def test_without_any_pause_pieces_are_as_long_as_they_may_be():
    found = pieces(np.ones(2_500), 25.0, longest=10.0)
    assert np.array(found) == pytest.approx(np.array([(0, 10), (10, 20), (20, 25)]), abs=0.03)


def cut_with_everything_at_hand(power, duration, longest):
    """The rule as its docstring says it, over a stretch that lies there as a whole."""
    quiet = np.convolve(power, np.full(PAUSE_FRAMES, 1 / PAUSE_FRAMES), mode="same")
    cuts = [0.0]
    while duration - cuts[-1] > longest:
        first = math.ceil((cuts[-1] + longest / 2) / FRAME)
        last = math.floor(min(cuts[-1] + longest, duration - longest / 4) / FRAME)
        cuts.append((last - 1 - int(np.argmin(quiet[first:last][::-1]))) * FRAME)
    return list(zip(cuts, [*cuts[1:], duration], strict=True))


@pytest.mark.parametrize("seed", range(40))
def test_pieces_of_sound_that_comes_in_parts_are_those_of_the_whole(seed):
    """To the bit, whatever the parts, lengths and beginnings; half of the sounds have a silence: many equal frames."""
    rng = np.random.default_rng(seed)
    start, longest = rng.choice([0.0, rng.uniform(0, 1000)]), rng.choice([rng.uniform(0.5, 15), 3.0, 10.0])
    end = start + rng.choice([rng.uniform(0.3, 120), float(rng.integers(1, 120))])
    samples = rng.normal(size=round(end * 16_000) - round(start * 16_000)).astype(np.float32)
    samples[rng.integers(len(samples)) :][: rng.integers(2) * 50_000] = 0
    division, found, place = Division(start, longest, 16_000), [], 0
    while place < len(samples):
        size = int(rng.integers(1, 160_000))
        found += division.feed(samples[place : place + size])
        assert division.begun_at == (found[-1][1] if found else start)
        place += size
    found += division.finish(end)
    whole = cut_with_everything_at_hand(loudness(samples, 16_000), end - start, longest)
    expected = [(start + begin, start + until) for begin, until in whole]
    assert found == [*expected[:-1], (expected[-1][0], end)]


def test_a_cut_is_settled_by_a_quarter_more_than_a_piece():
    """At most 10 s: after 12.5 s and the frame that may not be whole, not before."""
    division = Division(100.0, 10.0, 16_000)
    assert division.feed(np.ones(round(12.5 * 16_000), dtype=np.float32)) == []
    ((start, end),) = division.feed(np.ones(160, dtype=np.float32))
    assert (start, end) == (100.0, pytest.approx(110.0, abs=0.02))


def test_where_no_sound_is_left_pieces_are_as_long_as_they_may_be():
    assert pieces(np.ones(100), 5.0, longest=2.0) == [(0.0, 2.0), (2.0, 4.0), (4.0, 5.0)]


def test_a_stretch_without_sound_is_one_piece():
    assert Division(3.0, 10.0, 16_000).finish(3.004) == [(3.0, 3.004)]


def test_words_without_times_by_pencil():
    """Eight characters in eight seconds, one a second; the blanks last no time."""
    found = [(word.text, word.start, word.end) for word in spread(" I  told\nyou ", 10.0, 18.0)]
    assert found == [("I", 10.0, 11.0), ("told", 11.0, 15.0), ("you", 15.0, 18.0)]


def test_characters_of_chinese_and_japanese_are_words():
    found = spread("你好 OK です。", 0.0, 7.0)
    assert [(word.text, word.start) for word in found] == [
        ("你", 0.0),
        ("好", 1.0),
        ("OK", 2.0),
        ("で", 4.0),
        ("す", 5.0),
        ("。", 6.0),
    ]


@pytest.mark.parametrize("transcript", ["", " \n"])
def test_no_words_are_spread_over_nothing(transcript):
    assert spread(transcript, 0.0, 1.0) == ()


def test_a_guess_is_no_known_time():
    assert are_guessed(spread("so", 0.0, 1.0)) and not are_guessed([Word(text="so", start=0.0, end=1.0)])
    assert GuessedWord(text="so", start=0.0, end=1.0) != Word(text="so", start=0.0, end=1.0)


def test_a_window_has_the_guessed_word_that_lasts_over_its_middle():
    """Four seconds for "no", four for "ah": the window lies in the first, with the middle of neither."""
    guessed = spread("no ah", 0.0, 8.0)
    assert words_in_window(guessed, 2.5, 4.0) == [guessed[0]] and words_within(guessed, 2.5, 4.0) == []
    assert words_in_window(guessed, 1.5, 5.0) == [guessed[0]]
    assert words_in_window(guessed, 0.0, 8.0) == list(guessed)
    assert words_in_window([Word(text="no", start=0.0, end=4.0)], 2.5, 4.0) == []


WORDS = (
    Word(text=" I", start=100.2, end=100.6),
    Word(text="told", start=107.7, end=108.2),
    Word(text="you", start=108.2, end=108.9),
)


def test_a_word_on_the_border_belongs_to_the_later_stretch():
    (word,) = (Word(text="so", start=0.9, end=1.1),)
    assert words_within([word], 0.0, 1.0) == [] and words_within([word], 1.0, 2.0) == [word]


def test_transcript_of_words():
    assert with_words(Segment(start=0.0, end=1.0), WORDS).transcript == "I told you"
