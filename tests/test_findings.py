"""The sentences, as a reader meets them."""

import pytest

from emoduet.findings import Audit, BlindSpots, FoldAudit, Leak, is_leaking, uncompared_told

BLIND = BlindSpots(utterances=100)


def leak(kind, num_test, between="train/test", fold=1):
    return Leak(kind, between, fold, num_test, (("u1", "u2"),))


def fold(*leaks, number=1):
    return FoldAudit(number, f"test {number}", 60, 20, 20, 0, {}, leaks, 0.1, None)


def sentences(*folds, leaking=False, blind=BLIND, **said):
    return Audit("loso", leaking, folds, {}, blind, **said).sentences()


def test_lines_that_recur():
    assert sentences(
        fold(
            leak("verbatim transcript", 5),
            leak("near-duplicate transcript", 11),
            leak("near-duplicate transcript", 1, "validation/test"),
        ),
        fold(number=2),
        fold(leak("near-duplicate transcript", 1, "validation/test"), number=3),
    ) == [
        "No tested speaker, dialogue or sound is in training or validation.",
        "Fold 1: 11 of 20 tested utterances have a near-duplicate line in training (verbatim: 5), "
        "1 has one in validation (verbatim: 0).",
        "Fold 3: 1 of 20 tested utterances has a near-duplicate line in validation (verbatim: 0).",
        "Scores on such lines may reflect knowing the line: see the bag-of-words row, and the scores of lines with and "
        "without a twin.",
    ]


def test_lines_that_only_validation_has_are_no_look_up():
    assert len(sentences(fold(leak("near-duplicate transcript", 1, "validation/test")))) == 2


def test_hard_leaks():
    assert sentences(
        fold(
            leak("speaker", 20),
            leak("dialogue", 7, "validation/test"),
            leak("audio", 1),
        )
    ) == [
        "Fold 1: training has the speaker of 20 of 20 tested utterances, such as u1 (with u2).",
        "Fold 1: training has the sound, whole or in part, of 1 of 20 tested utterances, such as u1 (with u2).",
        "Fold 1: validation has the dialogue of 7 of 20 tested utterances, such as u1 (with u2).",
        "A system may know these speakers, dialogues or sounds: its scores do not say how it does with strangers.",
        "Validation chooses the epoch: what it shares with the test part makes scores look better than they are.",
    ]


def test_many_folds_are_told_together():
    folds = [fold(leak("verbatim transcript", 2), leak("near-duplicate transcript", 3), number=n) for n in range(1, 12)]
    assert (
        sentences(*folds)[1] == "All folds: 33 of 220 tested utterances have a near-duplicate line in training "
        "(verbatim: 22)."
    )


def test_the_folds_of_a_leaking_protocol_are_told_together():
    told = sentences(fold(leak("speaker", 20)), fold(leak("speaker", 19), number=2), leaking=True)
    assert told[0] == "All folds: training has the speaker of 39 of 40 tested utterances, such as u1 (with u2)."


def test_leaks_that_were_allowed_are_not_the_protocols_nature():
    told = sentences(fold(leak("speaker", 20)), leaks_allowed=True)
    assert told[-1] == (
        "Speakers, dialogues or sounds cross into the test, which was allowed for this run: its scores are not of "
        "unseen speakers; compare them only with scores on the same split."
    )
    assert not any("nature" in sentence for sentence in told)


def test_nothing_found_is_nothing_allowed():
    assert sentences(fold(), leaks_allowed=True) == sentences(fold())


def test_an_audit_of_short_lines_alone_says_nothing_of_lines():
    told = sentences(fold(), blind=BlindSpots(4, no_transcript=1, short_lines=3))
    assert told[0] == "Clean: no tested speaker, dialogue or sound is in training or validation."


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"leaking": False, "num_hard_leaks": 0, "leaks_allowed": True}, False),
        ({"leaking": False, "num_hard_leaks": 1}, True),
        ({"leaking": True, "num_hard_leaks": 0}, True),
        ({"leaking": False}, False),
    ],
)
def test_what_leaks_by_nature_or_as_found(told, expected):
    assert is_leaking(told) is expected


def test_what_was_not_compared_is_read_back():
    assert uncompared_told({"uncompared": {"2": ["u1", "u2"]}}) == {2: ("u1", "u2")}
    assert uncompared_told({}) == {}


def test_what_nobody_could_see_is_not_called_clean():
    assert sentences(fold(), blind=BlindSpots(4, no_speaker=4, no_dialogue=4, no_audio=1, no_transcript=4)) == [
        "Clean: no tested sound is in training or validation.",
        "Not seen: 4 of 4 utterances have no speaker in the manifest.",
        "Not seen: 4 of 4 utterances have no dialogue in the manifest.",
        "Not seen: 1 of 4 utterances have no sound in the manifest.",
        "Not seen: 4 of 4 utterances have no transcript in the manifest.",
    ]
    blind = BlindSpots(4, no_speaker=4, no_dialogue=4, no_audio=4, no_transcript=4)
    assert all(sentence.startswith("Not seen") for sentence in sentences(fold(), blind=blind))


def test_what_was_not_compared():
    blind = BlindSpots(
        4, short_lines=2, unreadable={"a": "a: no such file", "b": "b: 0 bytes"}, silent=3, sound_read=False
    )
    assert sentences(fold(), blind=blind)[1:] == [
        "Not compared: the lines of 2 of 4 utterances, which have fewer than four different words; everybody says such "
        "lines.",
        "Not compared: the samples of sounds; only their file names and times were.",
        "Not heard: 2 sound files could not be read (a: no such file, and 1 more).",
        "Not compared: 3 sounds of equal length that are digital silence.",
    ]
    assert "(a: gone)." in sentences(fold(), blind=BlindSpots(4, unreadable={"a": "a: gone"}))[-1]
