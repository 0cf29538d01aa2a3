"""Frozen encoders read from a store: the same training, nothing computed twice, nothing mixed up."""

import logging
import os
import shutil
from collections import Counter
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

import pytest
import torch
from easy_corpus import WORDS, easy_utterances, small_recipe
from small_encoders import save_audio_encoder, save_text_encoder

from emoduet.build import build_model, restore_model
from emoduet.checkpoint import write_checkpoint
from emoduet.errors import AudioError, CheckpointError, InputError
from emoduet.evaluation import answer
from emoduet.features import stores
from emoduet.machine import Machine
from emoduet.pretrained.encoders import EncoderBase
from emoduet.pretrained.tiny import train_tokenizer
from emoduet.stored_features import Features, on_stored_features, stored_stages
from emoduet.training import Plan, train

CPU = Machine("cpu")
WORDS_ALONE = ("demo-text-only", "text_encoder.freeze=all")
MIXED = ("demo-paper-frozen", "audio_encoder.layers=weighted", "text_encoder.layers=weighted")


@pytest.fixture(scope="module")
def utterances(tmp_path_factory):
    return tuple(easy_utterances(tmp_path_factory.mktemp("easy"), sessions=2))


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    """Overrides that put encoders from disk in the place of tiny ones, so that folds and seeds begin alike."""
    folder = tmp_path_factory.mktemp("encoders")
    torch.manual_seed(0)
    save_audio_encoder(folder / "w2v", "wav2vec2-layer")
    save_text_encoder(folder / "bert", "bert")
    return f"audio_encoder.name={folder / 'w2v'}", f"text_encoder.name={folder / 'bert'}"


@pytest.fixture
def computed(monkeypatch):
    """How often each kind of encoder computed the features of an utterance."""
    counts, features = Counter(), EncoderBase.features

    def count(self, inputs, stage):
        counts[self.stages[0]] += len(inputs)
        return features(self, inputs, stage)

    monkeypatch.setattr(EncoderBase, "features", count)
    return counts


def plan_of(utterances, *recipe, seed=0):
    return Plan(small_recipe(*recipe), utterances[:8], watched=utterances[8:], keep_best=False, seed=seed)


def model_of(*recipe):
    torch.manual_seed(0)
    return build_model(small_recipe(*recipe), WORDS)


def stored(root):
    return sorted((info.description.source.kind, info.description.source.stage) for info in stores(root))


def train_stored(plan, folder, root, utterances):
    return train(plan, folder, CPU, features=Features(root, utterances))


# The same training


@pytest.mark.parametrize(
    ("recipe", "stages"),
    [
        (("demo-paper",), [("audio", "cnn")]),
        (("demo-paper-frozen",), [("audio", "last"), ("text", "last")]),
        (("demo-audio-only",), [("audio", "cnn")]),
        (WORDS_ALONE, [("text", "last")]),
        (MIXED, [("audio", "layers"), ("text", "layers")]),
    ],
)
def test_with_features_and_without_differ_by_their_rounding(utterances, tmp_path, recipe, stages):
    plan = plan_of(utterances, *recipe)
    trained = {
        "computed": train(plan, tmp_path / "computed", CPU),
        "stored": train_stored(plan, tmp_path / "stored", tmp_path / "features", utterances),
    }
    assert stored(tmp_path / "features") == stages
    probabilities = {
        way: answer(model.system, model.reader, utterances, model.classes).probabilities
        for way, (model, _) in trained.items()
    }
    difference = abs(probabilities["stored"] - probabilities["computed"]).max()
    assert 0 < difference < 1e-2
    losses = {way: [epoch.watched_loss for epoch in history] for way, (_, history) in trained.items()}
    assert losses["stored"] == pytest.approx(losses["computed"], rel=1e-2)


@pytest.mark.parametrize("recipe", ["demo-paper", "demo-paper-frozen"])
def test_a_store_that_is_there_and_one_that_is_filled_give_the_same_bits(utterances, tmp_path, recipe):
    plan = plan_of(utterances, recipe)
    trained = [train_stored(plan, tmp_path / name, tmp_path / "features", utterances) for name in ("first", "second")]
    first, second = (model.system.state_dict() for model, _ in trained)
    assert all(first[name].equal(second[name]) for name in first)


@pytest.mark.parametrize("recipe", [("demo-paper-frozen",), MIXED])
def test_the_written_model_takes_sounds_and_words_again(utterances, tmp_path, recipe):
    """Its answers are those of the training within the rounding of the features."""
    plan = plan_of(utterances, *recipe)
    model, _ = train_stored(plan, tmp_path, tmp_path / "features", utterances)
    description = {"recipe": plan.recipe.model_dump(mode="json"), "training": {}}
    write_checkpoint(tmp_path / "model", model.system, model.encoders, description, card="# of a test\n")
    shutil.rmtree(tmp_path / "features")
    again = restore_model(tmp_path / "model")
    assert [encoder.begins_at for encoder in again.encoders.by_kind().values()] == ["waveform", "tokens"]
    found, expected = (answer(one.system, one.reader, utterances, one.classes).probabilities for one in (again, model))
    assert 0 < abs(found - expected).max() < 1e-2


# Nothing computed twice, nothing stored that trains


@pytest.mark.parametrize(
    ("overrides", "stages"),
    [
        (("audio_encoder.freeze=feature-encoder",), {"audio": "cnn"}),
        (("audio_encoder.freeze=all",), {"audio": "last"}),
        (("audio_encoder.freeze=nothing",), {}),
        (("audio_encoder.freeze=nothing", "text_encoder.freeze=all"), {"text": "last"}),
        (("audio_encoder.freeze=all", "text_encoder.freeze=all"), {"audio": "last", "text": "last"}),
        (("audio_encoder.freeze=all", "text_encoder.freeze=all", "augmentation.noise_snr=[10, 30]"), {"text": "last"}),
    ],
)
def test_what_is_frozen_is_stored_and_nothing_else(overrides, stages):
    assert stored_stages(model_of("demo-paper", *overrides)) == stages


def test_what_trains_leaves_no_store(utterances, tmp_path):
    plan = plan_of(utterances, "demo-paper", "audio_encoder.freeze=nothing")
    model, _ = train_stored(plan, tmp_path, tmp_path / "features", utterances)
    assert not (tmp_path / "features").exists()
    assert model.reader.stored_audio is model.reader.stored_text is None


def test_each_utterance_is_computed_once_for_all_epochs_and_trainings(utterances, tmp_path, computed):
    plan = plan_of(utterances, "demo-paper-frozen")
    cnn, context = [], []
    model = model_of("demo-paper-frozen")
    forms = [type(model.encoders.audio._form), type(model.encoders.text._form)]
    with pytest.MonkeyPatch.context() as patch:
        for form, name, seen in ((forms[0], "cnn", cnn), (forms[1], "context", context)):
            patch.setattr(form, name, noting(getattr(form, name), seen))
        train_stored(plan, tmp_path / "first", tmp_path / "features", utterances)
        assert (sum(cnn), sum(context)) == (16, 16)
        train_stored(plan, tmp_path / "second", tmp_path / "features", utterances)
    assert (sum(cnn), sum(context)) == (16, 16)
    assert computed == {"waveform": 16, "tokens": 16}


def noting(function, seen):
    def note(self, values, *rest):
        seen.append(len(values.lengths))
        return function(self, values, *rest)

    return note


def test_filling_is_told_once(utterances, tmp_path):
    told = []
    features = Features(tmp_path / "features", utterances)
    for _ in range(2):
        on_stored_features(model_of("demo-audio-only"), features, lambda done, total: told.append((done, total)))
    assert told == [(0, 16), (16, 16)]


# Who shares a store, and who must not


def test_folds_seeds_and_systems_on_the_same_weights_share_a_store(utterances, encoders, tmp_path, computed):
    audio, text = encoders
    root = tmp_path / "features"
    other_fold = utterances[8:] + utterances[:8]
    for number, plan in enumerate(
        [
            plan_of(utterances, "demo-paper", audio, text),
            plan_of(other_fold, "demo-paper", audio, text),
            plan_of(utterances, "demo-paper", audio, text, seed=1),
            plan_of(utterances, "demo-audio-only", audio),
        ]
    ):
        train_stored(plan, tmp_path / str(number), root, utterances if number % 2 else other_fold)
    assert stored(root) == [("audio", "cnn")]
    assert computed == {"waveform": 16}
    for number, recipe in enumerate([("demo-paper-frozen", audio, text), (*WORDS_ALONE, text)]):
        train_stored(plan_of(utterances, *recipe), tmp_path / f"frozen {number}", root, utterances[::-1])
    assert stored(root) == [("audio", "cnn"), ("audio", "last"), ("text", "last")]
    assert computed == {"waveform": 32, "tokens": 16}


@pytest.fixture
def frozen(encoders):
    return model_of("demo-paper-frozen", *encoders)


def keys(model, root, utterances):
    """The stores that a model reads its sounds and its words from, after it has filled them."""
    before = [encoder.begins_at for encoder in model.encoders.by_kind().values()]
    reader = on_stored_features(model, Features(root, utterances)).reader
    for encoder, stage in zip(model.encoders.by_kind().values(), before, strict=True):
        encoder.begin_at(stage)
    return reader.stored_audio.__self__.folder.name, reader.stored_text.__self__.folder.name


def spoilt(weight):
    with torch.no_grad():
        weight[..., 0] += 1e-6


def test_weights_that_a_fold_has_tuned_have_a_store_of_their_own(frozen, utterances, tmp_path):
    """The least change of one weight suffices; that of the CNN's store is not touched by the layers above it."""
    audio, text = keys(frozen, tmp_path, utterances)
    spoilt(frozen.encoders.text.model.encoder.layer[0].output.dense.bias)
    assert keys(frozen, tmp_path, utterances) == (audio, keys(frozen, tmp_path, utterances)[1])
    assert keys(frozen, tmp_path, utterances)[1] != text
    cnn, last = (frozen.encoders.audio.weights_digest(stage) for stage in ("cnn", "last"))
    spoilt(frozen.encoders.audio.model.encoder.layers[0].final_layer_norm.weight)
    assert frozen.encoders.audio.weights_digest("cnn") == cnn
    assert frozen.encoders.audio.weights_digest("last") != last
    assert keys(frozen, tmp_path, utterances)[0] != audio
    assert len(stores(tmp_path)) == 4


def test_statistics_that_decide_an_answer_decide_the_store(frozen):
    """Some checkpoints of the family normalise by running statistics, which are no parameters."""
    norm = torch.nn.BatchNorm1d(2)
    frozen.encoders.audio.model.register_module("norm", norm)
    before = frozen.encoders.audio.weights_digest("last")
    spoilt(norm.running_mean)
    assert frozen.encoders.audio.weights_digest("last") != before


def test_another_tokenizer_has_a_store_of_its_own(frozen, utterances, tmp_path):
    audio, text = keys(frozen, tmp_path, utterances)
    other = replace(frozen, reader=replace(frozen.reader, tokenizer=train_tokenizer(["no stop", "alone"])))
    found = keys(other, tmp_path, utterances)
    assert found[0] == audio and found[1] != text


def test_another_scale_of_the_waveforms_has_a_store_of_its_own(frozen, utterances, tmp_path):
    audio, text = keys(frozen, tmp_path, utterances)
    found = keys(replace(frozen, reader=replace(frozen.reader, normalised=False)), tmp_path, utterances)
    assert found[0] != audio and found[1] == text


def test_another_decoder_of_media_has_a_store_of_its_own(frozen, utterances, tmp_path, monkeypatch):
    def of_libraries(name):
        if name == "av":
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr("emoduet.stored_features.version", lambda name: "99" if name == "av" else version(name))
    with_it = keys(frozen, tmp_path, utterances)
    monkeypatch.setattr("emoduet.stored_features.version", of_libraries)
    assert keys(frozen, tmp_path, utterances)[0] != with_it[0]
    assert {info.description.source.libraries["av"] for info in stores(tmp_path)} == {"99", "absent"}


def test_a_touched_file_or_a_mended_transcript_has_a_store_of_its_own(frozen, tmp_path):
    own = easy_utterances(tmp_path / "easy", sessions=1)
    audio, text = keys(frozen, tmp_path / "features", own)
    os.utime(own[3].audio, (0, 0))
    touched = keys(frozen, tmp_path / "features", own)
    assert touched[0] != audio and touched[1] == text
    own[3] = replace(own[3], transcript="leave me")
    mended = keys(frozen, tmp_path / "features", own)
    assert mended[0] == touched[0] and mended[1] != text


def test_order_and_labels_decide_nothing(frozen, utterances, tmp_path):
    expected = keys(frozen, tmp_path, utterances)
    relabelled = tuple(replace(one, label="sad") for one in utterances[::-1])
    assert keys(frozen, tmp_path, relabelled) == expected


# What goes wrong


def test_a_store_in_the_place_of_another_is_refused(frozen, utterances, tmp_path):
    audio, _ = keys(frozen, tmp_path, utterances)
    spoilt(frozen.encoders.audio.model.encoder.layers[0].final_layer_norm.weight)
    other, _ = keys(frozen, tmp_path, utterances)
    shutil.rmtree(tmp_path / other)
    (tmp_path / audio).rename(tmp_path / other)
    with pytest.raises(CheckpointError, match=f"describes the store {audio}, not {other}"):
        keys(frozen, tmp_path, utterances)


def test_a_store_that_lost_part_of_its_data_is_refused(frozen, utterances, tmp_path):
    audio, _ = keys(frozen, tmp_path, utterances)
    path = tmp_path / audio / "shard-00000.npy"
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(CheckpointError, match=r"shard-00000\.npy.*emoduet features verify"):
        keys(frozen, tmp_path, utterances)


def test_a_sound_that_cannot_be_read_is_named_and_leaves_no_shard(tmp_path):
    own = easy_utterances(tmp_path / "easy", sessions=1)
    with open(own[5].audio, "wb") as file:
        file.write(b"no sound")
    with pytest.raises(AudioError, match=r"s1t5\.wav"):
        on_stored_features(model_of("demo-audio-only"), Features(tmp_path / "features", tuple(own)))
    assert not list((tmp_path / "features").rglob("shard-*.npy"))


def test_features_of_an_utterance_outside_the_corpus_are_missed_by_name(utterances, tmp_path):
    with pytest.raises(InputError, match=f"no features of '{utterances[-1].id}'"):
        train_stored(plan_of(utterances, "demo-audio-only"), tmp_path, tmp_path / "features", utterances[:-1])


# Augmentation


def test_with_augmentation_sounds_are_heard_words_are_read_and_a_note_says_so(utterances, tmp_path, caplog):
    noise = "augmentation.noise_snr=[10, 30]"
    with caplog.at_level(logging.INFO, "emoduet"):
        model, _ = train_stored(
            plan_of(utterances, "demo-paper-frozen", noise), tmp_path, tmp_path / "features", utterances
        )
    assert stored(tmp_path / "features") == [("text", "last")]
    assert model.reader.stored_audio is None
    notes = [record.message for record in caplog.records]
    assert "features of sounds are not stored: augmentation makes each epoch's waveforms new ones" in notes
    assert any("text (last): 16 utterances stored in" in note and "fp16 within" in note for note in notes)


def test_without_augmentation_or_sounds_there_is_no_such_note(utterances, tmp_path, caplog):
    with caplog.at_level(logging.INFO, "emoduet"):
        on_stored_features(model_of("demo-paper-frozen"), Features(tmp_path, utterances))
    assert not [record for record in caplog.records if "not stored" in record.message]
