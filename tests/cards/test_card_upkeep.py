"""A card keeps up with what is measured later: only its own sections, only figures of these weights."""

import json

import pytest
from easy_corpus import small_recipe

from emoduet.cards import upkeep as card_upkeep
from emoduet.cards.model_card import ELSEWHERE, NOT_MEASURED, ROBUSTNESS, model_card
from emoduet.cards.upkeep import measured_since, refresh_card
from emoduet.errors import InputError, UsageError

WEIGHTS = "a" * 64


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A model's folder with a card; its weights have the digest `WEIGHTS`."""
    monkeypatch.setattr(card_upkeep, "weights_digest", lambda name: WEIGHTS)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").touch()
    card = model_card(small_recipe(), {"seed": 3}).replace("## Limits\n", "## Limits\n- mine\n")
    (tmp_path / "model" / "README.md").write_text(card, encoding="utf-8")
    return tmp_path / "model"


def put_engine(folder, name, to, precision, weights=WEIGHTS, **more):
    (folder / name).mkdir(parents=True)
    (folder / name / {"onnx": "model.onnx", "openvino": "model.xml"}[to]).touch()
    account = {"format": "emoduet-engine", "format_version": 1, "to": to, "precision": precision}
    account |= {"inputs": ["waveform"], "weights_sha256": weights}
    (folder / name / "engine.json").write_text(json.dumps(account | more), encoding="utf-8")


def stress(monkeypatch, lines):
    def read(path):
        if isinstance(lines, Exception):
            raise lines
        return lines

    monkeypatch.setattr(card_upkeep, "stress_lines", read)


def test_nothing_measured_is_said_and_changes_nothing(folder):
    before = (folder / "README.md").read_bytes()
    assert measured_since(folder) == NOT_MEASURED
    assert refresh_card(folder) and (folder / "README.md").read_bytes() == before


def test_a_stress_test_is_told_line_by_line_and_the_rest_stays(folder, monkeypatch):
    (folder / "stress.json").touch()
    stress(monkeypatch, ["clean: UA 71.0", "white noise 0 dB: UA 50.0"])
    before = (folder / "README.md").read_text(encoding="utf-8")
    assert refresh_card(folder)
    told = "- clean: UA 71.0\n- white noise 0 dB: UA 50.0"
    assert (folder / "README.md").read_text(encoding="utf-8") == before.replace(NOT_MEASURED[ROBUSTNESS], told)


def test_a_stress_test_of_other_weights_is_not_believed(folder, monkeypatch):
    (folder / "stress.json").touch()
    stress(monkeypatch, InputError(f"{folder / 'stress.json'}: is of other weights than those of {folder}"))
    told = "- not believed: stress.json: is of other weights than those of this folder"
    assert measured_since(folder)[ROBUSTNESS] == told


def test_exports_are_told_with_what_was_measured_of_them(folder):
    put_engine(folder, "onnx", "onnx", "fp32", parity={"num_lengths": 50, "probabilities": 2.34e-6})
    put_engine(folder, "openvino", "openvino", "fp32")
    put_engine(folder, "openvino-int8", "openvino", "int8", verdict={"sentence": "int8: equal within 1 point"})
    assert measured_since(folder)[ELSEWHERE].splitlines() == [
        "- onnx in fp32: on 50 synthetic utterances of many lengths no probability is more than 2.3e-06 from torch's",
        "- openvino in fp32: exported; how far its answers lie from torch's was not measured",
        "- openvino in int8: int8: equal within 1 point",
    ]


def test_exports_of_other_weights_and_damaged_ones_are_not_believed(folder):
    put_engine(folder, "onnx", "onnx", "fp32", "b" * 64, parity={"num_lengths": 50, "probabilities": 0.0})
    put_engine(folder, "openvino", "openvino", "fp32")
    (folder / "openvino" / "model.xml").unlink()
    told = measured_since(folder)[ELSEWHERE].splitlines()
    assert told[0] == "- onnx in fp32: exported from other weights; export the model again"
    assert told[1].startswith("- openvino in fp32: not believed: openvino: no model.xml; copy the folder again")


def test_an_export_that_stands_alone_is_believed(folder):
    (folder / "model.safetensors").unlink()
    put_engine(folder, "onnx", "onnx", "fp32", "b" * 64, parity={"num_lengths": 50, "probabilities": 0.0})
    assert "no probability is more than 0.0e+00 from torch's" in measured_since(folder)[ELSEWHERE]


def test_int8_is_told_by_its_verdict(folder, monkeypatch):
    (folder / "precision-int8.json").write_text("{}", encoding="utf-8")
    assert measured_since(folder)[ELSEWHERE].startswith("- int8: not believed: precision-int8.json: not a verdict")

    class Told:
        def sentence(self):
            return "int8: equal within 1 point; UA 70.0"

    monkeypatch.setattr(card_upkeep, "kept_verdict", lambda name: Told())
    assert measured_since(folder)[ELSEWHERE] == "- int8: equal within 1 point; UA 70.0"
    monkeypatch.setattr(card_upkeep, "kept_verdict", lambda name: (_ for _ in ()).throw(UsageError("nobody knows")))
    assert measured_since(folder)[ELSEWHERE] == "- int8: not believed: nobody knows"


def test_a_run_tells_of_the_models_in_it(tmp_path):
    put_engine(tmp_path / "fold2-seed0" / "checkpoint", "onnx", "onnx", "fp32")
    assert measured_since(tmp_path)[ELSEWHERE].startswith("- fold2-seed0: onnx in fp32: exported; ")


def test_a_folder_without_a_card_gets_none(tmp_path):
    assert not refresh_card(tmp_path) and list(tmp_path.iterdir()) == []
