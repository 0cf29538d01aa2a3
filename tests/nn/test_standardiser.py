"""Mean and spread of a training, by pencil and beside scikit-learn's, and values scaled by them."""

import numpy as np
import torch
from packed_noise import noise
from sklearn.preprocessing import StandardScaler

from emoduet.nn.packing import Packed
from emoduet.nn.standardiser import StandardisedFrames, Standardiser


class Frames(torch.nn.Module):
    """Stands in for a front end of two values a frame."""

    hidden_size = 2

    def forward(self, inputs):
        return Packed(torch.cat(list(inputs)), tuple(map(len, inputs)))


def fitted(*portions):
    standardiser = Standardiser(portions[0].shape[1])
    standardiser.fit(portions)
    return standardiser


def test_over_all_frames_of_all_utterances():
    """Loud frames 9 and 7 of one utterance, quiet ones 1 and 3 of another: mean 5, spread the root of 10."""
    loud, quiet = torch.tensor([[9.0, 0], [7, 4]]), torch.tensor([[1.0, 0], [3, 4]])
    frames = StandardisedFrames(Frames())
    frames.standardiser.fit([loud, quiet])
    assert frames.standardiser.mean.tolist() == [5, 2] and frames.hidden_size == 2
    found = frames([quiet, loud])
    expected = torch.tensor([[-4, -2], [-2, 2], [4, -2], [2, 2]]) / torch.tensor([10**0.5, 2])
    torch.testing.assert_close(found.values, expected)
    assert found.lengths == (2, 2)


def test_portion_by_portion_as_scikit_learn_all_at_once():
    rows = noise((700,), 5).values * torch.tensor([1e-4, 1.0, 50.0, 1.0, 3.0]) + torch.tensor([0, 0, 0, 300.0, -7.0])
    standardiser, peer = fitted(*rows.split([1, 300, 2, 397])), StandardScaler().fit(rows.double().numpy())
    np.testing.assert_allclose(standardiser.mean.numpy(), peer.mean_, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(standardiser.scale.numpy(), peer.scale_, rtol=1e-5)


def test_what_never_changes_is_not_blown_up():
    rows = torch.tensor([[0.1, 0.0, 7.0], [0.1, 0.0, 7.0], [0.1, 0.0, 7.000001]])
    standardiser = fitted(rows[:1], rows[1:])
    assert standardiser.scale.tolist() == [1, 1, 1]
    assert standardiser(rows).abs().max() < 1e-5


def test_until_it_is_fitted_values_stay_as_they_are():
    rows = noise((4,), 3).values
    assert Standardiser(3)(rows).equal(rows)


def test_its_numbers_are_kept_with_the_weights_and_do_not_train():
    frames = StandardisedFrames(Frames())
    assert {name: one.dtype for name, one in frames.state_dict().items()} == {
        "standardiser.mean": torch.float32,
        "standardiser.scale": torch.float32,
    }
    assert list(frames.parameters()) == []
