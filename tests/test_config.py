"""Recipes that are wrong say so, all at once; overrides go through the same validation."""

import json
import tomllib

import pytest

from emoduet.config import Recipe, read_recipe, recipe_from_values, recipe_names, stored_recipe
from emoduet.errors import CheckpointError, ConfigError


def test_the_packaged_recipes():
    paper = ["audio-only", "audio-only-frozen", "paper", "paper-frozen", "text-only"]
    assert {*paper, *(f"demo-{name}" for name in paper)} <= set(recipe_names())


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_a_recipe_of_one_s_own(tmp_path, suffix):
    values = read_recipe("text-only").model_dump(exclude_none=True) | {"name": "mine"}
    path = tmp_path / f"mine{suffix}"
    path.write_text(json.dumps(values) if suffix == ".json" else as_toml(values))
    assert read_recipe(str(path)) == Recipe.model_validate(values)
    assert read_recipe(str(path), ["training.epochs=7"]).training.epochs == 7


def test_a_section_that_no_packaged_recipe_has(tmp_path):
    values = read_recipe("demo-paper").model_dump(exclude_none=True)
    assert "augmentation" not in values
    path = tmp_path / "noisy.toml"
    path.write_text(as_toml(values) + "\n[augmentation]\nnoise_snr = [10, 30]\n")
    noisy = read_recipe(str(path))
    assert noisy == read_recipe("demo-paper", ["augmentation.noise_snr=[10, 30]"])
    assert noisy.augmentation.noise_snr == (10, 30)
    assert recipe_from_values(noisy.model_dump(mode="json"), where="a model") == noisy


def as_toml(values):
    sections = {key: value for key, value in values.items() if isinstance(value, dict)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items() if key not in sections]
    for name, section in sections.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in section.items())]
    text = "\n".join(lines)
    assert tomllib.loads(text).keys() == values.keys()
    return text


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("optimizer.learning_rate=3e-5", "optimizer.learning_rate", 3e-5),
        ("optimizer.learning_rate = 1", "optimizer.learning_rate", 1.0),
        ("training.class_weights=true", "training.class_weights", True),
        ("audio_encoder.name=facebook/hubert-base-ls960", "audio_encoder.name", "facebook/hubert-base-ls960"),
        ('audio_encoder.name="tiny"', "audio_encoder.name", "tiny"),
        ("audio_encoder.name=a=b", "audio_encoder.name", "a=b"),
        ("audio_encoder.layer_drop=0.05", "audio_encoder.layer_drop", 0.05),
        ("audio_encoder.spec_augment=false", "audio_encoder.spec_augment", False),
        ('classes=["a", "b"]', "classes", ("a", "b")),
        ("title=Mine, with fusion", "title", "Mine, with fusion"),
        ("augmentation.noise_snr=[10,30]", "augmentation.noise_snr", (10.0, 30.0)),
        ("augmentation.noise_snr=[-5, -5]", "augmentation.noise_snr", (-5.0, -5.0)),
    ],
)
def test_overrides(override, path, value):
    found = read_recipe("paper", [override])
    for name in path.split("."):
        found = getattr(found, name)
    assert found == value


def test_the_last_of_several_overrides_holds():
    assert read_recipe("paper", ["training.epochs=3", "training.epochs=4"]).training.epochs == 4


def test_a_recipe_is_frozen():
    with pytest.raises(ValueError, match="Instance is frozen"):
        read_recipe("paper").training.epochs = 3


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epochs", r"--set epochs: need key=value, for example optimizer\.learning_rate=3e-5"),
        ("=3", r"--set =3: need key=value"),
        ("training.epochs.more=3", r"--set training\.epochs\.more=3: epochs is a value, not a section"),
        ("training.epoch=3", r"recipe paper: 1 problem\(s\)\n  training\.epoch: Extra inputs .*\(got 3\)"),
        ("trainin.epochs=3", r"trainin: Extra inputs are not permitted \(got \{'epochs': 3\}\)"),
        ("training.epochs=0", r"training\.epochs: Input should be greater than 0 \(got 0\)"),
        ("training.epochs=2.5", r"training\.epochs: .*integer.* \(got 2\.5\)"),
        ("training.epochs=many", r"training\.epochs: .*integer.* \(got 'many'\)"),
        ("optimizer.learning_rate=nan", r"optimizer\.learning_rate: .*finite.* \(got nan\)"),
        ("optimizer.learning_rate=-1e-5", r"optimizer\.learning_rate: .*greater than 0 \(got -1e-05\)"),
        ("audio_features.dropout=1", r"audio_features\.dropout: .*less than 1 \(got 1\)"),
        ("schedule.factor=1", r"schedule\.factor: .*less than 1 \(got 1\)"),
        ("schedule.patience=-1", r"schedule\.patience: .*greater than or equal to 0 \(got -1\)"),
        ("cross_modal_attention.scale=e", r"cross_modal_attention\.scale: .*'sqrt_d' or 'd' \(got 'e'\)"),
        ("text_encoder.freeze=feature-encoder", r"freeze: .*'all' or 'nothing' \(got 'feature-encoder'\)"),
        ("system=video", r"system video: there is none; choose one of audio, .*cross-modal, "),
        ('classes=["a", "a"]', r"classes \['a', 'a'\]; need at least two, each once"),
        ('classes=["a"]', r"classes \['a'\]; need at least two"),
        ("augmentation.noise_snr=[30, 10]", r"augmentation: .*noise_snr \[30\.0, 10\.0\]; want the lower bound first"),
        ("augmentation.noise_snr=[10]", r"augmentation\.noise_snr\.1: Field required"),
        ("augmentation.noise_snr=[10, inf]", r"augmentation\.noise_snr\.1: .*finite.* \(got inf\)"),
        ("augmentation.speed=2", r"augmentation\.noise_snr: Field required\n  augmentation\.speed: Extra inputs"),
    ],
)
def test_an_override_that_is_refused(override, message):
    with pytest.raises(ConfigError, match=message):
        read_recipe("paper", [override])


def test_all_problems_stand_in_one_message():
    overrides = ["training.epochs=0", "optimizer.momentum=0.9", "audio_features.num_filters=many"]
    with pytest.raises(ConfigError) as caught:
        read_recipe("paper", overrides)
    first, *problems = str(caught.value).splitlines()
    assert first == "recipe paper: 3 problem(s)"
    assert sorted(problem.split(":")[0].strip() for problem in problems) == [
        "audio_features.num_filters",
        "optimizer.momentum",
        "training.epochs",
    ]


def test_a_missing_key_is_named():
    values = read_recipe("text-only").model_dump(exclude_none=True)
    del values["training"]["epochs"], values["title"]
    with pytest.raises(ConfigError, match=r"recipe here: 2 problem\(s\)\n  title: Field required\n  training\.epo"):
        recipe_from_values(values, where="here")


@pytest.mark.parametrize(
    ("system", "problems"),
    [
        ("audio", ["text_encoder is of no use", "text_projection is of no use", "cross_modal_attention is of no use"]),
        ("text", ["audio_encoder is of no use", "audio_features is of no use", "cross_modal_attention is of no use"]),
    ],
)
def test_sections_that_the_system_does_not_have(system, problems):
    with pytest.raises(ConfigError) as caught:
        read_recipe("paper", [f"system={system}"])
    assert all(f"{problem} to the {system} system" in str(caught.value) for problem in problems)


def test_noise_on_sounds_is_of_no_use_to_a_system_that_does_not_hear():
    with pytest.raises(ConfigError, match="augmentation is of no use to the text system"):
        read_recipe("text-only", ["augmentation.noise_snr=[10, 30]"])


def test_two_sections_for_one_part():
    frames = ["frames.kind=mfcc", "frames.size=13", "frames.standardise=training"]
    told = "audio_encoder and frames are both given; the audio system takes one of them$"
    with pytest.raises(ConfigError, match=told):
        read_recipe("audio-only", frames)


def test_sections_that_the_system_lacks():
    lacking = "cross_modal_attention is missing from the cross-modal system; text_encoder or words is missing from .*"
    with pytest.raises(ConfigError, match=lacking):
        read_recipe("audio-only", ["system=cross-modal"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bad.toml", b"name = ", r"bad\.toml: does not parse: "),
        ("bad.json", b"{", r"bad\.json: does not parse: "),
        ("bad.toml", b"\xff", r"bad\.toml: does not parse: .*0xff"),
        ("list.json", b"[1, 2]", r"list\.json: got \[1, 2\]; want an object of sections"),
    ],
)
def test_a_file_that_is_no_recipe(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        read_recipe(str(tmp_path / name), ["training.epochs=3"])


def test_a_recipe_that_does_not_exist(tmp_path):
    with pytest.raises(
        ConfigError, match=r"recipe papre: neither a packaged recipe nor a file; packaged are ablation-"
    ):
        read_recipe("papre")
    with pytest.raises(ConfigError, match="neither a packaged recipe nor a file"):
        read_recipe(str(tmp_path))


def test_values_that_are_no_recipe():
    with pytest.raises(ConfigError, match=r"recipe model: 1 problem\(s\)\n  Input should be a valid dictionary"):
        recipe_from_values(None, where="model")


# The numbers of a system's own


def test_numbers_of_a_system_reach_it_as_what_it_wants():
    recipe = read_recipe("demo-lstm-attention", ["model.dropout=0", 'model.dense_size="16"'])
    assert recipe.numbers["dense_size"] == 16 and type(recipe.numbers["dropout"]) is float
    assert recipe.numbers.keys() == {"dense_size", "lstm_size", "dropout"}
    stored = recipe_from_values(recipe.model_dump(mode="json"), where="a model")
    assert stored == recipe and stored.numbers == recipe.numbers
    assert read_recipe("paper").numbers == {}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.dropout=1", r"model\.dropout: Input should be less than 1 \(got 1\)"),
        ("model.dense_size=0", r"model\.dense_size: Input should be greater than 0 \(got 0\)"),
        ("model.depth=3", r"model\.depth: Extra inputs are not permitted \(got 3\)"),
        ("model={lstm_size = 8}", r"model\.dense_size: Field required; model\.dropout: Field required"),
        ("model=3", r"model: Input should be a valid .*\(got 3\)"),
    ],
)
def test_numbers_that_a_system_does_not_take(override, message):
    with pytest.raises(ConfigError, match=message):
        read_recipe("lstm-attention", [override])


def test_numbers_for_a_system_that_has_none():
    with pytest.raises(ConfigError, match=r"model\.depth: Extra inputs are not permitted \(got 3\)"):
        read_recipe("paper", ["model.depth=3"])


# Models that are older than a key


SINCE = {
    "audio_encoder": ("layers",),
    "text_encoder": ("layers",),
    "audio_features": ("recurrence",),
    "cross_modal_attention": ("directions", "cma_1_keys"),
}


@pytest.mark.parametrize("name", ["paper", "audio-only", "text-only"])
@pytest.mark.parametrize("with_none", [True, False])
def test_a_recipe_older_than_its_keys_means_what_it_meant(name, with_none):
    recipe = read_recipe(name)
    older = recipe.model_dump(mode="json", exclude_none=not with_none)
    del older["pooling"]
    for section, keys in SINCE.items():
        for key in keys if older.get(section) else ():
            del older[section][key]
    assert stored_recipe(older, where="a model") == recipe


@pytest.mark.parametrize("name", ["lstm-attention", "probe-audio"])
def test_a_system_that_does_not_pool_by_choice_gets_no_choice(name):
    recipe = read_recipe(name)
    assert stored_recipe(recipe.model_dump(mode="json", exclude_none=True), where="a model") == recipe


def test_what_a_stored_recipe_says_stays():
    overrides = ["pooling.kind=mean", "cross_modal_attention.directions=cma-1", "audio_features.recurrence=none"]
    recipe = read_recipe("paper", [*overrides, "text_encoder.layers=weighted"])
    assert stored_recipe(recipe.model_dump(mode="json"), where="a model") == recipe


def test_a_stored_recipe_that_is_none_gives_advice():
    with pytest.raises(CheckpointError, match=r"(?s)recipe here: 1 problem.*config\.json was changed, or another"):
        stored_recipe("paper", where="here")
