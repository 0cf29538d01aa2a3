"""Lines that are said again, word for word or nearly so, found exactly among hundreds of thousands.

Two lines are near-duplicates when their sets of words have a Jaccard similarity of at least 0.6 and each set holds at
least 4 words: shorter lines, such as "yeah, I know", are said by everybody and betray nothing. Every such pair is
found, none is guessed: words are ordered from the rarest, a pair that is similar enough must share one of the first
few (prefix filter), and what shares one is counted out. Meaning is not compared. Where a script writes no spaces
between words (Chinese, Japanese, Thai and others), each character with its marks counts as a word, which is coarser:
among such lines four characters are enough to be compared, and long ones resemble each other more easily.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

MIN_WORDS = 4
"""How many different words a line must have to be compared."""

MIN_JACCARD = (3, 5)
"""Shared words over all words of two lines, as a fraction of whole numbers, so that 0.6 is exactly 0.6."""

_BLOCK = 1 << 21
"""Candidates looked at together; bounds the memory, never the answer."""

_COUNTED = 1 << 16
"""Pairs whose shared words are counted together."""

_NOTE = re.compile(r"\[[A-Z_ ]+\]")
"""What transcribers put down of a sound, such as [LAUGHTER]: not a word that is said."""


_UNSPACED = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # Japanese
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
    "]+"
)
"""Runs of characters of scripts that write no spaces between words."""


@dataclass(frozen=True)
class Lines:
    """Transcripts by number: equal numbers are equal word sequences or equal word sets, -1 is a line not compared.

    `word_sets` holds the words of each set, by its number.
    """

    sequences: np.ndarray  # [transcripts]
    sets: np.ndarray  # [transcripts]
    word_sets: tuple[frozenset[str], ...]


def words_of(transcript: str) -> list[str]:
    """The words in order: case, punctuation, symbols and notes such as [LAUGHTER] are gone, letters of any script stay.

    Of scripts that write no spaces, each character is a word, together with the marks on it.

    >>> words_of("[LAUGHTER] Don't you DARE -- not again, José!")
    ['dont', 'you', 'dare', 'not', 'again', 'josé']
    >>> words_of("東京にOK")
    ['東', '京', 'に', 'ok']
    """
    spoken = unicodedata.normalize("NFKC", _NOTE.sub(" ", transcript)).casefold().translate(_SPOKEN)
    return _UNSPACED.sub(_spaced, spoken).split()


def number_lines(transcripts: Sequence[str | None]) -> Lines:
    """Numbers equal lines alike; None and lines of fewer than 4 different words get -1."""
    sequences: dict[tuple[str, ...], int] = {}
    sets: dict[frozenset[str], int] = {}
    numbers = np.full((2, len(transcripts)), -1)
    for row, transcript in enumerate(transcripts):
        words = words_of(transcript or "")
        different = frozenset(words)
        if len(different) >= MIN_WORDS:
            numbers[0, row] = sequences.setdefault(tuple(words), len(sequences))
            numbers[1, row] = sets.setdefault(different, len(sets))
    return Lines(*numbers, tuple(sets))


def near_duplicate_pairs(word_sets: Sequence[Collection[str]]) -> Iterator[np.ndarray]:
    """Every pair of near-duplicates among different word sets, each pair once, in blocks [pairs, 2] of their numbers.

    No block has to wait for another, so a caller who folds them together needs little memory however many there are.
    """
    index = _Index.of(word_sets)
    if index is not None:
        for pairs in index.candidates():
            yield index.names[index.verified(pairs)]


@dataclass(frozen=True)
class _Index:
    """Word sets in ascending size; the words of each from the rarest to the commonest, laid end to end."""

    names: np.ndarray  # [sets]: the caller's number of each
    sizes: np.ndarray  # [sets]
    owners: np.ndarray  # [words]: which set
    tokens: np.ndarray  # [words]: numbers of the words, 0 is the rarest
    ranks: np.ndarray  # [words]: place within the set
    sketches: np.ndarray  # [sets]: 64 bits, one set by each word
    membership: sparse.csr_array  # [sets, tokens]

    @classmethod
    def of(cls, word_sets: Sequence[Collection[str]]) -> "_Index | None":
        """The index, or None where no set has 4 words."""
        lengths = np.array([len(words) for words in word_sets], dtype=np.int64)
        names = np.argsort(lengths, kind="stable")
        names = names[lengths[names] >= MIN_WORDS]
        if not len(names):
            return None
        sizes = lengths[names]
        owners = np.repeat(np.arange(len(names)), sizes)
        tokens = _rarest_first([word for name in names for word in word_sets[name]])
        tokens = tokens[np.lexsort((tokens, owners))]
        offsets = np.cumsum(sizes) - sizes
        ranks = np.arange(len(tokens)) - offsets[owners]
        sketches = np.bitwise_or.reduceat(_bits(tokens), offsets)
        ones = np.ones(len(tokens), dtype=np.int32)
        membership = sparse.csr_array((ones, tokens, np.append(offsets, len(tokens))))
        return cls(names, sizes, owners, tokens, ranks, sketches, membership)

    def candidates(self) -> Iterator[np.ndarray]:
        """Pairs (larger, smaller) that share a word of their prefixes, each once, [pairs, 2].

        Of two sets of sizes a >= b that share at least n words, the rarest shared word stands before place a - n + 1
        in the one and before b - n + 1 in the other. A set is looked up with the longest prefix that any smaller
        partner asks for, and stands in the index with the longest that any larger one does.
        """
        num_sets = len(self.sizes)
        own = self.sizes[self.owners]
        probing = np.flatnonzero(self.ranks <= own - _shared(own, _smallest(own)))
        listed = np.flatnonzero(self.ranks <= own - _shared(own, own))
        listed = listed[np.lexsort((self.owners[listed], self.tokens[listed]))]
        keys = self.tokens[listed] * num_sets + self.owners[listed]
        floor = np.searchsorted(self.sizes, _smallest(own[probing]))
        first = np.searchsorted(keys, self.tokens[probing] * num_sets + floor)
        last = np.searchsorted(keys, self.tokens[probing] * num_sets + self.owners[probing])
        for chunk in _chunks(self.owners[probing], last - first):
            entries, places = _ranges(first[chunk], last[chunk])
            yield self._plausible(probing[chunk][places], listed[entries])

    def _plausible(self, ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
        """Pairs of sets from pairs of equal words, less those whose places or sketches rule them out."""
        larger, smaller = self.owners[ours], self.owners[theirs]
        sizes = self.sizes[larger], self.sizes[smaller]
        needed = _shared(*sizes)
        kept = (self.ranks[ours] <= sizes[0] - needed) & (self.ranks[theirs] <= sizes[1] - needed)
        unlike = np.bitwise_count(self.sketches[larger] ^ self.sketches[smaller])
        kept &= sizes[0] + sizes[1] - unlike >= 2 * needed
        once = np.unique(larger[kept] * len(self.sizes) + smaller[kept])
        return np.stack(np.divmod(once, len(self.sizes)), axis=1)

    def verified(self, pairs: np.ndarray) -> np.ndarray:
        """The pairs that share enough words, counted."""
        kept = [np.zeros((0, 2), dtype=np.int64)]
        for begin in range(0, len(pairs), _COUNTED):
            larger, smaller = (block := pairs[begin : begin + _COUNTED]).T
            shared = self.membership[larger].multiply(self.membership[smaller]).sum(axis=1)
            kept.append(block[shared >= _shared(self.sizes[larger], self.sizes[smaller])])
        return np.concatenate(kept)


class _Spoken(dict[int, str]):
    """What each character becomes: letters, marks and digits stay, apostrophes vanish, all else parts words."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        spoken = "" if character in "'’ʼ＇" else character if unicodedata.category(character)[0] in "LMN" else " "
        return self.setdefault(code, spoken)


_SPOKEN = _Spoken()


def _spaced(run: re.Match[str]) -> str:
    characters = (one if unicodedata.category(one)[0] == "M" else f" {one}" for one in run[0])
    return "".join(characters) + " "


def _rarest_first(words: Sequence[str]) -> np.ndarray:
    """A number for each word, smaller the fewer sets hold it."""
    numbers: dict[str, int] = {}
    tokens = np.array([numbers.setdefault(word, len(numbers)) for word in words], dtype=np.int64)
    order = np.argsort(np.bincount(tokens), kind="stable")
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places[tokens]


def _bits(tokens: np.ndarray) -> np.ndarray:
    """One bit of 64 for each word; words that share a bit only make the sketch say less."""
    spread = tokens.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return np.uint64(1) << (spread >> np.uint64(58))


def _shared(larger: np.ndarray, smaller: np.ndarray) -> np.ndarray:
    """The fewest words that sets of these sizes must share: s / (a + b - s) >= 3 / 5, so s >= 3 (a + b) / 8."""
    above, below = MIN_JACCARD
    return -(-above * (larger + smaller) // (above + below))


def _smallest(size: np.ndarray) -> np.ndarray:
    """The smallest set that can be similar enough to one of this size: all of its words are shared."""
    above, below = MIN_JACCARD
    return -(-above * size // below)


def _chunks(owners: np.ndarray, counts: np.ndarray) -> Iterator[slice]:
    """Slices of at most a block of candidates, or of one set; a set's words stay together, so that pairs come once."""
    begins = np.flatnonzero(np.diff(owners, prepend=-1))
    before = np.concatenate([[0], np.cumsum(counts)])
    edges = np.append(begins, len(owners))
    reached = before[edges]
    at = 0
    while at < len(begins):
        after = max(at + 1, int(np.searchsorted(reached, reached[at] + _BLOCK, side="right")) - 1)
        yield slice(edges[at], edges[after])
        at = after


def _ranges(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All numbers from each first up to each last, end to end, and which range each is of."""
    counts = last - first
    places = np.repeat(np.arange(len(counts)), counts)
    return np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts - first, counts), places
