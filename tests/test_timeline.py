"""A recording answered along its time: the same answers as its parts alone would have, each at its place."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from little_models import write_model

from emoduet import EmotionRecognizer, Listening, Moment, Segment, Utterance, Word, hearing
from emoduet import timeline as timeline_module
from emoduet.confidence import Lengths, confidence_of
from emoduet.curve import grid, smoothed, windows
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
    times = grid(2.5, 6.0, 0.5)
    spans = windows(times, 2.5, 6.0, 1.0)
    answers = alone(ear, call, [Segment(start=start, end=end) for start, end in spans.tolist()])
    rows = np.array([list(one.probabilities.values()) for one in answers])
    assert [one.time for one in timeline.moments] == times.tolist() == [2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0]
    found = np.array([list(one.probabilities.values()) for one in timeline.moments])
    assert found == pytest.approx(np.stack([smoothed(rows, n, reach=1) for n in range(8)]), abs=1e-5)
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
    spans = windows(grid(2.5, 6.0, 0.5), 2.5, 6.0, 1.0).tolist()
    said = ["no", "no", "", "", "", "", "joy", "joy"]
    assert len(spans) == len(said)
    parts = [Segment(start=s, end=e, transcript=text) for (s, e), text in zip(spans, said, strict=True)]
    rows = np.array([list(one.probabilities.values()) for one in alone(both, call, parts)])
    found = np.array([list(one.probabilities.values()) for one in timeline.moments])
    assert found == pytest.approx(np.stack([smoothed(rows, n, reach=1) for n in range(8)]), abs=1e-5)


@pytest.mark.parametrize("speakers", [(None, None, None), ("ann", "ann", "ann")])
def test_a_curve_does_not_know_how_speech_was_cut_into_segments(ear, call, speakers):
    """Captions that touch, or overlap a little, have one curve, with one value for each time."""
    listening = Listening(segments=[Segment(start=1.0, end=9.0, speaker=speakers[0])], hop=0.25, window=2.0)
    bounds = [(1.0, 3.3), (3.3, 3.9), (3.7, 9.0)]
    captions = [Segment(start=s, end=e, speaker=who) for (s, e), who in zip(bounds, speakers, strict=True)]
    found = ear.timeline(call, replace(listening, segments=captions)).moments
    expected = ear.timeline(call, listening).moments
    assert [one.time for one in found] == [one.time for one in expected] == np.arange(1, 9.01, 0.25).tolist()
    for one, other in zip(found, expected, strict=True):
        assert list(one.probabilities.values()) == pytest.approx(list(other.probabilities.values()), abs=1e-5)


def test_each_voice_has_a_curve_of_its_own(ear, call):
    captions = [Segment(start=1.0, end=3.0, speaker="ann"), Segment(start=3.0, end=5.0, speaker="ben")]
    both = ear.timeline(call, Listening(segments=captions, hop=0.5, window=1.0)).moments
    of_each = [ear.timeline(call, Listening(segments=[one], hop=0.5, window=1.0)).moments for one in captions]
    assert sorted(both, key=lambda one: (one.speaker, one.time)) == [*of_each[0], *of_each[1]]
    assert [one.speaker for one in both if one.time == 3.0] == ["ann", "ben"]


@pytest.fixture(scope="module")
def long_call(tmp_path_factory):
    """A hundred seconds of noise that swells and falls."""
    samples = np.random.default_rng(4).normal(0, 0.1, 1_600_000) * (1.2 + np.sin(np.arange(1_600_000) / 9_000))
    path = tmp_path_factory.mktemp("calls") / "long.wav"
    soundfile.write(path, samples, 16_000, subtype="FLOAT")
    return path


def exact(recognizer, monkeypatch):
    """Answers that follow from each input alone, to the last bit: how loud it is, how long, and its tokens."""
    found = EmotionRecognizer(replace(recognizer.model, lengths=Lengths(0.5, 2.0, 7.0, 9.0)))

    def answer(inputs):
        told = []
        for one in inputs:
            loud = float(one.waveforms[0].double().square()[:1000].sum())
            read = float(one.tokens[0].double().sum()) if one.tokens else 0.0
            shares = np.array([1.0, loud, len(one.waveforms[0]) / 16_000, read])
            told.append((shares / shares.sum()).tolist())
        return told

    monkeypatch.setattr(found, "_probabilities", answer)
    return found


@pytest.mark.parametrize("transcript", ["", "no stop it what a joy " * 30])
def test_a_long_segment_in_parts_is_answered_as_in_one(both, long_call, transcript, monkeypatch):
    """The same pieces, answers and curve, whether it is heard in four parts or lies there as a whole."""
    recognizer = exact(both, monkeypatch)
    listening = Listening(segments=[Segment(start=0.3001, end=99.0, transcript=transcript)], hop=0.25)
    parted = recognizer.timeline(long_call, listening)
    monkeypatch.setattr(hearing, "LONGEST_STRETCH", 1000.0)
    whole = recognizer.timeline(long_call, listening)
    assert [one.segment for one in parted.segments] == [one.segment for one in whole.segments]
    assert [one.time for one in parted.moments] == [one.time for one in whole.moments]
    assert len(parted.segments) > 14 and len(parted.moments) == 395
    for one, other in zip([*parted.segments, *parted.moments], [*whole.segments, *whole.moments], strict=True):
        assert dict(one.probabilities) == pytest.approx(dict(other.probabilities), abs=1e-9)
    assert " ".join(one.segment.transcript for one in parted.segments).split() == transcript.split()


def test_answers_to_a_long_segment_come_while_it_is_decoded(ear, long_call):
    heard = []
    found = ear.listen(
        long_call, Listening(segments=[Segment(start=0.0, end=100.0)]), lambda *now: heard.append(now[0])
    )
    assert next(found).segment.start == 0 and max(heard) == 50


def test_words_of_a_whole_recording_are_shared_out_and_that_is_told_once(both, long_call, tmp_path, caplog):
    (tmp_path / "call.txt").write_text("what a joy no stop it " * 40, encoding="utf-8")
    cut = EmotionRecognizer(replace(both.model, lengths=Lengths(0.5, 1.0, 8.0, 9.0)))
    timeline = cut.timeline(long_call, Listening(transcript=tmp_path / "call.txt", hop=4.0, window=4.0))
    transcripts = [one.segment.transcript for one in timeline.segments]
    assert " ".join(transcripts).split() == "what a joy no stop it ".split() * 40 and len(transcripts) > 12
    for one in timeline.segments:
        assert len(one.segment.transcript.split()) == pytest.approx(2.4 * one.segment.duration, abs=2)
        assert one.segment.words == ()
    told = [one.getMessage() for one in caplog.records if "the times of words are not known" in one.getMessage()]
    assert len(told) == 1 and told[0].startswith(f"{long_call}: ")


def test_words_of_a_recording_that_does_not_tell_its_end(both, long_call, tmp_path, monkeypatch):
    (tmp_path / "call.txt").write_text("what a joy", encoding="utf-8")

    def untold(*arguments, **settings):
        return (replace(one, duration=0.0) for one in hearing.hear(*arguments, **settings))

    monkeypatch.setattr(timeline_module, "hear", untold)
    with pytest.raises(
        InputError, match=r"from 0\.0 s on: words without times for a long segment, and the file does not"
    ):
        both.timeline(long_call, Listening(transcript=tmp_path / "call.txt"))


def test_a_window_without_words_lacks_them_if_the_model_may(tmp_path, call):
    """Of "no" at 2.6 s and "joy" at 5.4 s nothing is said from 3 to 5 s; where no word is known to be said, none is."""
    lacking = EmotionRecognizer.load(write_model(tmp_path / "lacking", "demo-missing-modality"))
    words = (Word(text="no", start=2.6, end=2.9), Word(text="joy", start=5.4, end=5.8))
    asked = []
    monkeypatched = lacking._probabilities
    lacking._probabilities = lambda inputs: asked.extend(len(one.tokens[0]) for one in inputs) or monkeypatched(inputs)
    segments = [Segment(start=2.5, end=6.0, transcript="no joy", words=words)]
    lacking.timeline(call, Listening(segments=segments, hop=0.5, window=1.0))
    assert [count > 0 for count in asked] == [True, True, True, False, False, False, False, True, True]
    asked.clear()
    lacking.timeline(call, Listening(segments=[replace(segments[0], transcript="", words=())], hop=0.5, window=1.0))
    assert all(count > 0 for count in asked)


def test_windows_shorter_than_anything_heard_in_training_are_told(ear, caplog):
    known = EmotionRecognizer(replace(ear.model, lengths=Lengths(0.5, 1.0, 3.0, 5.0)))
    known.check(Listening(segments=GIVEN, hop=0.25, window=0.5))
    assert not caplog.records
    known.check(Listening(segments=GIVEN, hop=0.25, window=0.4))
    assert "window 0.4 s: the model was trained on no utterance shorter than 0.50 s" in caplog.text


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
    with pytest.raises(
        InputError, match=r"from 2\.5 to 6\.0 s: memory does not suffice for so much at once; give shorter segments"
    ):
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


def test_moments_come_as_soon_as_nothing_that_follows_can_change_them(ear, call):
    """The last of either voice, at 2 and at 6 s, come at the end: the voice might have gone on."""
    kinds = [type(one) is Moment for one in ear.listen(call, Listening(segments=GIVEN[:2], hop=1.0, window=1.0))]
    assert kinds == [False, True, False, *[True] * 5]
