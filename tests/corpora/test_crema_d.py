"""The CREMA-D reader on a tree typed by hand: intended and perceived labels, broken clips, git-lfs pointers."""

import pytest
from tiny_clips import POINTER, write_clips

from emoduet.corpora.crema_d import LABEL_SETS, SENTENCES, read_crema_d
from emoduet.errors import CorpusError, InputError
from emoduet.labels import LabelSet
from emoduet.types import Utterance

SUMMARY = "processedResults/summaryTable.csv"
PEOPLE = "VideoDemographics.csv"
DEMOGRAPHICS = """"ActorID","Age","Sex","Race","Ethnicity"
1001,51,"Male","Caucasian","Not Hispanic"
1040,42,"Male","Caucasian","Not Hispanic"
1076,25,"Female","Caucasian","Not Hispanic"
"""
VOTES = """"","FileName","VoiceVote","VoiceLevel","FaceVote","FaceLevel","MultiModalVote","MultiModalLevel"
"1","1001_IEO_HAP_MD","N","67.71","H","62.62","H","56.56"
"2","1001_IEO_ANG_MD","A:D","37.2:58.6","A","45.5","A","44.2"
"3","1001_TIE_DIS_XX","A","45.75","D","64.4","D","69.33"
"4","1040_ITH_SAD_XX","S","51.6","S","56","N","80.14"
"5","1076_WSI_NEU_XX","N","65.43","N","72.78","N","71.78"
"""


@pytest.fixture
def crema_d(tmp_path):
    root = tmp_path / "CREMA-D"
    write_clips(
        root / "AudioWAV",
        "1001_IEO_HAP_MD.wav",
        "1001_IEO_ANG_MD.wav",
        "1001_TIE_DIS_XX.wav",
        "1040_ITH_SAD_X.wav",
        "1076_MTI_SAD_XX.wav",
        "1076_MTI_NEU_XX.wav",
        "1076_WSI_NEU_XX.wav",
    )
    (root / "VideoDemographics.csv").write_text(DEMOGRAPHICS)
    (root / "processedResults").mkdir()
    (root / "processedResults" / "summaryTable.csv").write_text(VOTES)
    return root


def test_one_clip_in_full(crema_d):
    assert read_crema_d(crema_d).utterances[1] == Utterance(
        id="1001_IEO_HAP_MD",
        audio=str(crema_d / "AudioWAV" / "1001_IEO_HAP_MD.wav"),
        transcript="It's eleven o'clock.",
        label="happy",
        scenario="IEO",
        scripted=True,
        speaker="crema-d-1001",
        sex="M",
        extra={"corpus": "CREMA-D", "category": "happy", "level": "medium", "age": 51},
    )


def test_intended_labels_and_what_is_counted(crema_d):
    reading = read_crema_d(crema_d)
    assert [(u.id, u.label, u.sex, u.extra["level"]) for u in reading.utterances] == [
        ("1001_IEO_ANG_MD", "angry", "M", "medium"),
        ("1001_IEO_HAP_MD", "happy", "M", "medium"),
        ("1040_ITH_SAD_X", "sad", "M", "unspecified"),
        ("1076_WSI_NEU_XX", "neutral", "F", "unspecified"),
    ]
    assert reading.warnings == []
    assert reading.skipped == {
        "broken in the release: 1076_MTI_NEU_XX (nearly empty)": 1,
        "broken in the release: 1076_MTI_SAD_XX (silent)": 1,
        "label outside the study: disgust": 1,
    }


def test_perceived_labels_with_ties_counted(crema_d):
    reading = read_crema_d(crema_d, perceived=True)
    assert [(u.id, u.label, u.extra["intended"]) for u in reading.utterances] == [
        ("1001_IEO_HAP_MD", "neutral", "happy"),
        ("1001_TIE_DIS_XX", "angry", "disgust"),
        ("1040_ITH_SAD_X", "sad", "sad"),
        ("1076_WSI_NEU_XX", "neutral", "neutral"),
    ]
    assert reading.utterances[0].extra == {
        "corpus": "CREMA-D", "category": "neutral", "level": "medium", "age": 51, "labels": "perceived",
        "intended": "happy",
    }  # fmt: skip
    assert reading.skipped["perceived label tied"] == 1


def test_all_six_classes_and_twelve_sentences(crema_d):
    assert LABEL_SETS["all"].classes == ("anger", "disgust", "fear", "happy", "neutral", "sad")
    assert [u.label for u in read_crema_d(crema_d, labels=LABEL_SETS["all"]).utterances][:3] == [
        "anger", "happy", "disgust"
    ]  # fmt: skip
    assert len(SENTENCES) == 12


def test_without_demographics_sex_and_age_are_not_stated(crema_d):
    (crema_d / "VideoDemographics.csv").unlink()
    told = read_crema_d(crema_d).utterances
    assert {u.sex for u in told} == {None} and not any("age" in u.extra for u in told)


def test_an_age_that_the_table_does_not_say_is_not_stated(crema_d):
    (crema_d / PEOPLE).write_text(DEMOGRAPHICS.replace("1001,51", "1001,").replace("1076,25", "1076,NA"))
    assert {u.speaker: u.extra.get("age") for u in read_crema_d(crema_d).utterances} == {
        "crema-d-1001": None, "crema-d-1040": 42, "crema-d-1076": None
    }  # fmt: skip


def test_the_parent_folder_will_do(crema_d):
    assert read_crema_d(crema_d.parent) == read_crema_d(crema_d)


def test_git_lfs_pointers_are_one_problem_that_counts_them(crema_d):
    for name in ("1001_IEO_HAP_MD.wav", "1001_IEO_ANG_MD.wav"):
        (crema_d / "AudioWAV" / name).write_bytes(POINTER)
    wanted = r"1 problem\n  2 files such as .*1001_IEO_ANG_MD.wav are git-lfs pointers and no sound; run `git lfs pull`"
    with pytest.raises(CorpusError, match=wanted):
        read_crema_d(crema_d)
    assert [u.label for u in read_crema_d(crema_d, lenient=True).utterances] == ["sad", "neutral"]


@pytest.mark.parametrize("name", ["1001_IEO_HAP", "1001_XYZ_HAP_MD", "1001_IEO_JOY_MD", "1092_IEO_HAP_MD"])
def test_a_strange_name_is_an_error_that_names_it(crema_d, name):
    write_clips(crema_d / "AudioWAV", f"{name}.wav")
    with pytest.raises(CorpusError, match=f"{name}.wav: got this name; want actor, sentence, emotion and level"):
        read_crema_d(crema_d)
    assert len(read_crema_d(crema_d, lenient=True).utterances) == 4


def test_an_actor_that_nobody_describes_is_an_error(crema_d):
    write_clips(crema_d / "AudioWAV", "1002_IEO_HAP_MD.wav")
    with pytest.raises(CorpusError, match=r"1002_IEO_HAP_MD.wav: actor 1002 has no row in VideoDemographics.csv"):
        read_crema_d(crema_d)


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    [
        (SUMMARY, '"1001_IEO_HAP_MD"', '"x"', "1001_IEO_HAP_MD has no row in processedRes"),
        (SUMMARY, '"A:D"', '"A:Q"', r"summaryTable.csv:3: got the vote 'A:Q'; want letters"),
        (SUMMARY, "VoiceVote", "Vote", r"has no column \['VoiceVote'\]; it has \['', 'File"),
        (PEOPLE, ',"Not Hispanic"\n1040', "\n1040", r"VideoDemographics.csv:2: got another number of f"),
        (PEOPLE, '"Male"', '"Male', "VideoDemographics.csv:.*; want quotes closed"),
    ],
)
def test_a_table_that_contradicts_itself(crema_d, path, old, new, message):
    text = (crema_d / path).read_text()
    assert old in text
    (crema_d / path).write_text(text.replace(old, new, 1))
    with pytest.raises(CorpusError, match=message):
        read_crema_d(crema_d, perceived=True)


def test_perceived_labels_need_the_votes(crema_d):
    (crema_d / "processedResults" / "summaryTable.csv").unlink()
    with pytest.raises(InputError, match="summaryTable.csv: no such file; --perceived needs the raters' votes"):
        read_crema_d(crema_d, perceived=True)


def test_the_wrong_folder_and_the_wrong_map(crema_d):
    with pytest.raises(CorpusError, match=r"got \['summaryTable.csv'\]; want a folder AudioWAV"):
        read_crema_d(crema_d / "processedResults")
    with pytest.raises(InputError, match=r"\['HAP'\] are no CREMA-D labels; those are \['anger'"):
        read_crema_d(crema_d, labels=LabelSet.from_mapping({"HAP": "a", "sad": "b"}))
