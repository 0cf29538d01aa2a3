"""A tiny IEMOCAP typed by hand: two sessions, three dialogues, and the oddities of the released tree.

The other three sessions have a dialogue each in which nothing is labelled.
"""

from pathlib import Path

import numpy as np
import pytest
import soundfile

HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"

IMPRO = (
    HEADER
    + """[6.2900 - 8.2300]\tSes01F_impro05a_F000\tneu\t[2.5000, 2.0000, 3.5000]
C-E2:\tNeutral;\t()
C-E3:\tNeutral state; Anger;\t(a bit (just a bit) tense)
C-E4:\tConfusion;\t()
C-F1:\tSadness;\t(curious)
A-E3:\tval 3; act 2; dom  ;\t()
A-F1:\tval 2; act 1; dom  4;\t(tired)

[10.0000 - 11.0000]\tSes01F_impro05a_M000\texc\t[4.0000, 4.5000, 3.0000]
C-E2:\tExcited;\t()

[12.0000 - 13.5000]\tSes01F_impro05a_M001\txxx\t[3.0000, 3.0000, 3.0000]
C-E2:\tOther;\t()

"""
)
IMPRO_WORDS = """Ses01F_impro05a_F000 [006.2900-008.2300]: Excuse me: [LAUGHTER] are you there?
M: sorry
Ses01F_impro05a_FXX0 [008.3000-008.5000]: Mhm.
Ses01F_impro05a_M000 [010.0000-011.0000]: Yes!
Ses01F_impro05a_M001 [012.0000-013.5000]: [GARBAGE]
"""
SCRIPT = (
    HEADER.replace("\n", "\r\n")
    + "[1.0000 - 3.0000]\tSes01M_script01_1b_F000\tang\t[1.5000, 4.0000, 4.5000]\r\n"
    + "C-E1:\tAnger;\t()\r\n\r\n"
)
SCRIPT_WORDS = "Ses01M_script01_1b_F000 [1.0000-3.0000]: You knew.\r\n"
SECOND = (
    HEADER
    + """[0.5000 - 1.5000]\tSes02F_impro01_F000\thap\t[4.0000, 3.0000, 3.0000]
C-E1:\tHappiness;\t()
"""
)
SECOND_WORDS = "Ses02F_impro01_F000 [0.5000-1.5000]: Oh, good.\n"


def write_hum(path: Path, seconds: float) -> None:
    """A quiet tone: no silence, no clipping."""
    path.parent.mkdir(parents=True, exist_ok=True)
    num_samples = round(seconds * 16_000)
    soundfile.write(path, 0.1 * np.sin(np.arange(num_samples) / 20), 16_000, subtype="PCM_16")


def write_dialogue(session: Path, name: str, evaluation: str, words: str, lengths: dict[str, float]) -> None:
    for folder, text in (("EmoEvaluation", evaluation), ("transcriptions", words)):
        path = session / "dialog" / folder / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    for turn, seconds in lengths.items():
        write_hum(session / "sentences" / "wav" / name / f"{name}_{turn}.wav", seconds)


@pytest.fixture
def iemocap(tmp_path: Path) -> Path:
    """The release folder; it stands in `tmp_path`."""
    root = tmp_path / "IEMOCAP_full_release"
    lengths = {"F000": 1.94, "M000": 1.0, "M001": 1.5}
    write_dialogue(root / "Session1", "Ses01F_impro05a", IMPRO, IMPRO_WORDS, lengths)
    write_dialogue(root / "Session1", "Ses01M_script01_1b", SCRIPT, SCRIPT_WORDS, {"F000": 2.0})
    write_dialogue(root / "Session2", "Ses02F_impro01", SECOND, SECOND_WORDS, {"F000": 1.0})
    for number in (3, 4, 5):
        write_dialogue(root / f"Session{number}", f"Ses0{number}F_impro01", HEADER, "M: sorry\n", {})
        (root / f"Session{number}" / "sentences" / "wav").mkdir(parents=True)
    evaluations = root / "Session1" / "dialog" / "EmoEvaluation"
    for hidden in (
        evaluations / "._Ses01F_impro05a.txt",
        evaluations / ".DS_Store",
        root / "Session1" / "dialog" / "transcriptions" / "._Ses01F_impro05a.txt",
        root / "Session1" / "sentences" / "wav" / "Ses01F_impro05a" / ".Ses01F_impro05a_F000.wav.pk",
    ):
        hidden.write_bytes(b"\x00\x05\x16\x07")
    (evaluations / "Categorical").mkdir()
    (evaluations / "Categorical" / "Ses01F_impro05a_e2_cat.txt").write_text("not for us")
    (root / "README.txt").write_text("hello")
    return root
