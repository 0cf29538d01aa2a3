"""Mixes of all layers: at what rate their weights learn, and what of the layers is computed, stored and told apart."""

import pytest
import torch
from easy_corpus import easy_utterances, small_recipe
from noisy_utterances import WORDS
from torch import nn
from torch.optim import Adam

from emoduet.build import build_model
from emoduet.config import read_recipe
from emoduet.errors import ConfigError
from emoduet.machine import Machine
from emoduet.stored_features import Features, on_stored_features
from emoduet.training import Plan, train
from emoduet.updates import parameter_groups

CPU = Machine("cpu")
TINY = ("audio_encoder.name=tiny", "text_encoder.name=tiny")
UPDATES_A_FOLD = 20 * 4400 // 8  # of the proposed system on four sessions of IEMOCAP
LARGE = 25  # layers of wav2vec 2.0 Large, what goes into the first among them

ONE_ROW = (
    r"audio_encoder\.layers weighted-mean gives one row an utterance, of which audio_features and "
    r"cross_modal_attention and pooling can make nothing; take weighted"
)


@pytest.fixture(scope="module")
def utterances(tmp_path_factory):
    return tuple(easy_utterances(tmp_path_factory.mktemp("easy"), sessions=2))


def model_of(recipe):
    torch.manual_seed(0)
    return build_model(recipe, WORDS)


def groups_of(model, mix_rate):
    encoders = tuple(model.encoders.by_kind().values())
    return parameter_groups(model.system, encoders, rate=1e-5, head_factor=3.0, mix_rate=mix_rate)


def ids(weights):
    return [id(weight) for weight in weights]


# The rate


def test_the_weights_of_the_mixes_and_no_others_are_a_group():
    model = model_of(read_recipe("ablation-layer-weights", TINY))
    groups = groups_of(model, 1e-3)
    assert [group["lr"] for group in groups] == [1e-5, 1e-3, pytest.approx(3e-5)]
    assert ids(groups[1]["params"]) == ids([model.system.audio_encoder.weight, model.system.text_encoder.weight])
    trained = [weight for weight in model.system.parameters() if weight.requires_grad]
    assert sorted(ids(weight for group in groups for weight in group["params"])) == sorted(ids(trained))


def test_without_a_rate_of_its_own_a_mix_learns_with_the_head():
    model = model_of(read_recipe("ablation-layer-weights", TINY))
    groups = groups_of(model, None)
    assert [group["lr"] for group in groups] == [1e-5, pytest.approx(3e-5)]
    assert {id(model.system.audio_encoder.weight), id(model.system.text_encoder.weight)} <= set(
        ids(groups[1]["params"])
    )


def largest_weight_after_a_fold(recipe, *overrides):
    """One layer of `LARGE` is what is wanted, under noise as large as half the gradient."""
    found = read_recipe(recipe, overrides)
    rates, model = found.optimizer, model_of(found)
    heard = model.system.audio_encoder
    heard.weight = nn.Parameter(torch.zeros(LARGE))
    encoders = tuple(model.encoders.by_kind().values())
    groups = parameter_groups(model.system, encoders, rates.learning_rate, rates.head_factor, rates.mix_rate)
    (rate,) = [group["lr"] for group in groups if id(heard.weight) in ids(group["params"])]
    adam, wanted = Adam([heard.weight], lr=rate), torch.eye(LARGE)[18]
    generator = torch.Generator().manual_seed(0)
    for _ in range(UPDATES_A_FOLD):
        noise = 0.5 * torch.randn(LARGE, generator=generator)
        heard.weight.grad = torch.softmax(heard.weight.detach(), dim=0) - wanted + noise
        adam.step()
    return float(torch.softmax(heard.weight.detach(), dim=0)[18])


@pytest.mark.parametrize(("recipe", "overrides"), [("ablation-layer-weights", TINY), ("probe-audio", TINY[:1])])
def test_at_the_stated_rate_one_layer_can_outweigh_all_others(recipe, overrides):
    assert read_recipe(recipe).optimizer.mix_rate == 1e-3
    assert largest_weight_after_a_fold(recipe, *overrides) > 0.5


def test_at_the_head_s_rate_it_could_not(tmp_path):
    path = tmp_path / "no-rate.toml"
    path.write_text(
        'extends = "paper"\n[audio_encoder]\nname = "tiny"\nlayers = "weighted"\n[text_encoder]\nname="tiny"\n'
    )
    assert read_recipe(str(path)).optimizer.mix_rate is None
    assert largest_weight_after_a_fold(str(path)) < 0.05


def plan_of(utterances, *overrides):
    recipe = small_recipe("demo-ablation-layer-weights", *overrides)
    return Plan(recipe, utterances[:8], watched=utterances[8:], keep_best=False, seed=0)


def test_a_training_takes_the_rate(utterances, tmp_path):
    """Adam's first update moves a weight by its rate; the history tells that of the head."""
    overrides = ("training.epochs=1", "training.batch_size=8", "optimizer.mix_rate=0.02")
    model, history = train(plan_of(utterances, *overrides), tmp_path, CPU)
    for heard in (model.system.audio_encoder, model.system.text_encoder):
        assert float(heard.weight.detach().abs().max()) == pytest.approx(0.02, rel=0.02)
    assert history[0].learning_rate == 0.003


def test_a_killed_training_goes_on_with_all_three_groups(utterances, tmp_path):
    def die(step):
        if step.epoch == 2:
            raise KeyboardInterrupt

    plan = plan_of(utterances, "training.epochs=3")
    whole, _ = train(plan, tmp_path / "whole", CPU)
    with pytest.raises(KeyboardInterrupt):
        train(plan, tmp_path / "killed", CPU, die)
    again, _ = train(plan, tmp_path / "killed", CPU)
    found, wanted = again.system.state_dict(), whole.system.state_dict()
    assert [name for name in wanted if not found[name].equal(wanted[name])] == []


@pytest.mark.parametrize(
    ("recipe", "override", "message"),
    [
        ("paper", "optimizer.mix_rate=1e-3", r"optimizer\.mix_rate 0\.001 is the rate of mixed layers, but none are"),
        ("lstm-attention", "optimizer.mix_rate=1e-3", r"none are mixed; leave it out, or set layers of an encoder to"),
        ("probe-audio", "optimizer.mix_rate=0", r"optimizer\.mix_rate: Input should be greater than 0 \(got 0\)"),
        ("paper", "audio_encoder.layers=weighted-mean", ONE_ROW),
        (
            "text-only",
            "text_encoder.layers=weighted-mean",
            r"text_encoder\.layers .* of which pooling can make nothing",
        ),
    ],
)
def test_what_does_not_go_with_how_layers_are_mixed(recipe, override, message):
    with pytest.raises(ConfigError, match=message):
        read_recipe(recipe, [override])


# One row an utterance


@torch.no_grad()
@pytest.mark.parametrize("kind", ["audio", "text"])
def test_a_probe_on_means_answers_as_one_on_frames(kind, utterances):
    answers = []
    for layers in ("weighted", "weighted-mean"):
        model = model_of(read_recipe(f"demo-probe-{kind}", [f"{kind}_encoder.layers={layers}"]))
        getattr(model.system, f"{kind}_encoder").weight.copy_(torch.tensor([1.0, -2.0, 0.5]))
        answers.append(model.system.eval()(model.reader.read(utterances)))
    torch.testing.assert_close(*answers, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", ["audio", "text"])
def test_a_probe_stores_one_row_an_utterance(kind, utterances, tmp_path):
    model = on_stored_features(model_of(read_recipe(f"demo-probe-{kind}")), Features(tmp_path, utterances))
    width = model.encoders.by_kind()[kind].hidden_size
    read = {"audio": model.reader.stored_audio, "text": model.reader.stored_text}[kind]
    assert {tuple(read(one.id).shape) for one in utterances} == {(1, 3, width)}
    (shard,) = tmp_path.rglob("shard-*.npy")
    assert shard.stat().st_size - 2 * len(utterances) * 3 * width < 300  # fp16, and numpy's header


def test_a_probe_trains_on_what_is_stored(utterances, tmp_path):
    recipe = read_recipe("demo-probe-audio", ["training.epochs=3"])
    plan = Plan(recipe, utterances[:8], watched=utterances[8:], keep_best=False, seed=0)
    _, computed = train(plan, tmp_path / "computed", CPU)
    _, stored = train(plan, tmp_path / "stored", CPU, features=Features(tmp_path / "features", utterances))
    losses = [[epoch.watched_loss for epoch in history] for history in (computed, stored)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-2) and losses[0] != losses[1]
