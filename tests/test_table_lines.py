"""What stands in a line and which lines stand in the third table, of small runs; what a run must be quoted with."""

from dataclasses import replace

import pytest
from easy_corpus import easy_utterances, write_easy_corpus
from small_runs import CPU, read_json, small_experiment

from emoduet.config import read_recipe
from emoduet.experiment import run_experiment
from emoduet.manifest import write_manifest
from emoduet.paper_tables import PAPER_TABLES
from emoduet.reproduction import Reproduction, reproduce
from emoduet.table_lines import THIRD_TABLE, _line, _vectors_told, conditions
from emoduet.table_text import cells

OURS = [row.system for table in PAPER_TABLES for row in table.rows if row.recipe and not row.cited]


@pytest.fixture(scope="module")
def third(tmp_path_factory):
    """Text only under three protocols, one fold each, on a corpus whose even dialogues are scripted."""
    folder = tmp_path_factory.mktemp("third")
    utterances = easy_utterances(folder / "easy", sessions=3, turns=16, extra={"synthetic": True})
    places = [int(one.dialogue[-1]) for one in utterances]
    scripted = [
        replace(one, scripted=place % 2 == 0, scenario=f"{'impro' if place % 2 else 'script'}0{place}")
        for one, place in zip(utterances, places, strict=True)
    ]
    write_manifest(folder / "easy.jsonl", scripted)
    protocols = ("loso", "script-disjoint")
    overrides = ("training.epochs=1", "training.batch_size=16")
    return reproduce(Reproduction(folder / "easy.jsonl", folder, protocols, True, overrides, folds=(1,), machine=CPU))


def test_the_third_table_sets_each_system_under_each_protocol(third):
    lines = [line for line in third if line.table == THIRD_TABLE]
    of_systems = [(line.system, line.protocol) for line in lines if line.ua is not None]
    assert of_systems == [(system, protocol) for system in OURS for protocol in ("loso", "script-disjoint")]
    assert {line.paper_ua for line in lines} == {None}
    assert {line.protocol for line in third if line.table != THIRD_TABLE} == {"", "loso"}


def test_the_third_table_ends_with_the_baselines(third):
    lines = [line for line in third if line.system.startswith("baseline")]
    assert [(line.system, line.protocol) for line in lines[:2]] == [
        ("baseline: majority", "loso"),
        ("baseline: majority", "script-disjoint"),
    ]
    assert {line.system for line in lines} >= {"baseline: scenario", "baseline: bag of words"}
    assert third[-len(lines) :] == lines
    assert lines[0].pooled_ua == 25.0
    assert cells(lines[0])[1:3] == ["", ""]
    assert all("synthetic" in line.conditions for line in lines)


def test_a_line_over_six_speakers_has_an_interval(tmp_path):
    """One utterance is labelled otherwise than it reads, so that not all speakers score alike."""
    first, *others = easy_utterances(tmp_path / "corpus", sessions=3, turns=8)
    write_manifest(tmp_path / "odd.jsonl", [replace(first, label="neutral"), *others])
    outcome = run_experiment(small_experiment(tmp_path / "odd.jsonl", tmp_path / "out", folds=None))
    line, bounds = _line("Table 2", "Text", outcome), outcome.summary.ua_interval
    assert (line.low, line.high) == (100 * bounds.low, 100 * bounds.high)
    assert line.low <= line.pooled_ua <= line.high
    assert cells(line)[3] == f"{line.pooled_ua:.1f} [{line.low:.1f}, {line.high:.1f}]"


def test_a_corpus_without_sessions_is_not_said_to_train_on_none(tmp_path):
    manifest = write_easy_corpus(tmp_path / "corpus", sessions=3, turns=4, session=None)
    asked = small_experiment(manifest, tmp_path / "out", protocol="lospo", no_validation=True)
    outcome = run_experiment(asked)
    size = len(outcome.folds[0].train)
    assert conditions(outcome).startswith(f"lospo; 1 fold, {size} utterances trained on; 1 seed; ")
    assert _line("Table 2", "Text", outcome).sessions_trained_on is None
    assert read_json(asked.out / "summary.json")["sessions_trained_on"] is None


def test_where_word_vectors_come_from_is_told():
    told = [
        _vectors_told(read_recipe("learned-alignment", [f"words.vectors={path}"])) for path in ('""', "a/glove.txt")
    ]
    assert told == ["word vectors from scratch", "word vectors of glove.txt"]
    assert [_vectors_told(read_recipe(name)) for name in ("mcnn-phonemes", "e-vector", "paper")] == [""] * 3
