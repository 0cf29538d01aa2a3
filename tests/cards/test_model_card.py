"""The model card: its conditions in words, and what it must not be used for."""

import re

import pytest
from easy_corpus import small_recipe
from huggingface_hub import EvalResult, ModelCard

from emoduet.cards.model_card import (
    ELSEWHERE,
    NOT_MEASURED,
    PROHIBITED_USE,
    RESPONSIBLE_USE,
    ROBUSTNESS,
    Facts,
    model_card,
    with_section,
)
from emoduet.confidence import Confidence, Lengths, Point
from emoduet.config import read_recipe
from emoduet.sureness import Sureness


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
    assert "## Trained on\n- **synthetic corpus: this model knows nothing about people**\n\n- seed: 3" in card


def test_what_it_abstains_from_is_said_with_its_caution():
    confidence = Confidence(40, (Point(0.9125, 0.5, 0.1), Point(0.75, 0.875, 0.2), Point(0.4, 1.0, 0.225)))
    card = model_card(small_recipe(), {}, Sureness(1.5, confidence))
    assert "## When it is unsure\nGiven a risk (`emoduet predict --risk 0.1`), it abstains where" in card
    assert "Of its answers to 40 validation utterances, 22.5 % are wrong if none is withheld." in card
    assert "\n- risk 5 %: no threshold keeps it; the lowest risk is 10 %\n- risk 10 %: answers from 0.912 up" in card
    assert (
        "which are 50 % of all; 10 % of them are wrong, 2 of 20, so that the true share may be as high as 28.3 %"
        in card
    )
    assert (
        "- risk 20 %: answers from 0.750 upwards, which are 87.5 % of all; 20 % of them are wrong, 7 of 35, so" in card
    )
    assert "the one-sided 95 % bound of Clopper and Pearson, which takes the threshold for one fixed beforehand" in card
    assert "the same utterances had served the training before" in card


def test_each_way_to_ask_it_has_figures_of_its_own():
    one, other = (Confidence(count, (Point(0.5, 1.0, 0.0),)) for count in (12, 1200))
    card = model_card(small_recipe(), {}, Sureness(1.5, one, {"audio": Sureness(2.0, other), "text": Sureness(1.0)}))
    assert "Of its answers to 12 validation utterances with sound and words, 0 % are wrong if none is withheld." in card
    assert "0 of 12, so that the true share may be as high as 22.1 %" in card
    assert "Of its answers to 1200 validation utterances with sound alone, 0 % are wrong" in card
    assert "0 of 1,200, so that the true share may be as high as 0.249 %" in card
    assert "with words alone" not in card and card.count("it abstains where") == card.count("are optimistic") == 1


def test_a_model_that_cannot_abstain_says_so():
    card = model_card(small_recipe(), {"seed": 3})
    assert "## When it is unsure\nIt cannot abstain, and takes no risk: no validation answers tell" in card
    assert "optimistic" not in card and "lengths heard" not in card


def test_the_lengths_it_heard_are_said_where_it_says_what_it_was_trained_on():
    card = model_card(small_recipe(), {"seed": 3}, lengths=Lengths(0.58, 3.449, 11.25, 34.14))
    told = "- lengths heard: from 0.6 to 34.1 s, half of them up to 3.4 s and 95 % up to 11.2 s; longer ones are new to"
    assert f"- seed: 3\n{told} it and best cut at pauses\n\n## Scores" in card


def section(card, heading):
    return re.search(rf"\n## {re.escape(heading)}\n(.*?)(?=\n\n## |\n$)", card, re.DOTALL)[1]


def test_every_card_has_these_sections_in_this_order():
    headings = [
        *("Intended use", "Prohibited use", "Trained on", "Scores", "Groups", "Calibration", "When it is unsure"),
        *("Robustness", "Other precisions and engines", "Limits", "Responsible use", "Licence"),
    ]
    card = model_card(small_recipe(), {"seed": 3})
    assert re.findall(r"^## (.*)$", card, re.MULTILINE) == headings
    assert section(card, "Prohibited use") == PROHIBITED_USE and "employees" in PROHIBITED_USE
    assert "from speech and its words, which of 4 labels raters would agree on" in section(card, "Intended use")


def test_what_was_not_measured_is_not_claimed():
    card = model_card(small_recipe(), {"seed": 3})
    assert {section(card, name) for name in ("Scores", "Groups", "Calibration")} == {"Not measured."}
    assert section(card, ROBUSTNESS) == NOT_MEASURED[ROBUSTNESS]
    assert section(card, ELSEWHERE) == NOT_MEASURED[ELSEWHERE]
    head = ModelCard(card).data.to_dict()
    assert "model-index" not in head and "base_model" not in head and head["license"] == "unknown"


def test_what_was_measured_stands_in_its_section_and_in_the_head():
    result = EvalResult("audio-classification", "manifest", "c.jsonl", "recall", 0.71, metric_name="UA")
    facts = Facts("| a table |", "UA 71.0", "no gap", "ECE 2 %", (result,), ("facebook/hubert-base-ls960",))
    card = model_card(small_recipe(), {"synthetic_corpus": True}, facts=facts)
    assert [section(card, name) for name in ("Scores", "Groups", "Calibration")] == ["UA 71.0", "no gap", "ECE 2 %"]
    assert "\n\n| a table |\n\n- synthetic corpus: True\n" in card
    read = ModelCard(card).data
    assert read.base_model == ["facebook/hubert-base-ls960"] and read.library_name == "emoduet"
    (found,) = read.eval_results
    assert (found.metric_value, found.metric_name, found.dataset_name) == (0.71, "UA", "c.jsonl")
    assert read.model_name == "Emotion from speech and its words: angry, happy, neutral, sad"


def test_limits_are_those_of_what_it_takes():
    assert "recognised words are wrong in places" in model_card(small_recipe("demo-text-only"), {})
    of_sound = section(model_card(small_recipe("demo-audio-only"), {}), "Limits")
    assert "recognised words" not in of_sound and "angry, happy, neutral, sad and nothing else" in of_sound


def test_one_section_is_written_anew_and_the_rest_stays():
    card = model_card(small_recipe(), {"seed": 3}).replace("## Limits\n", "## Limits\n- mine\n")
    changed = with_section(card, ROBUSTNESS, "- clean: UA 71")
    assert section(changed, ROBUSTNESS) == "- clean: UA 71"
    assert changed.replace("- clean: UA 71", NOT_MEASURED[ROBUSTNESS]) == card
    assert with_section(changed, ROBUSTNESS, NOT_MEASURED[ROBUSTNESS]) == card


def test_the_last_section_and_one_that_is_gone():
    assert with_section("# A\n\n## Z\nold\n", "Z", "new") == "# A\n\n## Z\nnew\n"
    assert with_section("# A\n\n## Z\nold\n", "Y", "new") == "# A\n\n## Z\nold\n"
