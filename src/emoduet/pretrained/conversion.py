"""Pickled encoder weights made into safetensors, by torch's tensors-only reader, which runs no code of the file."""

import shutil
import warnings
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors.torch import save_file
from torch import Tensor

from emoduet.atomic import new_folder
from emoduet.errors import CheckpointError
from emoduet.pretrained.loading import FILES, locate

WEIGHTS = "pytorch_model.bin"


def convert_encoder(name: str, out: Path) -> None:
    """Writes a folder like the encoder's own, with `model.safetensors` in place of `pytorch_model.bin`.

    Raises:
        CheckpointError: the encoder cannot be reached, has no such file, or the file holds more than tensors.
    """
    folder = locate(name, files=(*FILES, WEIGHTS))
    path = folder / WEIGHTS
    if not path.is_file():
        raise CheckpointError(f"{folder}: no {WEIGHTS} to convert; if it has .safetensors, use it as it is")
    weights = _read_tensors(path)
    with new_folder(out) as temporary:
        for file in folder.iterdir():
            if file.is_file() and file.suffix in (".json", ".txt", ".model"):
                shutil.copyfile(file, temporary / file.name)
        save_file(weights, temporary / "model.safetensors", metadata={"format": "pt"})


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's on old pickles; what cannot be read is raised
            weights = torch.load(path, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise CheckpointError(f"{path}: holds more than tensors, or is damaged; not converted") from error
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise CheckpointError(f"{path}: not a plain mapping of names to tensors; not converted")
    return {name: tensor.clone().contiguous() for name, tensor in weights.items()}
