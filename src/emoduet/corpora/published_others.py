"""Published sizes of MELD, CREMA-D, RAVDESS, EmoDB and MSP-Podcast, as data.

A corpus has several sizes that are right: as released, and without the clips that are broken in every copy of it. Sizes
that others use and that are neither are known by their cause.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from emoduet.corpora import crema_d, emodb, meld, msp_podcast, ravdess
from emoduet.corpora.published import Cells, PublishedSet
from emoduet.labels import LabelSet

_Sizes = Mapping[str | None, Mapping[str, int]]
"""Part of the official split (None: there is no such split) -> the corpus's own label -> size."""

_MELD: _Sizes = {
    "train": {
        "anger": 1109,
        "disgust": 271,
        "fear": 268,
        "joy": 1743,
        "neutral": 4710,
        "sadness": 683,
        "surprise": 1205,
    },
    "validation": {
        "anger": 153,
        "disgust": 22,
        "fear": 40,
        "joy": 163,
        "neutral": 470,
        "sadness": 111,
        "surprise": 150,
    },
    "test": {"anger": 345, "disgust": 68, "fear": 50, "joy": 402, "neutral": 1256, "sadness": 208, "surprise": 281},
}
_CREMA_D: _Sizes = {
    None: {"anger": 1271, "disgust": 1271, "fear": 1271, "happy": 1271, "neutral": 1087, "sad": 1271},
}
_RAVDESS: _Sizes = {
    None: {name: 96 if name == "neutral" else 192 for name in ravdess.EMOTIONS.values()},
}
_EMODB: _Sizes = {
    None: {
        "anger": 127,
        "boredom": 81,
        "disgust": 46,
        "fear": 69,
        "happiness": 71,
        "sadness": 62,
        "neutral": 79,
    },
}
_EMODB_SPEAKERS = {
    "03": 49,
    "08": 58,
    "09": 43,
    "10": 38,
    "11": 55,
    "12": 35,
    "13": 61,
    "14": 69,
    "15": 56,
    "16": 71,
}
_MSP_1_11 = {"train": 84030, "validation": 19815, "test1": 30647, "test2": 14815}

KNOWN_SIZES: Mapping[tuple[str, int], str] = {
    (crema_d.CORPUS, 7438): "the set of TensorFlow Datasets leaves out four clips that are not the broken ones",
    (meld.CORPUS, 13707): "one of the two broken clips was mended or replaced by its user",
    (ravdess.CORPUS, 2452): "songs are among them (1,012 files); only channel 01 is speech",
    (ravdess.CORPUS, 2880): "every file twice: the copy that circulates holds the actors' folders two times",
}
"""Corpus and size -> what leads to it."""


def _set(corpus: str, name: str, sizes: _Sizes, labels: LabelSet, more: Cells | None = None) -> PublishedSet:
    cells: Counter[tuple[str, str]] = Counter()
    for split, categories in sizes.items():
        for category, size in categories.items():
            label = labels.class_of(category)
            if label is None:
                continue
            cells.update({("class", label): size, ("category", category): size})
            if split is not None:
                cells.update({("split", split): size, ("split x class", f"{split} {label}"): size})
    total = sum(size for (group, _), size in cells.items() if group == "class")
    return PublishedSet(name, total, frozenset(labels.classes), dict(cells) | dict(more or {}), corpus)


def _without(sizes: _Sizes, missing: Iterable[tuple[str | None, str]]) -> _Sizes:
    """The sizes less one for each missing clip, given as its part and label."""
    left = {split: dict(categories) for split, categories in sizes.items()}
    for split, category in missing:
        left[split][category] -= 1
    return left


def _meld() -> list[PublishedSet]:
    broken = [("train", "neutral"), ("validation", "neutral")]
    variants = {"without the two broken clips": _without(_MELD, broken), "as released": _MELD}
    return [
        _set(meld.CORPUS, f"{kind} classes, {variant}", sizes, labels)
        for kind, labels in meld.LABEL_SETS.items()
        for variant, sizes in variants.items()
    ]


def _crema_d() -> list[PublishedSet]:
    broken = [(None, crema_d.EMOTIONS[name.split("_")[2]]) for name in crema_d.BROKEN]
    variants = {
        "without the four broken clips": _without(_CREMA_D, broken),
        "without the silent clip": _without(_CREMA_D, [(None, "sad")]),
        "as released": _CREMA_D,
    }
    return [
        _set(crema_d.CORPUS, f"{kind} classes, {variant}", sizes, labels, {("speakers", "all"): 91})
        for kind, labels in crema_d.LABEL_SETS.items()
        for variant, sizes in variants.items()
    ]


def _ravdess() -> list[PublishedSet]:
    sets = []
    for kind, each in (("four", 28), ("all", 60)):
        actors = {("speaker", f"ravdess-{actor:02d}"): each for actor in range(1, 25)}
        more = actors | {("speakers", "all"): 24}
        sets.append(_set(ravdess.CORPUS, f"{kind} classes", _RAVDESS, ravdess.LABEL_SETS[kind], more))
    return sets


def _emodb() -> list[PublishedSet]:
    speakers = {("speaker", f"emodb-{name}"): size for name, size in _EMODB_SPEAKERS.items()}
    four = {("speakers", "all"): 10}
    return [
        _set(emodb.CORPUS, "four classes", _EMODB, emodb.LABEL_SETS["four"], four),
        _set(emodb.CORPUS, "all classes", _EMODB, emodb.LABEL_SETS["all"], four | speakers),
    ]


def _msp_podcast() -> list[PublishedSet]:
    """Sizes are known for every label together, and so only for a manifest that holds every label."""
    classes = frozenset(msp_podcast.LABEL_SETS["all"].classes)
    splits = {("split", split): size for split, size in _MSP_1_11.items()}
    corpus, total, needs = msp_podcast.CORPUS, sum(_MSP_1_11.values()), frozenset(msp_podcast.OUTSIDE)
    return [
        PublishedSet("release 1.11, every label", total, classes, splits, corpus, needs),
        PublishedSet("release 1.12, every label", 203_936, classes, {}, corpus, needs),
    ]


OTHERS = (*_meld(), *_crema_d(), *_ravdess(), *_emodb(), *_msp_podcast())
"""Every published set but IEMOCAP's."""
