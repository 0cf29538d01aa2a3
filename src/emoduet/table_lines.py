"""The lines of the paper's tables, of what was run so far.

Tables 1 and 2 lay our figures beside the paper's. Three more, which the paper lacks, set each system under protocols
that differ in what may recur, with what can be had without a sound beside them; the paper's model beside other ways to
put sound and words together; and beside itself with one thing changed. Nothing is run or written here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from emoduet.breakdown import Row
from emoduet.comparison import Comparison
from emoduet.config import Recipe
from emoduet.experiment import Outcome
from emoduet.findings import is_leaking
from emoduet.paper_tables import PAPER_TABLES, SIDE_TABLES, PaperRow, SideTable
from emoduet.protocols import LEAKING, NO_VALIDATION, TEST_IN_THE_LOOP
from emoduet.results import count_of_clusters
from emoduet.trained_on import sessions_in_words, sessions_trained_on, utterances_in_words

THIRD_TABLE_PROTOCOLS = ("loso", "script-disjoint", "improvised")
ONLY_IN_THIRD_TABLE = ("script-disjoint", "improvised")
"""Under which Tables 1 and 2 are not laid: they test other utterances, or train on fewer, than the paper does."""
THIRD_TABLE = "Table 3: where no script recurs, and what needs no sound (not in the paper)"

SYNTHETIC = "synthetic corpus: means nothing about people"
OF_DIFFERENCES = (
    "the differences are to this row, in points of pooled UA, paired by utterance and seed, with the interval over "
    "whole speakers, which with one seed does not see that another training would have gone otherwise; "
    "`emoduet compare` judges each with a permutation test"
)

Key = tuple[str, str]
"""Which run is meant: a recipe's name, without `demo-`, and a protocol's."""


@dataclass(frozen=True)
class Line:
    """One line of the tables; accuracies in percent, None where nothing was run for it or the paper has no figure.

    `ua` is the mean over the folds, as the paper reports it; `pooled_ua` scores all tested utterances together and is
    what the 95 % interval is of. `wa` is pooled too. `difference` is the pooled UA less that of the paper's own model,
    in points, over the same utterances; its bounds are None where there are too few speakers to judge.
    """

    table: str
    system: str
    paper_ua: float | None = None
    ua: float | None = None
    ua_sd_over_seeds: float | None = None
    pooled_ua: float | None = None
    low: float | None = None
    high: float | None = None
    interval_over: str = ""
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    wa: float | None = None
    protocol: str = ""
    conditions: str = ""
    sessions_trained_on: int | None = None
    folds: int | None = None
    seeds: int | None = None
    utterances: int | None = None
    note: str = ""


def lines_of(
    recipes: Mapping[str, Recipe], outcomes: Mapping[Key, Outcome], differences: Mapping[Key, Comparison]
) -> list[Line]:
    """All tables, a line for each run there is, and one for each row without any.

    Args:
        recipes: what is to be run, by name without `demo-`; a side table is shown if it holds all of the table's.
        differences: of the rows of the side tables to the paper's own model.
    """
    rows = [(table.title, row) for table in PAPER_TABLES for row in table.rows]
    of_paper = [line for title, row in rows for line in _paper_lines(title, row, recipes, outcomes)]
    beside = [line for table in shown(recipes) for line in _side_lines(table, recipes, outcomes, differences)]
    return of_paper + _third_table([row for _, row in rows], outcomes) + beside


def shown(recipes: Mapping[str, Recipe]) -> list[SideTable]:
    """The side tables of which all recipes are to be run."""
    return [table for table in SIDE_TABLES if set(table.recipes) <= recipes.keys()]


def conditions(outcome: Outcome) -> str:
    """What a figure of this run must be quoted with, in one line."""
    summary = outcome.summary
    trained = sessions_in_words(outcome.folds) or utterances_in_words(outcome.folds)
    marks = [
        TEST_IN_THE_LOOP if outcome.protocol.test_in_the_loop else "",
        LEAKING if is_leaking(outcome.audit) else "",
        f"{NO_VALIDATION}, fixed epochs" if outcome.no_validation else "",
        f"tested on {outcome.experiment.test_manifest.name}" if outcome.experiment.test_manifest else "",
        "training labels shuffled" if outcome.experiment.shuffled else "",
        SYNTHETIC if outcome.synthetic else "",
    ]
    parts = (
        outcome.protocol.name,
        f"{_count(summary.num_folds, 'fold')}, {trained} trained on",
        _count(len(summary.seeds), "seed"),
        f"interval over {count_of_clusters(summary.cluster_kind, summary.num_clusters)}",
        f"recipe {outcome.experiment.recipe.name}",
        *filter(None, [_vectors_told(outcome.experiment.recipe), *marks]),
    )
    return "; ".join(parts)


def _vectors_told(recipe: Recipe) -> str:
    """Where a recipe's word vectors come from; nothing where none are read."""
    if recipe.words is None or recipe.words.kind != "words" or not recipe.words.trains:
        return ""
    return f"word vectors of {Path(recipe.words.vectors).name}" if recipe.words.vectors else "word vectors from scratch"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _paper_lines(
    table: str, row: PaperRow, recipes: Mapping[str, Recipe], outcomes: Mapping[Key, Outcome]
) -> list[Line]:
    """Once for each protocol; what was run for a cited row bears the recipe's title, which says after whom it is."""
    ran = [
        _row_line(table, row, outcome)
        for (name, protocol), outcome in outcomes.items()
        if name == row.recipe and protocol not in ONLY_IN_THIRD_TABLE
    ]
    waiting = "not run yet" if row.recipe in recipes else "quoted"
    return ran or [Line(table, row.system, row.printed_ua, conditions=waiting, note=row.note)]


def _row_line(table: str, row: PaperRow, outcome: Outcome) -> Line:
    system = outcome.experiment.recipe.title if row.cited else row.system
    return replace(_line(table, system, outcome), paper_ua=row.printed_ua, note=row.note)


def _line(table: str, system: str, outcome: Outcome) -> Line:
    summary = outcome.summary
    bounds = summary.ua_interval
    return Line(
        table=table,
        system=system,
        ua=100 * summary.fold_mean_ua.mean,
        ua_sd_over_seeds=(sd := summary.fold_mean_ua.sd) and 100 * sd,
        pooled_ua=100 * summary.pooled_ua.mean,
        low=bounds and 100 * bounds.low,
        high=bounds and 100 * bounds.high,
        interval_over=count_of_clusters(summary.cluster_kind, summary.num_clusters),
        wa=100 * summary.pooled_wa.mean,
        protocol=outcome.protocol.name,
        conditions=conditions(outcome),
        sessions_trained_on=min(sessions_trained_on(outcome.folds), default=None),
        folds=summary.num_folds,
        seeds=len(summary.seeds),
        utterances=summary.num_utterances,
    )


def _third_table(rows: Sequence[PaperRow], outcomes: Mapping[Key, Outcome]) -> list[Line]:
    """Each system under each of its protocols, then the baselines; nothing before a protocol beside loso ran."""
    ran = [protocol for protocol in THIRD_TABLE_PROTOCOLS if any(protocol == other for _, other in outcomes)]
    if not set(ran).intersection(ONLY_IN_THIRD_TABLE):
        return []
    of_systems = [
        replace(_row_line(THIRD_TABLE, row, outcomes[row.recipe, protocol]), paper_ua=None)
        for row in rows
        for protocol in ran
        if (row.recipe, protocol) in outcomes
    ]
    first = {protocol: next(o for (_, other), o in outcomes.items() if other == protocol) for protocol in ran}
    return of_systems + [
        _baseline_line(row, first[protocol])
        for name in dict.fromkeys(row.value for outcome in first.values() for row in outcome.assessment.baselines)
        for protocol in ran
        for row in first[protocol].assessment.baselines
        if row.value == name
    ]


def _baseline_line(row: Row, outcome: Outcome) -> Line:
    """What can be had without a sound, under the protocol of a run."""
    return Line(
        table=THIRD_TABLE,
        system=f"baseline: {row.value}",
        pooled_ua=100 * row.ua,
        low=row.interval and 100 * row.interval.low,
        high=row.interval and 100 * row.interval.high,
        interval_over=count_of_clusters(outcome.summary.cluster_kind, outcome.summary.num_clusters),
        wa=100 * row.wa,
        protocol=outcome.protocol.name,
        conditions="; ".join([outcome.protocol.name, *([SYNTHETIC] if outcome.synthetic else [])]),
        folds=len(outcome.folds),
        utterances=row.num_utterances,
    )


def _side_lines(
    table: SideTable,
    recipes: Mapping[str, Recipe],
    outcomes: Mapping[Key, Outcome],
    differences: Mapping[Key, Comparison],
) -> list[Line]:
    """Each system under every protocol, systems in order; the paper's own model says what the differences are."""
    lines = []
    for name in table.recipes:
        ran = [
            _with_difference(_line(table.title, recipes[name].title, outcome), differences.get(key))
            for key, outcome in outcomes.items()
            if key[0] == name
        ]
        lines += ran or [Line(table.title, recipes[name].title, conditions="not run yet")]
    return [replace(lines[0], note=OF_DIFFERENCES), *lines[1:]]


def _with_difference(line: Line, compared: Comparison | None) -> Line:
    if compared is None:
        return line
    judged = compared.distinguishable(compared.ua) is not None
    return replace(
        line,
        difference=100 * compared.ua.difference,
        difference_low=100 * compared.ua.interval.low if judged else None,
        difference_high=100 * compared.ua.interval.high if judged else None,
    )
