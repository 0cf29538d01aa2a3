"""What `emoduet predict` tells of a timeline at its end, and what it tells of other people's checkpoints."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from little_timelines import TALK, predicted, timeline
from tiny_classifiers import save_audio_classifier
from typer.testing import CliRunner

from emoduet.cli import app
from emoduet.cli.timelines import summary_lines
from emoduet.manifest import write_manifest
from emoduet.timeline_summary import summarise
from emoduet.types import Timeline, Utterance


def told(one: Timeline) -> list[str]:
    return list(summary_lines(summarise(one), one.duration))


def test_nobody_speaks():
    assert told(timeline()) == ["no speech in 0:10.00"]


def test_segments_that_it_is_unsure_of():
    """0.75 s at 0.75 angry and 2.0004 s at 0.5 are 56.8 % angry; both lie between 0.5 and 3 s."""
    assert told(TALK)[0] == "speech 0:02.50 of 0:10.00: angry 57 %, sad 43 %"
    assert "unsure of 1 segments, which count in the shares and in nothing else" in told(TALK)


def test_a_change():
    calm = predicted(4.0, 5.0, {"angry": 0.25, "sad": 0.75}, speaker="Anna")
    lines = told(timeline(predicted(1.0, 2.0, speaker="Anna"), calm))
    assert "change at 0:04.00, Anna: angry to sad" in lines
    assert "most angry, Anna: 0.750 from 0:01.00 to 0:02.00" in lines


def test_where_nobody_knows_who_speaks():
    lines = told(timeline(predicted(1.0, 2.0), predicted(4.0, 5.0, {"angry": 0.25, "sad": 0.75})))
    assert lines[1:] == [
        "change at 0:04.00, whoever speaks: angry to sad",
        "most angry: 0.750 from 0:01.00 to 0:02.00",
        "most sad: 0.750 from 0:04.00 to 0:05.00",
    ]
    (part,) = [
        line for line in told(timeline(predicted(1.0, 2.0), predicted(3.0, 4.0, speaker="Anna"))) if "Anna 0" in line
    ]
    assert part.startswith("  Anna 0:01.00: angry 75 %")


@pytest.mark.parametrize(
    ("segments", "wanted"),
    [
        (13, [f"change at 0:{k:02}.00, a: {'angry to sad' if k % 2 else 'sad to angry'}" for k in range(1, 13)]),
        (14, ["7 changes, a: angry to sad", "6 changes, a: sad to angry"]),
    ],
)
def test_many_changes_are_counted(segments, wanted):
    shares = ({"angry": 0.75, "sad": 0.25}, {"angry": 0.25, "sad": 0.75})
    lines = told(timeline(*(predicted(k, k + 1, shares[k % 2], speaker="a") for k in range(segments))))
    assert [line for line in lines if "change" in line] == wanted


def test_a_classifier_of_transformers_tells_what_is_to_be_known_of_it(tmp_path, monkeypatch):
    """Its own notes, on stderr; it has no form to be told."""
    monkeypatch.chdir(tmp_path)
    model = save_audio_classifier(tmp_path / "model", card="---\nlicense: cc-by-nc-4.0\n---\n")
    soundfile.write("call.wav", np.random.default_rng(3).normal(0, 0.1, 16_000), 16_000)
    Path("call.csv").write_text("start;end\n0;0,5\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["predict", str(model), "call.wav", "--segments", "call.csv"])
    assert result.exit_code == 0, result.output
    assert "cc-by-nc-4.0" in result.stderr and "encoders:" not in result.stderr
    assert "0:00.50" in result.stdout


def test_a_classifier_of_transformers_knows_no_risk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = save_audio_classifier(tmp_path / "model")
    soundfile.write("call.wav", np.zeros(16_000), 16_000)
    result = CliRunner().invoke(app, ["predict", str(model), "call.wav", "--risk", "0.2"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"risk 0.2: {model} is another toolkit's; its probabilities are as the checkpoint gives" in result.stderr
    assert "rain again" not in result.stderr


def test_a_manifest_has_segments_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = save_audio_classifier(tmp_path / "model")
    soundfile.write("call.wav", np.zeros(16_000), 16_000)
    write_manifest(Path("corpus.jsonl"), [Utterance(id="1", audio=str(tmp_path / "call.wav"), start=0.0, end=0.5)])
    Path("call.csv").write_text("start;end\n0;0,5\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["predict", str(model), "corpus.jsonl", "--segments", "call.csv"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "call.csv: the manifest says where its segments are and what is said" in result.stderr
