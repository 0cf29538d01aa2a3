"""Each ablation changes one thing of ours, and each switch behind one does what it says; probes learn a mix alone."""

import pytest
import torch
from noisy_utterances import WORDS
from torch import nn

from emoduet.build import build_model
from emoduet.config import read_recipe, recipe_names
from emoduet.nn.attention import CrossModalAttention, Unattended
from emoduet.nn.pooling import MeanPooling
from emoduet.systems.inputs import Inputs

ABLATIONS = {
    "cma-1-only": {"cross_modal_attention": {"directions": "cma-1"}},
    "cma-2-only": {"cross_modal_attention": {"directions": "cma-2"}},
    "mean-pooling": {"pooling": {"kind": "mean"}},
    "no-blstm": {"audio_features": {"recurrence": "none"}},
    "one-head": {"cross_modal_attention": {"num_heads": 1}},
    "two-heads": {"cross_modal_attention": {"num_heads": 2}},
    "four-heads": {"cross_modal_attention": {"num_heads": 4}},
    "scale-d": {"cross_modal_attention": {"scale": "d"}},
    "layer-weights": {"audio_encoder": {"layers": "weighted"}, "text_encoder": {"layers": "weighted"}},
}
RATES_OF_MIXES = {"ablation-layer-weights": 1e-3, "demo-ablation-layer-weights": 1e-2}


def changes(recipe, ours):
    """What of a recipe's sections differs from another's."""
    found, base = ({k: v for k, v in read_recipe(one).model_dump().items() if v} for one in (recipe, ours))
    assert found.keys() == base.keys()
    sections = {key: value for key, value in found.items() if isinstance(value, dict)}
    differing = {
        key: {name: one for name, one in value.items() if one != base[key][name]} for key, value in sections.items()
    }
    return {key: value for key, value in differing.items() if value}


def test_every_ablation_is_listed_here():
    assert {name for name in recipe_names() if name.startswith("ablation-")} == {
        f"ablation-{name}" for name in ABLATIONS
    }


@pytest.mark.parametrize("name", ABLATIONS)
@pytest.mark.parametrize("size", ["", "demo-"])
def test_an_ablation_differs_from_ours_in_what_it_ablates_alone(name, size):
    recipe = read_recipe(f"{size}ablation-{name}")
    rate = RATES_OF_MIXES.get(recipe.name)
    of_mix = {"optimizer": {"mix_rate": rate}} if rate else {}
    assert changes(recipe.name, f"{size}paper") == ABLATIONS[name] | of_mix
    assert recipe.title.startswith("Ours, ") and recipe.title == read_recipe(f"ablation-{name}").title


@pytest.mark.parametrize("size", ["", "demo-"])
@pytest.mark.parametrize("kind", ["audio", "text"])
def test_a_probe_learns_a_mix_of_frozen_layers_and_one_linear_map(size, kind):
    model = build_model(read_recipe(f"{size}probe-{kind}", [f"{kind}_encoder.name=tiny"]), WORDS)
    (encoder,) = model.encoders.by_kind().values()
    assert encoder.frozen_stage() == encoder.stages[-1] == "layer-means"
    heard = getattr(model.system, f"{kind}_encoder")
    learned = {name: weight.numel() for name, weight in model.system.named_parameters() if weight.requires_grad}
    width = encoder.hidden_size
    assert learned == {f"{kind}_encoder.weight": 3, "classifier.weight": 4 * width, "classifier.bias": 4}
    assert heard.encoder is encoder and isinstance(model.system.pool, MeanPooling)


@pytest.mark.parametrize(
    ("directions", "attending"), [("both", (1, 1)), ("cma-1", (1, 0)), ("cma-2", (0, 1)), ("none", (0, 0))]
)
def test_directions(directions, attending):
    system = build_model(read_recipe("demo-paper", [f"cross_modal_attention.directions={directions}"]), WORDS).system
    assert tuple(isinstance(block, CrossModalAttention) for block in (system.cma_1, system.cma_2)) == attending
    assert tuple(isinstance(block, Unattended) for block in (system.cma_2, system.cma_1)) == tuple(
        1 - one for one in reversed(attending)
    )


def test_without_blstm_the_convolutions_frames_go_on():
    overrides = ["audio_features.recurrence=none", "audio_features.num_filters=24", "audio_features.dropout=0.5"]
    system = build_model(read_recipe("demo-paper", overrides), WORDS).system
    assert system.audio_features.output_size == system.cma_1.attention.query.in_features == 24
    assert system.cma_2.attention.key.in_features == 24
    assert not any(isinstance(part, nn.LSTM) for part in system.audio_features.modules())
    assert [part.p for part in system.audio_features.modules() if isinstance(part, nn.Dropout)] == [0.5]


def test_learned_layer_weights_are_the_system_s_and_not_the_encoder_s():
    model = build_model(read_recipe("demo-ablation-layer-weights"), WORDS)
    of_encoders = {id(weight) for one in model.encoders.by_kind().values() for weight in one.parameters()}
    heard = (model.system.audio_encoder, model.system.text_encoder)
    assert [one.encoder for one in heard] == list(model.encoders.by_kind().values())
    for one in heard:
        assert one.weight.tolist() == [0, 0, 0] and one.weight.requires_grad and id(one.weight) not in of_encoders


@torch.no_grad()
def test_all_the_weight_on_the_last_layer_is_the_last_layer():
    answers = []
    for name in ("demo-paper", "demo-ablation-layer-weights"):
        torch.manual_seed(0)
        model = build_model(read_recipe(name), WORDS)
        if name != "demo-paper":
            for one in (model.system.audio_encoder, model.system.text_encoder):
                one.weight[-1] = 1e3
        answers.append(model.system.eval()(Inputs([torch.ones(9_000).cumsum(0).sin()], [torch.tensor([2, 7, 3])])))
    torch.testing.assert_close(*answers)
