"""Features one can check by eye: utterance u7 has 7 % 5 + 1 frames, all of whose values are 7."""

from pathlib import Path

import torch
from torch import Tensor

from emoduet.features import FeatureStore, Source, corpus_digest
from emoduet.types import Utterance

SHARD_SIZE = 4


def words(count: int) -> list[Utterance]:
    return [Utterance(id=f"u{number:03}", transcript=f"line {number}") for number in range(count)]


def source(utterances: list[Utterance], **changes: object) -> Source:
    told = {"kind": "text", "stage": "last", "encoder": "tiny", "weights": "w0", "preprocessing": "tokens"}
    return Source(**{**told, "libraries": {"torch": "2"}, "utterances": corpus_digest(utterances, "text"), **changes})


def store(root: Path, count: int = 10, **changes: object) -> FeatureStore:
    """Ten utterances are three shards: of 4, 4 and 2."""
    utterances = words(count)
    return FeatureStore(root, source(utterances, **changes), utterances, SHARD_SIZE)


def answer(utterance: Utterance) -> Tensor:
    number = int(utterance.id[1:])
    return torch.full((number % 5 + 1, 2), float(number))


def compute(part: list[Utterance]) -> list[Tensor]:
    return [answer(one) for one in part]


def flip_last_byte(path: Path) -> None:
    """As a bad disk does: size and time of change stay likely, the content is another."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
