"""How words of American English are said: by gruut's dictionary, and by its model where the dictionary lacks a word.

Each word is looked up for itself and has one pronunciation, the dictionary's first: "read" and "the" sound the same in
every sentence, and a transcript says nothing of how somebody really spoke. gruut is an extra and imported late.
"""

import re
import sqlite3
from contextlib import closing
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock

from emoduet.errors import InputError

_STRESS = "ˈˌ"
_KEPT_IN_MEMORY = 65_536
_LONGEST_GUESS = 64
"""Letters of an unknown word that are pronounced: no word is longer."""

_LONGEST_NUMBER = 15
"""Digits of a number that is said as one; a longer one, or one that begins with zero, is said digit by digit."""

_NUMBER = re.compile(r"[0-9]+|[0-9]+(?:st|nd|rd|th)")


class Pronunciations:
    """Phonemes of words, in IPA without stress; may be asked from several threads at once.

    Raises:
        InputError: gruut is not installed.
    """

    def __init__(self) -> None:
        try:
            import gruut
            import gruut_lang_en
            from gruut.g2p import GraphemesToPhonemes
            from gruut.lang import get_settings
        except ImportError as error:
            raise InputError("phonemes: gruut is not installed; run: pip install 'emoduet[baselines]'") from error
        folder = Path(gruut_lang_en.get_lang_dir())
        plain = get_settings("en_US", load_pos_tagger=False, load_phoneme_lexicon=False, load_g2p_guesser=False)
        self._dictionary = _read_dictionary(folder / "lexicon.db")
        self._guesser = GraphemesToPhonemes(folder / "g2p" / "model.crf")
        self._verbaliser = gruut.TextProcessor(default_lang="en_US", settings={"en_US": plain})
        self._turn = Lock()
        self._remembered = lru_cache(_KEPT_IN_MEMORY)(self._said)

    def of(self, word: str) -> tuple[str, ...]:
        """The phonemes of a lower-case word, or of a number in digits ("23", "3rd"); none if it cannot be said."""
        return self._remembered(word)

    def _said(self, word: str) -> tuple[str, ...]:
        if not _NUMBER.fullmatch(word):
            return self._word_said(word)
        if len(word) > _LONGEST_NUMBER or word.startswith("0") and word != "0":
            return tuple(phoneme for digit in word if digit.isdigit() for phoneme in self.of(digit))
        return tuple(phoneme for part in self._in_words(word) for phoneme in self._word_said(part.lower()))

    def _word_said(self, word: str) -> tuple[str, ...]:
        known = self._dictionary.get(word)
        phonemes = known.split() if known is not None else self._guessed(word[:_LONGEST_GUESS])
        return tuple(phoneme.lstrip(_STRESS) for phoneme in phonemes)

    def _guessed(self, word: str) -> list[str]:
        with self._turn:
            return self._guesser(word)

    def _in_words(self, number: str) -> list[str]:
        """A number's words: "23" as twenty three."""
        with self._turn:
            graph, root = self._verbaliser(number, lang="en_US")
            sentences = self._verbaliser.sentences(graph, root, phonemes=False, pos=False)
            return [word.text for sentence in sentences for word in sentence]


@cache
def pronunciations() -> Pronunciations:
    """The one dictionary of this process: it takes a third of a second and some 40 MB.

    Raises:
        InputError: gruut is not installed.
    """
    return Pronunciations()


def _read_dictionary(path: Path) -> dict[str, str]:
    """The first pronunciation of each word; whole, since the file has no index and serves one thread only."""
    first_one_last = "SELECT word, phonemes FROM word_phonemes ORDER BY pron_order DESC, id DESC"
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return dict(connection.execute(first_one_last))
