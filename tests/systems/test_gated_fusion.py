"""Gated fusion against the equations of Arevalo et al. (2017), and that nothing goes around the unit."""

import torch
from fusion_parts import fused_system, seasoned
from stand_ins import utterances

from emoduet.systems.inputs import Inputs


def test_its_answer_is_that_of_the_equations():
    inputs = utterances((5_123, 9_000, 1_600), (9, 3, 1))
    system = seasoned(fused_system("gated-fusion"), inputs)
    a = system.pool(system.audio_features(system.audio_encoder(inputs.waveforms)))
    t = system.pool(system.text_projection(system.text_encoder(inputs.tokens)))
    unit = system.unit
    z = 1 / (1 + torch.exp(-torch.cat([a, t], dim=1) @ unit.both.weight.T))
    h = z * torch.tanh(a @ unit.audio.weight.T) + (1 - z) * torch.tanh(t @ unit.text.weight.T)
    torch.testing.assert_close(system(inputs), h @ system.classifier.weight.T + system.classifier.bias)
    assert h.shape == (3, 128)


@torch.no_grad()
def test_a_gate_that_is_open_to_one_side_silences_the_other():
    """The pooled deviations are never negative, so large weights on them open or close the gate."""
    inputs = utterances((5_123, 9_000), (9, 3))
    others = utterances((5_123, 9_000), (9, 3), seed=5)
    system = seasoned(fused_system("gated-fusion"), inputs)
    deviations_of_sound = slice(64, 128)
    for sign, same in ((1, Inputs(inputs.waveforms, others.tokens)), (-1, Inputs(others.waveforms, inputs.tokens))):
        system.unit.both.weight.zero_()[:, deviations_of_sound] = sign * 1e6
        torch.testing.assert_close(system(same), system(inputs))
        assert (system(same) - system(others)).abs().max() > 1e-3
