"""The plan of a silent corpus of IEMOCAP's published shape: 151 dialogues and 10,039 turns, every count as published.

Scenes and their parts follow the release: session 1 has no eighth improvisation, session 3 performs the fifth in two
parts, session 5 repeats one scripted part. Transcripts and ratings are filled in so that files are complete; unlike in
the speaking corpus, no word and no sound tells of a label.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from emoduet.corpora.synthetic import published
from emoduet.corpora.synthetic.emotions import GROUP_COLUMNS, draw_cues
from emoduet.corpora.synthetic.language import Line, draw_line
from emoduet.corpora.synthetic.layout import SAMPLING_RATE
from emoduet.corpora.synthetic.raters import draw_rating
from emoduet.corpora.synthetic.scenes import Dialogue, Turn, draw_backchannels, script_of
from emoduet.corpora.synthetic.shape import published_cells

_PARTS = {"script01": ("_1", "_2", "_3"), "script02": ("_1", "_2"), "script03": ("_1", "_2")}
_LETTERED = {("3", "F", "impro05"): ("a", "b"), ("3", "M", "impro05"): ("a", "b")}
_REPEATED = {("5", "M", "script01"): ("_1", "_1b", "_2", "_3")}
_UNLABELLED_ROWS = published.TRANSCRIPTION_ROWS - sum(published.BY_CODE.values())

Roles = Sequence[tuple[str, str]]
"""Who speaks and with which code, turn by turn."""


def plan_silence(seed: int) -> list[Dialogue]:
    """All dialogues in their fixed order; the seed moves turns within the counts, never the counts."""
    rng = np.random.default_rng([seed, 2])
    lines = _Lines(rng)
    return [
        Dialogue(
            session=int(session),
            recording=recording,
            scene=scene,
            turns=tuple(_turns(rng, roles, scene, lines)),
            backchannels=draw_backchannels(rng) if 2 * place < _UNLABELLED_ROWS else (),
        )
        for place, (session, recording, scene, roles) in enumerate(_scenes(rng))
    ]


def silent_sounds(plan: Sequence[Dialogue], seed: int) -> Iterator[list[np.ndarray]]:
    """For each dialogue its turns' samples: between 0.1 and 0.3 seconds of silence."""
    rng = np.random.default_rng([seed, 3])
    for dialogue in plan:
        lengths = rng.integers(SAMPLING_RATE // 10, 3 * SAMPLING_RATE // 10, len(dialogue.turns))
        yield [np.zeros(length, dtype="<i2") for length in lengths]


class _Lines:
    """Lines without regard to emotion: improvised ones occur once, scripted ones again in each performance."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._taken: set[str] = set()
        self._scripted: dict[tuple[str, str, int], Line] = {}

    def line(self, scene: str, speaker: str, number: int) -> Line:
        """The line of a speaker's turn `number` in a scene."""
        if not scene.startswith("script"):
            return self._new()
        key = (script_of(scene), speaker, number)
        if key not in self._scripted:
            self._scripted[key] = self._new()
        return self._scripted[key]

    def _new(self) -> Line:
        group = GROUP_COLUMNS[int(self._rng.integers(len(GROUP_COLUMNS)))]
        return draw_line(self._rng, group, self._taken)


def _scenes(rng: np.random.Generator) -> Iterator[tuple[str, str, str, Roles]]:
    """Session, recording, scene and roles of each dialogue; a scenario's turns are dealt out evenly to its parts."""
    for (session, recording, scenario), roles in _roles_by_scenario(published_cells()).items():
        parts = _parts(session, recording, scenario)
        shuffled = [roles[i] for i in rng.permutation(len(roles))]
        for place, part in enumerate(parts):
            yield session, recording, scenario + part, shuffled[place :: len(parts)]


def _roles_by_scenario(cells: Mapping) -> dict[tuple[str, str, str], list[tuple[str, str]]]:
    roles = defaultdict(list)
    for cell, count in cells.items():
        roles[cell.session, cell.recording, cell.scenario].extend([(cell.speaker, cell.code)] * count)
    return roles


def _parts(session: str, recording: str, scenario: str) -> Sequence[str]:
    key = (session, recording, scenario)
    return _LETTERED.get(key) or _REPEATED.get(key) or _PARTS.get(scenario, ("",))


def _turns(rng: np.random.Generator, roles: Roles, scene: str, lines: _Lines) -> Iterator[Turn]:
    spoken = {"F": 0, "M": 0}
    for speaker, code in roles:
        number = spoken[speaker]
        spoken[speaker] += 1
        cues = draw_cues(rng, code)
        rating = draw_rating(rng, code, speaker, cues.arousal, cues.valence)
        yield Turn(f"{speaker}{number:03d}", code, lines.line(scene, speaker, number), rating, None)
