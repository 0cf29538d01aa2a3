"""Sound files that decode: formats, rates, channels, parts and values; real speech where the samples are at hand."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import noise, sine, write_media, write_wav_bytes
from transformers import Wav2Vec2FeatureExtractor

from emoduet.audio import MIN_SAMPLES, SAMPLING_RATE, AudioInfo, normalise, probe_audio, read_audio
from emoduet.errors import AudioError

SPEECH = Path(__file__).parents[1].parent / "shared" / "data" / "speech-samples"


def frequency_of(waveform: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(waveform))
    return float(np.argmax(spectrum) * SAMPLING_RATE / len(waveform))


# What decodes


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (16_000, 1), (44_100, 2), (48_000, 2)])
def test_frequency_and_duration_survive_decoding_and_resampling(tmp_path, suffix, rate, channels):
    path = tmp_path / f"sine.{suffix}"
    soundfile.write(path, sine(rate, duration=2.0, channels=channels), rate)
    waveform = read_audio(path)
    assert (waveform.dtype, waveform.shape) == (np.float32, (32_000,))
    assert frequency_of(waveform) == pytest.approx(440, abs=1)
    assert np.abs(waveform[8000:24000]).max() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("name", "container", "codec"),
    [("a.m4a", "ipod", "aac"), ("a.mp4", "mp4", "aac"), ("a.webm", "webm", "libopus"), ("a.opus", "ogg", "libopus")],
)
def test_media_formats_decode(tmp_path, name, container, codec):
    path = write_media(tmp_path / name, container, codec, duration=2.0)
    waveform = read_audio(path)
    assert frequency_of(waveform) == pytest.approx(440, abs=1)
    assert len(waveform) == pytest.approx(32_000, abs=0.05 * SAMPLING_RATE)
    assert len(read_audio(path, start=0.5, end=1.25)) == 12_000
    assert probe_audio(path).num_channels == 2


def test_metadata_that_is_not_utf8_does_not_matter(tmp_path):
    path = write_media(tmp_path / "a.webm", "webm", "libopus", title="a cafe")
    content = path.read_bytes()
    assert content.count(b"a cafe") == 1
    path.write_bytes(content.replace(b"a cafe", "a café".encode("latin-1")))
    assert len(read_audio(path)) == 16_000


def test_channels_are_averaged(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.tile([0.5, -0.25], (1000, 1)), SAMPLING_RATE, subtype="FLOAT")
    assert np.all(read_audio(tmp_path / "a.wav") == 0.125)


def test_probe(tmp_path):
    soundfile.write(tmp_path / "a.wav", sine(44_100, duration=1.5, channels=2), 44_100)
    assert probe_audio(tmp_path / "a.wav") == AudioInfo(1.5, 44_100, 2, "WAV")


@pytest.mark.parametrize("suffix", ["wav", "raw", "txt", "gsm"])
def test_content_decides_not_the_suffix(tmp_path, suffix):
    soundfile.write(tmp_path / "a.mp3", sine(16_000), 16_000)
    path = (tmp_path / "a.mp3").rename(tmp_path / f"a.{suffix}")
    assert probe_audio(path).format == "MP3"
    assert len(read_audio(path)) == 16_000


def test_silence_is_sound_down_to_the_shortest(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(MIN_SAMPLES), SAMPLING_RATE)
    assert np.array_equal(read_audio(tmp_path / "a.wav"), np.zeros(400))


@pytest.mark.parametrize("padding", [b"", b"\0"])
def test_odd_data_chunk_drops_the_half_sample(tmp_path, padding):
    """A data chunk of 2001 bytes in 16-bit sound, with and without RIFF's padding byte."""
    write_wav_bytes(tmp_path / "a.wav", sine(16_000)[:1001], declared=2001, cut=2001, padding=padding)
    assert len(read_audio(tmp_path / "a.wav")) == 1000


@pytest.mark.parametrize("declared", [0xFFFF_FFFF, 0x7FFF_FFFF])
def test_streamed_wav_of_unknown_length(tmp_path, declared):
    write_wav_bytes(tmp_path / "a.wav", sine(16_000), declared=declared)
    assert len(read_audio(tmp_path / "a.wav")) == 16_000


def test_chunks_before_the_sound_are_skipped(tmp_path):
    write_wav_bytes(tmp_path / "a.wav", sine(16_000), declared=32_000, extra=b"LIST" + struct.pack("<I", 3) + b"abc\0")
    assert len(read_audio(tmp_path / "a.wav")) == 16_000


def test_flac_of_unknown_length(tmp_path):
    """As `flac -` writes into a pipe: the total of STREAMINFO, 36 bits, is zero."""
    pytest.importorskip("av")
    path = tmp_path / "a.flac"
    soundfile.write(path, sine(16_000), 16_000)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    assert len(read_audio(path)) == 16_000


def test_long_file_is_read_in_blocks(tmp_path):
    ramp = np.linspace(-1, 1, (1 << 20) + 5000, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", ramp, SAMPLING_RATE, subtype="FLOAT")
    assert np.array_equal(read_audio(tmp_path / "a.wav"), ramp)


# Parts


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100, 48_000])
@pytest.mark.parametrize(("start", "end"), [(0.0, 0.5), (0.333, 1.7771), (1.00003, 1.2), (2.5, 3.0)])
def test_part_equals_the_same_part_of_the_whole(tmp_path, suffix, rate, start, end):
    path = tmp_path / f"noise.{suffix}"
    soundfile.write(path, noise(rate, 3.0, channels=2), rate)
    part, whole = read_audio(path, start=start, end=end), read_audio(path)
    expected = whole[round(start * SAMPLING_RATE) : round(end * SAMPLING_RATE)]
    np.testing.assert_allclose(part, expected, atol=2e-5)


def test_click_stays_at_its_time(tmp_path):
    click = np.zeros(44_100)
    click[22_050] = 1.0
    soundfile.write(tmp_path / "a.flac", click, 44_100)
    assert np.argmax(read_audio(tmp_path / "a.flac")) == 8_000
    assert np.argmax(read_audio(tmp_path / "a.flac", start=0.4, end=0.6)) == 1_600


def test_open_bounds(tmp_path):
    soundfile.write(tmp_path / "a.wav", sine(16_000), 16_000)
    assert len(read_audio(tmp_path / "a.wav", start=0.25)) == 12_000
    assert len(read_audio(tmp_path / "a.wav", end=0.25)) == 4_000
    assert len(read_audio(tmp_path / "a.wav", sampling_rate=8_000)) == 8_000


def test_end_may_be_rounded_beyond_the_file(tmp_path):
    soundfile.write(tmp_path / "a.wav", sine(16_000), 16_000)
    assert len(read_audio(tmp_path / "a.wav", start=0.5, end=1.019)) == 8_000


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (-0.1, None, r"start -0.1 s lies outside the file of 1.000 s"),
        (1.0, None, r"start 1.0 s lies outside the file of 1.000 s"),
        (float("nan"), None, r"start nan s lies outside"),
        (None, 1.03, r"end 1.03 s lies beyond the end of the file, 1.000 s, by more than 20 ms"),
        (None, float("nan"), r"end nan s lies beyond"),
        (0.5, 0.5, r"end 0.5 s is not after start 0.5 s"),
        (0.5, 0.2, r"end 0.2 s is not after start 0.5 s"),
        (None, 0.0, r"end 0.0 s is not after start 0.0 s"),
        (0.5, 0.52, r"320 samples after decoding; need at least 400 \(25 ms at 16 kHz\)"),
    ],
)
def test_bad_bounds(tmp_path, start, end, message):
    soundfile.write(tmp_path / "a.wav", sine(16_000), 16_000)
    with pytest.raises(AudioError, match=message):
        read_audio(tmp_path / "a.wav", start=start, end=end)


# Values


@pytest.mark.parametrize("waveform", [noise(16_000, 0.5, 1)[:, 0] * 3 + 0.2, sine(16_000)[:, 0] * 1e-3, np.zeros(400)])
def test_normalise_equals_transformers(waveform):
    waveform = waveform.astype(np.float32)
    extractor = Wav2Vec2FeatureExtractor(do_normalize=True)
    expected = extractor(waveform, sampling_rate=SAMPLING_RATE, return_tensors="np").input_values[0]
    np.testing.assert_allclose(normalise(waveform), expected, atol=1e-6)


def test_normalise_pencil():
    np.testing.assert_allclose(normalise(np.array([2.0, 4.0, 4.0, 6.0])), [-np.sqrt(2), 0, 0, np.sqrt(2)], atol=1e-6)


@pytest.mark.parametrize("constant", [0.0, 0.5, -1.0])
def test_normalise_of_a_constant_is_zero(constant):
    assert np.array_equal(normalise(np.full(400, constant, dtype=np.float32)), np.zeros(400))


# Real speech


@pytest.mark.skipif(not SPEECH.exists(), reason="the speech samples are not beside this checkout")
@pytest.mark.parametrize(
    ("name", "info"),
    [
        ("jfk.flac", AudioInfo(11.0, 44_100, 2, "FLAC")),
        ("librispeech_2412-153948-0000.flac", AudioInfo(11.66, 16_000, 1, "FLAC")),
        ("ljspeech_LJ002-0020.wav", AudioInfo(33_949 / 22_050, 22_050, 1, "WAV")),
    ],
)
def test_real_speech_decodes(name, info):
    waveform = read_audio(SPEECH / name)
    assert probe_audio(SPEECH / name) == info
    assert len(waveform) == round(info.duration * SAMPLING_RATE)
    assert 0.01 < waveform.std() < 0.5
