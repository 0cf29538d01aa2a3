"""One fold on disk: what it holds, who was looked at while it trained, and kills between its files."""

import os
import shutil
from importlib.metadata import version

import pytest
from easy_corpus import CLASSES, small_recipe, write_easy_corpus
from small_runs import numbers_of, read_json, read_lines, small_experiment

from emoduet import fold_run, training
from emoduet.batching import InputReader
from emoduet.build import restore_model
from emoduet.calibration import apply_temperature, fit_temperature
from emoduet.evaluation import answer, answer_with, read_answers
from emoduet.experiment import run_experiment
from emoduet.machine import Machine
from emoduet.manifest import manifest_digest, read_manifest

SESSIONS = {"loso": {"train": ["S3"], "validation": ["S2"], "test": ["S1"]}}
INTERVAL_OVER = "2 speakers: too few for an interval"
SESSIONS["paper"] = {"train": ["S2", "S3"], "validation": [], "test": ["S1"]}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return write_easy_corpus(tmp_path_factory.mktemp("corpus"))


def ids(manifest, session):
    return [one.id for one in read_manifest(manifest) if one.session == session]


# What it holds


@pytest.fixture(scope="module")
def runs(manifest, tmp_path_factory):
    """The first fold under each protocol, three epochs of the proposed system."""
    out = tmp_path_factory.mktemp("runs")
    for protocol in SESSIONS:
        run_experiment(small_experiment(manifest, out / protocol, "demo-paper", "training.epochs=3", protocol=protocol))
    return out


@pytest.mark.parametrize("protocol", SESSIONS)
def test_recipe_json(runs, manifest, protocol):
    found = read_json(runs / protocol / "fold1-seed0" / "recipe.json")
    assert found["recipe"] == small_recipe("demo-paper", "training.epochs=3").model_dump(mode="json")
    assert (found["seed"], found["fold"], found["fold_name"]) == (0, 1, "test S1")
    assert (found["protocol"], found["sessions"]) == (protocol, SESSIONS[protocol])
    assert (found["manifest"], found["manifest_sha256"]) == ("easy.jsonl", manifest_digest(manifest))
    libraries = {"emoduet", "torch", "transformers", "accelerate", "numpy", "scipy", "scikit-learn"}
    assert found["versions"].keys() - {"gruut", "gruut_lang_en"} == libraries | {"kaldi-native-fbank", "python"}
    assert found["versions"]["emoduet"] == version("emoduet")
    assert found["training_labels_shuffled"] is False
    assert found["synthetic_corpus"] is False


@pytest.mark.parametrize("protocol", SESSIONS)
def test_predictions(runs, manifest, protocol):
    lines = read_lines(runs / protocol / "fold1-seed0" / "predictions.jsonl")
    assert [line["id"] for line in lines] == ids(manifest, "S1")
    for line in lines:
        assert tuple(line["probabilities"]) == CLASSES
        assert sum(line["probabilities"].values()) == pytest.approx(1, abs=1e-12)
        assert line["prediction"] == max(line["probabilities"], key=line["probabilities"].get)


@pytest.mark.parametrize("protocol", SESSIONS)
def test_metrics(runs, manifest, protocol):
    """Scored from the predictions beside them; loso tests the epoch of best validation loss, paper the last."""
    fold = runs / protocol / "fold1-seed0"
    metrics, history = read_json(fold / "metrics.json"), (fold / "history.csv").read_text().splitlines()
    utterances = {one.id: one for one in read_manifest(manifest)}
    answers = read_answers(fold / "predictions.jsonl", utterances, CLASSES)
    assert metrics["scores"]["unweighted_accuracy"] == answers.scores().unweighted_accuracy
    assert metrics["loss"] == answers.loss()
    assert (metrics["epochs"], metrics["classes"], metrics["interval_over"]) == (3, list(CLASSES), INTERVAL_OVER)
    assert metrics["ua_interval_95"] is None
    watched = [float(line.split(",")[3]) for line in history[1:]]
    assert metrics["tested_epoch"] == (3 if protocol == "paper" else watched.index(min(watched)) + 1)
    assert metrics["seconds"] > 0


def difference_from_checkpoint(fold, manifest):
    """The largest, between the stored predictions and what the stored model says in full precision."""
    model = restore_model(fold / "checkpoint")
    tested = [one for one in read_manifest(manifest) if one.session == "S1"]
    again = answer(model.system, model.reader, tested, model.classes, temperature=model.temperature)
    stored = read_answers(fold / "predictions.jsonl", {one.id: one for one in tested}, CLASSES)
    return abs(again.probabilities - stored.probabilities).max()


@pytest.mark.parametrize("protocol", SESSIONS)
def test_the_checkpoint_gives_the_predictions(runs, manifest, protocol):
    assert difference_from_checkpoint(runs / protocol / "fold1-seed0", manifest) < 1e-6


@pytest.mark.parametrize("recipe", ["demo-paper", "demo-paper-frozen"])
@pytest.mark.parametrize("protocol", SESSIONS)
def test_trained_in_half_precision_it_is_tested_in_full(manifest, tmp_path, protocol, recipe):
    """Under `paper` the tested utterances were heard in half precision before, and frozen encoders remember."""
    half = Machine("cpu", "bf16")
    run_experiment(small_experiment(manifest, tmp_path, recipe, "training.epochs=1", protocol=protocol, machine=half))
    fold = tmp_path / "fold1-seed0"
    assert difference_from_checkpoint(fold, manifest) < 1e-6
    metrics = read_json(fold / "metrics.json")
    assert (metrics["precision"], metrics["tested_precision"], metrics["device"]) == ("bf16", "fp32", "cpu")


def test_the_last_watched_loss_under_paper_is_the_test_loss(runs):
    history = (runs / "paper" / "fold1-seed0" / "history.csv").read_text().splitlines()
    assert float(history[-1].split(",")[3]) == pytest.approx(
        read_json(runs / "paper" / "fold1-seed0" / "metrics.json")["loss"], rel=1e-4
    )


SAYING = ("fold1-seed0/recipe.json", "fold1-seed0/metrics.json", "fold1-seed0/checkpoint/config.json")
SAYING += ("fold1-seed0/checkpoint/README.md", "run.json", "summary.json", "folds.json")
SAYING += ("fold1-seed0/history.csv", "fold1-seed0/predictions.jsonl")


@pytest.mark.parametrize("name", SAYING)
def test_every_output_says_whether_test_data_was_in_the_loop(runs, name):
    assert "test data in the loop" in (runs / "paper" / name).read_text(encoding="utf-8")
    assert "test data in the loop" not in (runs / "loso" / name).read_text().replace("test data in the loop: False", "")


@pytest.mark.parametrize(
    ("protocol", "note"),
    [("loso", "the tested part was not looked at in training"), ("paper", "test data in the loop")],
)
def test_every_line_carries_its_note(runs, protocol, note):
    fold = runs / protocol / "fold1-seed0"
    head, *epochs = (fold / "history.csv").read_text().splitlines()
    assert (head.rpartition(",")[2], {line.rpartition(",")[2] for line in epochs}) == ("note", {note})
    lines = [*read_lines(fold / "predictions.jsonl"), read_json(runs / protocol / "folds.json")]
    assert {line["note"] for line in lines} == {note}


@pytest.mark.parametrize("name", ["recipe.json", "metrics.json"])
def test_the_fold_says_what_its_encoders_dropped_and_where_it_ran(runs, name):
    found = read_json(runs / "loso" / "fold1-seed0" / name)
    assert (found["device"], found["precision"], found["tested_precision"]) == ("cpu", "fp32", "fp32")
    assert found["weights"] == {"audio": "tiny", "text": "tiny"}
    audio, text = found["encoders"]["audio"], found["encoders"]["text"]
    assert (audio["layer_drop"], audio["spec_augment"], audio["mask_time_prob"]) == (0.0, False, 0.05)
    assert (audio["hidden_dropout"], audio["attention_dropout"]) == (0.1, 0.0)
    assert (audio["form"], audio["begins_at"]) == ("packed", "waveform")
    dropped = {"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1}
    assert text == {"form": "packed", "begins_at": "tokens", **dropped}


def test_the_model_card_says_what_it_was_trained_on(runs):
    card = (runs / "loso" / "fold1-seed0" / "checkpoint" / "README.md").read_text(encoding="utf-8")
    for words in ("sessions: train: S3; validation: S2; test: S1", "seed: 0", "never a person's inner state"):
        assert words in card
    assert "knows nothing about people" not in card


# Calibration


def test_the_temperature_comes_of_validation_answers_alone(manifest, tmp_path):
    """An audio-only model of one epoch is often wrong, so that there is something to mend."""
    run_experiment(small_experiment(manifest, tmp_path, "demo-audio-only", "training.epochs=1"))
    fold = tmp_path / "fold1-seed0"
    temperature = read_json(fold / "metrics.json")["temperature"]
    assert restore_model(fold / "checkpoint").temperature == temperature != 1.0
    held_out = read_answers(fold / "validation.jsonl", {one.id: one for one in read_manifest(manifest)}, CLASSES)
    assert {one.session for one in held_out.utterances} == {"S2"}
    untempered = apply_temperature(held_out.probabilities, 1 / temperature)
    assert fit_temperature(held_out.labels, untempered) == pytest.approx(temperature, rel=1e-3)


def test_where_test_data_drive_the_training_nothing_is_left_to_fit_on(runs):
    fold = runs / "paper" / "fold1-seed0"
    assert read_json(fold / "metrics.json")["temperature"] == restore_model(fold / "checkpoint").temperature == 1.0
    assert not (fold / "validation.jsonl").exists()


# What is kept


@pytest.mark.parametrize(
    ("keep", "checkpoints"),
    [("none", []), ("best", ["checkpoint"]), ("all", ["checkpoint", "checkpoint-epoch01", "checkpoint-epoch02"])],
)
def test_keep(manifest, tmp_path, keep, checkpoints):
    run_experiment(small_experiment(manifest, tmp_path, keep=keep, tensorboard=keep == "all"))
    fold = tmp_path / "fold1-seed0"
    usual = ["history.csv", "metrics.json", "predictions.jsonl", "recipe.json", "validation.jsonl"]
    usual += ["tensorboard"] if keep == "all" else []
    assert sorted(path.name for path in fold.iterdir()) == sorted([*usual, *checkpoints])
    if keep == "all":
        (events,) = (fold / "tensorboard").iterdir()
        assert b"the tested part was not looked at in training" in events.read_bytes()
        epochs = [restore_model(fold / name).system.classifier.weight for name in checkpoints[1:]]
        assert not epochs[0].equal(epochs[1])


# Who is looked at


@pytest.mark.parametrize("protocol", SESSIONS)
def test_whose_loss_is_watched_and_who_is_read_when(manifest, tmp_path, monkeypatch, protocol):
    """Under loso no tested utterance is even opened before the model is done."""
    watched, read, testing = [], {"training": set(), "testing": set()}, []
    read_inputs = InputReader.read

    def note_read(self, utterances):
        read["testing" if testing else "training"].update(one.session for one in utterances)
        return read_inputs(self, utterances)

    def note_watched(system, reader, utterances, classes, *, precision):
        watched.append([one.id for one in utterances])
        return answer(system, reader, utterances, classes, precision=precision)

    def note_tested(model, utterances):
        if utterances[0].session == "S1":
            testing.append(True)
        return answer_with(model, utterances)

    monkeypatch.setattr(InputReader, "read", note_read)
    monkeypatch.setattr(training, "answer", note_watched)
    monkeypatch.setattr(fold_run, "answer_with", note_tested)
    run_experiment(small_experiment(manifest, tmp_path, "demo-paper", protocol=protocol))
    expected = {"loso": "S2", "paper": "S1"}[protocol]
    assert watched == [ids(manifest, expected)] * 2
    assert read["training"] == {"loso": {"S2", "S3"}, "paper": {"S1", "S2", "S3"}}[protocol]
    assert read["testing"] == {"S1"}


@pytest.mark.parametrize(("protocol", "keep_best"), [("loso", True), ("paper", False)])
def test_which_epoch_is_tested(manifest, tmp_path, monkeypatch, protocol, keep_best):
    plans = []

    def note_and_train(plan, *rest):
        plans.append(plan)
        return training.train(plan, *rest)

    monkeypatch.setattr(fold_run, "train", note_and_train)
    run_experiment(small_experiment(manifest, tmp_path, protocol=protocol))
    assert [plan.keep_best for plan in plans] == [keep_best]


def test_the_tokenizer_knows_the_words_of_the_training_fold_alone(tmp_path):
    manifest = write_easy_corpus(tmp_path / "corpus")
    text = manifest.read_text(encoding="utf-8").split("\n")
    tested = [line.replace("no stop it", "zygomorphic quux") if '"S1"' in line else line for line in text]
    manifest.write_text("\n".join(tested), encoding="utf-8")
    run_experiment(small_experiment(manifest, tmp_path / "out"))
    reader = restore_model(tmp_path / "out" / "fold1-seed0" / "checkpoint").reader
    assert "stop" in reader.tokenizer.get_vocab()
    assert not [token for token in reader.tokenizer.get_vocab() if "z" in token or "q" in token]


# Kills


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.fixture(scope="module")
def uninterrupted(manifest, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole")
    run_experiment(small_experiment(manifest, out))
    return numbers_of(out / "fold1-seed0")


STEPS = ("train", "answer_with", "write_history", "write_answers", "write_checkpoint", "_metrics", "forget_state")


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_before_any_step_is_made_good(manifest, tmp_path, monkeypatch, uninterrupted, step):
    def kill(*arguments, **options):
        raise Killed

    fold = tmp_path / "fold1-seed0"
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(fold_run, step, kill)
        run_experiment(small_experiment(manifest, tmp_path))
    assert (fold / "metrics.json").exists() == (step == "forget_state")
    assert (fold / "state").exists() == (step != "train")
    run_experiment(small_experiment(manifest, tmp_path))
    assert numbers_of(fold) == uninterrupted
    assert not (fold / "state").exists()
    assert restore_model(fold / "checkpoint").classes == CLASSES


def test_finished_folds_are_not_repeated(manifest, tmp_path, monkeypatch):
    run_experiment(small_experiment(manifest, tmp_path))
    fold = tmp_path / "fold1-seed0"
    times = {path: path.stat().st_mtime_ns for path in fold.rglob("*")}
    trained = []

    def note_and_train(plan, folder, *rest):
        trained.append(folder.name)
        return training.train(plan, folder, *rest)

    monkeypatch.setattr(fold_run, "train", note_and_train)
    outcome = run_experiment(small_experiment(manifest, tmp_path, folds=None))
    assert trained == ["fold2-seed0", "fold3-seed0"]
    assert {path: path.stat().st_mtime_ns for path in fold.rglob("*")} == times
    assert outcome.summary.num_folds == 3


def test_what_a_kill_left_beside_a_finished_fold_is_cleared(manifest, tmp_path):
    run_experiment(small_experiment(manifest, tmp_path))
    fold = tmp_path / "fold1-seed0"
    shutil.copytree(fold / "checkpoint", fold / "state")
    shutil.copytree(fold / "checkpoint", fold / f".checkpoint.{os.getpid()}.tmp")
    before = numbers_of(fold)
    run_experiment(small_experiment(manifest, tmp_path))
    assert numbers_of(fold) == before
    assert sorted(path.name for path in fold.iterdir() if path.is_dir()) == ["checkpoint"]
