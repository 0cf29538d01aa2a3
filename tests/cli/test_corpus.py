"""`emoduet corpus` from the outside: what goes to stdout, what to stderr, and the exit status."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console
from typer.testing import CliRunner, Result

from emoduet.cli.corpus import app
from emoduet.cli.diagnosis import print_diagnosis
from emoduet.corpora.doctor import Diagnosis, Difference, Durations
from emoduet.manifest import read_manifest

EVALUATION = """% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]

[1.0000 - 2.0000]\tSes01F_impro01_F000\texc\t[4.0000, 4.0000, 3.0000]
C-E1:\tExcited;\t()

[2.0000 - 3.0000]\tSes01F_impro01_M000\tneu\t[3.0000, 3.0000, 3.0000]
C-E1:\tNeutral;\t()

[3.0000 - 4.0000]\tSes01F_impro01_M001\tfru\t[2.0000, 3.0000, 3.0000]
C-E1:\tFrustration;\t()
"""
WORDS = """Ses01F_impro01_F000 [1.0000-2.0000]: Yes! [LAUGHTER]
Ses01F_impro01_M000 [2.0000-3.0000]: Fine.
Ses01F_impro01_M001 [3.0000-4.0000]: No.
"""


def emoduet(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """One dialogue of IEMOCAP's layout, and one a session in which nothing is labelled."""
    for number in range(1, 6):
        session = tmp_path / "IEMOCAP_full_release" / f"Session{number}"
        evaluation, words = (EVALUATION, WORDS) if number == 1 else (EVALUATION.splitlines()[0], "M: sorry\n")
        for folder, text in (("dialog/EmoEvaluation", evaluation), ("dialog/transcriptions", words)):
            (session / folder).mkdir(parents=True)
            (session / folder / f"Ses0{number}F_impro01.txt").write_text(text)
        (session / "sentences/wav").mkdir(parents=True)
    wav = tmp_path / "IEMOCAP_full_release" / "Session1" / "sentences/wav/Ses01F_impro01"
    wav.mkdir(parents=True)
    for turn in ("F000", "M000", "M001"):
        soundfile.write(wav / f"Ses01F_impro01_{turn}.wav", 0.1 * np.sin(np.arange(16_000)), 16_000)
    return tmp_path


def test_build_iemocap(release):
    out = release / "m.jsonl"
    result = emoduet("build", "iemocap", release, "--out", out)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{out}: 2 utterances, 2 classes (happy, neutral)\n"
    assert result.stderr == (
        "skipped      1  label outside the study: fru (frustration)\n"
        "skipped      4  transcript lines that belong to no turn\n"
    )
    assert [u.transcript for u in read_manifest(out)] == ["Yes! [LAUGHTER]", "Fine."]


@pytest.mark.parametrize(
    ("options", "labels"),
    [
        (["--classes", "all"], ["exc", "neu", "fru"]),
        (["--classes", "paper"], ["happy", "neutral"]),
        (["--label-map", "map.toml"], ["high", "low"]),
    ],
)
def test_label_sets(release, monkeypatch, options, labels):
    monkeypatch.chdir(release)
    Path("map.toml").write_text('exc = "high"\nfru = "low"\n')
    assert emoduet("build", "iemocap", ".", "--out", "m.jsonl", *options).exit_code == 0
    assert [u.label for u in read_manifest("m.jsonl")] == labels


def test_strip_tags(release):
    emoduet("build", "iemocap", release, "--out", release / "m.jsonl", "--strip-tags")
    assert read_manifest(release / "m.jsonl")[0].transcript == "Yes!"


def test_a_fault_ends_with_1_and_writes_nothing_unless_lenient(release):
    wav = release / "IEMOCAP_full_release/Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_M000.wav"
    wav.unlink()
    result = emoduet("build", "iemocap", release, "--out", release / "m.jsonl")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "1 problem\n" in result.stderr and "M000: no sound file for it" in result.stderr
    assert not (release / "m.jsonl").exists()
    result = emoduet("build", "iemocap", release, "--out", release / "m.jsonl", "--lenient")
    assert result.exit_code == 0
    assert "warnings     1\n" in result.stderr and "M000: no sound file for it" in result.stderr
    assert result.stdout.endswith("m.jsonl: 1 utterances, 1 classes (happy)\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--classes", "six"], "got 'six'; want one of paper, all"),
        (["--classes", "all", "--label-map", "m.toml"], "give --classes or --label-map, not both"),
    ],
)
def test_wrong_usage_ends_with_2(release, options, message):
    result = emoduet("build", "iemocap", release, "--out", release / "m.jsonl", *options)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())


def test_build_table(tmp_path):
    soundfile.write(tmp_path / "a.wav", 0.1 * np.sin(np.arange(16_000)), 16_000)
    (tmp_path / "t.csv").write_text("file,say,emo,who\na.wav,Hi,joy, x\na.wav,Ho,rage,y\n")
    (tmp_path / "map.json").write_text('{"joy": "happy"}')
    out = tmp_path / "out" / "m.jsonl"
    columns = ["--audio-column", "file", "--text-column", "say", "--label-column", "emo", "--speaker-column", "who"]
    result = emoduet("build", "table", tmp_path / "t.csv", "--out", out, *columns, "--label-map", tmp_path / "map.json",
                     "--id-column", "say", "--audio-root", tmp_path)  # fmt: skip
    assert result.exit_code == 0, result.output
    [utterance] = read_manifest(out)
    assert (utterance.id, utterance.label, utterance.speaker) == ("Hi", "happy", "x")
    assert result.stderr == "skipped      1  label outside the study: rage\n"


def test_a_table_without_the_column_lists_those_it_has(tmp_path):
    (tmp_path / "t.csv").write_text("file,say\na.wav,Hi\n")
    result = emoduet("build", "table", tmp_path / "t.csv", "--out", tmp_path / "m.jsonl", "--text-column", "words")
    assert result.exit_code == 1
    assert result.stderr == f"error: {tmp_path / 't.csv'}: has no column ['words']; it has ['file', 'say']\n"


def test_many_classes_are_named_in_part(tmp_path):
    rows = "".join(f"hi,c{number:02d}\n" for number in range(14))
    (tmp_path / "t.csv").write_text(f"transcript,label\n{rows}")
    result = emoduet("build", "table", tmp_path / "t.csv", "--out", tmp_path / "m.jsonl")
    assert "14 utterances, 14 classes (c00, c01, " in result.stdout
    assert result.stdout.endswith(", c10, c11, ...)\n")
    shown = emoduet("check", tmp_path / "m.jsonl").stdout
    assert "c00" not in shown


def test_check_says_what_differs_and_why(release):
    emoduet("build", "iemocap", release, "--out", release / "m.jsonl")
    result = emoduet("check", release / "m.jsonl")
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{release / 'm.jsonl'}: 2 utterances\n")
    assert "class: angry 0 1,103 -1,103" in " ".join(result.stdout.split())
    assert "more; --json lists all" in result.stdout
    assert "\nlikely cause: no turn of Ses02, Ses03, Ses04, Ses05" in result.stdout


def test_check_says_first_that_a_corpus_is_synthetic(release):
    mark = release / "IEMOCAP_full_release" / "Documentation" / "synthetic.json"
    mark.parent.mkdir()
    mark.write_text("{}")
    emoduet("build", "iemocap", release, "--out", release / "m.jsonl")
    result = emoduet("check", release / "m.jsonl")
    assert result.exit_code == 0
    first, second, *_, last = result.stdout.splitlines()
    assert first == "synthetic corpus: means nothing about people"
    assert second == f"{release / 'm.jsonl'}: 2 utterances"
    assert last == "A synthetic corpus of its own size; nothing was compared."
    assert json.loads(emoduet("check", release / "m.jsonl", "--json").stdout)["synthetic"] is True


def test_check_as_json(release):
    emoduet("build", "iemocap", release, "--out", release / "m.jsonl")
    result = emoduet("check", release / "m.jsonl", "--json", "--audio")
    found = json.loads(result.stdout)
    assert (found["utterances"], found["healthy"], found["audio"]) == (2, False, [])
    assert found["synthetic"] is False
    assert found["tables"]["speaker"] == {"Ses01F": {"happy": 1}, "Ses01M": {"neutral": 1}}
    assert found["corpus"] == "IEMOCAP"
    assert found["differences"][0] == {"what": "all", "found": 2, "published": 5531}
    assert found["durations"]["total"] == 2.0


def write_clips(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True)
    for name in names:
        soundfile.write(folder / name, 0.1 * np.sin(np.arange(1600)), 16_000)


@pytest.mark.parametrize(
    ("command", "place", "clips", "options", "summary"),
    [
        ("emodb", "wav", ["03a01Fa.wav", "08a01Wa.wav"], [], "2 utterances, 2 classes (angry, happy)"),
        ("emodb", "wav", ["03a01Fa.wav", "08a01La.wav"], ["--classes", "all"], "2 classes (boredom, happiness)"),
        ("ravdess", "Actor_01", ["03-01-04-01-01-01-01.wav"], ["--classes", "four"], "1 classes (sad)"),
        ("crema-d", "AudioWAV", ["1001_IEO_HAP_MD.wav"], [], "1 utterances, 1 classes (happy)"),
    ],
)
def test_build_from_clips_that_name_themselves(tmp_path, command, place, clips, options, summary):
    write_clips(tmp_path / place, *clips)
    result = emoduet("build", command, tmp_path, "--out", tmp_path / "m.jsonl", *options)
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith(f"{summary}\n")


def test_build_crema_d_as_perceived(tmp_path):
    write_clips(tmp_path / "AudioWAV", "1001_IEO_HAP_MD.wav")
    arguments = ["build", "crema-d", tmp_path, "--out", tmp_path / "m.jsonl", "--perceived"]
    assert "--perceived needs the raters' votes" in emoduet(*arguments).stderr
    (tmp_path / "processedResults").mkdir()
    (tmp_path / "processedResults" / "summaryTable.csv").write_text("FileName,VoiceVote\n1001_IEO_HAP_MD,S\n")
    assert emoduet(*arguments).stdout.endswith("1 classes (sad)\n")


def test_build_meld(tmp_path):
    header = "Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
    folders = {"train": "train_splits", "dev": "dev_splits_complete", "test": "output_repeated_splits_test"}
    for part, folder in folders.items():
        write_clips(tmp_path / folder, "dia0_utt0.wav")
        (tmp_path / f"{part}_sent_emo.csv").write_text(f"{header}Hi.,Joey,joy,positive,0,0,1,1,,\n")
    assert emoduet("build", "meld", tmp_path, "--out", tmp_path / "m.jsonl").exit_code == 0
    assert [u.split for u in read_manifest(tmp_path / "m.jsonl")] == ["train", "validation", "test"]
    checked = emoduet("check", tmp_path / "m.jsonl")
    assert checked.exit_code == 1
    assert "Compared with MELD's published sizes (four classes, without the two broken clips)" in checked.stdout
    assert "likely cause: no clip of the class angry, neutral, sad: look at the label map" in checked.stdout


def test_build_msp_podcast(tmp_path):
    write_clips(tmp_path / "Audios", "MSP-PODCAST_0001_0008.wav")
    header = "FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set"
    row = "MSP-PODCAST_0001_0008.wav,C,4,4,4,1,Male,Train"
    (tmp_path / "labels_consensus.csv").write_text(f"{header}\n{row}\n")
    result = emoduet("build", "msp-podcast", tmp_path, "--out", tmp_path / "m.jsonl", "--classes", "eight")
    assert result.stdout.endswith("1 utterances, 1 classes (contempt)\n")


def test_classes_and_a_label_map_at_once_are_wrong_usage(tmp_path):
    arguments = ["--out", tmp_path / "m.jsonl", "--classes", "all", "--label-map", tmp_path / "m.toml"]
    result = emoduet("build", "emodb", tmp_path, *arguments)
    assert result.exit_code == 2
    assert "give --classes or --label-map, not both" in " ".join(result.stderr.replace("│", " ").split())


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A manifest of two speakers that has nothing wrong with it."""
    soundfile.write(tmp_path / "a.wav", 0.1 * np.sin(np.arange(16_000)), 16_000)
    path = tmp_path / "m.jsonl"
    rows = [("a", "x", "s"), ("b", "y", "t")]
    path.write_text("".join(f'{{"id":"{i}","audio":"a.wav","label":"{e}","speaker":"{s}"}}\n' for i, e, s in rows))
    return path


def test_check_of_a_sound_corpus_ends_with_0(table):
    result = emoduet("check", table, "--audio")
    assert result.exit_code == 0
    assert "nothing to fold by session" in " ".join(result.stdout.split())
    assert "none is silent or clipped" in result.stdout
    assert "\nNo published sizes are known for this corpus and label set; nothing was compared.\n" in result.stdout


def test_check_hears_faults_and_oddities(table):
    soundfile.write(table.parent / "a.wav", np.zeros((8000, 2)), 8_000)
    result = emoduet("check", table, "--audio")
    assert result.exit_code == 1
    shown = " ".join(result.stdout.split())
    assert "problem: audio, silent: 2, first a: largest sample" in shown
    assert "note: audio, another rate: 2, first a: 8000 Hz" in shown


def test_check_names_problems_and_cuts_long_tables(tmp_path):
    lines = [json.dumps({"id": f"u{n}", "transcript": "a", "label": "x", "speaker": f"s{n:02d}"}) for n in range(35)]
    (tmp_path / "m.jsonl").write_text("\n".join(lines))
    result = emoduet("check", tmp_path / "m.jsonl")
    assert result.exit_code == 1
    assert "problem: every label is 'x'; want at least two classes" in result.stdout
    assert "s29" in result.stdout and "s30" not in result.stdout and "... and 5 more" in result.stdout


def test_check_of_no_manifest(tmp_path):
    result = emoduet("check", tmp_path / "m.jsonl")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: {tmp_path / 'm.jsonl'}: cannot be read")


@pytest.mark.parametrize(
    ("differences", "line"),
    [
        ([], "all counts hold."),
        ([Difference("sex: M", 5097, 5098)], "sizes that differ: 1."),
    ],
)
def test_the_verdict_on_iemocap(differences, line):
    console = Console(record=True, width=80)
    lengths = Durations(counted=2, total=3600.0, shortest=1.0, median=2.0, mean=2.5, longest=4.0)
    print_diagnosis(
        console,
        "m.jsonl",
        Diagnosis(
            2,
            {},
            lengths,
            corpus="IEMOCAP",
            compared_with="all labelled turns",
            differences=differences,
            causes=["unknown"],
        ),
        None,
    )
    shown = console.export_text().split("\n")
    assert shown[:2] == [
        "m.jsonl: 2 utterances",
        "1.00 h stated by 2 utterances: shortest 1.00 s, median 2.00, mean 2.50, longest 4.00",
    ]
    assert f"Compared with IEMOCAP's published sizes (all labelled turns): {line}" in shown
    assert ("likely cause: unknown" in shown) == bool(differences)


@pytest.mark.parametrize(("width", "heading"), [(60, "speaker   angry   calm    all"), (25, "speaker angry calm  all"),
                                                (20, "speaker    all")])  # fmt: skip
def test_numbers_are_never_cut_short(width, heading):
    console = Console(record=True, width=width)
    sizes = {"Ses01F": Counter(angry=2000, calm=34), "Ses01M": Counter(angry=3000)}
    print_diagnosis(console, "m", Diagnosis(5034, {"speaker": sizes}, None), None)
    shown = [line.strip() for line in console.export_text().split("\n")]
    assert heading in shown
    assert "5034" in [line.split()[-1] for line in shown if line.startswith("all")]
