"""What a synthetic corpus planted, read from its record: for which classes words and sound speak, and when."""

from dataclasses import replace

import pytest
from planted_corpus import CLASSES, RECORD, utterances, write_record

from emoduet.errors import InputError
from emoduet.explaining_corpus.truth import Truth, read_truth


@pytest.fixture
def truth(tmp_path) -> Truth:
    write_record(tmp_path)
    return read_truth(utterances(tmp_path))


def test_turns_and_moments_are_read(truth):
    assert truth.timed and set(truth.turns) == {"a", "h", "x", "s"}
    turn = truth.turns["a"]
    assert (turn.cue_word, turn.cue_time) == ("awful", (0.6, 1.0))
    assert turn.said == ((0.0, 0.25), (0.25, 0.5), (0.6, 1.0))  # nobody says the tag
    assert truth.codes == {"angry": {"ang"}, "happy": {"hap", "exc"}, "sad": {"sad"}}


@pytest.mark.parametrize(
    ("name", "speaks_for"),
    # bad: 0.8, happy (1 x 0.4 + 3 x 0) / 4 = 0.1, 0.4: above their mean of 0.433 is angry alone.
    # good: 0, happy (0.4 + 3 x 0.8) / 4 = 0.7, 0.65: above 0.45 are happy and sad.  open: 0.2 each.
    [("a", {"angry"}), ("h", {"happy", "sad"}), ("x", set())],
)
def test_words_speak_for_the_classes_that_have_them_more_often_than_all(truth, name, speaks_for):
    found = {one for one in CLASSES if truth.words_speak_for(truth.turns[name], one, CLASSES)}
    assert found == speaks_for


def test_the_classes_are_the_models(truth):
    """Between angry and sad, sad words at 0.4 are below the mean of 0.6; between happy and sad, above 0.25."""
    assert not truth.words_speak_for(truth.turns["a"], "sad", ("angry", "sad"))
    assert truth.words_speak_for(truth.turns["a"], "sad", ("happy", "sad"))
    assert truth.words_speak_for(truth.turns["a"], "sad", ("happy", "sad", "bored"))  # nothing is known of bored
    assert not truth.words_speak_for(truth.turns["a"], "bored", ("happy", "bored"))


def test_a_class_is_the_mixture_of_its_codes_as_they_are_drawn(truth):
    """Between happy at 0.7 and sad at 0.65; with `hap` and `exc` in equal parts happy would be at 0.6."""
    assert truth.words_speak_for(truth.turns["h"], "happy", ("happy", "sad"))
    assert not truth.words_speak_for(truth.turns["h"], "sad", ("happy", "sad"))


def test_sound_speaks_for_the_class_that_it_is_nearest_to(truth):
    """At (1, -1): angry exp(0) = 1; sad, two away, exp(-2) = 0.14; happy less; their mean is about 0.4."""
    assert truth.sound_speaks_for(truth.turns["a"], "angry", CLASSES)
    assert not truth.sound_speaks_for(truth.turns["a"], "sad", CLASSES)
    between = replace(truth.turns["a"], arousal=0.0)  # as near to angry as to sad, sqrt(5) from hap
    assert {one for one in CLASSES if truth.sound_speaks_for(between, one, CLASSES)} == {"angry", "sad"}
    excited = replace(truth.turns["a"], arousal=3.0, valence=1.0)
    assert truth.sound_speaks_for(excited, "happy", CLASSES)


def test_the_deviation_is_the_records(tmp_path):
    """At (1, -0.3) a wide deviation leaves sad above none; a narrow one gives the sound to angry alone."""
    write_record(tmp_path, distributions=RECORD["distributions"] | {"sound_cue_standard_deviation": 10.0})
    wide = read_truth(utterances(tmp_path))
    middle = replace(wide.turns["a"], arousal=0.5)
    assert wide.sound_speaks_for(middle, "sad", CLASSES)
    narrow = replace(wide, distributions=wide.distributions | {"sound_cue_standard_deviation": 0.5})
    assert not narrow.sound_speaks_for(middle, "sad", CLASSES)


def test_without_a_record_a_sound_or_a_mark_there_is_no_truth(tmp_path):
    assert read_truth(utterances(tmp_path)) is None
    write_record(tmp_path)
    assert read_truth([replace(one, extra={}) for one in utterances(tmp_path)]) is None
    assert read_truth([replace(one, audio=None) for one in utterances(tmp_path)]) is None


def test_a_silent_corpus_has_a_record_without_turns(tmp_path):
    path = write_record(tmp_path)
    path.write_text('{"synthetic": true, "format": 2, "note": "Neither words nor sound tell of the labels here."}')
    assert read_truth(utterances(tmp_path)) is None


def test_a_record_of_the_first_format_knows_no_moments(tmp_path):
    older = {name: {k: v for k, v in one.items() if k != "word_times"} for name, one in RECORD["utterances"].items()}
    write_record(tmp_path, format=1, utterances=older)
    truth = read_truth(utterances(tmp_path))
    assert not truth.timed and truth.turns["a"].cue_time is None
    assert truth.words_speak_for(truth.turns["a"], "angry", CLASSES)


@pytest.mark.parametrize("text", ["{", "3", '{"utterances": {"a": {}}}', '{"utterances": 3}', '{"utterances": {}}'])
def test_a_damaged_record_is_named(tmp_path, text):
    path = write_record(tmp_path)
    path.write_text(text)
    with pytest.raises(InputError, match=r"synthetic.json: not the record of a synthetic corpus .*write the corpus"):
        read_truth(utterances(tmp_path))
