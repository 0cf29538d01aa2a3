"""What a training needs to go on after a kill as if nothing had happened: weights, optimizer, schedule, RNG, history.

Safetensors and JSON only, in one folder that is replaced whole after every epoch.
"""

import json
import random
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from emoduet.atomic import new_folder, recover_folder, remove_leftovers


def trained_weights(system: nn.Module) -> dict[str, Tensor]:
    """Copies of all weights but those of modules that do not train at all: these come back from their source."""
    frozen = tuple(
        f"{name}."
        for name, module in system.named_children()
        if (weights := list(module.parameters())) and not any(weight.requires_grad for weight in weights)
    )
    return {
        name: tensor.detach().cpu().clone()
        for name, tensor in system.state_dict().items()
        if not name.startswith(frozen)
    }


def write_state(
    folder: Path,
    system: nn.Module,
    optimizer: Optimizer,
    scheduler: LRScheduler,
    best: Mapping[str, Tensor],
    progress: Mapping[str, object],
) -> None:
    """Writes the state at the end of an epoch; `progress` is the caller's own JSON, handed back by `read_progress`."""
    with new_folder(folder) as temporary:
        save_file(trained_weights(system), temporary / "weights.safetensors")
        save_file(dict(best), temporary / "best.safetensors")
        moments, settings = _split_optimizer(optimizer)
        save_file(moments, temporary / "optimizer.safetensors")
        random_tensors, random_json = _random_state()
        save_file(random_tensors, temporary / "random.safetensors")
        values = {"optimizer": settings, "scheduler": scheduler.state_dict(), "random": random_json}
        (temporary / "state.json").write_text(json.dumps({**values, "progress": progress}), encoding="utf-8")


def read_progress(folder: Path) -> dict | None:
    """What the caller said in the state written last; None where none was written. Ends what a kill left half-done."""
    recover_folder(folder)
    remove_leftovers(folder.parent)
    return _values(folder)["progress"] if folder.exists() else None


def read_state(folder: Path, system: nn.Module, optimizer: Optimizer, scheduler: LRScheduler) -> dict[str, Tensor]:
    """Puts the state written last back in place, and returns its best weights."""
    values = _values(folder)
    system.load_state_dict(load_file(folder / "weights.safetensors"), strict=False)
    _join_optimizer(optimizer, load_file(folder / "optimizer.safetensors"), values["optimizer"])
    scheduler.load_state_dict(values["scheduler"])
    _set_random_state(load_file(folder / "random.safetensors"), values["random"])
    return load_file(folder / "best.safetensors")


def _values(folder: Path) -> dict:
    return json.loads((folder / "state.json").read_text(encoding="utf-8"))


def _split_optimizer(optimizer: Optimizer) -> tuple[dict[str, Tensor], list[dict[str, object]]]:
    state = optimizer.state_dict()
    moments = {
        f"{index}.{key}": value.detach().cpu().contiguous()
        for index, entry in state["state"].items()
        for key, value in entry.items()
    }
    return moments, state["param_groups"]


def _join_optimizer(optimizer: Optimizer, moments: Mapping[str, Tensor], groups: list[dict[str, object]]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in moments.items():
        index, key = name.split(".")
        state.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _random_state() -> tuple[dict[str, Tensor], dict[str, object]]:
    kind, keys, *numbers = np.random.get_state()
    tensors = {"torch": torch.get_rng_state(), "numpy": torch.from_numpy(keys.astype(np.int64))}
    tensors |= {f"cuda.{i}": state for i, state in enumerate(torch.cuda.get_rng_state_all())}
    return tensors, {"numpy": [kind, *numbers], "python": random.getstate()}


def _set_random_state(tensors: Mapping[str, Tensor], values: Mapping[str, list]) -> None:
    torch.set_rng_state(tensors["torch"])
    for index in range(torch.cuda.device_count()):
        if f"cuda.{index}" in tensors:  # the killed training may have run on a machine with fewer GPUs
            torch.cuda.set_rng_state(tensors[f"cuda.{index}"], index)
    kind, *numbers = values["numpy"]
    np.random.set_state((kind, tensors["numpy"].numpy().astype(np.uint32), *numbers))
    version, internal, gauss = values["python"]
    random.setstate((version, tuple(internal), gauss))
