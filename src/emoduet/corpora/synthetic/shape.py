"""Finds how many turns each kind of dialogue must have so that all published counts hold at once.

The unknowns are the turns in each cell of session x recording x speaker x scenario x code. Proportional fitting first
spreads them evenly over what the counts leave open; a small integer program then rounds them so that every count is
exact. Among the endless solutions this is one; it is no reconstruction of the true corpus.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from emoduet.corpora.synthetic import published

_ROUNDS = 300


@dataclass(frozen=True, slots=True)
class Cell:
    """A kind of turn: session 1 to 5, who wears the markers, who speaks, the scenario without part, the code."""

    session: str
    recording: str
    speaker: str
    scenario: str
    code: str

    @property
    def type(self) -> str:
        """`script` or `impro`."""
        return self.scenario[:-2]


Belongs = Callable[[Cell], bool]


def published_cells() -> dict[Cell, int]:
    """The number of turns of each kind of turn, summing to 10,039; the same at every call."""
    cells = [
        Cell(*fields)
        for fields in product("12345", "FM", "FM", published.FOUR_CLASS_BY_SCENARIO, published.BY_CODE)
        if fields[0] != "1" or fields[3] != "impro08"
    ]
    conditions = list(_conditions())
    members = np.array([[belongs(cell) for cell in cells] for belongs, _ in conditions], dtype=float)
    targets = np.array([count for _, count in conditions], dtype=float)
    numbers = _round(_fit(members, targets), members, targets)
    return {cell: int(number) for cell, number in zip(cells, numbers, strict=True) if number}


def _conditions() -> Iterator[tuple[Belongs, int]]:
    """Each published count with the cells that it counts."""
    yield from _conditions_on_all()
    yield from _conditions_on_four_classes()


def _conditions_on_all() -> Iterator[tuple[Belongs, int]]:
    for code, count in published.BY_CODE.items():
        yield lambda cell, code=code: cell.code == code, count
    for kind, count in published.BY_TYPE.items():
        yield lambda cell, kind=kind: cell.type == kind, count
    for sex, count in published.BY_SPEAKER_SEX.items():
        yield lambda cell, sex=sex: cell.speaker == sex, count
    for recordings, count in published.BY_SESSIONS.items():
        yield lambda cell, recordings=recordings: cell.session + cell.recording in recordings, count


def _conditions_on_four_classes() -> Iterator[tuple[Belongs, int]]:
    for session, row in published.FOUR_CLASS_BY_SESSION.items():
        for code, count in row.items():
            yield lambda cell, key=(session, code): (cell.session, cell.code) == key, count
    for speaker, row in published.FOUR_CLASS_BY_SPEAKER.items():
        for name, count in row.items():
            codes = published.CLASSES[name]
            yield lambda cell, s=speaker, codes=codes: cell.session + cell.speaker == s and cell.code in codes, count
    for kind, row in published.FOUR_CLASS_BY_TYPE.items():
        for code, count in row.items():
            yield lambda cell, key=(kind, code): (cell.type, cell.code) == key, count
    for scenario, count in published.FOUR_CLASS_BY_SCENARIO.items():
        yield lambda cell, scenario=scenario: cell.scenario == scenario and _is_four_class(cell), count
    for recording, count in published.FOUR_CLASS_BY_RECORDING.items():
        yield lambda cell, r=recording: cell.session + cell.recording == r and _is_four_class(cell), count


def _is_four_class(cell: Cell) -> bool:
    return cell.code in published.FOUR_CLASSES


def _fit(members: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Real-valued turns a cell that meet all counts up to a little, by scaling to one count after the other."""
    numbers = np.ones(members.shape[1])
    for _ in range(_ROUNDS):
        for row, target in zip(members > 0, targets, strict=True):
            numbers[row] *= target / numbers[row].sum()
    return numbers


def _round(numbers: np.ndarray, members: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Whole numbers within one or two of `numbers` that meet all counts exactly."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # half a second, which no other command should pay
    from scipy.sparse import csr_array

    floor = np.floor(numbers)
    missing = targets - members @ floor
    solution = milp(
        c=1 - (numbers - floor),
        integrality=np.ones(len(numbers)),
        bounds=Bounds(0, 2),
        constraints=LinearConstraint(csr_array(members), missing, missing),
    )
    return floor + np.rint(solution.x)
