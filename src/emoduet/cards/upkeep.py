"""Keeps a card true to what was measured after it was written: robustness, int8, and exports to other engines.

Only the sections of those measurements are written anew, from the files that the measurements left in the folder; what
somebody wrote into the rest of a card stays. A file that is of other weights, or unreadable, counts as not measured,
and the card says why.
"""

from collections.abc import Iterator
from pathlib import Path

from emoduet.atomic import write_text
from emoduet.cards.model_card import ELSEWHERE, NOT_MEASURED, ROBUSTNESS, with_section
from emoduet.engines.folder import FILE as ENGINE_FILE
from emoduet.engines.folder import FOLDERS, read_engine_folder
from emoduet.errors import EmoduetError
from emoduet.pretrained.loading import weights_digest
from emoduet.quantisation import FILE as INT8_FILE
from emoduet.quantisation import kept_verdict
from emoduet.stress.results import FILE as STRESS_FILE
from emoduet.stress.results import stress_lines

CARD = "README.md"


def measured_since(folder: Path) -> dict[str, str]:
    """The texts of the sections that are measured later, by heading, for a model's folder or a run's."""
    robust, elsewhere = list(_robustness(folder)), list(_elsewhere(folder))
    for checkpoint in sorted(folder.glob("fold*-seed*/checkpoint")):
        elsewhere += [f"{checkpoint.parent.name}: {line}" for line in _elsewhere(checkpoint)]
    found = {ROBUSTNESS: robust, ELSEWHERE: elsewhere}
    return {
        heading: "\n".join(f"- {line}" for line in lines) or NOT_MEASURED[heading] for heading, lines in found.items()
    }


def refresh_card(folder: Path) -> bool:
    """Writes what was measured since into the card of a model's folder or a run's; False where it has no card.

    Raises:
        InputError: the card cannot be written.
    """
    path = folder / CARD
    if not path.is_file():
        return False
    before = text = path.read_text(encoding="utf-8")
    for heading, body in measured_since(folder).items():
        text = with_section(text, heading, body)
    if text != before:
        write_text(path, text)
    return True


def _robustness(folder: Path) -> Iterator[str]:
    path = folder / STRESS_FILE
    if not path.is_file():
        return
    try:
        yield from stress_lines(path)
    except EmoduetError as error:
        yield f"not believed: {_named(error, folder)}"


def _elsewhere(folder: Path) -> Iterator[str]:
    if (folder / INT8_FILE).is_file():
        try:
            yield kept_verdict(str(folder)).sentence()
        except EmoduetError as error:
            yield f"int8: not believed: {_named(error, folder)}"
    for (to, precision), name in FOLDERS.items():
        if (folder / name / ENGINE_FILE).is_file():
            try:
                yield _engine_told(folder, name)
            except EmoduetError as error:
                yield f"{to} in {precision}: not believed: {_named(error, folder)}"


def _engine_told(folder: Path, name: str) -> str:
    found = read_engine_folder(folder / name)
    what = f"{found.to} in {found.precision}"
    if any(folder.glob("*.safetensors")) and found.weights_sha256 != weights_digest(str(folder)):
        return f"{what}: exported from other weights; export the model again"
    if found.verdict is not None:
        return f"{what}: {found.verdict['sentence']}"
    if found.parity is None:
        return f"{what}: exported; how far its answers lie from torch's was not measured"
    return (
        f"{what}: on {found.parity['num_lengths']} synthetic utterances of many lengths no probability is more than "
        f"{found.parity['probabilities']:.1e} from torch's"
    )


def _named(error: EmoduetError, folder: Path) -> str:
    """Without the place of the folder, which is this machine's and nobody else's."""
    return str(error).replace(f"{folder}/", "").replace(str(folder), "this folder")
