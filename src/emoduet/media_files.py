"""Sound that only FFmpeg decodes (m4a, webm, mp4, aac and their like), frame by frame, on the file's own clock.

Through PyAV, which the extra `media` installs: its wheel bundles GPL codecs, so it is never required. Recordings from
browsers and meetings leave silence out and say so in their time stamps; where a stamp runs ahead of the sound decoded,
silence is put in its place, so that what is heard later keeps its time. There is no seeking, which in these containers
is not exact to the sample.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emoduet.errors import AudioError
from emoduet.sound_frames import AudioInfo, OpenSound, regrouped, truncated
from emoduet.types import Seconds

if TYPE_CHECKING:
    import av

MEDIA_FORMATS = "mov,matroska,webm,ogg,aac,amr,asf,avi,flv,mpegts,caf,aiff,wav,mp3,flac"
"""What FFmpeg may open: containers of sound only, no playlists, which could name other files or addresses."""

ESTIMATED = frozenset({"aac", "amr", "flac", "mp3"})
"""Formats whose duration FFmpeg guesses from the size of the file and the rate of its first bytes."""

DECLARED_SLACK: Seconds = 0.1
"""How much shorter than its container says a sound may be: codecs round to whole packets."""

STAMP_SLACK: Seconds = 0.05
"""How far a time stamp may run ahead without silence: stamps are rounded, and some count the encoder's own delay."""

LONGEST_GAP: Seconds = 3600.0
"""Stamps that jump further are damaged, not silence."""


@contextmanager
def open_media(path: Path, handle: FileIO, reason: str) -> Iterator[OpenSound]:
    """The first sound stream of an open file; `reason` is why libsndfile does not read it.

    Raises:
        AudioError: PyAV is not installed; there is no sound in the file, or none that FFmpeg knows.
    """
    try:
        import av
    except ImportError as error:
        raise AudioError(
            f"{path}: not wav, flac, ogg or mp3 (libsndfile: {reason}). If it is m4a, webm, mp4 or "
            "opus: pip install 'emoduet[media]'"
        ) from error
    try:
        container = av.open(handle, metadata_errors="replace", options={"format_whitelist": MEDIA_FORMATS})
    except av.FFmpegError as error:
        raise _not_sound(path, error) from error
    with container:
        stream = next((one for one in container.streams.audio if one.codec_context is not None), None)
        if stream is None:
            raise AudioError(f"{path}: {container.format.name} holds no sound to decode; need a sound stream")
        origin = max(0, container.start_time or 0) / av.time_base
        declared = _declared_duration(container, stream, origin)
        info = AudioInfo(declared, stream.rate, stream.channels, container.format.name)
        yield OpenSound(
            info, None, partial(_blocks, path, info, placed(path, info, _stamped(container, stream), origin))
        )


def _blocks(path: Path, info: AudioInfo, pieces: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """About a second each: a piece is some 20 ms, too little to be worth a resampler's call."""
    import av

    num_frames, rate = 0, info.sampling_rate
    try:
        for block in regrouped(pieces, rate):
            num_frames += len(block)
            yield block
    except av.FFmpegError as error:
        if not num_frames:
            raise _not_sound(path, error) from error
        raise AudioError(
            f"{path}: decoding fails beyond {num_frames / rate:.2f} s ({error.strerror}). "
            "Is the file truncated or damaged?"
        ) from error
    if num_frames / rate < info.duration - DECLARED_SLACK:
        raise truncated(path, num_frames / rate, info.duration)


def _stamped(
    container: "av.container.InputContainer", stream: "av.AudioStream"
) -> Iterator[tuple[Seconds | None, np.ndarray]]:
    """Each decoded piece [frames, channels] with its time stamp, all in the form in which the stream begins.

    Files laid end to end may change it on the way, and the decoder's own account of the stream with it.
    """
    import av

    layout, rate = stream.layout, stream.rate
    form, resampler = None, None
    for frame in container.decode(stream):
        found = (frame.format.name, frame.layout.name, frame.sample_rate)
        if found != form:
            form, resampler = found, av.AudioResampler(format="flt", layout=layout, rate=rate)
        for packed in resampler.resample(frame):
            yield frame.time, packed.to_ndarray().reshape(-1, layout.nb_channels)


def placed(
    path: Path, info: AudioInfo, stamped: Iterable[tuple[Seconds | None, np.ndarray]], origin: Seconds
) -> Iterator[np.ndarray]:
    """The pieces, with silence before those whose stamp runs ahead; `origin` is the stamp of the beginning."""
    num_frames = 0
    for stamp, piece in stamped:
        if stamp is not None:
            for silence in _silence(path, info, num_frames, stamp - origin):
                num_frames += len(silence)
                yield silence
        num_frames += len(piece)
        yield piece


def _silence(path: Path, info: AudioInfo, num_frames: int, stamp: Seconds) -> Iterator[np.ndarray]:
    """What is missing between the frames so far and a stamp, a second at a time."""
    rate = info.sampling_rate
    missing = round(stamp * rate) - num_frames
    if missing <= STAMP_SLACK * rate:
        return
    if missing > LONGEST_GAP * rate:
        raise AudioError(
            f"{path}: the time stamps jump from {num_frames / rate:.2f} s to {stamp:.2f} s; need gaps of at most "
            f"{LONGEST_GAP:,.0f} s. Write it again: ffmpeg -i {path.name} {path.stem}.wav"
        )
    for first in range(0, missing, rate):
        yield np.zeros((min(rate, missing - first), info.num_channels), dtype=np.float32)


def _declared_duration(container: "av.container.InputContainer", stream: "av.AudioStream", origin: Seconds) -> Seconds:
    """What the container says of the sound, or 0 where it does not say."""
    if container.format.name in ESTIMATED:
        return 0.0
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    if container.duration is not None and len(container.streams) == 1:
        return container.duration / 1_000_000 - origin  # of Matroska, the stamp of the end
    return 0.0


def _not_sound(path: Path, error: "av.FFmpegError") -> AudioError:
    return AudioError(
        f"{path}: not a sound file that libsndfile or FFmpeg can read ({error.strerror}); "
        "need wav, flac, ogg, mp3, m4a, webm or mp4. Is it truncated?"
    )
