"""A folder of results that belongs to one run: its lock, its identity, and where its numbers come from.

The identity is everything that decides a number. A call that asks for anything else is refused, so that numbers of two
runs never meet in one folder.
"""

import json
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from filelock import FileLock, Timeout

from emoduet.atomic import make_folder, write_json
from emoduet.errors import InputError
from emoduet.manifest import manifest_digest

_LIBRARIES = (
    *("emoduet", "torch", "transformers", "accelerate", "numpy"),
    *("scipy", "scikit-learn", "kaldi-native-fbank"),  # what is fitted at one go, and frames by rule
)
_EXTRAS = ("gruut", "gruut_lang_en")
"""What pronounces transcripts where phonemes are read; may be absent."""


@contextmanager
def sole_user(folder: Path) -> Iterator[None]:
    """Holds a folder, which is made, for this process alone.

    Raises:
        InputError: another process holds it, or it cannot be made or written.
    """
    make_folder(folder)
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise InputError(
            f"{folder}: another emoduet is running in this folder; wait for it, or give another --out"
        ) from error
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error}); give another --out") from error
    try:
        yield
    finally:
        lock.release()


def write_or_compare(folder: Path, identity: Mapping[str, object], told: Mapping[str, object]) -> None:
    """Writes run.json, or finds that the one there has the same identity.

    Args:
        told: what is written beside the identity and not compared.

    Raises:
        InputError: the folder holds another run, or one whose account is damaged.
    """
    path = folder / "run.json"
    if path.exists():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: not readable as JSON ({error}); give another --out, or delete it") from error
        if differing := list(_differences(found, identity)):
            raise InputError(f"{folder}: holds another run: {'; '.join(differing)}. Give another --out, or delete it")
        return
    write_json(path, {**identity, **told})


def provenance(manifest: Path) -> dict[str, object]:
    """What a result must be quoted with to be repeated: versions, platform and the manifest's digest."""
    there = {name: version(name) for name in _LIBRARIES} | {name: version(name) for name in _EXTRAS if _installed(name)}
    return {
        "manifest": manifest.name,
        "manifest_sha256": manifest_digest(manifest),
        "versions": there | {"python": platform.python_version()},
        "platform": f"{platform.system()} {platform.machine()}",
    }


def _installed(library: str) -> bool:
    try:
        return bool(version(library))
    except PackageNotFoundError:
        return False


def _differences(found: Mapping[str, object], asked: Mapping[str, object], where: str = "") -> Iterator[str]:
    """Every value that is not as asked for, by its path."""
    for key, value in asked.items():
        there = found.get(key)
        if isinstance(value, Mapping) and isinstance(there, Mapping):
            yield from _differences(there, value, f"{where}{key}.")
        elif there != value:
            yield f"{where}{key} is {there}, not {value}"
