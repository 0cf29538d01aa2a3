"""What is no classifier, or not a whole one, is refused before it answers, and the message says what to do."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from small_encoders import save_audio_encoder, save_text_encoder
from tiny_classifiers import ENCODERS, SUPERB, save_audio_classifier, save_text_classifier
from tokenizers.processors import TemplateProcessing
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from emoduet.errors import CheckpointError
from emoduet.pretrained.classification import load_audio_classifier, load_text_classifier


def change_config(folder: Path, **settings: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def change_preprocessor(folder: Path, **settings: object) -> None:
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def without(folder: Path, part: str) -> None:
    """Takes weights out of the file."""
    weights = {name: one for name, one in load_file(folder / "model.safetensors").items() if part not in name}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize("family", ENCODERS)
def test_an_encoder_without_a_head_that_hears(tmp_path, family):
    save_audio_encoder(tmp_path, family)
    with pytest.raises(CheckpointError, match=r"4 weights are missing.* such as classifier\.bias.* made up at random"):
        load_audio_classifier(str(tmp_path))


@pytest.mark.parametrize(("family", "lacking"), [("bert", 2), ("roberta", 4), ("distilbert", 4)])
def test_an_encoder_without_a_head_that_reads(tmp_path, family, lacking):
    model = save_text_encoder(tmp_path, family)
    called = type(model).__name__
    with pytest.raises(
        CheckpointError, match=rf"{lacking} weights are missing.*calls it {called}\. Need .* text class"
    ):
        load_text_classifier(str(tmp_path))


def test_a_checkpoint_without_its_mask_vector_is_whole(tmp_path):
    save_audio_classifier(tmp_path, "wav2vec2-layer")
    without(tmp_path, "masked_spec_embed")
    assert load_audio_classifier(str(tmp_path)).labels == SUPERB


def pickle_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")


def cut_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "config.json").unlink(), r"ear: no config\.json; need a transformers checkpoint"),
        (lambda f: (f / "config.json").write_text("{"), r"config\.json: not a transformers configuration"),
        (lambda f: (f / "config.json").write_text("[]"), r"config\.json: not a transformers configuration"),
        (lambda f: change_config(f, model_type="bert"), r"ear: holds a bert model; transformers has no audio class"),
        (
            lambda f: change_config(f, model_type="w2v-ser", auto_map={"AutoConfig": "own.Config"}),
            r"ear: a w2v-ser model that needs Python code of its own, which emoduet never runs",
        ),
        (
            lambda f: change_config(f, problem_type="regression", id2label={"0": "arousal", "1": "valence"}),
            r"ear: answers with 2 numbers \(arousal, valence\) that are no probabilities",
        ),
        (lambda f: change_config(f, id2label={"0": "valence"}), r"ear: answers with 1 numbers \(valence\)"),
        (
            lambda f: change_config(f, id2label={"0": "neu", "1": "hap", "3": "sad"}),
            r"ear: config\.json numbers its labels 0, 1, 3; need 0, 1, 2",
        ),
        (
            lambda f: change_config(f, id2label=dict(enumerate("abcde"))),
            r"ear: 2 weights are missing or of another size, such as classifier\.bias",
        ),
        (lambda f: without(f, "encoder.layers.1."), r"ear: 16 weights are missing.*Wav2Vec2ForSequenceClassification"),
        (lambda f: (f / "model.safetensors").unlink(), r"ear: has no weights; copy model\.safetensors"),
        (pickle_weights, r"ear: has no \.safetensors weights; emoduet does not unpickle\. .*emoduet convert"),
        (cut_weights, r"ear: cannot be loaded \(.*\); copy config\.json and all its \.safetensors"),
        (lambda f: change_config(f, add_adapter=True), r"ear: cannot be loaded \(.*adapters"),
        (lambda f: (f / "preprocessor_config.json").unlink(), r"ear: no preprocessor_config\.json"),
        (
            lambda f: change_preprocessor(f, sampling_rate=8_000),
            r"preprocessor_config\.json: sampling_rate 8000; emoduet takes 16 kHz",
        ),
        (
            lambda f: change_preprocessor(f, feature_extractor_type="TheirExtractor"),
            r"preprocessor_config\.json: no feature extractor that transformers knows \(",
        ),
    ],
)
def test_a_spoilt_checkpoint_that_hears(tmp_path, spoil, message):
    spoil(save_audio_classifier(tmp_path / "ear"))
    with pytest.raises(CheckpointError, match=message):
        load_audio_classifier(str(tmp_path / "ear"))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "tokenizer.json").unlink(), r"eye: no tokenizer; copy tokenizer\.json"),
        (lambda f: change_config(f, model_type="hubert"), r"eye: holds a hubert model; transformers has no text class"),
        (pickle_weights, r"eye: has no \.safetensors weights; emoduet does not unpickle"),
    ],
)
def test_a_spoilt_checkpoint_that_reads(tmp_path, spoil, message):
    spoil(save_text_classifier(tmp_path / "eye"))
    with pytest.raises(CheckpointError, match=message):
        load_text_classifier(str(tmp_path / "eye"))


def test_a_tokenizer_that_marks_kinds_of_tokens(tmp_path):
    """As XLNet's does; handing on the numbers of the tokens alone would change the answer."""
    save_text_classifier(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    backend = tokenizer.backend_tokenizer
    backend.post_processor = TemplateProcessing(single="$A:0 [SEP]:2", special_tokens=[("[SEP]", 3)])
    kinds = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="[PAD]", model_input_names=["input_ids", "token_type_ids"]
    )
    kinds.save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match=r"tokenizer marks tokens of one text as of several kinds"):
        load_text_classifier(str(tmp_path))


def test_code_beside_a_checkpoint_is_never_run(tmp_path):
    """A repository may name code of its own beside a family that transformers knows."""
    (tmp_path / "own.py").parent.mkdir(exist_ok=True)
    for folder in (save_audio_classifier(tmp_path / "ear"), save_text_classifier(tmp_path / "eye")):
        (folder / "own.py").write_text("raise SystemExit('the code was run')\n")
        classes = ("AutoConfig", "AutoModelForAudioClassification", "AutoModelForSequenceClassification")
        change_config(folder, auto_map=dict.fromkeys(classes, "own.Theirs"))
    change_preprocessor(tmp_path / "ear", auto_map={"AutoFeatureExtractor": "own.Theirs"})
    path = tmp_path / "eye" / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"auto_map": {"AutoTokenizer": [None, "own.Theirs"]}}))
    assert load_audio_classifier(str(tmp_path / "ear")).labels == SUPERB
    assert load_text_classifier(str(tmp_path / "eye"))[0].labels[0] == "anger"
