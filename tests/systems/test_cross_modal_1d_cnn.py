"""The cross-modal system after Krishna and Patil: by hand, and that each modality hears the other."""

import pytest
import torch
from stand_ins import small_system, utterances
from test_self_attention_systems import pooled

from emoduet.systems.inputs import Inputs

INPUTS = utterances((2_000, 400, 6_000), (4, 1, 9))


@pytest.fixture
def system():
    return small_system("demo-cross-modal-1d-cnn").eval()


def streams(system, inputs):
    return system.frames(system.audio_encoder(inputs.waveforms)), system.words(system.text_encoder(inputs.tokens))


def test_by_hand(system):
    H_A, H_T = streams(system, INPUTS)
    audio, text = system.text_to_audio(H_A, H_T).unpack(), system.audio_to_text(H_T, H_A).unpack()
    rows = [torch.cat([pooled(one), pooled(other)]) for one, other in zip(audio, text, strict=True)]
    torch.testing.assert_close(system(INPUTS), system.classifier(torch.stack(rows)), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("half", [slice(0, 128), slice(128, 256)], ids=["audio", "text"])
def test_each_half_of_the_answer_hears_both_modalities(system, half):
    """With the classifier deaf to the other half, a changed word and a changed sound still change the answer."""
    weight = torch.zeros_like(system.classifier.weight)
    weight[:, half] = system.classifier.weight.detach()[:, half]
    system.classifier.weight.data = weight
    before = system(INPUTS)
    other_words = Inputs(INPUTS.waveforms, [(ids + 1) % 50 for ids in INPUTS.tokens])
    other_sounds = Inputs([one.flip(0) for one in INPUTS.waveforms], INPUTS.tokens)
    for changed in (other_words, other_sounds):
        assert (system(changed) - before).abs().amax(dim=1).min() > 1e-5


def test_it_hears_samples_and_no_spectrum(system):
    assert system.frames.convolutions.convolutions[0].conv1d.weight.shape == (32, 1, 10)
