"""Stretches of speech are cut out of a recording at their times, whatever blocks it is decoded in."""

import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emoduet import hearing
from emoduet.audio import read_audio
from emoduet.errors import AudioError
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


def test_a_segment_behind_the_end_is_of_another_recording(recording):
    with pytest.raises(
        AudioError, match=r"call\.wav: a segment from 60\.000 to 61\.000 s lies beyond the end of the rec"
    ):
        stretches(recording, [Segment(start=60.0, end=61.0)])


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


@pytest.mark.parametrize("channel", [None, 3])
def test_a_segment_of_no_channel_there_is(recording, channel):
    with pytest.raises(
        AudioError, match=rf"from 1\.000 to 2\.000 s: channel {channel} of a recording with 2; give each"
    ):
        stretches(recording, [Segment(start=1.0, end=2.0, channel=channel)], separate=True)


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
    """Too short, too unsure, plain; from then on it is told."""
    parrot = Parrot(("de", 0.9), ("nl", 0.5), ("en", 0.8))
    given = [
        Segment(start=1.0, end=3.5),
        Segment(start=4.0, end=9.0),
        Segment(start=11.0, end=15.0),
        Segment(start=21.0, end=22.0),
    ]
    found = stretches(recording, given, recogniser=parrot)
    assert [one.segment.language for one in found] == ["de", "nl", "en", "en"]
    assert [language for _, _, language in parrot.asked] == [None, None, None, "en"]


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
        kept.append(len(self._samples) / 16_000)

    monkeypatch.setattr(hearing._Voice, "_forget", watched)
    stretches(recording, [Segment(start=1.0, end=2.0), Segment(start=50.0, end=52.0)])
    assert max(kept) == 0.0


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
