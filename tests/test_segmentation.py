"""Long speech is cut where it is quietest, and every word goes with the piece it was said in."""

import numpy as np
import pytest

from emoduet.segmentation import divided, is_divided, loudness, pieces, with_words, words_within
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


WORDS = (
    Word(text=" I", start=100.2, end=100.6),
    Word(text="told", start=107.7, end=108.2),
    Word(text="you", start=108.2, end=108.9),
)


def test_words_go_with_the_piece_that_holds_their_middle():
    segment = Segment(start=100.0, end=114.0, speaker="ann", transcript="I told you", words=WORDS)
    first, second = divided(segment, speech(14.0, [8.0]), longest=10.0)
    assert (first.start, second.end) == (100.0, 114.0) and first.end == second.start == pytest.approx(108.0, abs=0.06)
    assert (first.transcript, second.transcript) == ("I told", "you")
    assert first.words == WORDS[:2] and second.words == WORDS[2:]
    assert first.speaker == second.speaker == "ann"


def test_a_piece_in_which_nobody_said_a_word_has_an_empty_transcript():
    segment = Segment(start=100.0, end=114.0, transcript="I", words=WORDS[:1])
    assert [one.transcript for one in divided(segment, speech(14.0, [8.0]), longest=10.0)] == ["I", ""]


def test_words_without_times_keep_a_segment_whole():
    assert not is_divided(Segment(start=0.0, end=14.0, transcript="I told you"), longest=10.0)
    assert is_divided(Segment(start=100.0, end=114.0, transcript="I told you", words=WORDS), longest=10.0)
    assert is_divided(Segment(start=0.0, end=14.0), longest=10.0) and is_divided(
        Segment(start=0.0, end=14.0, transcript=""), 10.0
    )
    assert not is_divided(Segment(start=0.0, end=10.0), longest=10.0)


@pytest.mark.parametrize("transcript", [None, ""])
def test_without_words_the_pieces_know_as_little_as_the_whole(transcript):
    segment = Segment(start=0.0, end=14.0, transcript=transcript, channel=2)
    found = divided(segment, speech(14.0, [8.0]), longest=10.0)
    assert [(one.transcript, one.channel) for one in found] == [(transcript, 2)] * 2


def test_a_word_on_the_border_belongs_to_the_later_stretch():
    (word,) = (Word(text="so", start=0.9, end=1.1),)
    assert words_within([word], 0.0, 1.0) == [] and words_within([word], 1.0, 2.0) == [word]


def test_transcript_of_words():
    assert with_words(Segment(start=0.0, end=1.0), WORDS).transcript == "I told you"
