"""The RAVDESS reader on a tree typed by hand: what it takes, what it skips and what it refuses."""

import pytest
from tiny_clips import write_clips

from emoduet.corpora.ravdess import LABEL_SETS, read_ravdess
from emoduet.errors import CorpusError, InputError
from emoduet.labels import LabelSet
from emoduet.types import Utterance


@pytest.fixture
def ravdess(tmp_path):
    write_clips(
        tmp_path / "Actor_01",
        "03-01-05-02-01-02-01.wav",
        "03-01-02-01-02-01-01.wav",
        "03-02-05-01-01-01-01.wav",
        "._03-01-05-02-01-02-01.wav",
    )
    write_clips(
        tmp_path / "Actor_12",
        "03-01-06-01-02-01-12.wav",
        "03-01-01-01-01-01-12.wav",
        "01-01-06-01-02-01-12.mp4",
        "02-01-06-01-02-01-12.mp4",
    )
    return tmp_path


def test_one_clip_in_full(ravdess):
    assert read_ravdess(ravdess).utterances[0] == Utterance(
        id="03-01-05-02-01-02-01",
        audio=str(ravdess / "Actor_01" / "03-01-05-02-01-02-01.wav"),
        transcript="Kids are talking by the door.",
        label="angry",
        scenario="statement-01",
        scripted=True,
        speaker="ravdess-01",
        sex="M",
        extra={"corpus": "RAVDESS", "category": "angry", "intensity": "strong", "repetition": 2},
    )


def test_four_classes_leave_calm_and_fear_out(ravdess):
    reading = read_ravdess(ravdess)
    assert [(u.id, u.label, u.sex) for u in reading.utterances] == [
        ("03-01-05-02-01-02-01", "angry", "M"),
        ("03-01-01-01-01-01-12", "neutral", "F"),
    ]
    assert reading.warnings == []
    assert reading.skipped == {
        "hidden files": 1,
        "label outside the study: calm": 1,
        "label outside the study: fearful": 1,
        "songs": 1,
        "videos": 2,
    }


def test_all_eight_classes(ravdess):
    found = read_ravdess(ravdess, labels=LABEL_SETS["all"]).utterances
    assert [u.label for u in found] == ["calm", "angry", "neutral", "fearful"]
    assert [u.transcript[:4] for u in found] == ["Dogs", "Kids", "Kids", "Dogs"]
    assert LABEL_SETS["all"].classes == (
        "angry", "calm", "disgust", "fearful", "happy", "neutral", "sad", "surprised"
    )  # fmt: skip


def test_a_label_map_of_ones_own(ravdess):
    labels = LabelSet.from_mapping({"calm": "low", "neutral": "low", "angry": "high"})
    assert [u.label for u in read_ravdess(ravdess, labels=labels).utterances] == ["low", "high", "low"]
    with pytest.raises(InputError, match=r"label map: \['anger'\] are no RAVDESS labels; those are \['angry', 'calm'"):
        read_ravdess(ravdess, labels=LabelSet.from_mapping({"anger": "a", "calm": "b"}))


def test_a_copy_that_holds_every_actor_twice_is_read_once(ravdess):
    once = read_ravdess(ravdess)
    write_clips(ravdess / "audio_speech_actors_01-24" / "Actor_01", "03-01-05-02-01-02-01.wav")
    assert read_ravdess(ravdess) == once


def test_the_parent_of_the_unpacked_archive_will_do(tmp_path):
    write_clips(tmp_path / "Audio_Speech_Actors_01-24" / "Actor_02", "03-01-04-01-01-01-02.wav")
    assert [u.label for u in read_ravdess(tmp_path).utterances] == ["sad"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("take one.wav", "take one.wav: got this name; want one like 03-01-06-01-02-01-12"),
        ("03-01-09-01-01-01-01.wav", "got the emotion 09; want one of 01, 02, 03"),
        ("03-03-04-01-01-01-01.wav", "got the channel 03; want one of 01, 02"),
        ("03-01-04-01-03-01-01.wav", "got the statement 03; want one of 01, 02"),
        ("03-01-01-02-01-01-01.wav", "got strong neutral; RAVDESS has none"),
        ("03-01-04-01-01-01-12.wav", "got a clip of actor 12 in Actor_01; want it in Actor_12"),
    ],
)
def test_a_contradiction_is_an_error_that_names_it(ravdess, name, message):
    write_clips(ravdess / "Actor_01", name)
    with pytest.raises(CorpusError, match=message):
        read_ravdess(ravdess)
    lenient = read_ravdess(ravdess, lenient=True)
    assert (len(lenient.utterances), len(lenient.warnings)) == (2, 1)


def test_an_empty_file_is_an_error_that_names_it(ravdess):
    (ravdess / "Actor_01" / "03-01-05-02-01-02-01.wav").write_bytes(b"")
    with pytest.raises(CorpusError, match=r"03-01-05-02-01-02-01.wav: holds 0 bytes"):
        read_ravdess(ravdess)


def test_the_wrong_folder_is_named_with_what_it_holds(tmp_path):
    (tmp_path / "notes").mkdir()
    with pytest.raises(CorpusError, match=r"got \['notes'\]; want the folders Actor_01 to Actor_24"):
        read_ravdess(tmp_path)
    with pytest.raises(CorpusError, match="got no such folder; want"):
        read_ravdess(tmp_path / "nowhere")


def test_no_clip_left_is_an_error(ravdess):
    labels = LabelSet.from_mapping({"happy": "happy", "sad": "sad"})
    with pytest.raises(CorpusError, match=r"no clip with a label of \['happy', 'sad'\]; is the release complete"):
        read_ravdess(ravdess, labels=labels)
