"""The debris that real copies of IEMOCAP hold beside its data, for readers to prove that they step over it.

Files that macOS leaves (`._*`, `.DS_Store`), peak files of sound editors, and the raters' raw sheets in subfolders of
`EmoEvaluation`, among them one that looks like an evaluation file but gives every turn another label. Nothing here
belongs to the corpus proper. Flaws within the data files themselves are written by `layout`.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from emoduet.corpora.synthetic.layout import Folders, Timed, evaluation_block
from emoduet.corpora.synthetic.scenes import Dialogue

_APPLE_DOUBLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        \x00\x02\xff\xfe\x80"
_DS_STORE = b"\x00\x00\x00\x01Bud1\x00\x00\x10\x00\x80\xff"


def plant_oddities(root: Path, dialogue: Dialogue, timed: Sequence[Timed]) -> None:
    """Writes the debris that surrounds one dialogue."""
    folders = Folders.of(root, dialogue)
    first = timed[0].id
    for folder in (folders.evaluations, folders.transcriptions, folders.sentences, folders.sentences.parent):
        (folder / ".DS_Store").write_bytes(_DS_STORE)
    for folder in (folders.evaluations, folders.transcriptions):
        (folder / f"._{dialogue.name}.txt").write_bytes(_APPLE_DOUBLE)
    (folders.sentences / f"._{first}.wav").write_bytes(_APPLE_DOUBLE)
    (folders.sentences / f"{first}.pk").write_bytes(_DS_STORE)
    for name, text in _rater_sheets(dialogue, timed).items():
        sheet = folders.evaluations / name
        sheet.parent.mkdir(exist_ok=True)
        sheet.write_bytes(text.encode())


def _rater_sheets(dialogue: Dialogue, timed: Sequence[Timed]) -> dict[str, str]:
    actor = f"{dialogue.recording.lower()}1"
    return {
        f"Attribute/{dialogue.name}_e2_atr.txt": _sheet(timed, ":act 3; :val 3; :dom  3; ()"),
        f"Categorical/{dialogue.name}_e2_cat.txt": _sheet(timed, ":Neutral state; ()"),
        f"Self-evaluation/{dialogue.name}_{actor}_cat.txt": _sheet(timed, ":Other; (draft)"),
        f"Self-evaluation/{dialogue.name}.txt": _draft(timed),
    }


def _sheet(timed: Sequence[Timed], opinion: str) -> str:
    return "".join(f"{item.id} {opinion}\n" for item in timed)


def _draft(timed: Sequence[Timed]) -> str:
    """An evaluation file in form, in which every turn has a label that is not its own."""
    wrong = [replace(item, turn=replace(item.turn, code="fru" if item.turn.code != "fru" else "sur")) for item in timed]
    return "\n".join(["% draft", "", *(line for item in wrong for line in evaluation_block(item))])
