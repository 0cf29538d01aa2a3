"""int8 for OpenVINO: calibrated on some utterances, judged on the others; written with the verdict, telling nobody."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from easy_corpus import CLASSES, easy_utterances, write_easy_corpus
from lively_models import lively_model, write_lively_model

from emoduet import parity
from emoduet.build import build_model, restore_model
from emoduet.checkpoint import write_checkpoint
from emoduet.config import read_recipe
from emoduet.engines.silence import import_silently
from emoduet.errors import CheckpointError, ConfigError, CorpusError, InputError, UsageError
from emoduet.evaluation import answer_with
from emoduet.examination import examine_model
from emoduet.manifest import manifest_digest, read_manifest, write_manifest
from emoduet.parity import Parity
from emoduet.pretrained.loading import weights_digest
from emoduet.quantisation import NOT_SHOWN
from emoduet.quantised_export import divided, export_int8
from emoduet.types import Utterance


@pytest.fixture(autouse=True, scope="module")
def few_lengths():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parity, "NUM_LENGTHS", 4)
        patch.setattr(parity, "LONGEST", 0.8)
        yield


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    """24 utterances, 6 of each class, 6 speakers in 3 sessions."""
    return write_easy_corpus(tmp_path_factory.mktemp("easy"))


def knowing(folder: Path, manifest: Path) -> Path:
    """A small model that has trained on session S1 of a manifest."""
    model = lively_model()
    training = {"manifest_sha256": manifest_digest(manifest), "sessions": {"train": ["S1"]}}
    description = {**model.description(), "training": training}
    write_checkpoint(folder, model.system, model.encoders, description, card="# a test's\n")
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory, manifest):
    """A model's folder with int8 in it, what was told of it, and the progress; read only."""
    model, told = knowing(tmp_path_factory.mktemp("made") / "model", manifest), []
    made = export_int8(model, "openvino", manifest, progress=lambda *done: told.append(done))
    return model, made, told


@pytest.fixture(scope="module")
def verdict(made):
    return json.loads((made[0] / "openvino-int8" / "engine.json").read_text(encoding="utf-8"))["verdict"]


def test_what_is_written_is_told(made, manifest, verdict):
    model, found, told = made
    assert found.export.folder == model / "openvino-int8"
    assert {path.name for path in found.export.folder.iterdir()} == {"engine.json", "model.bin", "model.xml"}
    assert set(found.export.sizes) == {"model.bin", "model.xml", "engine.json"}
    account = json.loads((found.export.folder / "engine.json").read_text(encoding="utf-8"))
    assert (account["to"], account["precision"], account["inputs"]) == ("openvino", "int8", ["waveform", "tokens"])
    assert account["weights_sha256"] == weights_digest(str(model))
    assert account["parity"] == json.loads(json.dumps(found.export.parity.as_json()))
    assert verdict["sentence"] == found.verdict.sentence()
    assert (verdict["manifest_sha256"], verdict["sessions"]) == (manifest_digest(manifest), [])
    assert min(verdict["seconds"]) > 0
    answered = [1, 2, 3, 4, 12, 20, 22, 30, 38, 40]  # four lengths, then 18 utterances twice, eight at a time
    assert told == [(done, 40) for done in answered]


def test_those_that_calibrate_are_left_out_of_the_score(made, manifest, verdict):
    _, found, _ = made
    assert found.num_calibrating == len(set(verdict["calibrated_with"])) == 6
    assert (found.verdict.num_utterances, verdict["verdict"]) == (18, NOT_SHOWN)
    calibrated = "; 6 speakers; 6 other utterances, of these speakers too, calibrated it; openvino 20"
    assert calibrated in found.verdict.sentence()


def test_sessions_that_were_trained_on_are_marked_where_they_are_scored(made, manifest, verdict):
    scored = [one for one in read_manifest(manifest) if one.id not in verdict["calibrated_with"]]
    number = sum(one.session == "S1" for one in scored)
    assert 0 < number < 8
    assert f"; {number} of the utterances are of sessions this model was TRAINED ON" in verdict["sentence"]


def test_fp32_is_what_torch_answers_and_int8_what_evaluate_gets_of_the_export(made, manifest, verdict):
    model, found, _ = made
    others = [one for one in read_manifest(manifest) if one.id not in verdict["calibrated_with"]]
    torchs = answer_with(restore_model(model), others)
    engines = examine_model(str(model), manifest, engine="openvino", precision="int8").answers
    kept = engines.where(np.array([one in others for one in engines.utterances]))
    assert found.verdict.ua == (torchs.scores().unweighted_accuracy, kept.scores().unweighted_accuracy)
    assert found.verdict.wa == (torchs.scores().weighted_accuracy, kept.scores().weighted_accuracy)
    assert found.verdict.changed == np.mean(torchs.predictions != kept.predictions)
    assert 1e-5 < np.abs(torchs.probabilities - kept.probabilities).max() < 0.1


def test_products_are_int8_and_the_classifier_is_not(made):
    model = import_silently("openvino").Core().read_model(made[0] / "openvino-int8" / "model.xml")
    kinds = {one.get_friendly_name(): one for one in model.get_ops()}
    eight_bit = [one for one in kinds.values() if str(one.get_output_element_type(0)) == "<Type: 'int8_t'>"]
    assert len([one for one in eight_bit if one.get_type_name() == "Constant"]) > 20
    (classifier,) = [one for name, one in kinds.items() if name.endswith("/classifier/MatMul")]
    assert classifier.input_value(0).get_node().get_type_name() != "FakeQuantize"


# Which utterances calibrate


def utterances(labels) -> list[Utterance]:
    return [Utterance(id=f"u{place}", label=label) for place, label in enumerate(labels)]


def count_by_label(part) -> dict[str, int]:
    return {label: sum(one.label == label for one in part) for label in sorted({one.label for one in part})}


def test_a_quarter_calibrates_in_the_labels_proportions():
    calibrating, scored = divided(utterances(["sad"] * 8 + ["angry"] * 24), "m.jsonl")
    assert (count_by_label(calibrating), count_by_label(scored)) == ({"angry": 6, "sad": 2}, {"angry": 18, "sad": 6})
    assert {one.id for one in calibrating}.isdisjoint(one.id for one in scored)
    assert [one.id for one in scored] == sorted((one.id for one in scored), key=lambda name: int(name[1:]))


def test_no_more_than_a_hundred_calibrate():
    calibrating, scored = divided(utterances(CLASSES * 250), "m.jsonl")
    assert count_by_label(calibrating) == dict.fromkeys(CLASSES, 25) and len(scored) == 900


def test_the_draw_is_the_seeds():
    given = utterances(CLASSES * 20)
    assert divided(given, "m.jsonl") == divided(given, "m.jsonl", seed=0)
    assert divided(given, "m.jsonl", seed=1) != divided(given, "m.jsonl", seed=0)


def test_too_few_are_refused():
    with pytest.raises(CorpusError, match="m.jsonl: 19 labelled utterances .* need at least 20: a quarter of them"):
        divided(utterances(["sad"] * 19), "m.jsonl")
    assert [len(part) for part in divided(utterances(["sad"] * 20), "m.jsonl")] == [5, 15]


GUARDED = """
import socket, sys

def noted(*given, **named):
    with open(sys.argv[1], "a") as file:
        file.write(f"{given}\\n")
    raise OSError("no network")

socket.getaddrinfo = socket.create_connection = socket.socket.connect = noted

from pathlib import Path
from emoduet import parity
from emoduet.examination import examine_model
from emoduet.export import export_model
from emoduet.quantised_export import export_int8

parity.NUM_LENGTHS, parity.LONGEST = 2, 0.5
export_model(sys.argv[2], "openvino")
examine_model(sys.argv[2], Path(sys.argv[3]), engine="openvino")
print(export_int8(sys.argv[2], "openvino", Path(sys.argv[3])).verdict.sentence())
assert "pytest" not in sys.modules  # NNCF reports nothing where it is
"""


def test_nothing_is_sent_and_nothing_counted_in_the_home_folder(manifest, tmp_path):
    model, home = write_lively_model(tmp_path / "model", "demo-text-only"), tmp_path / "home"
    home.mkdir()
    reporting = {name: value for name, value in os.environ.items() if name not in ("CI", "TF_BUILD", "JENKINS_URL")}
    done = subprocess.run(
        [sys.executable, "-c", GUARDED, str(tmp_path / "sent"), str(model), str(manifest)],
        env={**reporting, "HOME": str(home)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("int8: not shown to be equal (")
    assert not (tmp_path / "sent").exists() and not (home / "intel").exists()


# What cannot be


def test_other_engines_and_missing_libraries_are_found_first(tmp_path, manifest, monkeypatch):
    with pytest.raises(UsageError, match="export to onnx in int8: only OpenVINO .* take --to openvino"):
        export_int8(tmp_path, "onnx", manifest)
    with pytest.raises(UsageError, match="export to tflite: choose one of onnx, openvino"):
        export_int8(tmp_path, "tflite", manifest)
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(InputError, match=r"export in int8: nncf is not installed .*pip install 'emoduet\[engines\]'"):
        export_int8(tmp_path, "openvino", manifest)


@pytest.fixture
def model(tmp_path):
    return write_lively_model(tmp_path / "model")


def test_too_few_labelled_utterances_leave_nothing(model, manifest):
    with pytest.raises(CorpusError, match="easy.jsonl: 16 labelled utterances"):
        export_int8(model, "openvino", manifest, ("S1", "S2"))
    with pytest.raises(CorpusError, match="no session S9; the manifest has S1, S2, S3"):
        export_int8(model, "openvino", manifest, ("S9",))
    assert not (model / "openvino-int8").exists()


def test_a_graph_that_answers_otherwise_is_not_quantised(model, manifest, monkeypatch):
    off = Parity(4, (0.1, 0.8), (3, 12), 0.0, 0.5, "0.80 s and 9 tokens")
    monkeypatch.setattr("emoduet.quantised_export.measure_parity", lambda *given: off)
    with pytest.raises(CheckpointError, match=r"that is to be quantised, run by openvino 20.*: does not answer as tor"):
        export_int8(model, "openvino", manifest)
    assert not (model / "openvino-int8").exists()


def test_systems_without_graph_have_no_int8(tmp_path, manifest):
    by_rule = build_model(read_recipe("demo-lstm-attention"), ["no"])
    description = {**by_rule.description(), "training": {}}
    write_checkpoint(tmp_path / "model", by_rule.system, by_rule.encoders, description, card="# a test's\n")
    with pytest.raises(ConfigError, match="has no graph that could be exported"):
        export_int8(tmp_path / "model", "openvino", manifest)


def test_a_model_that_may_lack_sound_or_words_needs_both(tmp_path):
    model = write_lively_model(tmp_path / "model", "demo-missing-modality")
    given = easy_utterances(tmp_path / "easy")
    given[3] = replace(given[3], transcript=None)
    write_manifest(tmp_path / "m.jsonl", given)
    with pytest.raises(CorpusError, match="utterance s1t3: no transcript; under engine openvino a model that may lack"):
        export_int8(model, "openvino", tmp_path / "m.jsonl")


def test_one_that_stands_alone_answers_as_the_one_beside_the_weights(tmp_path, manifest):
    model, out = write_lively_model(tmp_path / "model", "demo-text-only"), tmp_path / "alone"
    beside, alone = (export_int8(model, "openvino", manifest, out=place) for place in (None, out))
    assert alone.export.folder == out / "openvino-int8" and not list(out.glob("*.safetensors"))
    assert replace(alone.verdict, seconds=beside.verdict.seconds) == beside.verdict
    asked = {"engine": "openvino", "precision": "int8"}
    found = [examine_model(str(folder), manifest, **asked).answers.probabilities for folder in (model, out)]
    np.testing.assert_array_equal(*found)
