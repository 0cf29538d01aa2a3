"""Frames standardised over a training: by its own utterances alone, before its first epoch, once for all."""

from dataclasses import replace

import pytest
import torch
from easy_corpus import WORDS, easy_utterances
from small_runs import CPU

from emoduet.augmentation import WhiteNoise
from emoduet.build import build_model
from emoduet.config import read_recipe, recipe_names
from emoduet.errors import ConfigError, InputError
from emoduet.features import stores
from emoduet.fitting import fit_standardisers
from emoduet.front_ends.frames import FrameFeatures, build_frames
from emoduet.nn.standardiser import StandardisedFrames, Standardiser
from emoduet.stored_features import Features
from emoduet.training import Plan, train

MFCC = ("frames.kind=mfcc", "frames.size=13", "frames.standardise=training")
SMALL = (*MFCC, "model.dense_size=8", "model.lstm_size=8", "training.epochs=2", "training.batch_size=4")


@pytest.fixture(scope="module")
def utterances(tmp_path_factory):
    return tuple(easy_utterances(tmp_path_factory.mktemp("easy"), sessions=2))


def plan_of(utterances, *overrides, name="demo-lstm-attention"):
    recipe = read_recipe(name, overrides or SMALL)
    return Plan(recipe, train=utterances[:8], watched=utterances[8:], keep_best=True, seed=0)


def by_hand(model, utterances, augment=None):
    """Mean and standard deviation over all frames."""
    read = replace(model.reader, augment=augment, stored_audio=None).waveform
    frames = build_frames("mfcc", 13, "nothing")([read(one) for one in utterances]).values.double()
    return frames.mean(dim=0).float(), frames.std(dim=0, correction=0).float()


def numbers(model):
    (standardiser,) = (one for one in model.system.modules() if isinstance(one, Standardiser))
    return standardiser.mean, standardiser.scale


def test_which_recipes_standardise_over_what():
    frames = {name: read_recipe(name).frames for name in recipe_names() if not name.startswith("demo-")}
    assert {name: (one.kind, one.standardise) for name, one in frames.items() if one} == {
        "cross-modal-1d-cnn": ("samples", "utterance"),
        "e-vector": ("functionals", "nothing"),
        "learned-alignment": ("power-spectrum", "training"),
        "lstm-attention": ("low-level", "training"),
        "mcnn-lstm": ("low-level", "training"),
        "mcnn-phonemes": ("filterbank", "training"),
        "self-attention-audio": ("samples", "utterance"),
        "tdnn-lstm": ("samples", "utterance"),
    }


@pytest.mark.parametrize("told", ["true", "corpus"])
def test_a_wrong_word_in_a_recipe(told):
    with pytest.raises(ConfigError, match=r"frames.standardise: .*'training', 'utterance' or 'nothing' \(got .*\)"):
        read_recipe("lstm-attention", [f"frames.standardise={told}"])


@pytest.mark.parametrize(("standardise", "stands"), [("training", 1), ("utterance", 0), ("nothing", 0)])
def test_it_stands_between_front_end_and_system_where_the_recipe_says_so(standardise, stands):
    model = build_model(read_recipe("demo-lstm-attention", [f"frames.standardise={standardise}"]), [])
    assert isinstance(model.system.audio_encoder, StandardisedFrames) == bool(stands)
    assert model.encoders.audio in tuple(model.system.modules())
    assert len([name for name in model.system.state_dict() if name.endswith("standardiser.mean")]) == stands


def test_the_training_utterances_alone_decide(utterances, tmp_path):
    """The watched ones sound quite otherwise."""
    quiet = tuple(easy_utterances(tmp_path / "quiet", sessions=1, pitches=(3000, 3100, 3200, 3300)))
    plan = replace(plan_of(utterances), watched=quiet)
    model, _ = train(plan, tmp_path, CPU)
    for found, expected in zip(numbers(model), by_hand(model, plan.train), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert (by_hand(model, (*plan.train, *quiet))[0] - numbers(model)[0]).abs().max() > 0.1


def test_it_is_fitted_before_the_first_update(utterances, tmp_path):
    """The system trains on frames of zero mean and unit variance."""
    seen, plan = [], plan_of(utterances)
    forward = Standardiser.forward

    def note(self, values):
        seen.append(forward(self, values))
        return seen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Standardiser, "forward", note)
        train(plan, tmp_path, CPU)
    frames = torch.cat(seen[:2])
    torch.testing.assert_close(frames.mean(dim=0), torch.zeros(13), rtol=0, atol=1e-3)
    torch.testing.assert_close(frames.std(dim=0, correction=0), torch.ones(13), rtol=0, atol=1e-3)


def test_how_loud_an_utterance_is_stays_in_its_frames(utterances):
    """Half as loud, over the utterance the same, over the training not."""
    for standardise, heard in (("utterance", False), ("training", True)):
        model = build_model(read_recipe("demo-lstm-attention", [*SMALL, f"frames.standardise={standardise}"]), [])
        fit_standardisers(model, model.reader, utterances)
        sound = model.reader.waveform(utterances[0])
        loud, quiet = (model.system.audio_encoder([one]).values for one in (sound, sound / 2))
        assert ((loud - quiet).abs().mean() > 0.1) == heard


def test_noise_counts_where_the_training_hears_it(utterances, tmp_path):
    plan = plan_of(utterances, *SMALL, "augmentation.noise_snr=[0, 5]")
    model, _ = train(plan, tmp_path, CPU)
    expected = by_hand(model, plan.train, WhiteNoise((0, 5), seed=0, epoch=1))
    torch.testing.assert_close(numbers(model)[0], expected[0], rtol=1e-4, atol=1e-4)


def test_one_store_serves_all_folds_and_gives_each_its_own_numbers(utterances, tmp_path):
    features, plan = Features(tmp_path / "features", utterances), plan_of(utterances)
    other = replace(plan, train=utterances[4:12])
    for number, one in enumerate((plan, other)):
        model, _ = train(one, tmp_path / str(number), CPU, features=features)
        for found, expected in zip(numbers(model), by_hand(model, one.train), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-2)
    assert len(stores(tmp_path / "features")) == 1
    assert not torch.equal(by_hand(model, plan.train)[0], by_hand(model, other.train)[0])


def test_taken_up_again_it_has_the_same_numbers(utterances, tmp_path):
    expected = train(plan_of(utterances), tmp_path / "whole", CPU)[0].system.state_dict()

    def kill(step):
        if step.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(plan_of(utterances), tmp_path / "killed", CPU, kill)
    found = train(plan_of(utterances), tmp_path / "killed", CPU)[0].system.state_dict()
    assert [name for name in expected if not expected[name].equal(found[name])] == []


def test_a_fitted_system_is_fitted_to_frames_that_are_standardised(utterances, tmp_path):
    plan = plan_of(utterances, *MFCC, name="demo-e-vector")
    model, _ = train(plan, tmp_path, CPU)
    heard = model.system.audio_encoder.standardiser
    torch.testing.assert_close(heard.mean, by_hand(model, plan.train)[0], rtol=1e-4, atol=1e-4)
    assert model.system.functionals_scale.mean.abs().max() < 0.5 < heard.mean.abs().max()


def test_a_system_without_it_reads_nothing(utterances):
    model = build_model(read_recipe("demo-text-only"), WORDS)
    fit_standardisers(model, reader=None, train=utterances)


def test_frames_that_are_no_number_are_told(utterances, tmp_path, monkeypatch):
    features = FrameFeatures.features

    def spoilt(self, inputs, stage):
        return features(self, inputs, stage).map(lambda values: values * torch.inf)

    monkeypatch.setattr(FrameFeatures, "features", spoilt)
    with pytest.raises(InputError, match=r"what the audio front end makes of s1t0 holds NaN or infinity"):
        train(plan_of(utterances), tmp_path, CPU)
