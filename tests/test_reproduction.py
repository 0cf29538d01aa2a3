"""The paper's own rows run again: its figures as printed, our lines beside them, what is written, and a kill."""

import csv
import io
import json
import sys
from dataclasses import asdict, replace

import pytest
from easy_corpus import write_easy_corpus
from small_runs import CPU, read_json

from emoduet import fold_run, training
from emoduet.errors import ConfigError, InputError
from emoduet.front_ends.pronunciation import pronunciations
from emoduet.paper_tables import PAPER_TABLES
from emoduet.reproduction import Reproduction, _recipes, reproduce
from emoduet.table_text import as_markdown

PRINTED = """
Table 1: multimodal
E-Vector [29]                        57.25
MCNN + LSTM [13]                     64.33
MCNN + phoneme embeddings [14]       68.50
H. Xu et al. [37]                    70.90
Cross-Modal Transformer [3]          72.82
Proposed Approach (no fine-tuning)   71.20
Proposed Approach                    74.71
Table 2: audio only
TDNN+LSTM [18]                       60.70
LSTM+Attn [28]                       58.80
Self-Attn+LSTM [3]                   55.60
Wav2vec2.0+CNN+BLSTM (Ours)          60.01
Table 2: text only
H. Xu et al. [2]                     57.80
Speech-Embedding [15]                60.40
Self-Attn+LSTM [3]                   65.90
BERT fine-tuning (Ours)              71.01
"""
OURS = {
    "Proposed Approach (no fine-tuning)": "paper-frozen",
    "Proposed Approach": "paper",
    "Wav2vec2.0+CNN+BLSTM (Ours)": "audio-only",
    "BERT fine-tuning (Ours)": "text-only",
}
OVERRIDES = ("training.epochs=1", "training.batch_size=8")


def test_the_papers_figures_as_printed():
    lines = []
    for table in PAPER_TABLES:
        lines += [table.title, *(f"{row.system:<36} {row.printed_ua:.2f}" for row in table.rows)]
    assert lines == PRINTED.strip().splitlines()
    rows = [row for table in PAPER_TABLES for row in table.rows]
    assert {row.system: row.recipe for row in rows if row.recipe and not row.cited} == OURS


def test_the_slips_of_citation_are_noted():
    notes = {(row.system, row.printed_ua): row.note for table in PAPER_TABLES for row in table.rows if row.note}
    assert notes.keys() == {("H. Xu et al. [37]", 70.90), ("H. Xu et al. [2]", 57.80), ("Speech-Embedding [15]", 60.40)}
    assert "Siriwardhana et al.; 70.90 is the figure of H. Xu et al., its [34]" in notes["H. Xu et al. [37]", 70.90]
    assert "[2], which is BERT; H. Xu et al. is its [34]" in notes["H. Xu et al. [2]", 57.80]


# A run of everything


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    return write_easy_corpus(folder, sessions=5, turns=4, extra={"synthetic": True})


@pytest.fixture(scope="module")
def asked(manifest, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    protocols = ("loso", "paper")
    return Reproduction(manifest, out, protocols, True, OVERRIDES, folds=(2,), seeds=(0, 1), machine=CPU)


@pytest.fixture(scope="module")
def reproduced(asked):
    """The lines, after a call that was killed when three of the eight runs were done, and what each call trained."""

    class Killed(Exception):
        pass

    trained, outcomes = [], []

    def note_and_train(plan, *rest):
        trained.append(plan.recipe.name)
        return training.train(plan, *rest)

    def kill_at_third(outcome):
        outcomes.append(outcome)
        if len(outcomes) == 3:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fold_run, "train", note_and_train)
        with pytest.raises(Killed):
            reproduce(asked, on_outcome=kill_at_third)
        first, trained[:] = trained.copy(), []
        after_kill = read_json(asked.out / "tables.json")
        lines = reproduce(asked)
    return lines, first, trained, after_kill


def test_a_killed_call_leaves_the_tables_of_what_it_ran(reproduced):
    *_, after_kill = reproduced
    ours = [line for line in after_kill if line["conditions"] != "quoted"]
    assert [line["system"] for line in ours if line["ua"] is not None] == list(OURS)[:3]
    assert [line["system"] for line in ours if line["conditions"] == "not run yet"] == list(OURS)[3:]
    assert any(line["conditions"] == "quoted" for line in after_kill)


def test_what_is_finished_is_not_trained_again(reproduced):
    _, first, second, _ = reproduced
    in_order = [f"demo-{name}" for name in OURS.values() for _ in range(2)]  # two seeds
    assert first == in_order[:6]
    assert second == in_order[6:] + in_order


def test_every_row_in_the_papers_order_ours_once_a_protocol(reproduced):
    lines, *_ = reproduced
    expected = [
        (table.title, row.system, row.printed_ua, protocol)
        for table in PAPER_TABLES
        for row in table.rows
        for protocol in (["loso", "paper"] if row.system in OURS else [""])
    ]
    assert [(line.table, line.system, line.paper_ua, line.protocol) for line in lines] == expected
    assert len(expected) == 19


def test_our_lines(reproduced):
    lines, *_ = reproduced
    ours = [line for line in lines if line.ua is not None]
    assert {line.system for line in ours} == set(OURS)
    for line in ours:
        assert line.sessions_trained_on == {"loso": 3, "paper": 4}[line.protocol]
        assert (line.folds, line.seeds, line.utterances) == (1, 2, 4)
        assert 0 <= line.ua <= 100 and 0 <= line.wa <= 100 and line.ua_sd_over_seeds >= 0
        assert (line.low, line.high) == (None, None)
        assert line.interval_over.startswith("2 speakers")  # too few for an interval
        assert f"{line.sessions_trained_on} sessions trained on" in line.conditions
        assert "synthetic corpus: means nothing about people" in line.conditions
        assert ("test data in the loop" in line.conditions) is (line.protocol == "paper")
        assert f"recipe demo-{OURS[line.system]}" in line.conditions


def test_lines_are_in_percent_and_of_the_run_they_name(reproduced, asked):
    lines, *_ = reproduced
    for line in (one for one in lines if one.ua is not None):
        summary = json.loads((asked.out / f"demo-{OURS[line.system]}-{line.protocol}" / "summary.json").read_text())
        assert line.ua == 100 * summary["fold_mean_ua"]["mean"]
        assert line.ua_sd_over_seeds == 100 * summary["fold_mean_ua"]["sd"]
        assert line.pooled_ua == 100 * summary["pooled_ua"]["mean"]
        assert (line.low, line.high, summary["ua_interval"]) == (None, None, None)
        assert line.wa == 100 * summary["pooled_wa"]["mean"]


def test_the_three_files_hold_the_same_lines(reproduced, asked):
    lines, *_ = reproduced
    assert (asked.out / "tables.md").read_text(encoding="utf-8") == as_markdown(lines)
    assert json.loads((asked.out / "tables.json").read_text(encoding="utf-8")) == [asdict(line) for line in lines]
    rows = list(csv.DictReader(io.StringIO((asked.out / "tables.csv").read_text(encoding="utf-8"))))
    assert [(row["system"], float(row["paper_ua"]), row["conditions"], row["note"]) for row in rows] == [
        (line.system, line.paper_ua, line.conditions, line.note) for line in lines
    ]


def test_every_figure_of_markdown_stands_beside_its_conditions(reproduced, asked):
    text = (asked.out / "tables.md").read_text(encoding="utf-8")
    ours = [row for row in text.splitlines() if "recipe demo-" in row]
    assert len(ours) == 8
    assert all("synthetic corpus: means nothing about people" in row for row in ours)
    assert sum("test data in the loop" in row for row in ours) == 4


def test_one_protocol_and_the_full_recipes(asked, monkeypatch, tmp_path):
    """Which runs are asked for, without running them."""
    ran = []

    class Asked(Exception):
        pass

    def note(experiment, progress):
        ran.append(experiment)
        raise Asked

    monkeypatch.setattr("emoduet.reproduction.run_experiment", note)
    with pytest.raises(Asked):
        reproduce(replace(asked, out=tmp_path, demo=False, protocols=("paper",), workers=2))
    experiment = ran[0]
    assert (experiment.recipe.name, experiment.protocol, experiment.workers) == ("paper-frozen", "paper", 2)
    assert (experiment.folds, experiment.seeds, experiment.out) == ((2,), (0, 1), tmp_path / "paper-frozen-paper")
    assert experiment.recipe.training.epochs == 1


def test_an_override_reaches_the_recipes_that_have_its_section(asked):
    recipes = _recipes(replace(asked, overrides=("text_encoder.name=folder", "training.epochs=3")))
    assert {name: recipe.text_encoder and recipe.text_encoder.name for name, recipe in recipes.items()} == {
        "paper-frozen": "folder",
        "paper": "folder",
        "audio-only": None,
        "text-only": "folder",
    }
    assert {recipe.training.epochs for recipe in recipes.values()} == {3}


def test_epochs_are_not_for_what_is_fitted_at_one_go_and_a_name_is_for_none(asked):
    recipes = _recipes(replace(asked, everything=True, overrides=("training.epochs=3",)))
    assert {recipe.training.epochs for name, recipe in recipes.items() if name != "e-vector"} == {3}
    assert recipes["e-vector"].training.epochs == 1
    sizes = _recipes(replace(asked, everything=True, overrides=("words.size=7",)))
    assert {name for name, recipe in sizes.items() if recipe.words and recipe.words.size == 7} == {
        *("mcnn-lstm", "learned-alignment", "learned-alignment-text", "cross-modal-1d-cnn", "self-attention-text")
    }
    with pytest.raises(ConfigError, match="--set name=x: none of the recipes"):
        _recipes(replace(asked, overrides=("name=x",)))


def test_an_override_that_fits_no_recipe_is_refused_before_anything_runs(asked, tmp_path):
    with pytest.raises(ConfigError, match="--set audio_encodr.name=x: none of the recipes paper-frozen, paper, "):
        reproduce(replace(asked, out=tmp_path / "none", overrides=("audio_encodr.name=x",)))
    assert not (tmp_path / "none").exists()


def test_a_missing_library_is_told_before_anything_runs(asked, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "gruut", None)
    pronunciations.cache_clear()
    with pytest.raises(InputError, match=r"emoduet\[baselines\]"):
        reproduce(replace(asked, out=tmp_path / "none", everything=True))
    assert not (tmp_path / "none").exists()
