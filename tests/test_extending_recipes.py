"""Recipes that change another: section by section, from the package or from beside them."""

import json

import pytest

from emoduet.config import read_recipe, recipe_names
from emoduet.errors import ConfigError


@pytest.fixture
def written(tmp_path):
    """Writes a recipe's file; returns its path."""

    def write(text, name="mine.toml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return write


def values(recipe):
    return recipe.model_dump(mode="json")


def test_what_is_not_said_stays(written):
    path = written('extends = "paper"\nname = "mine"\n[training]\nepochs = 3\n[optimizer]\nhead_factor = 2.0\n')
    wanted = values(read_recipe("paper"))
    wanted["name"], wanted["training"]["epochs"], wanted["optimizer"]["head_factor"] = "mine", 3, 2.0
    assert values(read_recipe(path)) == wanted


def test_json_extends_too(written):
    path = written(json.dumps({"extends": "paper", "training": {"epochs": 3}}), "mine.json")
    assert read_recipe(path) == read_recipe("paper", ["training.epochs=3"])


def test_an_empty_section_takes_one_away(written):
    path = written(
        'extends = "paper"\nsystem = "audio"\ntext_encoder = {}\ntext_projection = {}\n[cross_modal_attention]\n'
    )
    recipe = read_recipe(path)
    assert recipe.text_encoder is recipe.text_projection is recipe.cross_modal_attention is None
    assert recipe.audio_features == read_recipe("paper").audio_features


def test_one_section_in_the_place_of_another(written):
    path = written(
        'extends = "audio-only"\naudio_encoder = {}\n[frames]\nkind = "mfcc"\nsize = 13\nstandardise = "training"\n'
    )
    assert read_recipe(path).front_ends == {"audio": "mfcc"}


def test_overrides_come_last(written):
    path = written('extends = "paper"\n[training]\nepochs = 3\n')
    assert read_recipe(path, ["training.epochs=4"]).training.epochs == 4


def test_a_file_beside_it(written, monkeypatch, tmp_path):
    base = read_recipe("text-only").model_dump(mode="json", exclude_none=True)
    written(json.dumps(base | {"title": "Beside"}), "base.json")
    path = written('extends = "base.json"\nname = "mine"\n')
    monkeypatch.chdir("/")
    assert (read_recipe(path).name, read_recipe(path).title) == ("mine", "Beside")
    monkeypatch.chdir(tmp_path)
    assert read_recipe("mine.toml") == read_recipe(path)
    assert read_recipe(written(f'extends = "{tmp_path}/base.json"\n', "far.toml")).title == "Beside"


def test_a_packaged_name_is_the_packaged_recipe(written, monkeypatch, tmp_path):
    written("nonsense", "probe-audio")
    monkeypatch.chdir(tmp_path)
    assert read_recipe("demo-probe-audio").system == "probe-audio"
    assert read_recipe(written('extends = "probe-audio"\n')).system == "probe-audio"


def test_changes_of_changes(written):
    written('extends = "audio-only"\n[training]\nepochs = 3\nbatch_size = 4\n', "base.toml")
    path = written('extends = "base.toml"\n[training]\nepochs = 5\n')
    assert read_recipe(path) == read_recipe("audio-only", ["training.epochs=5", "training.batch_size=4"])


def test_a_circle_is_told_whole(written):
    written('extends = "b.toml"', "a.toml")
    path = written('extends = "a.toml"', "b.toml")
    told = r"recipe \S*b\.toml: \S*b\.toml extends \S*a\.toml extends \S*b\.toml, in a circle"
    with pytest.raises(ConfigError, match=told):
        read_recipe(path)


def test_every_packaged_recipe_says_its_own_name():
    assert [name for name in recipe_names() if read_recipe(name).name != name] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'extends = "papre"',
            r"recipe .*mine\.toml: extends papre, which is neither a packaged recipe nor a file beside it; packaged",
        ),
        ("extends = 3", r"mine\.toml: extends 3, which is neither"),
        ('extends = "mine.toml"', r"mine\.toml extends \S*mine\.toml, in a circle; break it"),
        (
            'extends = "paper"\n[audio_encodr]',
            r"mine\.toml: audio_encodr is empty, which takes a section away, but there is none of that name",
        ),
        (
            'extends = "paper"\n[text_encoder]',
            r"mine\.toml: 1 problem.*\n.*text_encoder or words is missing from the cros",
        ),
        ('extends = "paper"\n[training]\nepoch = 3', r"mine\.toml: 1 problem.*\n  training\.epoch: Extra inputs"),
        (
            'extends = "paper"\ntraining = 3',
            r"mine\.toml: 1 problem.*\n  training: Input should be a valid .*\(got 3\)",
        ),
    ],
)
def test_changes_that_are_refused(written, text, message):
    with pytest.raises(ConfigError, match=message):
        read_recipe(written(text))


def test_what_is_extended_is_no_key_of_the_recipe():
    with pytest.raises(ConfigError, match="extends: Extra inputs are not permitted"):
        read_recipe("paper", ["extends=demo-paper"])
