"""The counts that are published about IEMOCAP, as data, each of which `shape` makes true.

"Four-class" means the 5,531 turns of anger, happiness, excitement, neutrality and sadness that most studies use. Counts
"by recording" go by the speaker who wore the markers, which is what programs count that mistake the name's first letter
for the speaker. No turn of the corpus is listed here, only totals.
"""

from collections.abc import Mapping

FOUR_CLASSES = ("ang", "hap", "exc", "neu", "sad")

BY_CODE: Mapping[str, int] = {
    "neu": 1708,
    "hap": 595,
    "exc": 1041,
    "sad": 1084,
    "ang": 1103,
    "fru": 1849,
    "sur": 107,
    "fea": 40,
    "dis": 2,
    "oth": 3,
    "xxx": 2507,
}
"""All 10,039 turns. Sources give `dis` and `oth` together as 5."""

BY_TYPE: Mapping[str, int] = {"script": 5255, "impro": 4784}
BY_SPEAKER_SEX: Mapping[str, int] = {"M": 5098, "F": 4941}

BY_SESSIONS: Mapping[tuple[str, ...], int] = {
    ("1F", "1M", "2F", "2M", "3F", "3M", "4F"): 6871,
    ("4M",): 998,
    ("5F", "5M"): 2170,
}
"""All turns of groups of recordings."""

FOUR_CLASS_BY_SESSION: Mapping[str, Mapping[str, int]] = {
    "1": {"ang": 229, "hap": 135, "exc": 143, "neu": 384, "sad": 194},
    "2": {"ang": 137, "hap": 117, "exc": 210, "neu": 362, "sad": 197},
    "3": {"ang": 240, "hap": 135, "exc": 151, "neu": 320, "sad": 305},
    "4": {"ang": 327, "hap": 65, "exc": 238, "neu": 258, "sad": 143},
    "5": {"ang": 170, "hap": 143, "exc": 299, "neu": 384, "sad": 245},
}

CLASSES: Mapping[str, tuple[str, ...]] = {"ang": ("ang",), "happy": ("hap", "exc"), "neu": ("neu",), "sad": ("sad",)}
FOUR_CLASS_BY_SPEAKER: Mapping[str, Mapping[str, int]] = {
    "1F": {"ang": 147, "happy": 132, "neu": 171, "sad": 78},
    "1M": {"ang": 82, "happy": 146, "neu": 213, "sad": 116},
    "2F": {"ang": 67, "happy": 166, "neu": 135, "sad": 113},
    "2M": {"ang": 70, "happy": 161, "neu": 227, "sad": 84},
    "3F": {"ang": 92, "happy": 128, "neu": 130, "sad": 172},
    "3M": {"ang": 148, "happy": 158, "neu": 190, "sad": 133},
    "4F": {"ang": 205, "happy": 185, "neu": 76, "sad": 62},
    "4M": {"ang": 122, "happy": 118, "neu": 182, "sad": 81},
    "5F": {"ang": 78, "happy": 159, "neu": 221, "sad": 132},
    "5M": {"ang": 92, "happy": 283, "neu": 163, "sad": 113},
}

FOUR_CLASS_BY_TYPE: Mapping[str, Mapping[str, int]] = {
    "impro": {"neu": 1099, "exc": 663, "sad": 608, "ang": 289, "hap": 284},
    "script": {"ang": 814, "neu": 609, "sad": 476, "exc": 378, "hap": 311},
}

FOUR_CLASS_BY_SCENARIO: Mapping[str, int] = {
    "script01": 981,
    "script02": 751,
    "script03": 856,
    "impro01": 126,
    "impro02": 277,
    "impro03": 481,
    "impro04": 313,
    "impro05": 403,
    "impro06": 431,
    "impro07": 585,
    "impro08": 327,
}

FOUR_CLASS_BY_RECORDING: Mapping[str, int] = {
    "1F": 507,
    "1M": 578,
    "2F": 505,
    "2M": 518,
    "3F": 536,
    "3M": 615,
    "4F": 553,
    "4M": 478,
    "5F": 644,
    "5M": 597,
}

DIALOGUES_BY_SESSION: Mapping[str, int] = {"1": 28, "2": 30, "3": 32, "4": 30, "5": 31}
"""How many dialogues each session has, 151 in all."""

TRANSCRIPTION_ROWS = 10_087
"""Rows of all transcriptions whose ids start with `Ses`: 48 of them have no label."""
