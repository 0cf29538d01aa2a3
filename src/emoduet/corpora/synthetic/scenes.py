"""The plan of a synthetic corpus: which dialogues there are, who says what in them, and with which emotion.

A plan holds no sound and opens no file. The lines of scripted scenes are written once, each with its emotion, and
repeat across sessions; a performance keeps the written emotion with a probability, the script's fidelity, and otherwise
draws one anew by P(emotion | words). So emotion and words go together as in the improvised scenes, whose lines occur
once; but whoever has met a line before knows more than its words tell, as in a play that is performed again.
"""

import re
from collections.abc import Mapping, Sequence
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
from emoduet.errors import UsageError

TURNS_A_DIALOGUE = 14

SCRIPT_FIDELITY = 0.6
"""How often a performance keeps the emotion a line was written with: two performances of a line then have the same
class about three times in four, which is what near-duplicate lines of IEMOCAP do."""

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
class Written:
    """One line of a script: whose it is, what is said, and the emotion it is meant with."""

    speaker: str
    line: Line
    code: str


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


def plan_corpus(sessions: int, dialogues: int, seed: int, script_fidelity: float = SCRIPT_FIDELITY) -> list[Dialogue]:
    """All dialogues of a corpus, in their fixed order.

    Args:
        script_fidelity: how often a performance keeps a line's written emotion, 0 to 1.

    Raises:
        UsageError: sessions outside 1 to 99, more dialogues a session than there are scenes, a fidelity outside 0 to 1,
            or a negative seed.
    """
    if not 1 <= sessions <= 99:
        raise UsageError(f"--sessions {sessions}: need 1 to 99, since names have two digits for it")
    if not 1 <= dialogues <= len(SCENES):
        raise UsageError(f"--dialogues {dialogues}: need 1 to {len(SCENES)} a session, one for each scene there is")
    if not 0 <= script_fidelity <= 1:
        raise UsageError(f"--script-fidelity {script_fidelity}: need a number from 0 to 1")
    check_seed(seed)
    taken: set[str] = set()
    scripts = _draw_scripts(np.random.default_rng([seed, 0]), SCENES[:dialogues], taken)
    rng, keeps = np.random.default_rng([seed, 1]), np.random.default_rng([seed, 2])
    return [
        _draw_dialogue(rng, session, recording, scene, _performed(scripts, scene, keeps, script_fidelity), taken)
        for session in range(1, sessions + 1)
        for recording, scene in SCENES[:dialogues]
    ]


def check_seed(seed: int) -> None:
    """Raises InputError when the seed is negative."""
    if seed < 0:
        raise UsageError(f"--seed {seed}: need a whole number of at least 0")


def draw_backchannels(rng: np.random.Generator) -> tuple[tuple[str, str], ...]:
    """The unlabelled murmurs of one dialogue, one by each speaker."""
    return tuple((speaker, draw_backchannel(rng)) for speaker in "FM")


def script_of(scene: str) -> str:
    """The script that a scene performs: the letter after a part only marks another performance of it.

    >>> script_of("script01_1b")
    'script01_1'
    """
    return re.sub(r"(?<=\d)[a-z]$", "", scene)


def _draw_scripts(
    rng: np.random.Generator, scenes: Sequence[tuple[str, str]], taken: set[str]
) -> dict[str, list[Written]]:
    """The lines of each script, in order."""
    names = sorted({script_of(scene) for _, scene in scenes if scene.startswith("script")})
    return {name: [_draw_written(rng, taken) for _ in range(TURNS_A_DIALOGUE)] for name in names}


def _draw_written(rng: np.random.Generator, taken: set[str]) -> Written:
    speaker, code = _draw_speaker(rng), draw_code(rng)
    return Written(speaker, draw_line(rng, draw_group(rng, code), taken), code)


def _performed(
    scripts: Mapping[str, list[Written]], scene: str, keeps: np.random.Generator, fidelity: float
) -> list[tuple[Written, bool]] | None:
    """The lines of a scripted scene, and whether this performance keeps each one's emotion; None if improvised."""
    script = scripts.get(script_of(scene))
    return script and [(written, bool(keeps.random() < fidelity)) for written in script]


def _draw_dialogue(
    rng: np.random.Generator,
    session: int,
    recording: str,
    scene: str,
    script: list[tuple[Written, bool]] | None,
    taken: set[str],
) -> Dialogue:
    turns: list[Turn] = []
    for place in range(TURNS_A_DIALOGUE):
        speaker, line, code = _draw_turn(rng, taken) if script is None else _draw_performance(rng, *script[place])
        cues = draw_cues(rng, code)
        number = sum(turn.speaker == speaker for turn in turns)
        rating = draw_rating(rng, code, speaker, cues.arousal, cues.valence)
        turns.append(Turn(f"{speaker}{number:03d}", code, line, rating, cues))
    return Dialogue(session, recording, scene, tuple(turns), draw_backchannels(rng))


def _draw_turn(rng: np.random.Generator, taken: set[str]) -> tuple[str, Line, str]:
    speaker, code = _draw_speaker(rng), draw_code(rng)
    return speaker, draw_line(rng, draw_group(rng, code), taken), code


def _draw_performance(rng: np.random.Generator, written: Written, kept: bool) -> tuple[str, Line, str]:
    anew = draw_code_given_group(rng, written.line.group)
    return written.speaker, written.line, written.code if kept else anew


def _draw_speaker(rng: np.random.Generator) -> str:
    return "FM"[int(rng.integers(2))]
