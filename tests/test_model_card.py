"""The model card: its conditions in words, and what it must not be used for."""

import pytest
from easy_corpus import small_recipe

from emoduet.confidence import Confidence, Lengths, Point
from emoduet.config import read_recipe
from emoduet.model_card import RESPONSIBLE_USE, model_card


@pytest.mark.parametrize(
    ("name", "task", "title", "row"),
    [
        ("demo-paper", "audio-classification", "Emotion from speech and its words", "Proposed Approach"),
        ("demo-audio-only", "audio-classification", "Emotion from speech", "Wav2vec2.0+CNN+BLSTM (Ours)"),
        ("demo-text-only", "text-classification", "Emotion from words", "BERT fine-tuning (Ours)"),
    ],
)
def test_card(name, task, title, row):
    recipe = small_recipe(name)
    conditions = {"seed": 3, "sessions": {"train": ["S1", "S2"], "test": ("S3",)}, "synthetic_corpus": False}
    card = model_card(recipe, conditions)
    assert f"\npipeline_tag: {task}\n" in card
    assert f"\n# {title}: angry, happy, neutral, sad\n" in card
    assert f'model of the {recipe.system} system ("{row}" in the paper\'s tables), classes: angry, happy, n' in card
    assert "- seed: 3\n- sessions: train: S1, S2; test: S3\n- synthetic corpus: False\n" in card
    assert RESPONSIBLE_USE in card


@pytest.mark.parametrize(
    ("name", "of_paper"),
    [
        ("paper-frozen", True),
        ("lstm-attention", False),
        ("demo-lstm-attention", False),
        ("ablation-one-head", False),
        ("probe-text", False),
    ],
)
def test_only_the_papers_own_rows_are_called_so(name, of_paper):
    recipe = read_recipe(name)
    card = model_card(recipe, {})
    told = f'"{recipe.title}" in the paper\'s tables' if of_paper else f'"{recipe.title}"'
    assert f"model of the {recipe.system} system ({told}), classes" in card


@pytest.mark.parametrize(
    ("name", "overrides", "licence"),
    [
        ("demo-paper", [], "follows from the corpus it was trained on; check it before passing it on."),
        (
            "demo-paper",
            ["text_encoder.name=bert-base-uncased"],
            "and from what it started from\n(bert-base-uncased); check both before passing it on.",
        ),
        (
            "demo-paper",
            ["text_encoder.name=bert-base-uncased", "audio_encoder.name=facebook/hubert-base-ls960"],
            "it started from\n(facebook/hubert-base-ls960, bert-base-uncased); check both before passing it on.",
        ),
    ],
)
def test_a_licence_follows_from_what_came_from_elsewhere(name, overrides, licence):
    card = model_card(small_recipe(name, *overrides), {})
    assert card.endswith(f"{licence}\n")
    assert "tiny" not in card.split("## Licence")[1]


def test_word_vectors_have_a_licence_too():
    card = model_card(read_recipe("learned-alignment", ["words.vectors=embeddings/glove.840B.300d.txt"]), {})
    assert "it started from\n(glove.840B.300d.txt); check both before passing it on." in card


def test_a_synthetic_corpus_is_said_first():
    card = model_card(small_recipe(), {"seed": 3, "synthetic_corpus": True})
    assert "## Trained on\n- **synthetic corpus: this model knows nothing about people**\n- seed: 3" in card


def test_what_it_abstains_from_is_said_with_its_caution():
    confidence = Confidence(40, (Point(0.9125, 0.5, 0.1), Point(0.75, 0.875, 0.2), Point(0.4, 1.0, 0.225)))
    card = model_card(small_recipe(), {}, confidence)
    assert "## When it is unsure\nGiven a risk (`emoduet predict --risk 0.1`), it abstains where" in card
    assert "Of its answers to 40 validation utterances, 22.5 % are wrong if none is withheld." in card
    assert "\n- risk 5 %: no threshold keeps it; the lowest risk is 10 %\n- risk 10 %: answers from 0.912 up" in card
    assert "- risk 10 %: answers from 0.912 upwards, which are 50 % of all; 10 % of them are wrong\n" in card
    assert "- risk 20 %: answers from 0.750 upwards, which are 87.5 % of all; 20 % of them are wrong\n" in card
    assert "the same utterances had served the training before" in card


def test_a_model_that_cannot_abstain_says_so():
    card = model_card(small_recipe(), {"seed": 3})
    assert "## When it is unsure\nIt cannot abstain, and takes no risk: no validation answers tell" in card
    assert "optimistic" not in card and "lengths heard" not in card


def test_the_lengths_it_heard_are_said_where_it_says_what_it_was_trained_on():
    card = model_card(small_recipe(), {"seed": 3}, lengths=Lengths(0.58, 3.449, 11.25, 34.14))
    told = "- lengths heard: from 0.6 to 34.1 s, half of them up to 3.4 s and 95 % up to 11.2 s; longer ones are new to"
    assert f"- seed: 3\n{told} it and best cut at pauses\n\n## When" in card
