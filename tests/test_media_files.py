"""The clock of containers: clicks at their times, silence where time stamps leave sound out, changes on the way."""

import numpy as np
import pytest
from sounds import noise, sine, write_media

from emoduet.audio import SAMPLING_RATE, AudioInfo, probe_audio, read_audio
from emoduet.errors import AudioError
from emoduet.media_files import placed
from emoduet.sound_files import open_sound_file

av = pytest.importorskip("av")

RATE = 48_000


def write_stamped(path, container, codec, pieces, *, layout="stereo", picture=False):
    """Sound in a container: (second, frames [num_frames, 2]) for each piece, stamped with its second.

    `picture` puts a black video beside it that begins at 0.
    """
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, rate=RATE, layout=layout)
        video = output.add_stream("mpeg4", rate=5) if picture else None
        if video is not None:
            video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
            black = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), dtype=np.uint8), format="rgb24")
            for one in (black, None):
                output.mux(video.encode(one))
        for second, frames in pieces:
            for first in range(0, len(frames), stream.frame_size or len(frames)):
                part = np.ascontiguousarray(frames[first : first + (stream.frame_size or len(frames))].T)
                frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
                frame.sample_rate, frame.pts = RATE, round(second * RATE) + first
                frame = av.AudioResampler(format=stream.format, layout=layout, rate=RATE).resample(frame)[0]
                output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def clicks(duration, *seconds):
    """Faint noise with clicks: whole frames of 20 ms and of 1,024 samples where the duration is a multiple of 0.32."""
    frames = noise(RATE, duration, 2) * 0.01
    for second in seconds:
        frames[round(second * RATE)] = 0.9
    return frames


def heard_at(waveform, second):
    first = round((second - 0.25) * SAMPLING_RATE)
    return (first + np.argmax(np.abs(waveform[first : first + 8_000]))) / SAMPLING_RATE


@pytest.mark.parametrize(
    ("name", "container", "codec"),
    [("a.m4a", "ipod", "aac"), ("a.mp4", "mp4", "aac"), ("a.webm", "webm", "libopus"), ("a.opus", "ogg", "libopus")],
)
def test_clicks_are_heard_at_their_seconds(tmp_path, name, container, codec):
    """The encoder's delay is known to these containers."""
    path = write_stamped(tmp_path / name, container, codec, [(0, clicks(6.4, 0.5, 3.0, 5.75))])
    waveform = read_audio(path)
    assert [heard_at(waveform, second) for second in (0.5, 3.0, 5.75)] == pytest.approx([0.5, 3.0, 5.75], abs=5e-4)


def test_silence_that_was_left_out_is_put_back(tmp_path):
    """As browsers record a muted microphone: no packets, and a jump of the stamps."""
    pieces = [(0, clicks(0.64, 0.4)), (3.0, clicks(0.64, 0.5)), (20.0, clicks(0.64, 0.25))]
    waveform = read_audio(write_stamped(tmp_path / "a.webm", "webm", "libopus", pieces))
    assert [heard_at(waveform, second) for second in (0.4, 3.5, 20.25)] == pytest.approx([0.4, 3.5, 20.25], abs=2e-3)
    assert len(waveform) == pytest.approx(20.64 * SAMPLING_RATE, abs=320)
    assert np.all(waveform[round(1.0 * SAMPLING_RATE) : round(2.9 * SAMPLING_RATE)] == 0)


def test_sound_that_begins_after_the_picture(tmp_path):
    path = write_stamped(tmp_path / "a.mkv", "matroska", "aac", [(1.5, clicks(1.28, 0.5))], picture=True)
    assert heard_at(read_audio(path), 2.0) == pytest.approx(2.0, abs=2e-3)


def test_a_clock_that_begins_late_is_set_to_zero(tmp_path):
    path = write_stamped(tmp_path / "a.webm", "webm", "libopus", [(100.0, clicks(1.28, 0.5))])
    waveform = read_audio(path)
    assert len(waveform) == pytest.approx(1.28 * SAMPLING_RATE, abs=320)
    assert heard_at(waveform, 0.5) == pytest.approx(0.5, abs=0.01)


def test_damaged_time_stamps_are_refused(tmp_path):
    path = write_stamped(tmp_path / "a.webm", "webm", "libopus", [(0, clicks(0.64)), (7300.0, clicks(0.64))])
    with pytest.raises(
        AudioError, match=r"a\.webm: the time stamps jump from 0\.6\d s to 7300\.0\d s; need gaps of at"
    ):
        read_audio(path)


def test_files_laid_end_to_end_may_differ_in_channels(tmp_path):
    """Both parts come in the form of the first."""
    write_media(tmp_path / "stereo.aac", "adts", "aac", duration=1.0)
    write_stamped(tmp_path / "mono.aac", "adts", "aac", [(0, sine(RATE, duration=1.024))], layout="mono")
    path = tmp_path / "both.aac"
    path.write_bytes((tmp_path / "stereo.aac").read_bytes() + (tmp_path / "mono.aac").read_bytes())
    waveform = read_audio(path)
    assert len(waveform) == pytest.approx(2.05 * SAMPLING_RATE, abs=0.06 * SAMPLING_RATE)
    assert np.abs(waveform[20_000:30_000]).max() == pytest.approx(0.5, abs=0.2)
    assert probe_audio(path).num_channels == 2


@pytest.mark.parametrize("duration", [1.0, 12.0])
def test_a_guessed_duration_makes_no_file_truncated(tmp_path, duration):
    """Of raw AAC FFmpeg says a length by the rate of its first bytes, here those of silence before a loud end."""
    frames = np.concatenate([np.zeros((RATE // 2, 2), dtype=np.float32), noise(RATE, duration, 2)])
    path = write_stamped(tmp_path / "a.aac", "adts", "aac", [(0, frames)])
    assert len(read_audio(path)) == pytest.approx((duration + 0.5) * SAMPLING_RATE, abs=0.06 * SAMPLING_RATE)


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (4, r"a\.mp4: not a sound file that libsndfile or FFmpeg can read \(.+\); need"),
        (40_000, r"a\.mp4: decoding fails beyond [1-9]\.00 s \(.+\)\. Is the file truncated or damaged"),
    ],
)
def test_damage_is_told_with_its_time(tmp_path, first, message):
    path = write_media(tmp_path / "a.mp4", "mp4", "aac", duration=20.0)
    content = bytearray(path.read_bytes())
    first += content.index(b"mdat")
    content[first : first + 60_000] = np.random.default_rng(0).bytes(60_000)
    path.write_bytes(content)
    with pytest.raises(AudioError, match=message):
        read_audio(path)


def test_pieces_are_placed_by_their_stamps():
    """At 100 Hz, from second 2 on: 50 ms ahead are nothing, 60 ms are silence; no stamp, or one behind, moves nothing.

    The silence of 1.2 s comes in a second and what is left of it.
    """
    info, one = AudioInfo(0.0, 100, 1, "made up"), np.ones((10, 1), dtype=np.float32)
    stamped = [(2.05, one), (2.16, one), (None, one), (2.3, one), (3.66, one)]
    lengths = [(len(piece), float(piece.mean())) for piece in placed("a", info, stamped, 2.0)]
    assert lengths == [(10, 1), (6, 0), (10, 1), (10, 1), (10, 1), (100, 0), (20, 0), (10, 1)]


def test_what_a_container_says_is_not_counted(tmp_path):
    """Only decoding tells how many frames there are; what is said serves to tell how far one has come."""
    path = write_stamped(tmp_path / "a.m4a", "ipod", "aac", [(0, clicks(6.4))])
    with open_sound_file(path) as sound:
        assert sound.num_frames is None
        assert sound.info.duration == pytest.approx(6.4, abs=0.03)
