"""Frozen parts are computed once for each distinct input, never mixed up, and change no answer."""

import torch

from emoduet.pretrained.memory import Memory
from emoduet.pretrained.tiny import build_tiny_audio_encoder, build_tiny_text_encoder


def test_each_distinct_input_is_computed_once():
    seen = []
    remembered = Memory().of(lambda values: seen.append(values) or 2 * values)
    first, other = torch.tensor([1.0, 2.0]), torch.tensor([2.0, 1.0])
    assert [remembered(v).tolist() for v in (first, other, first.clone())] == [[2.0, 4.0], [4.0, 2.0], [2.0, 4.0]]
    assert len(seen) == 2


def test_a_full_memory_computes_again_and_answers_alike():
    seen = []
    remembered = Memory(budget=8).of(lambda values: seen.append(values) or values + 1)
    first, second = torch.zeros(2), torch.ones(2)  # two floats fill it
    for _ in range(2):
        assert remembered(first).tolist() == [1.0, 1.0]
        assert remembered(second).tolist() == [2.0, 2.0]
    assert len(seen) == 3


def test_two_dtypes_of_the_same_bytes_are_not_mixed_up():
    remembered = Memory().of(lambda values: values.double() if values.is_floating_point() else values + 7)
    assert remembered(torch.zeros(2)).tolist() == [0.0, 0.0]
    assert remembered(torch.zeros(2, dtype=torch.int32)).tolist() == [7, 7]


def test_what_was_computed_in_half_precision_is_no_answer_in_full_precision():
    layer = torch.nn.Linear(4, 4).requires_grad_(False)
    remembered, values = Memory().of(layer), torch.randn(3, 4)
    with torch.autocast("cpu", torch.bfloat16):
        assert remembered(values).dtype == torch.bfloat16
    assert remembered(values).equal(layer(values))
    with torch.autocast("cpu", torch.bfloat16):
        assert remembered(values).dtype == torch.bfloat16


def test_a_frozen_cnn_is_run_once_and_the_encoder_still_learns():
    encoder = build_tiny_audio_encoder().eval()
    encoder.freeze_feature_encoder()
    waveforms = [torch.randn(4000), torch.randn(5000)]
    plain = encoder(waveforms).values
    names = list(encoder.state_dict())
    calls = []
    encoder.model.feature_extractor.conv_layers[0].register_forward_hook(lambda *_: calls.append(1))
    encoder.remember_frozen()
    for _ in range(3):
        answer = encoder(waveforms).values
    assert torch.equal(answer, plain)
    assert len(calls) == 2
    assert list(encoder.state_dict()) == names
    answer.sum().backward()
    assert encoder.model.feature_projection.projection.weight.grad.abs().sum() > 0


def test_wholly_frozen_encoders_are_run_once():
    for encoder, inputs in (
        (build_tiny_audio_encoder(), torch.randn(4000)),
        (build_tiny_text_encoder(30), torch.tensor([2, 7, 3])),
    ):
        encoder.requires_grad_(False).eval()
        plain = encoder([inputs]).values
        calls = []
        encoder.model.register_forward_hook(lambda *_, calls=calls: calls.append(1))
        encoder.remember_frozen()
        assert torch.equal(encoder([inputs, inputs]).values[: len(plain)], plain)
        assert len(calls) == 1


def test_what_trains_is_never_remembered():
    encoder = build_tiny_text_encoder(30).eval()
    calls = []
    encoder.model.register_forward_hook(lambda *_: calls.append(1))
    encoder.remember_frozen()
    ids = torch.tensor([2, 7, 3])
    encoder([ids])
    encoder([ids])
    assert len(calls) == 2
