"""The colours of a timeline: the same emotion in the same colour, told apart by everybody, in light and in dark."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from emoduet.report import timeline_data
from emoduet.report.timeline_data import NUM_COLOURS, colours_of

STYLE = Path(timeline_data.__file__).with_name("timeline_style.html")


def test_names_that_are_known_keep_their_colour_and_others_take_what_is_free():
    assert colours_of(["sad", "Anger"]) == [2, 0]
    assert colours_of(["ang", "angry", "joy", "happy", "x"]) == [0, 7, 1, 8, 2]
    many = colours_of([f"class {number}" for number in range(20)])
    assert sorted(many[:NUM_COLOURS]) == list(range(NUM_COLOURS)) and many[9:18] == many[:9]


DEFICIENCIES = {  # Machado, Oliveira and Fernandes (2009), severity 1, linear RGB
    "none": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]


def lab(colour: str, deficiency: str) -> np.ndarray:
    """CIELAB (D65) of an sRGB colour as somebody sees it."""
    rgb = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(DEFICIENCIES[deficiency]) @ linear, 0, 1)
    xyz = np.array(XYZ) @ seen / [0.95047, 1, 1.08883]
    cube = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * cube[1] - 16, 500 * (cube[0] - cube[1]), 200 * (cube[1] - cube[2])])


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_the_colours_of_seven_emotions_are_told_apart_by_everybody(scheme, deficiency):
    palettes = re.findall(r"(?:--c\d: #[0-9a-f]{6}; ?){9}", STYLE.read_text("utf-8"))
    assert len(palettes) == 2
    colours = [lab(colour, deficiency) for colour in re.findall(r"#\w{6}", palettes[scheme])[:7]]
    assert min(np.linalg.norm(one - other) for one, other in combinations(colours, 2)) > 12
