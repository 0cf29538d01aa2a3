"""The EmoDB reader on a folder typed by hand; above all, that its letters are read in German."""

import pytest
from tiny_clips import write_clips

from emoduet.corpora.emodb import LABEL_SETS, SENTENCES, read_emodb
from emoduet.errors import CorpusError, InputError
from emoduet.labels import LabelSet
from emoduet.types import Utterance

CLIPS = ["03a01Fa", "03a01Wa", "08b02Ab", "09a05La", "14b10Na", "15a04Ea", "16b03Td"]


@pytest.fixture
def emodb(tmp_path):
    wav = write_clips(tmp_path / "wav", *(f"{name}.wav" for name in CLIPS))
    (wav / ".DS_Store").write_bytes(b"x")
    (wav / "erkennung.txt").write_text("recognition rates")
    (wav / "more").mkdir()
    return tmp_path


def test_one_clip_in_full(emodb):
    assert read_emodb(emodb).utterances[0] == Utterance(
        id="03a01Fa",
        audio=str(emodb / "wav" / "03a01Fa.wav"),
        transcript="Der Lappen liegt auf dem Eisschrank.",
        label="happy",
        scenario="a01",
        scripted=True,
        speaker="emodb-03",
        sex="M",
        extra={"corpus": "EmoDB", "category": "happiness", "version": "a"},
    )


def test_letters_are_german(emodb):
    found = read_emodb(emodb, labels=LABEL_SETS["all"]).utterances
    assert [(u.id, u.label, u.sex) for u in found] == [
        ("03a01Fa", "happiness", "M"),
        ("03a01Wa", "anger", "M"),
        ("08b02Ab", "fear", "F"),
        ("09a05La", "boredom", "F"),
        ("14b10Na", "neutral", "F"),
        ("15a04Ea", "disgust", "M"),
        ("16b03Td", "sadness", "F"),
    ]


def test_the_four_classes_and_what_is_counted(emodb):
    reading = read_emodb(emodb)
    assert [u.label for u in reading.utterances] == ["happy", "angry", "neutral", "sad"]
    assert reading.skipped == {
        "files that are not .wav": 1,
        "hidden files": 1,
        "label outside the study: boredom": 1,
        "label outside the study: disgust": 1,
        "label outside the study: fear": 1,
        "sub-folders of wav": 1,
    }


def test_the_folder_wav_itself_will_do(emodb):
    assert read_emodb(emodb / "wav") == read_emodb(emodb)


def test_ten_sentences():
    assert list(SENTENCES) == ["a01", "a02", "a04", "a05", "a07", "b01", "b02", "b03", "b09", "b10"]
    assert SENTENCES["b01"] == "Was sind denn das für Tüten, die da unter dem Tisch stehen?"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hello.wav", "hello.wav: got this name; want one like 03a01Fa"),
        ("04a01Fa.wav", "got the speaker 04; want one of 03, 08, 09"),
        ("03a03Fa.wav", "got the sentence a03; want one of a01, a02, a04"),
        ("03a01Xa.wav", "got the emotion X; want one of W, L, E, A, F, T, N"),
    ],
)
def test_a_strange_name_is_an_error_that_names_it(emodb, name, message):
    write_clips(emodb / "wav", name)
    with pytest.raises(CorpusError, match=message):
        read_emodb(emodb)
    lenient = read_emodb(emodb, lenient=True)
    assert (len(lenient.utterances), len(lenient.warnings)) == (4, 1)


def test_an_empty_file_is_left_out_when_lenient(emodb):
    (emodb / "wav" / "03a01Fa.wav").write_bytes(b"")
    reading = read_emodb(emodb, lenient=True)
    assert [u.id for u in reading.utterances] == ["03a01Wa", "14b10Na", "16b03Td"]
    assert reading.warnings == [f"{emodb / 'wav' / '03a01Fa.wav'}: holds 0 bytes"]


def test_the_wrong_folder_and_the_wrong_map(tmp_path, emodb):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=r"got \[\]; want a folder wav with clips such as 03a01Fa.wav"):
        read_emodb(tmp_path / "empty")
    with pytest.raises(InputError, match=r"\['joy'\] are no EmoDB labels"):
        read_emodb(emodb, labels=LabelSet.from_mapping({"joy": "a", "fear": "b"}))
