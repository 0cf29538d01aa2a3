"""`emoduet predict --help`: its options in groups, none forgotten and none told twice."""

import typer
from typer.testing import CliRunner

from emoduet.cli.predict import predict
from emoduet.cli.predict_help import PANELS, PredictCommand


def app() -> typer.Typer:
    one = typer.Typer(rich_markup_mode=None, add_completion=False)
    one.command(cls=PredictCommand)(predict)
    return one


def sections(text: str) -> dict[str, list[str]]:
    """The options and arguments below each heading of a help text."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            found[line[:-1]] = told = []
        elif found and line.startswith("  ") and line[2] != " ":
            told.append(line.split("  ")[1])
    return found


def test_help_in_groups():
    result = CliRunner().invoke(app(), ["--help"], terminal_width=80)
    assert result.exit_code == 0
    found = sections(result.stdout)
    assert list(found) == ["Arguments", *PANELS, "Options"]
    assert [name.split()[0] for name in found["Arguments"]] == ["MODEL", "AUDIO"]
    assert found["Answers"] == ["--hop SECONDS", "--window SECONDS", "--risk SHARE"]
    assert found["Options"] == ["--help"]
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_every_option_is_in_one_group():
    command = typer.main.get_command(app())
    options = [param.name for param in command.params if param.param_type_name == "option"]
    assert sorted(name for names in PANELS.values() for name in names) == sorted(options)


def test_an_option_of_no_group_is_told_with_the_others():
    def known(text: str = "", other: str = "") -> None:
        """Does nothing."""

    one = typer.Typer(rich_markup_mode=None, add_completion=False)
    one.command(cls=PredictCommand)(known)
    found = sections(CliRunner().invoke(one, ["--help"], terminal_width=80).stdout)
    assert {heading: [name.split()[0] for name in names] for heading, names in found.items()} == {
        "Words": ["--text"],
        "Options": ["--other", "--help"],
    }
