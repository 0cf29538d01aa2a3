"""Which moments of a recording each of its words looked at; where a model looked is not proof of why it answered so.

python examples/words_and_moments.py MODEL call.wav "I told you to leave."
"""

import sys

from emoduet import EmotionRecognizer, Utterance
from emoduet.explaining.attention import align

if len(sys.argv) != 4:
    sys.exit(__doc__)
model, audio, words = sys.argv[1:]

recognizer = EmotionRecognizer.load(model)
alignment = align(recognizer.model, Utterance(id=audio, audio=audio, transcript=words))
for word, shares in zip(alignment.words, alignment.moments_of_words, strict=True):
    strongest = shares.argsort()[::-1][:3]
    moments = ", ".join(f"{alignment.times[moment]:.2f} s ({100 * shares[moment]:.0f} %)" for moment in strongest)
    print(f"{word:15} {moments}")
