"""An assessment as calm tables for a terminal: scores, baselines, breakdowns, gaps, calibration, selective answers.

A gap between groups stands with its interval or not at all.
"""

from collections.abc import Iterator, Sequence

from rich import box
from rich.table import Table

from emoduet.assessment import Assessment
from emoduet.breakdown import Breakdown, Row
from emoduet.group_words import gap_in_short, notes_on, side_in_words, spread_lines
from emoduet.groups import Grouping, SpeakerSpread
from emoduet.results import Spread, count_of_clusters
from emoduet.significance import Interval


def headline_tables(assessment: Assessment) -> Iterator[Table]:
    """The scores, and what they must be seen beside."""
    yield scores_table(assessment)
    if assessment.modalities is not None:
        yield breakdown_table(assessment.modalities)
    if assessment.baselines:
        yield rows_table("baselines, on the same folds", assessment.baselines)
    if assessment.twins is not None:
        yield rows_table("by lines that training has too", assessment.twins.rows)
    yield from gaps_tables(assessment.gaps, assessment.speakers)


def assessment_tables(assessment: Assessment) -> Iterator[Table]:
    """Every table that the assessment has something for, the most telling first."""
    yield from headline_tables(assessment)
    for breakdown in assessment.breakdowns:
        yield breakdown_table(breakdown)
    if assessment.calibration is not None:
        yield calibration_table(assessment)
    if assessment.selective:
        yield selective_table(assessment)


def scores_table(assessment: Assessment) -> Table:
    """UA, WA and F1, pooled and averaged over folds, with the interval of the pooled UA."""
    summary = assessment.summary
    table = _table("", "UA", "WA", "macro F1", "weighted F1")
    f1 = (spread(summary.pooled_macro_f1), spread(summary.pooled_weighted_f1))
    table.add_row("all utterances pooled", spread(summary.pooled_ua), spread(summary.pooled_wa), *f1)
    table.add_row("mean of the folds", spread(summary.fold_mean_ua), spread(summary.fold_mean_wa), "", "")
    over = count_of_clusters(summary.cluster_kind, summary.num_clusters)
    if summary.ua_interval:
        intervals = (summary.wa_interval, summary.macro_f1_interval, summary.weighted_f1_interval)
        table.add_row(f"95 % interval, {over}", bounds(summary.ua_interval), *map(bounds, intervals))
    seeds = f"{len(summary.seeds)} seed" + "s" * (len(summary.seeds) > 1)
    folds = f"{summary.num_folds} fold" + "s" * (summary.num_folds > 1)
    no_interval = "" if summary.ua_interval else f"\n{over}"
    table.caption = f"{summary.num_utterances:,} utterances, {folds}, {seeds}{no_interval}"
    return table


def breakdown_table(breakdown: Breakdown) -> Table:
    """A row for each value of what the answers are cut by."""
    return rows_table(f"by {breakdown.name}", breakdown.rows)


def rows_table(title: str, rows: Sequence[Row]) -> Table:
    """A row for each value, with how many utterances it has."""
    told = [bounds(row.interval) for row in rows]
    table = _table(title, "utterances", "UA", "WA", *(["95 % interval of UA"] if any(told) else []))
    for row, interval in zip(rows, told, strict=True):
        shares = (f"{100 * row.ua:.1f}", f"{100 * row.wa:.1f}")
        table.add_row(row.value, f"{row.num_utterances:,}", *shares, *([interval] if any(told) else []))
    return table


def gaps_tables(gaps: Sequence[Grouping], speakers: SpeakerSpread | None) -> Iterator[Table]:
    """The gaps between groups of speakers and the spread over single ones; no table where there is nothing to tell."""
    if not gaps and speakers is None:
        return
    table = _table("gaps between groups", "UA, points (95 %)", "behind them")
    for column in table.columns[1:]:
        column.justify = "left"
    for grouping in gaps:
        for gap in grouping.gaps:
            name = f"{grouping.name}: {gap.first.value} less {gap.second.value}"
            table.add_row(name, gap_in_short(gap), "\n".join(map(side_in_words, (gap.first, gap.second))))
    if speakers is not None:
        told = f"{100 * speakers.deviation:.1f} ({bounds(speakers.interval)})"
        table.add_row("deviation over speakers", told, "\n".join(spread_lines(speakers)))
    table.caption = "\n".join(notes_on(gaps))
    yield table


def calibration_table(assessment: Assessment) -> Table:
    """How far the probabilities can be taken at their word, before and after the temperature."""
    table = _table("calibration", "ECE", "Brier", "log loss")
    told = (("as answered", assessment.calibration), ("without the temperature", assessment.uncalibrated))
    for name, found in told:
        if found is not None:
            table.add_row(name, *(f"{value:.3f}" for value in (found.ece, found.brier, found.log_loss)))
    return table


def selective_table(assessment: Assessment) -> Table:
    """What share is answered when an error rate is wanted, and what error that gives on test data."""
    table = _table("answering only when sure", "threshold", "answered", "error among these")
    for point in assessment.selective:
        threshold = "none" if point.threshold is None else f"{point.threshold:.2f}"
        error = "" if point.error is None else f"{100 * point.error:.1f} %"
        table.add_row(
            f"wanted error {100 * point.wanted_error:.0f} %", threshold, f"{100 * point.coverage:.1f} %", error
        )
    return table


def spread(score: Spread) -> str:
    """Percent, with the standard deviation over seeds where there are several."""
    return f"{100 * score.mean:.1f}" + ("" if score.sd is None else f" ± {100 * score.sd:.1f}")


def bounds(interval: Interval | None) -> str:
    """Percent; empty for no interval."""
    return "" if interval is None else f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"


def _table(first: str, *headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, caption_justify="left")
    table.add_column(first, justify="left", overflow="fold")
    for heading in headings:
        table.add_column(heading, justify="right")
    return table
