"""What frozen encoders answer, computed once, kept on disk and shared by folds, seeds, systems and processes.

    ROOT/KEY/store.json         what was computed, of which corpus, with which libraries
    ROOT/KEY/shard-00000.npy    the frames of 64 utterances, end to end: [frames, ...], fp16 or fp32
    ROOT/KEY/shard-00000.json   whose they are, how long, how exact, and their checksum; written last

KEY is a digest of all that decides a value (`source.py`), so nothing in a store ever has to be invalidated, and the
features of weights that a fold has trained cannot be taken for those of another. What an encoder is, and which stage
of it is frozen, is not known here. `FeatureStore` is imported when first used, since torch takes seconds to load.
"""

from typing import TYPE_CHECKING

from emoduet.features.source import Source, corpus_digest, default_root
from emoduet.features.upkeep import StoreInfo, prune, repair, select, stores, verify

if TYPE_CHECKING:
    from emoduet.features.store import FeatureStore

__all__ = [
    "FeatureStore",
    "Source",
    "StoreInfo",
    "corpus_digest",
    "default_root",
    "prune",
    "repair",
    "select",
    "stores",
    "verify",
]


def __getattr__(name: str) -> object:
    if name == "FeatureStore":
        from emoduet.features.store import FeatureStore

        return FeatureStore
    raise AttributeError(f"module 'emoduet.features' has no attribute {name!r}")
