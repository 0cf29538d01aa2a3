"""Streams of sound: the samples of the whole file read at once, at the same times, in memory that does not grow."""

import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from sounds import noise, sine, write_media, write_wav_bytes
from test_audio_bad_files import BAD_FILES

from emoduet.audio import SAMPLING_RATE, AudioInfo, read_audio
from emoduet.audio_stream import open_sound
from emoduet.errors import AudioError, InputError

SPEECH = Path(__file__).parents[1].parent / "shared" / "data" / "speech-samples"


def blocks_of(path, seconds=0.7, *, separate=False):
    with open_sound(path, separate=separate) as sound:
        return list(sound.blocks(seconds))


def whole_of(path, seconds=0.7, *, separate=False):
    return np.concatenate(blocks_of(path, seconds, separate=separate), axis=1)


# The whole, whatever the format


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (11_025, 1), (16_000, 2), (44_100, 2), (48_000, 1)])
def test_blocks_are_the_whole_file(tmp_path, suffix, rate, channels):
    path = tmp_path / f"noise.{suffix}"
    soundfile.write(path, noise(rate, 3.01, channels), rate)
    whole = read_audio(path)
    stream = whole_of(path)
    assert (stream.dtype, stream.shape) == (np.float32, (1, len(whole)))
    np.testing.assert_allclose(stream[0], whole, atol=0 if rate == SAMPLING_RATE else 1e-6)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_eight_channels_at_96_khz(tmp_path, subtype):
    soundfile.write(tmp_path / "a.wav", noise(96_000, 1.5, 8), 96_000, subtype=subtype)
    np.testing.assert_allclose(whole_of(tmp_path / "a.wav")[0], read_audio(tmp_path / "a.wav"), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "container", "codec"),
    [
        ("a.m4a", "ipod", "aac"),
        ("a.mp4", "mp4", "aac"),
        ("a.aac", "adts", "aac"),
        ("a.webm", "webm", "libopus"),
        ("a.opus", "ogg", "libopus"),
    ],
)
def test_media_formats_are_the_whole_file(tmp_path, name, container, codec):
    path = write_media(tmp_path / name, container, codec, duration=2.0)
    np.testing.assert_allclose(whole_of(path)[0], read_audio(path), atol=1e-6)
    assert len(read_audio(path)) == pytest.approx(32_000, abs=0.05 * SAMPLING_RATE)


@pytest.mark.parametrize("num_frames", [1202, 1203, 1205, 32_769])
@pytest.mark.parametrize("rate", [22_050, 32_000, 48_000])
def test_lengths_are_rounded_like_those_of_the_whole(tmp_path, rate, num_frames):
    """32 kHz halves odd lengths, which leaves half a sample to round."""
    soundfile.write(tmp_path / "a.wav", noise(rate, 1.0, 1)[:1].repeat(num_frames), rate)
    assert whole_of(tmp_path / "a.wav").shape == (1, len(read_audio(tmp_path / "a.wav")))


def test_what_the_file_says_of_itself(tmp_path):
    soundfile.write(tmp_path / "a.wav", sine(44_100, duration=1.5, channels=2), 44_100)
    with open_sound(tmp_path / "a.wav") as sound:
        assert sound.info == AudioInfo(1.5, 44_100, 2, "WAV")
        assert sound.num_channels == 1


@pytest.mark.skipif(not SPEECH.exists(), reason="the speech samples are not beside this checkout")
@pytest.mark.parametrize("name", ["jfk.flac", "librispeech_2412-153948-0000.flac", "ljspeech_LJ002-0020.wav"])
def test_real_speech_streams(name):
    np.testing.assert_allclose(whole_of(SPEECH / name)[0], read_audio(SPEECH / name), atol=1e-6)


# Channels


def test_channels_are_averaged(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.tile([0.5, -0.25], (1000, 1)), SAMPLING_RATE, subtype="FLOAT")
    assert np.array_equal(whole_of(tmp_path / "a.wav"), np.full((1, 1000), 0.125))


def test_channels_are_kept_apart(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.tile([0.5, -0.25], (1000, 1)), SAMPLING_RATE, subtype="FLOAT")
    assert np.array_equal(whole_of(tmp_path / "a.wav", separate=True), np.tile([[0.5], [-0.25]], (1, 1000)))


def test_each_channel_is_resampled_by_itself(tmp_path):
    frames = noise(44_100, 2.0, 3)
    soundfile.write(tmp_path / "a.wav", frames, 44_100, subtype="FLOAT")
    with open_sound(tmp_path / "a.wav", separate=True) as sound:
        assert sound.num_channels == 3
        stream = np.concatenate(list(sound.blocks(0.3)), axis=1)
    expected = np.stack([soxr.resample(channel, 44_100, SAMPLING_RATE) for channel in frames.T])
    np.testing.assert_allclose(stream, expected, atol=1e-6)


# Blocks


@pytest.mark.parametrize(
    ("num_samples", "seconds", "lengths"),
    [
        (40_000, 1.0, [16_000, 16_000, 8_000]),
        (32_000, 1.0, [16_000, 16_000]),
        (1_600, 30.0, [1_600]),
        (1_000, 0.025, [400, 400, 200]),
        (400, 0.0125, [200, 200]),
    ],
)
def test_lengths_of_blocks(tmp_path, num_samples, seconds, lengths):
    soundfile.write(tmp_path / "a.wav", np.zeros(num_samples), SAMPLING_RATE)
    assert [block.shape for block in blocks_of(tmp_path / "a.wav", seconds)] == [(1, length) for length in lengths]


@pytest.mark.parametrize("seconds", [1 / 16_000, 0.33337, 100.0])
def test_length_of_blocks_changes_no_sample(tmp_path, seconds):
    soundfile.write(tmp_path / "a.wav", noise(44_100, 0.5, 2), 44_100)
    assert np.array_equal(whole_of(tmp_path / "a.wav", seconds), whole_of(tmp_path / "a.wav", 0.1))


def test_decoding_in_many_reads(tmp_path):
    """Longer than libsndfile is asked for at once."""
    ramp = np.linspace(-1, 1, (1 << 18) * 2 + 5000, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", ramp, SAMPLING_RATE, subtype="FLOAT")
    assert np.array_equal(whole_of(tmp_path / "a.wav", 30.0)[0], ramp)


def test_blocks_own_their_samples(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.full(32_000, 0.5), SAMPLING_RATE, subtype="FLOAT")
    with open_sound(tmp_path / "a.wav") as sound:
        for block in sound.blocks(1.0):
            assert np.all(block == 0.5)
            block *= 0


@pytest.mark.parametrize("seconds", [0, -1.0, 1e-5, float("nan"), float("inf")])
def test_lengths_that_no_block_can_have(tmp_path, seconds):
    soundfile.write(tmp_path / "a.wav", sine(16_000), SAMPLING_RATE)
    with (
        open_sound(tmp_path / "a.wav") as sound,
        pytest.raises(InputError, match=f"blocks of {seconds} s: want .+ at least one sample"),
    ):
        sound.blocks(seconds)


def test_a_stream_is_read_once(tmp_path):
    soundfile.write(tmp_path / "a.wav", sine(16_000), SAMPLING_RATE)
    with open_sound(tmp_path / "a.wav") as sound:
        sound.blocks()
        with pytest.raises(InputError, match=r"a\.wav: the stream was read before, and is read once; open it again"):
            sound.blocks()


# Times


def test_click_in_a_stereo_mp3_is_found_at_its_second(tmp_path):
    frames = noise(44_100, 12.0, 2) * 0.01
    seconds = [0.5, 3.0, 7.25, 11.5]
    for second in seconds:
        frames[round(second * 44_100)] = 0.9
    soundfile.write(tmp_path / "a.mp3", frames, 44_100)
    heard = np.abs(whole_of(tmp_path / "a.mp3")[0])
    for second in seconds:
        first = round((second - 0.25) * SAMPLING_RATE)
        found = (first + np.argmax(heard[first : first + 8_000])) / SAMPLING_RATE
        assert found == pytest.approx(second, abs=0.0002)


# Memory

LATE_CLICK = """
import resource, sys
import numpy as np
from emoduet.audio_stream import open_sound

peak, position, loudest = [], 0, (0.0, 0)
with open_sound(sys.argv[1]) as sound:
    for block in sound.blocks():
        at = int(np.argmax(np.abs(block[0])))
        loudest = max(loudest, (float(abs(block[0, at])), position + at))
        position += block.shape[1]
        peak.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(position, loudest[1], peak[-1] - peak[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs files with holes, and the memory peak in KiB")
@pytest.mark.parametrize(("rate", "hours"), [(16_000, 2), (11_025, 1)])
def test_memory_and_times_stay_over_hours(tmp_path, rate, hours):
    """Nothing but a click in the last second; the holes of the file take no room on the disk."""
    num_frames = rate * 3600 * hours
    soundfile.write(tmp_path / "a.wav", np.zeros(0), rate, subtype="PCM_16")
    header = bytearray((tmp_path / "a.wav").read_bytes())
    header[4:8] = (num_frames * 2 + len(header) - 8).to_bytes(4, "little")
    header[-4:] = (num_frames * 2).to_bytes(4, "little")
    with (tmp_path / "a.wav").open("wb") as file:
        file.write(header)
        file.seek(2 * (num_frames - rate), 1)
        file.write((20_000).to_bytes(2, "little"))
        file.truncate(len(header) + num_frames * 2)
    command = [sys.executable, "-c", LATE_CLICK, str(tmp_path / "a.wav")]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    num_samples, click, growth = map(int, output.split())
    assert num_samples == hours * 3600 * SAMPLING_RATE
    assert click == num_samples - SAMPLING_RATE
    assert growth < 16_384


def test_media_are_not_decoded_whole(tmp_path):
    """Half a minute of 48 kHz stereo is 11.5 MB."""
    path = write_media(tmp_path / "a.m4a", "ipod", "aac", duration=30.0)
    tracemalloc.start()
    try:
        with open_sound(path) as sound:
            num_samples = sum(block.shape[1] for block in sound.blocks(1.0))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert num_samples == pytest.approx(30 * SAMPLING_RATE, abs=1000)
    assert peak < 4e6


# Broken files


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_are_named_as_elsewhere(tmp_path, name):
    write, message = BAD_FILES[name]
    path = tmp_path / "a.wav"
    write(path)
    with pytest.raises(AudioError, match=message) as caught:
        blocks_of(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_damage_stops_the_stream_where_it_lies(tmp_path, rate):
    frames = np.zeros((rate * 40, 2))
    frames[round(rate * 32.5), 1] = np.nan
    soundfile.write(tmp_path / "a.wav", frames, rate, subtype="FLOAT")
    with open_sound(tmp_path / "a.wav") as sound:
        stream = sound.blocks(10.0)
        assert next(stream).shape == (1, 160_000)
        with pytest.raises(AudioError, match=r"a\.wav: the sample at 32\.500 s is nan; need finite numbers"):
            list(stream)


def test_damage_in_one_channel_of_several(tmp_path):
    frames = np.zeros((16_000, 3))
    frames[4_000, 2] = np.inf
    soundfile.write(tmp_path / "a.wav", frames, SAMPLING_RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"the sample at 0\.250 s is inf"):
        blocks_of(tmp_path / "a.wav", separate=True)


@pytest.mark.parametrize("suffix", ["flac", "mp3"])
def test_truncated_file_is_read_until_its_end(tmp_path, suffix):
    soundfile.write(tmp_path / f"whole.{suffix}", noise(16_000, 60.0, 1), SAMPLING_RATE)
    path = tmp_path / f"half.{suffix}"
    path.write_bytes((tmp_path / f"whole.{suffix}").read_bytes()[: (tmp_path / f"whole.{suffix}").stat().st_size // 2])
    with open_sound(path) as sound:
        stream = sound.blocks(5.0)
        assert next(stream).shape == (1, 80_000)
        with pytest.raises(AudioError, match=r"half\..+(truncated: (29|30).\d\d s|decoding fails beyond 16.38 s)"):
            list(stream)


def test_truncated_wav_is_refused_at_once(tmp_path):
    write_wav_bytes(tmp_path / "a.wav", sine(16_000), declared=40_000)
    with (
        pytest.raises(AudioError, match=r"truncated: 32000 bytes of sound, the header says 40000"),
        open_sound(tmp_path / "a.wav"),
    ):
        pytest.fail("it opened")


def test_too_little_sound_in_little_blocks(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(300), SAMPLING_RATE)
    with open_sound(tmp_path / "a.wav") as sound:
        stream = sound.blocks(0.00625)
        assert next(stream).shape == (1, 100)
        with pytest.raises(AudioError, match=r"a\.wav: 300 samples after decoding; need at least 400"):
            list(stream)
