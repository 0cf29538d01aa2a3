"""Every checkpoint that cannot be used, in the true layout, and what the message tells its owner to do."""

import json
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError, RepositoryNotFoundError
from small_encoders import preprocessor, save_audio_encoder, save_text_encoder

from emoduet.errors import CheckpointError
from emoduet.pretrained.loading import (
    load_audio_encoder,
    load_text_encoder,
    load_tokenizer,
    locate,
    model_from_config,
    read_config,
    wants_normalised,
)


@pytest.fixture
def audio(tmp_path) -> Path:
    save_audio_encoder(tmp_path / "audio", "hubert")
    return tmp_path / "audio"


@pytest.fixture
def text(tmp_path) -> Path:
    save_text_encoder(tmp_path / "text", "bert")
    return tmp_path / "text"


def change_config(folder: Path, **settings: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def split_weights(folder: Path) -> None:
    """Names two shards of which only one was copied."""
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    index = {"metadata": {}, "weight_map": {"layer": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def pickle_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")


def cut_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])


def remove_tokenizer(folder: Path) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()


# What is right


@pytest.mark.parametrize(("settings", "wanted"), [({}, True), ({"do_normalize": False}, False)])
def test_the_preprocessor_says_whether_to_normalise(tmp_path, settings, wanted):
    save_audio_encoder(tmp_path, "wav2vec2-layer", **settings)
    assert load_audio_encoder(str(tmp_path)).normalise is wanted


def test_a_preprocessor_that_says_nothing_means_the_library_s_defaults(audio):
    (audio / "preprocessor_config.json").write_text("{}")
    assert wants_normalised(audio)


def test_weights_of_half_precision_are_computed_in_float32(tmp_path):
    save_audio_encoder(tmp_path, "wav2vec2-layer").half().save_pretrained(tmp_path)
    assert {weight.dtype for weight in load_audio_encoder(str(tmp_path)).parameters()} == {torch.float32}


def test_an_encoder_without_its_mask_vector_is_whole(tmp_path):
    """Checkpoints without SpecAugment have none."""
    model = save_audio_encoder(tmp_path, "wav2vec2-layer")
    weights = {name: tensor for name, tensor in model.state_dict().items() if "masked_spec_embed" not in name}
    model.save_pretrained(tmp_path, state_dict=weights)
    assert load_audio_encoder(str(tmp_path)).hidden_size == 16


def test_a_hub_name_is_fetched_without_pickles(monkeypatch, audio):
    asked = {}
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, **options: asked.update(options) or audio)
    assert locate("facebook/hubert-base-ls960") == audio
    assert asked == {"allow_patterns": ["*.json", "*.txt", "*.model", "*.safetensors"]}


def test_a_model_from_its_configuration_alone(text):
    model = model_from_config(read_config(text))
    assert model.config.hidden_size == 16 and model.pooler is None


@pytest.mark.parametrize(
    ("family", "model_max_length", "longest"),
    [("bert", None, 24), ("bert", 512, 24), ("bert", 10, 10), ("distilbert", None, 24), ("roberta", None, 24)],
)
def test_a_long_text_is_cut_at_the_encoder_s_longest_input(tmp_path, family, model_max_length, longest):
    """Tokenizers often set no limit; RoBERTa's 26 positions begin at 2."""
    save_text_encoder(tmp_path, family, model_max_length)
    encoder, tokenizer = load_text_encoder(str(tmp_path))
    ids = tokenizer("oh no " * 5_000, truncation=True, verbose=False)["input_ids"]
    assert len(ids) == longest
    assert ids[-1] == tokenizer.sep_token_id
    assert encoder([torch.tensor(ids)]).lengths == (longest,)


# What is wrong with a folder


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "config.json").unlink(), r"audio: no config\.json; need a transformers checkpoint folder"),
        (lambda f: (f / "config.json").write_text("{"), r"config\.json: not a transformers configuration \(It looks"),
        (lambda f: change_config(f, model_type="hmm"), r"not a transformers configuration \(.*model type `hmm`"),
        (lambda f: change_config(f, conv_dim=[1, 2]), r"config\.json: not a transformers configuration"),
        (
            lambda f: (f / "model.safetensors").unlink(),
            r"audio: has no weights; copy model\.safetensors beside .* pytorch_model\.bin",
        ),
        (pickle_weights, r"audio: has no \.safetensors weights; .* `emoduet convert .*audio --out FOLDER`"),
        (cut_weights, r"audio: weights that cannot be read \(.*header.*\); copy all its \.safetensors"),
        (split_weights, r"audio: weights that cannot be read \(.*model-00002-of-00002\.safetensors\); copy all"),
        (lambda f: change_config(f, num_hidden_layers=4), r"16 weights of the hubert encoder .* encoder\.layers\.3"),
        (lambda f: change_config(f, intermediate_size=64), r"9 weights .* or of another size, such as encoder\.layers"),
        (lambda f: (f / "preprocessor_config.json").unlink(), r"audio: no preprocessor_config\.json, .* copy it from"),
        (lambda f: (f / "preprocessor_config.json").write_text("{"), r"config\.json: not readable as JSON"),
        (lambda f: (f / "preprocessor_config.json").write_text("[]"), r"preprocessor_config\.json: got \[\]; want a"),
        (
            lambda f: (f / "preprocessor_config.json").write_text(json.dumps(preprocessor(sampling_rate=8_000))),
            r"preprocessor_config\.json: sampling_rate 8000; emoduet takes 16 kHz encoders",
        ),
    ],
)
def test_a_spoilt_audio_encoder(audio, spoil, message):
    spoil(audio)
    with pytest.raises(CheckpointError, match=message):
        load_audio_encoder(str(audio))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (remove_tokenizer, r"text: no tokenizer; copy tokenizer\.json \(or vocab\.txt\)"),
        (lambda f: (f / "tokenizer.json").write_text("{"), r"text: no usable tokenizer \(Expecting .*\); copy"),
        (pickle_weights, r"text: has no \.safetensors weights; emoduet does not unpickle"),
        (lambda f: change_config(f, vocab_size=7), r"1 weights of the bert encoder .* embeddings\.word_embeddings"),
    ],
)
def test_a_spoilt_text_encoder(text, spoil, message):
    spoil(text)
    with pytest.raises(CheckpointError, match=message):
        load_text_encoder(str(text))


def test_a_tokenizer_is_never_made_up(tmp_path):
    with pytest.raises(CheckpointError, match=r"no tokenizer; copy tokenizer\.json"):
        load_tokenizer(tmp_path)


def test_a_text_encoder_does_not_hear_and_an_audio_encoder_does_not_read(audio, text):
    with pytest.raises(CheckpointError, match=r"text: holds a bert model; as audio encoder emoduet takes wav2vec2"):
        load_audio_encoder(str(text))
    with pytest.raises(CheckpointError, match=r"audio: holds a hubert model; as text encoder emoduet takes bert, rob"):
        load_text_encoder(str(audio))


def test_pickles_of_the_hub_name_their_repository(monkeypatch, audio):
    """Nothing was fetched of them, so the folder holds no trace of a pickle."""
    (audio / "model.safetensors").unlink()
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, **options: audio)
    with pytest.raises(CheckpointError, match=r"org/old: has no \.saf.* `emoduet convert org/old --out FOLDER`"):
        load_audio_encoder("org/old")


# What is wrong with a name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("./encoders/bert", r"^\./encoders/bert: no such folder; give a checkpoint folder or a hub name"),
        ("/nowhere/bert", r"^/nowhere/bert: no such folder"),
        ("~/bert", r"^~/bert: no such folder"),
        ("models/encoders/bert", r"^models/encoders/bert: no such folder"),
        ("my encoder", r"^my encoder: neither a folder nor a hub name \(Repo id must"),
    ],
)
def test_a_name_that_is_neither_folder_nor_hub_name(name, message):
    with pytest.raises(CheckpointError, match=message):
        locate(name)


@pytest.mark.parametrize(
    "error",
    [
        LocalEntryNotFoundError("Cannot find an appropriate cached snapshot folder\nand more"),
        RepositoryNotFoundError("Cannot find it", response=SimpleNamespace(headers={}, request=None)),
        ConnectionError("Cannot find the host"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_unreachable_hub_says_how_to_copy_the_folder(monkeypatch, error):
    def unreachable(name, **options):
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(CheckpointError) as caught:
        load_text_encoder("bert-base-uncased")
    message = str(caught.value)
    assert message.startswith("bert-base-uncased: neither a folder here nor reachable on the hub (Cannot find ")
    assert "`hf download bert-base-uncased --local-dir FOLDER --include '*.json' --include '*.txt'" in message
    assert "copy FOLDER here and give its path instead of the name." in message


def test_the_library_s_own_answer_when_offline(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CheckpointError, match=r"^bert-base-uncased: neither a folder here nor reachable on the hub \("):
        locate("bert-base-uncased")
