"""`emoduet corpus synthesize`: options, streams and exit codes."""

import pytest
import typer
from typer.testing import CliRunner

import emoduet.cli.synthesize as door


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(door.synthesize)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_corpus_is_written_once_and_its_folder_named_on_stdout(run, tmp_path):
    pytest.importorskip("espeakng_loader", reason="synthetic speech needs the optional extra demo")
    out = tmp_path / "corpus"
    first, second = (run(out, "--sessions", 1, "--dialogues", 1, "--workers", 1) for _ in range(2))
    assert (first.exit_code, first.stdout, first.stderr) == (0, f"{out}\n", "")
    assert (second.exit_code, second.stdout) == (0, f"{out}\n")
    assert second.stderr == "this very corpus is already there; nothing was written\n"
    assert len(list(out.glob("Session1/sentences/wav/Ses01F_impro01/Ses*.wav"))) == 14


def test_options_left_out_mean_five_sessions_of_twenty_dialogues_on_all_cores(run, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(door, "write_corpus", lambda out, **options: calls.append((out, options)) or True)
    monkeypatch.setattr("emoduet.machine.num_cores", lambda: 7)
    assert run(tmp_path / "out", "--seed", 4).exit_code == 0
    ((out, options),) = calls
    assert options.pop("progress") is not None
    expected = {"sessions": 5, "dialogues": 20, "seed": 4, "script_fidelity": 0.6, "workers": 7}
    assert (out, options) == (tmp_path / "out", expected)


def test_like_iemocap_writes_the_shape_and_tells_progress(run, tmp_path, monkeypatch):
    calls = []

    def write(out, *, seed, progress):
        progress(1, 151)
        calls.append((out, seed))
        return True

    monkeypatch.setattr(door, "write_iemocap_shape", write)
    assert run(tmp_path / "out", "--like-iemocap", "--seed", 9).exit_code == 0
    assert calls == [(tmp_path / "out", 9)]


@pytest.mark.parametrize("option", ["--sessions", "--dialogues", "--script-fidelity", "--workers"])
def test_like_iemocap_takes_no_size(run, tmp_path, option):
    result = run(tmp_path / "out", "--like-iemocap", option, 2)
    assert result.exit_code == 2
    assert "--like-iemocap fixes" in result.stderr


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--sessions", 0, "need 1 to 99"),
        ("--dialogues", 99, "need 1 to 31 a session"),
        ("--seed", -1, "need a whole"),
        ("--script-fidelity", 2.5, "need a number from 0 to 1"),
    ],
)
def test_numbers_out_of_range_are_wrong_usage(run, tmp_path, option, value, message):
    result = run(tmp_path / "out", option, value)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {option} {value}: {message}")
    assert not (tmp_path / "out").exists()


def test_a_folder_in_the_way_is_told_in_words_with_exit_code_1(run, tmp_path):
    (tmp_path / "letter").write_text("dear")
    result = run(tmp_path, "--sessions", 1, "--dialogues", 1)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: {tmp_path}: holds other files")
