"""The networks of several kernels after Cho et al. and Yenigalla et al.: each wider one tells what no narrower one can.

A kernel knows that two things stand `gap` apart only if both are under it at once. Everything else being the same, what
lies further apart than a kernel is wide might as well lie anywhere, since only its greatest answer counts.
"""

import pytest
import torch
from stand_ins import Spectrum, small_system, utterances

from emoduet.config import read_recipe
from emoduet.nn.packing import pack
from emoduet.systems.inputs import Inputs

FAR = 60
"""Wider than any kernel; a multiple of the spectrogram's stride, so that near and far lie alike under each kernel."""


def kernels_of(recipe, key):
    return sorted(read_recipe(recipe).model[key])


def narrower_and(recipe, key):
    """Each kernel but the narrowest, behind all that are narrower."""
    kernels = kernels_of(recipe, key)
    return [kernels[: count + 1] for count in range(1, len(kernels))]


def words_apart(gap):
    """The same word over and over, but for two."""
    tokens = torch.zeros(100, dtype=torch.long)
    tokens[20], tokens[20 + gap] = 1, 2
    return tokens


def clicks_apart(gap):
    """Silence, but for two frames."""
    frames = torch.zeros(140, Spectrum.hidden_size)
    frames[40], frames[40 + gap] = torch.randn(2, Spectrum.hidden_size, generator=torch.Generator().manual_seed(0))
    return frames


@torch.no_grad()
def difference(system, near, far):
    """Between the answers to both, which agree in all but the distance within them."""
    answers = system.eval()(Inputs(*zip(near, far, strict=True)))
    return float((answers[0] - answers[1]).abs().max())


READING = [("mcnn-lstm", "kernel_sizes"), ("mcnn-phonemes", "phoneme_kernels")]


@pytest.mark.parametrize(("recipe", "key", "kernels"), [(*one, some) for one in READING for some in narrower_and(*one)])
def test_two_words_are_read_together_by_the_kernel_that_spans_both(recipe, key, kernels):
    sound = torch.randn(3_200, generator=torch.Generator().manual_seed(0))
    near, far = ((sound, words_apart(gap)) for gap in (kernels[-1] - 1, FAR))
    assert difference(small_system(recipe, **{key: kernels}), near, far) > 1e-4
    assert difference(small_system(recipe, **{key: kernels[:-1]}), near, far) < 1e-6


@pytest.mark.parametrize("kernels", narrower_and("mcnn-phonemes", "spectrogram_kernels"))
def test_two_moments_are_heard_together_by_the_kernel_that_spans_both(kernels):
    stride = read_recipe("mcnn-phonemes").model["spectrogram_stride"]
    gap = -(-kernels[-2][0] // stride) * stride
    assert kernels[-2][0] <= gap <= kernels[-1][0] - stride
    near, far = ((clicks_apart(distance), torch.tensor([1, 2])) for distance in (gap, FAR))
    with_it, without = (small_system("mcnn-phonemes", spectrogram_kernels=some) for some in (kernels, kernels[:-1]))
    with_it.audio_encoder.forward = without.audio_encoder.forward = pack
    assert difference(with_it, near, far) > 1e-4
    assert difference(without, near, far) < 1e-6


@pytest.mark.parametrize(
    ("recipe", "key", "network"),
    [
        ("mcnn-lstm", "kernel_sizes", "mcnn"),
        ("mcnn-phonemes", "phoneme_kernels", "phoneme_cnn"),
        ("mcnn-phonemes", "spectrogram_kernels", "spectrogram_cnn"),
    ],
)
def test_the_filters_of_every_kernel_of_the_recipe_reach_the_classifier(recipe, key, network):
    """The answer depends on filters of each, and the recipe's kernels are all there, no two of them alike."""
    system = small_system(recipe).eval()
    system(utterances((9_000, 3_000), (9, 3))).square().sum().backward()
    filters = [
        weight for name, weight in getattr(system, network).named_parameters() if name.split(".")[-1] == "weight"
    ]
    spans = [list(weight.shape[2:]) for weight in filters]
    wanted = [kernel if isinstance(kernel, list) else [kernel] for kernel in kernels_of(recipe, key)]
    assert spans == wanted and len(set(map(tuple, wanted))) == len(wanted) > 1
    assert all(weight.grad.abs().max() > 1e-6 for weight in filters)
