"""The plan of a synthetic corpus: which dialogues there are, who says what in them, and with which emotion.

A plan holds no sound and opens no file. Scripted scenes draw the words of their lines once and an emotion anew for
each performance, by P(emotion | words): lines repeat across sessions, yet emotion and words go together exactly as in
the improvised scenes, whose lines occur once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emoduet.corpora.synthetic.emotions import (
    SoundCues,
    draw_code,
    draw_code_given_group,
    draw_cues,
    draw_group,
)
from emoduet.corpora.synthetic.language import Line, draw_backchannel, draw_line
from emoduet.corpora.synthetic.raters import Rating, draw_rating
from emoduet.errors import InputError

TURNS_A_DIALOGUE = 14

SCENES: Sequence[tuple[str, str]] = (
    *(("F", "impro01"), ("M", "script01_1"), ("M", "impro01"), ("F", "script01_1")),
    *(("F", "impro05a"), ("M", "script01_1b"), ("M", "impro05b"), ("F", "script02_2")),
    *(("F", "impro03"), ("M", "script02_2"), ("M", "impro03"), ("F", "script03_1")),
    *(("F", "impro02"), ("M", "script03_1"), ("M", "impro02"), ("F", "script01_2")),
    *(("F", "impro04"), ("M", "script01_2"), ("M", "impro04"), ("F", "script01_3")),
    *(("F", "impro06"), ("M", "script01_3"), ("M", "impro06"), ("F", "script02_1")),
    *(("F", "impro07"), ("M", "script02_1"), ("M", "impro07"), ("F", "script03_2")),
    *(("F", "impro08"), ("M", "script03_2"), ("M", "impro08")),
)
"""A session's dialogues in the order they are added: who wears the markers, and the scenario with its part."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One labelled turn; `name` is its last field, such as `F003`. `cues` is None where nothing is spoken aloud."""

    name: str
    code: str
    line: Line
    rating: Rating
    cues: SoundCues | None

    @property
    def speaker(self) -> str:
        """F or M: who speaks, whoever wears the markers."""
        return self.name[0]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One recording of one scene. `backchannels` are murmurs (speaker, text) that are transcribed but not labelled."""

    session: int
    recording: str
    scene: str
    turns: tuple[Turn, ...]
    backchannels: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """As the files name it: `Ses01F_impro01`."""
        return f"Ses{self.session:02d}{self.recording}_{self.scene}"


def plan_corpus(sessions: int, dialogues: int, seed: int) -> list[Dialogue]:
    """All dialogues of a corpus, in their fixed order.

    Raises:
        InputError: sessions outside 1 to 99, or more dialogues a session than there are scenes.
    """
    if not 1 <= sessions <= 99:
        raise InputError(f"--sessions {sessions}: need 1 to 99, since names have two digits for it")
    if not 1 <= dialogues <= len(SCENES):
        raise InputError(f"--dialogues {dialogues}: need 1 to {len(SCENES)} a session, one for each scene there is")
    check_seed(seed)
    taken: set[str] = set()
    scripts = _draw_scripts(np.random.default_rng([seed, 0]), SCENES[:dialogues], taken)
    rng = np.random.default_rng([seed, 1])
    return [
        _draw_dialogue(rng, session, recording, scene, scripts.get(script_of(scene)), taken)
        for session in range(1, sessions + 1)
        for recording, scene in SCENES[:dialogues]
    ]


def check_seed(seed: int) -> None:
    """Raises InputError when the seed is negative."""
    if seed < 0:
        raise InputError(f"--seed {seed}: need a whole number of at least 0")


def draw_backchannels(rng: np.random.Generator) -> tuple[tuple[str, str], ...]:
    """The unlabelled murmurs of one dialogue, one by each speaker."""
    return tuple((speaker, draw_backchannel(rng)) for speaker in "FM")


def script_of(scene: str) -> str:
    """The script that a scene performs: the letter after a part only marks another performance of it.

    >>> script_of("script01_1b")
    'script01_1'
    """
    return re.sub(r"(?<=\d)[a-z]$", "", scene)


def _draw_scripts(rng: np.random.Generator, scenes: Sequence[tuple[str, str]], taken: set[str]) -> dict:
    """For each script its lines in order: (speaker, line)."""
    names = sorted({script_of(scene) for _, scene in scenes if scene.startswith("script")})
    return {
        name: [
            (_draw_speaker(rng), draw_line(rng, draw_group(rng, draw_code(rng)), taken))
            for _ in range(TURNS_A_DIALOGUE)
        ]
        for name in names
    }


def _draw_dialogue(
    rng: np.random.Generator, session: int, recording: str, scene: str, script: list | None, taken: set[str]
) -> Dialogue:
    turns: list[Turn] = []
    for place in range(TURNS_A_DIALOGUE):
        if script is None:
            speaker, code = _draw_speaker(rng), draw_code(rng)
            line = draw_line(rng, draw_group(rng, code), taken)
        else:
            speaker, line = script[place]
            code = draw_code_given_group(rng, line.group)
        cues = draw_cues(rng, code)
        number = sum(turn.speaker == speaker for turn in turns)
        rating = draw_rating(rng, code, speaker, cues.arousal, cues.valence)
        turns.append(Turn(f"{speaker}{number:03d}", code, line, rating, cues))
    return Dialogue(session, recording, scene, tuple(turns), draw_backchannels(rng))


def _draw_speaker(rng: np.random.Generator) -> str:
    return "FM"[int(rng.integers(2))]
