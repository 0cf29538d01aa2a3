"""A recording's outline and its mp3: true to the sample, the same however it is cut, flat in memory."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emoduet.audio import SAMPLING_RATE, read_audio
from emoduet.errors import AudioError, InputError
from emoduet.report import recording_sound as module
from emoduet.report.recording_sound import MOST_COLUMNS, Outline, recording_sound, sound_of

SPEECH = Path(__file__).parents[2].parent / "shared" / "data" / "speech-samples"


def noise(seconds: float) -> np.ndarray:
    samples = np.random.default_rng(7).normal(0, 0.1, int(seconds * SAMPLING_RATE))
    return samples.astype(np.float32)


def clicks(*times: float, duration: float) -> np.ndarray:
    samples = np.zeros(int(duration * SAMPLING_RATE), dtype=np.float32)
    samples[[int(time * SAMPLING_RATE) for time in times]] = 0.9
    return samples


# The outline


def test_columns_hold_the_lowest_and_the_highest_sample(monkeypatch):
    monkeypatch.setattr(module, "FINEST", 2)
    outline = Outline()
    outline.feed(np.array([0.5, -0.25, 0.75, 0.125, -1.0], dtype=np.float32))
    columns, seconds = outline.finish()
    assert columns.tolist() == [[-0.25, 0.5], [0.125, 0.75], [-1.0, -1.0]]
    assert (columns.dtype, seconds) == (np.float32, 2 / 16_000)


def test_full_columns_are_joined_by_twos(monkeypatch):
    monkeypatch.setattr(module, "FINEST", 2)
    monkeypatch.setattr(module, "MOST_COLUMNS", 4)
    outline = Outline()
    outline.feed(np.array([1, -1, 2, -2, 3, -3, 4, -4, 0.5], dtype=np.float32))
    columns, seconds = outline.finish()
    assert columns.tolist() == [[-2, 2], [-4, 4], [0.5, 0.5]]
    assert seconds == 4 / 16_000


@pytest.mark.parametrize("cut", [1, 7, 160, 4099])
def test_how_the_sound_is_cut_changes_nothing(monkeypatch, cut):
    monkeypatch.setattr(module, "MOST_COLUMNS", 16)
    samples, outline = noise(0.6)[:9_001], Outline()
    for start in range(0, len(samples), cut):
        outline.feed(samples[start : start + cut])
    columns, seconds = outline.finish()
    width = 160 * 4  # 57 columns of 160, joined twice, are 15 with the last one's rest
    wanted = [samples[start : start + width] for start in range(0, len(samples), width)]
    assert seconds == width / SAMPLING_RATE
    assert columns.tolist() == [[part.min(), part.max()] for part in wanted]


def test_two_hours_stay_fine_enough_to_zoom_into_and_flat_in_memory():
    block, outline = noise(30), Outline()
    tracemalloc.start()
    for _ in range(240):
        outline.feed(block)
    columns, seconds = outline.finish()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds == 0.16 and len(columns) == 45_000 <= MOST_COLUMNS
    assert peak < 8e6


# The mp3


def test_the_mp3_is_on_time_to_the_sample_and_small(tmp_path):
    samples = clicks(1.0, 19.5, duration=20)
    sound = sound_of([samples[None, :50_000], samples[None, 50_000:]], tmp_path / "a.mp3")
    heard, rate = soundfile.read(sound.mp3)
    assert rate == SAMPLING_RATE and len(heard) == len(samples)
    assert np.argmax(np.abs(heard[:32_000])) == 16_000
    assert 160_000 + np.argmax(np.abs(heard[160_000:])) == 312_000
    assert sound.mp3.stat().st_size == pytest.approx(20 * 40_000 / 8, rel=0.05)
    assert sound.duration == pytest.approx(20)


def test_channels_are_averaged_and_what_is_too_loud_is_clipped(tmp_path):
    quiet = np.stack([noise(0.5), -noise(0.5)])
    assert not sound_of([quiet], tmp_path / "quiet.mp3").peaks.any()
    loud = np.full((1, 8_000), 3.0, dtype=np.float32)
    sound = sound_of([loud], tmp_path / "loud.mp3")
    assert sound.peaks.max() == 3
    assert np.median(soundfile.read(sound.mp3)[0][2_000:6_000]) == pytest.approx(1, abs=0.1)


def test_no_sound_is_no_columns(tmp_path):
    sound = sound_of([], tmp_path / "a.mp3")
    assert sound.peaks.shape == (0, 2) and sound.duration == 0


def test_a_libsndfile_without_mp3_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(soundfile, "check_format", lambda *_: False)
    with pytest.raises(InputError, match="cannot write mp3; need 1.1 or newer"):
        sound_of([], tmp_path / "a.mp3")


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent/a\.mp3: cannot be written"):
        sound_of([], tmp_path / "absent" / "a.mp3")


# From a file


def test_a_file_is_read_whole_and_its_mp3_goes_at_the_end(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.tile(clicks(1.0, duration=2)[:, None], 2), SAMPLING_RATE)
    with recording_sound(tmp_path / "a.wav") as sound:
        assert np.argmax(np.abs(soundfile.read(sound.mp3)[0])) == 16_000
        assert sound.peaks.shape == (200, 2) and np.argmax(sound.peaks[:, 1]) == 100
    assert not sound.mp3.exists()


def test_a_file_that_is_no_sound_is_refused_as_everywhere(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"nothing")
    with pytest.raises(AudioError, match="a.wav"), recording_sound(tmp_path / "a.wav"):
        pass


@pytest.mark.skipif(not SPEECH.exists(), reason="the speech samples are not at hand")
def test_real_speech_is_heard_in_the_mp3_when_it_was_said():
    waveform = read_audio(SPEECH / "jfk.flac")
    with recording_sound(SPEECH / "jfk.flac") as sound:
        heard = soundfile.read(sound.mp3, dtype="float32")[0]
    assert len(sound.peaks) == -(-len(waveform) // 160)
    assert np.corrcoef(heard, waveform)[0, 1] > 0.95
