"""Which weights a run used: written down, compared, and never mixed within one folder."""

import shutil
from collections import namedtuple
from importlib.metadata import PackageNotFoundError

import pytest
from easy_corpus import write_easy_corpus
from small_encoders import save_audio_encoder, save_text_encoder
from small_runs import CPU, read_json, small_experiment

from emoduet.build import encoder_bytes, weights_of
from emoduet.deployment import Deployment, train_model
from emoduet.errors import CheckpointError, InputError
from emoduet.experiment import run_experiment
from emoduet.fold_run import disk_needed
from emoduet.pretrained.loading import weights_digest
from emoduet.run_folder import provenance
from emoduet.training import Plan, train


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return write_easy_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture
def encoder(tmp_path):
    """The folder of a text encoder that may be spoilt."""
    save_text_encoder(tmp_path / "bert", "bert")
    return tmp_path / "bert"


def experiment_on(encoder, manifest, out, *overrides, **changes):
    named = (f'text_encoder.name="{encoder}"', *overrides)
    return small_experiment(manifest, out, "demo-text-only", *named, **changes)


def change_weights(folder):
    """Flips the last byte of the last weight."""
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


# The versions


def test_what_computes_by_rule_is_named_and_what_pronounces_where_it_is_there(manifest, monkeypatch):
    def version(library):
        if library == "gruut_lang_en":
            raise PackageNotFoundError(library)
        return f"{library} 9"

    monkeypatch.setattr("emoduet.run_folder.version", version)
    found = provenance(manifest)["versions"]
    for library in ("scipy", "scikit-learn", "kaldi-native-fbank", "gruut"):
        assert found[library] == f"{library} 9"
    assert "gruut_lang_en" not in found


# The digest


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"])
def test_every_file_that_decides_answers_decides_the_digest(encoder, name):
    before = weights_digest(str(encoder))
    assert weights_digest(str(encoder)) == before
    (encoder / name).write_bytes((encoder / name).read_bytes() + b" ")
    assert weights_digest(str(encoder)) != before


def test_the_digest_is_of_the_content_alone(encoder, tmp_path):
    shutil.copytree(encoder, tmp_path / "copy")
    (tmp_path / "copy" / "README.md").write_text("a card")
    assert weights_digest(str(tmp_path / "copy")) == weights_digest(str(encoder))


def test_an_encoder_without_weights(encoder):
    (encoder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"bert: has no weights; copy model.safetensors beside its config.json"):
        weights_digest(str(encoder))


def test_weights_of_a_recipe(encoder, manifest, tmp_path):
    recipe = experiment_on(encoder, manifest, tmp_path).recipe
    assert weights_of(recipe) == {"text": weights_digest(str(encoder))}
    assert weights_of(small_experiment(manifest, tmp_path, "demo-paper").recipe) == {"audio": "tiny", "text": "tiny"}


# The run


def test_a_run_says_its_weights_and_is_not_continued_with_others(encoder, manifest, tmp_path):
    experiment = experiment_on(encoder, manifest, tmp_path / "out")
    run_experiment(experiment)
    digest = weights_digest(str(encoder))
    for name in ("run.json", "fold1-seed0/recipe.json", "fold1-seed0/metrics.json"):
        assert read_json(tmp_path / "out" / name)["weights"] == {"text": digest}
    change_weights(encoder)
    other = weights_digest(str(encoder))
    with pytest.raises(InputError, match=f"holds another run: weights.text is {digest}, not {other}. Give another"):
        run_experiment(experiment)


class Killed(Exception):
    """Stands for the end of the process."""


def test_a_training_is_not_gone_on_with_other_frozen_weights(encoder, manifest, tmp_path):
    def kill(name, step):
        if step.epoch == 2:
            raise Killed

    recipe = experiment_on(encoder, manifest, tmp_path, 'text_encoder.freeze="all"').recipe
    deployment = Deployment(recipe, manifest, tmp_path / "model", session="S2", machine=CPU)
    with pytest.raises(Killed):
        train_model(deployment, kill)
    change_weights(encoder)
    with pytest.raises(InputError, match="the state of a training with another weights of the encoders; delete it"):
        train_model(deployment)


def test_a_model_for_use_says_its_weights(encoder, manifest, tmp_path):
    recipe = experiment_on(encoder, manifest, tmp_path).recipe
    train_model(Deployment(recipe, manifest, tmp_path / "model", session="S2", machine=CPU))
    training = read_json(tmp_path / "model" / "config.json")["training"]
    assert training["weights"] == {"text": weights_digest(str(encoder))}
    assert (training["device"], training["precision"]) == ("cpu", "fp32")
    assert training["encoders"]["text"]["hidden_dropout_prob"] == 0.1


# The disk, for the whole run


def test_bytes_of_encoders(encoder, manifest, tmp_path):
    save_audio_encoder(tmp_path / "wav2vec2", "wav2vec2-group")
    heard, read = (folder.joinpath("model.safetensors").stat().st_size for folder in (tmp_path / "wav2vec2", encoder))
    named = (f'audio_encoder.name="{tmp_path / "wav2vec2"}"', f'text_encoder.name="{encoder}"')
    for frozen, trained in [((), heard + read), (('text_encoder.freeze="all"',), heard)]:
        recipe = small_experiment(manifest, tmp_path, "demo-paper", *named, *frozen).recipe
        assert encoder_bytes(recipe) == (heard + read, trained)
    assert encoder_bytes(small_experiment(manifest, tmp_path, "demo-paper").recipe) == (0, 0)


@pytest.mark.parametrize(
    ("keep", "workers", "models", "words"),
    [
        ("none", 1, 0 + 8, "0 checkpoints and 1 states"),
        ("best", 2, 6 + 2 * 8, "6 checkpoints and 2 states"),
        ("all", 9, 6 * 3 + 6 * 8, "18 checkpoints and 6 states"),
    ],
)
def test_too_little_disk_for_the_whole_run(encoder, manifest, tmp_path, monkeypatch, keep, workers, models, words):
    """Three folds of two seeds, two epochs each; a state is two copies of four times the weights."""
    experiment = experiment_on(
        encoder, manifest, tmp_path / "out", folds=None, seeds=(0, 1), keep=keep, workers=workers
    )
    need, told = models * (encoder / "model.safetensors").stat().st_size, []
    monkeypatch.setattr("emoduet.experiment.run_tasks", lambda tasks, *rest: told.append(len(tasks)))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: namedtuple("Usage", "free")(need - 1))
    with pytest.raises(InputError, match=f"GB for the whole run: {words}. Free some"):
        run_experiment(experiment)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: namedtuple("Usage", "free")(need))
    with pytest.raises(FileNotFoundError):
        run_experiment(experiment)
    assert told == [6]


def test_what_is_there_already_needs_no_disk(encoder, manifest, tmp_path, monkeypatch):
    """A fold killed after its first epoch has that epoch's checkpoint: two of three are missing."""
    jobs = []
    monkeypatch.setattr("emoduet.experiment.run_fold", lambda job, progress: jobs.append(job))
    with pytest.raises(FileNotFoundError):
        run_experiment(experiment_on(encoder, manifest, tmp_path / "out", keep="all"))
    (tmp_path / "out" / "fold1-seed0" / "checkpoint-epoch01").mkdir(parents=True)
    size = (encoder / "model.safetensors").stat().st_size
    assert disk_needed(jobs, workers=4) == ((2 + 8) * size, "the whole run: 2 checkpoints and 1 states")
    assert disk_needed([], workers=4) == (0, "nothing")


def test_a_plan_without_weights_has_them_computed(encoder, manifest, tmp_path):
    recipe = experiment_on(encoder, manifest, tmp_path).recipe
    plan = Plan(recipe, (), (), keep_best=True, seed=0)
    assert plan.identity()["weights of the encoders"] == {"text": weights_digest(str(encoder))}
    with pytest.raises(InputError, match="0 utterances to train on"):
        train(plan, tmp_path / "out", CPU)
