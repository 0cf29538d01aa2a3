"""A model folder gives its front ends back: the same answers bit for bit, no pickle, and a reason where it cannot."""

import json
import logging
import shutil
import sys

import pytest
import torch
from noisy_utterances import WORDS, write_utterances

from emoduet.build import build_model, restore_model
from emoduet.checkpoint import read_checkpoint, write_checkpoint
from emoduet.config import read_recipe
from emoduet.errors import CheckpointError, InputError
from emoduet.front_ends.phonemes import PhonemeTokenizer
from emoduet.front_ends.pronunciation import pronunciations
from emoduet.front_ends.reading import read_frames, read_token_vectors

FRAMES = {"kind": "mfcc", "size": 13, "standardise": "utterance"}
RECIPES = ["demo-lstm-attention", "demo-self-attention-text", "demo-mcnn-phonemes"]


def build(name, *overrides):
    torch.manual_seed(0)
    return build_model(read_recipe(name, overrides), WORDS)


def write(folder, model):
    description = {"recipe": model.recipe.model_dump(mode="json", exclude_none=True)}
    write_checkpoint(folder, model.system, model.encoders, description, card="# A model\n")
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A folder of words and one of phonemes, to be copied and spoilt."""
    root = tmp_path_factory.mktemp("models")
    return {kind: write(root / kind, build(name)) for kind, name in zip(("frames", "words", "phonemes"), RECIPES)}


@pytest.fixture
def words(folders, tmp_path):
    return shutil.copytree(folders["words"], tmp_path / "model")


@pytest.fixture
def phonemes(folders, tmp_path):
    return shutil.copytree(folders["phonemes"], tmp_path / "model")


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


@torch.no_grad()
@pytest.mark.parametrize("name", RECIPES)
def test_answers_are_the_same_bit_for_bit(tmp_path, name):
    utterances = write_utterances(tmp_path, 4)
    model = build(name)
    expected = model.system.eval()(model.reader.read(utterances))
    torch.manual_seed(1)
    restored = restore_model(write(tmp_path / "model", model))
    assert restored.system(restored.reader.read(utterances)).equal(expected)
    assert not any(weight.requires_grad for weight in restored.system.parameters())
    assert restored.encoders.forms() == model.encoders.forms()
    again = restore_model(write(tmp_path / "again", restored))
    assert again.system(again.reader.read(utterances)).equal(expected)


@torch.no_grad()
def test_vectors_of_a_file_are_in_the_folder(tmp_path):
    """The file is not asked for again."""
    (tmp_path / "given.txt").write_text("lovely" + " 0.5" * 4 + "\nday" + " 0.25" * 4 + "\n")
    settings = [f"words.vectors={tmp_path / 'given.txt'}", "words.size=4", "words.trains=false", "words.min_count=1"]
    folder = write(tmp_path / "model", build("demo-self-attention-text", *settings))
    (tmp_path / "given.txt").unlink()
    restored = restore_model(folder)
    row = restored.encoders.tokenizer.convert_tokens_to_ids("lovely")
    assert restored.encoders.text.table.weight[row].tolist() == [0.5] * 4
    assert "from given.txt" in restored.encoders.forms() and "not trained" in restored.encoders.forms()


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("frames", []),
        ("words", ["text_encoder/tokenizer.json", "text_encoder/tokenizer_config.json"]),
        ("phonemes", ["text_encoder/phonemes.json"]),
    ],
)
def test_a_folder_holds_no_pickle(folders, kind, files):
    sides = {"frames": ["audio"], "words": ["text"], "phonemes": ["audio", "text"]}[kind]
    expected = ["README.md", "config.json", "model.safetensors", *files]
    expected += [f"{side}_encoder/front_end.json" for side in sides]
    found = [str(path.relative_to(folders[kind])) for path in folders[kind].rglob("*") if path.is_file()]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("kind", ["words", "phonemes"])
def test_the_tokenizer_numbers_as_before(folders, kind):
    restored = read_checkpoint(folders[kind]).encoders.tokenizer
    name = dict(zip(("words", "phonemes"), RECIPES[1:]))[kind]
    built = build(name).encoders.tokenizer
    assert isinstance(restored, PhonemeTokenizer) == (kind == "phonemes")
    for text in ("Oh no, I HATE 23 zebras!", "", "[LAUGHTER] don't", "no " * 5000):
        numbers = built(text, truncation=True, verbose=False)["input_ids"]
        assert restored(text, truncation=True, verbose=False)["input_ids"] == numbers


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "front_end.json").write_text("{"), r"front_end\.json: not the settings of a front end"),
        (lambda f: (f / "front_end.json").write_text("[]"), r"front_end\.json: .*got \[\].*; copy the folder again"),
        (lambda f: change(f / "front_end.json", num_tokens="many"), r"front_end\.json: .*'many'"),
        (lambda f: change(f / "front_end.json", num_tokens=-1), r"front_end\.json: not the settings"),
        (lambda f: (f / "front_end.json").write_text("{}"), r"front_end\.json: .*KeyError\('num_tokens'\)"),
        (
            lambda f: change(f / "front_end.json", num_tokens=7),
            r"a tokenizer of \d+ tokens and a table of 7; they belong",
        ),
        (lambda f: (f / "front_end.json").unlink(), r"text_encoder: no config\.json"),
    ],
)
@pytest.mark.parametrize("kind", ["words", "phonemes"])
def test_a_spoilt_table_is_refused(request, kind, spoil, message):
    folder = request.getfixturevalue(kind)
    spoil(folder / "text_encoder")
    with pytest.raises(CheckpointError, match=message):
        restore_model(folder)


def test_words_without_their_tokenizer_are_refused(words):
    (words / "text_encoder" / "tokenizer.json").unlink()
    with pytest.raises(CheckpointError, match=r"text_encoder: no tokenizer; copy tokenizer\.json"):
        restore_model(words)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text("none"),
        lambda path: change(path, symbols=None),
        lambda path: change(path, symbols=["a"]),
        lambda path: change(path, symbols=["[UNK]", "[SEP]", "a", "a"]),
        lambda path: change(path, max_phonemes=0),
        lambda path: change(path, max_phonemes="all"),
    ],
)
def test_spoilt_phonemes_are_refused(phonemes, spoil):
    spoil(phonemes / "text_encoder" / "phonemes.json")
    with pytest.raises(
        CheckpointError, match=r"phonemes\.json: not the settings of a front end \(.+\); copy the folder"
    ):
        restore_model(phonemes)


def test_phonemes_of_another_gruut_are_told(phonemes, caplog):
    read_checkpoint(phonemes)
    assert "pronounce" not in caplog.text
    change(phonemes / "text_encoder" / "phonemes.json", libraries={"gruut": "1.0"})
    with caplog.at_level(logging.WARNING):
        read_checkpoint(phonemes)
    assert "its phonemes are those of {'gruut': '1.0'}; here is" in caplog.text


def test_frames_of_another_library_are_told(folders, tmp_path, caplog):
    folder = shutil.copytree(folders["frames"], tmp_path / "model") / "audio_encoder"
    read_frames(folder)
    assert "frames" not in caplog.text
    change(folder / "front_end.json", libraries={"kaldi-native-fbank": "1.0"})
    with caplog.at_level(logging.WARNING):
        read_frames(folder)
    assert "its frames are those of {'kaldi-native-fbank': '1.0'}; here is" in caplog.text


def test_phonemes_without_gruut_name_the_extra(phonemes, monkeypatch):
    monkeypatch.setitem(sys.modules, "gruut", None)
    pronunciations.cache_clear()
    with pytest.raises(InputError, match=r"pip install 'emoduet\[baselines\]'"):
        restore_model(phonemes)


def test_spoilt_frames_are_refused(folders, tmp_path):
    folder = shutil.copytree(folders["frames"], tmp_path / "model") / "audio_encoder"
    for settings, reason in (
        ({"kind": "mfcc"}, "KeyError"),
        (FRAMES | {"kind": "smells"}, "ConfigError.*there is none"),
        (FRAMES | {"standardise": True}, "ConfigError.*frames.standardise 'True': choose one of"),
    ):
        (folder / "front_end.json").write_text(json.dumps(settings))
        with pytest.raises(CheckpointError, match=rf"front_end\.json: not the settings of a front end \({reason}"):
            read_frames(folder)


def test_a_table_comes_empty(words):
    front_end, tokenizer = read_token_vectors(words / "text_encoder")
    assert front_end.table.weight.shape[0] == len(tokenizer)
    assert not front_end.table.weight.any()
