"""Integrated gradients: complete, like an oracle's, and through every form of encoder."""

import builtins

import numpy as np
import pytest
import torch
from easy_corpus import WORDS, small_recipe
from little_models import write_model, write_recordings
from planted import KEY_SPANS, KEYS, evident, utterance
from small_encoders import SENTENCES, save_text_encoder

from emoduet.build import Model, build_model, restore_model
from emoduet.errors import InputError
from emoduet.explaining import gradients
from emoduet.explaining.deletion import read_subject
from emoduet.explaining.gradients import check_differentiable, integrated
from emoduet.systems.inputs import Inputs
from emoduet.types import Utterance


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> str:
    return write_recordings(tmp_path_factory.mktemp("calls"), 2)[1]


def probability(model: Model, inputs: Inputs, target: int) -> float:
    with torch.no_grad():
        return torch.softmax(model.system.eval()(inputs).double() / model.temperature, dim=1)[0, target].item()


def shaken(model: Model) -> Model:
    """Random weights answer nearly all alike; a louder last layer does not."""
    with torch.no_grad():
        model.system.classifier.weight *= 10
        model.system.classifier.bias.zero_()
    model.system.eval().requires_grad_(False)
    return model


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
def test_scores_of_words_sum_to_what_masking_them_all_takes_away(tmp_path, family, monkeypatch):
    """Through the packed form and the plain one; RoBERTa numbers positions by its padding token."""
    monkeypatch.setattr(gradients, "STEPS", 64)
    torch.manual_seed(0)
    save_text_encoder(tmp_path / family, family)
    recipe = small_recipe("demo-text-only", f"text_encoder.name={tmp_path / family}")
    model = shaken(build_model(recipe, SENTENCES))
    model.reader.tokenizer.mask_token = "[SEP]" if family != "roberta" else "<unk>"
    subject = read_subject(model, Utterance(id="u", transcript="oh no leave me"))
    found = integrated(model, subject, target=1)
    whole = probability(model, subject.inputs, 1)
    masked = probability(model, subject.without_words(np.zeros(4, dtype=bool)), 1)
    assert abs(whole - masked) > 0.005
    assert found.difference == pytest.approx(whole - masked, abs=1e-5)
    assert found.found == pytest.approx(whole - masked, abs=0.02 * abs(whole - masked) + 1e-4)
    assert found.words.sum() == pytest.approx(found.found, abs=1e-6)  # nothing falls to the tokenizer's own tokens
    assert len(found.words) == 4 and len(found.spans) == 0
    assert found.baseline == "the mask token for every piece"


def test_vectors_of_zeros_where_there_is_no_mask_token(tmp_path):
    save_text_encoder(tmp_path / "roberta", "roberta")
    model = shaken(build_model(small_recipe("demo-text-only", f"text_encoder.name={tmp_path / 'roberta'}"), SENTENCES))
    subject = read_subject(model, Utterance(id="u", transcript="oh no"))
    found = integrated(model, subject, target=1)
    assert found.baseline == "vectors of zeros for every word" and np.isfinite(found.words).all()


def test_scores_are_those_of_a_loop_from_the_equation(tmp_path):
    """Sound and words at once, by the midpoint rule over many more steps."""
    model = evident()
    spoken = utterance(tmp_path)
    subject = read_subject(model, spoken)
    found = integrated(model, subject, target=0, seed=5)
    (waveform,), (tokens,) = subject.inputs.waveforms, subject.inputs.tokens
    word = torch.zeros(len(tokens))
    word[[subject.pieces[key][0] for key in KEYS]] = 1
    wanted = np.zeros(2)
    for draw in range(gradients.NOISES):
        noise = torch.from_numpy(np.random.default_rng((5, draw)).standard_normal(len(waveform))).float()
        noise = noise * waveform.std(correction=0)
        given = [(waveform, noise), (word, torch.zeros_like(word))]
        for step in range(400):
            at = [(base + (one - base) * (step + 0.5) / 400).requires_grad_() for one, base in given]
            evidence = 16 * at[0][32_000:48_000].abs().mean() + at[1].sum() - 4
            sound, words = torch.autograd.grad(torch.sigmoid(evidence - np.log(3)), at)
            wanted[0] += ((waveform - noise) * sound).sum().item() / 400 / gradients.NOISES
            wanted[1] += (word * words).sum().item() / 400 / gradients.NOISES
    assert found.spans[[*KEY_SPANS]].sum() == pytest.approx(wanted[0], abs=2e-3)
    assert found.words[[*KEYS]].sum() == pytest.approx(wanted[1], abs=2e-3)
    assert found.found == pytest.approx(found.difference, abs=2e-3)
    assert not np.delete(found.words, KEYS).any() and not np.delete(found.spans, KEY_SPANS).any()


def test_both_halves_of_a_trained_layout_are_complete(tmp_path, sound, monkeypatch):
    """A normalising encoder: from noise the sum is found, where from silence it is not."""
    monkeypatch.setattr(gradients, "STEPS", 64)
    model = shaken(restore_model(write_model(tmp_path / "m")))
    subject = read_subject(model, Utterance(id="u", audio=sound, transcript="no stop it"))
    found = integrated(model, subject, target=2)
    assert abs(found.difference) > 0.02
    assert found.found == pytest.approx(found.difference, abs=0.1 * abs(found.difference))
    assert found.spans.sum() + found.words.sum() == pytest.approx(found.found, abs=1e-6)
    assert found.baseline == "white noise as loud as the utterance (2 draws) and the mask token for every piece"


def test_the_model_is_as_before(tmp_path, sound):
    model = shaken(restore_model(write_model(tmp_path / "m")))
    subject = read_subject(model, Utterance(id="u", audio=sound, transcript="no stop it"))
    table, before = model.encoders.text.model.get_input_embeddings(), probability(model, subject.inputs, 0)
    integrated(model, subject, target=0)
    assert model.encoders.text.model.get_input_embeddings() is table
    assert probability(model, subject.inputs, 0) == before
    assert not any(one.requires_grad for one in model.system.parameters())


def test_several_portions_have_the_gradients_of_one(tmp_path, sound, monkeypatch):
    """Where memory is short, a portion is computed again for its gradient, from the same vectors."""
    monkeypatch.setattr(gradients, "STEPS", 8)
    model = shaken(restore_model(write_model(tmp_path / "m")))
    subject = read_subject(model, Utterance(id="u", audio=sound, transcript="no stop it"))
    whole = integrated(model, subject, target=0)
    model.encoders.text.budget.rows = model.encoders.audio.budget.rows = 12
    cut = integrated(model, subject, target=0)
    np.testing.assert_allclose(cut.words, whole.words, atol=1e-6)
    np.testing.assert_allclose(cut.spans, whole.spans, atol=1e-6)


def test_long_sounds_are_taken_one_at_a_time(sound, tmp_path, monkeypatch):
    """Gradients of eight copies of an utterance at once would fill the memory."""
    monkeypatch.setattr(gradients, "STEPS", 8)
    model = shaken(restore_model(write_model(tmp_path / "m", "demo-audio-only")))
    seen = []
    model.system.register_forward_pre_hook(lambda _, given: seen.append(len(given[0].waveforms)))
    subject = read_subject(model, Utterance(id="u", audio=sound))
    whole = integrated(model, subject, target=0)
    assert max(seen) == 8
    seen.clear()
    monkeypatch.setattr(gradients, "SAMPLES_AT_ONCE", len(subject.inputs.waveforms[0]) + 1)
    cut = integrated(model, subject, target=0)
    assert max(seen) <= 2  # captum answers both ends of the way together
    np.testing.assert_allclose(cut.spans, whole.spans, atol=1e-6)


def test_memory_that_does_not_suffice_is_told():
    def attribute(**_: object):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes")

    with pytest.raises(
        InputError, match=r"memory does not suffice for 2\.0 s at once; explain a shorter part, or by occ"
    ):
        gradients._attributed(attribute, 32_000, 1)

    def other(**_: object):
        raise RuntimeError("sizes do not fit")

    with pytest.raises(RuntimeError, match="sizes do not fit"):
        gradients._attributed(other, 32_000, 1)


def test_without_captum_the_extra_is_named(monkeypatch):
    found = builtins.__import__

    def lacking(name: str, *rest: object) -> object:
        if name.startswith("captum"):
            raise ImportError("No module named 'captum'")
        return found(name, *rest)

    model = build_model(small_recipe("demo-text-only"), WORDS)
    monkeypatch.setattr(builtins, "__import__", lacking)
    told = r"integrated gradients need captum \(No module named 'captum'\): pip install \"emoduet\[explain\]\""
    with pytest.raises(InputError, match=told):
        check_differentiable(model, "fp32")


def test_recurrence_keeps_its_gradient_on_a_gpu():
    with gradients._differentiable_recurrence(torch.device("cuda")):
        assert not torch.backends.cudnn.enabled
    with gradients._differentiable_recurrence(torch.device("cpu")):
        assert torch.backends.cudnn.enabled
