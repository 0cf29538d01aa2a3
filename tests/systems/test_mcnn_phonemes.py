"""A spectrogram's CNN and the phonemes' CNN side by side, and a classifier that hears both."""

import pytest
import torch
from stand_ins import small_system, utterances
from torch.nn import functional

from emoduet.build import build_model
from emoduet.config import read_recipe
from emoduet.errors import ConfigError
from emoduet.nn.packing import pack
from emoduet.systems.inputs import Inputs


@pytest.fixture
def inputs():
    return utterances((9_000, 400, 5_123), (9, 1, 3))


def test_both_networks_are_joined_before_the_classifier(inputs):
    system = small_system("demo-mcnn-phonemes").eval()
    answers = []
    for sound, tokens in zip(inputs.waveforms, inputs.tokens, strict=True):
        seen = system.spectrogram_cnn(system.audio_encoder([sound]))
        said = system.phoneme_cnn(system.text_encoder([tokens]))
        hidden = functional.relu(system.dense(torch.cat([seen, said], dim=1)))
        answers.append(system.classifier(hidden))
    torch.testing.assert_close(system(inputs), torch.cat(answers))


def test_the_spectrogram_is_convolved_in_time_and_frequency():
    """Two sounds with the same frames in another order, and two with the same frames upside down, are told apart."""
    system = small_system("demo-mcnn-phonemes").eval()
    frames = torch.randn(40, 161, generator=torch.Generator().manual_seed(0))
    system.audio_encoder.forward = pack
    answers = system(Inputs([frames, frames.flip(0), frames.flip(1)], [torch.tensor([1, 2])] * 3))
    assert (answers[0] - answers[1]).abs().max() > 1e-3
    assert (answers[0] - answers[2]).abs().max() > 1e-3


def test_it_reads_phonemes():
    """A homophone is the same to it; a word that rhymes is not."""
    pytest.importorskip("gruut")
    torch.manual_seed(0)
    model = build_model(read_recipe("demo-mcnn-phonemes"), ["they hear the sea"])
    sound = torch.randn(8_000, generator=torch.Generator().manual_seed(0))
    model.system.eval()
    said = [
        torch.tensor(model.reader.tokenizer(text, truncation=True, verbose=False)["input_ids"])
        for text in ("they hear the sea", "they here the see", "they hear the bee")
    ]
    same, homophones, another = model.system(Inputs([sound] * 3, said))
    torch.testing.assert_close(same, homophones)
    assert (same - another).abs().max() > 1e-5


@pytest.mark.parametrize("kernels", ["[]", "[[3]]", "[[3, 4, 5]]", "[[0, 4]]", "[3, 4]"])
def test_kernels_that_are_not_frames_and_bins(kernels):
    with pytest.raises(ConfigError, match=r"model\.spectrogram_kernels"):
        read_recipe("mcnn-phonemes", [f"model.spectrogram_kernels={kernels}"])


def test_kernels_higher_than_the_filterbank():
    with pytest.raises(ConfigError, match="a kernel spans 40 bins where a frame has 32"):
        build_model(read_recipe("mcnn-phonemes", ["frames.size=32"]), ["they hear the sea"])
