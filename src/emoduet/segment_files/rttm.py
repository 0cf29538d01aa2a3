"""RTTM, what tools of diarisation write: who speaks when, in many recordings; its SPEAKER lines and no others are read.

Most writers put 1 as the channel of everything, so channels count only where a recording has more than one, or where
the speaker is called after one (channel_2), as emoduet writes it.
"""

from dataclasses import replace
from pathlib import Path

from emoduet.errors import InputError
from emoduet.segment_files.found import Found
from emoduet.segment_files.refusals import refuse
from emoduet.segment_files.text import text_of
from emoduet.segment_files.voices import with_voice

ABSENT = "<NA>"
LINE = "SPEAKER recording channel start duration <NA> <NA> speaker <NA> <NA>"
FIELDS = 10


def read_rttm(path: Path) -> list[Found]:
    """Who speaks when, in every recording of the file.

    Raises:
        InputError: the file cannot be read, or has no SPEAKER lines or broken ones.
    """
    problems: list[str] = []
    found: list[Found] = []
    for number, line in enumerate(text_of(path).split("\n"), start=1):
        fields = line.split()
        if not fields or fields[0] != "SPEAKER":
            continue
        one = _turn(f"{path}:{number}", fields)
        if one is None:
            problems.append(f"{path}:{number}: got {line.strip()[:60]!r}; want {LINE}")
        else:
            found.append(one)
    refuse(path, problems, "Mend these lines.")
    if not found:
        raise InputError(f"{path}: no SPEAKER lines; want lines such as {LINE}")
    channels: dict[object, set[object]] = {}
    for one in found:
        channels.setdefault(one.recording, set()).add(one.channel)
    return [with_voice(one if len(channels[one.recording]) > 1 else replace(one, channel=None)) for one in found]


def _turn(where: str, fields: list[str]) -> Found | None:
    """A SPEAKER line; one that leaves the channel out has no number where the duration belongs, and is shorter."""
    if len(fields) < FIELDS and fields[4:5] == [ABSENT]:
        fields = [*fields[:2], ABSENT, *fields[2:]]
    if len(fields) < FIELDS - 2:
        return None
    name, channel, start, duration, speaker = (fields[place] for place in (1, 2, 3, 4, 7))
    return Found(
        where=where,
        start=start,
        duration=duration,
        speaker=None if speaker == ABSENT else speaker,
        channel=None if channel == ABSENT else channel,
        recording=name,
    )
