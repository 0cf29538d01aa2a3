"""Every row that has a recipe, with invented runs in place of trainings: whole tables, differences, order, a kill."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from invented_runs import Invention, easy_manifest, invent_run
from small_runs import CPU, read_json

from emoduet.config import Recipe, read_recipe
from emoduet.errors import ConfigError
from emoduet.experiment import Experiment, Outcome
from emoduet.paper_tables import ABLATION_TABLE, FUSION_TABLE, PAPER_TABLES, all_recipes, own_recipes
from emoduet.protocols import protocol_named
from emoduet.reproduction import Reproduction, _recipes, reproduce
from emoduet.runs import assess_run, read_run
from emoduet.table_lines import OF_DIFFERENCES, THIRD_TABLE, Line

CITED = [(row.system, row.recipe) for table in PAPER_TABLES for row in table.rows if row.cited]
TITLES = [*(table.title for table in PAPER_TABLES), FUSION_TABLE.title, ABLATION_TABLE.title]
WRONG = {"demo-concatenation": (3, 4, 5), "demo-ablation-scale-d": (3,)}


def invented_recipe(name: str, overrides: Sequence[str] = ()) -> Recipe:
    """A recipe of this name and a title of its own, whatever else it says."""
    return read_recipe("demo-text-only", [f"name={name}", f"title=Titled {name}", *overrides])


def invented_run(experiment: Experiment, progress: object) -> Outcome:
    """What `run_experiment` answers, without trainings; of eight answers two are wrong, in two runs three or one."""
    wrong = WRONG.get(experiment.recipe.name, (3, 4))
    invent_run(experiment.out, experiment.manifest, Invention(protocol=experiment.protocol, wrong=wrong))
    run = read_run(experiment.out)
    return Outcome(
        experiment, protocol_named(experiment.protocol), run.folds, assess_run(run), synthetic=True, audit=run.audit
    )


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    return easy_manifest(tmp_path_factory.mktemp("easy"))


@pytest.fixture(scope="module")
def asked(manifest, tmp_path_factory) -> Reproduction:
    out = tmp_path_factory.mktemp("out")
    return Reproduction(manifest, out, ("loso",), demo=True, machine=CPU, everything=True)


@pytest.fixture(scope="module")
def reproduced(asked) -> tuple[list[Line], list[str], list[dict]]:
    """The lines, the recipes in the order of their runs, and the tables after the first run."""
    ran: list[str] = []
    first: list[dict] = []

    def note(outcome: Outcome) -> None:
        ran.append(outcome.experiment.recipe.name)
        first.extend(read_json(asked.out / "tables.json") if len(ran) == 1 else [])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emoduet.reproduction.read_recipe", invented_recipe)
        patch.setattr("emoduet.reproduction.run_experiment", invented_run)
        lines = reproduce(asked, on_outcome=note)
    return lines, ran, first


def test_each_recipe_runs_once_and_the_papers_model_before_what_is_compared_with_it(reproduced):
    _, ran, _ = reproduced
    assert ran == [f"demo-{name}" for name in all_recipes()]
    assert len(ran) == len(set(ran))
    compared = {f"demo-{name}" for name in FUSION_TABLE.recipes + ABLATION_TABLE.recipes}
    assert min(ran.index(name) for name in compared) == ran.index("demo-paper")


def test_every_row_of_both_tables_is_filled_but_the_one_nobody_can_build(reproduced):
    lines, *_ = reproduced
    of_paper = [line for line in lines if line.table.startswith(("Table 1", "Table 2"))]
    assert len(of_paper) == 15
    assert [line.system for line in of_paper if line.ua is None] == ["Speech-Embedding [15]"]
    assert [line.conditions for line in of_paper if line.ua is None] == ["quoted"]
    assert [line.paper_ua for line in of_paper] == [row.printed_ua for table in PAPER_TABLES for row in table.rows]


def test_a_cited_row_bears_the_title_of_what_was_run_and_our_own_the_papers(reproduced):
    systems = {line.system for line in reproduced[0] if line.table.startswith(("Table 1", "Table 2"))}
    assert {f"Titled demo-{recipe}" for _, recipe in CITED} <= systems
    assert "Proposed Approach" in systems and "Titled demo-paper" not in systems


def test_tables_come_in_order_whole_after_the_first_run(reproduced):
    lines, _, first = reproduced
    assert list(dict.fromkeys(line.table for line in lines)) == TITLES
    assert [(one["table"], one["paper_ua"]) for one in first] == [(line.table, line.paper_ua) for line in lines]
    assert [one["ua"] is None for one in first] == [False] + [True] * (len(lines) - 1)
    waiting = {one["conditions"] for one in first[1:]}
    assert waiting == {"not run yet", "quoted"}


def of(lines: Sequence[Line], table: str) -> dict[str, Line]:
    return {line.system.removeprefix("Titled demo-"): line for line in lines if line.table == table}


def test_the_side_tables_hold_their_systems_with_the_papers_model_first(reproduced):
    fusions, ablations = (of(reproduced[0], table.title) for table in (FUSION_TABLE, ABLATION_TABLE))
    assert tuple(fusions) == FUSION_TABLE.recipes and tuple(ablations) == ABLATION_TABLE.recipes
    assert {line.paper_ua for line in [*fusions.values(), *ablations.values()]} == {None}
    assert {name for name, line in ablations.items() if line.note == OF_DIFFERENCES} == {"paper"}


def test_differences_are_to_the_papers_model_over_the_same_utterances(reproduced):
    """Six of eight right are 75, five 62.5, seven 87.5."""
    fusions, ablations = (of(reproduced[0], table.title) for table in (FUSION_TABLE, ABLATION_TABLE))
    assert fusions["paper"].difference is None
    assert fusions["concatenation"].difference == pytest.approx(-12.5)
    assert ablations["ablation-scale-d"].difference == pytest.approx(12.5)
    assert ablations["ablation-no-blstm"].difference == 0.0
    for line in (fusions["concatenation"], ablations["ablation-scale-d"]):
        assert line.difference_low <= line.difference <= line.difference_high
        assert line.difference == pytest.approx(line.pooled_ua - fusions["paper"].pooled_ua)


def test_with_fewer_than_six_speakers_a_difference_has_no_bounds(asked, tmp_path, monkeypatch):
    manifest = easy_manifest(tmp_path / "easy", speaker="S1F")
    monkeypatch.setattr("emoduet.reproduction.read_recipe", invented_recipe)
    monkeypatch.setattr("emoduet.reproduction.run_experiment", invented_run)
    lines = reproduce(replace(asked, manifest=manifest, out=tmp_path / "out"))
    line = of(lines, FUSION_TABLE.title)["concatenation"]
    assert line.difference == pytest.approx(-12.5)
    assert (line.difference_low, line.difference_high) == (None, None)


def test_a_protocol_of_no_table_of_its_own_fills_tables_1_and_2(asked, tmp_path, monkeypatch):
    monkeypatch.setattr("emoduet.reproduction.read_recipe", invented_recipe)
    monkeypatch.setattr("emoduet.reproduction.run_experiment", invented_run)
    lines = reproduce(replace(asked, out=tmp_path, protocols=("lospo",), everything=False))
    assert {line.protocol for line in lines if line.conditions != "quoted"} == {"lospo"}
    assert sum(line.ua is not None for line in lines) == 4
    assert THIRD_TABLE not in {line.table for line in lines}


def test_a_call_that_was_killed_is_taken_up_by_the_same_call(asked, reproduced, tmp_path, monkeypatch):
    class Killed(Exception):
        pass

    finished: list[str] = []

    def run(experiment: Experiment, progress: object) -> Outcome:
        if len(finished) == 12 and experiment.recipe.name not in finished:
            finished.append("killed here")
            raise Killed
        finished.append(experiment.recipe.name)
        return invented_run(experiment, progress)

    monkeypatch.setattr("emoduet.reproduction.read_recipe", invented_recipe)
    monkeypatch.setattr("emoduet.reproduction.run_experiment", run)
    again = replace(asked, out=tmp_path)
    with pytest.raises(Killed):
        reproduce(again)
    assert sum(one["ua"] is not None for one in read_json(tmp_path / "tables.json")) >= 12
    assert reproduce(again) == reproduced[0]


# The recipes


def test_every_row_has_a_recipe_and_a_small_twin_that_runs_the_same_system():
    for name in all_recipes():
        full, twin = read_recipe(name), read_recipe(f"demo-{name}")
        assert (full.name, twin.name) == (name, f"demo-{name}")
        assert (full.system, full.title, full.classes) == (twin.system, twin.title, twin.classes)


@pytest.mark.parametrize(("system", "recipe"), CITED)
def test_a_cited_system_is_never_called_the_authors_own(system, recipe):
    assert read_recipe(recipe).title.startswith(f"{system}, after ")


def test_without_all_only_the_papers_own_rows_are_run(asked):
    assert set(_recipes(replace(asked, everything=False))) == set(own_recipes())
    assert len(own_recipes()) == 4


def test_a_missing_recipe_is_named_before_anything_runs(asked, tmp_path, monkeypatch):
    monkeypatch.setattr("emoduet.reproduction.all_recipes", lambda: ("paper", "lost-system"))
    with pytest.raises(ConfigError, match="recipe demo-lost-system: neither a packaged recipe nor a file"):
        reproduce(replace(asked, out=tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_a_number_of_one_systems_model_is_set_in_the_recipes_that_have_it(asked, monkeypatch):
    monkeypatch.setattr("emoduet.reproduction.all_recipes", lambda: ("paper", "lstm-attention"))
    recipes = _recipes(replace(asked, overrides=("model.dense_size=7", "training.epochs=3")))
    assert recipes["lstm-attention"].model["dense_size"] == 7
    assert {recipe.training.epochs for recipe in recipes.values()} == {3}
    with pytest.raises(ConfigError, match="--set model.dense_sise=7: none of the recipes paper, lstm-attention"):
        _recipes(replace(asked, overrides=("model.dense_sise=7",)))
