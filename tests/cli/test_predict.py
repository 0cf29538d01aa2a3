"""`emoduet predict` from the outside: answers on stdout, in order; failures named; wrong usage told in words."""

import json
import math
import runpy
from pathlib import Path

import numpy as np
import pytest
import soundfile
from little_models import write_model, write_recordings
from small_runs import without_forms
from sounds import sine
from typer.testing import CliRunner, Result

from emoduet.cli import app

EXAMPLES = Path(__file__).parents[2] / "examples"


def predict(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["predict", *map(str, arguments)])


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "both")


@pytest.fixture(scope="module")
def ear(tmp_path_factory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "ear", "demo-audio-only")


@pytest.fixture(scope="module")
def eye(tmp_path_factory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "eye", "demo-text-only")


@pytest.fixture
def calls(tmp_path, monkeypatch) -> list[str]:
    """Two recordings and a file that is none, in the working folder."""
    monkeypatch.chdir(tmp_path)
    write_recordings(tmp_path, 2)
    (tmp_path / "bad.wav").write_bytes(b"not sound")
    return ["call 0.wav", "bad.wav", "call 1.wav"]


def records(result: Result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_table(both, calls):
    result = predict(both, calls[0], calls[2], "--text", "no", "--text", "[LAUGHTER] yes")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    heading, *rows = result.stdout.splitlines()
    assert heading.split() == ["emotion", "angry", "happy", "neutral", "sad", "input"]
    assert [row[48:] for row in rows] == ["call 0.wav", "call 1.wav"]
    for row in rows:
        label, *shares = row.split()[:5]
        assert math.isclose(sum(map(float, shares)), 1, abs_tol=0.0021)
        assert label == ["angry", "happy", "neutral", "sad"][np.argmax(list(map(float, shares)))]


def test_an_encoder_that_is_slow_is_told(both, calls, monkeypatch):
    monkeypatch.setattr("emoduet.pretrained.encoders.why_not_packed", lambda config: "no packed form here")
    result = predict(both, calls[0], "--text", "no")
    assert result.exit_code == 0, result.output
    slow = "plain (no packed form here: an utterance at a time, slower)"
    assert result.stderr == f"encoders: audio {slow}; text {slow}\n"


def test_a_bad_file_among_good_ones(both, calls):
    result = predict(both, *calls, *["--text", "no"] * 3)
    assert result.exit_code == 1
    assert [row.split()[-1] for row in result.stdout.splitlines()[1:]] == ["0.wav", "1.wav"]
    told = without_forms(result.stderr)
    assert told.startswith("error: bad.wav: not a sound file") and told.count("\n") == 1


def test_json_keeps_the_order_and_names_the_failure(both, calls):
    result = predict(both, *calls, *["--text", "no"] * 3, "--json")
    assert result.exit_code == 1
    first, failed, last = records(result)
    assert [first["id"], failed["id"], last["id"]] == calls
    assert sum(first["probabilities"].values()) == pytest.approx(1)
    assert last["label"] == max(last["probabilities"], key=last["probabilities"].get)
    assert set(failed) == {"id", "error"} and failed["error"].startswith("bad.wav: not a sound file")
    assert without_forms(result.stderr) == ""


@pytest.mark.parametrize("suffix", ["flac", "mp3", "ogg"])
def test_formats_and_rates(ear, calls, suffix):
    soundfile.write(f"tone.{suffix}", sine(44_100, channels=2), 44_100)
    soundfile.write("tone.wav", sine(16_000), 16_000)
    result = predict(ear, f"tone.{suffix}", "tone.wav", "--whole", "--json")
    assert result.exit_code == 0, result.output
    compressed, plain = records(result)
    assert compressed["probabilities"] == pytest.approx(plain["probabilities"], abs=0.02)


TABLES = {
    "words.csv": 'transcript,audio\n"Well, ""no"".\nGo!",call 0.wav\nyes,call 1.wav\n',
    "words.tsv": "audio\ttranscript\textra\ncall 1.wav\tyes\t1\nelsewhere/call 0.wav\tmaybe\t2\ncall 0.wav\tno\t\n",
    "semicolons.csv": "\ufeffaudio;transcript\ncall 0.wav;no\ncall 1.wav;yes\n",
    "words.jsonl": '\ufeff{"audio": "call 0.wav", "transcript": "no"}\n\n{"audio": "call 1.wav", "transcript": "yes"}',
}


@pytest.mark.parametrize("name", TABLES)
def test_transcripts(both, calls, name):
    Path(name).write_text(TABLES[name], encoding="utf-8")
    result = predict(both, calls[0], calls[2], "--transcripts", name, "--json")
    assert result.exit_code == 0, result.output
    words = 'Well, "no".\nGo!' if name == "words.csv" else "no"
    typed = predict(both, calls[0], calls[2], "--text", words, "--text", "yes", "--json")
    assert records(result) == records(typed)


def test_transcripts_find_files_by_name_alone(both, calls, tmp_path):
    Path("words.csv").write_text("audio,transcript\ncall 0.wav,no\n", encoding="utf-8")
    found = predict(both, tmp_path / "call 0.wav", "--transcripts", "words.csv", "--json")
    assert found.exit_code == 0, found.output


def test_a_file_without_a_transcript_fails_alone(both, calls):
    Path("words.csv").write_text("audio,transcript\ncall 0.wav,no\n", encoding="utf-8")
    result = predict(both, calls[0], calls[2], "--transcripts", "words.csv", "--json")
    assert result.exit_code == 1
    assert records(result)[1] == {
        "id": "call 1.wav",
        "error": "words.csv: no record for call 1.wav; add one whose audio is call 1.wav, or its name alone, with its "
        "transcript",
    }


def test_the_files_after_one_without_a_transcript_get_their_own_answers(both, calls):
    Path("words.csv").write_text("audio,transcript\ncall 1.wav,yes\n", encoding="utf-8")
    result = predict(both, calls[0], calls[2], "--transcripts", "words.csv", "--json")
    alone = predict(both, calls[2], "--text", "yes", "--json")
    assert [record["id"] for record in records(result)] == ["call 0.wav", "call 1.wav"]
    assert records(result)[1:] == records(alone)


@pytest.fixture
def two_of_a_name(calls) -> list[str]:
    """Two files of one name, in folders of their own."""
    for folder in ("monday", "sunday"):
        Path(folder).mkdir()
        Path(folder, "call.wav").write_bytes(Path(calls[0]).read_bytes())
    return ["monday/call.wav", "sunday/call.wav"]


def test_a_name_alone_is_not_of_two_files(both, two_of_a_name):
    Path("words.csv").write_text("audio,transcript\ncall.wav,no\n", encoding="utf-8")
    result = predict(both, *two_of_a_name, "--transcripts", "words.csv")
    assert (result.exit_code, result.stdout) == (1, "")
    assert without_forms(result.stderr) == (
        "error: words.csv: its record call.wav may be of monday/call.wav or of sunday/call.wav; name each file in the "
        "table by its path as you give it here\n"
    )


def test_a_name_alone_is_not_of_a_second_file_beside_the_one_it_names(both, two_of_a_name):
    Path("words.csv").write_text("audio,transcript\ncall.wav,no\n", encoding="utf-8")
    Path("call.wav").write_bytes(Path("monday/call.wav").read_bytes())
    result = predict(both, "call.wav", "monday/call.wav", "--transcripts", "words.csv")
    told = without_forms(result.stderr)
    assert told.startswith("error: words.csv: its record call.wav may be of call.wav or of monday/call.wav;")


def test_files_of_one_name_are_told_apart_by_their_paths(both, two_of_a_name):
    Path("words.csv").write_text("audio,transcript\nsunday/call.wav,yes\ncall.wav,no\n", encoding="utf-8")
    found = records(predict(both, *two_of_a_name, "./monday/call.wav", "--transcripts", "words.csv", "--json"))
    typed = [records(predict(both, two_of_a_name[0], "--text", words, "--json"))[0] for words in ("no", "yes", "no")]
    for one, other in zip(found, typed, strict=True):
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-6)
    assert found[1]["probabilities"] != pytest.approx(typed[0]["probabilities"], abs=1e-6)


def test_a_reader_takes_lines(eye, calls):
    Path("words.csv").write_text("transcript,audio\nno,a.wav\nyes,a.wav\n", encoding="utf-8")
    assert [record["id"] for record in records(predict(eye, "--transcripts", "words.csv", "--json"))] == ["a.wav"] * 2
    Path("words.jsonl").write_text('{"transcript": "no"}\n{"transcript": "yes"}', encoding="utf-8")
    named = records(predict(eye, "--transcripts", "words.jsonl", "--json"))
    assert [record["id"] for record in named] == ["text 1", "text 2"]
    assert named == records(predict(eye, "--text", "no", "--text", "yes", "--json"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("w.csv", "audio,transcript\na.wav,no\n", "w.csv: none of its 1 records names one of the sound files, such as"),
        ("w.csv", "audio,words\na.wav,no\n", "w.csv: record 1 has no transcript; need audio and transcript in each"),
        ("w.csv", "transcript,audio\nno,a.wav\nb.wav\n,\n", "w.csv: none of its 3 records names"),
        ("w.tsv", "audio\ttranscript\na.wav\tno\nb.wav\n", "w.tsv: record 2 has no transcript"),
        ("w.csv", "audio,transcript\n", "w.csv: holds no records; need one for each sound file"),
        ("w.csv", 'audio,transcript\na.wav,"no\n', "w.csv: cannot be read as transcripts (unexpected end of data)"),
        ("w.jsonl", '{"audio": "a.wav"', "w.jsonl: cannot be read as transcripts (Expecting"),
        ("w.jsonl", "3\n", "w.jsonl: record 1 has no transcript"),
        ("w.jsonl", '{"audio": "a.wav", "transcript": null}', "w.jsonl: record 1 has no transcript"),
        ("w.txt", "no\n", "w.txt: cannot be read as transcripts (suffix '.txt'); need UTF-8 .csv, .tsv or .jsonl"),
        ("w.csv", None, "w.csv: cannot be read as transcripts ([Errno 2] No such file"),
        (
            "w.csv",
            "audio,transcript\ncall 0.wav,no\ncall 0.wav,yes\n",
            "w.csv: two records with different words for call 0.wav; keep one",
        ),
    ],
)
def test_transcripts_that_cannot_be_used(both, calls, name, text, message):
    if text is not None:
        Path(name).write_text(text, encoding="utf-8")
    result = predict(both, calls[0], "--transcripts", name)
    assert (result.exit_code, result.stdout) == (1, "")
    assert without_forms(result.stderr).startswith(f"error: {message}")


def test_transcripts_that_are_not_utf8(both, calls):
    Path("w.csv").write_bytes("audio,transcript\ncall 0.wav,für\n".encode("latin-1"))
    result = predict(both, calls[0], "--transcripts", "w.csv")
    assert result.exit_code == 1
    assert "w.csv: cannot be read as transcripts ('utf-8' codec can't decode" in result.stderr


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        ("both", ["call 0.wav", "--whole"], "no words; this model reads: give --text once for each file, or --tran"),
        ("both", ["--text", "no"], "no sound files; this model listens: give at least one"),
        ("both", ["a.wav", "b.wav", "--text", "no"], "2 sound files and 1 --text; need one for each file, in order"),
        ("ear", ["a.wav", "--text", "no"], "this model only listens; leave out --text and --transcripts"),
        ("eye", ["a.wav", "--text", "no"], "1 sound files; this model only reads: give --text or --transcripts alone"),
        ("eye", [], "nothing to answer; give sound files, or words by --text or --transcripts"),
        ("ear", ["--whole"], "nothing to answer; give sound files"),
        ("ear", [], "nothing to answer; give sound files, or words by --text or --transcripts"),
    ],
)
def test_a_model_gets_what_it_takes(request, calls, model, arguments, message):
    result = predict(request.getfixturevalue(model), *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert without_forms(result.stderr).startswith(f"error: predict: {message}")


def test_words_given_twice_are_wrong_usage(calls):
    result = predict("nowhere", "a.wav", "--text", "no", "--transcripts", "w.csv")
    assert result.exit_code == 2
    assert "--text and --transcripts both give the words; use one of them" in result.stderr


def test_an_encoder_is_no_model(both, calls):
    result = predict(both / "audio_encoder", calls[0], "--text", "no")
    assert result.exit_code == 1
    assert "audio_encoder: has no weights; copy model.safetensors beside its config" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_device_that_is_not_here(both, calls):
    result = predict(both, calls[0], "--text", "no", "--device", "tpu")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: device tpu: not on this machine")


def run_example(monkeypatch, capsys, name: str, *arguments: object) -> list[str]:
    monkeypatch.setattr("sys.argv", [name, *map(str, arguments)])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    return capsys.readouterr().out.splitlines()


def test_example_predict_file(both, calls, monkeypatch, capsys):
    lines = run_example(monkeypatch, capsys, "predict_file.py", both, calls[0], "no stop it")
    shares = [float(line.split()[1]) for line in lines]
    assert sorted(line.split()[0] for line in lines) == ["angry", "happy", "neutral", "sad"]
    assert shares == sorted(shares, reverse=True) and sum(shares) == pytest.approx(1, abs=0.0021)


def test_example_words_and_moments(both, calls, monkeypatch, capsys):
    lines = run_example(monkeypatch, capsys, "words_and_moments.py", both, calls[0], "no, stop it")
    assert [line.split()[0] for line in lines] == ["no,", "stop", "it"]
    assert all(line.count(" s (") == 3 for line in lines)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_examples_say_how_they_are_called(path, monkeypatch):
    monkeypatch.setattr("sys.argv", [path.name])
    with pytest.raises(SystemExit, match=f"python examples/{path.name} MODEL"):
        runpy.run_path(str(path), run_name="__main__")
