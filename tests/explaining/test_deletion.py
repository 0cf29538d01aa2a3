"""An utterance without some of its words or moments: what is put in their place, and what stays as it was."""

import numpy as np
import pytest
import soundfile
import torch

from emoduet.audio import normalise, read_audio
from emoduet.batching import InputReader
from emoduet.build import Model, build_model
from emoduet.config import read_recipe
from emoduet.evaluation import BATCH_SIZE
from emoduet.explaining.deletion import answered, read_subject, span_times
from emoduet.front_ends.phonemes import PhonemeTokenizer
from emoduet.front_ends.word_tokens import word_tokenizer
from emoduet.pretrained.tiny import MAX_TOKENS, train_tokenizer
from emoduet.systems.inputs import Inputs
from emoduet.types import Utterance


class Shell:
    """What of a model is needed to read an utterance."""

    def __init__(self, reader: InputReader, longest: float | None = None) -> None:
        self.reader, self.longest = reader, longest


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> str:
    """0.6 s, with an offset and a loud beginning."""
    samples = 0.1 + 0.05 * np.random.default_rng(0).normal(size=9_600)
    samples[:4_000] *= 3
    path = tmp_path_factory.mktemp("calls") / "call.wav"
    soundfile.write(path, samples, 16_000, subtype="FLOAT")
    return str(path)


def reads(tokenizer: object) -> Shell:
    return Shell(InputReader(hears=False, normalised=False, tokenizer=tokenizer))


def subject_of(shell: Shell, transcript: str | None = None, audio: str | None = None):
    return read_subject(shell, Utterance(id="u", audio=audio, transcript=transcript))


def left(*values: int) -> np.ndarray:
    return np.array(values, dtype=bool)


# Words


def test_every_piece_of_a_deleted_word_becomes_the_mask_token():
    tokenizer = train_tokenizer(["no", "stop it"])
    subject = subject_of(reads(tokenizer), "no,  stop it")
    assert (subject.units.words, subject.units.characters) == (("no,", "stop", "it"), ((0, 3), (5, 9), (10, 12)))
    tokens, mask = tokenizer("no,  stop it")["input_ids"], tokenizer.mask_token_id
    assert subject.mask == mask and subject.pieces == ((1, 2), (3,), (4,))  # "no" and ","
    (masked,) = subject.without_words(left(0, 1, 0)).tokens
    assert masked.tolist() == [tokens[0], mask, mask, tokens[3], mask, tokens[5]]
    assert subject.inputs.tokens[0].tolist() == tokens  # untouched


def test_words_are_left_out_where_there_is_no_mask_token():
    tokenizer = word_tokenizer(["no stop it now"], min_count=1)
    subject = subject_of(reads(tokenizer), "no stop  it now")
    assert subject.mask is None
    assert subject.without_words(left(1, 0, 0, 1)).tokens[0].tolist() == tokenizer("no now")["input_ids"]
    assert subject.without_words(left(0, 0, 0, 0)).tokens[0].tolist() == tokenizer("")["input_ids"]
    assert subject.without_words(left(1, 1, 1, 1)).tokens[0].tolist() == subject.inputs.tokens[0].tolist()


def test_words_whose_tokens_have_no_place_are_left_out():
    """Phonemes: what is not said, such as a dash, is no word."""
    tokenizer = PhonemeTokenizer()
    subject = subject_of(reads(tokenizer), "no -- stop it")
    assert subject.units.words == ("no", "stop", "it") and subject.pieces is None and subject.mask is None
    assert subject.without_words(left(1, 0, 1)).tokens[0].tolist() == tokenizer("no it")["input_ids"]


def test_words_beyond_the_longest_input_are_no_units():
    masking = subject_of(reads(train_tokenizer(["no"])), "no " * 200)
    assert len(masking.units.words) == len(masking.pieces) == MAX_TOKENS - 2


def test_nothing_moves_up_from_beyond_the_longest_input():
    tokenizer = word_tokenizer([" ".join(f"w{number}" for number in range(600))], min_count=1)
    subject = subject_of(reads(tokenizer), " ".join(f"w{number}" for number in range(600)))
    assert len(subject.units.words) == 511  # and the end
    whole, without = subject.inputs.tokens[0], subject.without_words(np.arange(511) != 0).tokens[0]
    assert without.tolist() == whole[1:].tolist()


@pytest.mark.parametrize("transcript", ["", "  \n", "\u200b"])
def test_no_words_are_no_units(transcript):
    subject = subject_of(reads(train_tokenizer(["no"])), transcript)
    assert subject.units.words == () and not subject.reads and not subject.hears
    assert subject.units.times.shape == (0, 2)


def test_words_are_no_units_of_a_model_that_only_hears(sound):
    shell = Shell(InputReader(hears=True, normalised=False, tokenizer=None))
    subject = subject_of(shell, "no stop it", sound)
    assert subject.units.words == () and subject.hears and not subject.reads


# Moments


def test_silence_takes_the_place_of_what_normalisation_left(sound):
    subject = subject_of(Shell(InputReader(hears=True, normalised=True, tokenizer=None)), audio=sound)
    np.testing.assert_allclose(subject.units.times, [[0, 0.25], [0.25, 0.5], [0.5, 0.6]])
    whole = normalise(read_audio(sound))
    (waveform,) = subject.without_spans(left(0, 1, 0)).waveforms
    np.testing.assert_array_equal(waveform[:4_000], 0)
    np.testing.assert_array_equal(waveform[4_000:8_000], whole[4_000:8_000])
    np.testing.assert_array_equal(waveform[8_000:], 0)
    np.testing.assert_array_equal(subject.inputs.waveforms[0], whole)  # untouched


def test_the_other_half_stays_whole(sound):
    shell = Shell(InputReader(hears=True, normalised=False, tokenizer=train_tokenizer(["no stop it"])))
    subject = subject_of(shell, "no stop it", sound)
    without_words, without_spans = subject.without_words(left(0, 0, 0)), subject.without_spans(left(0, 0, 0))
    np.testing.assert_array_equal(without_words.waveforms[0], subject.inputs.waveforms[0])
    np.testing.assert_array_equal(without_spans.tokens[0], subject.inputs.tokens[0])
    assert not without_spans.waveforms[0].any()


def test_only_what_is_heard_is_cut_into_moments(sound):
    shell = Shell(InputReader(hears=True, normalised=False, tokenizer=None), longest=0.3)
    np.testing.assert_allclose(subject_of(shell, audio=sound).units.times, [[0, 0.25], [0.25, 0.3]])


@pytest.mark.parametrize(
    ("duration", "times"),
    [(0.0, []), (0.1, [[0, 0.1]]), (0.5, [[0, 0.25], [0.25, 0.5]]), (0.51, [[0, 0.25], [0.25, 0.5], [0.5, 0.51]])],
)
def test_moments_are_a_quarter_of_a_second_and_a_rest(duration, times):
    np.testing.assert_allclose(span_times(duration), np.array(times).reshape(-1, 2))


def test_all_of_a_sound_may_be_silent(sound):
    """Encoders divide by its deviation."""
    model: Model = build_model(read_recipe("demo-audio-only"), ["no"])
    subject = read_subject(model, Utterance(id="u", audio=sound))
    with torch.no_grad():
        assert model.system.eval()(subject.without_spans(left(0, 0, 0))).isfinite().all()


# Answers


def test_answers_come_in_the_order_of_the_sets_and_in_the_usual_batches():
    sizes = []

    def rows(inputs: list[Inputs]) -> list[list[float]]:
        sizes.append(len(inputs))
        return [[0.0, float(one.tokens[0].sum())] for one in inputs]

    sets = np.random.default_rng(0).random((BATCH_SIZE + 3, 4)) < 0.5
    found = answered(rows, 1, lambda one: Inputs((), [torch.from_numpy(one).long() * torch.tensor([1, 2, 4, 8])]), sets)
    assert found.tolist() == (sets @ [1, 2, 4, 8]).tolist()
    assert sizes == [BATCH_SIZE, 3]
