"""Which files are WAV files with sound in them, by their first bytes."""

import numpy as np
import pytest
import soundfile

from emoduet.corpora.wav_header import wav_fault

FORMAT = b"fmt " + (16).to_bytes(4, "little") + bytes(16)
SAMPLES = np.zeros(100)


def wav(*chunks: bytes) -> bytes:
    return b"RIFF" + sum(map(len, chunks), 4).to_bytes(4, "little") + b"WAVE" + b"".join(chunks)


def chunk(name: bytes, content: bytes, length: int | None = None) -> bytes:
    return name + (len(content) if length is None else length).to_bytes(4, "little") + content


@pytest.mark.parametrize(
    "kind",
    [("PCM_16", "LITTLE", "WAV"), ("PCM_16", "BIG", "WAV"), ("FLOAT", "FILE", "WAVEX"), ("PCM_24", "FILE", "RF64")],
)
def test_what_a_library_writes_is_sound(tmp_path, kind):
    soundfile.write(tmp_path / "a.wav", SAMPLES, 16_000, *kind)
    assert wav_fault(tmp_path / "a.wav") is None


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (wav(FORMAT, chunk(b"data", b"\1\2")), None),
        (wav(FORMAT, chunk(b"LIST", b"odd") + b"\0", chunk(b"data", b"\1\2\3")), None),
        (wav(FORMAT, chunk(b"data", b"\1\2", length=1_000)), None),
        (b"", "holds 0 bytes"),
        (b"RIFF", "is no WAV file: it begins with b'RIFF'"),
        (b"NIST_1A\n   1024\n", r"is no WAV file: it begins with b'NIST_1A\n   1'"),
        (b"RIFF\0\0\0\0AVI LIST", r"is no WAV file: it begins with b'RIFF\x00\x00\x00\x00AVI '"),
        (wav(FORMAT), "holds no sound: its header ends before any"),
        (wav(FORMAT)[:20], "holds no sound: its header ends before any"),
        (wav(FORMAT, chunk(b"data", b"")), "holds no sound behind its header"),
        (wav(FORMAT, chunk(b"data", b"", length=1_000)), "holds no sound behind its header"),
        (wav(FORMAT, chunk(b"data", b"", length=0), chunk(b"LIST", b"more")), "holds no sound behind its header"),
    ],
)
def test_by_its_bytes(tmp_path, content, fault):
    (tmp_path / "a.wav").write_bytes(content)
    assert wav_fault(tmp_path / "a.wav") == fault


def test_a_file_that_cannot_be_opened(tmp_path):
    assert wav_fault(tmp_path / "a.wav") == "cannot be read (No such file or directory)"
    assert wav_fault(tmp_path) == "cannot be read (Is a directory)"
