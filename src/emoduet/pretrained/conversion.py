"""Pickled encoder weights made into safetensors, by torch's tensors-only reader, which runs no code of the file."""

import shutil
import warnings
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors.torch import save_file
from torch import Tensor

from emoduet.atomic import check_vacant, new_folder
from emoduet.errors import CheckpointError, InputError
from emoduet.pretrained.loading import FILES, PICKLED, how_to_copy, locate

WANTED = (*FILES, PICKLED, "README.md")
"""What is fetched: the model card, too, which says on what terms the weights may be used."""


def convert_encoder(name: str, out: Path) -> None:
    """Writes a folder like the encoder's own, with `model.safetensors` in place of `pytorch_model.bin`.

    Raises:
        InputError: `out` is the encoder's own folder, or holds anything.
        CheckpointError: the encoder cannot be reached, has no such file, or the file holds more than tensors.
    """
    if Path(name).is_dir() and out.resolve() == Path(name).resolve():
        raise InputError(f"{out}: is the folder to convert, whose files would be lost; give another --out")
    check_vacant(out)
    folder = locate(name, WANTED)
    path = folder / PICKLED
    if not path.is_file():
        raise CheckpointError(_nothing_to_convert(name, folder))
    weights = _read_tensors(path)
    with new_folder(out) as temporary:
        for file in folder.iterdir():
            if file.is_file() and file.suffix in (".json", ".txt", ".model", ".md"):
                shutil.copyfile(file, temporary / file.name)
        save_file(weights, temporary / "model.safetensors", metadata={"format": "pt"})


def _nothing_to_convert(name: str, folder: Path) -> str:
    if any(folder.glob("*.safetensors")):
        return f"{name}: its weights are .safetensors already; use it as it is"
    source = "REPOSITORY" if Path(name).is_dir() else name
    return f"{name}: no {PICKLED} to convert and no .safetensors. {how_to_copy(source, WANTED)}"


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
