"""Stretches of speech are cut out of a recording at their times, whatever blocks it is decoded in."""

import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emoduet import hearing
from emoduet.audio import read_audio
from emoduet.errors import InputError
from emoduet.hearing import hear
from emoduet.transcription import Recognised
from emoduet.types import Segment, Word

SPEECH = Path(__file__).parents[2] / "shared" / "data" / "speech-samples"


@pytest.fixture
def recording(tmp_path):
    """A minute of noise in two channels, 44.1 kHz."""
    samples = np.random.default_rng(0).normal(0, 0.1, (44_100 * 60, 2))
    soundfile.write(tmp_path / "call.wav", samples, 44_100)
    return tmp_path / "call.wav"


def stretches(path, segments=None, separate=False, recogniser=None):
    passages = list(hear(path, separate=separate, segments=segments, recogniser=recogniser))
    return [one for passage in passages for one in passage.stretches]


def test_given_segments_have_the_sound_of_their_times(recording):
    given = [Segment(start=41.237, end=43.5), Segment(start=0.0, end=12.3), Segment(start=8.0, end=31.0)]
    found = stretches(recording, given)
    assert [one.segment for one in found] == sorted(given, key=lambda one: one.end)
    for one in found:
        expected = read_audio(recording, start=one.segment.start, end=one.segment.end)
        assert one.samples == pytest.approx(expected, abs=2e-3)


def test_each_passage_tells_how_far_it_is(recording):
    passages = list(hear(recording, separate=False, segments=[Segment(start=1.0, end=2.0)], recogniser=None))
    assert [round(one.heard, 3) for one in passages] == [10, 20, 30, 40, 50, 60, 60]
    assert {one.duration for one in passages} == {60.0}
    assert [len(one.stretches) for one in passages] == [1, 0, 0, 0, 0, 0, 0]


def test_a_last_segment_ends_with_the_recording(recording):
    (one,) = stretches(recording, [Segment(start=58.0, end=62.0)])
    assert (one.segment.end, len(one.samples)) == (60.0, 32_000)


def test_segments_behind_the_end_are_of_another_recording(recording):
    told = r"call\.wav: all 2 segments lie beyond the end of the recording, 60\.000 s; are they of another\?"
    with pytest.raises(InputError, match=told):
        stretches(recording, [Segment(start=60.0, end=61.0), Segment(start=70.0, end=71.0)])


def test_a_last_one_behind_the_end_costs_nothing_but_itself(recording, caplog):
    with caplog.at_level(logging.WARNING, "emoduet"):
        found = stretches(recording, [Segment(start=1.0, end=2.0), Segment(start=60.5, end=61.0)])
    assert [one.segment.start for one in found] == [1.0]
    assert "segment from 60.500 s on: the recording ends at 60.000 s; left out" in caplog.text


def test_a_splinter_is_left_out_and_told(recording, caplog):
    with caplog.at_level(logging.WARNING, "emoduet"):
        assert stretches(recording, [Segment(start=5.0, end=5.02)]) == []
    assert "segment from 5.000 to 5.020 s: less than 25 ms of sound; left out" in caplog.text


def test_channels_apart(recording):
    given = [Segment(start=1.0, end=2.0, channel=1), Segment(start=1.0, end=2.0, channel=2)]
    first, second = stretches(recording, given, separate=True)
    left, right = soundfile.read(recording, start=44_100, frames=44_100)[0].T
    assert np.corrcoef(first.samples[::160], left[::441])[0, 1] > 0.5
    assert np.corrcoef(second.samples[::160], right[::441])[0, 1] > 0.5
    assert abs(np.corrcoef(first.samples, second.samples)[0, 1]) < 0.1


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        (None, r"call\.wav: the segments do not say on which channel they are; give a column channel"),
        (3, r"call\.wav: segment from 1\.000 to 2\.000 s: channel 3 of a recording with 2; give each"),
    ],
)
def test_a_segment_of_no_channel_there_is(recording, channel, told):
    with pytest.raises(InputError, match=told):
        stretches(recording, [Segment(start=1.0, end=2.0, channel=channel)], separate=True)


def test_a_segment_that_lasts_far_beyond_the_end_is_told(recording, caplog):
    with caplog.at_level(logging.WARNING, "emoduet"):
        stretches(recording, [Segment(start=1.0, end=500.0)])
    assert "segment from 1.000 to 500.000 s: the recording ends at 60.000 s" in caplog.text


class Parrot:
    """Hears one word in everything, as long as it, and finds one language after the other."""

    def __init__(self, *languages):
        self.asked = []
        self.languages = iter(languages)

    def transcribe(self, samples, offset=0.0, *, language=None):
        end = offset + len(samples) / 16_000
        self.asked.append((offset, end, language))
        found, probability = (language, 1.0) if language else next(self.languages)
        word = Word(text="no", start=offset, end=end)
        return Recognised(words=(word,), transcript="no", language=found, language_probability=probability)


def test_a_language_once_plain_is_asked_no_more(recording):
    """German in 8 seconds, surely; English in 20 and 24 seconds, half sure and quite: 34 of 30 are plain."""
    parrot = Parrot(("de", 1.0), ("en", 0.5), ("en", 1.0))
    times = [(0.0, 8.0), (8.0, 28.0), (28.0, 52.0), (55.0, 56.0)]
    found = stretches(recording, [Segment(start=start, end=end) for start, end in times], recogniser=parrot)
    assert [one.segment.language for one in found] == ["de", "en", "en", "en"]
    assert [language for _, _, language in parrot.asked] == [None, None, None, "en"]


def test_each_channel_has_a_language_of_its_own(recording):
    parrot = Parrot(("de", 1.0), ("en", 1.0))
    given = [Segment(start=0.0, end=30.0, channel=1), Segment(start=0.5, end=30.5, channel=2)]
    given += [Segment(start=40.0, end=41.0, channel=1), Segment(start=40.0, end=42.0, channel=2)]
    found = stretches(recording, given, separate=True, recogniser=parrot)
    assert [(one.segment.channel, one.segment.language) for one in found] == [
        (1, "de"),
        (2, "en"),
        (1, "de"),
        (2, "en"),
    ]


def test_segments_of_a_channel_are_not_looked_for_in_the_mix(recording):
    with pytest.raises(
        InputError, match=r"call\.wav: the segments name channels, and channels are mixed; keep them apart"
    ):
        stretches(recording, [Segment(start=1.0, end=2.0, channel=1)])


def test_words_are_recognised_where_none_are_given(recording):
    parrot = Parrot(("en", 1.0))
    given = [
        Segment(start=1.0, end=2.0),
        Segment(start=3.0, end=4.0, transcript="yes"),
        Segment(start=5.0, end=6.0, transcript=""),
    ]
    found = stretches(recording, given, recogniser=parrot)
    assert [one.segment.transcript for one in found] == ["no", "yes", ""]
    assert parrot.asked == [(1.0, 2.0, None)]
    assert found[0].segment.words == (Word(text="no", start=1.0, end=2.0),) and found[0].segment.language == "en"


def test_what_is_no_longer_needed_is_forgotten(recording, monkeypatch):
    """The sound kept is bounded by the longest stretch, however long the recording is."""
    kept = []
    forget = hearing._Voice._forget

    def watched(self, before):
        forget(self, before)
        kept.append(sum(map(len, self._blocks)) / 16_000)

    monkeypatch.setattr(hearing._Voice, "_forget", watched)
    stretches(recording, [Segment(start=1.0, end=2.0), Segment(start=50.0, end=52.0)])
    assert max(kept) == 0.0


@pytest.fixture
def long_recording(tmp_path):
    """A hundred seconds of noise at 16 kHz, with half a second of silence around second 25, 48 and 77."""
    samples = np.random.default_rng(0).normal(0, 0.1, 1_600_000)
    for second in (25, 48, 77):
        samples[second * 16_000 - 4_000 : second * 16_000 + 4_000] = 0
    soundfile.write(tmp_path / "long.wav", samples, 16_000, subtype="FLOAT")
    return tmp_path / "long.wav"


def test_a_long_segment_comes_in_parts_that_end_at_its_pauses(long_recording):
    given = [Segment(start=0.7003, end=99.0, speaker="ann", transcript="all of it")]
    found = stretches(long_recording, given)
    ends = [one.segment.end for one in found]
    assert ends == pytest.approx([25, 48, 77, 99], abs=0.2) and ends[-1] == 99.0
    assert [one.segment.start for one in found] == [0.7003, *ends[:-1]]
    assert [one.ends for one in found] == [False, False, False, True]
    assert {id(one.whole) for one in found} == {id(found[0].whole)} and found[0].whole == given[0]
    assert {(one.segment.speaker, one.segment.transcript) for one in found} == {("ann", "all of it")}
    whole = read_audio(long_recording, start=0.7003, end=99.0)
    assert np.array_equal(np.concatenate([one.samples for one in found]), whole)


def test_a_long_segment_that_the_recording_ends(long_recording):
    found = stretches(long_recording, [Segment(start=60.0, end=float("inf"))])
    assert [one.ends for one in found] == [False, True] and found[-1].segment.end == 100.0
    assert sum(len(one.samples) for one in found) == 40 * 16_000


def test_a_segment_of_half_a_minute_is_one_stretch(long_recording):
    (found,) = stretches(long_recording, [Segment(start=2.0, end=32.0)])
    assert found.ends and found.segment == found.whole == Segment(start=2.0, end=32.0)


def test_a_long_segment_given_twice_is_two(long_recording):
    found = stretches(long_recording, [Segment(start=0.0, end=45.0)] * 2)
    assert len(found) == 4 and len({id(one.whole) for one in found}) == 2


def test_parts_come_while_the_recording_is_decoded_and_what_they_held_is_forgotten(long_recording, monkeypatch):
    kept = []
    forget = hearing._Voice._forget

    def watched(self, before):
        kept.append(sum(map(len, self._blocks)) / 16_000)
        forget(self, before)

    monkeypatch.setattr(hearing._Voice, "_forget", watched)
    given = [Segment(start=0.0, end=100.0)]
    passages = list(hear(long_recording, separate=False, segments=given, recogniser=None))
    assert [one.heard for one in passages if one.stretches] == [40.0, 70.0, 90.0, 100.0]
    assert max(kept) <= 50.0


def test_words_of_a_long_segment_are_recognised_part_by_part(long_recording):
    parrot = Parrot(("en", 1.0), ("en", 1.0))
    found = stretches(long_recording, [Segment(start=0.0, end=100.0)], recogniser=parrot)
    spans = [(one.segment.start, one.segment.end) for one in found]
    assert [(start, end) for start, end, _ in parrot.asked] == [pytest.approx(span) for span in spans]
    assert [language for _, _, language in parrot.asked] == [None, None, "en", "en"]
    assert [len(one.segment.words) for one in found] == [1, 1, 1, 1] and found[0].whole.words == ()


@pytest.mark.skipif(not SPEECH.exists(), reason="the speech samples are not beside this checkout")
def test_speech_is_found_between_silences(tmp_path):
    """Two sentences with five seconds of silence around each."""
    silence = np.zeros(5 * 16_000)
    sentences = [soundfile.read(SPEECH / name)[0] for name in ("spk1_snt1.wav", "spk2_snt1.wav")]
    soundfile.write(
        tmp_path / "both.wav", np.concatenate([silence, sentences[0], silence, sentences[1], silence]), 16_000
    )
    found = stretches(tmp_path / "both.wav")
    ends = [5.0, 5.0 + len(sentences[0]) / 16_000]
    ends += [ends[1] + 5.0, ends[1] + 5.0 + len(sentences[1]) / 16_000]
    assert 2 <= len(found) <= 6
    assert all(ends[0] - 0.2 <= one.segment.start < one.segment.end <= ends[3] + 0.2 for one in found)
    middles = [(one.segment.start + one.segment.end) / 2 for one in found]
    assert any(middle < ends[1] for middle in middles) and any(middle > ends[2] for middle in middles)
    assert not any(one.segment.start < ends[1] and one.segment.end > ends[2] for one in found)
    for one in found:
        assert one.samples == pytest.approx(
            read_audio(tmp_path / "both.wav", start=one.segment.start, end=one.segment.end)
        )
