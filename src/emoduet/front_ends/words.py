"""Words or phonemes as vectors: a table with a row for each token, random at first or from a file of vectors.

The tokens are numbered by a tokenizer: that of words knows the words of the training fold and no others, whatever a
file of vectors holds; that of phonemes has a fixed inventory.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from emoduet.atomic import write_json
from emoduet.errors import CheckpointError
from emoduet.front_ends.phonemes import PhonemeTokenizer
from emoduet.front_ends.rule import SETTINGS
from emoduet.front_ends.vectors import read_vectors
from emoduet.front_ends.word_tokens import END, UNKNOWN, word_tokenizer
from emoduet.nn.packing import Packed, pack
from emoduet.pretrained.front_end import FrontEnd

log = logging.getLogger(__name__)

Tokenizer = PreTrainedTokenizerBase | PhonemeTokenizer


class TokenVectors(FrontEnd):
    """A vector for each token, from a table.

    Args:
        kind: what a token is, "words" or "phonemes".
        table: [tokens, size].
        origin: where its vectors come from, in words.
    """

    stages = ("tokens",)
    form = "table"

    def __init__(self, kind: str, table: Float[Tensor, "tokens size"], trains: bool, origin: str) -> None:
        super().__init__()
        self.kind, self.origin = kind, origin
        self.table = nn.Embedding.from_pretrained(table, freeze=not trains)
        self.hidden_size = table.shape[1]

    @property
    def form_told(self) -> str:
        """What a row stands for, and where its vector comes from."""
        return f"table of {self.kind}, {self.origin}"

    def forward(self, inputs: Sequence[Tensor]) -> Packed:
        return pack(inputs).map(self.table)

    def features(self, inputs: Sequence[Tensor], stage: str) -> Packed:
        """The tokens themselves: nothing lies between them and the table."""
        return pack(inputs)

    def settings(self) -> dict[str, object]:
        """Kind, shape and origin of the table."""
        shape = {"num_tokens": self.table.num_embeddings, "size": self.hidden_size}
        return {"kind": self.kind, **shape, "origin": self.origin}

    def save(self, folder: Path) -> None:
        """Writes front_end.json."""
        write_json(folder / SETTINGS, self.settings())

    def _weights(self, stage: str) -> Mapping[str, Tensor]:
        return {}


def token_vectors(
    kind: str, size: int, min_count: int, vectors: str, trains: bool, transcripts: Sequence[str]
) -> tuple[FrontEnd, Tokenizer]:
    """A table of vectors and the tokenizer that numbers its rows.

    Args:
        min_count: how often a word must stand in `transcripts` to have a row; of no meaning for phonemes.
        vectors: the path of a GloVe or word2vec file; empty for none.
        trains: whether the table learns.
        transcripts: what the vocabulary of words is learned from: the training fold's and no other's.

    Raises:
        InputError: phonemes are asked for, and gruut is not installed.
        CheckpointError: the file of vectors is absent, broken, of another size, or of other words.
    """
    tokenizer = PhonemeTokenizer() if kind == "phonemes" else word_tokenizer(transcripts, min_count)
    table, origin = random_table(len(tokenizer), size), "random at first"
    if vectors:
        rows = {token: row for token, row in tokenizer.get_vocab().items() if token not in (UNKNOWN, END)}
        table, found = _with_vectors(table, rows, vectors)
        origin = f"{found} of {len(rows)} from {Path(vectors).name}, the others random at first"
    front_end = TokenVectors(kind, table, trains, f"{origin}, {'trained' if trains else 'not trained'}")
    log.info("%s", front_end.form_told)
    return front_end, tokenizer


def random_table(num_tokens: int, size: int) -> Float[Tensor, "tokens size"]:
    """Vectors before any training, of length 1 or so."""
    return torch.randn(num_tokens, size) / size**0.5


def _with_vectors(
    table: Float[Tensor, "tokens size"], rows: Mapping[str, int], path: str
) -> tuple[Float[Tensor, "tokens size"], int]:
    """The table with a file's vectors in its rows, and how many; what the file lacks is as long as what it has.

    Raises:
        CheckpointError: as `read_vectors`, or the file has none of the tokens.
    """
    found = read_vectors(path, rows.keys(), table.shape[1])
    if rows and not found:
        raise CheckpointError(
            f"{path}: none of the {len(rows)} tokens of the training transcripts, such as {min(rows)!r}, is in "
            "it; want vectors of the same language, in lower case"
        )
    if found:
        given = torch.stack([torch.from_numpy(found[token].copy()) for token in found])
        table = table * given.norm(dim=1).mean()
        table[[rows[token] for token in found]] = given
    return table, len(found)
