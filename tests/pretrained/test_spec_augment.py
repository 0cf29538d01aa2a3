"""SpecAugment against the library's own: the same masks from the same seed of numpy's generator."""

import numpy as np
import pytest
import torch
from random_encoders import STILL, audio_encoder, distance, gradients, hubert, of_frames, one_by_one, wav2vec2

from emoduet.pretrained.spec_augment import Masks, draw_masks

TIME = {"mask_time_prob": 0.5, "mask_time_length": 3}
CHANNELS = {"mask_feature_prob": 0.4, "mask_feature_length": 2}
KINDS = {"time": TIME, "channels": {"mask_time_length": 3, **CHANNELS}, "both": TIME | CHANNELS}
MODELS = {
    "wav2vec 2.0": lambda **settings: wav2vec2("layer", **settings),
    "HuBERT": hubert,
    "wav2vec 2.0 in the plain form": lambda **settings: wav2vec2("layer", hidden_act="relu", **settings),
}


def as_arrays(*masks):
    return tuple(np.array(mask, dtype=bool) for mask in masks)


def test_pencil():
    masks = Masks(as_arrays([1, 0], [0, 0, 1]), as_arrays([0, 0], [1, 0]))
    values = torch.arange(1.0, 11.0).reshape(5, 2)
    hidden = masks.hide(values, (2, 3), torch.tensor([-1.0, -2.0]))
    assert hidden.tolist() == [[-1, -2], [3, 4], [0, 6], [0, 8], [0, -2]]
    assert values.flatten().tolist() == list(range(1, 11))


def test_where_nothing_is_hidden_the_values_are_the_same():
    values = torch.ones(5, 2)
    assert Masks().hide(values, (2, 3), None) is values
    of_none = draw_masks((2, 3), (False, False), wav2vec2("layer", **TIME).config)
    assert of_none.hide(values, (2, 3), None) is values


def test_masks_of_some():
    masks = Masks(as_arrays([1, 0], [0, 0, 1], [1]), as_arrays([0, 0], [1, 0], [1, 1]))
    part = masks.of(slice(1, 3))
    assert [mask.tolist() for mask in part.frames] == [[False, False, True], [True]]
    assert [mask.tolist() for mask in part.channels] == [[True, False], [True, True]]


def test_spans_are_as_long_and_as_many_as_the_settings_say():
    config = wav2vec2("layer", mask_time_prob=0.5, mask_time_length=10, **CHANNELS).config
    np.random.seed(0)
    masks = draw_masks((1_000, 400, 400), (True, True, False), config)
    assert [len(mask) for mask in masks.frames] == [1_000, 400, 400]
    assert all(len(mask) == config.hidden_size for mask in masks.channels)
    for mask in masks.frames[:2]:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], mask, [0]])))
        assert (edges[1::2] - edges[::2] >= 10).all()
        assert 0.3 < mask.mean() <= 0.5  # spans may overlap
    assert masks.channels[0].any() and not masks.frames[2].any() and not masks.channels[2].any()


@pytest.mark.parametrize("settings", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("kind", MODELS)
def test_training_hides_what_the_library_hides(kind, settings):
    encoder = audio_encoder(MODELS[kind](**STILL | settings)).train()
    inputs = of_frames(30, 3, 101)
    np.random.seed(4)
    wanted, wanted_gradients = gradients(encoder, lambda: one_by_one(encoder.model, inputs))
    after = np.random.get_state()[2]
    np.random.seed(4)
    found, found_gradients = gradients(encoder, lambda: encoder(inputs).values)
    assert np.random.get_state()[2] == after
    assert distance(found, wanted) < 1e-5
    with torch.no_grad():
        assert distance(encoder.eval()(inputs).values, wanted) > 0.05
    vectors = [one.get("masked_spec_embed") for one in (found_gradients, wanted_gradients)]
    if "mask_time_prob" in settings:
        torch.testing.assert_close(*vectors, rtol=1e-4, atol=1e-5)
    else:
        assert vectors == [None, None]
