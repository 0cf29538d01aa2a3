"""What a store says of itself: `store.json`, and which files a store is made of."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from emoduet.atomic import write_json
from emoduet.errors import CheckpointError
from emoduet.features.source import FORMAT, FORMAT_VERSION, Source

_KEY = re.compile(r"[0-9a-f]{16}")
_OURS = re.compile(
    r"store\.json|shard-\d{5,}\.(npy|json)|\.(used-\w+|shard-\d{5,})\.lock|\.(store|shard-\d{5,})\..*tmp"
)


@dataclass(frozen=True)
class Description:
    """Of a whole store, filled or not."""

    source: Source
    num_utterances: int
    shard_size: int


def store_path(folder: Path) -> Path:
    """The file that makes a folder a store; its time of change is when the store was last used."""
    return folder / "store.json"


def write_description(folder: Path, description: Description) -> None:
    """Makes a folder a store.

    Raises:
        InputError: it cannot be written.
    """
    source, format = description.source, {"format": FORMAT, "format_version": FORMAT_VERSION}
    sizes = {"num_utterances": description.num_utterances, "shard_size": description.shard_size}
    write_json(store_path(folder), {**format, "key": source.key, **sizes, "source": source.as_json()})


def read_description(folder: Path) -> Description:
    """What a store says of itself.

    Raises:
        CheckpointError: it is damaged, of another format or version, or says that it belongs elsewhere.
    """
    path = store_path(folder)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        found = (record["format"], record["format_version"])
        source = Source(**record["source"])
        description = Description(source, int(record["num_utterances"]), int(record["shard_size"]))
        key = source.key
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CheckpointError(_useless(path, f"not a store's description ({error!r})", "verify", "--repair")) from error
    if found != (FORMAT, FORMAT_VERSION):
        this = f"format {found[0]!r}, version {found[1]!r}; this emoduet reads {FORMAT!r}, version {FORMAT_VERSION}"
        raise CheckpointError(_useless(path, this, "prune"))
    if key != folder.name or description.num_utterances < 0 or description.shard_size < 1:
        raise CheckpointError(_useless(path, f"describes the store {key}, not {folder.name}", "prune"))
    return description


def is_store(folder: Path) -> bool:
    """Whether a folder is a store, damaged or not: by its name and its `store.json`. A link is none."""
    return bool(_KEY.fullmatch(folder.name)) and not folder.is_symlink() and store_path(folder).is_file()


def strangers(folder: Path) -> list[str]:
    """Names in a store's folder that no store has written."""
    return sorted(path.name for path in folder.iterdir() if path.is_dir() or not _OURS.fullmatch(path.name))


def _useless(path: Path, found: str, command: str, *options: str) -> str:
    key, root = path.parent.name, path.parent.parent
    words = " ".join(["emoduet features", command, key, *options, "--features", str(root)])
    return f"{path}: {found}. `{words}` clears it away; the next run makes it again"
