"""How a model's answers hold when its inputs get worse.

`conditions` says what is tried, `answers` asks and keeps what was answered, `results` makes rows and files of it, and
`study` is all of it in turn.
"""

from emoduet.stress.conditions import Trial
from emoduet.stress.results import read_stress, stress_lines
from emoduet.stress.study import WORD_ERRORS, Outcome, stress_model

__all__ = ["WORD_ERRORS", "Outcome", "Trial", "read_stress", "stress_lines", "stress_model"]
