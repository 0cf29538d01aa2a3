"""What is fitted at one go, through training, folds, features, model folders and the control."""

from dataclasses import replace

import pytest
import torch
from easy_corpus import WORDS, easy_utterances, write_easy_corpus
from small_runs import CPU, numbers_of, read_json, small_experiment

from emoduet import fold_run
from emoduet.batching import InputReader
from emoduet.build import Model, build_model, restore_model
from emoduet.checkpoint import Encoders
from emoduet.config import read_recipe
from emoduet.control import Control, run_control
from emoduet.errors import ConfigError, InputError
from emoduet.evaluation import answer
from emoduet.experiment import run_experiment
from emoduet.fitting import fit
from emoduet.front_ends.frames import FrameFeatures
from emoduet.manifest import read_manifest, write_manifest
from emoduet.prediction import EmotionRecognizer
from emoduet.stored_features import Features
from emoduet.systems.base import FittedSystem, System
from emoduet.systems.e_vector import EVectorSystem
from emoduet.training import Plan, train

QUICK = ("frames.kind=mfcc", "frames.size=13")
RECIPE = read_recipe("demo-e-vector", QUICK)


@pytest.fixture(scope="module")
def utterances(tmp_path_factory):
    return tuple(easy_utterances(tmp_path_factory.mktemp("easy")))


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    """One utterance of each session bears a label that nothing tells."""
    path = tmp_path_factory.mktemp("corpus") / "easy.jsonl"
    found = easy_utterances(path.parent, turns=16)
    write_manifest(path, [replace(one, label="angry") if one.id.endswith("t15") else one for one in found])
    return path


def plan_of(utterances, **changes):
    plan = Plan(RECIPE, train=utterances[:16], watched=utterances[16:], keep_best=True, seed=0)
    return replace(plan, **changes)


def experiment(manifest, out, **changes):
    return replace(small_experiment(manifest, out), recipe=RECIPE, **changes)


@pytest.fixture
def fits(monkeypatch):
    """The inputs, class numbers and class weights that systems were fitted to."""
    seen, fit = [], EVectorSystem.fit

    def note_and_fit(self, inputs, targets, class_weights):
        seen.append((inputs, targets, class_weights))
        fit(self, inputs, targets, class_weights)

    monkeypatch.setattr(EVectorSystem, "fit", note_and_fit)
    return seen


class Counter(FittedSystem):
    """Answers the share of each class it was fitted to, whatever is said."""

    def __init__(self, text_encoder, num_classes):
        super().__init__()
        self.register_buffer("logits", torch.zeros(num_classes))

    def forward(self, inputs):
        return self.logits.expand(len(inputs.tokens), -1)

    def fit(self, inputs, targets, class_weights):
        counts = torch.bincount(targets, minlength=len(class_weights)) * torch.tensor(class_weights)
        self.logits.copy_((counts / counts.sum()).log())


class Speechless(System):
    """Knows nothing, and keeps nothing."""

    def forward(self, inputs):
        return torch.zeros(len(inputs.tokens), 2)


# One training


def test_one_line_of_history_and_no_state(utterances, tmp_path):
    steps, epochs = [], []
    model, history = train(plan_of(utterances), tmp_path, CPU, steps.append, lambda model, epoch: epochs.append(epoch))
    (epoch,) = history
    assert (epoch.epoch, epoch.train_ua, epoch.watched_ua, epoch.learning_rate) == (1, 1.0, 1.0, None)
    assert epochs == history
    (step,) = steps
    assert (step.epoch, step.epochs, step.done, step.total) == (1, 1, 16, 16)
    assert (step.loss, step.ua) == (epoch.train_loss, epoch.train_ua)
    watched = answer(model.system, model.reader, utterances[16:], model.classes)
    assert epoch.watched_loss == pytest.approx(watched.loss())
    assert epoch.train_loss == pytest.approx(answer(model.system, model.reader, utterances[:16], model.classes).loss())
    assert not model.system.training
    assert list(tmp_path.iterdir()) == []


def test_all_training_utterances_at_once_and_no_others(utterances, tmp_path, fits):
    train(plan_of(utterances), tmp_path, CPU)
    ((inputs, targets, class_weights),) = fits
    assert targets.tolist() == [0, 1, 2, 3] * 4
    assert len(inputs.waveforms) == len(inputs.tokens) == 16
    assert class_weights == [1.0] * 4


def test_rare_classes_weigh_more(utterances, tmp_path, fits):
    chosen = (*utterances[:8], *(one for one in utterances[8:16] if one.label == "sad"))
    train(plan_of(utterances, train=chosen), tmp_path, CPU)
    assert fits[0][2] == pytest.approx([10 / (4 * 2)] * 3 + [10 / (4 * 4)])


def test_sounds_are_kept_as_what_the_front_end_makes_of_them(utterances, tmp_path, fits):
    model, _ = train(plan_of(utterances), tmp_path, CPU)
    (inputs, *_), encoder = fits[0], model.encoders.audio
    for utterance, frames in zip(utterances[:16], inputs.waveforms, strict=True):
        torch.testing.assert_close(frames, encoder([model.reader.waveform(utterance)]).values)
    assert encoder.begins_at == "waveform"


def test_every_sound_is_read_once(utterances, tmp_path, monkeypatch):
    read, waveform = [], InputReader.waveform

    def note_and_read(self, utterance):
        read.append(utterance.id)
        return waveform(self, utterance)

    monkeypatch.setattr(InputReader, "waveform", note_and_read)
    train(plan_of(utterances), tmp_path, CPU)
    assert sorted(read) == sorted(one.id for one in utterances)


def test_watched_utterances_decide_nothing(utterances, tmp_path):
    found = []
    for number, watched in enumerate([(), utterances[16:]]):
        model, (epoch,) = train(plan_of(utterances, watched=watched, keep_best=False), tmp_path / str(number), CPU)
        found.append((dict(model.system.named_buffers()), epoch))
    (alone, unwatched), (beside, _) = found
    assert all(torch.equal(alone[name], beside[name]) for name in alone)
    assert (unwatched.watched_loss, unwatched.watched_ua) == (None, None)


def test_noise_is_mixed_into_what_is_fitted_alone(utterances, tmp_path, fits):
    noisy = replace(plan_of(utterances), recipe=read_recipe("demo-e-vector", [*QUICK, "augmentation.noise_snr=[0, 5]"]))
    plain, _ = train(plan_of(utterances), tmp_path / "plain", CPU)
    model, (epoch,) = train(noisy, tmp_path / "noisy", CPU)
    (of_plain, *_), (of_noisy, *_) = fits
    assert (of_plain.waveforms[0] - of_noisy.waveforms[0]).abs().max() > 0.1
    assert epoch.watched_loss == pytest.approx(
        answer(model.system, plain.reader, utterances[16:], model.classes).loss()
    )


def test_a_system_that_only_reads(utterances):
    recipe = read_recipe("demo-e-vector")
    built = build_model(recipe, WORDS)
    system = Counter(built.encoders.text, 4)
    reader = InputReader(hears=False, normalised=False, tokenizer=built.encoders.tokenizer)
    model = Model(recipe, Encoders(None, built.encoders.text, built.encoders.tokenizer), system, reader)
    fit(model, reader, utterances[:5], (), [1.0] * 4)
    torch.testing.assert_close(system(reader.read(utterances[:1])).exp()[0], torch.tensor([0.4, 0.2, 0.2, 0.2]))


# Refusals


def test_more_epochs_than_there_are():
    with pytest.raises(ConfigError, match=r"training\.epochs 3: the e-vector system is fitted at one go; set 1"):
        read_recipe("demo-e-vector", ["training.epochs=3"])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("words.vectors=glove.txt", r"words\.vectors 'glove\.txt': the e-vector system .+ counts words, .+; set \"\"$"),
        ("words.trains=true", r"words\.trains true: the e-vector system is fitted at one go, .+; set false$"),
    ],
)
def test_vectors_that_nothing_would_look_at(override, message):
    with pytest.raises(ConfigError, match=message):
        read_recipe("demo-e-vector", [override])


def test_a_front_end_that_makes_no_number_of_a_sound(utterances, tmp_path, monkeypatch):
    features = FrameFeatures.features

    def spoilt(self, inputs, stage):
        found = features(self, inputs, stage)
        return found.map(lambda values: values.where(torch.arange(len(values))[:, None] > 0, torch.nan))

    monkeypatch.setattr(FrameFeatures, "features", spoilt)
    with pytest.raises(InputError, match=r"what the audio front end makes of s1t0 holds NaN or infinity"):
        train(plan_of(utterances), tmp_path, CPU)


# Runs


@pytest.fixture(scope="module")
def run(manifest, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    return run_experiment(experiment(manifest, out, keep="all")), out / "fold1-seed0"


def test_a_fold_on_disk(run):
    outcome, fold = run
    header, line = (fold / "history.csv").read_text().splitlines()
    epoch = dict(zip(header.split(","), line.split(","), strict=True))
    assert (epoch["epoch"], epoch["learning_rate"]) == ("1", "")
    metrics = read_json(fold / "metrics.json")
    assert (metrics["epochs"], metrics["tested_epoch"], metrics["device"]) == (1, 1, "cpu")
    assert metrics["temperature"] < 0.9  # margins of support vector machines make modest probabilities
    assert outcome.summary.pooled_ua.mean > 0.9
    assert (fold / "checkpoint-epoch01" / "model.safetensors").exists() and not (fold / "state").exists()


def test_the_model_folder_answers_as_the_run(run, manifest):
    _, fold = run
    tested = [one for one in read_manifest(manifest) if one.session == "S1"]
    model = restore_model(fold / "checkpoint")
    assert "text table of words, of which the vocabulary alone counts" in model.encoders.forms()
    found = answer(model.system, model.reader, tested, model.classes, temperature=model.temperature)
    lines = (fold / "predictions.jsonl").read_text().splitlines()
    for line, row in zip(lines, found.probabilities, strict=True):
        assert all(f'"{name}": {value}' in line for name, value in zip(found.classes, row.tolist(), strict=True))
    (one,) = EmotionRecognizer.load(fold / "checkpoint", "cpu").predict(tested[0].audio, tested[0].transcript)
    assert one.label == tested[0].label


def test_a_killed_fold_begins_again_and_ends_the_same(run, manifest, tmp_path, monkeypatch):
    _, fold = run

    def killed(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fold_run, "write_history", killed)
        with pytest.raises(KeyboardInterrupt):
            run_experiment(experiment(manifest, tmp_path, keep="all"))
    run_experiment(experiment(manifest, tmp_path, keep="all"))
    assert numbers_of(tmp_path / "fold1-seed0") == numbers_of(fold)


def test_stored_features_give_the_same_answers(utterances, tmp_path, monkeypatch):
    plain, _ = train(plan_of(utterances), tmp_path / "plain", CPU)
    features = Features(tmp_path / "features", utterances)
    train(plan_of(utterances), tmp_path / "filled", CPU, features=features)
    monkeypatch.setattr(InputReader, "waveform", None)
    stored, _ = train(plan_of(utterances), tmp_path / "stored", CPU, features=features)
    assert stored.encoders.audio.begins_at == "frames"
    found = answer(stored.system, stored.reader, utterances, stored.classes).probabilities
    monkeypatch.undo()
    expected = answer(plain.system, plain.reader, utterances, plain.classes).probabilities
    assert found == pytest.approx(expected, abs=0.01)


def test_functionals_are_one_row_an_utterance(utterances, tmp_path, fits):
    train(plan_of(utterances, recipe=read_recipe("demo-e-vector")), tmp_path, CPU)
    assert {tuple(rows.shape) for rows in fits[0][0].waveforms} == {(1, read_recipe("e-vector").frames.size)}


def test_shuffled_labels_fall_towards_chance(tmp_path):
    manifest = write_easy_corpus(tmp_path / "corpus", sessions=3, turns=32)
    control = Control((RECIPE,), "loso", manifest, tmp_path / "out", folds=(1,), shuffles=3, machine=CPU)
    (verdict,) = run_control(control)
    assert verdict.ua < 0.5 and "training labels shuffled" in verdict.conditions


def test_a_system_without_numbers_is_on_the_cpu():
    assert Counter(None, 2).to("meta").device.type == "meta"
    assert Speechless().device.type == "cpu"
