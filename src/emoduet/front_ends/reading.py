"""Front ends that a model folder holds: shaped as those that were saved, their weights still to be filled."""

import json
import logging
from pathlib import Path

import torch

from emoduet.errors import CheckpointError, ConfigError
from emoduet.front_ends import phonemes
from emoduet.front_ends.frames import build_frames
from emoduet.front_ends.phonemes import PhonemeTokenizer
from emoduet.front_ends.rule import SETTINGS, ByRule
from emoduet.front_ends.words import Tokenizer, TokenVectors
from emoduet.pretrained.front_end import FrontEnd
from emoduet.pretrained.loading import load_tokenizer

log = logging.getLogger(__name__)


def is_by_rule(folder: Path) -> bool:
    """Whether a folder holds a front end of this package, not an encoder of transformers."""
    return (folder / SETTINGS).is_file()


def read_frames(folder: Path) -> ByRule:
    """The frames that a folder describes; logs a warning where another version computed them for the training.

    Raises:
        CheckpointError: its front_end.json is of another kind, or unreadable.
    """
    values = _read(folder / SETTINGS)
    try:
        front_end = build_frames(str(values["kind"]), int(values["size"]), str(values["standardise"]))
    except (ConfigError, KeyError, TypeError, ValueError) as error:
        raise _unusable(folder / SETTINGS, error) from error
    if values.get("libraries") != front_end.libraries():
        log.warning("%s: its frames are those of %s; here is %s, which may compute them a little otherwise",
                    folder, values.get("libraries"), front_end.libraries())  # fmt: skip
    return front_end


def read_token_vectors(folder: Path) -> tuple[FrontEnd, Tokenizer]:
    """The table that a folder describes, still empty, and the tokenizer that numbers its rows.

    Raises:
        CheckpointError: its front_end.json is of another kind, or unreadable; the tokenizer is absent, unusable or
            of another table.
        InputError: it holds phonemes, and gruut is not installed.
    """
    values = _read(folder / SETTINGS)
    try:
        table = torch.zeros(int(values["num_tokens"]), int(values["size"]))
        front_end = TokenVectors(str(values["kind"]), table, trains=True, origin=str(values["origin"]))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise _unusable(folder / SETTINGS, error) from error
    tokenizer = read_phoneme_tokenizer(folder) if front_end.kind == "phonemes" else load_tokenizer(folder)
    if len(tokenizer) != len(table):
        raise CheckpointError(
            f"{folder}: a tokenizer of {len(tokenizer)} tokens and a table of {len(table)}; they belong to different "
            "models. Copy the folder again"
        )
    return front_end, tokenizer


def read_phoneme_tokenizer(folder: Path) -> PhonemeTokenizer:
    """The tokenizer of phonemes stored in a folder; logs a warning where another version pronounced for the training.

    Raises:
        CheckpointError: there is none, or it is unusable.
        InputError: gruut is not installed.
    """
    path = folder / phonemes.SETTINGS
    values = _read(path)
    try:
        symbols, longest = [str(symbol) for symbol in values["symbols"]], int(values["max_phonemes"])
        if not {phonemes.UNKNOWN, phonemes.END} <= set(symbols) or len(set(symbols)) < len(symbols) or longest < 1:
            raise ValueError(f"symbols {symbols}, max_phonemes {longest}")
    except (KeyError, TypeError, ValueError) as error:
        raise _unusable(path, error) from error
    tokenizer = PhonemeTokenizer(symbols, longest)
    if values.get("libraries") != phonemes.libraries():
        log.warning("%s: its phonemes are those of %s; here is %s, which may pronounce some words otherwise",
                    folder, values.get("libraries"), phonemes.libraries())  # fmt: skip
    return tokenizer


def _read(path: Path) -> dict[str, object]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unusable(path, error) from error
    if not isinstance(values, dict):
        raise _unusable(path, TypeError(f"got {str(values)[:40]}"))
    return values


def _unusable(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(f"{path}: not the settings of a front end ({error!r}); copy the folder again")
