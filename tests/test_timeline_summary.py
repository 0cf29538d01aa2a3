"""A recording in numbers, by pencil."""

import json

import pytest

from emoduet.timeline_summary import Peak, Transition, summarise, summary_record
from emoduet.types import Segment, SegmentPrediction, Timeline


def said(start, end, angry, speaker=None, channel=None, abstained=None):
    return SegmentPrediction(
        segment=Segment(start=start, end=end, speaker=speaker, channel=channel),
        probabilities={"angry": angry, "sad": 1 - angry},
        abstained=abstained,
    )


def timeline(*segments):
    return Timeline(recording="call.wav", duration=60.0, classes=("angry", "sad"), segments=segments)


def test_shares_are_of_spoken_time():
    """Three seconds at 0.8 and one at 0.2 are 2.6 of four."""
    summary = summarise(timeline(said(0, 3, 0.8, "ann"), said(10, 11, 0.2, "ben")))
    assert summary.overall.spoken == 4
    assert summary.overall.shares == pytest.approx({"angry": 0.65, "sad": 0.35})
    angry = {voice: share.shares["angry"] for voice, share in summary.by_voice.items()}
    assert angry == pytest.approx({"ann": 0.8, "ben": 0.2})


def test_changes_are_those_of_one_voice():
    summary = summarise(
        timeline(said(0, 1, 0.9, "ann"), said(1, 2, 0.1, "ben"), said(2, 3, 0.8, "ann"), said(3, 4, 0.3, "ann"))
    )
    assert summary.transitions == (Transition(3, "ann", "angry", "sad"),)


def test_changes_of_two_voices_come_in_order_of_time():
    summary = summarise(
        timeline(said(0, 1, 0.9, "a"), said(0, 1, 0.9, "b"), said(4, 5, 0.1, "b"), said(6, 7, 0.1, "a"))
    )
    assert [(one.time, one.voice) for one in summary.transitions] == [(4, "b"), (6, "a")]


def test_changes_of_nobody_known_are_from_one_segment_to_the_next():
    """The one at 2 is from a segment of nobody known to the next such, across what Ann says."""
    unknown = summarise(timeline(said(0, 1, 0.9), said(1, 2, 0.1), said(2, 3, 0.2)))
    assert unknown.transitions == (Transition(1, None, "angry", "sad"),)
    mixed = summarise(timeline(said(0, 1, 0.9), said(1, 2, 0.8, "ann"), said(2, 3, 0.1)))
    assert mixed.transitions == (Transition(2, None, "angry", "sad"),)
    channel = summarise(timeline(said(0, 1, 0.9, channel=1), said(1, 2, 0.1, channel=1)))
    assert channel.transitions == (Transition(1, "channel 1", "angry", "sad"),)


@pytest.mark.parametrize(
    ("speakers", "who", "by_voice"),
    [
        (["ann", "ben"], "known", {"ann", "ben"}),
        (["ann", None], "known in part", {"ann", "voice not known"}),
        ([None, None], "not known", None),
        ([], "nobody", set()),
    ],
)
def test_a_record_says_whether_anybody_knows_who_speaks(speakers, who, by_voice):
    told = summary_record(timeline(*(said(k, k + 1, 0.9 - k / 2, one) for k, one in enumerate(speakers))))
    record = json.loads(json.dumps(told))
    assert record["who_speaks"] == who
    assert by_voice == (record["by_voice"] if by_voice is None else set(record["by_voice"]))
    if who == "not known":
        assert record["transitions"] == [{"time": 1, "voice": None, "before": "angry", "after": "sad"}]
        assert [peak["voice"] for peak in record["peaks"]] == [None, None]


def test_what_is_said_at_once_is_spoken_once():
    summary = summarise(timeline(said(0, 4, 1.0, "ann"), said(1, 3, 0.0, "ben"), said(3, 6, 1.0, "ben")))
    assert summary.overall.spoken == 6
    assert summary.overall.shares["angry"] == pytest.approx(7 / 9)
    assert [share.spoken for share in summary.by_voice.values()] == [4, 5]


def test_an_abstained_segment_changes_nothing_and_is_no_peak():
    summary = summarise(timeline(said(0, 1, 0.9), said(1, 2, 0.4, abstained=True), said(2, 3, 0.8)))
    assert summary.transitions == () and summary.num_abstained == 1
    assert summary.peaks == (Peak("angry", None, 0, 1, 0.9),)


def test_peaks_by_voice_and_class():
    summary = summarise(timeline(said(0, 1, 0.7, channel=1), said(1, 2, 0.9, channel=1), said(5, 6, 0.2, channel=2)))
    assert summary.peaks == (Peak("angry", "channel 1", 1, 2, 0.9), Peak("sad", "channel 2", 5, 6, 0.8))


def test_silence():
    summary = summarise(timeline())
    assert (summary.overall.spoken, summary.overall.shares, summary.by_voice) == (0.0, {}, {})
    assert summary.transitions == summary.peaks == ()
