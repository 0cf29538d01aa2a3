"""Pretrained encoders by hub name or local folder: safetensors only, complete or refused.

A checkpoint of another family, with missing weights, or with pickled weights is an error that says what to do; nothing
is quietly initialised at random and nothing is unpickled.
"""

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import huggingface_hub
from huggingface_hub.errors import HFValidationError, StrictDataclassError
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from emoduet.errors import CheckpointError
from emoduet.pretrained.encoders import AudioEncoderBase, TextEncoderBase

AUDIO_FAMILIES = ("wav2vec2", "hubert", "wavlm", "data2vec-audio")
TEXT_FAMILIES = ("bert", "roberta", "distilbert", "electra", "albert", "mpnet", "deberta", "deberta-v2", "camembert",
                 "xlm-roberta")  # fmt: skip
FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
_VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
_DECIDING = ("config.json", "preprocessor_config.json", "tokenizer_config.json", "merges.txt", "*.safetensors")
PICKLED = "pytorch_model.bin"


def load_audio_encoder(name: str) -> AudioEncoderBase:
    """A wav2vec 2.0-family encoder from a hub name or a folder.

    Raises:
        CheckpointError: it cannot be reached, is of another family, is incomplete or has pickled weights only.
    """
    folder = locate(name)
    model = _load_model(name, folder, AUDIO_FAMILIES, "audio")
    return AudioEncoderBase(model, wants_normalised(folder))


def load_text_encoder(name: str) -> tuple[TextEncoderBase, PreTrainedTokenizerBase]:
    """A BERT-family encoder and its tokenizer, which cuts at the encoder's longest input, from a hub name or a folder.

    Raises:
        CheckpointError: as for `load_audio_encoder`, or the tokenizer's files are missing.
    """
    folder = locate(name)
    model = _load_model(name, folder, TEXT_FAMILIES, "text")
    encoder, tokenizer = TextEncoderBase(model), load_tokenizer(folder)
    tokenizer.model_max_length = min(tokenizer.model_max_length, encoder.max_tokens)  # many checkpoints set none
    return encoder, tokenizer


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer stored in a folder.

    Raises:
        CheckpointError: its files are missing or unusable.
    """
    advice = "copy tokenizer.json (or vocab.txt) and tokenizer_config.json beside the weights"
    if not any(any(folder.glob(name)) for name in _VOCABULARIES):  # transformers would make an empty one
        raise CheckpointError(f"{folder}: no tokenizer; {advice}")
    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{folder}: no usable tokenizer ({first_line(error)}); {advice}") from error


def read_config(folder: Path) -> PreTrainedConfig:
    """The transformers configuration stored in a folder.

    Raises:
        CheckpointError: there is no config.json, or not one that transformers knows.
    """
    if not (folder / "config.json").is_file():
        raise CheckpointError(
            f"{folder}: no config.json; need a transformers checkpoint folder (config.json, model.safetensors, ...)"
        )
    try:
        return AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, KeyError, StrictDataclassError) as error:
        raise CheckpointError(
            f"{folder / 'config.json'}: not a transformers configuration ({first_line(error)})"
        ) from error


def wants_normalised(folder: Path) -> bool:
    """Whether the encoder in a folder wants waveforms of zero mean and unit variance.

    Raises:
        CheckpointError: its preprocessor's settings are missing, unreadable, or not of 16 kHz.
    """
    path = folder / "preprocessor_config.json"
    if not path.is_file():
        raise CheckpointError(f"{folder}: no preprocessor_config.json, which says how the encoder wants its waveforms; "
                              "copy it from the checkpoint's page")  # fmt: skip
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: not readable as JSON ({first_line(error)}); copy it again") from error
    if not isinstance(settings, dict):
        raise CheckpointError(f"{path}: got {settings!r}; want a preprocessor's settings. Copy it again")
    if settings.get("sampling_rate", 16_000) != 16_000:
        raise CheckpointError(f"{path}: sampling_rate {settings['sampling_rate']}; emoduet takes 16 kHz encoders")
    return bool(settings.get("do_normalize", True))


def model_from_config(config: PreTrainedConfig) -> PreTrainedModel:
    """The bare encoder a configuration describes, with random weights."""
    return AutoModel.from_config(config, **_no_pooler(config))


def locate(name: str, files: Sequence[str] = FILES) -> Path:
    """The folder of an encoder or a model: itself where `name` is one, otherwise the hub's, fetched once.

    Args:
        files: patterns of what is fetched from the hub.

    Raises:
        CheckpointError: no such folder, no such repository, or the hub cannot be reached.
    """
    if Path(name).is_dir():
        return Path(name)
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise CheckpointError(f"{name}: no such folder; give a checkpoint folder or a hub name like bert-base-uncased")
    try:
        with quiet():
            return Path(huggingface_hub.snapshot_download(name, allow_patterns=list(files)))
    except HFValidationError as error:
        raise CheckpointError(f"{name}: neither a folder nor a hub name ({first_line(error)})") from error
    except (OSError, huggingface_hub.errors.HfHubHTTPError) as error:
        raise CheckpointError(
            f"{name}: neither a folder here nor reachable on the hub ({first_line(error)}). {how_to_copy(name, files)}"
        ) from error


def how_to_copy(name: str, files: Sequence[str] = FILES) -> str:
    """What to do where the hub cannot be reached: a sentence with the command that fetches these files elsewhere."""
    wanted = " ".join(f"--include '{pattern}'" for pattern in files)
    advice = (
        f"On a machine with access run `hf download {name} --local-dir FOLDER {wanted}`, copy FOLDER here and give "
        "its path instead of the name."
    )
    if PICKLED in files:
        return advice
    return (
        f"{advice} An encoder that comes without .safetensors needs --include '*.bin' as well, and then "
        "`emoduet convert FOLDER --out NEW`."
    )


def weights_digest(name: str) -> str:
    """SHA-256 over all of an encoder's files that decide its answers: weights, configuration, tokenizer.

    Raises:
        CheckpointError: it cannot be reached, or has no safetensors weights.
    """
    folder, digest = locate(name), hashlib.sha256()
    if not any(folder.glob("*.safetensors")):
        raise CheckpointError(no_safetensors(name, folder))
    for path in sorted({path for pattern in (*_DECIDING, *_VOCABULARIES) for path in folder.glob(pattern)}):
        with path.open("rb") as file:
            digest.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def weights_size(name: str) -> int:
    """Bytes of an encoder's weights as its source stores them.

    Raises:
        CheckpointError: it cannot be reached.
    """
    return sum(path.stat().st_size for path in locate(name).glob("*.safetensors"))


def _load_model(name: str, folder: Path, families: tuple[str, ...], kind: str) -> PreTrainedModel:
    config = read_config(folder)
    if config.model_type not in families:
        raise CheckpointError(
            f"{name}: holds a {config.model_type} model; as {kind} encoder emoduet takes {', '.join(families)}"
        )
    if not any(folder.glob("*.safetensors")):
        raise CheckpointError(no_safetensors(name, folder))
    model, report = _read_weights(name, folder, config)
    lacking = sorted({*report["missing_keys"], *(key[0] for key in report["mismatched_keys"])} - {"masked_spec_embed"})
    if lacking:
        raise CheckpointError(
            f"{name}: {len(lacking)} weights of the {config.model_type} encoder are missing or of another size, "
            f"such as {lacking[0]}; the file is incomplete or belongs to another configuration"
        )
    return model.float()


def _read_weights(name: str, folder: Path, config: PreTrainedConfig) -> tuple[PreTrainedModel, dict[str, set]]:
    """The model and transformers' report on it; sizes that differ are in the report and no error yet."""
    settings = {"use_safetensors": True, "ignore_mismatched_sizes": True, "output_loading_info": True}
    try:
        with quiet():
            return AutoModel.from_pretrained(folder, config=config, **settings, **_no_pooler(config))
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{name}: weights that cannot be read ({first_line(error)}); copy all its .safetensors files again"
        ) from error


def _no_pooler(config: PreTrainedConfig) -> dict[str, bool]:
    has_pooler = config.model_type in ("bert", "roberta", "albert", "mpnet", "camembert", "xlm-roberta")
    return {"add_pooling_layer": False} if has_pooler else {}


def no_safetensors(name: str, folder: Path) -> str:
    pickled = sorted(path.name for path in folder.glob("*.bin"))
    if pickled or not Path(name).is_dir():
        return (
            f"{name}: has no .safetensors weights; emoduet does not unpickle. Convert them once with "
            f"`emoduet convert {name} --out FOLDER` (which reads tensors only) and give FOLDER instead"
        )
    return (
        f"{name}: has no weights; copy model.safetensors beside its config.json from where it came from, or, if that "
        f"has none, {PICKLED}, and then run `emoduet convert {name} --out FOLDER`"
    )


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


@contextmanager
def quiet() -> Iterator[None]:
    """Silences the libraries' own load reports and retry notes; what matters is checked and raised here."""
    loggers = [transformers_logging.get_logger(), logging.getLogger("huggingface_hub")]
    levels = [logger.level for logger in loggers]
    bars = transformers_logging.is_progress_bar_enabled()
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if bars:
            transformers_logging.enable_progress_bar()
