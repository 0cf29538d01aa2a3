"""Short English lines in which one word, and only one, tells of emotion.

A line is a template filled with neutral names, things and times and one adjective of a word group; templates and
fillers are drawn without regard to emotion, so the group of that adjective is all that the words reveal. The groups
`bad` and `good` are shared by two classes and `open` by all. Every line was written for this corpus. A sentence opening
with a colon, and tags in brackets as transcribers write them, are strewn in for the readers of such files.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

LEXICON: Mapping[str, tuple[str, ...]] = {
    "hostile": ("outrageous", "insulting", "infuriating", "shameful", "offensive", "arrogant", "hateful", "maddening"),
    "bad": ("awful", "terrible", "horrible", "dreadful", "rotten", "wretched", "ruined", "nasty"),
    "grief": ("heartbreaking", "lonely", "mournful", "hopeless", "gloomy", "sorrowful", "tragic", "bleak"),
    "joy": ("wonderful", "thrilling", "fantastic", "delightful", "glorious", "splendid", "joyful", "fabulous"),
    "good": ("fine", "nice", "good", "pleasant", "decent", "handy", "neat", "proper"),
    "plain": ("usual", "ordinary", "regular", "standard", "average", "typical", "routine", "normal"),
    "open": ("unbelievable", "incredible", "strange", "different", "unexpected", "sudden", "curious", "unusual"),
}
"""The adjectives of each word group; every group has eight, so that no word is rarer for its group."""

_TEMPLATES = (
    "{name} said it was {cue} {time}.",
    "The {thing} was {cue} {time}.",
    "{time}, the {thing} looked {cue}.",
    "What {name} did was {cue}.",
    "{name} called the {thing} {cue}.",
    "It was {cue}, that {thing} from {name}.",
    "Look at the {cue} {thing}, {name}.",
    "{name} got the {cue} {thing} {time}.",
    "I saw that {cue} {thing} {time}.",
    "So {name} sent the {cue} {thing}.",
    "I told {name} the {thing} was {cue}.",
    "This {thing} is {cue}, {name}.",
)
_FILLERS: Mapping[str, tuple[str, ...]] = {
    "name": tuple(
        "Adele Boris Carla Dennis Edith Felix Greta Hubert Irene Jonas Karen Leo Mona Nelson Olga Peter Ruth Simon "
        "Tessa Victor Wanda Yusuf Zelda Martin".split()
    ),
    "thing": tuple(
        "parcel ticket garden kitchen letter bicycle sofa train window picture jacket dinner market carpet lamp ladder "
        "bridge meeting concert table bottle basket mirror blanket".split()
    ),
    "time": (
        "today",
        "last night",
        "on Monday",
        "at noon",
        "this morning",
        "on Friday",
        "in April",
        "at lunch",
        "last week",
        "after work",
        "on Sunday",
        "at six",
    ),
}
_OPENINGS = ("Listen:", "Like I said:", "One thing:")
_TAGS = ("[LAUGHTER]", "[BREATHING]", "[LIPSMACK]", "[GARBAGE]")
_BACKCHANNELS = ("Mm-hmm.", "Okay.", "Right.", "Yeah.")


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it is spoken and as it is transcribed.

    `cue` is the telling word, `group` its word group, and `cue_index` its place among the words of `transcript` when
    that is split at blanks.
    """

    spoken: str
    transcript: str
    cue: str
    group: str
    cue_index: int


def draw_line(rng: np.random.Generator, group: str, taken: set[str]) -> Line:
    """A line of a word group that is not yet in `taken`; its spoken form is added there."""
    while True:
        spoken, cue = _fill(rng, group)
        if spoken not in taken:
            break
    taken.add(spoken)
    transcript = _transcribe(rng, spoken)
    index = next(i for i, word in enumerate(transcript.split()) if word.strip(".,") == cue)
    return Line(spoken, transcript, cue, group, index)


def draw_backchannel(rng: np.random.Generator) -> str:
    """What the other speaker murmurs meanwhile: a word or two of no emotion."""
    return _choice(rng, _BACKCHANNELS)


def _fill(rng: np.random.Generator, group: str) -> tuple[str, str]:
    template, cue = _choice(rng, _TEMPLATES), _choice(rng, LEXICON[group])
    text = template.format(cue=cue, **{slot: _choice(rng, words) for slot, words in _FILLERS.items()})
    if rng.random() < 0.08:
        text = f"{_choice(rng, _OPENINGS)} {text}"
    return text[0].upper() + text[1:], cue


def _transcribe(rng: np.random.Generator, spoken: str) -> str:
    tag, place = _choice(rng, _TAGS), rng.random()
    if place < 0.06:
        return f"{tag} {spoken}"
    return f"{spoken} {tag}" if place < 0.12 else spoken


def _choice(rng: np.random.Generator, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]
