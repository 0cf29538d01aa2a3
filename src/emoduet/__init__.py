"""emoduet recognises expressed emotion from speech and its words together.

`EmotionRecognizer` answers for recordings, which it hears as `Listening` says; both are imported when first used, since
torch takes seconds to load.
"""

from typing import TYPE_CHECKING

from emoduet.errors import AudioError, CheckpointError, ConfigError, CorpusError, EmoduetError, InputError
from emoduet.types import Failure, Moment, Prediction, Segment, SegmentPrediction, Timeline, Utterance, Word

if TYPE_CHECKING:
    from emoduet.listening import Listening
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
    "Listening",
    "Moment",
    "Prediction",
    "Segment",
    "SegmentPrediction",
    "Timeline",
    "Utterance",
    "Word",
]


def __getattr__(name: str) -> object:
    if name == "EmotionRecognizer":
        from emoduet.prediction import EmotionRecognizer

        return EmotionRecognizer
    if name == "Listening":
        from emoduet.listening import Listening

        return Listening
    raise AttributeError(f"module 'emoduet' has no attribute {name!r}")
