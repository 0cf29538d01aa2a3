"""Classifiers of transformers answer as its own pipelines do, and what is none is refused before it answers."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_classifiers import AUDIO, CARD, SUPERB, TEXT, save_audio_classifier, save_text_classifier
from transformers import pipeline

from emoduet.pretrained.classification import load_audio_classifier, load_text_classifier

FAILING_ON_ONE_FRAME = ("sew", "wav2vec2-bert")
TEXTS = ["oh no i hate this", "", "what a lovely day", "<pad> please"]


def sounds() -> list[np.ndarray]:
    """The shortest that is taken, a longer one, and one longer than the small spectrograms of the tests."""
    generator = np.random.default_rng(0)
    return [generator.normal(0.02, scale, number).astype(np.float32) for scale, number in
            ((0.1, 400), (0.2, 7_001), (0.05, 40_000))]  # fmt: skip


def change_preprocessor(folder: Path, **settings: object) -> None:
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def heard(folder: Path) -> torch.Tensor:
    with torch.no_grad():
        return load_audio_classifier(str(folder))([torch.from_numpy(one) for one in sounds()]).exp()


def read(folder: Path, texts: list[str]) -> torch.Tensor:
    classifier, tokenizer = load_text_classifier(str(folder))
    with torch.no_grad():
        return classifier([torch.tensor(tokenizer(text, truncation=True)["input_ids"]) for text in texts]).exp()


def of_pipeline(answers: list[list[dict]], labels: tuple[str, ...]) -> list[list[float]]:
    by_label = [{one["label"]: one["score"] for one in answer} for answer in answers]
    return [[answer[label] for label in labels] for answer in by_label]


# Parity


@pytest.mark.parametrize("family", AUDIO)
def test_sound_is_classified_as_by_the_pipeline(tmp_path, family):
    save_audio_classifier(tmp_path, family)
    piped = pipeline("audio-classification", model=str(tmp_path), device="cpu")
    first = int(family in FAILING_ON_ONE_FRAME)
    wanted = of_pipeline([piped(sound, top_k=None) for sound in sounds()[first:]], SUPERB)
    assert heard(tmp_path)[first:].tolist() == [pytest.approx(row, abs=1e-5) for row in wanted]
    assert np.ptp(wanted, axis=0).max() > 0.01, "the sounds are not told apart"


@pytest.mark.parametrize(
    "settings", [{"use_weighted_layer_sum": True}, {"problem_type": "multi_label_classification"}], ids=str
)
def test_a_setting_of_the_head_is_kept_to(tmp_path, settings):
    save_audio_classifier(tmp_path / "with", **settings)
    save_audio_classifier(tmp_path / "without")
    piped = pipeline("audio-classification", model=str(tmp_path / "with"), device="cpu")
    wanted = of_pipeline([piped(sound, top_k=None) for sound in sounds()], SUPERB)
    found = heard(tmp_path / "with")
    assert found.tolist() == [pytest.approx(row, abs=1e-5) for row in wanted]
    assert (found - heard(tmp_path / "without")).abs().max() > 0.01


@pytest.mark.parametrize("normalises", [True, False])
def test_waveforms_are_normalised_as_the_extractor_says(tmp_path, normalises):
    save_audio_classifier(tmp_path, "wav2vec2-layer")
    change_preprocessor(tmp_path, do_normalize=normalises, return_attention_mask=True)
    piped = pipeline("audio-classification", model=str(tmp_path), device="cpu")
    wanted = of_pipeline([piped(sound, top_k=None) for sound in sounds()], SUPERB)
    assert heard(tmp_path).tolist() == [pytest.approx(row, abs=1e-5) for row in wanted]


@pytest.mark.parametrize("family", FAILING_ON_ONE_FRAME)
def test_a_sound_of_one_frame_gets_silence_behind_it(tmp_path, family):
    save_audio_classifier(tmp_path, family)
    classifier, sound = load_audio_classifier(str(tmp_path)), torch.from_numpy(sounds()[0])
    with torch.no_grad():
        padded = classifier([torch.cat([sound, torch.zeros(320)])])
        assert torch.equal(classifier([sound]), padded) and padded.isfinite().all()


@pytest.mark.parametrize("family", ["wav2vec2-layer", "wavlm"])
def test_a_mask_that_hides_nothing_changes_nothing(tmp_path, family):
    save_audio_classifier(tmp_path, family)
    without = heard(tmp_path)
    change_preprocessor(tmp_path, return_attention_mask=True)
    assert torch.equal(heard(tmp_path), without)


@pytest.mark.parametrize("family", TEXT)
def test_text_is_classified_as_by_the_pipeline(tmp_path, family):
    save_text_classifier(tmp_path, family)
    piped = pipeline("text-classification", model=str(tmp_path), device="cpu")
    labels = load_text_classifier(str(tmp_path))[0].labels
    wanted = of_pipeline([piped(text, top_k=None) for text in TEXTS], labels)
    assert read(tmp_path, TEXTS).tolist() == [pytest.approx(row, abs=1e-5) for row in wanted]
    assert np.ptp(wanted, axis=0).max() > 0.01, "the texts are not told apart"


def test_labels_side_by_side_have_probabilities_of_their_own(tmp_path):
    save_text_classifier(tmp_path, problem_type="multi_label_classification")
    piped = pipeline("text-classification", model=str(tmp_path), device="cpu")
    labels = load_text_classifier(str(tmp_path))[0].labels
    wanted = of_pipeline([piped(text, top_k=None) for text in TEXTS], labels)
    assert read(tmp_path, TEXTS).tolist() == [pytest.approx(row, abs=1e-5) for row in wanted]
    assert all(abs(sum(row) - 1) > 0.1 for row in wanted)


@pytest.mark.parametrize("family", AUDIO)
def test_a_sound_alone_is_answered_as_in_any_batch(tmp_path, family):
    save_audio_classifier(tmp_path, family)
    classifier, given = load_audio_classifier(str(tmp_path)), [torch.from_numpy(one) for one in sounds()]
    with torch.no_grad():
        assert torch.equal(classifier(given), torch.cat([classifier([one]) for one in given]))


def test_a_text_alone_is_answered_as_in_any_batch(tmp_path):
    save_text_classifier(tmp_path)
    assert torch.equal(read(tmp_path, TEXTS), torch.cat([read(tmp_path, [text]) for text in TEXTS]))


# What comes with it


@pytest.mark.parametrize(("family", "longest"), [("bert", 24), ("roberta", 24), ("distilbert", 24)])
def test_a_long_text_is_cut_at_the_longest_input(tmp_path, family, longest):
    """RoBERTa's 26 positions begin at 2."""
    save_text_classifier(tmp_path, family)
    _, tokenizer = load_text_classifier(str(tmp_path))
    assert len(tokenizer("oh no " * 5_000, truncation=True, verbose=False)["input_ids"]) == longest
    assert read(tmp_path, ["oh no " * 500]).shape == (1, 7)


@pytest.mark.parametrize(("family", "longest"), [("hubert", None), ("ast", 0.64), ("whisper", 2)])
def test_how_much_of_a_sound_is_listened_to(tmp_path, family, longest):
    save_audio_classifier(tmp_path, family)
    classifier = load_audio_classifier(str(tmp_path))
    assert classifier.longest == longest
    sound = torch.from_numpy(sounds()[2])
    changed = sound.clone()
    changed[36_000:] *= -3
    with torch.no_grad():
        assert torch.equal(*(classifier([one]) for one in (sound, changed))) is (longest is not None)


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        (CARD.format("apache-2.0"), "apache-2.0"),
        (CARD.format("other\nlicense_name: openrail-of-theirs"), "openrail-of-theirs"),
        (CARD.format("other\nlicense_link: LICENSE"), "LICENSE"),
        (CARD.format("other"), "other"),
        (CARD.format("[mit, cc-by-nc-4.0]"), "mit, cc-by-nc-4.0"),
        ("---\ntags: [audio]\n---\n", "not stated"),
        ("---\n---\n", "not stated"),
        ("---\n- a list\n---\n", "not stated"),
        ("---\na: [broken\n---\n", "not stated"),
        ("# A card without metadata\n", "not stated"),
        ("", "not stated"),
    ],
)
def test_the_licence_is_what_the_card_states(tmp_path, card, licence):
    assert load_text_classifier(str(save_text_classifier(tmp_path, card=card)))[0].licence == licence


def test_weights_of_half_precision_are_computed_in_float32_and_do_not_train(tmp_path):
    save_audio_classifier(tmp_path)
    weights = {name: one.half() for name, one in load_file(tmp_path / "model.safetensors").items()}
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    classifier = load_audio_classifier(str(tmp_path))
    assert {weight.dtype for weight in classifier.parameters()} == {torch.float32}
    assert not any(weight.requires_grad for weight in classifier.parameters()) and not classifier.training
