"""`emoduet explain` from the outside: what it tells, what it writes, and how it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from little_models import write_model
from typer.testing import CliRunner, Result

from emoduet.cli import app

QUICK = ("--random-orders", 19)


def explain(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["explain", *map(str, arguments)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A model of each kind, and a second of noise."""
    folder = tmp_path_factory.mktemp("explain")
    write_model(folder / "both")
    write_model(folder / "ear", "demo-audio-only")
    write_model(folder / "eye", "demo-text-only")
    soundfile.write(folder / "call.wav", np.random.default_rng(0).normal(0, 0.1, 16_000), 16_000)
    return folder


@pytest.fixture(autouse=True)
def there(folder, monkeypatch):
    monkeypatch.chdir(folder)


def test_what_is_told(folder):
    result = explain("both", "call.wav", "--text", "no stop it", *QUICK)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0] == "call.wav (1.00 s)"
    answer = lines[1].split()[0]
    assert lines[2] == f"why {answer}: occlusion"
    assert [line.split()[0] for line in lines[5:8]] == ["no", "stop", "it"]
    assert sum(line.startswith(("words: ", "moments: ")) for line in lines) == 2
    assert "a word is deleted by the mask token" in lines[-1]


def test_json_is_one_line_and_the_file_says_the_same(folder, tmp_path):
    result = explain("both", "call.wav", "--text", "no stop it", *QUICK, "--json", "--out", tmp_path / "a.json")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    record = json.loads(line)
    assert record == json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert record["id"] == record["audio"] == "call.wav"
    assert len(record["moments"]) == 4 and [one["word"] for one in record["words"]] == ["no", "stop", "it"]
    assert np.array(record["attention"]["moments_of_words"]).shape == (3, 13)  # shown beside occlusion, too
    told = result.stderr.splitlines()
    assert told[0] == f"written: {tmp_path / 'a.json'}" and "do not share it at all" in told[1]


def test_a_page_and_a_figure_by_attention(folder, tmp_path):
    outs = [tmp_path / name for name in ("a.html", "a.svg")]
    result = explain(
        "both", "call.wav", "--text", "no stop it", "--method", "attention", *QUICK, "-o", outs[0], "-o", outs[1]
    )
    assert result.exit_code == 0, result.output
    assert "attention received" in outs[0].read_text("utf-8") and "<svg" in outs[1].read_text("utf-8")


def record_of(*arguments: object) -> dict:
    result = explain(*arguments, *QUICK, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_part_of_a_file(folder):
    record = record_of("ear", "call.wav", "--start", 0.25, "--end", 0.75)
    assert (record["start"], record["end"], len(record["moments"])) == (0.25, 0.75, 2)
    assert record["words"] is None and record["attention"] is None
    samples, rate = soundfile.read("call.wav", start=4000, stop=12000)
    soundfile.write("part.wav", samples, rate)
    assert record_of("ear", "part.wav")["moments"] == record["moments"]


def test_words_alone(folder):
    record = record_of("eye", "--text", "no stop it")
    assert (record["id"], record["audio"], record["moments"]) == ("text", None, None)
    assert [one["word"] for one in record["words"]] == ["no", "stop", "it"]


def test_the_target_and_the_seed_are_taken(folder):
    one, same, other = (
        record_of("eye", "--text", "no stop it what a joy", "--target", "happy", "--seed", seed) for seed in (1, 1, 2)
    )
    assert one["target"] == "happy" and one == same
    assert one["words"] == other["words"]
    assert one["faithfulness"]["words"]["deletion"]["random"] != other["faithfulness"]["words"]["deletion"]["random"]


def test_by_default_there_are_39_random_orders(folder):
    result = explain("eye", "--text", "no stop", "--json")
    assert len(json.loads(result.stdout)["faithfulness"]["words"]["deletion"]["random"]) == 39


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["both"], 2, "nothing to explain; give a sound file, words by --text, or both"),
        (["eye", "--text", "no", "--start", 1], 2, "--start and --end are of a sound file"),
        (["eye", "call.wav", "--text", "no"], 2, "this model only reads: give --text alone"),
        (["ear", "call.wav", "--text", "no"], 2, "this model only listens: leave it out"),
        (["both", "--text", "no"], 2, "no sound file; this model listens: give FILE"),
        (["both", "call.wav"], 2, "no words; this model reads: give --text"),
        (["both", "call.wav", "--text", " "], 1, "no words in --text ' '; give what was said"),
        (["eye", "--text", "no\udcff"], 2, "--text is not UTF-8 at letter 3"),
        (["both", "call.wav", "--text", "no", "--target", "bored"], 2, "target bored: this model knows angry, happy"),
        (["both", "call.wav", "--text", "no", "--out", "a.pdf"], 2, "a.pdf: .pdf means no form; name the file .html"),
        (["both", "call.wav", "--text", "no", "--random-orders", 18], 2, "18 random orders; need at least 19"),
        (["ear", "call.wav", "--method", "attention"], 1, "attention: this audio model has none"),
        (["both", "call.wav", "--text", "no", "--start", 0.99], 1, "160 samples after decoding; need at least 400"),
        (["both", "absent.wav", "--text", "no"], 1, "absent.wav: no such file"),
    ],
)
def test_what_cannot_be_is_told(folder, arguments, status, told):
    result = explain(*arguments)
    assert result.exit_code == status, result.output
    assert result.stdout == "" and result.stderr.startswith("error: ") and told in result.stderr
    assert not Path("a.pdf").exists()


@pytest.mark.parametrize(("part", "long"), [((), 130), (("--start", 5), 125), (("--end", 121), 121)])
def test_what_is_too_long_for_an_utterance_is_not_begun(tmp_path, part, long):
    soundfile.write(tmp_path / "hall.wav", np.zeros(130 * 8000), 8000)
    result = explain("ear", tmp_path / "hall.wav", *part)
    assert result.exit_code == 2
    assert (
        f"hall.wav: {long} s; explain takes one utterance, of up to 120 s: give its --start and --end" in result.stderr
    )
    assert explain("ear", tmp_path / "hall.wav", "--start", 129.5, *QUICK).exit_code == 0


def test_a_model_that_may_lack_words_is_explained_without(folder):
    write_model(folder / "either", "demo-missing-modality")
    record = record_of("either", "call.wav")
    assert record["words"] is None and len(record["moments"]) == 4
