"""Devices and precisions that this machine has or lacks, and disks that are too small."""

import os
import shutil
from collections import namedtuple

import pytest
import torch

from emoduet.errors import InputError, UsageError
from emoduet.machine import (
    Machine,
    accelerator_on,
    check_answering,
    check_disk,
    check_machine,
    computing_in,
    device_named,
    name_of,
    num_cores,
)

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def gpus(monkeypatch):
    """Pretends that the machine has this many CUDA devices, and no other GPU."""

    def pretend(count):
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)

    return pretend


def test_cores_are_those_this_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5}, raising=False)
    assert num_cores() == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    assert num_cores() == 64
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert num_cores() == 1


@pytest.mark.parametrize(
    ("count", "name", "device"),
    [
        (0, None, "cpu"),
        (0, "cpu", "cpu"),
        (2, None, "cuda:0"),
        (2, "cpu", "cpu"),
        (2, "cuda", "cuda"),
        (2, "cuda:1", "cuda:1"),
    ],
)
def test_devices(gpus, count, name, device):
    gpus(count)
    found = device_named(name)
    assert (found.type, found.index or 0) == (torch.device(device).type, torch.device(device).index or 0)


@pytest.mark.parametrize(
    ("count", "name", "present"),
    [
        (0, "cuda", "cpu:0"),
        (0, "mps", "cpu:0"),
        (0, "tpu", "cpu:0"),
        (0, "", "cpu:0"),
        (2, "cuda:2", "cuda:0, cuda:1, cpu:0"),
        (2, "cuda:x", "cuda:0, cuda:1, cpu:0"),
    ],
)
def test_devices_that_are_not_here(gpus, count, name, present):
    gpus(count)
    with pytest.raises(InputError, match=f"device {name}: not on this machine, which has {present}; leave it out"):
        device_named(name)


def test_unknown_precision():
    with pytest.raises(InputError, match="precision fp8: choose one of fp32, bf16, fp16"):
        check_machine(Machine(precision="fp8"))


def test_half_precision_needs_a_gpu(gpus):
    gpus(0)
    with pytest.raises(InputError, match="precision fp16: needs a GPU; use fp32 or bf16 on a CPU"):
        check_machine(Machine(precision="fp16"))
    gpus(1)
    assert check_machine(Machine(precision="fp16")).type == "cuda"


@pytest.fixture
def cpu_knows(monkeypatch):
    """Pretends that the CPU multiplies in bf16 in one of two ways, or in none."""

    def pretend(avx512_bf16, amx):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512_bf16)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)

    return pretend


@pytest.mark.parametrize("check", [check_machine, check_answering])
def test_bf16_is_refused_on_a_cpu_that_would_emulate_it(gpus, cpu_knows, check):
    gpus(1)
    cpu_knows(False, False)
    with pytest.raises(
        UsageError, match="bf16: this CPU has neither avx512_bf16 nor amx_bf16 and would emulate it, mea"
    ):
        check(Machine("cpu", "bf16"))
    assert check(Machine(None, "bf16")).type == "cuda"
    assert check(Machine("cpu", "fp32")).type == "cpu"


@pytest.mark.parametrize("known", [(True, False), (False, True)])
def test_bf16_on_a_cpu_that_computes_it(cpu_knows, known):
    cpu_knows(*known)
    assert check_machine(Machine("cpu", "bf16")).type == "cpu"


def test_int8_takes_the_cpu_and_no_other(gpus):
    gpus(1)
    assert check_answering(Machine(None, "int8")).type == check_answering(Machine("cpu", "int8")).type == "cpu"
    with pytest.raises(UsageError, match="precision int8: runs on the CPU alone, not on cuda; use device cpu, or fp32"):
        check_answering(Machine("cuda", "int8"))
    with pytest.raises(UsageError, match="precision int8: choose one of fp32, bf16, fp16"):
        check_machine(Machine("cpu", "int8"))
    with pytest.raises(UsageError, match="precision fp16: a model answers in one of fp32, bf16, int8"):
        check_answering(Machine("cuda", "fp16"))


def test_products_are_taken_in_bf16_only_where_asked_for():
    dtypes = {}
    for precision in ("fp32", "bf16", "int8"):
        with computing_in(precision, torch.device("cpu")):
            dtypes[precision] = (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
    assert dtypes == {"fp32": torch.float32, "bf16": torch.bfloat16, "int8": torch.float32}


@pytest.mark.parametrize(("precision", "mixed"), [("fp32", "no"), ("bf16", "bf16"), ("fp32", "no")])
def test_accelerators_in_one_process_do_not_inherit_their_precision(cpu_knows, precision, mixed):
    cpu_knows(True, False)
    accelerator = accelerator_on(Machine("cpu", precision))
    assert (accelerator.device.type, accelerator.mixed_precision) == ("cpu", mixed)


def test_a_numbered_gpu_becomes_the_current_one(gpus, monkeypatch):
    chosen, made = [], []
    gpus(2)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setattr("emoduet.machine.Accelerator", lambda **settings: made.append(settings))
    accelerator_on(Machine("cuda:1", "bf16"))
    assert (chosen, made) == ([torch.device("cuda", 1)], [{"cpu": False, "mixed_precision": "bf16"}])


def test_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**10, 0, 2_500_000_000))
    check_disk(tmp_path / "new" / "folder", 2_500_000_000)
    assert (tmp_path / "new" / "folder").is_dir()
    with pytest.raises(InputError, match=r"2\.5 GB free; need 4\.1 GB for the training's state and the checkpoint"):
        check_disk(tmp_path, 4_100_000_000)
    with pytest.raises(InputError, match=r"need 4\.1 GB for the whole run\. Free some, or give another --out"):
        check_disk(tmp_path, 4_100_000_000, "the whole run")


def test_a_gpu_is_named_as_its_maker_has_it(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"Card {device.index}")
    assert name_of(torch.device("cuda", 1)) == "Card 1"
    assert name_of(torch.device("cpu")) == "cpu"
