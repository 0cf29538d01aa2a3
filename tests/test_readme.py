"""The public pages keep their word: the tree is the disk, commands exist, examples run, links lead somewhere.

Every fenced block names its language. `sh`: each emoduet command is parsed whole by the command line itself, recipe and
overrides included. `python`: run as it stands, in a folder that holds `model`, `call.wav` and `run1`. `toml`: parsed.
`text`: shown only.
"""

import re
import shlex
import tomllib
from collections import Counter
from collections.abc import Iterator
from configparser import ConfigParser
from fnmatch import fnmatch
from pathlib import Path

import pytest
import soundfile
import typer
from easy_corpus import write_easy_corpus
from small_runs import small_experiment
from sounds import sine
from tiny_classifiers import CARD, save_audio_classifier, save_text_classifier

from emoduet.build import build_model
from emoduet.checkpoint import write_checkpoint
from emoduet.cli import app
from emoduet.config import read_recipe
from emoduet.errors import ConfigError
from emoduet.experiment import run_experiment

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "emoduet"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^( *)```(.*)\n((?:.*\n)*?)\1```$", re.MULTILINE)
OTHER_PROGRAMS = {".", "hf"}
PROGRAM = typer.main.get_command(app)
USAGE_ERROR = typer.BadParameter.__base__


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """(language, text) of each fenced block."""
    for match in FENCE.finditer(page.read_text(encoding="utf-8")):
        indent, language, text = match.groups()
        yield language, re.sub(f"^{indent}", "", text, flags=re.MULTILINE)


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def lines_in(text: str) -> Iterator[list[str]]:
    """The words of each shell command."""
    for line in text.replace("\\\n", " ").splitlines():
        if words := shlex.split(line, comments=True):
            yield words


def of_language(wanted: str) -> list:
    """Each block of a language as a test parameter, by page and number."""
    found = [(page, text) for page in PAGES for language, text in blocks(page) if language == wanted]
    return [pytest.param(text, id=f"{named(page)}-{number}") for number, (page, text) in enumerate(found)]


def resolve(words: list[str]) -> tuple[object, list[str]]:
    """The command that words lead to, as deep as they go, and the words behind it."""
    command = PROGRAM
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    return command, words


def options_of(command: object) -> set[str]:
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}


def all_options(command: object = PROGRAM) -> set[str]:
    deeper = [all_options(child) for child in getattr(command, "commands", {}).values()]
    return options_of(command).union(*deeper)


def spans(page: Path) -> list[str]:
    """Code within the running text."""
    return re.findall(r"`([^`\n]+)`", prose(page))


# --- the tree


def tree() -> list[str]:
    """The paths of the README's tree, in its order; folders end with a slash."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("## The tree")[1]
    paths, folders = [], [""]
    for line in FENCE.search(text).group(3).splitlines():
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        paths.append(folders[depth] + name)
        if name.endswith("/"):
            folders[depth + 1 :] = [folders[depth] + name]
    return paths


def test_each_line_of_the_tree_has_a_clause_and_stands_once():
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("## The tree")[1]
    lines = FENCE.search(text).group(3).splitlines()
    assert [line for line in lines if len(line.split()) < 2 and line != "src/emoduet/"] == []
    assert [path for path, count in Counter(tree()).items() if count > 1] == []


def test_the_tree_of_the_package_is_the_disk():
    kinds = ("*.py", "*.toml", "*.html", "py.typed")
    files = {path.relative_to(ROOT) for kind in kinds for path in PACKAGE.rglob(kind)}
    folders = {folder for file in files for folder in file.parents if folder.is_relative_to(PACKAGE.relative_to(ROOT))}
    disk = {str(file) for file in files} | {f"{folder}/" for folder in folders}
    listed = [path for path in tree() if path.startswith("src/")]
    alone = {path for path in listed if "*" not in path}
    families = {path: {file for file in disk if fnmatch(file, path)} for path in listed if "*" in path}
    assert all(len(family) > 1 and not family & alone for family in families.values())
    assert alone.union(*families.values()) == disk


def test_the_tree_of_the_repository_is_the_disk():
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()]
    present = {path.name for path in ROOT.iterdir() if path.is_file() or any(p.is_file() for p in path.rglob("*"))}
    listed = {path.split("/")[0] for path in tree()}
    visible = {name for name in present if name[0] != "." and not any(fnmatch(name, pattern) for pattern in ignored)}
    assert {name for name in listed if name[0] != "."} == visible
    assert listed <= present, "a folder that holds no file is not in a clone"


# --- blocks


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_block_names_a_language_we_check(page):
    assert {language for language, _ in blocks(page)} <= {"sh", "python", "toml", "text"}
    assert prose(page).count("```") == 0


def refusal(words: list[str]) -> str | None:
    """Why the command line would refuse these words behind `emoduet`; None if it would not."""
    command, rest = resolve(words)
    if rest == ["--help"]:
        return None
    if hasattr(command, "commands"):
        return f"no command: {' '.join(words)}"
    try:
        given = command.make_context("emoduet", rest).params
        if isinstance(given.get("recipe"), str):
            read_recipe(given["recipe"], given["settings"] or ())
    except (USAGE_ERROR, ConfigError) as error:
        return str(error)
    return None


@pytest.mark.parametrize("text", of_language("sh"))
def test_shell_commands_exist_and_parse(text):
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for words in lines_in(text):
        if words[0] == "emoduet":
            assert refusal(words[1:]) is None
        elif words[0] == "make":
            assert words[1] in targets
        else:
            assert words[0] in OTHER_PROGRAMS


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("predict", "Missing parameter: model"),
        ("run paper --manifest m", "Missing parameter: out"),
        ("run paper extra --manifest m --out o", "unexpected extra argument"),
        ("reproduce --manifest m --out o --fold 1", "No such option"),
        ("control --manifest m --out o --shuffles many", "valid integer"),
        ("run papre --manifest m --out o", "neither a packaged recipe nor a file"),
        ("run paper --manifest m --out o --set training.epoch=3", "training.epoch"),
        ("corpus rebuild", "no command: corpus rebuild"),
    ],
)
def test_a_wrong_command_would_be_noticed(line, message):
    assert message in refusal(line.split())


@pytest.fixture(scope="module")
def folder_of_examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Python examples take for granted: a small fused model, two seconds of sound, and a finished run."""
    folder = tmp_path_factory.mktemp("examples")
    model = build_model(read_recipe("demo-paper"), ["I told you to leave.", "Hello?"])
    description = {"recipe": model.recipe.model_dump(mode="json"), "training": {}}
    write_checkpoint(folder / "model", model.system, model.encoders, description, card="# An example\n")
    soundfile.write(folder / "call.wav", sine(16_000, duration=2.0), 16_000)
    (folder / "call.srt").write_text("1\n00:00:00,200 --> 00:00:01,900\nAnna: I told you.\n", encoding="utf-8")
    save_audio_classifier(folder / "superb-er", card=CARD.format("apache-2.0"))
    save_text_classifier(folder / "text-emotions")
    run_experiment(small_experiment(write_easy_corpus(folder / "easy"), folder / "run1"))
    return folder


@pytest.mark.parametrize("text", of_language("python"))
def test_python_examples_run_and_print(text, folder_of_examples, monkeypatch, capsys):
    monkeypatch.chdir(folder_of_examples)
    exec(compile(text, "example", "exec"), {"__name__": "example"})
    assert bool(capsys.readouterr().out) == ("print(" in text)  # a module to be imported says nothing


@pytest.mark.parametrize("text", of_language("toml"))
def test_toml_blocks_parse(text):
    assert tomllib.loads(text)


# --- running text


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_and_options_named_in_the_text_exist(page):
    for span in spans(page):
        words = span.split()
        if words[0] == "emoduet" and len(words) > 1:
            command, rest = resolve(words[1:])
            assert command is not PROGRAM or rest == ["--help"], span
            assert {word for word in rest if word.startswith("--")} - {"--help"} <= options_of(command), span
        elif words[0].startswith("--"):
            assert re.split(r"[= ]", span)[0] in all_options(), span


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_within_the_repository_lead_somewhere(page):
    for link in re.findall(r"\[[^\]]+\]\(([^)\s]+)\)", prose(page)):
        if link.startswith("https://"):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target), link


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub links to them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_nothing_is_left_to_fill_in(page):
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"\{\{.*?\}\}|DEMO OUTPUT|TODO", text) == []


# --- pages that repeat what stands elsewhere


def test_the_ledger_states_every_setting_of_the_recipe_as_it_is():
    stated = dict(re.findall(r"\| `([\w.]+) = ([^`]+)`", (ROOT / "docs" / "paper.md").read_text(encoding="utf-8")))
    values = {key: tomllib.loads(f"value = {value}")["value"] for key, value in stated.items()}
    recipe = read_recipe("paper").model_dump(mode="json", exclude_none=True)
    sections = {name: section for name, section in recipe.items() if isinstance(section, dict)}
    wanted = {f"{name}.{key}": value for name, section in sections.items() for key, value in section.items()}
    assert values == wanted | {"classes": recipe["classes"]}


def test_the_floors_of_the_design_are_the_contracts():
    contracts = ConfigParser()
    contracts.read(ROOT / ".importlinter", encoding="utf-8")
    modules = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    layers = contracts["importlinter:contract:floors"]["layers"].split("\n")
    enforced = [set(re.findall(r"\w+", layer)) & modules for layer in layers if layer.strip()]
    rows = re.findall(r"^\| \w+ \| ((?:`\w+` ?)+)\|", (ROOT / "docs" / "design.md").read_text("utf-8"), re.MULTILINE)
    assert [set(re.findall(r"\w+", row)) for row in rows] == enforced
