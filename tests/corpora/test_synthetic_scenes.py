"""The plan of a synthetic corpus: names, repeats and who says what, before any sound exists."""

from collections import Counter, defaultdict

import pytest

from emoduet.corpora.synthetic.emotions import CODE_PRIORS, GROUP_COLUMNS, WORD_GROUPS
from emoduet.corpora.synthetic.scenes import SCENES, TURNS_A_DIALOGUE, plan_corpus, script_of
from emoduet.errors import InputError

FOUR_CLASSES = ("ang", "hap", "exc", "neu", "sad")


@pytest.fixture(scope="module")
def default_plan():
    return plan_corpus(5, 10, 0)


def test_default_plan_gives_each_session_about_115_turns_of_the_four_classes(default_plan):
    usable = Counter(d.session for d in default_plan for turn in d.turns if turn.code in FOUR_CLASSES)
    assert set(usable) == {1, 2, 3, 4, 5}
    assert all(100 <= count <= 130 for count in usable.values()), usable


def test_dialogue_names_are_those_of_iemocap_and_occur_once(default_plan):
    names = [dialogue.name for dialogue in default_plan]
    assert names[:10] == [
        "Ses01F_impro01",
        "Ses01M_script01_1",
        "Ses01M_impro01",
        "Ses01F_script01_1",
        "Ses01F_impro05a",
        "Ses01M_script01_1b",
        "Ses01M_impro05b",
        "Ses01F_script02_2",
        "Ses01F_impro03",
        "Ses01M_script02_2",
    ]
    assert len(set(names)) == 50


def test_turn_numbers_run_per_speaker_and_every_session_hears_both(default_plan):
    for dialogue in default_plan:
        for speaker in "FM":
            own = [turn.name for turn in dialogue.turns if turn.speaker == speaker]
            assert own == [f"{speaker}{number:03d}" for number in range(len(own))]
        assert len(dialogue.turns) == TURNS_A_DIALOGUE
    assert {(d.session, turn.speaker) for d in default_plan for turn in d.turns} == {
        (session, speaker) for session in (1, 2, 3, 4, 5) for speaker in "FM"
    }


def test_scripted_lines_repeat_in_every_performance_and_improvised_ones_never(default_plan):
    performances, improvised = defaultdict(set), []
    for dialogue in default_plan:
        lines = tuple((turn.name, turn.line) for turn in dialogue.turns)
        if dialogue.scene.startswith("script"):
            performances[script_of(dialogue.scene)].add(lines)
        else:
            improvised += [line.spoken for _, line in lines]
    assert {script: len(versions) for script, versions in performances.items()} == {"script01_1": 1, "script02_2": 1}
    assert len(improvised) == len(set(improvised)) == 25 * 14
    scripted = {line.spoken for versions in performances.values() for lines in versions for _, line in lines}
    assert scripted.isdisjoint(improvised)


def test_scripted_lines_are_performed_with_different_emotions(default_plan):
    codes = defaultdict(set)
    for dialogue in default_plan:
        if dialogue.scene.startswith("script"):
            for turn in dialogue.turns:
                codes[turn.line.spoken].add(turn.code)
    assert sum(len(found) > 1 for found in codes.values()) > 20


def shared_emotion(plan):
    """How often two performances of a scripted line, in different sessions, have the same one of the four codes."""
    codes = defaultdict(list)
    for dialogue in plan:
        for turn in dialogue.turns:
            if dialogue.scene.startswith("script") and turn.code in FOUR_CLASSES:
                codes[turn.line.spoken].append((dialogue.session, turn.code))
    pairs = [(one, other) for said in codes.values() for one in said for other in said if one[0] != other[0]]
    return sum(one[1] == other[1] for one, other in pairs) / len(pairs)


def test_a_scripted_line_keeps_its_emotion_as_faithfully_as_asked():
    """At 0.6 both performances keep it in 36 of 100 pairs, and in the others agree as any two of one word group do."""
    free, usual, strict = (shared_emotion(plan_corpus(5, 20, 0, fidelity)) for fidelity in (0.0, 0.6, 1.0))
    assert strict == 1.0
    assert free < 0.6
    assert usual == pytest.approx(0.36 + 0.64 * free, abs=0.06)


def test_fidelity_moves_nothing_but_the_emotions_of_scripted_turns():
    for one, other in zip(plan_corpus(2, 8, 3, 0.0), plan_corpus(2, 8, 3, 1.0), strict=True):
        if one.scene.startswith("script"):
            assert [turn.line for turn in one.turns] == [turn.line for turn in other.turns]


@pytest.fixture(scope="module")
def large_plan():
    """At fidelity 0: a few hundred written lines, each said many times, would scatter too much."""
    return plan_corpus(20, len(SCENES), 1, script_fidelity=0.0)


@pytest.mark.parametrize("kind", ["impro", "script"])
def test_emotion_given_words_is_the_same_in_scripted_and_improvised_turns(large_plan, kind):
    turns = [turn for dialogue in large_plan if dialogue.scene.startswith(kind) for turn in dialogue.turns]
    groups = Counter(turn.line.group for turn in turns)
    joint = Counter((turn.line.group, turn.code) for turn in turns)
    for column, group in enumerate(GROUP_COLUMNS):
        weights = {code: CODE_PRIORS[code] * WORD_GROUPS[code][column] for code in CODE_PRIORS}
        for code in FOUR_CLASSES:
            expected = weights[code] / sum(weights.values())
            assert joint[group, code] / groups[group] == pytest.approx(expected, abs=0.07), (group, code)


@pytest.mark.parametrize("fidelity", [-0.1, 1.1])
def test_a_fidelity_that_is_no_share_is_refused(fidelity):
    with pytest.raises(InputError, match=f"--script-fidelity {fidelity}: need a number from 0 to 1"):
        plan_corpus(1, 1, 0, fidelity)


def test_same_seed_same_plan_and_another_seed_another():
    assert plan_corpus(1, 4, 7) == plan_corpus(1, 4, 7)
    assert plan_corpus(1, 4, 7) != plan_corpus(1, 4, 8)


@pytest.mark.parametrize(
    ("sessions", "dialogues", "seed", "message"),
    [
        (0, 10, 0, r"--sessions 0: need 1 to 99"),
        (100, 10, 0, r"--sessions 100: need 1 to 99"),
        (5, 0, 0, r"--dialogues 0: need 1 to 31 a session"),
        (5, 32, 0, r"--dialogues 32: need 1 to 31 a session"),
        (5, 10, -1, r"--seed -1: need a whole number of at least 0"),
    ],
)
def test_impossible_sizes_are_refused(sessions, dialogues, seed, message):
    with pytest.raises(InputError, match=message):
        plan_corpus(sessions, dialogues, seed)
