"""Every emotion's probability for one recording and its words.

python examples/predict_file.py MODEL call.wav "I told you to leave."
"""

import sys

from emoduet import EmotionRecognizer

if len(sys.argv) != 4:
    sys.exit(__doc__)
model, audio, words = sys.argv[1:]

prediction = EmotionRecognizer.load(model).predict(audio, words)[0]
for emotion, probability in sorted(prediction.probabilities.items(), key=lambda pair: -pair[1]):
    print(f"{emotion:10} {probability:.3f}")
