"""Concatenation is the proposed system with nothing between the two networks and their pooling."""

import torch
from fusion_parts import fused_system, seasoned
from stand_ins import utterances


def test_both_networks_are_pooled_and_stand_side_by_side():
    inputs = utterances((5_123, 9_000), (9, 3))
    system = seasoned(fused_system("concatenation"), inputs)
    streams = (
        system.audio_features(system.audio_encoder(inputs.waveforms)).unpack(),
        system.text_projection(system.text_encoder(inputs.tokens)).unpack(),
    )
    rows = []
    for of_one in zip(*streams, strict=True):
        rows.append(torch.cat([part for one in of_one for part in (one.mean(0), one.std(0, unbiased=False))]))
    expected = torch.stack(rows) @ system.classifier.weight.T + system.classifier.bias
    torch.testing.assert_close(system(inputs), expected)
