"""The two corpora this package writes, from the plan to the finished folder.

A folder appears whole or not at all. Asked again for a corpus that is already there, with the same parameters, the
functions leave it alone; anything else in the way is an error, never overwritten.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from emoduet.atomic import new_folder
from emoduet.corpora.synthetic.ceilings import bayes_ceilings
from emoduet.corpora.synthetic.emotions import distributions
from emoduet.corpora.synthetic.language import LEXICON
from emoduet.corpora.synthetic.layout import Sound, Timed, write_dialogue
from emoduet.corpora.synthetic.oddities import plant_oddities
from emoduet.corpora.synthetic.scenes import SCRIPT_FIDELITY, Dialogue, check_seed, plan_corpus
from emoduet.corpora.synthetic.silence import plan_silence, silent_sounds
from emoduet.corpora.synthetic.speech import speak_dialogues, voice
from emoduet.errors import InputError

Progress = Callable[[int, int], None]
"""Told after each dialogue how many are written, and of how many."""

SESSIONS = 5
DIALOGUES = 20
"""How many dialogues a session has unless told otherwise: about 115 turns of the four classes."""

_RECORD = Path("Documentation") / "synthetic.json"
_FORMAT = 2
_SAME_SOUND = (1, _FORMAT)
"""Formats that differ in nothing but this record: the first does not tell when words are said."""
_SPEECH_NOTICE = "This is synthetic speech and means nothing about people."
_SILENCE_NOTICE = "This is synthetic and means nothing about people."
_README = """
Every line was written for this corpus, every rater is invented, and any voice is espeak-ng's. The folders and files
have the layout of IEMOCAP, so that programs for that corpus can be tried without it; nothing of IEMOCAP is in here.
Documentation/synthetic.json tells how it was made. Where there is speech, it holds every distribution, the best
accuracy that sound, words or both allow, and for each turn the word that tells of its emotion and when words are said.
"""
_CEILINGS_NOTE = (
    "Unweighted accuracy in percent, four classes (excited counts as happy), of the best classifier that knows all "
    "distributions and reads the hidden cues without error. Rate and pitch range alone give both sound cues away and "
    "do not depend on the speaker, so neither the speaker's base pitch nor the volume adds anything: the sound ceiling "
    "holds whether or not they are known. Whole-number settings and their limits are neglected. The classifier has not "
    "met the line before: one that remembers scripted lines from other sessions can do better on them."
)


def write_corpus(
    out: Path,
    *,
    sessions: int = SESSIONS,
    dialogues: int = DIALOGUES,
    seed: int = 0,
    script_fidelity: float = SCRIPT_FIDELITY,
    workers: int = 1,
    progress: Progress | None = None,
) -> bool:
    """Writes a speaking corpus into the folder `out`, the same to the byte for the same numbers.

    Args:
        script_fidelity: how often a performance keeps the emotion that a scripted line was written with, 0 to 1; at 0
            repeated lines give nothing away.
        dialogues: for each session; each has 14 turns, of which about four in five are of the four classes.
        workers: processes that speak at the same time; the result does not depend on it.

    Returns:
        False when `out` already holds this very corpus, and nothing was written.

    Raises:
        InputError: a number out of range, `out` holds anything else, or espeak-ng is missing.
    """
    plan = plan_corpus(sessions, dialogues, seed, script_fidelity)
    parameters = {"kind": "speech", "sessions": sessions, "dialogues": dialogues, "seed": seed}
    parameters |= {"script_fidelity": script_fidelity}
    if _already_there(out, parameters):
        return False
    with new_folder(out) as root:
        timed = _write_dialogues(root, plan, speak_dialogues(plan, workers), progress)
        record = {
            "ceilings": bayes_ceilings() | {"note": _CEILINGS_NOTE},
            "distributions": distributions() | {"lexicon": {group: list(words) for group, words in LEXICON.items()}},
            "utterances": {item.id: _truth(dialogue, item) for dialogue, item in timed},
        }
        _write_record(root, _SPEECH_NOTICE, parameters, record)
    return True


def write_iemocap_shape(out: Path, *, seed: int = 0, progress: Progress | None = None) -> bool:
    """Writes a silent corpus of IEMOCAP's published shape: 151 dialogues, 10,039 turns, every published count.

    It needs no espeak-ng. The counts that hold are listed in `published`.

    Returns:
        False when `out` already holds this very corpus, and nothing was written.

    Raises:
        InputError: the seed is negative, or `out` holds anything else.
    """
    check_seed(seed)
    parameters = {"kind": "silence in the shape of IEMOCAP", "seed": seed}
    if _already_there(out, parameters):
        return False
    plan = plan_silence(seed)
    with new_folder(out) as root:
        silence = ([Sound(samples) for samples in turns] for turns in silent_sounds(plan, seed))
        _write_dialogues(root, plan, silence, progress)
        _write_record(root, _SILENCE_NOTICE, parameters, {"note": "Neither words nor sound tell of the labels here."})
    return True


def _write_dialogues(
    root: Path, plan: Sequence[Dialogue], sounds: Iterable[list[Sound]], progress: Progress | None
) -> list[tuple[Dialogue, Timed]]:
    written = []
    for place, (dialogue, of_turns) in enumerate(zip(plan, sounds, strict=True)):
        timed = write_dialogue(root, dialogue, of_turns, carriage_returns=place % 3 == 1)
        plant_oddities(root, dialogue, timed)
        written.extend((dialogue, item) for item in timed)
        if progress is not None:
            progress(place + 1, len(plan))
    return written


def _truth(dialogue: Dialogue, item: Timed) -> dict[str, object]:
    line, cues = item.turn.line, item.turn.cues
    return {
        "code": item.turn.code,
        "word_group": line.group,
        "cue_word": line.cue,
        "cue_index": line.cue_index,
        "word_times": _word_times(item),
        "arousal": cues.arousal,
        "valence": cues.valence,
        "espeak_settings": cues.settings(),
        "espeak_voice": voice(dialogue.session, item.turn.speaker),
    }


def _word_times(item: Timed) -> list[tuple[float, float] | None]:
    """When each word of the transcript is said, seconds from the turn's beginning; None for what nobody says."""
    line = item.turn.line
    said = iter([item.saying.get(word.start()) for word in re.finditer(r"\S+", line.spoken)])
    found = [None if word.startswith("[") else next(said) for word in line.transcript.split()]
    return [times and (round(times[0], 4), round(times[1], 4)) for times in found]


def _write_record(root: Path, notice: str, parameters: dict[str, object], record: dict[str, object]) -> None:
    (root / "README.txt").write_text(f"{notice}\n{_README}", encoding="utf-8", newline="\n")
    path = root / _RECORD
    path.parent.mkdir()
    content = {"synthetic": True, "notice": notice, "format": _FORMAT, "parameters": parameters, **record}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")


def _already_there(out: Path, parameters: dict[str, object]) -> bool:
    if not out.exists():
        return False
    if not out.is_dir():
        raise InputError(f"{out}: is a file; need a folder that is empty or does not exist yet")
    if not any(out.iterdir()):
        return False
    found = _read_parameters(out / _RECORD)
    if found == parameters:
        return True
    what = "holds other files" if found is None else f"holds a synthetic corpus of {found}, not {parameters}"
    raise InputError(f"{out}: {what}; name a folder that is empty or does not exist yet, or remove this one")


def _read_parameters(path: Path) -> dict[str, object] | None:
    """The parameters of the synthetic corpus a record belongs to; None where there is no record of this format."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record.get("parameters") if isinstance(record, dict) and record.get("format") in _SAME_SOUND else None
