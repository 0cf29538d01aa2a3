"""How far an engine lies from torch: measured over many lengths, told with the worst of them."""

import math

import numpy as np
import pytest
import torch
from lively_models import lively_model

from emoduet import parity as module
from emoduet.errors import CheckpointError
from emoduet.parity import Parity, check_parity, measure_parity, synthetic_utterances
from emoduet.systems.inputs import Inputs


class Mirror:
    """An engine that answers as torch does, but for what it adds to one sound's logits."""

    def __init__(self, system, samples=0, added=0.0):
        self.system, self.samples, self.added, self.asked = system, samples, added, []

    def answer(self, waveform=None, tokens=None):
        self.asked.append((len(waveform), len(tokens)))
        logits = self.system(Inputs([torch.from_numpy(waveform)], [torch.from_numpy(tokens)]))[0].numpy()
        logits[0] += self.added if len(waveform) == self.samples else 0
        return logits


@pytest.fixture
def few(monkeypatch):
    """Four lengths up to 0.8 s: 0.1, 0.8, 0.2 and 0.4."""
    monkeypatch.setattr(module, "NUM_LENGTHS", 4)
    monkeypatch.setattr(module, "LONGEST", 0.8)


def test_lengths_run_from_a_tenth_of_a_second_to_34_and_from_1_word_to_200_short_and_long_in_turn():
    model = lively_model()
    model.reader.tokenizer.model_max_length = 512
    utterances = synthetic_utterances(model)
    samples = [len(one.waveforms[0]) for one in utterances]
    assert len(utterances) == 50 and len(set(samples)) == 50
    assert samples[:2] == [1_600, 544_000] and samples[2] < samples[48] < samples[49] < samples[3]
    tokens = [len(one.tokens[0]) for one in utterances]
    assert (min(tokens), max(tokens)) == (3, 202)
    assert tokens != sorted(tokens) and np.corrcoef(samples, tokens)[0, 1] < 0.5


def test_words_stand_between_the_tokenizers_own_and_are_cut_at_its_longest():
    model = lively_model()
    tokenizer = model.reader.tokenizer
    texts = [one.tokens[0].tolist() for one in synthetic_utterances(model)]
    assert max(map(len, texts)) == tokenizer.model_max_length == 128
    for ids in texts:
        assert (ids[0], ids[-1]) == (tokenizer.cls_token_id, tokenizer.sep_token_id)
        assert not set(ids[1:-1]) & set(tokenizer.all_special_ids)
    assert len({word for ids in texts for word in ids}) > 20


def test_sounds_are_as_the_reader_gives_them(few):
    model = lively_model()
    assert model.reader.normalised
    for utterance in synthetic_utterances(model):
        (sound,) = utterance.waveforms
        assert sound.dtype == torch.float32
        assert sound.mean().item() == pytest.approx(0, abs=1e-4) and sound.std().item() == pytest.approx(1, abs=1e-2)


@pytest.mark.parametrize(("recipe", "sounds", "texts"), [("audio-only", 1, 0), ("text-only", 0, 1)])
def test_a_system_of_one_modality_is_given_that(few, recipe, sounds, texts):
    utterances = synthetic_utterances(lively_model(f"demo-{recipe}"))
    assert {(len(one.waveforms), len(one.tokens)) for one in utterances} == {(sounds, texts)}


def test_the_seed_decides(few):
    model = lively_model()
    first, again, other = (synthetic_utterances(model, seed)[1] for seed in (0, 0, 1))
    assert torch.equal(first.waveforms[0], again.waveforms[0]) and torch.equal(first.tokens[0], again.tokens[0])
    assert not torch.equal(first.waveforms[0], other.waveforms[0])


def test_equal_answers_are_equal(few):
    model, told = lively_model(), []
    engine = Mirror(model.system)
    found = measure_parity(model, engine, lambda done, total: told.append((done, total)))
    assert found.equal and max(found.logits, found.probabilities) < 1e-5  # torch itself adds up in no fixed order
    assert found.seconds == (0.1, 0.8) and found.num_lengths == 4
    assert [samples for samples, _ in engine.asked] == [1_600, 12_800, 3_200, 6_400]
    assert found.tokens == (min(n for _, n in engine.asked), max(n for _, n in engine.asked))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    check_parity(found, "MODEL exported to onnx")


def test_a_difference_is_found_where_it_is(few):
    """A logit that grows by 0.5 moves its probability from p to p e^0.5 / (1 + p (e^0.5 - 1)); divided by T first."""
    model = lively_model()
    engine = Mirror(model.system, samples=3_200, added=0.5)
    found = measure_parity(model, engine)
    assert found.logits == pytest.approx(0.5, abs=1e-5) and not found.equal
    assert found.worst == f"0.20 s and {engine.asked[2][1]} tokens"
    (inputs,) = (one for one in synthetic_utterances(model) if len(one.waveforms[0]) == 3_200)
    p = torch.softmax(model.system(inputs)[0] / model.temperature, dim=0)[0].item()
    grown = math.exp(0.5 / model.temperature)
    assert found.probabilities == pytest.approx(p * grown / (1 + p * (grown - 1)) - p, abs=1e-5)
    with pytest.raises(
        CheckpointError,
        match=r"MODEL exported: does not answer as torch does: of 4 utterances the one of 0.20 s and \d+ tokens "
        r"differs most, by 0.5 in a logit, .* need at most 0.0001. Nothing was written. Use engine torch",
    ):
        check_parity(found, "MODEL exported")


def test_nan_is_a_difference(few):
    model = lively_model()
    found = measure_parity(model, Mirror(model.system, samples=6_400, added=math.nan))
    assert not found.equal and math.isnan(found.logits) and found.worst.startswith("0.40 s")


@pytest.mark.parametrize(
    ("probabilities", "logits", "equal"), [(1e-4, 1e-4, True), (1.1e-4, 0.0, False), (0.0, 1.1e-4, False)]
)
def test_both_must_lie_within_the_tolerance(probabilities, logits, equal):
    found = Parity(1, (0.1, 0.1), (3, 3), probabilities, logits, "0.10 s and 3 tokens")
    assert found.equal is equal
    assert found.as_json()["tolerance"] == 1e-4
