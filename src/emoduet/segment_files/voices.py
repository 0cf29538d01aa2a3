"""What emoduet writes in the place of a speaker, in formats that have names alone, read as what it stands for."""

import re
from dataclasses import replace

from emoduet.segment_files.found import Found

NAMELESS = "speaker"
CHANNEL = re.compile(r"channel[ _]([1-9]\d*)(?: \d+)?")
"""A channel's name; a second number tells tiers of a TextGrid apart whose segments overlap."""


def with_voice(found: Found) -> Found:
    """A segment of "channel 2" is of that channel and of no known speaker; one of "speaker" is of nobody known.

    A name of one channel on another is a speaker's.

    >>> one = with_voice(Found(where="a.rttm:1", start=0.0, speaker="channel_2"))
    >>> one.speaker, one.channel
    (None, 2)
    """
    if found.speaker == NAMELESS:
        return replace(found, speaker=None)
    named = CHANNEL.fullmatch(found.speaker) if isinstance(found.speaker, str) else None
    if named is None or found.channel not in (None, named[1]):
        return found
    return replace(found, speaker=None, channel=int(named[1]))
