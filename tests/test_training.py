"""What one training does: which weights move, by which gradients and rates, and what is learned."""

from dataclasses import replace

import pytest
import torch
from accelerate import Accelerator
from easy_corpus import CLASSES, WORDS, easy_utterances, small_recipe
from noisy_utterances import write_utterances
from torch.nn import functional

from emoduet.batching import InputReader, shuffled, targets_of
from emoduet.build import build_model
from emoduet.evaluation import answer
from emoduet.machine import Machine
from emoduet.systems.cross_modal import CrossModalSystem
from emoduet.training import Plan, train

CPU = Machine("cpu")
SYSTEMS = ("demo-paper", "demo-paper-frozen", "demo-audio-only", "demo-text-only")


@pytest.fixture(scope="module")
def utterances(tmp_path_factory):
    return tuple(easy_utterances(tmp_path_factory.mktemp("easy"), sessions=2))


def plan_of(utterances, recipe, **changes):
    plan = Plan(recipe, train=utterances[:8], watched=utterances[8:], keep_best=False, seed=0)
    return replace(plan, **changes)


def weights(model):
    return {name: tensor.clone() for name, tensor in model.system.state_dict().items()}


def untrained(plan):
    """The model as it was before its first update."""
    torch.manual_seed(plan.seed)
    return build_model(plan.recipe, [one.transcript for one in plan.train])


def moved(plan, folder):
    """The largest movement of every weight in a training."""
    before = dict(untrained(plan).system.named_parameters())
    after = dict(train(plan, folder, CPU)[0].system.named_parameters())
    return {name: float((after[name] - before[name]).detach().abs().max()) for name in before}


def groups(movements):
    """The largest movement in the CNN, in the rest of the audio encoder, in the text encoder, and above them."""
    parts = {"cnn": 0.0, "context": 0.0, "text": 0.0, "head": 0.0}
    for name, movement in movements.items():
        cnn = "feature_extractor" in name
        part = "cnn" if cnn else {"audio_encoder": "context", "text_encoder": "text"}.get(name.split(".")[0], "head")
        parts[part] = max(parts[part], movement)
    return parts


@pytest.fixture
def gradients(monkeypatch):
    """Every update's gradients, as they are after clipping, in the order of the weights."""
    seen, clip = [], Accelerator.clip_grad_norm_

    def clip_and_note(self, parameters, *limits):
        parameters = list(parameters)
        clip(self, parameters, *limits)
        seen.append(torch.cat([p.grad.flatten() for p in parameters if p.grad is not None]))

    monkeypatch.setattr(Accelerator, "clip_grad_norm_", clip_and_note)
    return seen


@pytest.fixture
def nothing_random(monkeypatch):
    """Trains in eval mode: no dropout, and BatchNorm out of play."""
    monkeypatch.setattr("emoduet.training._set_training_mode", lambda system: system.eval())


# Which weights move


@pytest.mark.parametrize(
    ("audio", "text", "moving"),
    [
        ("feature-encoder", "nothing", ["context", "text", "head"]),
        ("nothing", "nothing", ["cnn", "context", "text", "head"]),
        ("all", "nothing", ["text", "head"]),
        ("all", "all", ["head"]),
    ],
)
def test_what_is_frozen_stays_bit_for_bit(utterances, tmp_path, audio, text, moving):
    recipe = small_recipe("demo-paper", f"audio_encoder.freeze={audio}", f"text_encoder.freeze={text}")
    movements = groups(moved(plan_of(utterances, recipe), tmp_path))
    assert [part for part, movement in movements.items() if movement > 0] == moving


def test_head_factor_gives_two_rates(utterances, tmp_path):
    """Adam's first update moves a weight by its rate, whatever the gradient."""
    recipe = small_recipe(
        "demo-paper",
        "training.epochs=1",
        "training.batch_size=8",
        "optimizer.learning_rate=0.001",
        "optimizer.head_factor=7",
    )
    movements = groups(moved(plan_of(utterances, recipe), tmp_path))
    assert movements["context"] == pytest.approx(0.001, rel=0.02)
    assert movements["text"] == pytest.approx(0.001, rel=0.02)
    assert movements["head"] == pytest.approx(0.007, rel=0.02)


@pytest.mark.parametrize(("recipe", "trains"), [("demo-paper", True), ("demo-paper-frozen", False)])
def test_frozen_encoders_are_in_eval_mode_while_the_rest_trains(utterances, tmp_path, monkeypatch, recipe, trains):
    modes, forward = set(), CrossModalSystem.forward

    def note_and_go_on(self, inputs):
        if torch.is_grad_enabled():
            modes.add((self.cma_1.training, self.audio_encoder.training, self.text_encoder.model.training))
        return forward(self, inputs)

    monkeypatch.setattr(CrossModalSystem, "forward", note_and_go_on)
    train(plan_of(utterances, small_recipe(recipe)), tmp_path, CPU)
    assert modes == {(True, trains, trains)}


# By which gradients


@pytest.mark.parametrize("class_weights", ["false", "true"])
@pytest.mark.parametrize(("batch_size", "accumulation"), [(2, 4), (1, 8), (3, 3)])
def test_accumulated_batches_are_one_large_batch(
    utterances, tmp_path, gradients, nothing_random, batch_size, accumulation, class_weights
):
    """Eleven utterances: the last update has three of them, in batches of unequal size."""
    trainings = []
    whole = batch_size * accumulation
    for number, (size, times) in enumerate([(whole, 1), (batch_size, accumulation)]):
        recipe = small_recipe(
            "demo-paper",
            f"training.batch_size={size}",
            f"training.accumulation={times}",
            f"training.class_weights={class_weights}",
            "training.epochs=1",
        )
        plan = plan_of(utterances, recipe, train=utterances[:11])
        trainings.append((*train(plan, tmp_path / str(number), CPU), gradients.copy()))
        gradients.clear()
    (one, history, expected), (other, other_history, found) = trainings
    assert len(expected) == len(found) == -(-11 // whole)
    torch.testing.assert_close(found[0], expected[0], rtol=1e-4, atol=1e-6)
    assert other_history[0].train_loss == pytest.approx(history[0].train_loss, rel=1e-4)
    classifiers = [model.system.classifier.weight for model in (one, other)]
    torch.testing.assert_close(*classifiers, rtol=0, atol=1e-3)


def test_the_training_loss_is_the_mean_over_utterances(utterances, tmp_path, nothing_random):
    recipe = small_recipe("demo-paper", "optimizer.learning_rate=1e-12", "training.epochs=1")
    plan = plan_of(utterances, recipe, train=utterances[:11])
    model, history = train(plan, tmp_path, CPU)
    own = answer(model.system, model.reader, plan.train, model.classes)
    assert history[0].train_loss == pytest.approx(own.loss(), rel=1e-5)
    assert history[0].train_ua == own.scores().unweighted_accuracy


@pytest.mark.parametrize(("asked", "of_class"), [("false", [1, 1, 1, 1]), ("true", [10 / 16, 10 / 8, 10 / 8, 10 / 8])])
def test_class_weights_by_arithmetic(utterances, tmp_path, gradients, nothing_random, asked, of_class):
    """Ten utterances, four of them angry: n / (classes x n of the class)."""
    recipe = small_recipe(
        "demo-text-only",
        f"training.class_weights={asked}",
        "training.batch_size=10",
        "training.epochs=1",
        "optimizer.max_gradient_norm=1e6",
    )
    plan = plan_of(utterances, recipe, train=(*utterances[:9], utterances[12]))
    train(plan, tmp_path, CPU)
    model = untrained(plan)
    model.system.eval()
    logits, targets = model.system(model.reader.read(plan.train)), targets_of(plan.train, CLASSES)
    of_each = torch.tensor(of_class)[targets]
    ((functional.cross_entropy(logits, targets, reduction="none") * of_each).sum() / of_each.sum()).backward()
    expected = torch.cat([p.grad.flatten() for p in model.system.parameters() if p.grad is not None])
    torch.testing.assert_close(gradients[0], expected, rtol=1e-4, atol=1e-6)


def test_every_update_begins_with_no_gradient(utterances, tmp_path, gradients, nothing_random):
    """The same utterances and, at so low a rate, the same weights: the second update's gradient is the first's."""
    settings = ("training.batch_size=8", "optimizer.learning_rate=1e-12", "optimizer.max_gradient_norm=1e6")
    train(plan_of(utterances, small_recipe("demo-text-only", *settings)), tmp_path, CPU)
    first, second = gradients
    torch.testing.assert_close(second, first, rtol=1e-4, atol=1e-6)


def test_gradients_are_clipped(utterances, tmp_path, gradients):
    train(plan_of(utterances, small_recipe("demo-text-only", "optimizer.max_gradient_norm=0.001")), tmp_path, CPU)
    assert len(gradients) == 4
    assert [float(gradient.norm()) for gradient in gradients] == pytest.approx([0.001] * 4, rel=1e-3)


def test_every_epoch_has_its_own_order(utterances, tmp_path, monkeypatch):
    read, read_inputs = [], InputReader.read

    def note_and_read(self, group):
        read.extend(group)
        return read_inputs(self, group)

    monkeypatch.setattr(InputReader, "read", note_and_read)
    plan = plan_of(utterances, small_recipe("demo-text-only"), seed=5)
    train(plan, tmp_path, CPU)
    assert read == [*shuffled(plan.train, 5, 1), *plan.watched, *shuffled(plan.train, 5, 2), *plan.watched]
    assert shuffled(plan.train, 5, 1) != shuffled(plan.train, 5, 2)


# Learning


@pytest.mark.parametrize("name", SYSTEMS)
def test_eight_utterances_are_learned_by_heart(tmp_path, name):
    """Words or, for the audio-only system, the one noise each utterance is."""
    overrides = ("training.epochs=24", "training.batch_size=8", "optimizer.learning_rate=0.005", "schedule.patience=24")
    if name == "demo-audio-only":
        utterances = tuple(easy_utterances(tmp_path / "easy", sessions=1))
    else:
        utterances = write_utterances(tmp_path, 8)
    plan = Plan(small_recipe(name, *overrides), utterances, utterances, keep_best=True, seed=0)
    model, history = train(plan, tmp_path / "out", CPU)
    own = answer(model.system, model.reader, utterances, model.classes)
    assert own.scores().unweighted_accuracy == 1.0
    assert own.loss() < 0.4 < 1.0 < history[0].train_loss


def test_fusion_beats_sound_and_words_where_each_tells_half(tmp_path):
    """Two pitches part {angry, happy} from {neutral, sad}, two sentences {angry, neutral} from {happy, sad}."""
    overrides = ("training.epochs=10", "training.batch_size=8", "optimizer.learning_rate=0.005", "schedule.patience=10")
    halves = {"pitches": (1600, 1600, 200, 200), "words": (WORDS[0], WORDS[1], WORDS[0], WORDS[1])}
    utterances = tuple(easy_utterances(tmp_path / "easy", sessions=3, turns=16, **halves))
    tested = tuple(one for one in utterances if one.session == "S1")
    learned = tuple(one for one in utterances if one.session != "S1")
    ua = {}
    for name in ("demo-paper", "demo-audio-only", "demo-text-only"):
        plan = Plan(small_recipe(name, *overrides), learned, learned, keep_best=True, seed=0)
        model, _ = train(plan, tmp_path / name, CPU)
        ua[name] = answer(model.system, model.reader, tested, model.classes).scores().unweighted_accuracy
    assert ua["demo-audio-only"] <= 0.5 and ua["demo-text-only"] <= 0.5
    assert ua["demo-paper"] >= 0.9


@pytest.mark.parametrize("name", SYSTEMS)
def test_same_seed_same_numbers(utterances, tmp_path, name):
    runs = []
    for number, seed in enumerate([3, 3, 4]):
        torch.manual_seed(number)
        model, history = train(plan_of(utterances, small_recipe(name), seed=seed), tmp_path / str(number), CPU)
        runs.append((weights(model), [replace(epoch, seconds=0) for epoch in history]))
    one, same, other = runs
    assert one[1] == same[1] != other[1]
    assert all(one[0][key].equal(same[0][key]) for key in one[0])
    assert not one[0]["classifier.weight"].equal(other[0]["classifier.weight"])


def test_bfloat16_on_a_cpu(utterances, tmp_path, monkeypatch):
    monkeypatch.setattr("emoduet.machine.cpu_computes_bf16", lambda: True)  # a CPU that emulates it is only slower
    recipe = small_recipe("demo-paper", "training.epochs=4")
    trained = {
        precision: train(plan_of(utterances, recipe), tmp_path / precision, Machine("cpu", precision))
        for precision in ("fp32", "bf16")
    }
    one, other = (history[-1] for _, history in trained.values())
    assert one.train_loss != other.train_loss == pytest.approx(one.train_loss, rel=0.3, abs=0.05)
    assert all(tensor.dtype == torch.float32 for tensor in trained["bf16"][0].system.parameters())


# What it tells on the way


def test_progress_is_told_after_every_update(utterances, tmp_path):
    steps, epochs = [], []
    recipe = small_recipe("demo-text-only", "training.batch_size=3", "training.accumulation=2")
    plan = plan_of(utterances, recipe, train=utterances[:11])
    _, history = train(plan, tmp_path, CPU, steps.append, lambda model, epoch: epochs.append(epoch))
    assert [(step.epoch, step.epochs, step.done, step.total) for step in steps] == [
        (1, 2, 6, 11),
        (1, 2, 11, 11),
        (2, 2, 6, 11),
        (2, 2, 11, 11),
    ]
    assert (steps[1].loss, steps[1].ua) == (history[0].train_loss, history[0].train_ua)
    assert epochs == history
