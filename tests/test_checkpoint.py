"""A model folder gives back the same model bit for bit, alone; whatever is not one is refused with a reason."""

import json
import shutil

import huggingface_hub
import pytest
import torch
from noisy_utterances import WORDS, write_utterances
from safetensors.torch import load_file, save_file
from small_encoders import save_audio_encoder, save_text_encoder

from emoduet.build import build_model, restore_model
from emoduet.checkpoint import read_checkpoint, write_checkpoint
from emoduet.config import read_recipe
from emoduet.errors import CheckpointError

SYSTEMS = {"demo-paper": "cross-modal", "demo-audio-only": "audio", "demo-text-only": "text"}


def build(name="demo-paper", *overrides):
    torch.manual_seed(0)
    return build_model(read_recipe(name, overrides), WORDS)


def write(folder, model):
    description = {"recipe": model.recipe.model_dump(mode="json", exclude_none=True), "seed": 5}
    write_checkpoint(folder, model.system, model.encoders, description, card="# A model\n")
    return folder


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """One folder of the whole system, to be copied and spoilt."""
    return write(tmp_path_factory.mktemp("models") / "model", build())


@pytest.fixture
def folder(written, tmp_path):
    return shutil.copytree(written, tmp_path / "model")


@torch.no_grad()
@pytest.mark.parametrize("name", SYSTEMS)
def test_answers_are_the_same_bit_for_bit(tmp_path, name):
    utterances = write_utterances(tmp_path, 4)
    model = build(name)
    model.system.train()(model.reader.read(utterances))  # gives batch normalisation statistics of its own
    expected = model.system.eval()(model.reader.read(utterances))
    torch.manual_seed(1)
    restored = restore_model(write(tmp_path / "model", model))
    assert restored.recipe == model.recipe and restored.recipe.system == SYSTEMS[name]
    assert not restored.system.training
    assert not any(weight.requires_grad for weight in restored.system.parameters())
    assert restored.system(restored.reader.read(utterances)).equal(expected)


def test_a_folder_holds_no_pickle(written):
    files = sorted(str(path.relative_to(written)) for path in written.rglob("*") if path.is_file())
    assert files == [
        "README.md",
        "audio_encoder/config.json",
        "audio_encoder/preprocessor_config.json",
        "config.json",
        "model.safetensors",
        "text_encoder/config.json",
        "text_encoder/tokenizer.json",
        "text_encoder/tokenizer_config.json",
    ]
    assert (written / "README.md").read_text() == "# A model\n"
    description = read_checkpoint(written).description
    assert (description["format"], description["format_version"], description["seed"]) == ("emoduet", 1, 5)


def test_needs_neither_the_hub_nor_the_encoders_it_grew_from(tmp_path, monkeypatch):
    """The encoders' own folders are gone, and asking the hub would fail."""
    save_audio_encoder(tmp_path / "hubert", "hubert", do_normalize=False)
    save_text_encoder(tmp_path / "roberta", "roberta")
    encoders = [f"audio_encoder.name={tmp_path / 'hubert'}", f"text_encoder.name={tmp_path / 'roberta'}"]
    model = build("demo-paper", *encoders)
    write(tmp_path / "model", model)
    shutil.rmtree(tmp_path / "hubert")
    shutil.rmtree(tmp_path / "roberta")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: pytest.fail("asked the hub"))
    restored = restore_model(tmp_path / "model")
    utterances = write_utterances(tmp_path, 2)
    inputs = restored.reader.read(utterances)
    with torch.no_grad():
        assert restored.system(inputs).equal(model.system.eval()(model.reader.read(utterances)))
    assert not restored.encoders.audio.normalise
    texts = [path.read_text() for path in (tmp_path / "model").glob("*_encoder/*.json")]
    assert len(texts) == 5 and not any(str(tmp_path) in text for text in texts)
    assert restored.encoders.tokenizer.model_max_length == 24


def test_layer_drop_and_spec_augment_survive(tmp_path):
    """Training goes through zeroes of its own, which must not be what is stored."""
    model = build("demo-audio-only", "audio_encoder.layer_drop=0.25", "audio_encoder.spec_augment=true")
    model.system.train()(model.reader.read(write_utterances(tmp_path, 2)))
    encoder = restore_model(write(tmp_path / "model", model)).encoders.audio
    assert (encoder.layer_drop, encoder.spec_augment) == (0.25, True)


def test_an_older_folder_is_replaced(folder):
    (folder / "stale.txt").write_text("from before")
    write(folder, build("demo-text-only"))
    assert not (folder / "stale.txt").exists() and not (folder / "audio_encoder").exists()
    assert restore_model(folder).recipe.system == "text"


def change_description(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_weights(folder, change):
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "config.json").unlink(), r"model: no config\.json, so not an emoduet model\. A model folder"),
        (lambda f: (f / "config.json").write_text("{"), r"config\.json: not readable as JSON \(.*\)\. Copy"),
        (lambda f: (f / "config.json").write_text("[]"), r"json: not an emoduet model \(no format = 'emoduet'\)"),
        (lambda f: change_description(f, format="bert"), r"not an emoduet model \(no format = 'emoduet'\)\. A model"),
        (lambda f: change_description(f, format_version=2), r"format version 2; this emoduet reads version 1\. Use"),
        (lambda f: change_description(f, format_version=None), r"format version None; this emoduet reads version 1"),
        (lambda f: (f / "model.safetensors").unlink(), r"model: no model\.safetensors; copy the folder again, whole"),
        (lambda f: (f / "model.safetensors").write_bytes(b"?"), r"not a safetensors file \(.*\); copy it again"),
        (lambda f: shutil.rmtree(f / "audio_encoder"), r"model: the cross-modal system's encoder folders are not all"),
        (lambda f: shutil.rmtree(f / "text_encoder"), r"model: the cross-modal system's encoder folders are not all"),
        (lambda f: (f / "audio_encoder" / "config.json").unlink(), r"audio_encoder: no config\.json"),
        (lambda f: (f / "audio_encoder" / "preprocessor_config.json").unlink(), r"audio_encoder: no preprocessor_conf"),
        (lambda f: (f / "text_encoder" / "tokenizer.json").unlink(), r"text_encoder: no tokenizer; copy"),
        (
            lambda f: change_weights(f, lambda weights: weights.pop("classifier.bias")),
            r"model: 1 weights do not fit, such as classifier\.bias: got none, want \(4,\)",
        ),
        (
            lambda f: change_weights(f, lambda weights: weights.update(extra=torch.zeros(3))),
            r"model: 1 weights do not fit, such as extra: got \(3,\), want none",
        ),
        (
            lambda f: change_weights(f, lambda weights: weights.update({"classifier.bias": torch.zeros(5)})),
            r"classifier\.bias: got \(5,\), want \(4,\)\. config\.json and model\.safetensors belong to different",
        ),
    ],
)
def test_a_spoilt_folder_is_refused(folder, spoil, message):
    spoil(folder)
    with pytest.raises(CheckpointError, match=message):
        restore_model(folder)


def test_the_temperature_is_kept(folder):
    assert restore_model(folder).temperature == 1.0
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"temperature": 1.7}))
    assert restore_model(folder).temperature == 1.7


@pytest.mark.parametrize("wrong", [0, -1.0, "hot", None, float("inf")])
def test_a_temperature_that_is_none_is_refused(folder, wrong):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"temperature": wrong}))
    with pytest.raises(CheckpointError, match="gives the temperature .*; need a number above 0"):
        restore_model(folder)


@pytest.mark.parametrize("recipe", [{"system": "audio"}, {"cross_modal_attention": 3}, "paper", None])
def test_a_recipe_that_does_not_validate_is_refused_with_advice(folder, recipe):
    change_description(folder, recipe=recipe)
    with pytest.raises(CheckpointError, match=r"recipe .*model: \d+ problem\(s\)") as caught:
        restore_model(folder)
    assert "another version of emoduet wrote it: use that version, or train again" in str(caught.value)


@torch.no_grad()
def test_a_model_older_than_a_key_of_its_recipe_answers_as_it_did(folder, tmp_path):
    """Before `cma_1_keys`, CMA-1 attended to the projected words."""
    inputs = restore_model(folder).reader.read(write_utterances(tmp_path, 2))
    recipe = json.loads((folder / "config.json").read_text())["recipe"]
    assert recipe["cross_modal_attention"].pop("cma_1_keys") == "projected"
    before = restore_model(folder).system(inputs)
    change_description(folder, recipe=recipe)
    assert restore_model(folder).system(inputs).equal(before)


def test_a_key_that_a_model_has_is_not_touched(tmp_path):
    model = build("demo-paper", 'cross_modal_attention.cma_1_keys="encoder"')
    assert restore_model(write(tmp_path / "model", model)).recipe == model.recipe


def test_a_folder_that_is_not_there():
    with pytest.raises(CheckpointError, match=r"^/nowhere/model: no such folder"):
        restore_model("/nowhere/model")


def test_a_kill_while_writing_leaves_the_older_folder(folder, monkeypatch):
    monkeypatch.setattr("emoduet.pretrained.encoders._preprocessor", lambda normalise: {"unwritable": object()})
    with pytest.raises(TypeError, match="not JSON serializable"):
        write(folder, build("demo-audio-only"))
    assert restore_model(folder).recipe.system == "cross-modal"
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_an_export_that_stands_alone_says_what_it_is_for(folder):
    (folder / "model.safetensors").unlink()
    (folder / "onnx").mkdir()
    (folder / "onnx" / "engine.json").write_text("{}")
    told = r"no model\.safetensors; it is an export that stands alone \(onnx\): give --engine to predict and evaluate"
    with pytest.raises(CheckpointError, match=told):
        restore_model(folder)
