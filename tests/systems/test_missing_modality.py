"""The missing-modality system: what is absent, who sees nothing of it, and what is drawn in training."""

import pytest
import torch
from company import ROWS, assert_alike_alone_and_together, assert_same_gradients, chosen, logit_gradients
from fusion_parts import fused_system, seasoned
from stand_ins import easy_batch, train_on, utterances

from emoduet.config import read_recipe
from emoduet.errors import ConfigError
from emoduet.systems.cross_modal import CrossModalSystem
from emoduet.systems.inputs import NO_SOUND, NO_WORDS, Inputs

NUM_SAMPLES = (5_123, 9_000, 1_600, 20_000)
NUM_TOKENS = (9, 3, 1, 30)
NAME = "missing-modality"
DROPOUT = ("model.audio_dropout=0.3", "model.text_dropout=0.2")


def without(inputs, sounds=(), words=()):
    """The same utterances, some of which lack their sound or their words."""
    return Inputs(
        [NO_SOUND if row in sounds else one for row, one in enumerate(inputs.waveforms)],
        [NO_WORDS if row in words else one for row, one in enumerate(inputs.tokens)],
    )


@pytest.fixture(scope="module")
def whole():
    return utterances(NUM_SAMPLES, NUM_TOKENS)


@pytest.fixture(scope="module")
def mixed(whole):
    """The second utterance lacks its sound, the third its words."""
    return without(whole, sounds=[1], words=[2])


@pytest.fixture(scope="module", params=["projected", "encoder"])
def system(request):
    built = fused_system(NAME, f"cross_modal_attention.cma_1_keys={request.param}")
    return seasoned(built, utterances(NUM_SAMPLES, NUM_TOKENS, seed=9))


# Company


@ROWS
def test_alone_and_in_any_batch_the_answer_is_the_same(system, mixed, rows):
    """Alone, the second utterance is a batch in which nothing sounds, and the third one in which nothing is read."""
    assert_alike_alone_and_together(system, mixed, rows)


@pytest.mark.parametrize("row", range(4))
def test_alone_and_in_a_batch_the_gradients_are_the_same(system, mixed, row):
    alone, together = gradients(system, chosen(mixed, [row]), 0), gradients(system, mixed, row)
    assert_same_gradients(together, alone)


def gradients(system, inputs, row):
    """Of every weight; zero where the utterance says nothing to it."""
    found, weights = logit_gradients(system, inputs, row), dict(system.named_parameters())
    return {name: torch.zeros_like(weights[name]) if one is None else one for name, one in found.items()}


@torch.no_grad()
def test_what_lacks_nothing_is_answered_as_by_the_proposed_system(system, whole):
    for found, expected in zip(system.streams(whole), CrossModalSystem.streams(system, whole), strict=True):
        assert found.values.equal(expected.values) and found.lengths == expected.lengths


# What is absent


@torch.no_grad()
def test_a_learned_frame_stands_in_its_place(system, whole, mixed):
    (H_A, H_T, W), (heard, projected, read) = system.streams(mixed), system.streams(whole)
    assert H_A.unpack()[1].equal(system.absent_sound) and W.unpack()[2].equal(system.absent_words)
    torch.testing.assert_close(H_T.unpack()[2], system.text_projection.linear(system.absent_words))
    for found, expected, absent in ((H_A, heard, 1), (H_T, projected, 2), (W, read, 2)):
        for row in {0, 1, 2, 3} - {absent}:
            torch.testing.assert_close(found.unpack()[row], expected.unpack()[row], atol=1e-5, rtol=0)


@torch.no_grad()
def test_sound_alone_and_words_alone_still_decide(system, whole):
    """Other sounds have other answers, in the whole of what is pooled, and so have other words."""
    for lacking in ({"words": range(4)}, {"sounds": range(4)}):
        answers = system(without(whole, **lacking))
        assert (answers[:, None] - answers).abs().amax(dim=2)[~torch.eye(4, dtype=torch.bool)].min() > 1e-3


@torch.no_grad()
def test_without_words_each_moment_still_counts():
    """With a residual the audio stream goes on; as the paper writes the block it would be the same all through."""
    spread = {}
    for residual in ("true", "false"):
        system = fused_system(NAME, f"cross_modal_attention.residual={residual}").eval()
        H_A, H_T, _ = system.streams(without(utterances((9_000,), (3,)), words=[0]))
        spread[residual] = system.cma_1(H_A, H_T).values.std(dim=0).max().item()
    assert spread["true"] > 1e-2 and spread["false"] < 1e-5


def noting(system, monkeypatch):
    """How many utterances each encoder is given, call by call."""
    seen = {"sounds": [], "words": []}
    for kind, encoder in (("sounds", system.audio_encoder), ("words", system.text_encoder)):

        def note(inputs, kind=kind, forward=encoder.forward):
            seen[kind].append(len(inputs))
            return forward(inputs)

        monkeypatch.setattr(encoder, "forward", note)
    return seen


def test_the_encoders_are_given_what_is_there_and_nothing_else(whole, mixed, monkeypatch):
    system = fused_system(NAME).eval()
    seen = noting(system, monkeypatch)
    system(mixed)
    assert seen == {"sounds": [3], "words": [3]}
    system(without(whole, sounds=range(4)))
    system(without(whole, words=range(4)))
    assert seen == {"sounds": [3, 4], "words": [3, 4]}


def test_statistics_are_of_frames_that_were_heard(whole):
    """Batch normalisation learns from a batch in which some lack their sound as if they were not there."""
    heard = [0, 2, 3]
    buffers = []
    for inputs in (without(whole, sounds=[1]), chosen(whole, heard)):
        system = fused_system(NAME).train()
        system(inputs)
        buffers.append(dict(system.named_buffers()))
    assert any("running_mean" in name for name in buffers[0])
    assert all(one.equal(buffers[1][name]) for name, one in buffers[0].items())


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("lacking", [{"sounds": [0]}, {"words": [0]}, {"sounds": [0, 1]}, {"words": [0, 1]}])
def test_single_frames_have_finite_gradients(lacking, training):
    """A sound of 25 ms, a text of one token, and one learned frame: all of no spread."""
    system = fused_system(NAME).train(training)
    system(without(utterances((400, 400), (1, 1)), **lacking)).square().sum().backward()
    found = {name: weight.grad for name, weight in system.named_parameters() if weight.grad is not None}
    assert all(gradient.isfinite().all() for gradient in found.values())
    absent = {"sounds": "absent_sound", "words": "absent_words"}[next(iter(lacking))]
    assert found[absent].abs().max() > 0


# What training drops


def dropped(system, inputs):
    """Which utterances lack their sound, and which their words, in what the system learns from."""
    left = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            type(system), "forward", lambda self, inputs: left.append(inputs) or torch.zeros(len(inputs.tokens), 4)
        )
        system.learn(inputs, torch.zeros(len(inputs.tokens), dtype=torch.int64), torch.ones(4))
    (found,) = left
    return [[len(one) == 0 for one in some] for some in (found.waveforms, found.tokens)]


def little(count):
    return Inputs([torch.zeros(1)] * count, [torch.zeros(1, dtype=torch.int64)] * count)


def test_which_draw_drops_what(monkeypatch):
    draws = torch.tensor([0.0, 0.29, 0.3, 0.49, 0.5, 0.99], dtype=torch.float64)
    monkeypatch.setattr(torch, "rand", lambda count: draws[:count])
    sounds, words = dropped(fused_system(NAME, *DROPOUT).train(), little(6))
    assert sounds == [True, True, False, False, False, False]
    assert words == [False, False, True, True, False, False]


def test_the_shares_are_those_of_the_recipe_and_nothing_loses_both():
    torch.manual_seed(0)
    sounds, words = map(torch.tensor, dropped(fused_system(NAME, *DROPOUT).train(), little(20_000)))
    assert sounds.float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert words.float().mean().item() == pytest.approx(0.2, abs=0.01)
    assert not (sounds & words).any()


def test_what_lacks_one_already_keeps_the_other(monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda count: torch.tensor([0.0, 0.4, 0.0, 0.4])[:count])
    given = without(little(4), sounds=[1, 2], words=[0, 3])
    assert dropped(fused_system(NAME, *DROPOUT).train(), given) == [
        [False, True, True, False],
        [True, False, False, True],
    ]


def test_draws_follow_the_order_and_not_the_batches():
    system, halves = fused_system(NAME, *DROPOUT).train(), []
    torch.manual_seed(3)
    together = dropped(system, little(40))
    torch.manual_seed(3)
    halves = [dropped(system, little(20)) for _ in range(2)]
    assert together == [first + second for first, second in zip(*halves, strict=True)]
    assert any(together[0]) and any(together[1])


def test_in_evaluation_nothing_is_dropped_and_nothing_drawn(whole):
    system = fused_system(NAME, *DROPOUT).eval()
    before = torch.get_rng_state()
    assert dropped(system, whole) == [[False] * 4, [False] * 4]
    system.learn(whole, torch.zeros(4, dtype=torch.int64), torch.ones(4))
    assert torch.get_rng_state().equal(before)


# Numbers


@pytest.mark.parametrize("prefix", ["", "demo-"])
def test_it_differs_from_the_proposed_system_in_what_it_is_for(prefix):
    ours, paper = (read_recipe(prefix + one).model_dump() for one in (NAME, "paper"))
    differing = {key for key in paper if ours[key] != paper[key]}
    assert differing - {"training", "schedule"} == {"name", "title", "system", "model", "cross_modal_attention"}
    assert ours["cross_modal_attention"] == {**paper["cross_modal_attention"], "residual": True}
    assert ours["training"] == {**paper["training"], "epochs": ours["training"]["epochs"]}


@pytest.mark.parametrize(("audio", "text"), [(0.5, 0.5), (0.7, 0.4)])
def test_rates_that_leave_nobody_both(audio, text):
    told = rf"model\.audio_dropout {audio} and model\.text_dropout {text}: the sum must be below 1; lower one"
    with pytest.raises(ConfigError, match=told):
        read_recipe(NAME, [f"model.audio_dropout={audio}", f"model.text_dropout={text}"])


@pytest.mark.parametrize("rate", ["-0.1", "1.0", "often"])
def test_a_rate_that_is_no_probability(rate):
    with pytest.raises(ConfigError, match=r"model\.text_dropout: .*got"):
        read_recipe(NAME, [f"model.text_dropout={rate}"])


# What it learns


def shares_right(system):
    """With sound and words, with sound alone and with words alone, of a new batch of the easy problem."""
    inputs, targets = easy_batch(seed=1_000, copies=8)
    rows = range(len(targets))
    with torch.no_grad():
        given = (inputs, without(inputs, words=rows), without(inputs, sounds=rows))
        return [(system(one).argmax(dim=1) == targets).float().mean().item() for one in given]


@pytest.fixture(scope="module")
def batches():
    return [easy_batch(seed) for seed in range(40)]


def test_it_learns_to_answer_with_either_alone(batches):
    torch.manual_seed(0)
    assert min(shares_right(train_on(fused_system(NAME, *DROPOUT), batches))) > 0.9


def test_without_dropping_it_does_not(batches):
    never = ("model.audio_dropout=0", "model.text_dropout=0")
    both, *alone = shares_right(train_on(fused_system(NAME, *never), batches))
    assert both > 0.9 and min(alone) < 0.7
