"""`emoduet predict` along recordings: lines as they are found, files, many inputs, and what goes wrong with some."""

import json
from math import log2
from pathlib import Path

import numpy as np
import pytest
import soundfile
from little_models import write_model
from tiny_whisper import tiny_whisper
from typer.testing import CliRunner, Result

from emoduet.cli import app
from emoduet.cli.timelines import clock
from emoduet.manifest import write_manifest
from emoduet.segment_files import read_segments
from emoduet.types import Utterance

SPEECH = Path(__file__).parents[3] / "shared" / "data" / "speech-samples"
RTTM = "SPEAKER call 1 0.5 1.5 <NA> <NA> ann <NA> <NA>\nSPEAKER call 1 2.5 3.5 <NA> <NA> ben <NA> <NA>\n"


def predict(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["predict", *map(str, arguments)])


def records(result: Result) -> list[dict]:
    """The objects of segments, moments and failures."""
    return [one for one in map(json.loads, result.stdout.splitlines()) if "summary" not in one]


@pytest.fixture(scope="module")
def ear(tmp_path_factory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "ear", "demo-audio-only")


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "both")


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Seven seconds of noise and who spoke when, in the working folder."""
    monkeypatch.chdir(tmp_path)
    samples = np.random.default_rng(3).normal(0, 0.1, (16_000 * 7, 2))
    soundfile.write("call.wav", samples, 16_000)
    Path("call.rttm").write_text(RTTM, encoding="utf-8")
    return tmp_path


def test_a_line_a_segment_and_what_it_comes_to(ear, folder):
    result = predict(ear, "call.wav", "--segments", "call.rttm")
    assert result.exit_code == 0, result.output
    name, heading, first, second, *summary = result.stdout.splitlines()
    assert name == "call.wav"
    assert heading.split() == ["from", "to", "voice", "emotion", "angry", "happy", "neutral", "sad", "bits", "words"]
    assert heading.index("bits") + len("bits") <= 80
    assert first.split()[:3] == ["0:00.50", "0:02.00", "ann"] and second.split()[:3] == ["0:02.50", "0:06.00", "ben"]
    assert first.split()[3] in ("angry", "happy", "neutral", "sad")
    shares = [float(share) for share in first.split()[4:8]]
    assert sum(shares) == pytest.approx(1, abs=0.002)
    assert float(first.split()[8]) == pytest.approx(-sum(share * log2(share) for share in shares), abs=0.02)
    assert summary[0].startswith("speech 0:05.00 of 0:07.00: ")
    assert summary[1].startswith("  ann 0:01.50: ") and summary[2].startswith("  ben 0:03.50: ")


SEGMENTS = {
    "semicolons.csv": "\ufeffstart;end;speaker;transcript\n0,5;2;ann;=1+1\n2,5;6;ben;no\n",
    "whisper-cpp.json": json.dumps(
        {
            "transcription": [
                {"offsets": {"from": 500, "to": 2000}, "text": " =1+1", "speaker": "ann"},
                {"offsets": {"from": 2500, "to": 6000}, "text": " no", "speaker": "ben"},
            ]
        }
    ),
}


@pytest.mark.parametrize("name", SEGMENTS)
def test_segments_come_back_from_every_file_of_them(ear, folder, name):
    """What was written is given again, and gives the same answers."""
    Path(name).write_text(SEGMENTS[name], encoding="utf-8")
    given = records(predict(ear, "call.wav", "--segments", name, "--json", "--out", "out", "--format", "csv"))
    assert [(one["start"], one["end"], one["speaker"], one["transcript"]) for one in given] == [
        (0.5, 2.0, "ann", "=1+1"),
        (2.5, 6.0, "ben", "no"),
    ]
    assert ",'=1+1," in Path("out/call.wav.csv").read_text(encoding="utf-8")
    assert records(predict(ear, "call.wav", "--segments", "out/call.wav.csv", "--json")) == given


def test_json(ear, folder):
    result = predict(ear, "call.wav", "--segments", "call.rttm", "--json", "--hop", 0.5, "--window", 1)
    segments = [one for one in records(result) if "start" in one]
    moments = [one for one in records(result) if "time" in one]
    assert [(one["recording"], one["start"], one["end"], one["speaker"]) for one in segments] == [
        ("call.wav", 0.5, 2.0, "ann"),
        ("call.wav", 2.5, 6.0, "ben"),
    ]
    assert sorted(one["time"] for one in moments) == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0]
    for one in segments + moments:
        assert sum(one["probabilities"].values()) == pytest.approx(1, abs=1e-3)


def test_json_ends_with_what_it_comes_to(ear, folder):
    *_, last = predict(ear, "call.wav", "--segments", "call.rttm", "--json").stdout.splitlines()
    found = json.loads(last)
    assert found["recording"] == "call.wav" and found["summary"]["duration"] == 7.0
    assert found["summary"]["overall"]["spoken"] == 5.0 and set(found["summary"]["by_voice"]) == {"ann", "ben"}
    assert sum(found["summary"]["overall"]["shares"].values()) == pytest.approx(1)


def test_files(ear, folder):
    wanted = ["jsonl", "csv", "rttm", "audacity", "vtt", "textgrid", "html"]
    formats = [part for name in wanted for part in ("--format", name)]
    result = predict(ear, "call.wav", "--segments", "call.rttm", "--hop", 1, "--out", "out", *formats)
    assert result.exit_code == 0, result.output
    assert {path.name for path in Path("out").iterdir()} == {
        f"call.wav{suffix}"
        for suffix in (".jsonl", ".csv", ".rttm", ".txt", ".vtt", ".TextGrid", ".html", ".curve.csv", ".summary.json")
    }
    for suffix in (".jsonl", ".csv", ".rttm", ".vtt"):
        assert [one.start for one in read_segments(Path("out") / f"call.wav{suffix}")] == [0.5, 2.5]
    assert "call.wav" in Path("out/call.wav.html").read_text(encoding="utf-8")


def test_lines_and_a_page_if_nothing_is_named(ear, folder):
    predict(ear, "call.wav", "--segments", "call.rttm", "--out", "out")
    assert {path.name for path in Path("out").iterdir()} == {"call.wav.jsonl", "call.wav.html", "call.wav.summary.json"}


def test_one_broken_file_among_fifty(ear, folder):
    Path("calls").mkdir()
    for number in range(50):
        soundfile.write(f"calls/{number}.wav", np.random.default_rng(number).normal(0, 0.1, 8_000), 16_000)
    Path("calls/17.wav").write_bytes(b"not sound")
    lines = "".join(f"{number}.wav,0,0.5\n" for number in range(50))
    Path("all.csv").write_text(f"recording,start,end\n{lines}", encoding="utf-8")
    result = predict(ear, "calls", "--segments", "all.csv", "--json")
    assert result.exit_code == 1
    found = records(result)
    assert [one["recording"] for one in found] == [f"calls/{number}.wav" for number in range(50)]
    (broken,) = [one for one in found if "error" in one]
    assert broken["recording"] == "calls/17.wav" and "17.wav: not" in broken["error"]
    assert all(one["probabilities"] for one in found if one is not broken)


def test_a_broken_file_is_told_on_stderr(ear, folder):
    Path("bad.wav").write_bytes(b"not sound")
    Path("both.csv").write_text("recording,start,end\nbad.wav,0,1\ncall.wav,0.5,5.5\n", encoding="utf-8")
    result = predict(ear, "bad.wav", "call.wav", "--segments", "both.csv")
    assert result.exit_code == 1 and "speech 0:05.00" in result.stdout
    assert result.stderr.count("error: bad.wav: not") == 1


def test_a_manifest_brings_its_own_segments(both, folder):
    write_manifest(
        Path("corpus.jsonl"),
        [
            Utterance(id="1", audio=str(folder / "call.wav"), start=1.0, end=2.0, transcript="no", speaker="ann"),
            Utterance(id="2", audio=str(folder / "call.wav"), start=3.0, end=5.0, transcript="yes", speaker="ben"),
        ],
    )
    found = records(predict(both, "corpus.jsonl", "--json"))
    assert [(one["start"], one["end"], one["speaker"], one["transcript"]) for one in found] == [
        (1.0, 2.0, "ann", "no"),
        (3.0, 5.0, "ben", "yes"),
    ]


def test_recordings_of_one_name_have_files_of_their_own(ear, folder):
    for name in ("a", "b"):
        Path(name).mkdir()
        Path(f"{name}/call.wav").write_bytes(Path("call.wav").read_bytes())
        Path(f"{name}/call.csv").write_text("start,end\n1,2\n", encoding="utf-8")
    Path("call.csv").write_text("recording,start,end\na/call.wav,1,2\nb/call.wav,3,4\n", encoding="utf-8")
    result = predict(ear, "a", "b", "--segments", "call.csv", "--out", "out", "--format", "jsonl")
    assert result.exit_code == 0, result.output
    assert {path.name for path in Path("out").iterdir()} == {
        f"{one}-call.wav.{kind}" for one in "ab" for kind in ("jsonl", "summary.json")
    }


def test_one_recording_s_segments_are_not_another_s(ear, folder):
    Path("other.wav").write_bytes(Path("call.wav").read_bytes())
    result = predict(ear, "call.wav", "other.wav", "--segments", "call.rttm")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "call.rttm: is of one recording, and there are 2; give a folder with a file for each" in result.stderr


def test_whole_files_of_a_folder(ear, folder):
    Path("calls").mkdir()
    Path("calls/a.wav").write_bytes(Path("call.wav").read_bytes())
    (one,) = records(predict(ear, "calls", "--whole", "--json"))
    assert one["id"] == "calls/a.wav" and sum(one["probabilities"].values()) == pytest.approx(1)


def test_a_text_model_answers_for_the_words_of_a_recording(folder, tmp_path_factory):
    eye = write_model(tmp_path_factory.mktemp("model") / "eye", "demo-text-only")
    Path("call.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nno\n", encoding="utf-8")
    (one,) = records(predict(eye, "call.wav", "--transcript", "call.srt", "--json"))
    assert (one["start"], one["end"], one["transcript"]) == (1.0, 2.0, "no")


def test_channels_apart_come_back_from_every_file_of_segments(ear, folder):
    Path("call.csv").write_text("start,end,channel\n1,2,1\n1,2,2\n", encoding="utf-8")
    apart = ["--channels", "separate", "--json"]
    formats = [part for name in ("rttm", "vtt", "textgrid") for part in ("--format", name)]
    given = records(predict(ear, "call.wav", "--segments", "call.csv", *apart, "--out", "out", *formats))
    for suffix in (".rttm", ".vtt", ".TextGrid"):
        again = records(predict(ear, "call.wav", "--segments", f"out/call.wav{suffix}", *apart))
        assert [(one["channel"], one["speaker"]) for one in again] == [(1, None), (2, None)]
        assert [one["probabilities"] for one in again] == [one["probabilities"] for one in given]


def test_channels_apart(ear, folder):
    Path("call.csv").write_text("start,end,channel\n1,2,1\n1,2,2\n", encoding="utf-8")
    result = predict(ear, "call.wav", "--segments", "call.csv", "--channels", "separate", "--json")
    assert result.exit_code == 0, result.output
    assert [one["channel"] for one in records(result)] == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--whole", "--hop", "1"], "take each file as one utterance; --hop is of timelines"),
        (["--text", "no", "--out", "o", "--asr", "small"], "--asr and --out is of timelines"),
        (["--whole", "--channels", "separate"], "--channels is of timelines"),
        (["--audio-weight", "0.3"], "--audio-weight is of two checkpoints; give --text-model, too"),
        (["--language", "en"], "language en: is what speech recognition is told"),
        (["--format", "csv"], "--format is of files; give --out FOLDER, too"),
        (["--hop", "0"], "hop 0.0 s; need at least 0.01"),
        (["--risk", "0.2"], "risk 0.2: this audio model does not know how often it is wrong"),
    ],
)
def test_options_that_do_not_fit(ear, folder, arguments, message):
    result = predict(ear, "call.wav", *arguments)
    assert result.exit_code in (1, 2) and result.stdout == ""
    assert message in " ".join(result.stderr.replace("│", " ").split())


def test_words_nobody_gives_are_asked_for_once(both, folder):
    result = predict(both, "call.wav", "call.wav", "missing.wav", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("this cross-modal model reads, and nobody gives the words of the recording") == 1


@pytest.mark.skipif(not SPEECH.exists(), reason="the speech samples are not beside this checkout")
def test_speech_is_found_and_its_words_are_recognised(both, folder, tmp_path_factory):
    whisper = tiny_whisper(tmp_path_factory.mktemp("whisper"))
    result = predict(both, SPEECH / "jfk.flac", "--asr", whisper, "--language", "en", "--json")
    assert result.exit_code == 0, result.output
    found = records(result)
    assert len(found) >= 3 and found[0]["start"] < 0.6 and found[-1]["end"] > 10
    assert all(one["start"] < one["end"] for one in found)
    assert all(one["end"] <= other["start"] for one, other in zip(found, found[1:]))
    assert any(one["transcript"] for one in found)


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0:00.00"), (59.996, "1:00.00"), (3599.994, "59:59.99"), (360_000, "100:00:00.00")]
)
def test_clock(seconds, told):
    assert clock(seconds) == told
