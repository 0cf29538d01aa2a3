"""Sound files to waveforms: decode, average the channels, cut, resample; always float32 mono at one rate.

libsndfile reads wav, flac, ogg and mp3, whatever the file is called; what it does not know (m4a, webm, mp4, opus) goes
through PyAV when the extra `media` is installed. PyAV's wheel bundles GPL codecs, so it is never required. Nothing here
chunks, pads or guesses: a file either decodes as asked or raises an AudioError that says what to do.
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import FileIO
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile
import soxr

from emoduet.errors import AudioError
from emoduet.types import Seconds

if TYPE_CHECKING:
    import av

SAMPLING_RATE = 16_000
"""Hz; what wav2vec 2.0 and its family were trained on."""

MIN_SAMPLES = 400
"""The receptive field of wav2vec 2.0's convolutions, 25 ms at 16 kHz: less sound gives not one frame."""

LOUDEST = 1e6
"""Samples beyond this are no sound, even where 16-bit integers were stored as floats: the file is damaged."""

END_SLACK: Seconds = 0.02
"""How far an annotated end may lie beyond the end of the file: annotation times are rounded."""

RESAMPLING_MARGIN: Seconds = 0.05
"""Sound read on either side of a cut, so that the resampling filter does not feel the cut."""

DECLARED_SLACK: Seconds = 0.1
"""How much shorter than its container says a sound may be: codecs round to whole packets."""

MEDIA_FORMATS = "mov,matroska,webm,ogg,aac,amr,asf,avi,flv,mpegts,caf,aiff,wav,mp3,flac"
"""What FFmpeg may open: containers of sound only, no playlists, which could name other files or addresses."""

_BLOCK = 1 << 20
_UNKNOWN_SIZE = 0x7FFF_FFFF
_UNKNOWN_FRAMES = 1 << 62


@dataclass(frozen=True)
class AudioInfo:
    """What a file says of itself; `format` is the decoder's name for it, such as "WAV", "MP3" or "matroska,webm"."""

    duration: Seconds
    sampling_rate: int
    num_channels: int
    format: str


def probe_audio(path: str | Path) -> AudioInfo:
    """Duration, rate and channels of a sound file, from its header; m4a, webm and mp4 are decoded to be sure.

    Raises:
        AudioError: the file is absent, a folder, empty, truncated or not audio.
    """
    with _open(Path(path)) as source:
        return source.info


def read_audio(
    path: str | Path,
    *,
    start: Seconds | None = None,
    end: Seconds | None = None,
    sampling_rate: int = SAMPLING_RATE,
) -> np.ndarray:
    """Reads a sound file, or the part from `start` to `end`, as float32 mono [num_samples].

    A part equals the same part of the whole file, resampled or not: sample k lies at k / sampling_rate seconds of the
    file. wav, flac and mp3 are read only where asked; other formats are decoded from their beginning.
    Silence is sound. Values are as stored, not normalised.

    Args:
        start: seconds into the file; None is its beginning.
        end: seconds into the file, up to 20 ms beyond its end; None is its end.

    Raises:
        AudioError: the file is absent, a folder, empty, truncated or not audio; the part lies outside it; it holds NaN,
            infinite samples or some beyond `LOUDEST`; fewer than 400 samples are left after resampling.
    """
    path = Path(path)
    with _open(path) as source:
        start, end = _bounds(path, start, end, source.info.duration)
        waveform = _read_part(source, start, end, sampling_rate)
    _check_samples(path, waveform, start, sampling_rate)
    if len(waveform) < MIN_SAMPLES:
        raise AudioError(
            f"{path}: {len(waveform)} samples after decoding; need at least {MIN_SAMPLES} (25 ms at 16 kHz). "
            "Is the file truncated, or the part too short?"
        )
    return waveform


def normalise(waveform: np.ndarray) -> np.ndarray:
    """Zero mean and unit variance over one utterance, as wav2vec 2.0's feature extractor does; a constant gives zeros.

    >>> normalise(np.array([1.0, 3.0], dtype=np.float32)).round(3).tolist()
    [-1.0, 1.0]
    """
    return (waveform - waveform.mean()) / np.sqrt(waveform.var() + 1e-7)


@dataclass(frozen=True)
class _Source:
    """An open sound file; a frame is one sample of every channel, at the file's own rate."""

    info: AudioInfo
    num_frames: int
    read: Callable[[int, int], np.ndarray]
    """(first, last) -> frames averaged over the channels: float32 [last - first]."""


@contextmanager
def _open(path: Path) -> Iterator[_Source]:
    """Opens by content: libsndfile sees a file descriptor, never the name, whose suffix could mislead it."""
    with _open_bytes(path) as handle:
        _check_wav_is_whole(path, handle)
        file, reason = None, "the header does not say how long the sound is"
        try:
            file = soundfile.SoundFile(handle.fileno(), closefd=False)
        except soundfile.LibsndfileError as error:
            reason = error.error_string.strip().rstrip(".")
        if file is not None and file.frames < _UNKNOWN_FRAMES:
            with file:
                info = AudioInfo(file.frames / file.samplerate, file.samplerate, file.channels, file.format)
                yield _Source(info, file.frames, partial(_read_frames, path, file))
        else:
            handle.seek(0)
            yield _decode_media(path, handle, reason)


def _open_bytes(path: Path) -> FileIO:
    """Unbuffered, since libsndfile goes on where the descriptor stands."""
    try:
        handle = path.open("rb", buffering=0)
    except FileNotFoundError as error:
        raise AudioError(f"{path}: no such file; check the path, or the folder it is relative to") from error
    except IsADirectoryError as error:
        raise AudioError(f"{path}: is a folder; need a sound file. Name the files within it") from error
    except OSError as error:
        raise AudioError(f"{path}: cannot be opened ({error.strerror}); check its name and permissions") from error
    if path.stat().st_size == 0:
        handle.close()
        raise AudioError(f"{path}: 0 bytes; need a sound file. Was it copied completely?")
    return handle


def _read_frames(path: Path, file: soundfile.SoundFile, first: int, last: int) -> np.ndarray:
    """Block by block, so that many channels of a long file never lie in memory together.

    Ogg is decoded from its beginning: libsndfile's seek can land beside the frame asked for (libsndfile issue 885).
    """
    if file.format == "OGG" and first > 0:
        return _read_frames(path, file, 0, last)[first:]
    waveform = np.empty(last - first, dtype=np.float32)
    done = 0
    try:
        file.seek(first)
        while done < len(waveform):
            block = file.read(min(_BLOCK, len(waveform) - done), dtype="float32", always_2d=True)
            if not len(block):
                raise _truncated(path, (first + done) / file.samplerate, file.frames / file.samplerate)
            with np.errstate(invalid="ignore", over="ignore"):  # infinite samples are named by _check_samples
                waveform[done : done + len(block)] = block.mean(axis=1)
            done += len(block)
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"{path}: decoding fails beyond {(first + done) / file.samplerate:.2f} s "
            f"({error.error_string.strip().rstrip('.')}). Is the file truncated or damaged?"
        ) from error
    return waveform


def _decode_media(path: Path, handle: FileIO, reason: str) -> _Source:
    """Decodes the first sound stream whole; seeking in these containers is not exact to the sample."""
    try:
        import av
    except ImportError as error:
        raise AudioError(
            f"{path}: not wav, flac, ogg or mp3 (libsndfile: {reason}). If it is m4a, webm, mp4 or "
            "opus: pip install 'emoduet[media]'"
        ) from error
    try:
        with av.open(handle, metadata_errors="replace", options={"format_whitelist": MEDIA_FORMATS}) as container:
            stream = next((one for one in container.streams.audio if one.codec_context is not None), None)
            if stream is None:
                raise AudioError(f"{path}: {container.format.name} holds no sound to decode; need a sound stream")
            waveform = _decode_stream(container, stream)
            declared = _declared_duration(container, stream)
            info = AudioInfo(len(waveform) / stream.rate, stream.rate, stream.channels, container.format.name)
    except av.FFmpegError as error:
        raise AudioError(
            f"{path}: not a sound file that libsndfile or FFmpeg can read ({error.strerror}); "
            "need wav, flac, ogg, mp3, m4a, webm or mp4. Is it truncated?"
        ) from error
    if info.duration < declared - DECLARED_SLACK:
        raise _truncated(path, info.duration, declared)
    return _Source(info, len(waveform), lambda first, last: waveform[first:last])


def _decode_stream(container: "av.container.InputContainer", stream: "av.AudioStream") -> np.ndarray:
    import av

    resampler = av.AudioResampler(format="flt", layout=stream.layout, rate=stream.rate)
    blocks = [np.zeros(0, dtype=np.float32)]
    for frame in container.decode(stream):
        for packed in resampler.resample(frame):
            blocks.append(packed.to_ndarray().reshape(-1, stream.channels).mean(axis=1))
    return np.concatenate(blocks)


def _declared_duration(container: "av.container.InputContainer", stream: "av.AudioStream") -> Seconds:
    """What the container says of the sound, or 0 where it does not say."""
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    if container.duration is not None and len(container.streams) == 1:
        return container.duration / 1_000_000
    return 0.0


def _bounds(path: Path, start: Seconds | None, end: Seconds | None, duration: Seconds) -> tuple[Seconds, Seconds]:
    if start is not None and not 0 <= start < duration:
        raise AudioError(f"{path}: start {start} s lies outside the file of {duration:.3f} s; check the annotation")
    if end is not None and not end <= duration + END_SLACK:
        raise AudioError(
            f"{path}: end {end} s lies beyond the end of the file, {duration:.3f} s, by more than "
            f"{END_SLACK * 1000:.0f} ms; check the annotation"
        )
    start = 0.0 if start is None else start
    if end is not None and end <= start:
        raise AudioError(f"{path}: end {end} s is not after start {start} s; check the annotation")
    return start, duration if end is None else min(end, duration)


def _read_part(source: _Source, start: Seconds, end: Seconds, sampling_rate: int) -> np.ndarray:
    """Cuts after resampling, on the output's own grid.

    Input is read from a frame that falls on an output sample (every in / gcd(in, out) frames), so that a part is
    resampled in the same phase as the whole file.
    """
    rate = source.info.sampling_rate
    if rate == sampling_rate:
        return source.read(round(start * rate), round(end * rate))
    step = rate // gcd(rate, sampling_rate)
    margin = round(RESAMPLING_MARGIN * rate)
    first = max(0, (int(start * rate) - margin) // step * step)
    last = min(source.num_frames, round(end * rate) + margin)
    resampled = soxr.resample(source.read(first, last), rate, sampling_rate)
    offset = first * sampling_rate // rate
    return resampled[round(start * sampling_rate) - offset : round(end * sampling_rate) - offset]


def _check_wav_is_whole(path: Path, handle: FileIO) -> None:
    """Compares the length that a wav declares with the bytes there are; libsndfile reads what is left and says nothing.

    A size of 0 or of 2 GiB and more is what programs write that stream into a pipe; such files are taken as they come.
    """
    size = path.stat().st_size
    header = handle.read(12)
    found = header[:4] == b"RIFF" and header[8:] == b"WAVE"
    while found and len(chunk := handle.read(8)) == 8:
        name, declared = struct.unpack("<4sI", chunk)
        there = size - handle.tell()
        if name == b"data":
            if there < declared < _UNKNOWN_SIZE:
                raise AudioError(
                    f"{path}: truncated: {there} bytes of sound, the header says {declared}; copy it again"
                )
            break
        handle.seek(declared + declared % 2, 1)
    handle.seek(0)


def _truncated(path: Path, got: Seconds, wanted: Seconds) -> AudioError:
    return AudioError(f"{path}: truncated: {got:.2f} s of sound, the header says {wanted:.2f} s; copy it again")


def _check_samples(path: Path, waveform: np.ndarray, start: Seconds, sampling_rate: int) -> None:
    usable = (waveform >= -LOUDEST) & (waveform <= LOUDEST)  # false for NaN, too
    if not usable.all():
        bad = int(np.argmin(usable))
        raise AudioError(
            f"{path}: the sample at {start + bad / sampling_rate:.3f} s is {waveform[bad]:.3g}; need finite numbers, "
            f"mostly between -1 and 1 and none beyond {LOUDEST:,.0f}. Write the file again"
        )
