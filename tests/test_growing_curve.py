"""The windows of a curve over touching segments: what each reads, and which sound it has."""

import numpy as np
import pytest

from emoduet.growing_curve import GrowingCurve
from emoduet.types import Segment, Word

RATE = 16_000


def curve_of(*parts, window=2.0, hop=1.0, silence=""):
    """All windows over these segments, and the sound of each: every sample is its own number in the recording."""
    growing = GrowingCurve(parts[0].start, window, hop, silence, RATE)
    found = []
    for number, part in enumerate(parts, start=1):
        assert growing.goes_on(part.start)
        growing.feed(part, np.arange(round(part.start * RATE), round(part.end * RATE), dtype=np.float32))
        told = growing.windows(ended=number == len(parts))
        growing.join([[1.0]] * len(told))
        found += [(one, growing.samples_of(one)) for one in told]
    return found


def said(start, end, *words, transcript=None):
    """A segment whose words last a second each, one after the other."""
    timed = tuple(Word(text=text, start=start + n, end=start + n + 1) for n, text in enumerate(words))
    return Segment(start=start, end=end, transcript=transcript or " ".join(words), words=timed)


def test_windows_have_their_own_sound():
    for window, samples in curve_of(Segment(start=0.5, end=4.0), Segment(start=4.0, end=9.3)):
        assert samples[0] == round(window.start * RATE) and samples[-1] == round(window.end * RATE) - 1


def test_sound_that_segments_share_is_heard_once():
    found = curve_of(Segment(start=0.0, end=4.0), Segment(start=3.5, end=3.9), Segment(start=3.7, end=6.0))
    assert [(one.start, one.end) for one, _ in found] == [(0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 6)]
    assert all(np.array_equal(samples, np.arange(samples[0], samples[0] + len(samples))) for _, samples in found)


def test_windows_read_what_is_said_in_them():
    """Around 0 to 6 s; a segment within a window is read as it is, one that is cut word by word."""
    found = curve_of(said(0.0, 3.0, "a", "b", "c"), said(3.0, 4.0, "d", transcript="D!"), said(4.0, 6.0, "e", "f"))
    assert [one.transcript for one, _ in found] == ["a", "a b", "b c", "c D!", "D! e", "e f", "f"]
    assert all(one.words == () for one, _ in found)


@pytest.mark.parametrize("silence", ["", None])
def test_windows_in_which_nobody_says_a_word(silence):
    speech = said(0.0, 8.0, "a")
    assert [one.transcript for one, _ in curve_of(speech, silence=silence)] == ["a", "a", *[silence] * 7]


def test_nobody_knows_the_words_or_there_are_none():
    unknown, none = Segment(start=0.0, end=3.0), Segment(start=3.0, end=6.0, transcript="")
    assert [one.transcript for one, _ in curve_of(unknown, none)] == [None] * 3 + [""] * 4


def test_what_goes_on_and_what_does_not():
    growing = GrowingCurve(2.0, 2.0, 1.0, "", RATE)
    growing.feed(Segment(start=2.0, end=5.0), np.zeros(3 * RATE, dtype=np.float32))
    assert [growing.goes_on(start) for start in (1.9, 2.0, 4.9, 5.0, 5.001, 5.01)] == [False, *[True] * 4, False]


def test_no_more_is_kept_than_is_needed():
    growing = GrowingCurve(0.0, 2.0, 0.25, "", RATE)
    for second in range(0, 600, 10):
        growing.feed(said(second, second + 10.0, "a"), np.zeros(10 * RATE, dtype=np.float32))
        growing.join([[1.0]] * len(growing.windows(ended=False)))
        assert len(growing._sound._samples) <= 12.6 * RATE and len(growing._parts) <= 2
