"""The card of a run: all folds, what they were made of, and no more than the folder says."""

import shutil

import pytest
from huggingface_hub import ModelCard
from invented_runs import Invention, change_json, easy_manifest, invent_run

from emoduet.cards.run_card import run_card, write_run_card
from emoduet.runs import assess_run, read_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("run")
    manifest = easy_manifest(place / "corpus")
    return invent_run(place / "run", manifest, Invention(seeds=(0, 1), wrong=(1, 4, 7), synthetic=False))


def card_of(folder):
    run = read_run(folder)
    return run_card(run, assess_run(run))


def test_a_run_in_full(folder):
    card = card_of(folder)
    for told in (
        "\n# Emotion from words: angry, happy, neutral, sad (a run)\n\n",
        '\nA run of the recipe "BERT fine-tuning (Ours)" with emoduet: 3 of 3 folds, ',
        "emoduet: 3 of 3 folds, seeds 0, 1. Its figures are of the recipe, each fold answered by a model that did not ",
        "\n| tested | 24 | 6 | 6 | 6 | 6 | 6 (6 F) |\n",
        "\n- fold 1, test S1: 8 train, 8 validate, 8 are tested\n",
        "\n- protocol: loso\n",
        "\n- versions: emoduet: 0.1.0; torch: 2.9.0\n",
        "Of 24 utterances that did not train; intervals at 95 % over 6 speakers; 2 seeds, mean ± deviation.\n\n- UA ",
        "\n- UA of the baseline majority: ",
        "\n## What could leak\n- ",
        "\n## Robustness\nNot measured; ",
    ):
        assert told in card
    assert "The models are in" not in card and "quoted with" not in card


def test_its_head_is_the_hubs(folder):
    read = ModelCard(card_of(folder)).data
    assert {one.dataset_name for one in read.eval_results} == {"easy.jsonl, loso"}
    assert read.license == "unknown" and read.pipeline_tag == "text-classification"


def test_marks_are_told_and_keep_numbers_out_of_the_head(tmp_path, folder):
    copy = shutil.copytree(folder, tmp_path / "copy")
    for metrics in copy.glob("fold*/metrics.json"):
        change_json(metrics, note="test data in the loop", synthetic_corpus=True)
    card = card_of(copy)
    assert "**To be quoted with: test data in the loop; synthetic corpus: means nothing about people.**" in card
    assert "- **synthetic corpus: this model knows nothing about people**" in card
    assert ModelCard(card).data.eval_results is None


def test_no_validation_takes_nothing_from_a_figure(tmp_path, folder):
    copy = shutil.copytree(folder, tmp_path / "copy")
    for metrics in copy.glob("fold*/metrics.json"):
        change_json(metrics, note="no validation: fixed epochs")
    card = card_of(copy)
    assert "quoted with" not in card and ModelCard(card).data.eval_results


def test_a_run_that_goes_on_says_which_folds_are_missing_and_where_its_models_are(tmp_path, folder):
    copy = shutil.copytree(folder, tmp_path / "copy")
    for place in copy.glob("fold[23]-*"):
        shutil.rmtree(place)
    shutil.rmtree(copy / "fold1-seed1")
    (copy / "fold1-seed0" / "checkpoint").mkdir()
    (copy / "audit.json").unlink()
    card = card_of(copy)
    assert "1 of 3 folds, seed 0. Its figures" in card and "The models are in `fold1-seed0/checkpoint`." in card
    assert (
        "\n- fold 1, test S1: 8 train, 8 validate, 8 are tested\n- fold 2, test S2: 8 train, 8 validate, 8 are te"
        in card
    )
    assert card.count("(not finished)") == 2
    assert "\n## What could leak\nNot looked for.\n" in card


def test_it_is_written_into_the_folder(tmp_path, folder):
    copy = shutil.copytree(folder, tmp_path / "copy")
    run = read_run(copy)
    write_run_card(copy, assess_run(run))
    assert (copy / "README.md").read_text(encoding="utf-8") == run_card(run, assess_run(run))
