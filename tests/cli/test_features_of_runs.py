"""`--features` and `--no-features` of the commands that train."""

from pathlib import Path

import pytest
from easy_corpus import small, small_recipe, write_easy_corpus
from typer.testing import CliRunner, Result

from emoduet.cli import app
from emoduet.features import default_root, stores

FROZEN = small("demo-text-only", "training.epochs=1", "text_encoder.freeze=all")
SETTINGS = [part for one in FROZEN for part in ("--set", one)]
RECIPE = ("demo-text-only", *SETTINGS)
COMMANDS = {
    "run": ("run", *RECIPE, "--folds", "1"),
    "train": ("train", *RECIPE, "--hold-out-session", "S3"),
    "control": ("control", "--recipe", *RECIPE, "--folds", "1", "--shuffles", "1"),
    "reproduce": ("reproduce", "--demo", "--folds", "1", "--protocols", "loso"),
}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    return write_easy_corpus(tmp_path_factory.mktemp("easy"))


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return default_root()


@pytest.fixture(autouse=True)
def one_small_epoch(monkeypatch):
    """Of each recipe that `reproduce` reads."""
    monkeypatch.setattr(
        "emoduet.reproduction.read_recipe", lambda name, overrides=(): small_recipe(name, "training.epochs=1")
    )


def emoduet(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.mark.parametrize("command", COMMANDS)
def test_they_are_stored_in_the_folder_that_is_named(manifest, tmp_path, home, command):
    options = ("-m", manifest, "-o", tmp_path / "out", "--features", tmp_path / "here")
    result = emoduet(*COMMANDS[command], *options)
    assert result.exit_code == 0 or command == "control", result.output  # which fails where luck is with it
    kinds = {store.description.source.kind for store in stores(tmp_path / "here")}
    assert kinds == ({"audio", "text"} if command == "reproduce" else {"text"})
    assert not home.exists()


def test_they_are_stored_in_the_home_folder_unless_told_otherwise(manifest, tmp_path, home):
    result = emoduet(*COMMANDS["run"], "-m", manifest, "-o", tmp_path / "out")
    (store,) = stores(home)
    assert "text (last): 24 utterances stored in" in " ".join(result.stderr.split())
    assert store.folder.name in "".join(result.stderr.split())


def test_nothing_is_stored_where_that_is_asked_for(manifest, tmp_path, home):
    result = emoduet(*COMMANDS["run"], "-m", manifest, "-o", tmp_path / "out", "--no-features")
    assert result.exit_code == 0, result.output
    assert not home.exists() and "utterances stored" not in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_both_options_at_once_are_refused(manifest, tmp_path, command):
    options = ("-m", manifest, "-o", tmp_path / "out", "--no-features", "--features", tmp_path / "here")
    result = emoduet(*COMMANDS[command], *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--features and --no-features contradict each other" in " ".join(result.stderr.replace("│", " ").split())
    assert not (tmp_path / "out").exists()


def test_noise_keeps_sounds_out_of_the_store_and_says_so(manifest, tmp_path, home):
    settings = [part for one in small("demo-audio-only", "training.epochs=1") for part in ("--set", one)]
    noise = ("--set", "augmentation.noise_snr=[10,30]")
    result = emoduet(
        "run", "demo-audio-only", *settings, *noise, "--folds", "1", "-m", manifest, "-o", tmp_path / "out"
    )
    assert result.exit_code == 0, result.output
    assert "features of sounds are not stored: augmentation" in " ".join(result.stderr.split())
    assert not home.exists()
