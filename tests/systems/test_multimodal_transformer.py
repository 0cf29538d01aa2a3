"""The multimodal transformer: who asks whom, how often, and that frames know their places."""

import pytest
import torch
from fusion_parts import fused_system, seasoned
from stand_ins import utterances

from emoduet.nn.crossmodal_transformer import with_positions
from emoduet.systems.inputs import Inputs


@pytest.fixture
def inputs():
    return utterances((5_123, 9_000, 1_600), (9, 3, 1))


@pytest.fixture
def system(inputs):
    """Its streams have unequal widths, so that neither query and key nor the two directions can be exchanged."""
    return seasoned(fused_system("multimodal-transformer", "text_projection.size=32"), inputs)


def test_both_directions_then_each_stream_by_itself(system, inputs):
    Z_A = with_positions(system.audio_features(system.audio_encoder(inputs.waveforms)))
    Z_T = with_positions(system.text_projection(system.text_encoder(inputs.tokens)))
    A, T = Z_A, Z_T
    for to_audio, to_text in zip(system.text_to_audio.layers, system.audio_to_text.layers, strict=True):
        A, T = to_audio(A, Z_T), to_text(T, Z_A)
    A, T = A.map(system.text_to_audio.norm), T.map(system.audio_to_text.norm)
    (of_audio,), (of_text,) = system.audio_to_audio.layers, system.text_to_text.layers
    A, T = of_audio(A, A).map(system.audio_to_audio.norm), of_text(T, T).map(system.text_to_text.norm)
    pooled = torch.cat([system.pool(A), system.pool(T)], dim=1)
    torch.testing.assert_close(system(inputs), system.classifier(pooled))
    assert pooled.shape == (3, 2 * (64 + 32))


@pytest.mark.parametrize(("number", "count"), [("cross_modal_layers", 3), ("self_attention_layers", 5)])
def test_numbers_of_layers(number, count):
    system = fused_system("multimodal-transformer", f"model.{number}={count}")
    changed = {
        "cross_modal_layers": (system.text_to_audio, system.audio_to_text),
        "self_attention_layers": (system.audio_to_audio, system.text_to_text),
    }[number]
    assert [len(stack.layers) for stack in changed] == [count, count]


def test_heads_and_dropout_are_the_recipe_s():
    system = fused_system("multimodal-transformer", "model.num_heads=2", "model.dropout=0.75")
    stacks = (system.text_to_audio, system.audio_to_text, system.audio_to_audio, system.text_to_text)
    layers = [layer for stack in stacks for layer in stack.layers]
    assert {layer.attention.num_heads for layer in layers} == {2}
    assert {layer.dropout.p for layer in layers} == {0.75}


@torch.no_grad()
def test_words_in_another_order_say_something_else(system):
    """The words' front end is a table and pooling forgets order, so what knows it is the positions alone."""
    sound, words = torch.randn(5_000, generator=torch.Generator().manual_seed(2)), torch.tensor([3, 7, 11, 20])
    answers = system(Inputs([sound, sound], [words, words.flip(0)]))
    assert (answers[0] - answers[1]).abs().max() > 1e-3


@torch.no_grad()
@pytest.mark.parametrize(("stack", "other"), [("text_to_audio", "tokens"), ("audio_to_text", "waveforms")])
def test_each_stream_hears_the_other(system, inputs, stack, other):
    """What one stream hands on changes with the other modality, its own staying as it is."""
    found = []
    handle = getattr(system, stack).register_forward_hook(lambda module, taken, answer: found.append(answer.values))
    changed = utterances((5_123, 9_000, 1_600), (9, 3, 1), seed=5)
    system(inputs)
    system(Inputs(**{"waveforms": inputs.waveforms, "tokens": inputs.tokens, other: getattr(changed, other)}))
    handle.remove()
    assert (found[0] - found[1]).abs().max() > 1e-2
