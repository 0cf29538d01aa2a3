"""`emoduet convert`: tensors get through, code does not."""

import os
import pickle
from pathlib import Path

import huggingface_hub
import pytest
import torch
from safetensors.torch import load_file
from small_encoders import save_text_encoder
from typer.testing import CliRunner, Result

from emoduet.cli import app
from emoduet.pretrained.loading import load_text_encoder


def convert(encoder: Path, out: Path) -> Result:
    return CliRunner().invoke(app, ["convert", str(encoder), "--out", str(out)])


class Intruder:
    """Unpickled, it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.folder),)


@pytest.fixture
def pickled(tmp_path) -> Path:
    """An encoder as old checkpoints are: its weights pickled, two of them sharing memory."""
    folder = tmp_path / "old"
    save_text_encoder(folder, "bert")
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    (folder / "training_args.bin").write_bytes(b"rubbish")
    weights["shared"] = weights["bert.embeddings.word_embeddings.weight"].T
    torch.save(weights, folder / "pytorch_model.bin")
    return folder


def test_weights_stay_the_same(pickled, tmp_path):
    result = convert(pickled, tmp_path / "new")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{tmp_path / 'new'}: set audio_encoder.name or text_encoder.name to it\n"
    before = torch.load(pickled / "pytorch_model.bin", weights_only=True)
    after = load_file(tmp_path / "new" / "model.safetensors")
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]


def test_the_new_folder_loads_where_the_old_does_not(pickled, tmp_path):
    convert(pickled, tmp_path / "new")
    encoder, tokenizer = load_text_encoder(str(tmp_path / "new"))
    assert encoder.hidden_size == 16 and tokenizer.tokenize("what")


@pytest.mark.parametrize("pickler", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))])
def test_a_malicious_pickle_does_not_run(pickled, tmp_path, pickler):
    pickler({"weight": Intruder(tmp_path / "owned")}, pickled / "pytorch_model.bin")
    result = convert(pickled, tmp_path / "new")
    assert result.exit_code == 1
    path = pickled / "pytorch_model.bin"
    assert result.stderr == f"error: {path}: holds more than tensors, or is damaged; not converted\n"
    assert not (tmp_path / "owned").exists() and not (tmp_path / "new").exists()


def test_the_intruder_would_have_run(tmp_path):
    pickle.loads(pickle.dumps(Intruder(tmp_path / "owned")))
    assert (tmp_path / "owned").is_dir()


@pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
def test_a_damaged_file(pickled, tmp_path, share):
    path = pickled / "pytorch_model.bin"
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    result = convert(pickled, tmp_path / "new")
    assert result.exit_code == 1
    assert "holds more than tensors, or is damaged; not converted" in result.stderr


@pytest.mark.parametrize("value", [[1, 2], {"epoch": 3}])
def test_something_else_than_weights(pickled, tmp_path, value):
    torch.save(value, pickled / "pytorch_model.bin")
    result = convert(pickled, tmp_path / "new")
    assert result.exit_code == 1
    assert "not a plain mapping of names to tensors; not converted" in result.stderr


def test_an_encoder_that_needs_no_conversion(tmp_path):
    save_text_encoder(tmp_path / "good", "bert")
    result = convert(tmp_path / "good", tmp_path / "new")
    assert result.exit_code == 1
    assert result.stderr == f"error: {tmp_path / 'good'}: its weights are .safetensors already; use it as it is\n"


def test_a_folder_without_any_weights_says_which_files_to_fetch(pickled, tmp_path):
    (pickled / "pytorch_model.bin").unlink()
    result = convert(pickled, tmp_path / "new")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {pickled}: no pytorch_model.bin to convert and no .safetensors. On a ")
    assert "`hf download REPOSITORY --local-dir FOLDER --include '*.json' " in result.stderr
    assert "--include 'pytorch_model.bin' " in result.stderr


def test_weights_that_the_hub_s_cache_lacks_name_their_repository(pickled, tmp_path, monkeypatch):
    """Offline, the hub's library answers with what an earlier load left in its cache: all but the pickle."""
    (pickled / "pytorch_model.bin").unlink()
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, **options: pickled)
    result = CliRunner().invoke(app, ["convert", "org/old", "--out", str(tmp_path / "new")])
    assert result.stderr.startswith("error: org/old: no pytorch_model.bin to convert and no .safetensors. On a ")
    assert "`hf download org/old --local-dir FOLDER" in result.stderr


# Nothing is lost


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_is_not_converted_onto_itself(pickled, monkeypatch):
    before = contents(pickled)
    monkeypatch.chdir(pickled.parent)
    for out in (pickled, Path("old"), pickled / ".." / "old"):
        result = convert(Path("old"), out)
        assert result.exit_code == 1
        assert (
            result.stderr == f"error: {out}: is the folder to convert, whose files would be lost; give another --out\n"
        )
    assert contents(pickled) == before


def test_a_folder_of_something_else_stays(pickled, tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "config.json").write_text("{}")
    result = convert(pickled, tmp_path / "letters")
    assert result.exit_code == 1
    assert result.stderr == (
        f"error: {tmp_path / 'letters'}: holds other files, which would be lost; give a folder that is empty or does "
        "not exist yet\n"
    )
    assert contents(tmp_path / "letters") == {"config.json": b"{}"}


def test_a_file_stays(pickled, tmp_path):
    (tmp_path / "letter").write_text("dear")
    result = convert(pickled, tmp_path / "letter")
    assert result.exit_code == 1
    assert "letter: is a file, where a folder is to be; give another path" in result.stderr
    assert (tmp_path / "letter").read_text() == "dear"


def test_an_empty_folder_is_filled(pickled, tmp_path):
    (tmp_path / "new").mkdir()
    assert convert(pickled, tmp_path / "new").exit_code == 0
    assert (tmp_path / "new" / "model.safetensors").is_file()
