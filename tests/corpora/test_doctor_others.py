"""The doctor on corpora other than IEMOCAP: what is complete passes, what is not is told with its likely cause."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from emoduet.corpora import crema_d, emodb, meld, msp_podcast, ravdess
from emoduet.corpora.doctor import Difference, corpus_of, examine
from emoduet.labels import LabelSet
from emoduet.types import Utterance

WORDS = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
MELD = {
    "train": dict(zip(WORDS, (1109, 271, 268, 1743, 4710, 683, 1205), strict=True)),
    "validation": dict(zip(WORDS, (153, 22, 40, 163, 470, 111, 150), strict=True)),
    "test": dict(zip(WORDS, (345, 68, 50, 402, 1256, 208, 281), strict=True)),
}
CREMA_D = {None: {"anger": 1271, "disgust": 1271, "fear": 1271, "happy": 1271, "neutral": 1087, "sad": 1271}}
EMODB = {
    "anger": 127, "boredom": 81, "disgust": 46, "fear": 69, "happiness": 71, "sadness": 62, "neutral": 79
}  # fmt: skip
EMODB_SPEAKERS = {"03": 49, "08": 58, "09": 43, "10": 38, "11": 55, "12": 35, "13": 61, "14": 69, "15": 56, "16": 71}


def clips(corpus: str, sizes: Mapping[str | None, Mapping[str, int]], labels: LabelSet, **more) -> list[Utterance]:
    """As many utterances as `sizes` says, by part and own label, of those that `labels` keeps."""
    return [
        Utterance(id=f"{split}{category}{number}", transcript="Hi.", label=labels.class_of(category), split=split,
                  extra={"corpus": corpus, "category": category}, **more)
        for split, categories in sizes.items()
        for category, size in categories.items()
        for number in range(size)
        if labels.class_of(category)
    ]  # fmt: skip


def without(utterances: list[Utterance], *lost: tuple[str | None, str]) -> list[Utterance]:
    """Leaves the first utterance of each part and own label out."""
    left = list(utterances)
    for split, category in lost:
        left.remove(next(u for u in left if (u.split, u.extra["category"]) == (split, category)))
    return left


def with_speakers(utterances: list[Utterance], prefix: str, names: list[str]) -> list[Utterance]:
    return [replace(u, speaker=f"{prefix}-{names[number % len(names)]}") for number, u in enumerate(utterances)]


@pytest.mark.parametrize(("kind", "total"), [("all", 13708), ("four", 11353)])
def test_meld_holds_as_released_and_without_its_broken_clips(kind, total):
    released = clips("MELD", MELD, meld.LABEL_SETS[kind], speaker="meld-Joey")
    found = examine(released)
    assert (found.total, found.healthy, found.compared_with) == (total, True, f"{kind} classes, as released")
    assert found.tables["split"]["test"].total() == (2610 if kind == "all" else 2211)
    found = examine(without(released, ("train", "neutral"), ("validation", "neutral")))
    assert (found.total, found.healthy) == (total - 2, True)
    assert found.compared_with == f"{kind} classes, without the two broken clips"


def test_the_sizes_of_melds_split_are_compared():
    released = clips("MELD", MELD, meld.LABEL_SETS["all"], speaker="meld-Joey")
    found = examine(without(released, ("train", "neutral"), ("train", "fear")))
    assert set(found.differences) == {
        Difference("class: fear", 357, 358),
        Difference("category: fear", 357, 358),
        Difference("class: neutral", 6435, 6434),
        Difference("category: neutral", 6435, 6434),
        Difference("split: train", 9987, 9988),
        Difference("split: validation", 1109, 1108),
        Difference("split x class: train fear", 267, 268),
        Difference("split x class: validation neutral", 470, 469),
    }


@pytest.mark.parametrize(
    ("kept", "cause"),
    [
        (lambda u: u.split != "validation", "no clip of validation: was the whole release copied"),
        (lambda u: u.label != "fear", "no clip of the class fear: look at the label map"),
        (lambda u: u.split == "test", "less than half of the corpus: a download cut short"),
        (lambda u: u.id != "testfear0", "one of the two broken clips was mended or replaced by its user"),
    ],
)
def test_causes_in_meld(kept, cause):
    found = examine([u for u in clips("MELD", MELD, meld.LABEL_SETS["all"], speaker="meld-Joey") if kept(u)])
    assert not found.healthy
    assert any(cause in line for line in found.causes), found.causes


def crema(kind: str = "all") -> list[Utterance]:
    names = [str(actor) for actor in range(1001, 1092)]
    return with_speakers(clips("CREMA-D", CREMA_D, crema_d.LABEL_SETS[kind]), "crema-d", names)


@pytest.mark.parametrize(
    ("lost", "total", "name"),
    [
        ([], 7442, "all classes, as released"),
        ([(None, "sad")], 7441, "all classes, without the silent clip"),
        (
            [(None, "sad"), (None, "sad"), (None, "neutral"), (None, "disgust")],
            7438,
            "all classes, without the four broken clips",
        ),
    ],
)
def test_crema_d_holds_with_and_without_its_broken_clips(lost, total, name):
    found = examine(without(crema(), *lost))
    assert (found.total, found.healthy, found.compared_with, found.corpus) == (total, True, name, "CREMA-D")


def test_crema_d_of_four_classes():
    found = examine(crema("four"))
    assert (found.total, found.healthy, found.compared_with) == (4900, True, "four classes, as released")


def test_crema_d_as_in_tensorflow_datasets():
    found = examine(without(crema(), (None, "sad"), (None, "neutral"), (None, "disgust"), (None, "fear")))
    assert Difference("class: fear", 1270, 1271) in found.differences
    assert found.causes == [
        "7,438 clips: the set of TensorFlow Datasets leaves out four clips that are not the broken ones"
    ]


def test_an_actor_too_few_is_seen():
    found = examine([replace(u, speaker="crema-d-1001") if u.speaker == "crema-d-1091" else u for u in crema()])
    assert found.differences == [Difference("speakers: all", 90, 91)]
    assert found.causes == ["no known cause; build the manifest again and read what it skipped"]


def test_perceived_labels_are_not_compared():
    heard = [replace(u, extra=u.extra | {"labels": "perceived"}) for u in crema()]
    found = examine(heard)
    assert (found.corpus, found.compared_with, found.healthy) == ("CREMA-D", None, True)


@pytest.mark.parametrize(("kind", "total", "each"), [("all", 1440, 60), ("four", 672, 28)])
def test_ravdess_holds(kind, total, each):
    sizes = {None: {name: 96 if name == "neutral" else 192 for name in ravdess.EMOTIONS.values()}}
    actors = [f"{actor:02d}" for actor in range(1, 25)]
    released = with_speakers(clips("RAVDESS", sizes, ravdess.LABEL_SETS[kind]), "ravdess", actors)
    found = examine(released)
    assert (found.total, found.healthy, found.compared_with) == (total, True, f"{kind} classes")
    assert found.tables["speaker"]["ravdess-24"].total() == each
    extra = examine([*released, replace(released[0], id="a copy")])
    assert Difference("speaker: ravdess-01", each + 1, each) in extra.differences
    assert extra.causes == ["clips beyond the published number: 1; another release, or copies?"]


def test_emodb_holds():
    names = [name for name, size in EMODB_SPEAKERS.items() for _ in range(size)]
    rows = clips("EmoDB", {None: EMODB}, emodb.LABEL_SETS["all"])
    released = [replace(u, speaker=f"emodb-{name}") for u, name in zip(rows, names, strict=True)]
    found = examine(released)
    assert (found.total, found.healthy, found.compared_with) == (535, True, "all classes")
    found = examine(with_speakers(clips("EmoDB", {None: EMODB}, emodb.LABEL_SETS["four"]), "emodb", [*EMODB_SPEAKERS]))
    assert (found.total, found.healthy, found.compared_with) == (339, True, "four classes")
    assert Difference("speaker: emodb-16", 70, 71) in examine(released[:-1]).differences


def podcast(sizes: Mapping[str, int]) -> list[Utterance]:
    """One turn of each label but the last, which has all the others."""
    labels = msp_podcast.LABEL_SETS["all"]
    counted = {split: dict.fromkeys(labels.classes, 1) | {"no agreement": size - 9} for split, size in sizes.items()}
    return clips("MSP-Podcast", counted, labels, speaker="msp-podcast-1")


def test_msp_podcast_of_every_label():
    sizes = {"train": 84030, "validation": 19815, "test1": 30647, "test2": 14815}
    released = podcast(sizes)
    found = examine([replace(released[0], speaker=None), *released[1:]])
    assert (found.total, found.healthy, found.compared_with) == (149_307, True, "release 1.11, every label")
    assert found.notes[0] == "1 utterance (trainangry0) whose speaker the corpus has not identified"


def test_a_podcast_cut_short_is_seen():
    found = examine(podcast({"train": 100, "validation": 19815, "test1": 30647}))
    assert Difference("split: train", 100, 84030) in found.differences
    assert found.causes == [
        "no clip of test2: was the whole release copied, and is `split` filled in?",
        "less than half of the corpus: a download cut short, or git-lfs pointers left out by --lenient?",
    ]


def test_msp_podcast_of_fewer_labels_is_not_compared():
    few = [u for u in podcast({"train": 30}) if u.label in ("angry", "happy", "neutral", "sad")]
    assert examine(few).compared_with is None


@pytest.mark.parametrize(
    ("names", "corpus"), [(["MELD", "MELD"], "MELD"), (["MELD", "EmoDB"], None), (["nEMO"], None), ([None], None)]
)
def test_a_corpus_is_known_by_what_all_its_utterances_say(names, corpus):
    found = [Utterance(id=f"u{number}", extra={"corpus": name} if name else {}) for number, name in enumerate(names)]
    assert corpus_of(found) == corpus
