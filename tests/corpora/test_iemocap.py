"""The IEMOCAP reader on a tree typed by hand: what it takes, what it skips and what it refuses."""

import shutil
from pathlib import Path

import pytest

from emoduet.corpora.iemocap import read_iemocap
from emoduet.errors import CorpusError, InputError
from emoduet.labels import ALL_IEMOCAP_LABELS, LabelSet
from emoduet.types import Utterance

SESSION1 = Path("Session1")
EVALUATION = SESSION1 / "dialog/EmoEvaluation/Ses01F_impro05a.txt"
WORDS = SESSION1 / "dialog/transcriptions/Ses01F_impro05a.txt"
WAV = SESSION1 / "sentences/wav/Ses01F_impro05a"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new).encode())


def test_one_turn_in_full(iemocap):
    assert read_iemocap(iemocap).utterances[0] == Utterance(
        id="Ses01F_impro05a_F000",
        audio=str(iemocap / WAV / "Ses01F_impro05a_F000.wav"),
        transcript="Excuse me: [LAUGHTER] are you there?",
        label="neutral",
        votes={"neu": 2, "ang": 1, "confusion": 1},
        valence=2.5,
        arousal=2.0,
        dominance=3.5,
        session="Ses01",
        dialogue="Ses01F_impro05a",
        scenario="impro05",
        scripted=False,
        speaker="Ses01F",
        sex="F",
        extra={
            "category": "neu",
            "part": "a",
            "recording": "Ses01F",
            "dialogue_start": 6.29,
            "dialogue_end": 8.23,
            "raters": {
                "C-E2": {"labels": ["Neutral"], "comment": None},
                "C-E3": {"labels": ["Neutral state", "Anger"], "comment": "a bit (just a bit) tense"},
                "C-E4": {"labels": ["Confusion"], "comment": None},
                "C-F1": {"labels": ["Sadness"], "comment": "curious"},
                "A-E3": {"valence": 3, "arousal": 2, "dominance": None, "comment": None},
                "A-F1": {"valence": 2, "arousal": 1, "dominance": 4, "comment": "tired"},
            },
        },
    )


def test_the_paper_set(iemocap):
    found = [(u.id, u.label, u.extra["category"], u.speaker) for u in read_iemocap(iemocap).utterances]
    assert found == [
        ("Ses01F_impro05a_F000", "neutral", "neu", "Ses01F"),
        ("Ses01F_impro05a_M000", "happy", "exc", "Ses01M"),
        ("Ses01M_script01_1b_F000", "angry", "ang", "Ses01F"),
        ("Ses02F_impro01_F000", "happy", "hap", "Ses02F"),
    ]


def test_a_scripted_scene_with_a_letter_and_crlf(iemocap):
    turn = read_iemocap(iemocap).utterances[2]
    assert (turn.scenario, turn.extra["part"], turn.scripted, turn.transcript) == ("script01", "1b", True, "You knew.")


def test_all_that_is_skipped_is_counted_by_cause(iemocap):
    (iemocap / WAV / "Ses01F_impro05a_FXX0.wav").write_bytes(b"sound")
    (iemocap / WAV / "notes.txt").write_text("left here")
    change(iemocap / WORDS, "Ses01F_impro05a_M000 ", "Ses01F_impro05a_F009 [1-2]: Hello?\nSes01F_impro05a_M000 ")
    reading = read_iemocap(iemocap)
    assert reading.warnings == []
    assert reading.skipped == {
        "files that are not .wav": 1,
        "hidden files": 4,
        "label outside the study: xxx (no majority)": 1,
        "numbered turns without a label": 1,
        "sub-folders of EmoEvaluation": 1,
        "transcript lines of unlabelled turns (FXX, MXX)": 1,
        "transcript lines that belong to no turn": 4,
        "wav files without a label": 1,
    }


@pytest.mark.parametrize(
    ("wavs", "causes"),
    [
        ([], {"numbered turns without a label": 1}),
        (["Ses01F_impro05a_F009"], {"numbered turns without a label": 1, "wav files without a label": 1}),
        (["Ses01F_impro05a_MXX7", "hum"], {"numbered turns without a label": 1, "wav files without a label": 2}),
    ],
)
def test_words_and_sound_without_a_label_are_counted(iemocap, wavs, causes):
    change(iemocap / WORDS, "Ses01F_impro05a_M000 ", "Ses01F_impro05a_F009 [1-2]: Hello?\nSes01F_impro05a_M000 ")
    for name in wavs:
        (iemocap / WAV / f"{name}.wav").write_bytes(b"sound")
    reading = read_iemocap(iemocap)
    assert reading.warnings == []
    assert {cause: n for cause, n in reading.skipped.items() if cause.endswith("without a label")} == causes


@pytest.mark.parametrize("name", ["Ses01F_impro05a_F099", "Ses01F_impro01_M000"])
def test_a_turns_sound_with_neither_words_nor_label_is_an_error_that_names_it(iemocap, name):
    (iemocap / WAV / f"{name}.wav").write_bytes(b"sound")
    with pytest.raises(CorpusError, match=f"{name}.wav: got a sound file of a numbered turn; want a label in Ses01F"):
        read_iemocap(iemocap)
    lenient = read_iemocap(iemocap, lenient=True)
    assert len(lenient.utterances) == 4
    assert lenient.skipped["wav files without a label"] == 1
    assert lenient.warnings == [
        f"{iemocap / WAV / name}.wav: got a sound file of a numbered turn; "
        f"want a label in Ses01F_impro05a.txt or a line in {iemocap / WORDS}"
    ]


def test_all_classes_keep_every_labelled_turn(iemocap):
    labels = [u.label for u in read_iemocap(iemocap, labels=ALL_IEMOCAP_LABELS).utterances]
    assert labels == ["neu", "exc", "xxx", "ang", "hap"]


def test_any_other_label_set(iemocap):
    labels = LabelSet.from_mapping({"exc": "lively", "neu": "calm"})
    assert [u.label for u in read_iemocap(iemocap, labels=labels).utterances] == ["calm", "lively"]


def test_tags_are_stripped_when_asked(iemocap):
    assert read_iemocap(iemocap, strip_tags=True).utterances[0].transcript == "Excuse me: are you there?"


def test_a_corpus_that_says_it_is_synthetic_marks_every_utterance(iemocap):
    notice = iemocap / "Documentation" / "synthetic.json"
    notice.parent.mkdir(exist_ok=True)
    notice.write_text("{}", encoding="utf-8")
    assert {utterance.extra["synthetic"] for utterance in read_iemocap(iemocap).utterances} == {True}


def test_the_parent_folder_will_do(iemocap):
    assert read_iemocap(iemocap.parent) == read_iemocap(iemocap)


def test_bytes_that_are_not_utf8_are_replaced_and_named(iemocap):
    path = iemocap / WORDS
    path.write_bytes(path.read_bytes().replace(b"Yes!", b"I don\x92t"))
    reading = read_iemocap(iemocap)
    assert reading.utterances[1].transcript == "I don\ufffdt"
    assert reading.warnings == [f"{path}: bytes that are not UTF-8, replaced by \ufffd"]


def test_a_rater_not_understood_is_a_warning_only(iemocap):
    change(iemocap / EVALUATION, "A-E3:\tval 3; act 2; dom  ;\t()", "A-E3:\tval three")
    reading = read_iemocap(iemocap)
    assert reading.warnings == [f"{iemocap / EVALUATION}:8: rater not understood, or of no turn: 'A-E3:\\tval three'"]
    assert "A-E3" not in reading.utterances[0].extra["raters"]


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    [
        (EVALUATION, "\tneu\t", "\tneut\t", "Ses01F_impro05a_F000: got the category 'neut'; want one of"),
        (EVALUATION, "[10.0000 - 11.0000]", "[10.0000 - 9.0000]", "M000: got the times 10.0 to 9.0; want 0 <= start"),
        (EVALUATION, "a_M000", "a_F000", r"F000: a second time, first at Ses01F_impro05a.txt:3; want each turn once"),
        (EVALUATION, "05a_M000", "05b_M000", "Ses01F_impro05b_M000: got this name; want a turn of Ses01F_impro05a"),
        (EVALUATION, "[2.5000, 2.0000, 3.5000]", "[2.5000,", r":3: got '\[6.29.*want `\[start - end\] name category"),
        (WORDS, "05a_M000 [", "05a_M009 [", "Ses01F_impro05a_M000: no line for it in .*Ses01F_impro05a.txt"),
        (WORDS, "05a_M000 [", "05a_F000 [", ":4: the turn 'Ses01F_impro05a_F000' a second time"),
        (WORDS, "Ses01F_impro05a_M000 [", "Ses01F_M000 [", ":4: got the turn 'Ses01F_M000'; want a name like"),
        (WORDS, "M000 [010.0000-011.0000]: Yes!", "M000 Yes!", ":4: got 'Ses01F_impro05a_M000 Yes!'; want `name"),
    ],
)
def test_a_contradiction_is_an_error_that_names_it(iemocap, path, old, new, message):
    change(iemocap / path, old, new)
    with pytest.raises(CorpusError, match=message):
        read_iemocap(iemocap)
    lenient = read_iemocap(iemocap, lenient=True)
    assert len(lenient.utterances) == 3
    assert lenient.warnings


@pytest.mark.parametrize(
    ("path", "message", "left"),
    [
        (WAV / "Ses01F_impro05a_M000.wav", "M000: no sound file for it in sentences/wav/Ses01F_impro05a", 3),
        (WORDS, "Ses01F_impro05a.txt: no such file, so Ses01F_impro05a has no words", 2),
        (EVALUATION, "Ses01F_impro05a.txt: no such file, so Ses01F_impro05a has no labels", 2),
    ],
)
def test_a_missing_file_is_an_error_that_names_it(iemocap, path, message, left):
    (iemocap / path).unlink()
    with pytest.raises(CorpusError, match=message):
        read_iemocap(iemocap)
    assert len(read_iemocap(iemocap, lenient=True).utterances) == left


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (WAV / "Ses01F_impro05a_M000.wav", "M000: its sound file .*M000.wav holds 0 bytes"),
        (WORDS, "Ses01F_impro05a.txt: empty; want one line or block a turn"),
        (EVALUATION, "Ses01F_impro05a.txt: empty; want one line or block a turn"),
    ],
)
def test_an_empty_file_is_an_error_that_names_it(iemocap, path, message):
    (iemocap / path).write_bytes(b"")
    with pytest.raises(CorpusError, match=message):
        read_iemocap(iemocap)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>404</html>", r"is no WAV file: it begins with b'<html>404</h'"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "holds no sound: its header ends before any"),
    ],
)
def test_a_sound_file_that_cannot_be_heard_is_an_error_that_names_it(iemocap, content, message):
    path = iemocap / WAV / "Ses01F_impro05a_M000.wav"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=f"Ses01F_impro05a_M000: its sound file {path} {message}"):
        read_iemocap(iemocap)
    lenient = read_iemocap(iemocap, lenient=True)
    assert len(lenient.utterances) == 3
    assert len(lenient.warnings) == 1


def test_a_sound_file_that_is_a_dangling_link_is_an_error_that_names_it(iemocap):
    path = iemocap / WAV / "Ses01F_impro05a_M000.wav"
    path.unlink()
    path.symlink_to(iemocap / "nowhere.wav")
    with pytest.raises(CorpusError, match=rf"its sound file {path} cannot be read \(No such file or directory\)"):
        read_iemocap(iemocap)


def test_an_unreadable_file_is_an_error_that_names_it(iemocap):
    (iemocap / WORDS).unlink()
    (iemocap / WORDS).symlink_to(iemocap / "nowhere.txt")
    with pytest.raises(CorpusError, match=r"Ses01F_impro05a.txt: cannot be read \(No such file or directory\)"):
        read_iemocap(iemocap)


def test_a_dialogue_lost_but_for_its_sound_is_an_error(iemocap):
    (iemocap / WORDS).unlink()
    (iemocap / EVALUATION).unlink()
    with pytest.raises(CorpusError, match="so Ses01F_impro05a has no labels"):
        read_iemocap(iemocap)


def test_a_dialogue_of_another_session_is_an_error(iemocap):
    for folder in ("dialog/EmoEvaluation", "dialog/transcriptions"):
        misplaced = iemocap / SESSION1 / folder / "Ses02F_impro01.txt"
        (iemocap / "Session2" / folder / misplaced.name).rename(misplaced)
    with pytest.raises(CorpusError, match="got a dialogue named 'Ses02F_impro01'; want one of Ses01"):
        read_iemocap(iemocap)


@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_session_left_out_is_an_error(iemocap, number):
    """The last one too: what there is does not tell how many there were."""
    (iemocap / f"Session{number}").rename(iemocap / "elsewhere")
    with pytest.raises(CorpusError, match=f"Session{number}: no such folder; want every session from Session1 on"):
        read_iemocap(iemocap)
    lenient = read_iemocap(iemocap, lenient=True)
    assert lenient.warnings == [f"{iemocap / f'Session{number}'}: no such folder; want every session from Session1 on"]
    assert len(lenient.utterances) == (1 if number == 1 else 4)


def test_a_synthetic_corpus_has_any_number_of_sessions_without_a_gap(iemocap):
    (iemocap / "Documentation").mkdir()
    (iemocap / "Documentation" / "synthetic.json").write_text("{}")
    for number in (3, 4, 5):
        shutil.rmtree(iemocap / f"Session{number}")
    assert len(read_iemocap(iemocap).utterances) == 4
    shutil.rmtree(iemocap / "Session1")
    with pytest.raises(CorpusError, match="Session1: no such folder"):
        read_iemocap(iemocap)


def test_an_empty_session_is_an_error(iemocap):
    for folder in ("dialog/EmoEvaluation", "dialog/transcriptions", "sentences/wav"):
        shutil.rmtree(iemocap / "Session4" / folder)
        (iemocap / "Session4" / folder).mkdir()
    with pytest.raises(CorpusError, match="Session4: got no dialogue in its folders; want at least one"):
        read_iemocap(iemocap)


def test_a_session_without_one_of_its_folders_is_an_error(iemocap):
    shutil.rmtree(iemocap / "Session2" / "sentences")
    with pytest.raises(CorpusError, match="Session2/sentences/wav: no such folder"):
        read_iemocap(iemocap)


def test_the_first_twenty_problems_are_listed_and_all_are_counted(iemocap):
    block = "[1.0000 - 2.0000]\tSes01F_impro05a_F{:03d}\tneu\t[1.0, 1.0, 1.0]\n\n"
    with (iemocap / EVALUATION).open("a") as file:
        file.writelines(block.format(number) for number in range(100, 125))
    with pytest.raises(CorpusError) as caught:
        read_iemocap(iemocap)
    message = str(caught.value)
    assert "25 problems" in message
    assert "F119: no line" in message and "F120" not in message
    assert "... and 5 more" in message and "--lenient" in message


def test_the_wrong_folder_is_named_with_what_it_holds(tmp_path):
    (tmp_path / "MELD").mkdir()
    with pytest.raises(CorpusError, match=r"got \['MELD'\]; want the folder IEMOCAP_full_release"):
        read_iemocap(tmp_path)
    with pytest.raises(CorpusError, match="got no such folder; want"):
        read_iemocap(tmp_path / "nowhere")


def test_no_turn_left_is_an_error(iemocap):
    with pytest.raises(CorpusError, match=r"no turn with a label of \['dis', 'fea'\]"):
        read_iemocap(iemocap, labels=LabelSet.from_mapping({"fea": "fear", "dis": "disgust"}))


def test_a_label_map_of_unknown_categories_is_refused(iemocap):
    with pytest.raises(InputError, match=r"\['happy'\] are no IEMOCAP categories; those are \['ang'"):
        read_iemocap(iemocap, labels=LabelSet.from_mapping({"happy": "a", "sad": "b"}))
