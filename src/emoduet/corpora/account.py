"""What a reader of clips has found so far, kept alike for every corpus whose utterances are files of their own.

A reader fills one account and ends with `reading`: what is rightly absent is counted by cause, what is wrong is
collected, so that a user mends a corpus once. Every utterance is given the name of its corpus (`extra.corpus`), by
which the doctor knows what to compare it with, and the corpus's own label (`extra.category`).
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from emoduet.corpora.reading import Reading
from emoduet.errors import CorpusError, InputError
from emoduet.labels import LabelSet
from emoduet.problems import Problems
from emoduet.types import Utterance

ADVICE = "Copy these files again from the release, or use --lenient to leave such clips out and count them."
POINTER = b"version https://git-lfs"
"""How the text file begins that stands in a sound file's place in a clone made without git-lfs."""

POINTER_SIZE = 1024
"""Bytes; no pointer is larger, and no sound that could be used is smaller."""


@dataclass
class Account:
    """What one reading has found so far; `corpus` is the corpus's name as the doctor knows it."""

    corpus: str
    labels: LabelSet
    problems: Problems = field(default_factory=Problems)
    oddities: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    pointers: list[Path] = field(default_factory=list)
    utterances: list[Utterance] = field(default_factory=list)

    def add(self, utterance: Utterance, category: str) -> None:
        """Takes an utterance under the class of its label in the corpus, or counts it as outside the study."""
        label = self.labels.class_of(category)
        if label is None:
            self.skipped[f"label outside the study: {category}"] += 1
            return
        extra = {"corpus": self.corpus, "category": category, **utterance.extra}
        self.utterances.append(replace(utterance, label=label, extra=extra))

    def can_use(self, path: Path) -> bool:
        """Whether a file is more than an empty one or a git-lfs pointer; such files are noted."""
        size = path.stat().st_size
        if size == 0:
            self.problems.add(f"{path}: holds 0 bytes")
        elif size <= POINTER_SIZE and path.read_bytes().startswith(POINTER):
            self.pointers.append(path)
        else:
            return True
        return False

    def reading(self, root: Path, *, lenient: bool) -> Reading:
        """What is given back in the end.

        Raises:
            CorpusError: something is wrong and the reading is not lenient, or there is no utterance.
        """
        if self.pointers:
            self.problems.add(
                f"{len(self.pointers):,} files such as {self.pointers[0]} are git-lfs pointers and no sound; "
                "run `git lfs pull` in the clone"
            )
        if not lenient:
            self.problems.raise_if_any(root, ADVICE)
        if not self.utterances:
            raise CorpusError(
                f"{root}: no clip with a label of {sorted(self.labels.mapping)}; is the release complete?"
            )
        return Reading(
            utterances=self.utterances,
            skipped={cause: count for cause, count in sorted(self.skipped.items()) if count},
            warnings=[*self.problems.lines, *self.oddities],
        )


def account_of(corpus: str, labels: LabelSet, categories: Collection[str]) -> Account:
    """A new account.

    Raises:
        InputError: `labels` maps something that is no label of the corpus.
    """
    unknown = sorted(set(labels.mapping) - set(categories))
    if unknown:
        raise InputError(f"label map: {unknown} are no {corpus} labels; those are {sorted(categories)}")
    return Account(corpus, labels)
