"""The paper's own rows of Tables 1 and 2, run again and laid beside its figures: terminal, Markdown, CSV and JSON.

A third table, which the paper lacks, sets each system under protocols that differ in what may recur, and beside them
what can be had without a sound.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import product
from pathlib import Path

from emoduet.atomic import write_json, write_text
from emoduet.breakdown import Row
from emoduet.config import Recipe, read_recipe
from emoduet.errors import ConfigError
from emoduet.experiment import Experiment, Hook, Outcome, run_experiment
from emoduet.findings import is_leaking
from emoduet.machine import Machine
from emoduet.paper_tables import PAPER_TABLES, PaperRow
from emoduet.protocols import LEAKING, NO_VALIDATION, TEST_IN_THE_LOOP
from emoduet.results import count_of_clusters
from emoduet.study import Division, read_study
from emoduet.trained_on import sessions_in_words, sessions_trained_on, utterances_in_words

PAPER_PROTOCOLS = ("loso", "paper")
"""Under which Tables 1 and 2 are laid: honestly, and as the paper did."""
THIRD_TABLE_PROTOCOLS = ("loso", "script-disjoint", "improvised")
THIRD_TABLE = "Table 3: where no script recurs, and what needs no sound (not in the paper)"

SYNTHETIC = "synthetic corpus: means nothing about people"


@dataclass(frozen=True)
class Line:
    """One line of the tables; accuracies in percent, None where nothing was run for it or the paper has no figure.

    `ua` is the mean over the folds, as the paper reports it; `pooled_ua` scores all tested utterances together and is
    what the 95 % interval is of. `wa` is pooled too.
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
    wa: float | None = None
    protocol: str = ""
    conditions: str = ""
    sessions_trained_on: int | None = None
    folds: int | None = None
    seeds: int | None = None
    utterances: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Reproduction:
    """What to run: each of the paper's own rows under each protocol, one protocol after the other.

    Attributes:
        demo: takes the recipes' small twins, whose encoders start from nothing.
        overrides: `key.path=value`, each for the recipes that have its section.
        keep: as in `Experiment`.
    """

    manifest: Path
    out: Path
    protocols: tuple[str, ...] = ("loso", "paper", "improvised", "script-disjoint")
    demo: bool = False
    overrides: tuple[str, ...] = ()
    folds: tuple[int, ...] | None = None
    seeds: tuple[int, ...] = (0,)
    machine: Machine = Machine()
    keep: str = "best"
    workers: int = 1
    features: Path | None = None


def reproduce(
    reproduction: Reproduction,
    progress: Hook = lambda step: None,
    on_outcome: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Line]:
    """Runs what is not finished yet and returns the tables' lines.

    `tables.md`, `tables.csv` and `tables.json` are written after every run, so that days of work are there to look at.

    Raises:
        EmoduetError: as `run_experiment`.
    """
    recipes = _recipes(reproduction)
    for protocol, classes in product(reproduction.protocols, {recipe.classes for recipe in recipes.values()}):
        read_study(reproduction.manifest, Division(protocol), classes)  # told now, not after days of training
    outcomes: dict[tuple[str, str], Outcome] = {}
    lines: list[Line] = []
    for protocol in reproduction.protocols:
        for name, recipe in recipes.items():
            outcomes[name, protocol] = run_experiment(_experiment(reproduction, recipe, protocol), progress)
            lines = _tables(outcomes)
            _write(reproduction.out, lines)
            on_outcome(outcomes[name, protocol])
    return lines


def as_markdown(lines: Sequence[Line]) -> str:
    """The tables as Markdown, notes under each."""
    parts = []
    for title in dict.fromkeys(line.table for line in lines):
        of_table = [line for line in lines if line.table == title]
        head = "| " + " | ".join(HEADINGS) + " |"
        rule = "|" + "|".join(["---"] + ["---:"] * (len(HEADINGS) - 2) + ["---"]) + "|"
        rows = ["| " + " | ".join(cells(line)) + " |" for line in of_table]
        notes = [f"- {line.system}: {line.note}" for line in of_table if line.note]
        parts.append("\n".join([f"### {title}", "", head, rule, *rows, *([""] if notes else []), *notes]))
    return "\n\n".join(parts) + "\n"


def as_csv(lines: Sequence[Line]) -> str:
    """The tables as one CSV, a column a field of `Line`."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, [field.name for field in fields(Line)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(line) for line in lines)
    return buffer.getvalue()


HEADINGS = (
    "System",
    "paper UA, IEMOCAP",
    "our UA, fold mean",
    "pooled UA [95 %]",
    "pooled WA",
    "protocol and conditions",
)


def cells(line: Line) -> list[str]:
    """One line as text, in the order of `HEADINGS`; an empty cell where there is no figure."""
    sd = "" if line.ua_sd_over_seeds is None else f" ± {line.ua_sd_over_seeds:.1f}"
    bounds = "" if line.low is None else f" [{line.low:.1f}, {line.high:.1f}]"
    figures = (
        _figure(line.paper_ua, 2),
        _figure(line.ua, 1) + sd,
        _figure(line.pooled_ua, 1) + bounds,
        _figure(line.wa, 1),
    )
    return [line.system, *figures, line.conditions]


def _figure(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _recipes(reproduction: Reproduction) -> dict[str, Recipe]:
    """The recipes of the paper's own rows, by name, all read before anything runs.

    Raises:
        ConfigError: an override fits none of them, or breaks one.
    """
    names = [row.recipe for table in PAPER_TABLES for row in table.rows if row.recipe]
    plain = {name: read_recipe(f"demo-{name}" if reproduction.demo else name) for name in names}
    for override in reproduction.overrides:
        if not any(_fits(override, recipe) for recipe in plain.values()):
            raise ConfigError(f"--set {override}: none of the recipes {', '.join(names)} has such a section")
    return {
        name: read_recipe(recipe.name, [override for override in reproduction.overrides if _fits(override, recipe)])
        for name, recipe in plain.items()
    }


def _fits(override: str, recipe: Recipe) -> bool:
    return getattr(recipe, override.partition("=")[0].partition(".")[0].strip(), None) is not None


def _experiment(reproduction: Reproduction, recipe: Recipe, protocol: str) -> Experiment:
    return Experiment(
        recipe=recipe,
        protocol=protocol,
        manifest=reproduction.manifest,
        out=reproduction.out / f"{recipe.name}-{protocol}",
        folds=reproduction.folds,
        seeds=reproduction.seeds,
        machine=reproduction.machine,
        keep=reproduction.keep,
        workers=reproduction.workers,
        features=reproduction.features,
    )


def _tables(outcomes: Mapping[tuple[str, str], Outcome]) -> list[Line]:
    """All tables, the paper's own rows once for each run there is."""
    rows = [(table.title, row) for table in PAPER_TABLES for row in table.rows]
    of_paper = [line for title, row in rows for line in _lines(title, row, outcomes)]
    return of_paper + _third_table([row for _, row in rows], outcomes)


def _lines(table: str, row: PaperRow, outcomes: Mapping[tuple[str, str], Outcome]) -> list[Line]:
    ran = [_line(table, row, outcomes[row.recipe, p]) for p in PAPER_PROTOCOLS if (row.recipe, p) in outcomes]
    conditions = "not run yet" if row.recipe else "quoted"
    return ran or [Line(table, row.system, row.printed_ua, conditions=conditions, note=row.note)]


def _third_table(rows: Sequence[PaperRow], outcomes: Mapping[tuple[str, str], Outcome]) -> list[Line]:
    """Each system under each of its protocols, then the baselines; nothing before a protocol beside loso ran."""
    ran = [protocol for protocol in THIRD_TABLE_PROTOCOLS if any(protocol == other for _, other in outcomes)]
    if not set(ran) - set(PAPER_PROTOCOLS):
        return []
    of_systems = [
        replace(_line(THIRD_TABLE, row, outcomes[row.recipe, protocol]), paper_ua=None)
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


def _write(out: Path, lines: Sequence[Line]) -> None:
    write_text(out / "tables.md", as_markdown(lines))
    write_text(out / "tables.csv", as_csv(lines))
    write_json(out / "tables.json", [asdict(line) for line in lines])


def _line(table: str, row: PaperRow, outcome: Outcome) -> Line:
    summary = outcome.summary
    bounds = summary.ua_interval
    return Line(
        table=table,
        system=row.system,
        paper_ua=row.printed_ua,
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
        note=row.note,
    )


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
        *filter(None, marks),
    )
    return "; ".join(parts)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
