"""An utterance's answer, and what it teaches, never depend on the company it keeps: whole systems, encoders and all."""

import pytest
import torch
from company import ROWS, assert_alike_alone_and_together, assert_same_gradients, chosen, logit_gradients
from small_encoders import wav2vec2_config
from transformers import Wav2Vec2Model

from emoduet.build import build_system
from emoduet.checkpoint import Encoders
from emoduet.config import read_recipe
from emoduet.pretrained.encoders import AudioEncoderBase
from emoduet.pretrained.tiny import build_tiny_text_encoder
from emoduet.systems.inputs import Inputs

DURATIONS = (0.1, 2.0, 0.58, 3.6)
TOKENS = (2, 9, 3, 30)
SYSTEMS = [
    *("demo-paper", "demo-audio-only", "demo-text-only", "demo-probe-audio", "demo-probe-text"),
    *(f"demo-ablation-{name}" for name in ("cma-1-only", "cma-2-only", "mean-pooling", "no-blstm", "layer-weights")),
]
VARIETIES = ["group", "layer"]


def build(recipe_name, variety):
    """A system whose batch normalisation has seen a batch, in eval mode."""
    torch.manual_seed(0)
    recipe = read_recipe(recipe_name)
    config = wav2vec2_config(variety, layerdrop=0.1)
    audio = AudioEncoderBase(Wav2Vec2Model(config), normalise=True) if recipe.audio_encoder else None
    text = build_tiny_text_encoder(vocab_size=50) if recipe.text_encoder else None
    system = build_system(recipe, Encoders(audio, text, tokenizer=None))
    system.train()(utterances(DURATIONS, TOKENS, seed=9))
    return system.eval()


def utterances(durations, token_counts, seed=0):
    """Noise of unequal loudness, as speech has it."""
    generator = torch.Generator().manual_seed(seed)
    sounds = [torch.randn(round(16_000 * seconds), generator=generator) for seconds in durations]
    ids = [torch.randint(5, 50, (count,), generator=generator) for count in token_counts]
    return Inputs([sound * 2.0**-i for i, sound in enumerate(sounds)], ids)


def gradients(system, inputs, row):
    """What one utterance's logits say to every weight that trains."""
    found = logit_gradients(system, inputs, row)
    return {name: gradient for name, gradient in found.items() if gradient is not None}


@pytest.fixture(scope="module", params=VARIETIES)
def variety(request):
    return request.param


@pytest.fixture(scope="module", params=SYSTEMS)
def system(request, variety):
    return build(request.param, variety)


@ROWS
def test_alone_and_in_any_batch_the_answer_is_the_same(system, rows):
    assert_alike_alone_and_together(system, utterances(DURATIONS, TOKENS), rows)


@pytest.mark.parametrize("row", [0, 3])
def test_alone_and_in_a_batch_the_gradients_are_the_same(system, row):
    inputs = utterances(DURATIONS, TOKENS)
    alone = gradients(system, chosen(inputs, [row]), 0)
    together = gradients(system, inputs, row)
    assert_same_gradients(together, alone)


def test_every_weight_of_the_system_learns(system):
    reached = gradients(system, utterances(DURATIONS, TOKENS), 1)
    unreached = {name for name, _ in system.named_parameters()} - reached.keys()
    assert {name.split(".")[-1] for name in unreached} <= {"masked_spec_embed"}


@pytest.mark.parametrize("training", [True, False])
def test_a_tenth_of_a_second_and_half_a_minute_side_by_side(variety, training):
    system = build("demo-paper", variety).train(training)
    found = gradients(system, utterances((0.1, 34.1), (2, 98)), 0)
    assert all(gradient.isfinite().all() for gradient in found.values())
    with torch.no_grad():
        assert system(utterances((34.1, 0.1), (98, 2))).isfinite().all()


def test_one_utterance_of_one_frame_trains(variety):
    found = gradients(build("demo-paper", variety).train(), utterances((0.025,), (2,)), 0)
    assert found and all(gradient.isfinite().all() for gradient in found.values())
