"""One model for use: what is held out, what is written, and what is refused."""

from dataclasses import replace

import pytest
from easy_corpus import CLASSES, small_recipe, write_easy_corpus
from small_encoders import save_text_encoder
from small_runs import CPU, read_json

from emoduet import deployment as deployments
from emoduet.build import restore_model
from emoduet.deployment import Deployment, train_model
from emoduet.errors import CorpusError, InputError
from emoduet.evaluation import answer
from emoduet.experiment import sole_user
from emoduet.features import stores
from emoduet.fold_run import Filling
from emoduet.machine import Machine
from emoduet.manifest import manifest_digest
from emoduet.pretrained.loading import load_text_encoder


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return write_easy_corpus(tmp_path_factory.mktemp("corpus"))


def deployment_of(manifest, out, *overrides, **changes):
    usual = Deployment(small_recipe("demo-text-only", *overrides), manifest, out, session="S2", machine=CPU)
    return replace(usual, **changes)


def test_a_session_held_out(manifest, tmp_path):
    answers = train_model(deployment_of(manifest, tmp_path / "model", "training.epochs=3"))
    assert {one.session for one in answers.utterances} == {"S2"}
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    model = restore_model(tmp_path / "model")
    again = answer(model.system, model.reader, answers.utterances, CLASSES, temperature=model.temperature)
    assert abs(again.probabilities - answers.probabilities).max() < 1e-6
    training = read_json(tmp_path / "model" / "config.json")["training"]
    assert training["sessions"] == {"train": ["S1", "S3"], "validation": ["S2"]}
    assert training["utterances"] == {"train": 16, "validation": 8}
    assert training["manifest_sha256"] == manifest_digest(manifest)
    assert training["validation_scores"]["unweighted_accuracy"] == answers.scores().unweighted_accuracy
    assert training["tested_epoch"] in (1, 2, 3)
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "the held-out part picked the epoch, so its score is optimistic" in card


def test_a_fraction_held_out_in_whole_dialogues(manifest, tmp_path):
    told = []
    deployment = deployment_of(manifest, tmp_path / "model", session=None, fraction=0.2)
    answers = train_model(deployment, lambda name, step: told.append((name, step.done, step.total)))
    assert len(answers.utterances) == 8
    assert len({one.dialogue for one in answers.utterances}) == 2
    assert told[-1] == ("demo-text-only", 16, 16)


def test_with_features_the_whole_manifest_is_stored_and_the_model_takes_words_again(manifest, tmp_path):
    told = []
    frozen = deployment_of(manifest, tmp_path / "model", "text_encoder.freeze=all", features=tmp_path / "features")
    answers = train_model(frozen, lambda name, message: told.append((name, message)))
    assert told[:2] == [("demo-text-only features", Filling("demo-text-only", done, 24)) for done in (0, 24)]
    assert {name for name, _ in told[2:]} == {"demo-text-only"}
    (store,) = stores(tmp_path / "features")
    assert (store.description.source.stage, store.num_done, store.complete) == ("last", 24, True)
    training = read_json(tmp_path / "model" / "config.json")["training"]
    assert training["encoders"]["text"]["begins_at"] == "last"
    model = restore_model(tmp_path / "model")
    again = answer(model.system, model.reader, answers.utterances, CLASSES, temperature=model.temperature)
    assert abs(again.probabilities - answers.probabilities).max() < 1e-2


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("where", ["second epoch", "model folder"])
def test_a_killed_call_is_taken_up_by_the_same_call(manifest, tmp_path, monkeypatch, where):
    def kill(*arguments):
        raise Killed

    def at_second_epoch(name, step):
        if step.epoch == 2:
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        if where == "model folder":
            patch.setattr(deployments, "write_checkpoint", kill)
        train_model(deployment_of(manifest, tmp_path / "model"), at_second_epoch if where == "second epoch" else print)
    assert (tmp_path / "model.training" / "state").exists()
    steps = []
    answers = train_model(deployment_of(manifest, tmp_path / "model"), lambda name, step: steps.append(step.epoch))
    assert set(steps) == ({2} if where == "second epoch" else set())
    whole = train_model(deployment_of(manifest, tmp_path / "whole"))
    assert (answers.probabilities == whole.probabilities).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "whole"]


def test_a_killed_call_is_not_taken_up_by_another(manifest, tmp_path):
    """Going on with another held-out part would validate on utterances that were trained on."""

    def kill(name, step):
        if step.epoch == 2:
            raise Killed

    with pytest.raises(Killed):
        train_model(deployment_of(manifest, tmp_path / "model"), kill)
    with pytest.raises(InputError, match="a training with another utterances to train on, utterances to watch"):
        train_model(deployment_of(manifest, tmp_path / "model", session="S3"))


def test_an_older_model_is_replaced_and_nothing_else(manifest, tmp_path):
    train_model(deployment_of(manifest, tmp_path / "model"))
    train_model(deployment_of(manifest, tmp_path / "model", session="S1"))
    sessions = read_json(tmp_path / "model" / "config.json")["training"]["sessions"]
    assert sessions["validation"] == ["S1"]
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("dear")
    save_text_encoder(tmp_path / "encoder", "bert")
    for precious in (tmp_path / "letters", tmp_path / "encoder"):
        with pytest.raises(
            InputError, match=f"{precious}: holds other files, which would be lost; give an older model"
        ):
            train_model(deployment_of(manifest, precious))
    with pytest.raises(InputError, match=r"dear\.txt: is a file, where a folder is to be; give another path"):
        train_model(deployment_of(manifest, tmp_path / "letters" / "dear.txt"))
    assert (tmp_path / "letters" / "dear.txt").read_text() == "dear"
    assert load_text_encoder(str(tmp_path / "encoder"))[0].hidden_size == 16


def test_an_empty_folder_may_be_written_into(manifest, tmp_path):
    (tmp_path / "model").mkdir()
    train_model(deployment_of(manifest, tmp_path / "model"))
    assert restore_model(tmp_path / "model").classes == CLASSES


def test_what_is_refused_before_training(manifest, tmp_path):
    with pytest.raises(InputError, match="precision fp16: needs a GPU"):
        train_model(deployment_of(manifest, tmp_path / "model", machine=Machine("cpu", "fp16")))
    with pytest.raises(InputError, match="no session 'S9'"):
        train_model(deployment_of(manifest, tmp_path / "model", session="S9"))
    mute = write_easy_corpus(tmp_path / "mute", transcript=None)
    with pytest.raises(CorpusError, match="24 of 24 utterances have no transcript"):
        train_model(deployment_of(mute, tmp_path / "model"))
    assert [path.name for path in tmp_path.iterdir()] == ["mute"]


def test_two_at_once(manifest, tmp_path):
    with sole_user(tmp_path / "model.training"), pytest.raises(InputError, match="another emoduet is running"):
        train_model(deployment_of(manifest, tmp_path / "model"))
