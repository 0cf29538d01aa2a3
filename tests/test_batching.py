"""Batches: which utterances, in which order, as which tensors; and what is wrong with an utterance."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from noisy_utterances import CLASSES, WORDS, write_utterances

from emoduet.audio import read_audio
from emoduet.batching import InputReader, batches, shuffled, targets_of
from emoduet.errors import AudioError, CorpusError
from emoduet.pretrained.tiny import MAX_TOKENS, train_tokenizer
from emoduet.types import Utterance

NAMED = [Utterance(id=str(number)) for number in range(50)]


def ids(utterances):
    return [utterance.id for utterance in utterances]


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(WORDS)


@pytest.fixture
def utterances(tmp_path):
    return write_utterances(tmp_path, 5)


@pytest.fixture
def reader(tokenizer):
    return InputReader(hears=True, normalised=True, tokenizer=tokenizer)


# Order


def test_order_follows_from_seed_and_epoch_alone():
    first = shuffled(NAMED, seed=1, epoch=2)
    torch.manual_seed(77)
    assert shuffled(NAMED, seed=1, epoch=2) == first
    assert sorted(ids(first), key=int) == ids(NAMED) != ids(first)


def test_every_epoch_and_every_seed_has_its_own_order():
    orders = {(seed, epoch): tuple(ids(shuffled(NAMED, seed, epoch))) for seed in range(4) for epoch in range(1, 5)}
    assert len(set(orders.values())) == 16


def test_order_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    shuffled(NAMED, seed=0, epoch=1)
    assert torch.get_rng_state().equal(before)


# Batches


@pytest.mark.parametrize(("batch_size", "sizes"), [(2, [2, 2, 1]), (5, [5]), (8, [5]), (1, [1] * 5)])
def test_consecutive_batches_of_which_the_last_may_be_smaller(utterances, reader, batch_size, sizes):
    found = list(batches(utterances, CLASSES, reader, batch_size))
    assert [len(batch.utterances) for batch in found] == sizes
    assert [utterance for batch in found for utterance in batch.utterances] == list(utterances)
    assert torch.cat([batch.targets for batch in found]).tolist() == [0, 1, 2, 3, 0]
    for batch in found:
        lengths = [len(waveform) for waveform in batch.inputs.waveforms]
        assert lengths == [len(read_audio(utterance.audio)) for utterance in batch.utterances]
        assert len(batch.inputs.tokens) == len(batch.utterances)


def test_no_utterances_are_no_batches(reader):
    assert list(batches([], CLASSES, reader, 8)) == []


def test_the_next_batch_is_read_while_the_last_is_used_and_no_further(utterances):
    read, two_are_read = [], threading.Event()

    class Watched(InputReader):
        def tokens(self, utterance):
            read.append(utterance.id)
            if len(read) == 2:
                two_are_read.set()
            return torch.tensor([1])

    coming = batches(utterances, CLASSES, Watched(hears=False, normalised=False, tokenizer=object()), batch_size=1)
    assert next(coming).utterances == utterances[:1]
    assert two_are_read.wait(timeout=10)
    assert read == ["u0", "u1"]
    coming.close()


def test_targets_of_unknown_labels():
    labelled = [Utterance(id="a", label="sad"), Utterance(id="b", label="fru"), Utterance(id="c")]
    assert targets_of(labelled, CLASSES).tolist() == [3, -1, -1]


# Inputs


def test_waveforms_are_normalised_only_when_asked(utterances, reader):
    normalised, raw = reader.waveform(utterances[0]), replace(reader, normalised=False).waveform(utterances[0])
    np.testing.assert_array_equal(raw.numpy(), read_audio(utterances[0].audio))
    assert 0.05 < raw.std() < 0.2
    assert normalised.mean().item() == pytest.approx(0, abs=1e-5)
    assert normalised.var(correction=0).item() == pytest.approx(1, abs=1e-4)
    assert normalised.dtype == raw.dtype == torch.float32


def test_normalisation_is_over_the_utterance_and_not_its_recording(utterances, reader):
    part = reader.waveform(replace(utterances[0], start=0.1, end=0.2))
    assert len(part) == 1_600
    assert part.mean().item() == pytest.approx(0, abs=1e-5)


def test_a_system_that_does_not_hear_opens_no_file(tokenizer):
    deaf = InputReader(hears=False, normalised=False, tokenizer=tokenizer)
    inputs = deaf.read([Utterance(id="a", transcript="oh no", audio="/nowhere.wav")])
    assert inputs.waveforms == () and len(inputs.tokens) == 1


def test_a_system_that_does_not_read_needs_no_words(utterances):
    inputs = InputReader(hears=True, normalised=False, tokenizer=None).read([replace(utterances[0], transcript=None)])
    assert inputs.tokens == () and len(inputs.waveforms) == 1


@pytest.mark.parametrize(
    ("transcript", "num_tokens"),
    [("oh no", 4), ("", 2), ("   ", 2), ("oh " * 10_000, MAX_TOKENS), ("\U0001f600", 3), ("oh\x00no\ufffd", 4)],
    ids=["words", "empty", "blank", "10,000 words", "emoji", "control characters"],
)
def test_tokens(reader, transcript, num_tokens):
    tokens = reader.tokens(Utterance(id="a", transcript=transcript))
    assert tokens.shape == (num_tokens,) and tokens.dtype == torch.int64
    assert (tokens[0].item(), tokens[-1].item()) == (reader.tokenizer.cls_token_id, reader.tokenizer.sep_token_id)


def test_what_is_stored_stands_in_the_place_of_sounds_and_words_and_opens_nothing(reader):
    features = {"a": torch.zeros(3, 2), "b": torch.ones(1, 2)}
    absent = [Utterance(id=id, audio="/nowhere.wav", transcript=None) for id in ("b", "a")]
    inputs = replace(reader, stored_audio=features.__getitem__, stored_text=features.__getitem__).read(absent)
    assert [one is features[id] for one, id in zip(inputs.waveforms, "ba", strict=True)] == [True, True]
    assert [one is features[id] for one, id in zip(inputs.tokens, "ba", strict=True)] == [True, True]


def test_sounds_may_be_stored_and_words_read(utterances, reader):
    inputs = replace(reader, stored_audio=lambda id: torch.zeros(3, 2)).read(utterances[:1])
    assert inputs.waveforms[0].shape == (3, 2)
    assert inputs.tokens[0].equal(reader.tokens(utterances[0]))


def test_what_a_system_does_not_take_is_not_read_from_a_store_either(utterances, tokenizer):
    deaf = InputReader(hears=False, normalised=False, tokenizer=tokenizer, stored_audio=lambda id: torch.zeros(3, 2))
    assert deaf.read(utterances[:1]).waveforms == ()


def test_a_waveform_is_changed_before_it_is_normalised(utterances, reader):
    heard = []

    def louder(id, samples):
        heard.append((id, samples))
        return 100 * samples + 7

    changed = replace(reader, augment=louder)
    np.testing.assert_allclose(changed.waveform(utterances[0]), reader.waveform(utterances[0]), atol=1e-3)
    raw = replace(changed, normalised=False).waveform(utterances[0])
    samples = read_audio(utterances[0].audio)
    np.testing.assert_array_equal(raw.numpy(), 100 * samples + 7)
    assert [id for id, _ in heard] == ["u0", "u0"]
    assert all((heard_samples == samples).all() for _, heard_samples in heard)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"audio": None}, CorpusError, r"utterance u3: no sound file, and this system listens"),
        ({"transcript": None}, CorpusError, r"utterance u3: no transcript, and this system reads"),
        ({"audio": "/nowhere/x.wav"}, AudioError, r"^/nowhere/x\.wav: no such file"),
        ({"end": 99.0}, AudioError, r"u3\.wav: end 99\.0 s lies beyond the end of the file"),
    ],
)
def test_an_error_of_the_reading_thread_keeps_its_type(utterances, reader, change, error, message):
    spoilt = [replace(one, **change) if one.id == "u3" else one for one in utterances]
    coming = batches(spoilt, CLASSES, reader, batch_size=2)
    assert ids(next(coming).utterances) == ["u0", "u1"]
    with pytest.raises(error, match=message):
        next(coming)
