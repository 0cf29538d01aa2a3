"""emoduet recognises expressed emotion from speech and its words together.

`EmotionRecognizer` answers for recordings; it is imported when first used, since torch takes seconds to load.
"""

from typing import TYPE_CHECKING

from emoduet.errors import AudioError, CheckpointError, ConfigError, CorpusError, EmoduetError, InputError
from emoduet.types import Failure, Prediction, Utterance

if TYPE_CHECKING:
    from emoduet.prediction import EmotionRecognizer

__all__ = [
    "AudioError",
    "CheckpointError",
    "ConfigError",
    "CorpusError",
    "EmoduetError",
    "EmotionRecognizer",
    "Failure",
    "InputError",
    "Prediction",
    "Utterance",
]


def __getattr__(name: str) -> object:
    if name == "EmotionRecognizer":
        from emoduet.prediction import EmotionRecognizer

        return EmotionRecognizer
    raise AttributeError(f"module 'emoduet' has no attribute {name!r}")
