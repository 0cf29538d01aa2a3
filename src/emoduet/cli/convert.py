"""`emoduet convert`: an encoder whose weights are pickled, made into safetensors once."""

from pathlib import Path
from typing import Annotated

import typer

from emoduet.cli.door import errors_told, results


def convert(
    encoder: Annotated[str, typer.Argument(help="A hub name, or a folder with pytorch_model.bin.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write; give it as the encoder's name.")],
) -> None:
    """Make an encoder's pickled weights safetensors.

    Reads tensors only: no code in the file is run."""
    with errors_told():
        from emoduet.pretrained.conversion import convert_encoder

        convert_encoder(encoder, out)
        results().print(f"{out}: set audio_encoder.name or text_encoder.name to it", soft_wrap=True)
