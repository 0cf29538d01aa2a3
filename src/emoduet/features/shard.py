"""A shard: the frames of a few dozen utterances in one .npy file, and a json that says whose they are.

The json is written after the data, so a shard whose json is there is whole. Reading compares sizes, shapes and ids and
never unpickles; only `examine` reads every byte. Plain numpy opens the data: `np.load("shard-00000.npy")`.
"""

import hashlib
import io
import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from emoduet.atomic import new_file, write_json
from emoduet.errors import CheckpointError


@dataclass(frozen=True)
class Shard:
    """What a shard's json says.

    Args:
        lengths: frames of each utterance, in the order of `ids`.
        shape: of the whole array, [frames, ...].
        dtype: "float16" or "float32".
        relative_error: of the stored values: norm of the difference over the norm of what was computed.
        num_bytes: of the data file.
        sha256: of the data file.
    """

    ids: tuple[str, ...]
    lengths: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: str
    relative_error: float
    num_bytes: int
    sha256: str


def data_path(folder: Path, number: int) -> Path:
    """The array's file."""
    return folder / f"shard-{number:05d}.npy"


def description_path(folder: Path, number: int) -> Path:
    """The json's file; where it stands, the shard is whole."""
    return folder / f"shard-{number:05d}.json"


def lock_path(folder: Path, number: int) -> Path:
    """The file that whoever computes the shard holds a lock on."""
    return folder / f".shard-{number:05d}.lock"


def write_shard(
    folder: Path, number: int, ids: Sequence[str], lengths: Sequence[int], values: np.ndarray, relative_error: float
) -> Shard:
    """Writes data and json, each whole or not at all, and through to the disk. Hold the shard's lock.

    Raises:
        InputError: the disk is full, or the folder cannot be written.
    """
    _remove_leftovers(folder, number)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(values))
    parts = (header.getvalue(), values.reshape(-1).view(np.uint8).data)
    checksum = hashlib.sha256()
    for part in parts:
        checksum.update(part)
    with new_file(data_path(folder, number)) as temporary, open(temporary, "wb") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())  # or a power cut could leave a json that describes an empty file
    num_bytes = sum(len(part) for part in parts)
    told = (tuple(ids), tuple(lengths), values.shape, str(values.dtype), relative_error, num_bytes)
    shard = Shard(*told, sha256=checksum.hexdigest())
    write_json(description_path(folder, number), asdict(shard))
    return shard


def read_shard(folder: Path, number: int) -> Shard | None:
    """What the json says, after a look at the size of the data; None where the shard is not there yet.

    Raises:
        CheckpointError: the json is damaged, or the data are absent or of another size.
    """
    path = description_path(folder, number)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        shard = Shard(**{name: tuple(value) if isinstance(value, list) else value for name, value in record.items()})
        frames, numbers = sum(map(int, shard.lengths)), (float(shard.relative_error), int(shard.num_bytes))
        same = len(shard.ids) == len(shard.lengths) and frames == shard.shape[0] and math.isfinite(sum(numbers))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise CheckpointError(_damaged(path, f"not a shard's json ({error})")) from error
    if not same:
        raise CheckpointError(_damaged(path, "ids, lengths and shape do not fit each other"))
    _check_size(data_path(folder, number), shard)
    return shard


def map_shard(folder: Path, number: int, shard: Shard) -> np.memmap:
    """The array, mapped into memory: pages are read when touched, and shared by all processes that map them.

    Nobody writes into it. It is mapped copy-on-write only because torch warns of arrays that are read-only.

    Raises:
        CheckpointError: the data are absent, of another size or not the array that the json describes.
    """
    path = data_path(folder, number)
    _check_size(path, shard)
    try:
        values = np.lib.format.open_memmap(path, mode="c")
    except (OSError, ValueError) as error:
        raise CheckpointError(_damaged(path, f"not a .npy file ({error})")) from error
    if (str(values.dtype), values.shape) != (shard.dtype, shard.shape):
        found = f"holds {values.dtype} {list(values.shape)}, want {shard.dtype} {list(shard.shape)}"
        raise CheckpointError(_damaged(path, found))
    return values


def examine(folder: Path, number: int) -> None:
    """Reads every byte of a shard that is there.

    Raises:
        CheckpointError: as `read_shard` and `map_shard`, or the checksum is another.
    """
    shard, path = read_shard(folder, number), data_path(folder, number)
    if shard is None:
        return
    try:
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(_damaged(path, f"cannot be read ({error.strerror})")) from error
    if found != shard.sha256:
        raise CheckpointError(_damaged(path, f"sha256 is {found[:16]}..., want {shard.sha256[:16]}..."))
    map_shard(folder, number, shard)


def remove_shard(folder: Path, number: int) -> None:
    """Deletes a shard, json first, so that at no moment a json stands without its data. Hold the shard's lock."""
    description_path(folder, number).unlink(missing_ok=True)
    data_path(folder, number).unlink(missing_ok=True)


def _check_size(path: Path, shard: Shard) -> None:
    try:
        found = path.stat().st_size
    except OSError as error:
        raise CheckpointError(_damaged(path, f"cannot be opened ({error.strerror})")) from error
    if found != shard.num_bytes:
        raise CheckpointError(_damaged(path, f"{found:,} bytes, want {shard.num_bytes:,}"))


def _damaged(path: Path, found: str) -> str:
    key, root = path.parent.name, path.parent.parent
    return (
        f"{path}: damaged: {found}. `emoduet features verify {key} --repair --features {root}` deletes what is "
        "damaged; the next run computes it again"
    )


def _remove_leftovers(folder: Path, number: int) -> None:
    """What a killed process left half-written of this shard; whoever holds its lock is alone with it."""
    for leftover in folder.glob(f".shard-{number:05d}.*.tmp"):
        leftover.unlink(missing_ok=True)
