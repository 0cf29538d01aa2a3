"""The program as a whole: what it says of itself, how soon, and how it ends."""

import logging
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from emoduet.cli import app, door
from emoduet.errors import ConfigError, InputError, UsageError

COMMANDS = ("demo", "run", "reproduce", "control", "train", "evaluate", "predict", "convert", "corpus")


def python(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=60)


def loaded(importtime: str) -> set[str]:
    """The top-level packages in the output of `python -X importtime`."""
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in importtime.splitlines() if "|" in line}


def test_help_needs_no_torch():
    result = python("-X", "importtime", "-m", "emoduet", "--help")
    assert result.returncode == 0
    assert "never a person's inner state" in " ".join(result.stdout.split())
    assert {"emoduet", "typer"} <= loaded(result.stderr)
    assert not loaded(result.stderr) & {"torch", "transformers", "accelerate", "pandas", "scipy", "sklearn"}


def test_import_needs_no_torch():
    result = python("-c", "import sys, emoduet; print('torch' in sys.modules, emoduet.Utterance.__name__)")
    assert result.stdout == "False Utterance\n", result.stderr


def test_wrong_usage_is_2():
    result = python("-m", "emoduet", "predikt")
    assert result.returncode == 2
    assert result.stdout == ""
    assert "predikt" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    result = CliRunner().invoke(app, [command, "--help"], terminal_width=80)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "╭" not in result.stdout
    summary = result.stdout.split("\n\n")[1]
    listed = CliRunner().invoke(app, ["--help"], terminal_width=80).stdout
    assert " ".join(summary.split()) in " ".join(listed.split()), "the list of commands cuts the summary short"


def test_predict_help_says_what_the_answers_are_and_where_they_are_prohibited():
    told = " ".join(CliRunner().invoke(app, ["predict", "--help"]).stdout.split())
    for words in (
        "what raters might label, never a person's inner state",
        "Prohibited in the EU at work and in education except for medical or safety reasons (AI Act Art. 5(1)(f))",
        "high-risk (Annex III 1(c)), with a duty to tell people (Art. 50(3))",
        "emoduet[media]",
    ):
        assert words in told


def told(error: BaseException, when_stopped: str = "") -> int:
    """The exit status after an error within `errors_told`."""
    with pytest.raises(typer.Exit) as ended, door.errors_told(when_stopped):
        raise error
    return ended.value.exit_code


def test_an_expected_error_is_told_in_words(capsys):
    assert told(InputError("[red]x.wav[/]: too short")) == 1
    assert capsys.readouterr() == ("", "error: [red]x.wav[/]: too short\n")


@pytest.mark.parametrize("error", [ConfigError("recipe x: none"), UsageError("fold 9: none")])
def test_what_an_option_asks_for_in_vain_is_wrong_usage(capsys, error):
    assert told(error) == 2
    assert capsys.readouterr() == ("", f"error: {error}\n")


def test_ctrl_c_is_told_in_words(capsys):
    assert told(KeyboardInterrupt(), "go on as before") == 130
    assert told(KeyboardInterrupt()) == 130
    assert capsys.readouterr() == ("", "stopped; go on as before\nstopped\n")


def test_an_unexpected_error_is_no_expected_one():
    with pytest.raises(ZeroDivisionError), door.errors_told():
        raise ZeroDivisionError


def test_log_notes_go_to_stderr_while_a_command_runs(capsys):
    log = logging.getLogger("emoduet.somewhere")
    with door.errors_told():
        log.info("going on after epoch %d", 3)
    log.info("not seen")
    out, err = capsys.readouterr()
    assert (out, err.strip()) == ("", "going on after epoch 3")


def test_notes_keep_long_paths_whole_and_brackets_as_they_are(capsys):
    door.notes().print(f"{'folder/' * 30}[media]")
    assert capsys.readouterr().err == f"{'folder/' * 30}[media]\n"


def test_results_are_wide_where_they_are_piped(capsys):
    door.results().print("word " * 28)
    assert capsys.readouterr().out.count("\n") == 1
