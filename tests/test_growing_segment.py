"""A segment that comes in parts has the pieces, words and sound of the whole."""

from math import inf

import numpy as np
import pytest

from emoduet.errors import InputError
from emoduet.growing_segment import GrowingSegment
from emoduet.types import Segment, Word

RATE = 16_000
WORDS = (
    Word(text=" I", start=100.2, end=100.6),
    Word(text="told", start=107.7, end=108.2),
    Word(text="you", start=108.2, end=108.9),
)


def sound(seconds, pause=None):
    """Noise, with 0.3 s of silence around a time."""
    samples = np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)
    if pause is not None:
        samples[round((pause - 0.15) * RATE) : round((pause + 0.15) * RATE)] = 0
    return samples


def heard_at_once(segment, longest=10.0, pause=8.0, **known):
    growing = GrowingSegment(segment, longest, RATE, **known)
    return growing, growing.feed(segment, sound(segment.duration, pause), ends=True)


def test_words_go_with_the_piece_that_holds_their_middle():
    segment = Segment(start=100.0, end=114.0, speaker="ann", transcript="I told you", words=WORDS)
    growing, (first, second) = heard_at_once(segment)
    assert (first.start, second.end) == (100.0, 114.0) and first.end == second.start == pytest.approx(108.0, abs=0.06)
    assert (first.transcript, second.transcript) == ("I told", "you")
    assert first.words == WORDS[:2] and second.words == WORDS[2:]
    assert first.speaker == second.speaker == "ann" and not growing.guessed


def test_a_piece_in_which_nobody_said_a_word_has_an_empty_transcript():
    _, found = heard_at_once(Segment(start=100.0, end=114.0, transcript="I", words=WORDS[:1]))
    assert [one.transcript for one in found] == ["I", ""]


@pytest.mark.parametrize("transcript", [None, ""])
def test_without_words_the_pieces_know_as_little_as_the_whole(transcript):
    growing, found = heard_at_once(Segment(start=0.0, end=14.0, transcript=transcript, channel=2))
    assert [(one.transcript, one.channel) for one in found] == [(transcript, 2)] * 2 and not growing.guessed


def test_words_without_times_are_shared_out_between_pieces():
    """Ten letters in 20 s, two seconds each; the middle of "g" is 13 s, that of "h" 15 s, and the pause between."""
    growing, (first, second) = heard_at_once(Segment(start=0.0, end=20.0, transcript="a b c d e f g h i j"), 18.0, 14.0)
    assert first.end == pytest.approx(14.0, abs=0.1)
    assert (first.transcript, second.transcript) == ("a b c d e f g", "h i j")
    assert first.words == second.words == () and growing.guessed


def test_a_segment_that_fits_keeps_its_words_as_they_are():
    segment = Segment(start=0.0, end=9.0, transcript="I  told, you")
    growing, (only,) = heard_at_once(segment)
    assert only == segment and not growing.guessed


def test_guessed_times_are_not_passed_on():
    guessed = GrowingSegment(Segment(start=0.0, end=9.0, transcript="so"), 1.0, RATE)._timed_words()
    _, (only,) = heard_at_once(Segment(start=0.0, end=9.0, transcript="so ", words=guessed))
    assert (only.transcript, only.words) == ("so ", ())


def in_parts(whole, ends, longest, **known):
    """Pieces and their sound, of a segment heard in parts that end at these times."""
    growing = GrowingSegment(whole, longest, RATE, **known)
    samples, start, found = sound(ends[-1] - whole.start), whole.start, []
    for end in ends:
        part = Segment(start=start, end=end, transcript=whole.transcript, words=whole.words)
        some = samples[round((start - whole.start) * RATE) : round((end - whole.start) * RATE)]
        told = growing.feed(part, some, ends=end == ends[-1])
        found += [(one, growing.samples_of(one)) for one in told]
        start = end
    return growing, sorted(found, key=lambda one: (one[0].start, one[0].end))


@pytest.mark.parametrize("longest", [7.0, 3.0])
@pytest.mark.parametrize("transcript", [None, "a b c d e f g h i j k l m n o p q r s t u v w x y z"])
def test_parts_make_no_difference(transcript, longest):
    whole = Segment(start=3.7003, end=inf, transcript=transcript)
    some = [11.3, 34.0061, 40.0, 63.02, 81.5]
    growing, found = in_parts(whole, some, longest, duration=81.5)
    _, expected = in_parts(whole, some[-1:], longest, duration=81.5)
    assert [one for one, _ in found] == [one for one, _ in expected] and len(found) > 10
    assert all(np.array_equal(one, other) for (_, one), (_, other) in zip(found, expected, strict=True))
    assert all(abs(len(samples) / RATE - one.duration) < 1e-4 for one, samples in found)
    assert growing.segment.end == 81.5 and growing.guessed == (transcript is not None)


def test_no_more_sound_is_kept_than_is_needed():
    growing = GrowingSegment(Segment(start=0.0, end=inf), 10.0, RATE)
    for second in range(0, 600, 20):
        growing.feed(Segment(start=second, end=second + 20.0), sound(20.0), ends=False)
        assert len(growing._sound._samples) <= (20 + 12.6) * RATE


def test_recognised_words_come_with_their_parts():
    """A piece of at most 30 s goes over the border of both parts, and reads words of both."""
    growing = GrowingSegment(Segment(start=0.0, end=40.0), 30.0, RATE)
    first = Segment(start=0.0, end=20.0, transcript="no", words=(Word(text="no", start=18.0, end=19.0),), language="en")
    later = (Word(text="way", start=20.0, end=21.0), Word(text="out", start=38.0, end=39.0))
    assert growing.feed(first, sound(20.0), ends=False) == []
    second = Segment(start=20.0, end=40.0, transcript="way out", words=later, language="en")
    pieces = growing.feed(second, sound(20.0, 8.0), ends=True)
    assert [(one.transcript, one.language) for one in pieces] == [("no way", "en"), ("out", "en")]
    assert growing.segment.transcript == "no way out" and pieces[1].words == later[1:]


def test_an_end_that_nobody_knows():
    whole = Segment(start=1.0, end=inf, transcript="I told you")
    growing = GrowingSegment(whole, 10.0, RATE)
    with pytest.raises(
        InputError, match=r"from 1\.0 s on: words without times for a long segment, and the file does not"
    ):
        growing.feed(Segment(start=1.0, end=21.0, transcript="I told you"), sound(20.0), ends=False)
    growing = GrowingSegment(whole, 10.0, RATE)
    found = growing.feed(Segment(start=1.0, end=21.0, transcript="I told you"), sound(20.0), ends=True)
    assert " ".join(one.transcript for one in found) == "I told you" and len(found) > 1


def test_the_end_is_the_recording_s_or_its_own_whichever_is_first():
    """Four letters: in 40 s of 100 ten seconds each; in a recording of 20 s five; without it, nobody knows better."""
    for end, duration, expected in ((40.0, 100.0, 10.0), (100.0, 20.0, 5.0), (40.0, 0.0, 10.0)):
        growing = GrowingSegment(Segment(start=0.0, end=end, transcript="a b c d"), 8.0, RATE, duration=duration)
        growing.feed(Segment(start=0.0, end=15.0, transcript="a b c d"), sound(15.0), ends=False)
        assert growing._timed_words()[0].end == expected


def test_a_segment_heard_at_once_is_timed_with_its_transcript_as_it_is():
    segment = Segment(start=0.0, end=6.0, transcript="a,  b")
    growing, _ = heard_at_once(segment)
    timed = growing.timed(segment)
    assert timed.transcript == "a,  b" and growing.guessed
    assert [(one.text, one.start, one.end) for one in timed.words] == [("a,", 0.0, 4.0), ("b", 4.0, 6.0)]


def test_each_part_of_a_long_segment_has_the_words_said_in_it():
    """Two seconds for each letter, of which the middles are 1, 3 and 5 s."""
    growing = GrowingSegment(Segment(start=0.0, end=6.0, transcript="a b c"), 10.0, RATE)
    first, second = (Segment(start=s, end=e, transcript="a b c") for s, e in ((0.0, 3.5), (3.5, 6.0)))
    growing.feed(first, sound(3.5), ends=False)
    assert growing.timed(first).transcript == "a b"
    growing.feed(second, sound(2.5), ends=True)
    assert growing.timed(second).transcript == "c"


@pytest.mark.parametrize("transcript", [None, ""])
def test_without_words_there_is_nothing_to_time(transcript):
    segment = Segment(start=0.0, end=6.0, transcript=transcript)
    growing, _ = heard_at_once(segment)
    assert growing.timed(segment) == segment and not growing.guessed
