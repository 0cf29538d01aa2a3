"""What a machine without network is told to type elsewhere is understood by the hub's own command line."""

import re
import shlex
from pathlib import Path

import huggingface_hub
import pytest
from click.testing import CliRunner
from huggingface_hub.cli import download, hf
from huggingface_hub.errors import LocalEntryNotFoundError

from emoduet.errors import CheckpointError
from emoduet.pretrained.conversion import convert_encoder
from emoduet.pretrained.loading import how_to_copy, load_audio_encoder

REPRODUCE = Path(__file__).parents[2] / "docs" / "reproduce.md"
ENCODER = ["*.json", "*.txt", "*.model", "*.safetensors"]
PICKLED = [*ENCODER, "pytorch_model.bin", "README.md"]


@pytest.fixture
def patterns_fetched(monkeypatch):
    """Runs an `hf download` command line without network; answers with the repository and the patterns it fetches."""
    asked = []
    monkeypatch.setattr(download, "snapshot_download", lambda **options: asked.append(options) or "folder")

    def run(command: str) -> tuple[str, list[str]]:
        program, *arguments = shlex.split(command)
        assert program == "hf"
        result = CliRunner().invoke(hf.app, arguments)
        assert result.exit_code == 0, result.output
        return asked[-1]["repo_id"], asked[-1]["allow_patterns"]

    return run


@pytest.fixture
def offline(monkeypatch):
    def unreachable(name, **options):
        raise LocalEntryNotFoundError("Cannot find an appropriate cached snapshot folder")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)


def commands(text: str, program: str) -> list[str]:
    """The command lines of a program, set off by backquotes or on lines of their own."""
    return re.findall(rf"(?:^|`)({program} [^`\n]+)", text, flags=re.MULTILINE)


def test_an_encoder_s_files_are_fetched_by_the_command_advised(offline, patterns_fetched):
    with pytest.raises(CheckpointError) as caught:
        load_audio_encoder("facebook/wav2vec2-large-lv60")
    (command,) = commands(str(caught.value), "hf")
    assert patterns_fetched(command) == ("facebook/wav2vec2-large-lv60", ENCODER)
    assert "--include '*.bin' as well, and then `emoduet convert FOLDER --out NEW`" in str(caught.value)
    assert patterns_fetched(f"{command} --include '*.bin'")[1] == [*ENCODER, "*.bin"]


def test_a_pickled_encoder_s_files_are_fetched_by_the_command_advised(offline, patterns_fetched, tmp_path):
    with pytest.raises(CheckpointError) as caught:
        convert_encoder("facebook/wav2vec2-large-lv60", tmp_path / "new")
    (command,) = commands(str(caught.value), "hf")
    assert patterns_fetched(command) == ("facebook/wav2vec2-large-lv60", PICKLED)
    assert str(caught.value).endswith("copy FOLDER here and give its path instead of the name.")


def test_the_documented_commands_fetch_what_they_name(patterns_fetched):
    fetched = dict(map(patterns_fetched, commands(REPRODUCE.read_text(encoding="utf-8"), "hf")))
    assert fetched == {
        "bert-base-uncased": ["*.json", "*.txt", "*.safetensors"],
        "facebook/wav2vec2-large-lv60": ["*.json", "*.bin"],
    }


def test_a_folder_of_no_known_origin_is_fetched_from_a_repository(patterns_fetched):
    (command,) = commands(how_to_copy("REPOSITORY", PICKLED), "hf")
    assert patterns_fetched(command) == ("REPOSITORY", PICKLED)
