"""The MELD reader on a tree typed by hand: three csv files in the release's form, its quotes, its broken clips."""

import pytest
from tiny_clips import POINTER, write_clips

from emoduet.corpora.meld import LABEL_SETS, read_meld
from emoduet.errors import CorpusError, InputError
from emoduet.labels import LabelSet
from emoduet.types import Utterance

HEADER = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
TRAIN = HEADER + (
    '1,"You\x92ve lost it, Joey.",Monica,anger,negative,0,0,4,7,"00:20:57,256","00:21:00,049"\n'
    '2,"He said ""No"".", Joey ,joy,positive,0,1,4,7,"0:21:01,927","0:21:03,261"\n'
    "3,Uhh.,Ross,fear,negative,0,2,4,7,soon,later\n"
    '4,"Oh, no-no-no.",Ross,neutral,neutral,125,3,4,18,"00:02:42,287","00:02:48,021"\n'
)
DEV = HEADER + (
    '1,It’s gone.,Phoebe,sadness,negative,0,0,6,11,"00:01:00,000","00:01:01,500"\n'
    '2,Did they tell you?,Phoebe,neutral,neutral,110,7,6,11,"00:07:11,764","00:07:13,890"\n'
)
TEST = HEADER + '1,Hi.,Monica,neutral,neutral,0,0,3,19,"00:14:38,127","00:14:40,378"\n'


@pytest.fixture
def meld(tmp_path):
    root = tmp_path / "MELD.Raw"
    train = write_clips(
        root / "train_splits", "dia0_utt0.mp4", "dia0_utt0.wav", "dia0_utt1.mp4", "dia0_utt2.flac", "dia125_utt3.mp4"
    )
    write_clips(train, "dia0_utt2.mp4")
    (train / "dia125_utt3.mp4").write_bytes(b"broken")
    write_clips(root / "dev_splits_complete", "dia0_utt0.mp4", "dia66_utt9.mp4")
    write_clips(
        root / "output_repeated_splits_test", "dia0_utt0.mp4", "._dia0_utt0.mp4", "final_videos_testdia101_utt0.mp4"
    )
    for name, text in (("train", TRAIN), ("dev", DEV), ("test", TEST)):
        (root / f"{name}_sent_emo.csv").write_text(text, encoding="utf-8")
    return root


def change(path, old, new):
    text = path.read_bytes()
    assert old in text
    path.write_bytes(text.replace(old, new, 1))


def test_one_utterance_in_full(meld):
    assert read_meld(meld).utterances[0] == Utterance(
        id="train_dia0_utt0",
        audio=str(meld / "train_splits" / "dia0_utt0.wav"),
        transcript="You’ve lost it, Joey.",
        label="angry",
        dialogue="train_dia0",
        scenario="season 4 episode 7",
        scripted=True,
        speaker="meld-Monica",
        split="train",
        extra={
            "corpus": "MELD",
            "category": "anger",
            "sentiment": "negative",
            "episode_start": 1257.256,
            "episode_end": 1260.049,
        },
    )


def test_numbers_that_recur_in_each_part_stay_apart(meld):
    found = [(u.id, u.dialogue, u.split, u.speaker, u.label) for u in read_meld(meld).utterances]
    assert found == [
        ("train_dia0_utt0", "train_dia0", "train", "meld-Monica", "angry"),
        ("train_dia0_utt1", "train_dia0", "train", "meld-Joey", "happy"),
        ("dev_dia0_utt0", "dev_dia0", "validation", "meld-Phoebe", "sad"),
        ("test_dia0_utt0", "test_dia0", "test", "meld-Monica", "neutral"),
    ]


def test_broken_clips_are_passed_over_by_name_and_all_is_counted(meld):
    reading = read_meld(meld)
    assert reading.skipped == {
        "broken in the release: dev dia110_utt7 (missing)": 1,
        "broken in the release: train dia125_utt3 (does not decode)": 1,
        "clips that no row describes": 2,
        "hidden files": 1,
        "label outside the study: fear": 1,
    }
    table = meld / "train_sent_emo.csv"
    assert reading.warnings == [f"{table}: 1 Windows-1252 characters stored as control characters; repaired"]


def test_quotes_of_windows_as_bytes_of_their_own(meld):
    change(meld / "train_sent_emo.csv", b"You\xc2\x92ve", b"You\x92ve \x93lost\x94")
    reading = read_meld(meld)
    assert reading.utterances[0].transcript == "You’ve “lost” lost it, Joey."
    assert reading.warnings == [f"{meld / 'train_sent_emo.csv'}: not UTF-8; read as Windows-1252"]


def test_doubled_quotes_and_what_is_no_time(meld):
    found = read_meld(meld, labels=LABEL_SETS["all"]).utterances
    assert found[1].transcript == 'He said "No".'
    assert found[1].extra["episode_start"] == 1261.927
    assert (found[2].label, found[2].extra["episode_start"], found[2].extra["episode_end"]) == ("fear", None, None)
    assert found[2].audio.endswith("dia0_utt2.flac")


def test_seven_classes():
    assert LABEL_SETS["all"].classes == ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")


def test_the_parent_folder_and_archives_unpacked_apart_will_do(meld):
    expected = [(u.id, u.transcript) for u in read_meld(meld).utterances]
    assert [(u.id, u.transcript) for u in read_meld(meld.parent).utterances] == expected
    for part, folder in (("train", "train_splits"), ("dev", "dev_splits_complete")):
        (meld / part).mkdir()
        (meld / folder).rename(meld / part / folder)
    assert [(u.id, u.transcript) for u in read_meld(meld.parent).utterances] == expected


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"0,1,4,7,", b"0,0,4,7,", r"train_sent_emo.csv:3: dia0_utt0 a second time, first at .*csv:2; want each once"),
        (b"0,1,4,7,", b"0,9,4,7,", r":3: dia0_utt9: no clip for it in train_splits"),
        (b"0,1,4,7,", b"0,one,4,7,", r":3: got the dialogue '0', utterance 'one'; want whole numbers"),
        (b",joy,", b",glee,", r":3: dia0_utt1: got the emotion 'glee'; want one of \['anger', 'disgust'"),
    ],
)
def test_a_contradiction_is_an_error_that_names_it(meld, old, new, message):
    change(meld / "train_sent_emo.csv", old, new)
    with pytest.raises(CorpusError, match=message):
        read_meld(meld)
    lenient = read_meld(meld, lenient=True)
    assert len(lenient.utterances) == 3
    assert len(lenient.warnings) == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"Emotion,", b"Mood,", r"train_sent_emo.csv: has no column \['Emotion'\]; it has \['Sr No.'"),
        (b",soon,later", b",soon", "train_sent_emo.csv:4: got another number of fields than the header has"),
    ],
)
def test_a_table_that_is_not_melds(meld, old, new, message):
    change(meld / "train_sent_emo.csv", old, new)
    with pytest.raises(CorpusError, match=message):
        read_meld(meld)


@pytest.mark.parametrize("name", ["dev_sent_emo.csv", "dev_splits_complete", "output_repeated_splits_test"])
def test_what_is_missing_is_named(meld, name):
    (meld / name).rename(meld / "elsewhere")
    with pytest.raises(CorpusError, match=rf"got \[.*\]; want {name}, as MELD.Raw has it"):
        read_meld(meld)


def test_a_table_that_cannot_be_read(meld):
    (meld / "dev_sent_emo.csv").unlink()
    (meld / "dev_sent_emo.csv").mkdir()
    with pytest.raises(CorpusError, match=r"dev_sent_emo.csv: cannot be read \(Is a directory\)"):
        read_meld(meld)


def test_a_pointer_instead_of_a_clip(meld):
    (meld / "dev_splits_complete" / "dia0_utt0.mp4").write_bytes(POINTER)
    with pytest.raises(CorpusError, match="1 files such as .*dia0_utt0.mp4 are git-lfs pointers and no sound"):
        read_meld(meld)


def test_a_label_map_of_unknown_labels_is_refused(meld):
    with pytest.raises(InputError, match=r"\['happy'\] are no MELD labels; those are \['anger', 'disgust', 'fear'"):
        read_meld(meld, labels=LabelSet.from_mapping({"happy": "a", "anger": "b"}))
