"""The feature store beside other ways of keeping features on disk: how fast each is filled and read.

    python benchmarks/features.py [GIGABYTES]

Utterances are as long as IEMOCAP's (lognormal, mean 4.5 s, standard deviation 3.0 s, 50 frames a second) and have 1,024
values a frame; every way stores the same fp16 and answers with fp32 tensors, in random order. Filling is timed from
fp32 tensors in memory; the store halves them, measures the error, takes checksums and presses each shard through to
the disk, and the others halve and write. "cold" is a first reading after the files have left the memory's cache,
"warm" the best of three readings after that. GB are those of the stored values. Compressed npz gets a tenth of the
data, since it takes so long. Prints a Markdown table. Needs 2.2 times GIGABYTES (1 unless given) of disk.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from emoduet.features import FeatureStore, Source, corpus_digest
from emoduet.types import Utterance

VALUES = 1024
FRAMES_A_SECOND = 50
POOL = 200
"""Different answers, which come round in turn; each is a file or an entry of its own all the same."""
Answer = Callable[[str], torch.Tensor]
Reader = Callable[[], Answer]


def main() -> None:
    """Times every way and prints its line."""
    gigabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    pool = _pool()
    mean = sum(values.numel() for values in pool) * 2 / POOL
    ids = [f"u{number:06d}" for number in range(round(gigabytes * 1e9 / mean))]
    answer_of = {id: pool[number % POOL] for number, id in enumerate(ids)}
    ways = {
        "feature store": (_fill_store, ids),
        "one .npy an utterance": (_fill_npy, ids),
        "one safetensors file": (_fill_safetensors, ids),
        "one compressed .npz an utterance": (_fill_npz, ids[: len(ids) // 10]),
    }
    print(f"{len(ids):,} utterances, {torch.get_num_threads()} threads\n")
    print("| way | files | fill, GB/s | read cold, GB/s | read warm, GB/s | open, ms |\n|---|---:|---:|---:|---:|---:|")
    for name, (fill, some) in ways.items():
        with tempfile.TemporaryDirectory() as folder:
            print(f"| {name} | {_line(Path(folder), fill, {id: answer_of[id] for id in some})} |", flush=True)


def _line(folder: Path, fill: Callable[[Path, dict], Reader], answers: dict[str, torch.Tensor]) -> str:
    size = sum(values.numel() for values in answers.values()) * 2 / 1e9
    with _seconds() as filling:
        reader = fill(folder, answers)
    num_files = _leave_cache(folder)
    with _seconds() as opening:
        read = reader()
    order = [list(answers)[place] for place in np.random.default_rng(0).permutation(len(answers))]
    _compare(read, answers, order[:5])
    _leave_cache(folder)
    readings = [_read_all(read, order) for _ in range(4)]
    rates = [size / filling[0], size / readings[0], size / min(readings[1:])]
    return " | ".join([f"{num_files:,}", *(f"{rate:.2f}" for rate in rates), f"{1000 * opening[0]:.0f}"])


def _read_all(read: Answer, order: Sequence[str]) -> float:
    with _seconds() as reading:
        for id in order:
            read(id)
    return reading[0]


def _compare(read: Answer, answers: dict[str, torch.Tensor], ids: Sequence[str]) -> None:
    for id in ids:
        if not torch.equal(read(id), answers[id].half().float()):
            sys.exit(f"{id} did not come back as it was")


def _pool() -> list[torch.Tensor]:
    """Noise of the size of an encoder's answers."""
    generator = np.random.default_rng(0)
    spread = np.log(1 + (3.0 / 4.5) ** 2)
    seconds = generator.lognormal(np.log(4.5) - spread / 2, np.sqrt(spread), POOL).clip(0.5, 35)
    lengths = (seconds * FRAMES_A_SECOND).round().astype(int)
    return [torch.from_numpy(generator.standard_normal((length, VALUES), dtype=np.float32)) for length in lengths]


def _fill_store(folder: Path, answers: dict[str, torch.Tensor]) -> Reader:
    utterances = [Utterance(id=id, transcript="") for id in answers]
    source = Source("text", "last", "noise", "0", "none", {}, corpus_digest(utterances, "text"))
    FeatureStore(folder, source, utterances).fill(lambda part: [answers[one.id] for one in part])
    return lambda: FeatureStore(folder, source, utterances).read


def _fill_npy(folder: Path, answers: dict[str, torch.Tensor]) -> Reader:
    for id, values in answers.items():
        np.save(folder / f"{id}.npy", values.half().numpy())
    return lambda: lambda id: torch.from_numpy(np.load(folder / f"{id}.npy")).float()


def _fill_safetensors(folder: Path, answers: dict[str, torch.Tensor]) -> Reader:
    save_file({id: values.half() for id, values in answers.items()}, folder / "all.safetensors")

    def reader() -> Answer:
        file = safe_open(folder / "all.safetensors", framework="pt").__enter__()
        return lambda id: file.get_tensor(id).float()

    return reader


def _fill_npz(folder: Path, answers: dict[str, torch.Tensor]) -> Reader:
    for id, values in answers.items():
        np.savez_compressed(folder / f"{id}.npz", values=values.half().numpy())
    return lambda: lambda id: torch.from_numpy(np.load(folder / f"{id}.npz")["values"]).float()


def _leave_cache(folder: Path) -> int:
    """Writes everything through and has the system forget it; says how many files there are."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
    return len(paths)


@contextmanager
def _seconds() -> Iterator[list[float]]:
    taken: list[float] = []
    began = time.perf_counter()
    yield taken
    taken.append(time.perf_counter() - began)


if __name__ == "__main__":
    main()
