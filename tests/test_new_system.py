"""Adding a system takes one file and one recipe: the very blocks of docs/baselines.md, run."""

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
from easy_corpus import write_easy_corpus
from small_runs import CPU, read_json
from typer.testing import CliRunner, Result

import emoduet.systems
from emoduet.cli import app
from emoduet.config import read_recipe
from emoduet.errors import ConfigError
from emoduet.experiment import Experiment, run_experiment
from emoduet.systems.catalogue import system_names

PAGE = Path(__file__).parents[1] / "docs" / "baselines.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RECIPE = "word-mean.toml"


def blocks_of_the_page() -> tuple[str, str, str]:
    """The system's file, its recipe, and what its package declares."""
    section = PAGE.read_text(encoding="utf-8").split("## Add a system\n")[1].split("\n## ")[0]
    found = BLOCK.findall(section)
    assert [language for language, _ in found] == ["python", "toml", "toml"]
    code, recipe, package = (text for _, text in found)
    return code, recipe, package


@pytest.fixture
def recipe(tmp_path) -> Path:
    (tmp_path / RECIPE).write_text(blocks_of_the_page()[1], encoding="utf-8")
    return tmp_path / RECIPE


@pytest.fixture
def installed(tmp_path, monkeypatch) -> None:
    """The page's package as pip leaves it: a module, and beside it what the package declares."""
    code, _, package = blocks_of_the_page()
    project = tomllib.loads(package)["project"]
    place = tmp_path / "site"
    metadata = place / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    metadata.mkdir(parents=True)
    (place / "my_systems.py").write_text(code, encoding="utf-8")
    named = {"Metadata-Version": "2.1", "Name": project["name"], "Version": project["version"]}
    (metadata / "METADATA").write_text("".join(f"{key}: {value}\n" for key, value in named.items()))
    declared = project["entry-points"]["emoduet.systems"]
    lines = [f"{name} = {place}\n" for name, place in declared.items()]
    (metadata / "entry_points.txt").write_text("[emoduet.systems]\n" + "".join(lines))
    monkeypatch.syspath_prepend(place)
    monkeypatch.delitem(sys.modules, "my_systems", raising=False)


def emoduet_says(*words: object) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.usefixtures("installed")
def test_a_declared_system_runs_and_its_model_answers(recipe, tmp_path):
    assert "word-mean" in system_names()
    manifest, out = write_easy_corpus(tmp_path / "easy"), tmp_path / "run"
    emoduet_says("run", recipe, "-m", manifest, "-o", out, "--folds", "1", "--device", "cpu", "--no-features")
    assert read_json(out / "summary.json")["pooled_ua"]["mean"] == 1.0, "each class has words of its own"
    model = out / "fold1-seed0" / "checkpoint"
    answer = json.loads(emoduet_says("predict", model, "--text", "a joy", "--device", "cpu", "--json").stdout)
    assert max(answer["probabilities"], key=answer["probabilities"].get) == "happy"


def test_a_file_beside_the_others_is_a_system(recipe, tmp_path, monkeypatch):
    folder = tmp_path / "systems"
    folder.mkdir()
    (folder / "word_mean.py").write_text(blocks_of_the_page()[0], encoding="utf-8")
    monkeypatch.setattr(emoduet.systems, "__path__", [*emoduet.systems.__path__, str(folder)])
    assert "word-mean" in system_names()
    experiment = Experiment(
        read_recipe(str(recipe)),
        "loso",
        write_easy_corpus(tmp_path / "easy"),
        tmp_path / "run",
        folds=(1,),
        machine=CPU,
        keep="none",
    )
    assert run_experiment(experiment).summary.pooled_ua.mean == 1.0
    monkeypatch.delitem(sys.modules, "emoduet.systems.word_mean")


def test_undeclared_it_is_not_there(recipe):
    with pytest.raises(ConfigError, match="system word-mean: there is none; choose one of "):
        read_recipe(str(recipe))


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.hidden_size=0", r"model.hidden_size: Input should be greater than 0 \(got 0\)"),
        ("model.width=3", "model.width: Extra inputs are not permitted"),
        ("text_projection.size=3", "text_projection is of no use to the word-mean system"),
    ],
)
def test_its_constructor_is_all_that_a_recipe_is_checked_against(recipe, override, message):
    with pytest.raises(ConfigError, match=message):
        read_recipe(str(recipe), [override])
