"""A recording answered along its time: the same answers as its parts alone would have, each at its place."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from little_models import write_model

from emoduet import EmotionRecognizer, Listening, Moment, Segment, Utterance, Word
from emoduet.confidence import Lengths, confidence_of
from emoduet.curve import grid, join, windows
from emoduet.errors import InputError, UsageError

GIVEN = (
    Segment(start=0.5, end=2.0, speaker="ann", transcript="no stop it"),
    Segment(start=2.5, end=6.0, speaker="ben", transcript="what a joy"),
    Segment(start=7.0, end=7.8, speaker="ann", transcript=""),
)


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    """Twelve seconds of noise that swells and falls."""
    samples = np.random.default_rng(3).normal(0, 0.1, 16_000 * 12) * (1.2 + np.sin(np.arange(16_000 * 12) / 9_000))
    path = tmp_path_factory.mktemp("calls") / "call.wav"
    soundfile.write(path, samples, 16_000, subtype="FLOAT")
    return path


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    return EmotionRecognizer.load(write_model(tmp_path_factory.mktemp("model") / "both"))


@pytest.fixture(scope="module")
def ear(tmp_path_factory):
    return EmotionRecognizer.load(write_model(tmp_path_factory.mktemp("model") / "ear", "demo-audio-only"))


def alone(recognizer, call, segments):
    """What the recognizer says of each segment by itself."""
    return recognizer.predict_each(
        Utterance(id="u", audio=str(call), start=one.start, end=one.end, transcript=one.transcript) for one in segments
    )


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert dict(one.probabilities) == pytest.approx(dict(other.probabilities), abs=1e-5)


def test_each_segment_is_answered_as_if_alone(both, call):
    timeline = both.timeline(call, Listening(segments=GIVEN))
    assert [one.segment for one in timeline.segments] == list(GIVEN)
    assert_same(timeline.segments, alone(both, call, GIVEN))
    assert (timeline.recording, timeline.duration, timeline.classes) == (str(call), 12.0, both.classes)
    assert timeline.moments == () and {one.abstained for one in timeline.segments} == {None}


def test_answers_come_while_the_recording_is_decoded(ear, call):
    """The first segment is answered before the second block, from second ten on, is decoded."""
    told = []
    late = replace(GIVEN[0], start=10.5, end=11.5)
    found = ear.listen(call, Listening(segments=[*GIVEN, late]), lambda heard, duration: told.append((heard, duration)))
    assert next(found).segment == GIVEN[0] and told == []
    assert [one.segment for one in found] == [*GIVEN[1:], late]
    assert told == [(10.0, 12.0), (12.0, 12.0), (12.0, 12.0)]


def test_hooks_of_a_timeline(ear, call):
    told, found = [], []
    timeline = ear.timeline(call, Listening(segments=GIVEN), lambda *numbers: told.append(numbers), found.append)
    assert tuple(found) == timeline.segments and told[-1] == (12.0, 12.0)


def test_long_segments_are_cut_to_what_the_model_knows(ear, call):
    model = replace(ear.model, lengths=Lengths(0.5, 1.0, 3.0, 5.0))
    recognizer = EmotionRecognizer(model)
    timeline = recognizer.timeline(call, Listening(segments=[Segment(start=0.0, end=12.0, speaker="ann")]))
    pieces = [one.segment for one in timeline.segments]
    assert pieces[0].start == 0 and pieces[-1].end == 12 and {one.speaker for one in pieces} == {"ann"}
    assert all(one.end == other.start for one, other in zip(pieces, pieces[1:]))
    assert max(one.duration for one in pieces) <= 3.0 + 1e-9
    assert_same(timeline.segments, alone(recognizer, call, pieces))


def test_the_curve_is_the_mean_of_its_windows(ear, call):
    """Windows of a second, two a second, answered one by one and joined by hand."""
    segment = Segment(start=2.5, end=6.0, speaker="ben")
    timeline = ear.timeline(call, Listening(segments=[segment], hop=0.5, window=1.0))
    spans = windows(2.5, 6.0, 1.0, 0.5)
    answers = alone(ear, call, [Segment(start=start, end=end) for start, end in spans.tolist()])
    rows = np.array([list(one.probabilities.values()) for one in answers])
    times = grid(2.5, 6.0, 0.5)
    assert [one.time for one in timeline.moments] == times.tolist() == [2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0]
    found = np.array([list(one.probabilities.values()) for one in timeline.moments])
    assert found == pytest.approx(join(spans, rows, times, 0.5), abs=1e-5)
    assert {one.speaker for one in timeline.moments} == {"ben"}


def test_windows_are_as_long_as_what_the_model_was_trained_on(ear, call):
    recognizer = EmotionRecognizer(replace(ear.model, lengths=Lengths(0.5, 1.0, 30.0, 30.0)))
    listening = Listening(segments=[GIVEN[1]], hop=0.25)
    told = Listening(segments=[GIVEN[1]], hop=0.25, window=1.0)
    assert recognizer.timeline(call, listening) == recognizer.timeline(call, told)


def test_a_curve_does_not_know_how_segments_were_cut(ear, call):
    stretch = [Segment(start=0.0, end=12.0)]
    cut = EmotionRecognizer(replace(ear.model, lengths=Lengths(0.5, 1.0, 3.0, 5.0)))
    whole = EmotionRecognizer(replace(ear.model, lengths=Lengths(0.5, 1.0, 30.0, 30.0)))
    listening = Listening(segments=stretch, hop=0.5)
    assert len(cut.timeline(call, listening).segments) > 1 == len(whole.timeline(call, listening).segments)
    assert cut.timeline(call, listening).moments == whole.timeline(call, listening).moments


def test_a_window_reads_the_words_said_in_it(both, call):
    words = (Word(text="no", start=2.6, end=2.9), Word(text="joy", start=5.4, end=5.8))
    segment = Segment(start=2.5, end=6.0, transcript="no joy", words=words)
    timeline = both.timeline(call, Listening(segments=[segment], hop=0.5, window=1.0))
    spans = windows(2.5, 6.0, 1.0, 0.5).tolist()
    said = ["no", "", "", "", "", "joy"]
    assert len(spans) == len(said)
    parts = [Segment(start=s, end=e, transcript=text) for (s, e), text in zip(spans, said, strict=True)]
    rows = np.array([list(one.probabilities.values()) for one in alone(both, call, parts)])
    found = np.array([list(one.probabilities.values()) for one in timeline.moments])
    assert found == pytest.approx(join(np.array(spans), rows, grid(2.5, 6.0, 0.5), 0.5), abs=1e-5)


def test_abstaining(ear, call):
    """Of four validation answers the two surest are right; half of all would be wrong without a threshold."""
    tops = np.array([0.9, 0.8, 0.7, 0.6])
    rest = (1 - tops)[:, None] / 3
    validation = np.hstack([tops[:, None], np.repeat(rest, 3, axis=1)])
    model = replace(ear.model, confidence=confidence_of([0, 0, 1, 1], validation))
    tops_found = [max(one.probabilities.values()) for one in ear.timeline(call, Listening(segments=GIVEN)).segments]
    assert max(tops_found) < 0.8
    unsure = EmotionRecognizer(model).timeline(call, Listening(segments=GIVEN, risk=0.1))
    assert [one.abstained for one in unsure.segments] == [True] * 3
    anything_goes = EmotionRecognizer(
        replace(model, confidence=confidence_of([0], np.array([[0.26, 0.25, 0.25, 0.24]])))
    )
    sure = anything_goes.timeline(call, Listening(segments=GIVEN, risk=0.1))
    assert [one.abstained for one in sure.segments] == [top < 0.26 for top in tops_found]


def test_a_risk_that_no_threshold_kept_is_told(ear, call, caplog):
    wrong = np.array([[0.9, 0.1, 0, 0], [0.8, 0.2, 0, 0]])
    recognizer = EmotionRecognizer(replace(ear.model, confidence=confidence_of([1, 0], wrong)))
    listening = Listening(segments=GIVEN, risk=0.1)
    assert [one.abstained for one in recognizer.timeline(call, listening).segments] == [True] * 3
    recognizer.check(listening)
    assert "no threshold kept the error so low on the model's validation data, 0.500 was the least" in caplog.text


def test_a_risk_that_a_model_knows_nothing_of(ear, call):
    with pytest.raises(InputError, match=r"risk 0\.2: this audio model does not know how often it is wrong"):
        ear.timeline(call, Listening(segments=GIVEN, risk=0.2))


@pytest.mark.parametrize("segments", [None, GIVEN[:2] + (replace(GIVEN[2], transcript=None),)])
def test_words_that_nobody_gives(both, segments):
    with pytest.raises(UsageError, match=r"this cross-modal model reads, and nobody gives the words of the recording"):
        both.timeline("nowhere.wav", Listening(segments=segments))


def test_memory_that_does_not_suffice_is_told(ear, call, monkeypatch):
    def full(inputs):
        raise MemoryError

    recognizer = EmotionRecognizer(ear.model)
    monkeypatch.setattr(recognizer, "_probabilities", full)
    with pytest.raises(InputError, match=r"from 2\.5 to 6\.0 s: memory does not suffice for so much at once; give the"):
        recognizer.timeline(call, Listening(segments=GIVEN[1:2]))


def test_other_errors_are_not_called_memory(ear, call, monkeypatch):
    recognizer = EmotionRecognizer(ear.model)
    monkeypatch.setattr(recognizer, "_probabilities", lambda inputs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        recognizer.timeline(call, Listening(segments=GIVEN[1:2]))


def test_threads_share_a_recognizer(both, call):
    listening = Listening(segments=GIVEN, hop=0.5)
    expected = both.timeline(call, listening)
    with ThreadPoolExecutor(4) as pool:
        assert all(one == expected for one in pool.map(lambda _: both.timeline(call, listening), range(8)))


def test_moments_follow_the_segments_of_their_stretch(ear, call):
    kinds = [type(one) is Moment for one in ear.listen(call, Listening(segments=GIVEN[:2], hop=1.0, window=1.0))]
    assert kinds == [False, True, True, False, True, True, True, True]
