"""Frames under a system: out of a store, and out of a model folder, as from the sounds themselves."""

import pytest
import torch
from easy_corpus import easy_utterances

from emoduet.build import build_model, restore_model
from emoduet.checkpoint import write_checkpoint
from emoduet.config import read_recipe
from emoduet.features import stores
from emoduet.fitting import fit_standardisers
from emoduet.stored_features import Features, on_stored_features, stored_stages

SIZES = {"filterbank": 40, "low-level": 32, "samples": 1}


@pytest.fixture(scope="module")
def utterances(tmp_path_factory):
    return tuple(easy_utterances(tmp_path_factory.mktemp("easy"), sessions=1))


def model_of(kind, standardise="utterance"):
    torch.manual_seed(0)
    frames = [f"frames.kind={kind}", f"frames.size={SIZES[kind]}", f"frames.standardise={standardise}"]
    model = build_model(read_recipe("demo-lstm-attention", [*frames, "model.dense_size=8", "model.lstm_size=8"]), [])
    model.system.eval()
    return model


@torch.no_grad()
def logits(model, utterances):
    return model.system(model.reader.read(utterances[:3]))


@pytest.mark.parametrize("kind", ["filterbank", "low-level"])
def test_a_store_answers_as_the_sounds_do(kind, utterances, tmp_path):
    expected = logits(model_of(kind), utterances)
    stored = on_stored_features(model_of(kind), Features(tmp_path, utterances))
    assert stored.encoders.audio.begins_at == "frames"
    torch.testing.assert_close(logits(stored, utterances), expected, rtol=0, atol=2e-3)
    (info,) = stores(tmp_path)
    assert info.description.source.encoder == kind
    assert info.description.source.libraries["kaldi-native-fbank"] != "absent"


def test_samples_are_not_stored_and_come_normalised(utterances):
    model = model_of("samples")
    assert stored_stages(model) == {}
    (waveform, *_) = model.reader.read(utterances[:1]).waveforms
    assert waveform.mean().item() == pytest.approx(0, abs=1e-5)
    assert waveform.std().item() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("standardise", ["training", "utterance"])
def test_a_model_folder_answers_as_the_model_did(kind, standardise, utterances, tmp_path):
    model = model_of(kind, standardise)
    fit_standardisers(model, model.reader, utterances)
    description = {"recipe": model.recipe.model_dump(mode="json")}
    write_checkpoint(tmp_path / "model", model.system, model.encoders, description, card="")
    restored = restore_model(tmp_path / "model")
    assert restored.encoders.audio.settings() == model.encoders.audio.settings()
    torch.testing.assert_close(logits(restored, utterances), logits(model, utterances), rtol=0, atol=0)
