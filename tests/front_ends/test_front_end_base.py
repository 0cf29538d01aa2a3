"""What all front ends share, by one of a few lines that has two stages and a weight."""

import hashlib

import pytest
import torch
from torch import nn

from emoduet.errors import ConfigError
from emoduet.nn.linear import live
from emoduet.nn.packing import pack
from emoduet.pretrained.front_end import FrontEnd


class Doubled(FrontEnd):
    """Samples, twice as loud, times a weight."""

    stages = ("waveform", "doubled", "last")
    hidden_size = 1

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([3.0]))

    def forward(self, inputs):
        loud = pack([one[:, None] for one in inputs]).map(lambda values: 2 * values)
        return loud.map(lambda values: values * self.weight)

    def features(self, inputs, stage):
        raise NotImplementedError

    def settings(self):
        return {"factor": 2}

    def save(self, folder):
        raise NotImplementedError

    def _weights(self, stage):
        return {"weight": self.weight} if stage == "last" else {}


def test_the_last_stage_before_which_nothing_trains():
    front_end = Doubled()
    assert (front_end.begins_at, front_end.frozen_stage()) == ("waveform", "doubled")
    assert front_end.requires_grad_(False).frozen_stage() == "last"
    front_end.begin_at("doubled")
    assert front_end.begins_at == "doubled"


def test_a_digest_is_of_settings_and_of_the_stage_s_weights():
    front_end = Doubled()
    assert front_end.weights_digest("doubled") == hashlib.sha256(b'{"factor": 2}').hexdigest()
    told = b'{"factor": 2}weight (1,) torch.float32' + torch.tensor([3.0]).numpy().tobytes()
    assert front_end.weights_digest("last") == hashlib.sha256(told).hexdigest()


def test_what_it_says_of_itself():
    front_end = Doubled()
    assert (front_end.form, front_end.form_told, front_end.regularisation) == ("rule", "rule", {})
    assert (front_end.normalise, front_end.budget, front_end.device) == (False, None, torch.device("cpu"))


def test_its_precision_cannot_be_chosen():
    front_end = Doubled()
    assert front_end.why_plain == "nothing in it is a linear map"
    with pytest.raises(
        ConfigError, match="computed by rule: nothing in it is a linear map, so its precision cannot be"
    ):
        front_end.compute_with(live)
