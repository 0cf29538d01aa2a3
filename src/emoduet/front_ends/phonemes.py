"""A transcript as numbered phonemes of American English: a fixed inventory, so that there is nothing to be learned.

Said are words and numbers; of punctuation nothing is left. A note in brackets such as [LAUGHTER] is one symbol,
whatever it notes, and so is a word that cannot be said.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from emoduet.atomic import write_json
from emoduet.front_ends.pronunciation import pronunciations
from emoduet.front_ends.word_tokens import END, UNKNOWN

SETTINGS = "phonemes.json"
MAX_PHONEMES = 2048
"""Where a transcript is cut: some two minutes of speech."""

NOTE, BETWEEN_WORDS = "[NOTE]", "|"

VOWELS = ("ɑ", "æ", "ɛ", "i", "ɪ", "ɔ", "ʊ", "ʌ", "u", "ə", "ɚ", "eɪ", "aɪ", "oʊ", "ɔɪ", "aʊ")
CONSONANTS = (
    *("p", "b", "t", "d", "k", "ɡ", "t͡ʃ", "d͡ʒ", "f", "v", "θ", "ð"),
    *("s", "z", "ʃ", "ʒ", "h", "l", "m", "n", "ŋ", "ɹ", "w", "j"),
)
SYMBOLS = (UNKNOWN, END, NOTE, BETWEEN_WORDS, *VOWELS, *CONSONANTS)
"""In the order of their numbers."""

_PIECES = re.compile(
    r"\[[^\[\]]{1,30}\]"  # a note
    r"|[0-9]+(?:,[0-9]{3})*(?:st|nd|rd|th)?"  # a number
    r"|[^\W\d_]+(?:'[^\W\d_]+)*"  # a word
)


class PhonemeTokenizer:
    """Numbers the phonemes of a transcript, with the calls of transformers' tokenizers that this package makes.

    Args:
        symbols: the inventory, as of `SYMBOLS`; a phoneme outside of it is unknown.

    Raises:
        InputError: gruut is not installed.
    """

    def __init__(self, symbols: Sequence[str] = SYMBOLS, max_phonemes: int = MAX_PHONEMES) -> None:
        self.max_phonemes = max_phonemes
        self._numbers = {symbol: number for number, symbol in enumerate(symbols)}
        self._pronunciations = pronunciations()

    def __len__(self) -> int:
        return len(self._numbers)

    def __call__(self, text: str, *, truncation: bool = False, verbose: bool = True) -> dict[str, list[int]]:
        """The numbers of a text's phonemes under "input_ids", an end behind them.

        Args:
            truncation: cut before the end, at `max_phonemes` in all.
            verbose: of no effect; transformers' tokenizers warn of long texts by it.
        """
        symbols = [symbol for word in words_of(text) for symbol in (BETWEEN_WORDS, *self._symbols_of(word))][1:]
        kept = symbols[: self.max_phonemes - 1] if truncation else symbols
        unknown = self._numbers[UNKNOWN]
        return {"input_ids": [self._numbers.get(symbol, unknown) for symbol in (*kept, END)]}

    def get_vocab(self) -> dict[str, int]:
        """Each symbol's number."""
        return dict(self._numbers)

    def save_pretrained(self, folder: Path) -> None:
        """Writes phonemes.json."""
        settings = {"symbols": list(self._numbers), "max_phonemes": self.max_phonemes, "libraries": libraries()}
        write_json(folder / SETTINGS, settings)

    def _symbols_of(self, word: str) -> tuple[str, ...]:
        return (NOTE,) if word.startswith("[") else self._pronunciations.of(word) or (UNKNOWN,)


def words_of(text: str) -> Iterator[str]:
    """What of a text is said, and the notes, in order and in lower case.

    >>> list(words_of("Well -- [LAUGHTER] I don’t owe you 5,000!"))
    ['well', '[laughter]', 'i', "don't", 'owe', 'you', '5000']
    """
    plain = unicodedata.normalize("NFKC", text).replace("’", "'").lower()
    return (piece if piece.startswith("[") else piece.replace(",", "") for piece in _PIECES.findall(plain))


def libraries() -> dict[str, str]:
    """What decides pronunciations, with versions."""
    return {name: version(name) for name in ("gruut", "gruut_lang_en")}
