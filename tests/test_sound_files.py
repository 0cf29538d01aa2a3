"""What is opened by which library: mp3s with and without a length in their first frame, and what stands before it."""

import sys

import numpy as np
import pytest
import soundfile
from sounds import noise, sine

from emoduet.audio import SAMPLING_RATE, probe_audio, read_audio
from emoduet.errors import AudioError
from emoduet.sound_files import open_sound_file


def write_headerless_mp3(path, frames, rate, **options):
    """As recorders write that do not come back to the beginning of the file: no Xing or Info frame."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w", format="mp3", options={"write_xing": "0", "id3v2_version": "0"}) as output:
        stream = output.add_stream("libmp3lame", rate=rate, layout="stereo", options=options)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(frames.T), format="fltp", layout="stereo")
        frame.sample_rate = rate
        resampler = av.AudioResampler(format=stream.format, layout="stereo", rate=rate, frame_size=stream.frame_size)
        for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
            output.mux(stream.encode(piece))
    return path


def id3_tag(size):
    """An empty ID3v2 tag, as large as one that holds a picture; its length is written in seven bits a byte."""
    return b"ID3\4\0\0" + bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0)) + bytes(size)


def test_mp3_of_unknown_length_is_read_to_its_end(tmp_path):
    """Constant in rate, and so guessed too long by libsndfile: a whole file would be called truncated."""
    path = write_headerless_mp3(tmp_path / "a.mp3", sine(44_100, duration=3.0, channels=2), 44_100)
    assert probe_audio(path).duration == pytest.approx(3.03, abs=0.01)
    assert soundfile.info(path).duration > probe_audio(path).duration
    assert len(read_audio(path)) == round(probe_audio(path).duration * SAMPLING_RATE)


def test_mp3_of_variable_rate_and_unknown_length_keeps_its_end(tmp_path):
    """Quiet, then loud: libsndfile guesses by the first frame, which would leave out half of it."""
    frames = np.concatenate([sine(44_100, duration=2.0, channels=2) * 1e-3, noise(44_100, 2.0, 2)])
    path = write_headerless_mp3(tmp_path / "a.mp3", frames, 44_100, flags="+qscale", global_quality="472")
    waveform = read_audio(path)
    assert len(waveform) == pytest.approx(4.04 * SAMPLING_RATE, abs=320)
    assert waveform[-16_000:-3_200].std() > 0.03


def test_mp3_without_a_header_is_late_by_the_encoder(tmp_path):
    frames = np.zeros((44_100, 2), dtype=np.float32)
    frames[22_050] = 0.9
    path = write_headerless_mp3(tmp_path / "a.mp3", frames, 44_100)
    assert np.argmax(np.abs(read_audio(path))) / SAMPLING_RATE == pytest.approx(0.5 + 1105 / 44_100, abs=2e-4)


def test_mp3_without_a_header_needs_the_extra(tmp_path, monkeypatch):
    path = write_headerless_mp3(tmp_path / "a.mp3", sine(44_100, channels=2), 44_100)
    monkeypatch.setitem(sys.modules, "av", None)
    message = r"a\.mp3: not wav.+ \(libsndfile: the header does not say how long the sound is\).+emoduet\[media\]"
    with pytest.raises(AudioError, match=message):
        read_audio(path)


@pytest.mark.parametrize("size", [127, 128, 200_000])
def test_mp3_with_a_header_needs_no_extra(tmp_path, monkeypatch, size):
    monkeypatch.setitem(sys.modules, "av", None)
    soundfile.write(tmp_path / "a.mp3", sine(44_100, channels=2), 44_100)
    tagged = tmp_path / "tagged.mp3"
    tagged.write_bytes(id3_tag(size) + (tmp_path / "a.mp3").read_bytes())
    assert np.array_equal(read_audio(tagged), read_audio(tmp_path / "a.mp3"))
    assert len(read_audio(tagged)) == SAMPLING_RATE


def test_frames_may_be_counted_and_asked_for(tmp_path):
    frames = noise(16_000, 0.5, 3)
    soundfile.write(tmp_path / "a.wav", frames, SAMPLING_RATE, subtype="FLOAT")
    with open_sound_file(tmp_path / "a.wav") as sound:
        assert sound.num_frames == 8_000
        assert np.array_equal(np.concatenate(list(sound.blocks())), frames)
        assert np.array_equal(np.concatenate(list(sound.blocks(100, 900))), frames[100:900])


def test_no_block_is_large_however_many_channels(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros((20_000, 64)), SAMPLING_RATE)
    with open_sound_file(tmp_path / "a.wav") as sound:
        assert max(block.size for block in sound.blocks()) == 1 << 18
