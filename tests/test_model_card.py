"""The model card: its conditions in words, and what it must not be used for."""

import pytest
from easy_corpus import small_recipe

from emoduet.model_card import RESPONSIBLE_USE, model_card


@pytest.mark.parametrize(
    ("name", "encoders"), [("demo-paper", "(tiny, tiny)"), ("demo-audio-only", "(tiny)"), ("demo-text-only", "(tiny)")]
)
def test_card(name, encoders):
    recipe = small_recipe(name)
    conditions = {"seed": 3, "sessions": {"train": ["S1", "S2"], "test": ("S3",)}, "synthetic_corpus": False}
    card = model_card(recipe, conditions)
    assert f"# {recipe.title}\n" in card
    assert "classes: angry, happy, neutral, sad" in card
    assert "- seed: 3\n- sessions: train: S1, S2; test: S3\n- synthetic corpus: False\n" in card
    assert RESPONSIBLE_USE in card and encoders in card


def test_a_synthetic_corpus_is_said_first():
    card = model_card(small_recipe(), {"seed": 3, "synthetic_corpus": True})
    assert "## Trained on\n- **synthetic corpus: this model knows nothing about people**\n- seed: 3" in card
