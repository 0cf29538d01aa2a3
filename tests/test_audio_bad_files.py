"""What does not decode: each kind of bad file ends in an AudioError that names the file and what is wrong with it."""

import sys

import numpy as np
import pytest
import soundfile
from sounds import noise, sine, write_media, write_wav_bytes

from emoduet.audio import SAMPLING_RATE, read_audio
from emoduet.errors import AudioError


def halved(name, write):
    """The first half of the bytes that `write` puts into a file of this name."""

    def write_half(path):
        whole = path.with_name(name)
        write(whole)
        path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])

    return write_half


def write_noise(path):
    soundfile.write(path, noise(16_000, 2.0, channels=1), 16_000)


def write_m4a(path):
    write_media(path, "ipod", "aac", duration=2.0)


def write_webm(path):
    write_media(path, "webm", "libopus", duration=2.0)


def write_playlist(path):
    """FFmpeg would follow it if it were let."""
    write_m4a(path.with_name("b.m4a"))
    path.write_text("ffconcat version 1.0\nfile b.m4a\n")


def write_truncated_after_odd_chunk(path):
    """An odd chunk before the sound is padded by one byte, which its length does not count."""
    write_wav_bytes(path, sine(16_000), declared=40_000, extra=b"LIST\3\0\0\0abc\0")


def write_unknown_codec(path):
    write_wav_bytes(path, sine(16_000), declared=32_000)
    content = bytearray(path.read_bytes())
    content[20:22] = b"\x34\x12"  # the format tag
    path.write_bytes(content)


def wav_of(samples, rate=SAMPLING_RATE):
    return lambda path: soundfile.write(path, np.float32(samples), rate, format="WAV", subtype="FLOAT")


def one_bad_sample(value):
    return wav_of([0.0] * 8000 + [value] + [0.0] * 8000)


BAD_FILES = {
    "missing": (lambda path: None, r"no such file"),
    "folder": (lambda path: path.mkdir(), r"is a folder; need a sound file"),
    "empty": (lambda path: path.write_bytes(b""), r"0 bytes; need a sound file"),
    "text": (lambda path: path.write_text("Excuse me. " * 200), r"not a sound file"),
    "playlist that names another file": (write_playlist, r"not a sound file"),
    "unknown codec": (write_unknown_codec, r"wav holds no sound to decode; need a sound stream"),
    "header only": (lambda path: write_wav_bytes(path, sine(16_000)[:0], declared=0), r"a.wav: 0 samples after"),
    "wav cut at its header": (lambda path: path.write_bytes(b"RIFF\x24\0\0\0WAVEfmt"), r"not a sound file"),
    "truncated wav": (halved("whole.wav", write_noise), r"truncated: 319\d\d bytes of sound, the header says 64000"),
    "truncated wav, odd chunk first": (
        write_truncated_after_odd_chunk,
        r"truncated: 32000 bytes of sound, the header says 40000",
    ),
    "truncated flac": (halved("whole.flac", write_noise), r"decoding fails beyond 0.00 s \(.+\)\. Is the file tr"),
    "truncated mp3": (halved("whole.mp3", write_noise), r"truncated: (0.9|1.0)\d s of sound, the header says 2.00 s"),
    "truncated m4a": (halved("b.m4a", write_m4a), r"not a sound file .+ Is it truncated"),
    "truncated webm": (halved("b.webm", write_webm), r"truncated: (0.9|1.0)\d s of sound, the header says 2.0\d s"),
    "1 sample": (wav_of([0.5]), r"1 samples after decoding; need at least 400"),
    "1 sample at 44.1 kHz": (wav_of([0.5], 44_100), r"0 samples after decoding; need at least 400"),
    "399 samples": (wav_of(np.zeros(399)), r"399 samples after decoding; need at least 400"),
    "1000 samples at 48 kHz": (wav_of(np.zeros(1000), 48_000), r"333 samples after decoding; need at least 400"),
    "NaN": (one_bad_sample(np.nan), r"the sample at 0.500 s is nan; need finite numbers"),
    "infinite": (one_bad_sample(-np.inf), r"the sample at 0.500 s is -inf; need finite numbers"),
    "beyond all sound": (one_bad_sample(-2e6), r"at 0.500 s is -2e\+06; need .+ and none beyond 1,000,000\. Write"),
    "infinite both ways": (wav_of(np.tile([np.inf, -np.inf], (8000, 1))), r"the sample at 0.000 s is nan"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_are_named(tmp_path, name):
    write, message = BAD_FILES[name]
    path = tmp_path / "a.wav"
    write(path)
    with pytest.raises(AudioError, match=message) as caught:
        read_audio(path)
    assert str(path) in str(caught.value)


def test_integers_stored_as_floats_are_sound(tmp_path):
    wav_of([0.0] * 8000 + [-32_768.0, 1e6] * 8)(tmp_path / "a.wav")
    assert np.abs(read_audio(tmp_path / "a.wav")).max() == 1e6


def test_name_that_no_file_can_have(tmp_path):
    with pytest.raises(AudioError, match=r"cannot be opened \(File name too long\)"):
        read_audio(tmp_path / ("x" * 300))


def test_video_without_sound(tmp_path):
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "a.mp4"), "w") as output:
        stream = output.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), dtype=np.uint8), format="rgb24")
        for picture in (frame, None):
            output.mux(stream.encode(picture))
    with pytest.raises(AudioError, match=r"holds no sound to decode; need a sound stream"):
        read_audio(tmp_path / "a.mp4")


def test_without_pyav_the_extra_is_named(tmp_path, monkeypatch):
    write_media(tmp_path / "a.m4a", "ipod", "aac")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(AudioError, match=r"a\.m4a: not wav.+ pip install 'emoduet\[media\]'"):
        read_audio(tmp_path / "a.m4a")
