"""Protocols that do not hold a session, speaker or scenario out: drawn folds, a corpus's own split, another corpus."""

from collections.abc import Sequence

import numpy as np

from emoduet.errors import InputError, UsageError
from emoduet.protocols.fold import Fold, FoldOptions, Place, divide
from emoduet.protocols.held_out import draw_dialogues, drawn
from emoduet.protocols.needs import after, need
from emoduet.types import Utterance

NUM_RANDOM_FOLDS = 5
VALIDATION_SPLITS = ("validation", "dev", "val", "development", "valid")
VALIDATION_FRACTION = 0.1
"""How much of a training corpus without splits and sessions is drawn to validate."""


def random_folds(utterances: Sequence[Utterance], options: FoldOptions) -> tuple[Fold, ...]:
    """Five folds by utterance, drawn by seed; each validates with the next one's test part.

    Raises:
        InputError: fewer utterances than folds.
    """
    ids = sorted(utterance.id for utterance in utterances)
    if len(ids) < NUM_RANDOM_FOLDS:
        raise InputError(f"{len(ids)} utterances; need at least {NUM_RANDOM_FOLDS} for {NUM_RANDOM_FOLDS} folds")
    dealt = np.random.default_rng(options.seed).permutation(len(ids))
    numbers = range(1, NUM_RANDOM_FOLDS + 1)
    share_of = {
        ids[index]: number
        for number, share in zip(numbers, np.array_split(dealt, NUM_RANDOM_FOLDS), strict=True)
        for index in share
    }

    def fold(tested: int) -> Fold:
        part_of = {tested: "test", after(tested, numbers): "validation"}

        def place(utterance: Utterance) -> tuple[str, str]:
            share = share_of[utterance.id]
            return part_of.get(share, "train"), f"seed {options.seed} drew it into share {share} of {NUM_RANDOM_FOLDS}"

        return divide(tested, f"test share {tested}", utterances, place)

    return tuple(fold(tested) for tested in numbers)


def official_split(utterances: Sequence[Utterance], options: FoldOptions) -> tuple[Fold, ...]:
    """The corpus's own split; every split whose name starts with "test" is a fold of its own.

    Names are compared without case. A split of another name is left out. Without a validation split the folds have no
    validation part.

    Raises:
        InputError: an utterance without a split, no utterance of the split "train", or no split for testing.
    """
    need(utterances, "split")
    found = sorted({split_of(utterance) for utterance in utterances})
    tests = [name for name in found if name.startswith("test")]
    if "train" not in found or not tests:
        raise InputError(
            f"the manifest's splits are {', '.join(found)}; need train, one or more whose names start with test, and "
            f"one of {', '.join(VALIDATION_SPLITS)} to validate. Map them when the manifest is built, or take loso"
        )
    return tuple(
        divide(number, f"test split {tested}", utterances, _by_split(tested))
        for number, tested in enumerate(tests, start=1)
    )


def cross_corpus(utterances: Sequence[Utterance], options: FoldOptions) -> tuple[Fold, ...]:
    """One fold: the other corpus is tested; of the training corpus its own validation split, or else its last session,
    or else a tenth of it in whole dialogues drawn by seed, validates.

    Raises:
        InputError: no utterances of another corpus, or nothing but these.
    """
    if not options.test_ids:
        raise UsageError("cross-corpus: no other corpus to test; give it as --test-manifest")
    own = [utterance for utterance in utterances if utterance.id not in options.test_ids]
    place_own = _validating(own, options.seed)

    def place(utterance: Utterance) -> tuple[str, str]:
        if utterance.id in options.test_ids:
            return "test", "its corpus is tested"
        return place_own(utterance)

    return (divide(1, "test the other corpus", utterances, place),)


def split_of(utterance: Utterance) -> str:
    """The name of an utterance's official split, without case; empty where the corpus does not say."""
    return (utterance.split or "").strip().lower()


def _by_split(tested: str) -> Place:
    def place(utterance: Utterance) -> tuple[str, str]:
        split = split_of(utterance)
        reason = f"the corpus's own split {split}"
        if split == tested:
            return "test", reason
        if split == "train":
            return "train", reason
        if split in VALIDATION_SPLITS:
            return "validation", reason
        other = "is tested in another fold" if split.startswith("test") else "neither trains, validates nor tests"
        return "left_out", f"{reason} {other}"

    return place


def _validating(own: Sequence[Utterance], seed: int) -> Place:
    """How the training corpus of `cross-corpus` is divided."""
    if any(split_of(one) in VALIDATION_SPLITS for one in own):
        return lambda one: (
            "validation" if split_of(one) in VALIDATION_SPLITS else "train",
            f"the training corpus's own split {split_of(one) or '(none)'}",
        )
    sessions = sorted({one.session for one in own if one.session is not None})
    if len(sessions) > 1 and all(one.session is not None for one in own):
        last = sessions[-1]
        return lambda one: (
            ("validation", f"its session, {last}, validates")
            if one.session == last
            else ("train", f"its session, {one.session}, trains")
        )
    held_out = draw_dialogues(own, VALIDATION_FRACTION, seed)
    return lambda one: ("validation", drawn(seed)) if one.id in held_out else ("train", "its corpus trains")
