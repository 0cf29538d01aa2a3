"""Speech in blocks: stretches by pencil, the library's own as oracle on random probabilities and on real speech."""

import pickle
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from sounds import noise, sine

from emoduet.audio import SAMPLING_RATE, read_audio
from emoduet.errors import InputError, UsageError
from emoduet.speech_activity import WINDOW, Detector, Rules, SpeechActivity, Stretches, least_speech_like

SPEECH = Path(__file__).parents[1].parent / "shared" / "data" / "speech-samples"
NAMES = ["jfk.flac", "librispeech_2412-153948-0000.flac", "ljspeech_LJ002-0020.wav", "ami_headset_40-46s.wav"]
NAMES += ["spk1_snt1.wav", "spk2_snt2.wav"]

needs_asr = pytest.mark.skipif(find_spec("faster_whisper") is None, reason="the extra asr is not installed")
needs_speech = pytest.mark.skipif(not SPEECH.exists(), reason="the speech samples are not beside this checkout")


def rules(*, min_silence: int = 2, min_speech: int = 0, pad: int = 0, longest: int = 1000) -> Rules:
    """Lengths in windows; speech begins at 0.5 and ends below 0.35."""
    return Rules(0.5, *(one * WINDOW for one in (min_silence, min_speech, pad, longest)))


def windows_of(probabilities: list[float], settings: Rules) -> list[tuple[float, float]]:
    """The stretches that these probabilities give, in windows."""
    stretches, num_samples = Stretches(settings), len(probabilities) * WINDOW
    found = [one for probability in probabilities for one in stretches.advance(probability)]
    found += stretches.finish(num_samples)
    return [(start / WINDOW, min(end, num_samples) / WINDOW) for start, end in found]


def in_blocks(samples: np.ndarray, sizes: list[int], **settings: float) -> list[tuple[float, float]]:
    activity, found, first = SpeechActivity(**settings), [], 0
    for size in sizes:
        found += activity.feed(samples[first : first + size])
        first += size
    return found + activity.feed(samples[first:]) + activity.finish()


def at_once(samples: np.ndarray, **settings: float) -> list[tuple[float, float]]:
    return in_blocks(samples, [], **settings)


def inside(stretches: list[tuple[float, float]], samples: np.ndarray) -> np.ndarray:
    """Which samples lie in a stretch."""
    times = np.arange(len(samples)) / SAMPLING_RATE
    return sum(((start <= times) & (times < end) for start, end in stretches), np.zeros(len(samples), dtype=bool))


def by_the_library(samples: np.ndarray, *, threshold=0.5, min_silence=0.3, min_speech=0.1, pad=0.1):
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(
        threshold=threshold,
        min_silence_duration_ms=round(min_silence * 1000),
        min_speech_duration_ms=round(min_speech * 1000),
        speech_pad_ms=round(pad * 1000),
    )
    found = get_speech_timestamps(samples, options)
    return [(one["start"] / SAMPLING_RATE, one["end"] / SAMPLING_RATE) for one in found]


@pytest.fixture(scope="module")
def conversation() -> np.ndarray:
    """Real turns of several speakers with pauses of silence and of faint noise between them: 50 s."""
    pieces = [np.zeros(0, dtype=np.float32)]
    for number, name in enumerate(NAMES):
        pieces += [read_audio(SPEECH / name), noise(SAMPLING_RATE, 0.4 + 0.7 * number, 1)[:, 0] * 0.02 * (number % 2)]
    return np.concatenate(pieces).astype(np.float32)


# By pencil


@pytest.mark.parametrize(
    ("probabilities", "settings", "expected"),
    [
        ([0.1, 0.4, 0.1], rules(), []),
        ([0.49, 0.5, 0.35, 0.36, 0.34, 0.1, 0.1, 0.1], rules(), [(1, 4)]),
        ([0.9, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1], rules(), [(0, 4)]),
        ([0.9, 0.1, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1], rules(), [(0, 1), (4, 5)]),
        ([0.9, 0.1, 0.1, 0.4, 0.1, 0.9], rules(), [(0, 1), (5, 6)]),
        ([0.9, 0.1, 0.9, 0.1, 0.1], rules(min_silence=0), [(0, 1), (2, 3)]),
        ([0.9, 0.9, 0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1], rules(min_speech=2), [(5, 8)]),
        ([0.9, 0.1, 0.1], rules(), [(0, 3)]),
        ([0.1, 0.9], rules(min_speech=1), []),
    ],
    ids=["never reaches the threshold", "begins high ends low", "short pause", "long pause", "between the two",
         "no pause too short", "short speech is dropped", "open at the end", "short at the end"],
)  # fmt: skip
def test_hysteresis(probabilities, settings, expected):
    assert windows_of(probabilities, settings) == expected


@pytest.mark.parametrize(
    ("pad", "expected"), [(1, [(1, 4), (7, 10)]), (2, [(0, 5), (6, 11)]), (3, [(0, 5.5), (5.5, 11)])]
)
def test_padding_reaches_the_ends_and_the_middle_of_a_short_pause(pad, expected):
    probabilities = [0.1, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.9, 0.1, 0.1]
    assert windows_of(probabilities, rules(min_silence=1, pad=pad)) == expected


def test_dropped_speech_takes_no_room_from_its_neighbours():
    probabilities = [0.9, 0.9, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1]
    assert windows_of(probabilities, rules(min_silence=1, min_speech=1, pad=2)) == [(0, 4)]
    assert windows_of(probabilities, rules(min_silence=1, min_speech=0, pad=2)) == [(0, 3), (3, 7)]


def test_a_stretch_is_settled_once_no_neighbour_can_touch_it():
    stretches = Stretches(rules(min_silence=1, pad=2))
    probabilities = [0.9, 0.1, 0.1, 0.1, 0.1, 0.1]
    assert [len(stretches.advance(one)) for one in probabilities] == [0, 0, 0, 0, 1, 0]


def test_long_speech_is_cut_where_it_is_least_speech_like():
    """Twelve windows are too long for eleven: the last third begins at window 8, and 9 is the middle of its dip."""
    probabilities = [0.9] * 8 + [0.7, 0.6, 0.7, 0.8, 0.9, 0.9, 0.1, 0.1, 0.1]
    assert windows_of(probabilities, rules(pad=1, longest=11)) == [(0, 9), (9, 15)]


def test_a_dip_before_the_last_third_is_no_place_to_cut():
    probabilities = [0.9, 0.4, 0.4, 0.4, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.8]
    assert windows_of(probabilities, rules(longest=11)) == [(0, 9), (9, 12)]


def test_long_speech_ends_at_the_pause_it_has_come_to():
    """After 12 windows, too many, the pause at 9 is no pause yet."""
    probabilities = [0.9] * 9 + [0.1] * 3 + [0.9] + [0.1] * 5 + [0.9]
    assert windows_of(probabilities, rules(min_silence=5, longest=100)) == [(0, 19)]
    assert windows_of(probabilities, rules(min_silence=5, longest=11)) == [(0, 9), (12, 19)]
    assert windows_of(probabilities, rules(min_silence=5, longest=11, pad=2)) == [(0, 10.5), (10.5, 19)]


def test_what_follows_a_cut_is_judged_again():
    probabilities = [0.9] * 8 + [0.4] * 4 + [0.1] * 3
    assert windows_of(probabilities, rules(longest=11)) == [(0, 9), (9, 12)]
    probabilities[8:12] = [0.1, 0.1, 0.36, 0.5]
    assert windows_of(probabilities, rules(min_silence=4, longest=11)) == [(0, 9), (9, 15)]


def test_least_speech_like_place_is_the_mean_of_five():
    """The last third of 20 begins at 13; 15 is lowest, but the dip's middle is 16."""
    assert least_speech_like([0.9] * 13 + [0.9, 0.6, 0.1, 0.3, 0.3, 0.6, 0.9]) == 16


def test_an_hour_without_a_pause_is_kept_in_little():
    stretches = Stretches(rules(longest=900))
    empty, most, last = len(pickle.dumps(stretches)), 0, 0
    for number in range(112_500):
        for start, end in stretches.advance(0.6 + 0.3 * (number % 7 == 0)):
            assert start == last and 0 < end - start <= 900 * WINDOW
            last = end
        most = max(most, number % 997 == 0 and len(pickle.dumps(stretches)))
    assert last > 111_000 * WINDOW
    assert empty < most < empty + 900 * 12


# The library's rules as oracle


@needs_asr
@pytest.mark.parametrize("seed", range(40))
def test_equals_the_library_on_random_probabilities(monkeypatch, seed):
    generator = np.random.default_rng(seed)
    probabilities = np.abs(np.sin(np.cumsum(generator.normal(0, 0.35, 600)))) ** 1.5
    num_samples = 599 * WINDOW + int(generator.integers(WINDOW))
    threshold = float(generator.choice([0.1, 0.5, 0.7]))
    lengths = [int(generator.choice(each)) for each in ([0, 64, 300, 500], [0, 96, 250], [0, 30, 100, 400])]
    monkeypatch.setattr("faster_whisper.vad.get_vad_model", lambda: lambda audio: probabilities)
    seconds = [one / 1000 for one in lengths]
    expected = by_the_library(
        np.zeros(num_samples), threshold=threshold, min_silence=seconds[0], min_speech=seconds[1], pad=seconds[2]
    )
    stretches = Stretches(Rules(threshold, *(one * 16 for one in lengths), longest=10**9))
    found = [one for probability in probabilities for one in stretches.advance(probability)]
    found += stretches.finish(num_samples)
    assert [(start / SAMPLING_RATE, min(end, num_samples) / SAMPLING_RATE) for start, end in found] == expected


@needs_asr
@needs_speech
def test_probabilities_are_those_of_the_whole(conversation):
    from faster_whisper.vad import get_vad_model

    samples = conversation[: len(conversation) // WINDOW * WINDOW - 256]
    detector = Detector()
    found = [one for first in range(0, len(samples), 1000) for one in detector.feed(samples[first : first + 1000])]
    expected = get_vad_model()(np.pad(samples, (0, 256))).reshape(-1)
    np.testing.assert_allclose(found + detector.finish(), expected, atol=2e-6)


@needs_asr
@needs_speech
@pytest.mark.parametrize(
    "settings",
    [{}, {"min_silence": 0.1, "pad": 0.2}, {"threshold": 0.8, "min_speech": 0.5}, {"min_silence": 2.0, "pad": 0.4}],
    ids=str,
)
def test_stretches_are_the_library_s_on_real_speech(conversation, settings):
    expected = by_the_library(conversation, **settings)
    assert 2 <= len(expected) and at_once(conversation, **settings) == expected


# Blocks


@needs_asr
@needs_speech
@pytest.mark.parametrize("seed", range(3))
def test_blocks_change_nothing(conversation, seed):
    sizes = np.random.default_rng(seed).integers(0, [40, 5_000, 100_000][seed], 60).tolist()
    for settings in ({}, {"max_seconds": 4.0, "min_silence": 1.0}):
        assert in_blocks(conversation, sizes, **settings) == at_once(conversation, **settings)


@needs_asr
@needs_speech
def test_stretches_come_within_a_second_of_their_end(conversation):
    activity = SpeechActivity()
    for first in range(0, len(conversation), 1600):
        for _, end in activity.feed(conversation[first : first + 1600]):
            assert (first + 1600) / SAMPLING_RATE - end < 1.0
    assert len(activity.finish()) <= 1 and activity.finish() == []


@needs_asr
def test_detector_holds_no_block_in_memory():
    detector = Detector()
    detector.feed(np.zeros(SAMPLING_RATE * 30 + 1_000, dtype=np.float32))
    assert len(pickle.dumps([one for one in vars(detector).values() if isinstance(one, np.ndarray)])) < 64_000
    assert all(one.base is None for one in vars(detector).values() if isinstance(one, np.ndarray) and one.ndim == 1)


# Real sound


@needs_asr
@needs_speech
@pytest.mark.parametrize("name", NAMES)
def test_stretches_lie_where_the_energy_is(name):
    samples = read_audio(SPEECH / name)
    speech = inside(at_once(samples), samples)
    assert (samples[speech] ** 2).sum() > 0.97 * (samples**2).sum()
    assert (samples[speech] ** 2).mean() >= (samples**2).mean()


@needs_asr
@needs_speech
def test_speech_is_found_where_it_was_put():
    speech = read_audio(SPEECH / "spk1_snt1.wav")
    [(first, last)] = at_once(speech)
    samples = np.concatenate([np.zeros(80_000), speech, np.zeros(48_000)]).astype(np.float32)
    [(start, end)] = at_once(samples)
    assert (start - 5, end - 5) == pytest.approx((first, last), abs=0.25)


@needs_asr
@pytest.mark.parametrize("loudness", [0.001, 0.01, 0.1, 0.5])
def test_noise_is_no_speech(loudness):
    assert at_once(noise(SAMPLING_RATE, 10.0, 1)[:, 0] * 10 * loudness) == []


@needs_asr
def test_silence_clicks_and_tones_are_no_speech():
    clicks = np.zeros(160_000, dtype=np.float32)
    clicks[::4_000] = 1.0
    chord = sum(sine(SAMPLING_RATE, frequency=each, duration=10.0)[:, 0] for each in (220, 277.2, 329.6)) / 3
    for sound in (np.zeros(160_000, dtype=np.float32), clicks, sine(SAMPLING_RATE, duration=10.0)[:, 0], chord):
        assert at_once(sound) == []


@needs_asr
@pytest.mark.parametrize("num_samples", [0, 1, 399, 512, 8192])
def test_short_sounds_are_heard_without_fuss(num_samples):
    assert at_once(np.zeros(num_samples)) == []


@needs_asr
@needs_speech
def test_long_speech_is_cut_to_the_longest_and_nothing_is_lost(conversation):
    whole = at_once(conversation, min_silence=1.0)
    pieces = at_once(conversation, min_silence=1.0, max_seconds=3.0)
    assert max(end - start for start, end in pieces) <= 3.0 < max(end - start for start, end in whole)
    assert all(one[1] <= other[0] for one, other in zip(pieces, pieces[1:]))
    assert sum(one[1] == other[0] for one, other in zip(pieces, pieces[1:])) >= 2
    energy = (inside(whole, conversation) * conversation**2).sum()
    assert (inside(pieces, conversation) * conversation**2).sum() == pytest.approx(energy, rel=0.005)


# Refusals


@needs_asr
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold": 0.0}, r"threshold 0.0; need a probability between 0 and 1"),
        ({"threshold": float("nan")}, r"threshold nan; need"),
        ({"min_silence": -0.1}, r"min_silence -0.1; need seconds, 0 or more"),
        ({"min_speech": float("inf")}, r"min_speech inf; need seconds"),
        ({"pad": float("nan")}, r"pad nan; need seconds"),
        ({"max_seconds": 1.3}, r"max_seconds 1.3; need seconds, at least 1.4 with these pads and this min_speech"),
        ({"max_seconds": float("inf")}, r"max_seconds inf; need seconds"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(UsageError, match=message):
        SpeechActivity(**settings)


@needs_asr
@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((2, 100)), r"sound of type float64 and shape \[2, 100\]; need floats \[num_samples\]"),
        (np.zeros(100, dtype=np.int16), r"sound of type int16 and shape \[100\]; need floats"),
        (np.array([0.0, np.nan, np.inf]), r"sound: sample 1 is nan; need finite numbers"),
        (np.array([-np.inf]), r"sound: sample 0 is -inf"),
    ],
)
def test_sound_that_cannot_be_heard(samples, message):
    with pytest.raises(InputError, match=message):
        SpeechActivity().feed(samples)


@needs_asr
def test_a_finished_recording_takes_no_more():
    activity = SpeechActivity()
    activity.finish()
    with pytest.raises(InputError, match=r"fed after finish\(\); make a new SpeechActivity"):
        activity.feed(np.zeros(10))


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "faster_whisper.vad", None)
    with pytest.raises(InputError, match=r"speech detection needs faster-whisper \(.*\): pip install 'emoduet\[asr\]'"):
        SpeechActivity()


@needs_asr
def test_loading_says_nothing():
    program = "from emoduet.speech_activity import SpeechActivity; SpeechActivity().finish()"
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
