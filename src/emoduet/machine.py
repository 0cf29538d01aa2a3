"""Where the numbers are computed: device, precision and disk, checked before anything is built or written."""

import os
import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from emoduet.atomic import make_folder
from emoduet.errors import InputError, UsageError

_MIXED_PRECISION = {"fp32": "no", "bf16": "bf16", "fp16": "fp16"}

INT8 = "int8"
ANSWERING = ("fp32", "bf16", INT8)
"""The precisions in which a trained model answers."""


@dataclass(frozen=True)
class Machine:
    """Where the numbers are computed; `device` None takes a GPU where there is one."""

    device: str | None = None
    precision: str = "fp32"


def num_cores() -> int:
    """The cores this process may run on; a container or `taskset` may grant fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def device_named(name: str | None) -> torch.device:
    """The device of this name ("cpu", "cuda", "cuda:1", "mps"); None takes a GPU where there is one.

    Raises:
        InputError: this machine has no such device.
    """
    counts = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available()), "cpu": 1}
    present = [f"{kind}:{index}" for kind, count in counts.items() for index in range(count)]
    if name is None:
        return torch.device(present[0])
    if name not in counts.keys() & {one.partition(":")[0] for one in present} and name not in present:
        has = ", ".join(present)
        raise UsageError(f"device {name}: not on this machine, which has {has}; leave it out, or use cpu")
    return torch.device(name)


def check_machine(machine: Machine) -> torch.device:
    """The device asked for, if this machine has it and it computes in the precision asked for.

    Raises:
        InputError: an unknown precision, a device this machine lacks, fp16 without a GPU, or bf16 on a CPU that would
            emulate it.
    """
    if machine.precision not in _MIXED_PRECISION:
        raise UsageError(f"precision {machine.precision}: choose one of {', '.join(_MIXED_PRECISION)}")
    device = device_named(machine.device)
    if device.type == "cpu" and machine.precision == "fp16":
        raise UsageError("precision fp16: needs a GPU; use fp32 or bf16 on a CPU")
    if device.type == "cpu" and machine.precision == "bf16" and not cpu_computes_bf16():
        raise UsageError(
            "precision bf16: this CPU has neither avx512_bf16 nor amx_bf16 and would emulate it, measured at a quarter "
            "of fp32's speed; use fp32, or a GPU"
        )
    return device


def check_answering(machine: Machine) -> torch.device:
    """The device on which a trained model answers in the precision asked for; int8 takes the CPU where none is named.

    Raises:
        InputError: a precision that is not of `ANSWERING`, int8 on another device than the CPU, or as `check_machine`.
    """
    if machine.precision not in ANSWERING:
        raise UsageError(f"precision {machine.precision}: a model answers in one of {', '.join(ANSWERING)}")
    if machine.precision != INT8:
        return check_machine(machine)
    device = device_named(machine.device or "cpu")
    if device.type != "cpu":
        raise UsageError(f"precision int8: runs on the CPU alone, not on {device}; use device cpu, or fp32 or bf16")
    return device


def cpu_computes_bf16() -> bool:
    """Whether this CPU multiplies in bf16 itself."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def computing_in(precision: str, device: torch.device) -> AbstractContextManager[None]:
    """Where products are taken in bf16 if that is the precision; what a module keeps in fp32 stays so."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")


def accelerator_on(machine: Machine) -> Accelerator:
    """What moves a training to its device and precision.

    Raises:
        InputError: as `check_machine`.
    """
    device = check_machine(machine)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    AcceleratorState._reset_state(reset_partial_state=True)  # one process may train several models in turn
    return Accelerator(cpu=device.type == "cpu", mixed_precision=_MIXED_PRECISION[machine.precision])


def name_of(device: torch.device) -> str:
    """A GPU's name as its maker has it; otherwise the kind of device."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def check_disk(folder: Path, need: int, what: str = "the training's state and the checkpoint") -> None:
    """Makes the folder, and insists on `need` free bytes in it for `what`.

    Raises:
        InputError: there are fewer, or the folder cannot be made.
    """
    make_folder(folder)
    free = shutil.disk_usage(folder).free
    if free < need:
        raise InputError(
            f"{folder}: {free / 1e9:.1f} GB free; need {need / 1e9:.1f} GB for {what}. Free some, or give another --out"
        )
