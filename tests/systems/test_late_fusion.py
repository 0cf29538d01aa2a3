"""Late fusion: two systems that learn as if each were alone, and the mean of their probabilities."""

import copy

import pytest
import torch
from fusion_parts import fused_system, seasoned
from stand_ins import train_on, utterances

from emoduet.config import read_recipe
from emoduet.errors import ConfigError
from emoduet.systems.audio import AudioSystem
from emoduet.systems.inputs import Inputs
from emoduet.systems.text import TextSystem

NUM_SAMPLES = (5_123, 9_000, 1_600)
NUM_TOKENS = (9, 3, 1)
TARGETS = torch.tensor([2, 0, 3])
CLASS_WEIGHTS = torch.tensor([1.0, 2.0, 3.0, 4.0])


@pytest.fixture
def inputs():
    return utterances(NUM_SAMPLES, NUM_TOKENS)


def unimodal(fused):
    """Both modalities' own systems, on copies of the same weights."""
    parts = copy.deepcopy(fused)
    return parts.audio, parts.text


def test_each_side_is_the_paper_s_own_unimodal_system(inputs):
    fused = seasoned(fused_system("late-fusion"), inputs)
    audio, text = unimodal(fused)
    assert type(audio) is AudioSystem and type(text) is TextSystem
    sounds, words = fused.sides(inputs)
    assert torch.equal(sounds, audio(inputs)) and torch.equal(words, text(inputs))


def test_each_side_learns_what_its_own_system_would(inputs):
    """Loss and every gradient, in training mode."""
    fused = fused_system("late-fusion", "audio_features.dropout=0").train()
    audio, text = unimodal(fused)
    total = torch.zeros(3)
    for system in (audio, text):
        losses, _ = system.learn(inputs, TARGETS, CLASS_WEIGHTS)
        losses.sum().backward()
        total += losses.detach()
    losses, _ = fused.learn(inputs, TARGETS, CLASS_WEIGHTS)
    losses.sum().backward()
    torch.testing.assert_close(losses, total)
    own = {}
    for kind, system in (("audio", audio), ("text", text)):
        own |= {f"{kind}.{name}": one.grad for name, one in system.named_parameters()}
    for name, weight in fused.named_parameters():
        torch.testing.assert_close(weight.grad, own[name], msg=name)


@pytest.mark.parametrize("kept", ["audio", "text"])
def test_no_side_s_gradient_reaches_the_other(inputs, kept):
    """What one side learns is the same, to the last bit, whatever the other is given."""
    other = utterances(NUM_SAMPLES, NUM_TOKENS, seed=5)
    changed = {
        "audio": Inputs(inputs.waveforms, other.tokens),
        "text": Inputs(other.waveforms, inputs.tokens),
    }[kept]
    gradients = []
    for given in (inputs, changed):
        fused = fused_system("late-fusion").eval()
        losses, _ = fused.learn(given, TARGETS, CLASS_WEIGHTS)
        losses.sum().backward()
        gradients.append({name: weight.grad for name, weight in fused.named_parameters()})
    same = {name for name, gradient in gradients[0].items() if torch.equal(gradient, gradients[1][name])}
    assert same == {name for name in gradients[0] if name.startswith(kept)}


def test_both_sides_move_in_a_training(inputs):
    fused = fused_system("late-fusion")
    before = copy.deepcopy(fused.state_dict())
    train_on(fused, [(inputs, TARGETS)])
    assert all((weight != before[name]).any() for name, weight in fused.named_parameters())


def that_always_says(sounds, words, audio_weight):
    """A system whose sides answer four logits each, whatever they are given."""
    system = fused_system("late-fusion", f"model.audio_weight={audio_weight}").eval()
    with torch.no_grad():
        for classifier, logits in ((system.audio.classifier, sounds), (system.text.classifier, words)):
            classifier.weight.zero_()
            classifier.bias.copy_(logits)
    return system


def test_the_mean_by_pencil(inputs):
    """A quarter of the one and three quarters of the other; softmax takes the logits back to it."""
    sounds, words = torch.tensor([0.8, 0.2, 0, 0]), torch.tensor([0.4, 0.4, 0.2, 0])
    logits = that_always_says(sounds.log(), words.log(), audio_weight=0.25)(inputs)
    expected = torch.tensor([0.5, 0.35, 0.15, 0]).expand(3, -1)
    torch.testing.assert_close(logits.exp(), expected)
    torch.testing.assert_close(logits.softmax(dim=1), expected)


def test_two_sides_that_are_sure_and_at_odds(inputs):
    sounds, words = torch.tensor([1e4, 0, 0, 0]), torch.tensor([0, 0, 0, 1e4])
    probabilities = that_always_says(sounds, words, audio_weight=0.5)(inputs).softmax(dim=1)
    torch.testing.assert_close(probabilities, torch.tensor([0.5, 0, 0, 0.5]).expand(3, -1))


@pytest.mark.parametrize("weight", ["0", "1", "-0.5", "1.5"])
def test_a_share_that_leaves_nothing_to_one_side_is_refused(weight):
    with pytest.raises(ConfigError, match=r"model\.audio_weight: .*\(got -?[\d.]+\)"):
        read_recipe("late-fusion", [f"model.audio_weight={weight}"])
