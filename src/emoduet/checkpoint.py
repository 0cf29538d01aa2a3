"""A trained system as one folder that loads anywhere: without the hub and without the encoders it grew from.

    config.json          format, version, recipe, and where the weights come from
    model.safetensors    every weight
    audio_encoder/       config.json of the wav2vec 2.0 family model and preprocessor_config.json; or front_end.json of
                         frames computed by rule
    text_encoder/        config.json of the BERT family model, or front_end.json of a table of words or phonemes; and
                         the tokenizer's files (of phonemes: phonemes.json)
    README.md            the model card

What a folder holds is read and checked here; `build.py` makes a system of it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from emoduet.atomic import make_folder, new_folder, write_json
from emoduet.errors import CheckpointError
from emoduet.front_ends.reading import is_by_rule, read_frames, read_token_vectors
from emoduet.front_ends.words import Tokenizer
from emoduet.pretrained.encoders import AudioEncoderBase, TextEncoderBase
from emoduet.pretrained.front_end import FrontEnd
from emoduet.pretrained.loading import load_tokenizer, locate, model_from_config, read_config, wants_normalised

FORMAT = "emoduet"
FORMAT_VERSION = 1
_HOW_TO_MAKE_ONE = "A model folder is written by `emoduet train` and `emoduet run`."


@dataclass(frozen=True)
class Encoders:
    """The front ends a system stands on, mostly encoder bases; None for a modality it does not take."""

    audio: FrontEnd | None
    text: FrontEnd | None
    tokenizer: Tokenizer | None

    def forms(self) -> str:
        """Which form of each encoder runs, in words."""
        return told_forms({kind: one.form_told for kind, one in self.by_kind().items()})

    def by_kind(self) -> dict[str, FrontEnd]:
        """Those there are, as "audio" and "text"."""
        return {kind: one for kind, one in (("audio", self.audio), ("text", self.text)) if one is not None}


@dataclass(frozen=True)
class Checkpoint:
    """What a model folder holds: its description, empty encoders of the right shape, and all weights."""

    description: Mapping[str, object]
    encoders: Encoders
    weights: Mapping[str, Tensor]


def told_forms(forms: Mapping[str, str]) -> str:
    """The forms of encoders, by "audio" and "text", as one sentence."""
    return "encoders: " + "; ".join(f"{kind} {form}" for kind, form in forms.items())


def write_checkpoint(
    folder: Path, system: nn.Module, encoders: Encoders, description: Mapping[str, object], card: str
) -> None:
    """Writes a model folder, whole or not at all; an older one of that name is replaced.

    Args:
        description: what `config.json` says beside format and version; must be JSON.
        card: the model card, Markdown.
    """
    with new_folder(folder) as temporary:
        weights = {name: tensor.detach().cpu().contiguous() for name, tensor in system.state_dict().items()}
        save_file(weights, temporary / "model.safetensors", metadata={"format": "pt"})
        for kind, encoder in encoders.by_kind().items():
            make_folder(temporary / f"{kind}_encoder")
            encoder.save(temporary / f"{kind}_encoder")
        if encoders.tokenizer:
            encoders.tokenizer.save_pretrained(temporary / "text_encoder")
        (temporary / "README.md").write_text(card, encoding="utf-8")
        write_json(temporary / "config.json", {"format": FORMAT, "format_version": FORMAT_VERSION, **description})


def read_checkpoint(path_or_hub_id: str | Path) -> Checkpoint:
    """Reads a model folder, or a model repository of the hub.

    Raises:
        CheckpointError: there is none, it is of another format or version, or a file in it is unusable.
        InputError: it needs a library that is not installed.
    """
    folder = locate(str(path_or_hub_id))
    description = read_description(folder)
    audio = text = tokenizer = None
    if (folder / "audio_encoder").is_dir():
        audio = _read_audio_encoder(folder / "audio_encoder")
    if (folder / "text_encoder").is_dir():
        text, tokenizer = _read_text_encoder(folder / "text_encoder")
    return Checkpoint(description, Encoders(audio, text, tokenizer), _read_weights(folder))


def fill(system: nn.Module, weights: Mapping[str, Tensor], where: str) -> None:
    """Puts stored weights into a system of the same shape.

    Raises:
        CheckpointError: a weight is missing, left over or of another size.
    """
    expected = {name: tuple(tensor.shape) for name, tensor in system.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if expected != found:
        differing = sorted(name for name in expected | found if expected.get(name) != found.get(name))
        name = differing[0]
        raise CheckpointError(
            f"{where}: {len(differing)} weights do not fit, such as {name}: got {found.get(name, 'none')}, "
            f"want {expected.get(name, 'none')}. config.json and model.safetensors belong to different models"
        )
    system.load_state_dict(weights)


def read_description(folder: Path) -> dict[str, object]:
    """What a model folder's `config.json` says.

    Raises:
        CheckpointError: it is absent, unreadable, or of another format or version.
    """
    path = folder / "config.json"
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(f"{folder}: no config.json, so not an emoduet model. {_HOW_TO_MAKE_ONE}") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: not readable as JSON ({error}). Copy the folder again") from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise CheckpointError(f"{path}: not an emoduet model (no format = {FORMAT!r}). {_HOW_TO_MAKE_ONE}")
    version = description.get("format_version")
    if version != FORMAT_VERSION:
        raise CheckpointError(
            f"{path}: format version {version}; this emoduet reads version {FORMAT_VERSION}. Use the emoduet that "
            "wrote it, or train again"
        )
    return description


def _read_audio_encoder(folder: Path) -> FrontEnd:
    if is_by_rule(folder):
        return read_frames(folder)
    return AudioEncoderBase(model_from_config(read_config(folder)), wants_normalised(folder))


def _read_text_encoder(folder: Path) -> tuple[FrontEnd, Tokenizer]:
    if is_by_rule(folder):
        return read_token_vectors(folder)
    return TextEncoderBase(model_from_config(read_config(folder))), load_tokenizer(folder)


def _why_without(folder: Path) -> str:
    exports = sorted(path.parent.name for path in folder.glob("*/engine.json"))
    if not exports:
        return "copy the folder again, whole"
    return (
        f"it is an export that stands alone ({', '.join(exports)}): give --engine to predict and evaluate; all else "
        "takes the model that it was exported from"
    )


def _read_weights(folder: Path) -> dict[str, Tensor]:
    path = folder / "model.safetensors"
    try:
        return load_file(path)
    except FileNotFoundError as error:
        raise CheckpointError(f"{folder}: no model.safetensors; {_why_without(folder)}") from error
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path}: not a safetensors file ({error}); copy it again") from error
