"""The MSP-Podcast reader on a tree typed by hand: splits, unknown speakers, hidden labels, both forms of the table."""

import csv
import json

import pytest
from tiny_clips import write_clips

from emoduet.corpora.msp_podcast import LABEL_SETS, read_msp_podcast
from emoduet.errors import CorpusError, InputError
from emoduet.labels import LabelSet
from emoduet.types import Utterance

LABELS = """FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set
MSP-PODCAST_0001_0008.wav,N,4.2,3.8,4.0,127,Female,Train
MSP-PODCAST_0001_0019.wav,H,5,6,5,Unknown,Male,Train
MSP-PODCAST_0002_0033.wav,A,6.25,2,5,77,Male,Development
MSP-PODCAST_0003_0001.wav,S,2,2,3,9,Female,Test1
MSP-PODCAST_0003_0002.wav,X,4,4,4,9,Female,Test1
MSP-PODCAST_0004_0001.wav,O,4,4,4,10,Unknown,Test2
MSP-PODCAST_0004_0002.wav,C,4,3,5,10,Female,Test2
"""
NAMES = [line.split(",")[0] for line in LABELS.splitlines()[1:]]


@pytest.fixture
def podcast(tmp_path):
    write_clips(tmp_path / "Audios", *NAMES, "MSP-PODCAST_test3_0001.wav", "MSP-PODCAST_test3_0002.wav", "extra.wav")
    (tmp_path / "Labels").mkdir()
    (tmp_path / "Labels" / "labels_consensus.csv").write_text(LABELS)
    (tmp_path / "Transcripts").mkdir()
    for name in NAMES[:3]:
        (tmp_path / "Transcripts" / name.replace(".wav", ".txt")).write_text(f"the words of {name[12:21]}\n")
    return tmp_path


def change(root, old, new):
    path = root / "Labels" / "labels_consensus.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_one_turn_in_full(podcast):
    assert read_msp_podcast(podcast).utterances[0] == Utterance(
        id="MSP-PODCAST_0001_0008",
        audio=str(podcast / "Audios" / "MSP-PODCAST_0001_0008.wav"),
        transcript="the words of 0001_0008",
        label="neutral",
        valence=3.8,
        arousal=4.2,
        dominance=4.0,
        speaker="msp-podcast-127",
        sex="F",
        split="train",
        extra={"corpus": "MSP-Podcast", "category": "neutral"},
    )


def test_splits_unknown_speakers_and_hidden_labels(podcast):
    reading = read_msp_podcast(podcast)
    assert [(u.label, u.split, u.speaker, u.sex) for u in reading.utterances] == [
        ("neutral", "train", "msp-podcast-127", "F"),
        ("happy", "train", None, "M"),
        ("angry", "validation", "msp-podcast-77", "M"),
        ("sad", "test1", "msp-podcast-9", "F"),
    ]
    assert reading.skipped == {
        "label outside the study: contempt": 1,
        "label outside the study: no agreement": 1,
        "label outside the study: other": 1,
        "sound files without a label": 1,
        "turns of test3, whose labels are hidden": 2,
    }
    assert reading.warnings == [f"{podcast / 'Transcripts'}: no transcript of 1 turns; they are kept without words"]


def test_eight_and_all_ten_classes(podcast):
    eight = [u.label for u in read_msp_podcast(podcast, labels=LABEL_SETS["eight"]).utterances]
    assert eight == ["neutral", "happy", "angry", "sad", "contempt"]
    assert len(LABEL_SETS["eight"].classes) == 8
    every = read_msp_podcast(podcast, labels=LABEL_SETS["all"]).utterances
    assert [(u.label, u.split, u.sex) for u in every[4:]] == [
        ("no agreement", "test1", "F"), ("other", "test2", None), ("contempt", "test2", "F")
    ]  # fmt: skip


def test_the_table_as_json(podcast):
    expected = read_msp_podcast(podcast)
    path = podcast / "Labels" / "labels_consensus.csv"
    rows = {row.pop("FileName"): row for row in csv.DictReader(path.read_text().splitlines())}
    rows["MSP-PODCAST_0001_0008.wav"] |= {"EmoAct": 4.2, "SpkrID": 127}
    path.unlink()
    path.with_suffix(".json").write_text(json.dumps(rows))
    assert read_msp_podcast(podcast) == expected


def test_rows_of_test3_without_a_label_are_counted_once(podcast):
    with (podcast / "Labels" / "labels_consensus.csv").open("a") as file:
        file.write("MSP-PODCAST_test3_0001.wav,,,,,,,Test3\n")
    assert read_msp_podcast(podcast).skipped["turns of test3, whose labels are hidden"] == 2


def test_labels_beside_a_folder_audio_without_transcripts(podcast):
    (podcast / "Audios").rename(podcast / "Audio")
    (podcast / "Labels" / "labels_consensus.csv").rename(podcast / "labels_consensus.csv")
    (podcast / "Transcripts").rename(podcast / "words")
    reading = read_msp_podcast(podcast)
    assert {u.transcript for u in reading.utterances} == {None}
    assert (len(reading.utterances), reading.warnings) == (4, [])


def test_a_transcript_that_is_not_utf8_is_named(podcast):
    path = podcast / "Transcripts" / "MSP-PODCAST_0001_0008.txt"
    path.write_bytes(b"caf\xe9")
    reading = read_msp_podcast(podcast)
    assert reading.utterances[0].transcript == "caf\ufffd"
    assert reading.warnings[0] == f"{path}: bytes that are not UTF-8, replaced by \ufffd"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",N,4.2", ",Q,4.2", r"csv:2: MSP-PODCAST_0001_0008: got the EmoClass 'Q'; want one of A, S, H, U"),
        ("Female,Train", "Female,Dev", "got the Split_Set 'Dev'; want one of Train, Development, Test1, Test2, Test3"),
        ("Female,Train", "Woman,Train", "got the Gender 'Woman'; want one of Male, Female, Unknown"),
        (",N,4.2", ",N,high", "got the EmoAct 'high'; want a number"),
        (",N,4.2", ",N,nan", "got the EmoAct 'nan'; want a number"),
        ("0001_0008.wav,N", "0009_0009.wav,N", "MSP-PODCAST_0009_0009: no sound file for it"),
        ("0001_0008.wav,N", "0001_0019.wav,N", "0001_0019 a second time, first at .*csv:2; want each once"),
    ],
)
def test_a_contradiction_is_an_error_that_names_it(podcast, old, new, message):
    change(podcast, old, new)
    with pytest.raises(CorpusError, match=message):
        read_msp_podcast(podcast)
    assert len(read_msp_podcast(podcast, lenient=True).utterances) == 3


def test_an_empty_sound_file_is_an_error_that_names_it(podcast):
    (podcast / "Audios" / "MSP-PODCAST_0001_0008.wav").write_bytes(b"")
    with pytest.raises(CorpusError, match="MSP-PODCAST_0001_0008.wav: holds 0 bytes"):
        read_msp_podcast(podcast)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"labels_consensus.json: not JSON"),
        ("[1]", "labels_consensus.json: want one object that names each file"),
        ('{"a.wav": {"EmoClass": "N"}}', r"json: a.wav: has no column \['EmoVal', .*\]; it has \['EmoClass'\]"),
    ],
)
def test_a_table_that_is_not_msp_podcasts(podcast, text, message):
    path = podcast / "Labels" / "labels_consensus.csv"
    path.unlink()
    path.with_suffix(".json").write_text(text)
    with pytest.raises(CorpusError, match=message):
        read_msp_podcast(podcast)


@pytest.mark.parametrize(
    ("content", "message"), [(b"\xff", "got the byte 0xff at 0; want UTF-8"), (None, "cannot be read")]
)
def test_a_table_that_cannot_be_read(podcast, content, message):
    path = podcast / "Labels" / "labels_consensus.csv"
    path.unlink()
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(CorpusError, match=f"labels_consensus.csv: {message}"):
        read_msp_podcast(podcast)


def test_the_wrong_folder_and_the_wrong_map(podcast):
    with pytest.raises(CorpusError, match=r"got \[.*\]; want Labels/labels_consensus.csv and a folder Audios"):
        read_msp_podcast(podcast / "Audios")
    with pytest.raises(InputError, match=r"\['N'\] are no MSP-Podcast labels; those are \['angry', 'contempt'"):
        read_msp_podcast(podcast, labels=LabelSet.from_mapping({"N": "a", "sad": "b"}))
    (podcast / "Audios").rename(podcast / "sound")
    with pytest.raises(CorpusError, match="want a folder Audios beside the labels"):
        read_msp_podcast(podcast)
