"""The machine: what it is, and how fast its fastest fp32 matrix product is, which nothing exact can beat."""

import platform
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch
import transformers
from torch.nn import functional

from emoduet.benchmarking.timing import wait_for
from emoduet.machine import name_of, num_cores
from emoduet.nn.linear import onednn_works, prepared

SHAPES = ((1800, 1024, 4096), (1800, 4096, 1024), (4096, 1024, 1024), (2048, 2048, 2048))
"""Rows, inputs and outputs of products as the encoders have them."""
LITTLE_SHAPES = ((256, 256, 256),)


def describe_machine(device: torch.device) -> str:
    """CPU, cores, threads, device and library versions in one line."""
    parts = [
        cpu_model(),
        f"{num_cores()} cores, {torch.get_num_threads()} threads",
        *([name_of(device)] if device.type == "cuda" else []),
        f"Python {platform.python_version()}, torch {torch.__version__}, transformers {transformers.__version__}",
    ]
    return "; ".join(parts)


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The CPU's name as Linux has it, with the instructions that matter here; elsewhere its architecture."""
    if not cpuinfo.is_file():
        return platform.processor() or platform.machine()
    fields = dict(_fields(cpuinfo.read_text(encoding="utf-8")))
    flags = fields.get("flags", "").split()
    shown = [one for one in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16") if one in flags]
    return " ".join([fields.get("model name", platform.machine()), *([f"({', '.join(shown)})"] if shown else [])])


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, _, value = line.partition(":")
        yield name.strip(), value.strip()


def measure_peak(
    device: torch.device, shapes: tuple[tuple[int, int, int], ...] = SHAPES, repetitions: int = 15
) -> float:
    """fp32 operations a second of the fastest matrix product: PyTorch's own, or on a CPU oneDNN's where it is there."""
    best = 0.0
    random = torch.Generator().manual_seed(0)
    for rows, inputs, outputs in shapes:
        values = torch.randn(rows, inputs, generator=random).to(device)
        weight = torch.randn(outputs, inputs, generator=random).to(device)
        with torch.no_grad():
            for product in products(values, weight):
                best = max(best, 2 * rows * inputs * outputs / _shortest(product, repetitions, device))
    return best


def products(values: torch.Tensor, weight: torch.Tensor) -> Iterator[Callable[[], torch.Tensor]]:
    """The ways to multiply that this build of PyTorch has."""
    yield lambda: functional.linear(values, weight)
    if values.device.type == "cpu" and onednn_works():
        yield partial(prepared(lambda: (weight, None), "none"), values)


def _shortest(run: Callable[[], object], repetitions: int, device: torch.device) -> float:
    run()
    seconds = []
    for _ in range(repetitions):
        wait_for(device)
        began = time.perf_counter()
        run()
        wait_for(device)
        seconds.append(time.perf_counter() - began)
    return min(seconds)
