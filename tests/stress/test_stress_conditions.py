"""What a stress test asks of which model: what cannot matter to it is left out, and said so."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from emoduet.corruptions import corruptions_named
from emoduet.stress.conditions import CLEAN, Condition, Trial, conditions_of
from emoduet.subject import LeftOut
from emoduet.systems.catalogue import system_named
from emoduet.types import Utterance

WHOLE = Utterance(id="a", audio="a.wav", transcript="oh", speaker="F")
NOISE, GAIN = corruptions_named(["noise-white 10 dB", "gain +10 dB"])
TRIAL = Trial("model", Path("m.jsonl"), Path("out"), corruptions=(NOISE, GAIN), word_errors=(0.1, 0.25), asr="small")

SOUND = ["noise-white 10 dB", "gain +10 dB"]
WORDS = ["word errors 10 %", "word errors 25 %"]
RECOGNISED = ["recognised words clean sound", "noise-white, recognised 10 dB", "gain, recognised +10 dB"]
ALONE = ["one modality sound alone", "one modality words alone"]
NEEDS_ALL = LeftOut("one modality", "this model needs all that it takes")
HEARS_NOTHING = LeftOut("sound made worse", "this model hears nothing")
READS_NOTHING = "this model reads nothing"


def named(conditions) -> list[str]:
    return [f"{one.family} {one.severity}" for one in conditions]


@pytest.mark.parametrize(
    ("system", "wanted", "left_out"),
    [
        ("cross-modal", SOUND + WORDS + RECOGNISED, [NEEDS_ALL]),
        ("missing-modality", SOUND + WORDS + RECOGNISED + ALONE, []),
        ("text-only", WORDS + RECOGNISED, [HEARS_NOTHING, NEEDS_ALL]),
        (
            "audio-only",
            SOUND,
            [LeftOut("word errors", READS_NOTHING), LeftOut("recognised words", READS_NOTHING), NEEDS_ALL],
        ),
    ],
)
def test_what_can_matter_to_a_model(system, wanted, left_out):
    system = {"text-only": "text", "audio-only": "audio", "cross-modal": "cross-modal"}.get(system, system)
    conditions, without = conditions_of(TRIAL, system_named(system), [WHOLE], ("F", "M"))
    assert conditions[0] == CLEAN and named(conditions[1:]) == wanted
    assert list(without) == left_out


def test_nothing_is_left_out_that_nobody_asked_for():
    plain = replace(TRIAL, word_errors=(), asr=None)
    assert conditions_of(plain, system_named("audio"), [WHOLE], ("F", "M"))[1] == (NEEDS_ALL,)


@pytest.mark.parametrize(
    ("speakers", "babbles"),
    [(["F", "F"], False), ([None], False), ([None, None], True), (["F", "M"], True), (["F", None], True)],
)
def test_babble_needs_somebody_else(speakers, babbles):
    babble = corruptions_named(["noise-babble 0 dB"])
    conditions, without = conditions_of(replace(TRIAL, corruptions=babble), system_named("audio"), [WHOLE], speakers)
    assert ("noise-babble 0 dB" in named(conditions)) is babbles
    assert (LeftOut("noise-babble", "the manifest has no utterance of another speaker") in without) is not babbles


def test_what_no_utterance_has_is_left_out():
    """A manifest of words alone, for a model that may lack either."""
    silent = replace(WHOLE, audio=None)
    conditions, without = conditions_of(TRIAL, system_named("missing-modality"), [silent], ("F", "M"))
    assert named(conditions[1:]) == WORDS
    lacking = ("sound made worse", "recognised words", "one modality")
    assert [(one.what, one.why) for one in without] == [(what, "no utterance has what it takes") for what in lacking]


def test_which_utterances_a_condition_is_about():
    silent, wordless = replace(WHOLE, audio=None), replace(WHOLE, transcript=None)
    fits = {
        one: (one.fits(WHOLE), one.fits(silent), one.fits(wordless)) for one in (CLEAN, Condition(corruption=NOISE))
    }
    assert list(fits.values()) == [(True, True, True), (True, False, True)]
    assert not Condition(word_errors=0.1).fits(wordless) and Condition(word_errors=0.1).fits(silent)
    assert not Condition(asr="small").fits(silent) and Condition(asr="small").fits(wordless)
    assert not Condition(only="audio").fits(wordless) and not Condition(only="text").fits(silent)


def test_where_the_words_come_from():
    told = [Condition(word_errors=0.1), Condition(asr="small"), Condition(only="audio"), Condition(only="text"), CLEAN]
    assert [one.words for one in told] == ["given, with simulated errors", "recognised by small", "absent"] + [
        "given"
    ] * 2


def test_every_condition_has_a_file_of_its_own():
    everything = Trial("m", Path("m"), Path("o"), (), corruptions_named(["all"]), (0.1, 0.01, 1.0), "owner/name")
    conditions, _ = conditions_of(everything, system_named("missing-modality"), [WHOLE], ("F", "M"))
    others = conditions_of(replace(everything, asr="small"), system_named("text"), [WHOLE], ("F", "M"))[0]
    names = [one.file_name for one in {*conditions, *others}]
    assert len(names) == len({name.lower() for name in names}) > 70
    assert all(re.fullmatch(r"[\w.+-]+\.jsonl", name) for name in names)
