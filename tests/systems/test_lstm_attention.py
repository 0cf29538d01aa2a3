"""The system after Mirsamadi et al. by hand, and what its attention is for: the moment that matters."""

import torch
from stand_ins import easy_batch, small_system, train_on, utterances

from emoduet.systems.inputs import Inputs


def test_by_hand():
    """Softmax of u . h over each utterance's frames weighs them."""
    system = small_system("demo-lstm-attention").eval()
    inputs = utterances((2_000, 400, 6_000), ())
    rows = []
    for waveform in inputs.waveforms:
        dense = torch.relu(system.dense[0](system.audio_encoder([waveform]).values))
        H = system.blstm.lstm(dense)[0]
        u = system.pool.score.weight[0]
        scores = [torch.dot(u, h).exp() for h in H]
        rows.append(sum(score * h for score, h in zip(scores, H, strict=True)) / sum(scores))
    torch.testing.assert_close(system(inputs), system.classifier(torch.stack(rows)))


def test_it_finds_the_moment_that_matters():
    """Trained on tones of 0.2 s, it is asked where it listened within a second of noise."""
    torch.manual_seed(0)
    system = train_on(small_system("demo-lstm-attention"), [hidden_batch(seed) for seed in range(80)])
    inputs, targets = hidden_batch(seed=1_000)
    with torch.no_grad():
        assert (system(inputs).argmax(dim=1) == targets).float().mean() > 0.9
        frames = system.blstm(system.audio_encoder(inputs.waveforms).map(system.dense))
        weights = [torch.softmax(scores[:, 0], dim=0) for scores in frames.map(system.pool.score).unpack()]
    on_the_tone = torch.stack([one[20:30].sum() for one in weights])
    assert on_the_tone.mean() > 2 * 10 / 50


def hidden_batch(seed):
    """A tone of 0.2 s at 0.4 s of a second of noise."""
    tones, targets = easy_batch(seed)
    generator = torch.Generator().manual_seed(seed + 5_000)
    sounds = [0.3 * torch.randn(16_000, generator=generator) for _ in tones.waveforms]
    for sound, tone in zip(sounds, tones.waveforms, strict=True):
        sound[6_400:9_600] = tone[:3_200]
    return Inputs(sounds), targets
