"""A transcript as numbered words: split as the makers of word vectors split, the vocabulary that of given transcripts.

It does not know vectors (`words` does), and learns nothing from what it is asked to read later.
"""

from collections import Counter
from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

MAX_TOKENS = 512
"""Where a transcript is cut."""

UNKNOWN, END = "[UNK]", "[SEP]"

_PIECES = "|".join(
    (
        r"\[[^\[\]]{1,30}\]",  # [LAUGHTER]: one token
        r"\w+(?=n't\b)|n't\b",  # do n't
        r"'(?:s|m|d|re|ve|ll)\b|\w+(?='(?:s|m|d|re|ve|ll)\b)",  # it 's
        r"\w+(?:'\w+)*",  # o'clock
        r"\.{3}|[^\w\s]",
    )
)


def word_tokenizer(transcripts: Iterable[str], min_count: int) -> PreTrainedTokenizerFast:
    """Lower-case words and punctuation; those seen less than `min_count` times in `transcripts` are one unknown word.

    Contractions are two words ("do n't", "it 's"), as in GloVe's vocabularies; a note in brackets such as [LAUGHTER]
    is one. An end closes every utterance, so that one without words has a token, too.
    """
    plain = _word_level({})
    counts = Counter(
        word
        for transcript in transcripts
        for word, _ in plain.pre_tokenizer.pre_tokenize_str(plain.normalizer.normalize_str(transcript))
    )
    words = sorted(word for word, count in counts.items() if count >= min_count)
    return _closed(_word_level({word: number for number, word in enumerate([UNKNOWN, END, *words])}))


def _closed(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    """A tokenizer as transformers has them, with an end behind every utterance."""
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {END}", special_tokens=[(END, tokenizer.token_to_id(END))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=MAX_TOKENS, unk_token=UNKNOWN, sep_token=END
    )


def _word_level(vocabulary: dict[str, int]) -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.BertNormalizer(lowercase=True), normalizers.Replace("’", "'")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_PIECES), "removed", invert=True)
    return tokenizer
