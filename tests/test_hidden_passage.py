"""An emotional passage is hidden in an unemotional recording, and asked back with its borders."""

import numpy as np
import pytest
import soundfile
import soxr
from easy_corpus import CLASSES, PITCHES, easy_utterances, small_recipe

from emoduet import EmotionRecognizer, Listening, Segment
from emoduet.deployment import Deployment, train_model
from emoduet.manifest import write_manifest

RATE = 16_000
START, END, DURATION = 12.0, 15.0, 24.0
HOP, ALLOWED = 0.25, 0.5


@pytest.fixture(scope="module")
def ear(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ear")
    utterances = easy_utterances(folder / "sounds", sessions=3, turns=32)
    write_manifest(folder / "easy.jsonl", utterances)
    recipe = small_recipe("demo-audio-only", "training.epochs=12", "training.batch_size=8")
    train_model(Deployment(recipe, folder / "easy.jsonl", folder / "model", session="S3"))
    return EmotionRecognizer.load(folder / "model", device="cpu")


@pytest.mark.parametrize("label", [one for one in CLASSES if one != "neutral"])
def test_a_hidden_passage_is_found_between_its_borders(ear, tmp_path, label):
    recording = tmp_path / "long.mp3"
    write_hidden(recording, label)
    timeline = ear.timeline(recording, Listening(segments=[Segment(start=0.0, end=DURATION)], hop=HOP))
    inside = [moment.time for moment in timeline.moments if likeliest(moment.probabilities) == label]
    assert inside[0] - HOP / 2 == pytest.approx(START, abs=ALLOWED)
    assert inside[-1] + HOP / 2 == pytest.approx(END, abs=ALLOWED)
    assert len(inside) == pytest.approx((END - START) / HOP, abs=2 * ALLOWED / HOP)


def likeliest(probabilities):
    return max(probabilities, key=probabilities.__getitem__)


def write_hidden(path, label):
    """A neutral tone with another class's tone in the middle, as a 44.1 kHz stereo mp3."""
    seconds = np.arange(round(DURATION * RATE)) / RATE
    neutral, other = (np.sin(2 * np.pi * PITCHES[CLASSES.index(one)] * seconds) for one in ("neutral", label))
    mixed = 0.3 * np.where((seconds >= START) & (seconds < END), other, neutral)
    noisy = mixed + np.random.default_rng(1).normal(0, 0.01, len(mixed))
    samples = soxr.resample(noisy, RATE, 44_100)
    soundfile.write(path, np.stack([samples, samples], axis=1), 44_100, format="MP3")
