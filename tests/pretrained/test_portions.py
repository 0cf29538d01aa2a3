"""Portions: how a batch is cut, what happens when memory runs out, and that no number changes."""

import logging
import math
import os
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import torch
from random_encoders import (
    LIVELY,
    assert_gradients_agree,
    audio_encoder,
    bert,
    distance,
    gradients,
    of_frames,
    sentences,
    text_encoder,
    wav2vec2,
    wavlm,
)

from emoduet.errors import InputError
from emoduet.nn.packing import Packed
from emoduet.pretrained import portions
from emoduet.pretrained.portions import (
    ANSWERING_BYTES,
    Budget,
    _free_in_container,
    in_portions,
    ran_out_of_memory,
)

CPU = torch.device("cpu")
LIVELY_TEXT = {"hidden_dropout_prob": 0.2, "attention_probs_dropout_prob": 0.2}
ALLOCATOR = "[enforce fail at alloc_cpu.cpp:119] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to"

ENCODERS = {
    "packed audio": (lambda: audio_encoder(wav2vec2("layer", **LIVELY)), of_frames(5, 40, 1, 30, 8)),
    "packed audio, group norm": (lambda: audio_encoder(wav2vec2("group", **LIVELY)), of_frames(5, 40, 1, 30, 8)),
    "plain audio": (lambda: audio_encoder(wavlm(**LIVELY)), of_frames(5, 40, 1, 30, 8)),
    "packed text": (lambda: text_encoder(bert(**LIVELY_TEXT)), sentences(5, 40, 1, 30, 8)),
    "plain text": (lambda: text_encoder(bert(**LIVELY_TEXT, hidden_act="relu")), sentences(5, 40, 1, 30, 8)),
}


@pytest.fixture(params=ENCODERS)
def lively(request):
    """An encoder in which everything random is on, and a batch for it."""
    make, inputs = ENCODERS[request.param]
    return make().train(), inputs


def cut(rows, lengths):
    return [(part.start, part.stop) for part in Budget(1, 1, rows=rows).portions(lengths, CPU)]


@pytest.fixture
def free(monkeypatch):
    """Sets what is free: memory in bytes, a container's rest, and the threads this process has of how many cores."""

    def given(available, container=math.inf, threads=1, cores=1):
        monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=available))
        monkeypatch.setattr(portions, "_free_in_container", lambda: container)
        monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
        monkeypatch.setattr(os, "cpu_count", lambda: cores)

    return given


# How a batch is cut


def test_pencil():
    lengths = (3, 4, 2, 9, 1)
    assert cut(None, lengths) == [(0, 5)]
    assert cut(19, lengths) == [(0, 5)]
    assert cut(18, lengths) == [(0, 4), (4, 5)]
    assert cut(9, lengths) == [(0, 3), (3, 4), (4, 5)]
    assert cut(1, lengths) == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]


@pytest.mark.parametrize(
    ("trains", "available", "rows"),
    [
        (True, 4_000, 20),  # half of it, by 100 bytes a row
        (False, 4_000, 200),
        (True, 16 * ANSWERING_BYTES, 8 * ANSWERING_BYTES // 100),
        (False, 16 * ANSWERING_BYTES, ANSWERING_BYTES // 10),
        (True, 0, 1),
        (False, 0, 1),
    ],
)
def test_the_limit_follows_from_the_free_memory(trains, available, rows, free):
    free(available)
    budget = Budget(answering=10, training=100)
    with torch.set_grad_enabled(trains):
        assert budget.portions((rows, 1), CPU) == [slice(0, 1), slice(1, 2)]
        assert len(budget.portions((max(rows - 1, 1), 1), CPU)) == (1 if rows > 1 else 2)


def test_processes_that_share_the_cores_share_the_memory(free):
    free(4_000, threads=2, cores=8)
    assert Budget(1, 100).portions((4, 1), CPU) == [slice(0, 2)]
    assert Budget(1, 100).portions((5, 1), CPU) == [slice(0, 1), slice(1, 2)]


def test_a_container_s_limit_counts(free, tmp_path):
    free(4_000, container=2_000)
    assert Budget(1, 100).portions((10, 1), CPU) == [slice(0, 1), slice(1, 2)]
    assert _free_in_container(tmp_path) == math.inf
    for limit, left in (("max", math.inf), ("900", 800)):
        (tmp_path / "memory.max").write_text(f"{limit}\n")
        (tmp_path / "memory.current").write_text("100\n")
        assert _free_in_container(tmp_path) == left


def test_long_utterances_take_more_a_row_in_training(free):
    """100 bytes a row and one for each row of the longest: 20 rows of ten take 110 each."""
    free(4_400)
    budget = Budget(answering=1, training=100, attention=1)
    assert budget.portions((10, 10), CPU) == [slice(0, 2)]
    assert budget.portions((11, 9), CPU) == [slice(0, 1), slice(1, 2)]


def test_what_suffices_for_answers_is_not_taken_for_training(free):
    free(4_000)
    budget = Budget(answering=10, training=100)
    with torch.no_grad():
        assert len(budget.portions((100, 100), CPU)) == 1
    assert len(budget.portions((100, 100), CPU)) == 2


# No number changes


def passed(encoder, inputs):
    torch.manual_seed(3)
    np.random.seed(3)
    answer = gradients(encoder, lambda: encoder(inputs).values)
    return *answer, torch.rand(1).item(), np.random.rand()


def assert_unchanged(encoder, found, whole):
    """Bit for bit in the plain form; in the packed one, products of fewer rows add up in another order."""
    assert found.equal(whole) if encoder.form == "plain" else distance(found, whole) < 1e-6


@pytest.mark.parametrize("rows", [1, 9, 45])
def test_portions_change_no_number(lively, rows):
    encoder, inputs = lively
    whole, whole_gradients, *next_draws = passed(encoder, inputs)
    encoder.budget.rows = rows
    found, found_gradients, *next_draws_of_portions = passed(encoder, inputs)
    assert_unchanged(encoder, found, whole)
    assert_gradients_agree(found_gradients, whole_gradients, within=1e-5)
    assert next_draws_of_portions == next_draws


@pytest.mark.parametrize("rows", [None, 9])
def test_recomputing_activations_changes_no_number(lively, rows):
    encoder, inputs = lively
    whole, whole_gradients, *_ = passed(encoder, inputs)
    encoder.recompute_activations()
    encoder.budget.rows = rows
    found, found_gradients, *_ = passed(encoder, inputs)
    assert_unchanged(encoder, found, whole)
    assert_gradients_agree(found_gradients, whole_gradients, within=1e-5)


def test_only_what_goes_into_a_portion_is_kept():
    """More than one portion with a gradient runs twice; one alone, or without gradient, once."""
    weight, runs = torch.ones(1, requires_grad=True), []

    def run(part):
        runs.append((part.start, part.stop))
        return Packed((torch.ones(part.stop - part.start, 1) * weight).exp(), (1,) * (part.stop - part.start))

    in_portions(run, (1, 1, 1), Budget(1, 1), CPU).values.sum().backward()
    assert runs == [(0, 3)]
    runs.clear()
    with torch.no_grad():
        in_portions(run, (1, 1, 1), Budget(1, 1, rows=2), CPU)
    assert runs == [(0, 2), (2, 3)]
    runs.clear()
    in_portions(run, (1, 1, 1), Budget(1, 1, rows=2), CPU).values.sum().backward()
    assert sorted(runs) == [(0, 2), (0, 2), (2, 3), (2, 3)]


# Memory runs out


def small_memory(encoder, rows, error):
    """An encoder whose context network needs more memory than there is for more than so many rows."""
    context = encoder._form.context

    def limited(frames, draws):
        if sum(frames.lengths) > rows:
            context(frames, draws)  # what is drawn on the way is drawn
            raise error
        return context(frames, draws)

    encoder._form.context = limited


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory."), RuntimeError(ALLOCATOR), MemoryError()]
)
def test_memory_that_runs_out_halves_the_portions(lively, error, caplog):
    encoder, inputs = lively
    whole, whole_gradients, *next_draws = passed(encoder, inputs)
    small_memory(encoder, 45, error)
    with caplog.at_level(logging.WARNING):
        found, found_gradients, *next_draws_of_portions = passed(encoder, inputs)
    assert_unchanged(encoder, found, whole)
    assert_gradients_agree(found_gradients, whole_gradients, within=1e-5)
    assert next_draws_of_portions == next_draws
    assert encoder.budget.rows == 42
    assert [record.message for record in caplog.records] == [
        "memory ran out: going on in portions of 42 rows; no number changes"
    ]


def test_halving_goes_on_until_it_fits_and_is_remembered(caplog):
    encoder, inputs = audio_encoder(wav2vec2("layer")), of_frames(*[10] * 16)
    whole = encoder(inputs).values
    small_memory(encoder, 30, RuntimeError(ALLOCATOR))
    assert_unchanged(encoder, encoder(inputs).values, whole)
    assert encoder.budget.rows == 20
    assert [record.args for record in caplog.records] == [(80,), (40,), (20,)]
    encoder(inputs)
    assert len(caplog.records) == 3


def test_one_utterance_too_many_is_an_error_that_says_what_to_do():
    encoder = audio_encoder(wav2vec2("layer"))
    small_memory(encoder, 30, RuntimeError(ALLOCATOR))
    message = "memory: full with an utterance of 40 rows alone; free some, cut long recordings into shorter segments"
    with pytest.raises(InputError, match=message):
        encoder(of_frames(5, 40))
    with pytest.raises(InputError, match="an utterance of 31 rows alone"):
        encoder(of_frames(31))


def test_halving_says_whether_it_helped():
    budget = Budget(1, 1)
    budget.portions((6, 3), CPU)
    assert budget.halve(CPU) and budget.rows == 4
    assert not budget.halve(CPU) and budget.rows == 4


def test_other_errors_pass_through():
    encoder = audio_encoder(wav2vec2("layer"))
    small_memory(encoder, 1, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes"):
        encoder(of_frames(5, 40))
    assert encoder.budget.rows is None


def test_which_errors_are_of_memory():
    assert ran_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    assert ran_out_of_memory(RuntimeError(ALLOCATOR)) and ran_out_of_memory(MemoryError())
    assert not ran_out_of_memory(RuntimeError("Kernel size can't be greater than actual input size"))
