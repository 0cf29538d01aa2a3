"""Leaks planted one by one in a clean corpus, each found, and none found where there is none."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from emoduet.audit import audit, stop_at_hard_leaks
from emoduet.errors import InputError
from emoduet.protocols import PROTOCOLS, Fold
from emoduet.types import Utterance

LINES = (
    "we never talked about the money",
    "somebody has to drive her home tonight",
    "my brother sold his old bicycle",
    "perhaps winter comes early this year",
    "did anyone feed those three cats",
    "that letter was not for you",
)
"""Not two of them share 3 of 5 words."""

PROTOCOL = PROTOCOLS["loso"]


@pytest.fixture
def clean(tmp_path):
    """Six utterances: two train, two validate, two are tested; each part has a speaker and a dialogue of its own."""
    utterances = []
    for number, line in enumerate(LINES):
        path = tmp_path / f"u{number}.wav"
        soundfile.write(path, np.random.default_rng(number).normal(0, 0.1, 8000), 16_000, subtype="PCM_16")
        part = "tvx"[number // 2]
        utterances.append(
            Utterance(
                id=f"u{number}",
                audio=str(path),
                transcript=line,
                label=("sad", "angry")[number % 2],
                speaker=f"speaker {part}",
                dialogue=f"dialogue {part}",
                scenario=("calm", "storm")[number % 2],
            )
        )
    return utterances


def fold(train=("u0", "u1"), validation=("u2", "u3"), test=("u4", "u5"), left_out=(), number=1):
    """A fold of these ids; sessions and reasons are of no concern here."""
    return Fold(number, "test x", train, validation, test, left_out, (), (), (), {})


def changed(utterances, number, **fields):
    """The utterances, one of them with other fields."""
    return [replace(one, **fields) if one.id == f"u{number}" else one for one in utterances]


def leaks(utterances, *folds, **options):
    """What was found, as (kind, between, utterances concerned, first example)."""
    found = audit(utterances, folds or [fold()], PROTOCOL, **options)
    return [(leak.kind, leak.between, leak.num_test, leak.examples[0]) for leak in found.leaks]


# Clean


def test_a_clean_split_is_clean(clean):
    found = audit(clean, [fold()], PROTOCOL)
    assert found.clean and found.leaks == found.hard_leaks == ()
    assert found.twins == {1: {}}
    assert found.sentences() == [
        "Clean: no tested speaker, dialogue, sound or line of four words and more, verbatim or nearly so, "
        "is in training or validation."
    ]
    stop_at_hard_leaks(found)


def test_what_train_and_validation_share_is_no_leak(clean):
    shared = {"speaker": "speaker t", "dialogue": "dialogue t", "audio": clean[0].audio, "transcript": LINES[0]}
    assert leaks(changed(clean, 2, **shared)) == []


def test_who_is_left_out_leaks_nothing(clean):
    same = replace(clean[4], id="u6")
    assert leaks([*clean, same], fold(left_out=("u6",))) == []


# Planted leaks


@pytest.mark.parametrize("kind", ["speaker", "dialogue"])
@pytest.mark.parametrize("written", ["{} T", "  {} t ", "{} t"])
def test_names_that_differ_by_case_or_blanks_are_one(clean, kind, written):
    other = written.format(kind.upper() if written == "{} t" else kind)
    assert leaks(changed(clean, 4, **{kind: other})) == [(kind, "train/test", 1, ("u4", "u0"))]


@pytest.mark.parametrize(("number", "between"), [(1, "train/test"), (3, "validation/test")])
@pytest.mark.parametrize(("kind", "value"), [("speaker", "speaker x"), ("dialogue", "dialogue x")])
def test_a_shared_speaker_and_a_dialogue_cut_in_two(clean, number, between, kind, value):
    found = audit(changed(clean, number, **{kind: value}), [fold()], PROTOCOL)
    [leak] = found.leaks
    assert (leak.kind, leak.between, leak.num_test, leak.hard) == (kind, between, 2, True)
    assert leak.examples == (("u4", f"u{number}"), ("u5", f"u{number}"))


@pytest.mark.parametrize("name", ["copy.wav", "copy.flac"])
def test_the_same_sound_under_another_name(clean, tmp_path, name):
    samples, rate = soundfile.read(clean[5].audio)
    soundfile.write(tmp_path / name, samples, rate, subtype="PCM_16")
    utterances = changed(clean, 0, audio=str(tmp_path / name))
    assert leaks(utterances) == [("audio", "train/test", 1, ("u5", "u0"))]
    assert leaks(utterances, audio=False) == []


def test_segments_that_overlap(clean):
    utterances = changed(changed(clean, 0, end=0.3), 4, audio=clean[0].audio, start=0.15, end=0.4)
    assert leaks(utterances) == leaks(utterances, audio=False) == [("audio", "train/test", 1, ("u4", "u0"))]


def test_segments_one_after_the_other_share_no_sound(clean):
    assert leaks(changed(changed(clean, 0, end=0.2), 4, audio=clean[0].audio, start=0.2)) == []


def test_a_near_duplicate_line_is_soft(clean):
    """5 of 7 words: a word of six is another one."""
    found = audit(changed(clean, 0, transcript="did anyone feed those three dogs"), [fold()], PROTOCOL)
    assert [(leak.kind, leak.between, leak.num_test, leak.hard) for leak in found.leaks] == [
        ("near-duplicate transcript", "train/test", 1, False)
    ]
    assert found.twins == {1: {"u4": "near-duplicate"}}
    assert found.hard_leaks == ()
    stop_at_hard_leaks(found)


def test_a_verbatim_line_is_a_near_duplicate_too(clean):
    found = audit(changed(clean, 1, transcript="That letter -- WAS not for you?"), [fold()], PROTOCOL)
    assert [(leak.kind, leak.between, leak.examples) for leak in found.leaks] == [
        ("verbatim transcript", "train/test", (("u5", "u1"),)),
        ("near-duplicate transcript", "train/test", (("u5", "u1"),)),
    ]
    assert found.twins == {1: {"u5": "verbatim"}}


def test_the_same_words_in_another_order_are_near_and_not_verbatim(clean):
    found = audit(changed(clean, 1, transcript="for you that letter was not"), [fold()], PROTOCOL)
    assert found.twins == {1: {"u5": "near-duplicate"}}


def test_a_line_that_validation_has_is_no_twin(clean):
    found = audit(changed(clean, 3, transcript=LINES[4]), [fold()], PROTOCOL)
    assert {leak.between for leak in found.leaks} == {"validation/test"}
    assert found.twins == {1: {}}


def test_short_lines_are_no_leaks(clean):
    found = audit(
        changed(changed(clean, 0, transcript="yeah, I know"), 4, transcript="Yeah. I know."), [fold()], PROTOCOL
    )
    assert found.clean
    assert found.blind.short_lines == 2
    assert found.uncompared == {1: ("u4",)}


def test_lines_that_were_not_compared_are_named_fold_by_fold(clean):
    """u4 says nothing, u5 has a line; fold 2 trains on u0 alone, whose two words leave nothing to compare with."""
    utterances = changed(changed(clean, 4, transcript=None), 0, transcript="oh no")
    found = audit(utterances, [fold(), fold(train=("u0",), number=2)], PROTOCOL)
    assert found.uncompared == {1: ("u4",), 2: ("u4", "u5")}
    assert found.as_json()["uncompared"] == {"1": ["u4"], "2": ["u4", "u5"]}


def test_each_fold_has_its_own_leaks(clean):
    utterances = changed(clean, 0, speaker="speaker x")
    folds = [fold(), fold(("u2", "u3"), (), ("u0", "u1"), number=2), fold(("u0", "u1"), (), ("u4", "u5"), number=3)]
    found = audit(utterances, folds, PROTOCOL)
    assert [[leak.kind for leak in one.leaks] for one in found.folds] == [["speaker"], [], ["speaker"]]
    assert [leak.fold for leak in found.leaks] == [1, 3]


def test_at_most_three_examples():
    utterances = [Utterance(id=f"u{number}", speaker="one") for number in range(10)]
    [leak] = audit(utterances, [fold(("u0",), (), tuple(f"u{n}" for n in range(1, 10)))], PROTOCOL).leaks
    assert (leak.num_test, leak.examples) == (9, (("u1", "u0"), ("u2", "u0"), ("u3", "u0")))


# Counts and shifts


def test_counts_and_shifts_by_pencil():
    """Training: 3 sad, 1 angry; test: 1 sad, 1 angry. |3/4 - 1/2| and |1/4 - 1/2|, halved, is 1/4."""
    labels = ("sad", "sad", "sad", "angry", "sad", "angry", None)
    scenarios = ("a", "a", "b", None, "b", "c", "a")
    utterances = [
        Utterance(id=f"u{number}", label=label, scenario=scenario)
        for number, (label, scenario) in enumerate(zip(labels, scenarios, strict=True))
    ]
    [one] = audit(utterances, [fold(("u0", "u1", "u2", "u3"), (), ("u4", "u5"), ("u6",))], PROTOCOL).folds
    assert (one.num_train, one.num_validation, one.num_test, one.num_left_out) == (4, 0, 2, 1)
    assert one.class_counts == {
        "train": {"angry": 1, "sad": 3},
        "validation": {"angry": 0, "sad": 0},
        "test": {"angry": 1, "sad": 1},
    }
    assert one.label_shift == pytest.approx(1 / 4)
    assert one.scenario_shift == pytest.approx(2 / 3)  # a 2/3 - 0, b 1/3 - 1/2, c 0 - 1/2, halved


def test_unlabelled_utterances_without_scenario():
    [one] = audit([Utterance(id="u0"), Utterance(id="u4")], [fold(("u0",), (), ("u4",))], PROTOCOL).folds
    assert (one.label_shift, one.scenario_shift) == (0.0, None)


def test_disjoint_scenarios_shift_by_1(clean):
    [one] = audit(changed(changed(clean, 4, scenario="sea"), 5, scenario="sea"), [fold()], PROTOCOL).folds
    assert one.scenario_shift == 1.0


def test_blind_spots(clean, tmp_path):
    gone = str(tmp_path / "gone.wav")
    utterances = [
        changed(clean, 0, speaker=None, dialogue=None, audio=gone)[0],
        replace(clean[1], transcript=None, audio=None),
        *clean[2:],
    ]
    blind = audit(utterances, [fold()], PROTOCOL).blind
    assert (blind.utterances, blind.no_speaker, blind.no_dialogue, blind.no_audio) == (6, 1, 1, 1)
    assert (blind.no_transcript, blind.short_lines, blind.silent, blind.sound_read) == (1, 0, 0, True)
    assert blind.unreadable.keys() == {gone}


def test_progress_is_handed_on(clean):
    steps = []
    audit(clean, [fold()], PROTOCOL, progress=lambda done, total: steps.append((done, total)))
    assert steps[0] == (1, 6) and steps[-1][0] == steps[-1][1]


# Stopping, and words for programs


def test_hard_leaks_stop_what_is_not_marked(clean):
    found = audit(changed(clean, 0, speaker="speaker x"), [fold()], PROTOCOL)
    with pytest.raises(
        InputError, match=r"loso: fold 1: 2 tested utterances share speaker with train \(u4 with u0\); need"
    ):
        stop_at_hard_leaks(found)
    stop_at_hard_leaks(replace(found, leaking=True))
    stop_at_hard_leaks(audit(changed(clean, 0, speaker="speaker x"), [fold()], PROTOCOL, leaks_allowed=True))


def test_a_long_list_of_leaks_is_cut(clean):
    folds = [fold(number=number) for number in range(1, 6)]
    with pytest.raises(InputError, match="and 2 more leaks"):
        stop_at_hard_leaks(audit(changed(clean, 0, speaker="speaker x"), folds, PROTOCOL))


def test_a_leaking_protocol_says_so(clean):
    found = audit(changed(clean, 0, speaker="speaker x"), [fold()], PROTOCOLS["random"])
    assert found.leaking and found.hard_leaks
    assert "Protocol random leaks by its nature: its scores are for contrast, not for comparison." in found.sentences()


def test_folds_of_another_manifest(clean):
    with pytest.raises(InputError, match=r"fold 1 \(test x\): 1 ids are not in the manifest, first zz"):
        audit(clean, [fold(train=("u0", "zz"))], PROTOCOL)


def test_json(clean):
    found = audit(changed(changed(clean, 0, speaker="speaker x"), 1, transcript=LINES[5]), [fold()], PROTOCOL)
    told = json.loads(json.dumps(found.as_json()))
    assert (told["protocol"], told["leaking"], told["clean"], told["num_hard_leaks"]) == ("loso", False, False, 1)
    assert told["twins"] == {"1": {"u5": "verbatim"}}
    assert [(leak["kind"], leak["hard"]) for leak in told["folds"][0]["leaks"]] == [
        ("speaker", True),
        ("verbatim transcript", False),
        ("near-duplicate transcript", False),
    ]
    assert told["folds"][0]["class_counts"]["test"] == {"angry": 1, "sad": 1}
    assert told["blind"]["sound_read"] is True
    assert told["sentences"] == found.sentences()
