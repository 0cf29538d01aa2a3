"""IEMOCAP's published sizes, as data: what a complete corpus counts, and the wrong sizes whose cause is known.

Those of other corpora stand in `published_others`. The four-class set (happy with excited, 5,531 turns) is the one
nearly every paper on IEMOCAP uses; the whole corpus has 10,039 labelled turns. Sizes by "recording" are what counting
by the name's prefix gives, which says who wears the markers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from emoduet.labels import ALL_IEMOCAP_LABELS, PAPER_LABELS

SESSIONS = ("Ses01", "Ses02", "Ses03", "Ses04", "Ses05")
Cells = Mapping[tuple[str, str], int]
"""Sizes by (group, value), such as ("speaker", "Ses01F"); ("speaker x class", "Ses01F angry") for a cell of a table."""


@dataclass(frozen=True)
class PublishedSet:
    """The sizes of one way to choose a corpus's utterances, and the classes that choosing leads to.

    `needs` are classes without which a manifest does not aim at these sizes at all.
    """

    name: str
    total: int
    classes: frozenset[str]
    cells: Cells
    corpus: str = "IEMOCAP"
    needs: frozenset[str] = frozenset()


_SPEAKERS: Mapping[str, tuple[int, int, int, int]] = {
    "Ses01F": (147, 132, 171, 78),
    "Ses01M": (82, 146, 213, 116),
    "Ses02F": (67, 166, 135, 113),
    "Ses02M": (70, 161, 227, 84),
    "Ses03F": (92, 128, 130, 172),
    "Ses03M": (148, 158, 190, 133),
    "Ses04F": (205, 185, 76, 62),
    "Ses04M": (122, 118, 182, 81),
    "Ses05F": (78, 159, 221, 132),
    "Ses05M": (92, 283, 163, 113),
}
"""Turns of each speaker: angry, happy (with excited), neutral, sad."""

_SESSION_CATEGORIES: Mapping[str, Mapping[str, int]] = {
    "Ses01": {"ang": 229, "hap": 135, "exc": 143, "neu": 384, "sad": 194},
    "Ses02": {"ang": 137, "hap": 117, "exc": 210, "neu": 362, "sad": 197},
    "Ses03": {"ang": 240, "hap": 135, "exc": 151, "neu": 320, "sad": 305},
    "Ses04": {"ang": 327, "hap": 65, "exc": 238, "neu": 258, "sad": 143},
    "Ses05": {"ang": 170, "hap": 143, "exc": 299, "neu": 384, "sad": 245},
}
_KIND_CATEGORIES: Mapping[str, Mapping[str, int]] = {
    "improvised": {"neu": 1099, "exc": 663, "sad": 608, "ang": 289, "hap": 284},
    "scripted": {"ang": 814, "neu": 609, "sad": 476, "exc": 378, "hap": 311},
}
_SCENARIOS: Mapping[str, int] = {
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
_CATEGORIES: Mapping[str, int] = {
    "neu": 1708,
    "fru": 1849,
    "xxx": 2507,
    "ang": 1103,
    "sad": 1084,
    "exc": 1041,
    "hap": 595,
    "sur": 107,
    "fea": 40,
}
RARE_CATEGORIES = ("dis", "oth")
"""Published as one sum, so they are compared as one."""

RECORDING_SIZES: Mapping[str, int] = {
    "Ses01F": 507,
    "Ses01M": 578,
    "Ses02F": 505,
    "Ses02M": 518,
    "Ses03F": 536,
    "Ses03M": 615,
    "Ses04F": 553,
    "Ses04M": 478,
    "Ses05F": 644,
    "Ses05M": 597,
}
"""What speakers of the four-class set count when they are read from the recording's prefix: wrong."""

KNOWN_SIZES: Mapping[int, str] = {
    4490: "the excited turns were dropped instead of counted as happy (1,041 turns)",
    2588: "half the corpus is lost: only the scripted dialogues were read, as when a parser trips over one line",
    2943: "only the improvised dialogues were read",
    5499: "a subset that circulates with prepared features; nobody says why it lacks 32 turns",
    4453: "the subset of the CMU Multimodal SDK (2,717 + 798 + 938 turns)",
}
"""Sizes of the four-class set met in other people's code, and what leads to each."""


def _by_class(categories: Mapping[str, int]) -> dict[str, int]:
    sizes = dict.fromkeys(PAPER_LABELS.classes, 0)
    for category, size in categories.items():
        sizes[PAPER_LABELS.mapping[category]] += size
    return sizes


def _table(group: str, rows: Mapping[str, Mapping[str, int]]) -> dict[tuple[str, str], int]:
    """The sums of a table's rows and all its cells."""
    sums = {(group, row): sum(sizes.values()) for row, sizes in rows.items()}
    cells = {(f"{group} x class", f"{row} {name}"): size for row, sizes in rows.items() for name, size in sizes.items()}
    return sums | cells


_PAPER_CATEGORIES = {code: _CATEGORIES[code] for code in PAPER_LABELS.mapping}
FOUR_CLASSES = PublishedSet(
    "the four classes, excited counted as happy",
    5531,
    frozenset(PAPER_LABELS.classes),
    {("class", name): size for name, size in _by_class(_PAPER_CATEGORIES).items()}
    | {("category", code): size for code, size in _PAPER_CATEGORIES.items()}
    | _table("session", {session: _by_class(sizes) for session, sizes in _SESSION_CATEGORIES.items()})
    | _table(
        "speaker", {name: dict(zip(PAPER_LABELS.classes, sizes, strict=True)) for name, sizes in _SPEAKERS.items()}
    )
    | _table("kind", {kind: _by_class(sizes) for kind, sizes in _KIND_CATEGORIES.items()})
    | {
        (f"{group} x category", f"{row} {code}"): size
        for group, rows in (("session", _SESSION_CATEGORIES), ("kind", _KIND_CATEGORIES))
        for row, sizes in rows.items()
        for code, size in sizes.items()
    }
    | {("scenario", name): size for name, size in _SCENARIOS.items()},
)
ALL_TURNS = PublishedSet(
    "all labelled turns",
    10039,
    frozenset(ALL_IEMOCAP_LABELS.classes),
    {("class", code): size for code, size in _CATEGORIES.items()}
    | {
        ("class", " + ".join(RARE_CATEGORIES)): 5,
        ("kind", "scripted"): 5255,
        ("kind", "improvised"): 4784,
        ("sex", "M"): 5098,
        ("sex", "F"): 4941,
        ("session", "Ses05"): 2170,
        ("recording", "Ses04M"): 998,
    },
)
