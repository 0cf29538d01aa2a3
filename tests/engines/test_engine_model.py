"""An exported model in the place of a model of torch: made without weights, answered one by one."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from little_graphs import write_export
from little_models import write_model, write_recordings

from emoduet.audio import read_audio
from emoduet.build import restore_model
from emoduet.engines import check_torch, restore_engine_model
from emoduet.engines.folder import READS
from emoduet.errors import CheckpointError, CorpusError, InputError, UsageError
from emoduet.systems.inputs import Inputs
from emoduet.types import Utterance

ENGINES = tuple(READS)


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


@pytest.fixture
def model(tmp_path):
    folder = write_model(tmp_path / "model")
    for to in READS.values():
        write_export(folder, to)
    return folder


def described(folder, **values):
    """Adds to what config.json says."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | values))


def test_nothing_of_torchs_is_needed(model, engine):
    """Neither weights nor the encoders' configurations."""
    (model / "model.safetensors").unlink()
    (model / "audio_encoder" / "config.json").unlink()
    (model / "text_encoder" / "config.json").unlink()
    restored = restore_engine_model(model, engine)
    assert list(restored.system.parameters()) == []
    assert (restored.system.hears, restored.system.reads, restored.system.may_lack) == (True, True, False)
    assert (restored.name, restored.classes) == ("cross-modal", ("angry", "happy", "neutral", "sad"))
    assert (restored.longest, restored.notes, restored.alone) == (None, (), {})
    assert restored.computed_by == f"engine {engine} {restored.system.engine.version} in fp32"


def test_what_config_json_says_of_its_sureness(model, engine):
    (model / "model.safetensors").unlink()
    confidence = {"num_utterances": 8, "threshold": [0.9, 0.5], "coverage": [0.5, 1.0], "risk": [0.0, 0.25]}
    lengths = {"shortest": 1.0, "median": 2.0, "percentile_95": 3.0, "longest": 4.0}
    described(model, temperature=2.5, confidence=confidence, lengths=lengths)
    restored = restore_engine_model(model, engine)
    assert restored.temperature == 2.5
    assert restored.confidence.as_json() == confidence
    assert restored.lengths.as_json() == lengths


def test_it_reads_as_the_model_does(model, engine, tmp_path):
    (call,) = write_recordings(tmp_path, 1)
    utterance = Utterance(id="call", audio=call, transcript="no stop it")
    read = [one.reader.read([utterance]) for one in (restore_model(model), restore_engine_model(model, engine))]
    assert torch.equal(read[0].waveforms[0], read[1].waveforms[0])
    assert torch.equal(read[0].tokens[0], read[1].tokens[0])


def test_utterances_are_answered_in_order(model, engine):
    restored = restore_engine_model(model, engine)
    waveforms = [torch.tensor([1.0, 3.0]), torch.full((500,), 5.0)]
    logits = restored.system(Inputs(waveforms, [torch.tensor([2, 4]), torch.tensor([7])]))
    assert logits.dtype == torch.float32
    assert logits.tolist() == [[2, 3, 3, 4], [5, 5, 7, 7]]


@pytest.mark.parametrize(
    ("recipe", "inputs", "row"),
    [("demo-audio-only", ("waveform",), [2, 3, 2, 3]), ("demo-text-only", ("tokens",), [3, 4, 3, 4])],
)
def test_models_of_one_modality(tmp_path, engine, recipe, inputs, row):
    folder = write_model(tmp_path / "model", recipe)
    write_export(folder, READS[engine], inputs=inputs)
    restored = restore_engine_model(folder, engine)
    given = {"waveform": [torch.tensor([1.0, 3.0])], "tokens": [torch.tensor([2, 4])]}
    hears, reads = ("waveform" in inputs, "tokens" in inputs)
    assert (restored.system.hears, restored.system.reads) == (hears, reads)
    assert (restored.reader.hears, restored.reader.tokenizer is not None) == (hears, reads)
    waveforms, tokens = (given[name] if name in inputs else () for name in ("waveform", "tokens"))
    assert restored.system(Inputs(waveforms, tokens)).tolist() == [row]


def test_sound_is_scaled_where_the_encoder_wants_it(model, engine, tmp_path):
    (call,) = write_recordings(tmp_path, 1)
    settings = model / "audio_encoder" / "preprocessor_config.json"
    heard = {}
    for wanted in (True, False):
        settings.write_text(json.dumps(json.loads(settings.read_text()) | {"do_normalize": wanted}))
        reader = restore_engine_model(model, engine).reader
        heard[wanted] = reader.read([Utterance(id="call", audio=call, transcript="no")]).waveforms[0].numpy()
    np.testing.assert_array_equal(heard[False], read_audio(call))
    assert heard[True].std() == pytest.approx(1, abs=1e-3) and heard[False].std() < 0.2


class TestAModelThatMayLackSoundOrWords:
    @pytest.fixture
    def missing(self, tmp_path):
        folder = write_model(tmp_path / "missing", "demo-missing-modality")
        write_export(folder, "onnx")
        return restore_engine_model(folder, "onnxruntime")

    def test_it_may_not_under_an_engine(self, missing):
        assert missing.system.may_lack is False
        assert missing.notes == (
            "under engine onnxruntime this model needs both sound and words; under engine torch it may lack either",
        )

    @pytest.mark.parametrize("lacks", ["audio", "transcript"])
    def test_it_says_so(self, missing, tmp_path, lacks):
        (call,) = write_recordings(tmp_path, 1)
        utterance = Utterance(id="call", audio=call, transcript="no")
        told = f"utterance call: no {lacks}; under engine onnxruntime a model that may lack sound or words needs both"
        with pytest.raises(CorpusError, match=told):
            missing.reader.read([utterance, replace(utterance, **{lacks: None})])

    def test_it_answers_with_both(self, missing, tmp_path):
        (call,) = write_recordings(tmp_path, 1)
        read = missing.reader.read([Utterance(id="call", audio=call, transcript="no")])
        assert missing.system(read).shape == (1, 4)


def test_what_int8_changed_is_a_note(model):
    write_export(model, "openvino", "int8", verdict={"sentence": "int8: equal within 1 point", "ua": [0.7, 0.7]})
    restored = restore_engine_model(model, "openvino", "int8")
    assert restored.notes == ("int8: equal within 1 point",)
    assert restored.precision == "int8" and restored.computed_by.endswith(" in int8")


def test_a_model_of_the_hub_comes_without_weights(model, engine, monkeypatch):
    fetched = []

    def download(name, allow_patterns):
        fetched.extend(allow_patterns)
        return str(model)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    assert restore_engine_model("somebody/model", engine).name == "cross-modal"
    assert fetched == ["*.json", "*.txt", "*.model", f"{READS[engine]}/*"]


def test_an_export_of_another_system(model, engine):
    write_export(model, READS[engine], inputs=("tokens",))
    with pytest.raises(CheckpointError, match="takes tokens, which is not what the cross-modal system takes; it is of"):
        restore_engine_model(model, engine)


def test_torch_is_no_engine_of_exports(model):
    with pytest.raises(UsageError, match="engine torch: reads no exports; choose one of onnxruntime, openvino"):
        restore_engine_model(model, "torch")


def test_no_model(tmp_path, engine):
    with pytest.raises(CheckpointError, match=r"no config\.json, so not an emoduet model"):
        restore_engine_model(tmp_path, engine)


def test_a_folder_without_tokenizer(model, engine):
    for path in (model / "text_encoder").iterdir():
        path.unlink()
    with pytest.raises(CheckpointError, match="text_encoder: no tokenizer; copy"):
        restore_engine_model(model, engine)


def test_who_needs_torch_is_told(model, engine):
    with pytest.raises(InputError, match=f"attention: needs torch, and the model was loaded with engine {engine}; lea"):
        check_torch(restore_engine_model(model, engine), "attention")
    check_torch(restore_model(model), "attention")
