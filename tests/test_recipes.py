"""Every packaged recipe builds and answers; `paper` holds the paper's numbers; no key of a recipe is dead."""

import hashlib
from collections import defaultdict

import pytest
import torch
from noisy_utterances import WORDS, write_utterances
from pydantic import BaseModel
from torch import nn

from emoduet.build import build_model, build_system, paper_model, weights_of
from emoduet.checkpoint import Encoders
from emoduet.config import Recipe, read_recipe, recipe_names
from emoduet.pretrained.tiny import build_tiny_audio_encoder, build_tiny_text_encoder
from emoduet.recipe_sections import Section
from emoduet.systems.base import FittedSystem
from emoduet.systems.inputs import Inputs
from emoduet.training import Machine, Plan, train

ATTENTION_256 = 2 * 2 * 256 + 4 * (256 * 256 + 256)
AUDIO_FEATURES = (
    (1024 * 3 * 256 + 256 + 2 * 256) + (256 * 3 * 256 + 256 + 2 * 256) + 2 * (4 * 128 * (256 + 128) + 2 * 4 * 128)
)


def tiny(name, *overrides):
    """A packaged recipe on tiny encoders."""
    sections = [key for key in ("audio_encoder", "text_encoder") if getattr(read_recipe(name), key)]
    return read_recipe(name, [*(f"{key}.name=tiny" for key in sections), *overrides])


def frozen(module):
    return {weight.requires_grad for weight in module.parameters()} == {False}


class OfSize(nn.Module):
    """Stands in for an encoder of the true width."""

    def __init__(self, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size


def numbers_of(model, words):
    """Tokens as a batch has them."""
    return torch.tensor(model.reader.tokenizer(words, truncation=True, verbose=False)["input_ids"])


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_builds_and_answers(name):
    recipe = tiny(name)
    assert recipe.name == name and recipe.title
    model = build_model(recipe, WORDS)
    generator = torch.Generator().manual_seed(0)
    sounds = [torch.randn(count, generator=generator) for count in (1_600, 9_000)] if model.system.hears else ()
    tokens = [numbers_of(model, words) for words in ("what a day", "")] if model.system.reads else ()
    losses, logits = model.system.learn(Inputs(sounds, tokens), torch.tensor([0, 3]), torch.ones(4))
    assert logits.shape == (2, 4) and logits.isfinite().all()
    assert losses.shape == (2,) and losses.requires_grad != issubclass(type(model.system), FittedSystem)
    assert model.classes == ("angry", "happy", "neutral", "sad")
    assert (model.reader.hears, model.reader.tokenizer is not None) == (model.system.hears, model.system.reads)
    assert model.reader.normalised or recipe.audio_encoder is None


@pytest.mark.parametrize("name", ["paper", "paper-frozen", "audio-only", "audio-only-frozen", "text-only"])
def test_demo_recipes_differ_in_numbers_only(name):
    full, demo = (read_recipe(one).model_dump() for one in (name, f"demo-{name}"))
    assert demo["title"] == full["title"] and demo["system"] == full["system"] and demo["classes"] == full["classes"]
    for section in ("audio_encoder", "text_encoder"):
        assert (full[section] and full[section]["freeze"]) == (demo[section] and demo[section]["freeze"])
    assert demo["cross_modal_attention"] == full["cross_modal_attention"] or name.startswith("paper")


@pytest.mark.parametrize("name", ["paper", "paper-frozen"])
def test_the_numbers_of_the_paper(name):
    recipe = read_recipe(name)
    assert recipe.classes == ("angry", "happy", "neutral", "sad")
    assert recipe.audio_encoder.name == "facebook/wav2vec2-large-lv60"
    assert recipe.text_encoder.name == "bert-base-uncased"
    features = recipe.audio_features
    assert (features.num_filters, features.lstm_size, features.dropout) == (256, 128, 0.2)
    assert recipe.text_projection.size == 256
    attention = recipe.cross_modal_attention
    assert (attention.num_heads, attention.residual, attention.feed_forward) == (8, False, False)
    assert (recipe.optimizer.learning_rate, recipe.optimizer.head_factor) == (1e-5, 1.0)
    assert recipe.training.class_weights is False


@pytest.mark.parametrize(
    ("name", "audio", "text"),
    [
        ("paper", "feature-encoder", "nothing"),
        ("paper-frozen", "all", "all"),
        ("audio-only", "feature-encoder", None),
        ("audio-only-frozen", "all", None),
        ("text-only", None, "nothing"),
    ],
)
def test_what_is_frozen(name, audio, text):
    recipe = read_recipe(name)
    assert (recipe.audio_encoder and recipe.audio_encoder.freeze) == audio
    assert (recipe.text_encoder and recipe.text_encoder.freeze) == text
    encoders = build_model(tiny(name), WORDS).encoders
    if audio:
        assert frozen(encoders.audio.model.feature_extractor)
        assert frozen(encoders.audio.model.encoder) == (audio == "all")
    if text:
        assert frozen(encoders.text) == (text == "all")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("paper", AUDIO_FEATURES + (768 * 256 + 256) + 2 * ATTENTION_256 + (4 * 256 * 4 + 4)),
        ("audio-only", AUDIO_FEATURES + (2 * 256 * 4 + 4)),
        ("text-only", (768 * 256 + 256) + (2 * 256 * 4 + 4)),
    ],
)
def test_number_of_parameters_above_the_encoders(name, expected):
    system = build_system(read_recipe(name), Encoders(OfSize(1024), OfSize(768), tokenizer=None))
    assert sum(weight.numel() for weight in system.parameters()) == expected


def test_paper_model_is_the_recipe_paper():
    system = paper_model(build_tiny_audio_encoder(), build_tiny_text_encoder(vocab_size=10))
    assert system.cma_1.attention.num_heads == system.cma_2.attention.num_heads == 8
    assert system.cma_1.attention.scale == system.cma_2.attention.scale == pytest.approx(1 / 32**0.5)
    assert system.classifier.in_features == 1024


# Switches


def test_vectors_from_a_file_are_weights_like_an_encoder_s(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("what 1 2\n")
    name = "demo-self-attention-text"
    recipe = read_recipe(name, [f"words.vectors={path}", "words.size=2"])
    assert weights_of(recipe) == {"text": hashlib.sha256(b"what 1 2\n").hexdigest()}
    assert weights_of(read_recipe(name, ['words.vectors=""'])) == {}
    assert weights_of(read_recipe("demo-paper")) == {"audio": "tiny", "text": "tiny"}


@pytest.mark.parametrize(("scale", "expected"), [("sqrt_d", 1 / 8**0.5), ("d", 1 / 8)])
def test_scale(scale, expected):
    overrides = [f"cross_modal_attention.scale={scale}", "cross_modal_attention.num_heads=8"]
    system = build_model(tiny("demo-paper", *overrides), WORDS).system
    width = system.audio_features.output_size
    assert width == system.text_projection.output_size == 64
    assert system.cma_1.attention.scale == system.cma_2.attention.scale == pytest.approx(expected)


@pytest.mark.parametrize(("keys", "num_keys_values"), [("projected", 48), ("encoder", 64)])
def test_what_the_audio_network_attends_to(keys, num_keys_values):
    overrides = [f"cross_modal_attention.cma_1_keys={keys}", "text_projection.size=48"]
    model = build_model(tiny("demo-paper", *overrides), WORDS)
    assert model.encoders.text.hidden_size == 64
    assert model.system.cma_1.attention.key.in_features == num_keys_values
    assert model.system.cma_2.attention.key.in_features == model.system.audio_features.output_size
    logits = model.system(Inputs([torch.randn(9_000)], [torch.tensor([2, 7, 3])]))
    logits.sum().backward()
    assert logits.shape == (1, 4)


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        ("normalise_keys", lambda block: isinstance(block.key_norm, nn.LayerNorm)),
        ("residual", lambda block: block.skip == 1.0),
        ("feed_forward", lambda block: not isinstance(block.feed_forward, nn.Identity)),
    ],
)
@pytest.mark.parametrize("value", ["true", "false"])
def test_switches_of_the_attention(key, value, changed):
    system = build_model(tiny("demo-paper", f"cross_modal_attention.{key}={value}"), WORDS).system
    assert changed(system.cma_1) == changed(system.cma_2) == (value == "true")


@pytest.mark.parametrize(
    ("overrides", "layer_drop", "spec_augment"),
    [
        ([], 0.0, False),
        (["audio_encoder.layer_drop=0.2"], 0.2, False),
        (["audio_encoder.spec_augment=true"], 0.0, True),
    ],
)
def test_layer_drop_and_spec_augment_are_the_checkpoint_s_or_the_recipe_s(overrides, layer_drop, spec_augment):
    encoder = build_model(tiny("audio-only", *overrides), WORDS).encoders.audio
    assert (encoder.layer_drop, encoder.spec_augment) == (layer_drop, spec_augment)


def test_freezing_nothing():
    encoder = build_model(tiny("audio-only", "audio_encoder.freeze=nothing"), WORDS).encoders.audio
    assert all(weight.requires_grad for weight in encoder.parameters())


def has_switch(module):
    return hasattr(module, "gradient_checkpointing")


@pytest.mark.parametrize("section", ["audio_encoder", "text_encoder"])
def test_gradient_checkpointing_changes_memory_and_no_number(section):
    def gradients(checkpointing):
        torch.manual_seed(0)
        model = build_model(tiny("demo-paper", f"{section}.gradient_checkpointing={checkpointing}"), WORDS)
        encoder = getattr(model.encoders, section.removesuffix("_encoder"))
        on = {module.gradient_checkpointing for module in encoder.model.modules() if has_switch(module)}
        assert on == {checkpointing == "true"}
        torch.manual_seed(1)
        logits = model.system.train()(Inputs([torch.randn(9_000)], [torch.tensor([2, 7, 3])]))
        logits.logsumexp(1).sum().backward()
        return {name: weight.grad for name, weight in model.system.named_parameters() if weight.grad is not None}

    plain, saving = gradients("false"), gradients("true")
    assert plain.keys() == saving.keys()
    for name, gradient in plain.items():
        torch.testing.assert_close(saving[name], gradient, msg=name)


# No dead keys


@pytest.fixture
def read_keys(monkeypatch):
    """Which fields of which section are read from here on."""
    found = defaultdict(set)
    plain = BaseModel.__getattribute__

    def recording(self, name):
        found[type(self).__name__].add(name)
        return plain(self, name)

    monkeypatch.setattr(Section, "__getattribute__", recording, raising=False)
    return found


def test_every_key_is_read_by_a_training(tmp_path, read_keys):
    """`name` and `title` decide no number; what is printed and filed reads them."""
    utterances = write_utterances(tmp_path, 8)
    recipe = tiny("demo-paper", "training.epochs=1")
    sections = [type(value) for _, value in recipe if isinstance(value, Section)]
    read_keys.clear()
    _, history = train(Plan(recipe, utterances, utterances[:4], True, 0), tmp_path / "run", Machine(device="cpu"))
    dead = {section.__name__: set(section.model_fields) - read_keys[section.__name__] for section in sections}
    assert dead == dict.fromkeys(dead, set()) and len(dead) == 9
    assert set(Recipe.model_fields) - read_keys["Recipe"] == {"name", "title", "model"}
    assert "numbers" in read_keys["Recipe"]  # what [model] says, of the system's types
    assert len(history) == 1
