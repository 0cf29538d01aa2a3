"""`--engine` from the outside: the export answers, and what it cannot do is refused before anything is opened."""

import json
import math
from dataclasses import replace

import pytest
from easy_corpus import CLASSES, easy_utterances
from little_graphs import write_export
from little_models import write_model, write_recordings
from typer.testing import CliRunner, Result

from emoduet import EmotionRecognizer
from emoduet.audio import normalise, read_audio
from emoduet.cli import app
from emoduet.engines.folder import READS
from emoduet.errors import CorpusError, InputError, UsageError
from emoduet.examination import examine_model
from emoduet.manifest import write_manifest

ENGINES = tuple(READS)


def emoduet(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


@pytest.fixture
def model(tmp_path):
    """Its weights are random; its exports say mean and maximum of the sound and of the tokens."""
    folder = write_model(tmp_path / "model")
    for to in READS.values():
        write_export(folder, to)
    return folder


@pytest.fixture
def call(tmp_path):
    return write_recordings(tmp_path, 1)[0]


@pytest.fixture
def manifest(tmp_path):
    write_manifest(tmp_path / "easy.jsonl", easy_utterances(tmp_path / "easy", sessions=1))
    return tmp_path / "easy.jsonl"


def softmax(logits, temperature=1.0):
    powers = [math.exp(logit / temperature) for logit in logits]
    return [power / sum(powers) for power in powers]


def four_numbers(recognizer, call, words):
    """What the export's graph answers, computed without it."""
    samples, tokens = normalise(read_audio(call)), recognizer.model.reader.read_words(words).tolist()
    return [float(samples.mean()), float(samples.max()), sum(tokens) / len(tokens), max(tokens)]


def test_the_export_answers(model, engine, call):
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"temperature": 8.0}))
    for to in READS.values():
        write_export(model, to)
    recognizer = EmotionRecognizer.load(model, engine=engine)
    (found,) = recognizer.predict(call, "no stop it")
    wanted = softmax(four_numbers(recognizer, call, "no stop it"), temperature=8.0)
    assert list(found.probabilities.values()) == pytest.approx(wanted, abs=1e-6)
    result = emoduet("predict", model, call, "--text", "no stop it", "--engine", engine, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout)["probabilities"] == pytest.approx(dict(found.probabilities), abs=1e-9)


def test_a_timeline(model, engine, call, tmp_path):
    (tmp_path / "call.txt").write_text("no stop it")
    (tmp_path / "where.csv").write_text("start,end\n0.0,0.3\n")
    given = ["--segments", tmp_path / "where.csv", "--transcript", tmp_path / "call.txt"]
    result = emoduet("predict", model, call, *given, "--engine", engine, "--json")
    assert result.exit_code == 0, result.output
    recognizer = EmotionRecognizer.load(model, engine=engine)
    wanted = dict(zip(CLASSES, softmax(four_numbers(recognizer, call, "no stop it")), strict=True))
    (segment, *_) = [json.loads(line) for line in result.stdout.splitlines()]
    assert segment["probabilities"] == pytest.approx(wanted, abs=1e-6)


def test_evaluate_names_what_computed(model, engine, manifest):
    result = emoduet("evaluate", model, "-m", manifest, "--engine", engine)
    assert result.exit_code == 0, result.output
    version = EmotionRecognizer.load(model, engine=engine).model.system.engine.version
    assert f"; engine {engine} {version} in fp32" in result.stdout
    told = json.loads(emoduet("evaluate", model, "-m", manifest, "--engine", engine, "--json").stdout)
    assert told["computed_by"] == f"engine {engine} {version} in fp32"
    of_torch = emoduet("evaluate", model, "-m", manifest, "--json").stdout
    assert "computed_by" not in json.loads(of_torch)
    assert told["loss"] != json.loads(of_torch)["loss"]


def test_int8_is_answered_from_its_own_folder(model, manifest, call):
    write_export(model, "openvino", "int8", verdict={"sentence": "int8: equal within 1 point; UA 70.0 and 70.1"})
    for other in ("openvino", "onnx"):
        (model / other / "engine.json").unlink()
    asked = ["--precision", "int8", "--engine", "openvino"]
    scored = emoduet("evaluate", model, "-m", manifest, *asked)
    assert scored.exit_code == 0, scored.output
    assert " in int8" in scored.stdout and not (model / "precision-int8.json").exists()
    answered = emoduet("predict", model, call, "--text", "no", *asked, "--json")
    assert (answered.exit_code, answered.stderr) == (0, "int8: equal within 1 point; UA 70.0 and 70.1\n")


@pytest.mark.parametrize("command", ["predict", "evaluate"])
@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            ["--precision", "bf16"],
            "error: precision bf16: engine onnxruntime computes in fp32; take that, or engine to",
        ),
        (
            ["--precision", "int8"],
            "error: precision int8: engine onnxruntime computes in fp32; take that, or engine op",
        ),
        (["--device", "cuda"], "error: device cuda: engine onnxruntime runs on the CPU alone; leave it out, or use en"),
    ],
)
def test_what_engines_do_not_compute_is_wrong_usage(model, manifest, call, command, asked, told):
    given = ["-m", manifest] if command == "evaluate" else [call, "--text", "no"]
    result = emoduet(command, model, *given, "--engine", "onnxruntime", *asked)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(told)


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_a_model_that_was_not_exported(tmp_path, manifest, call, command, engine):
    folder = write_model(tmp_path / "never exported")
    given = ["-m", manifest] if command == "evaluate" else [call, "--text", "no"]
    result = emoduet(command, folder, *given, "--engine", engine)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"emoduet export {folder} --to {READS[engine]}" in result.stderr


def test_a_check_of_int8_is_torchs(model, manifest, call):
    asked = ["--precision", "int8", "--check", manifest, "--engine", "openvino"]
    result = emoduet("predict", model, call, "--text", "no", *asked)
    assert result.exit_code == 2
    assert "--check judges torch's int8" in " ".join(result.stderr.replace("│", "").split())


def test_an_engine_that_is_none(model, call):
    result = emoduet("predict", model, call, "--text", "no", "--engine", "tensorrt")
    assert result.exit_code == 2 and "'tensorrt'" in result.stderr
    with pytest.raises(UsageError, match="engine tensorrt: choose one of torch, onnxruntime, openvino"):
        EmotionRecognizer.load(model, engine="tensorrt")


def test_checkpoints_of_transformers_are_torchs(model, engine):
    with pytest.raises(UsageError, match=f"engine {engine}: is for models of emoduet; checkpoints are answered by tor"):
        EmotionRecognizer.load(model, engine=engine, text_model="somebody/bert")


class TestAModelThatMayLackSoundOrWords:
    @pytest.fixture
    def missing(self, tmp_path):
        folder = write_model(tmp_path / "missing", "demo-missing-modality")
        write_export(folder, "onnx")
        return folder

    def test_bad_utterances_are_told_and_the_rest_answered(self, missing, tmp_path):
        good, _ = paths = write_recordings(tmp_path, 2)
        (tmp_path / "words.csv").write_text(f"audio,transcript\n{good},no stop it\n")
        result = emoduet("predict", missing, *paths, "--transcripts", tmp_path / "words.csv", "--engine", "onnxruntime")
        assert result.exit_code == 1
        assert result.stdout.splitlines()[1].endswith(good)
        assert "this model needs both sound and words; under engine torch it may lack either" in result.stderr

    def test_words_are_asked_for(self, missing, call):
        recognizer = EmotionRecognizer.load(missing, engine="onnxruntime")
        with pytest.raises(InputError, match="0 inputs of text; this missing-modality model takes one for each"):
            recognizer.predict(call)

    def test_a_manifest_that_lacks_some_is_refused_at_once(self, missing, tmp_path):
        utterances = easy_utterances(tmp_path / "easy", sessions=1)
        utterances[-1] = replace(utterances[-1], audio=None)
        write_manifest(tmp_path / "m.jsonl", utterances)
        told = []
        with pytest.raises(
            CorpusError, match="utterance s1t7: no audio; under engine onnxruntime a model that may lack"
        ):
            examine_model(
                str(missing), tmp_path / "m.jsonl", progress=lambda *done: told.append(done), engine="onnxruntime"
            )
        assert told == []

    def test_with_both_it_is_scored_as_any(self, missing, manifest):
        found = examine_model(str(missing), manifest, engine="onnxruntime")
        assert found.modalities is None and len(found.answers.utterances) == 8
