"""Tiny clips for the fixture trees of other corpora: a tenth of a second that is neither silent nor clipped."""

from pathlib import Path

import numpy as np
import soundfile

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4cac19622fc3ada9c0fdeadb33f88f36\nsize 73358\n"
"""What stands in a wav's place in a clone made without git-lfs."""


def write_clips(folder: Path, *names: str) -> Path:
    """Writes a wav of each name into the folder, whatever the names end in, and gives the folder back."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        soundfile.write(folder / name, 0.1 * np.sin(np.arange(1600) / 20), 16_000, format="WAV", subtype="PCM_16")
    return folder
