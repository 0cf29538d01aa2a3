"""The grammar of IEMOCAP's text files, line by line."""

import pytest

from emoduet.corpora.iemocap_evaluation import (
    category_of,
    dialogue_session,
    read_transcripts,
    read_turns,
    turn_name,
    without_tags,
)

BLOCK = """[140.2250 - 145.6000]\tSes01F_impro05_F019\tang\t[1.5000, 4.0000, 4.5000]
C-E1:\tAnger;\t()
C-M1:\tSadness;\t()
A-E3:\tval 2; act 4; dom  4;\t()
"""


def test_a_block():
    [turn], faults, oddities = read_turns(BLOCK)
    assert (turn.name, turn.line, turn.start, turn.end) == ("Ses01F_impro05_F019", 1, 140.225, 145.6)
    assert (turn.category, turn.valence, turn.arousal, turn.dominance) == ("ang", 1.5, 4.0, 4.5)
    assert list(turn.raters) == ["C-E1", "C-M1", "A-E3"]
    assert (faults, oddities) == ([], [])


def test_actors_do_not_vote_on_themselves():
    [turn], _, _ = read_turns(BLOCK)
    assert turn.votes() == {"ang": 1}
    [turn], _, _ = read_turns(BLOCK.replace("C-E1", "C-F1"))
    assert turn.votes() is None


def test_raters_after_a_broken_line_are_not_given_to_the_turn_before_it():
    text = BLOCK + "\n[150.0 - 151.0]\tSes01F_impro05_F020\nC-E1:\tSadness;\t()\n"
    [turn], faults, oddities = read_turns(text)
    assert turn.raters["C-E1"]["labels"] == ["Anger"]
    assert faults[0].startswith("6: got ")
    assert oddities == ["7: rater not understood, or of no turn: 'C-E1:\\tSadness;\\t()'"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Ses05F_script03_1_F033 [241.6700-243.4048]: You knew there was nothing.", "You knew there was nothing."),
        ("Ses05F_script03_1_F033 [1-2]: Note: [LAUGHTER] at 3:15.", "Note: [LAUGHTER] at 3:15."),
        ("Ses05F_script03_1_F033 [1-2]:", ""),
        ("Ses05F_script03_1_F033 [1-2] No colon.", "No colon."),
    ],
)
def test_a_transcript_line(line, words):
    assert read_transcripts(f"\n{line}\r\n") == ([(2, "Ses05F_script03_1_F033", words)], 0, [])


@pytest.mark.parametrize(
    ("name", "speaker", "dialogue", "scenario", "part", "scripted", "labelled"),
    [
        ("Ses01F_impro01_M000", "Ses01M", "Ses01F_impro01", "impro01", None, False, True),
        ("Ses05M_script01_1b_F003", "Ses05F", "Ses05M_script01_1b", "script01", "1b", True, True),
        ("Ses03M_impro05b_M012", "Ses03M", "Ses03M_impro05b", "impro05", "b", False, True),
        ("Ses02F_script02_2_FXX0", "Ses02F", "Ses02F_script02_2", "script02", "2", True, False),
    ],
)
def test_a_name(name, speaker, dialogue, scenario, part, scripted, labelled):
    found = turn_name(name)
    assert (found.speaker, found.dialogue, found.scenario, found.part) == (speaker, dialogue, scenario, part)
    assert (found.scripted, found.labelled, found.sex, found.session) == (scripted, labelled, speaker[-1], speaker[:5])


@pytest.mark.parametrize("name", ["Ses01F_impro01", "Ses01_impro01_M000", "Ses01F_impro01_X000", "dia0_utt1"])
def test_no_name(name):
    assert turn_name(name) is None


def test_the_session_of_a_dialogue():
    assert dialogue_session("Ses04M_script01_1") == "Ses04"
    assert dialogue_session("Ses04M_notes") is None


@pytest.mark.parametrize(
    ("word", "code"),
    [("Neutral state", "neu"), ("Neutral", "neu"), ("Excited", "exc"), ("Other", "oth"), ("Bored", "bored")],
)
def test_words_of_raters(word, code):
    assert category_of(word) == code


@pytest.mark.parametrize(
    ("transcript", "words"),
    [("[LAUGHTER]", ""), ("Oh [LIPSMACK] well [BREATHING]", "Oh well"), ("page [3] stays", "page [3] stays")],
)
def test_tags(transcript, words):
    assert without_tags(transcript) == words
