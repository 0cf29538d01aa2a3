"""What a model card says of data and measurements: utterances counted, scores, gaps and calibration, in Markdown.

Scores and gaps stand with their intervals, or with the reason why there is none, and with what they must be quoted
with. A number goes into the card's head, which programs read without the words around it, only where no mark belongs to
it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from huggingface_hub import EvalResult

from emoduet.assessment import Assessment, assess
from emoduet.calibration import Calibration
from emoduet.cards.model_card import Facts
from emoduet.config import TINY, Recipe
from emoduet.evaluation import Answers
from emoduet.group_words import gap_in_words, notes_on, side_in_words, spread_in_words
from emoduet.protocols import LEAKING, TEST_IN_THE_LOOP, Fold
from emoduet.results import Spread, count_of_clusters
from emoduet.runs import SHUFFLED, SYNTHETIC
from emoduet.significance import Interval
from emoduet.types import Utterance

MEANS_NOTHING = f"{SYNTHETIC}: means nothing about people"

_FITTED = "the temperature was fitted on these very utterances, so on others the probabilities are worse"

_MARKED = {
    "test_data_in_the_loop": TEST_IN_THE_LOOP,
    "leaking": LEAKING,
    "training_labels_shuffled": SHUFFLED,
    "synthetic_corpus": SYNTHETIC,
}
"""The conditions of a training that mark its figures."""


def facts_of_model(
    recipe: Recipe,
    conditions: Mapping[str, object],
    parts: Mapping[str, Sequence[Utterance]],
    answers: Answers | None,
    held_out: str = "",
) -> Facts:
    """Everything about one model.

    Args:
        conditions: of the training, as its files say them.
        parts: its utterances, by "train", "validation" and "test".
        answers: to utterances that it was not trained on; None where nobody asked it.
        held_out: what these utterances did in the training, if they served it and fitted the temperature, in words.
    """
    marks = [*([f"held-out part, which {held_out}"] if held_out else []), *marks_of(conditions)]
    data = data_told(parts, recipe.classes)
    if answers is None or not answers.utterances:
        return Facts(data=data, base_models=base_models(recipe))
    name = f"{conditions.get('manifest')}, {conditions.get('protocol')}, {conditions.get('fold_name', 'held-out part')}"
    assessment = assess({(int(conditions.get("fold", 1)), int(conditions.get("seed", 0))): answers})
    facts = measured(assessment, recipe, name, marks, data)
    return replace(facts, calibration=f"{facts.calibration}\n- {_FITTED}") if held_out else facts


def measured(assessment: Assessment, recipe: Recipe, of: str, marks: Sequence[str], data: str) -> Facts:
    """The facts of an assessment.

    Args:
        of: what was tested, for the card's head.
        marks: what every figure must be quoted with.
    """
    return Facts(
        data=data,
        scores="\n".join(_scores(assessment, recipe.classes, marks)),
        groups="\n".join(_groups(assessment)),
        calibration="\n".join(_calibration(assessment)),
        results=() if marks else tuple(_results(assessment, recipe, of)),
        base_models=base_models(recipe),
    )


def marks_of(conditions: Mapping[str, object]) -> list[str]:
    """What the conditions of a training mark its figures with."""
    return [mark for key, mark in _MARKED.items() if conditions.get(key)]


def parts_of(fold: Fold, utterances: Mapping[str, Utterance]) -> dict[str, list[Utterance]]:
    """The utterances of a fold's parts, those that there are."""
    named = {"train": fold.train, "validation": fold.validation, "test": fold.test}
    return {name: [utterances[id] for id in ids] for name, ids in named.items() if ids}


def data_told(parts: Mapping[str, Sequence[Utterance]], classes: Sequence[str]) -> str:
    """A table with a row a part: utterances, of each class too, and speakers by sex; and the corpora, where known."""
    rows = [["part", "utterances", *classes, "speakers"], ["---", *["---:"] * (len(classes) + 1), "---"]]
    for name, part in parts.items():
        labels = Counter(one.label for one in part)
        counts = [f"{labels[label]:,}" for label in classes]
        rows.append([name, f"{len(part):,}", *counts, _speakers(part)])
    corpora = Counter(str(one.extra["corpus"]) for part in parts.values() for one in part if "corpus" in one.extra)
    told = f"\n\nCorpora: {', '.join(f'{name} ({count:,})' for name, count in sorted(corpora.items()))}."
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + (told if corpora else "")


def base_models(recipe: Recipe) -> tuple[str, ...]:
    """The encoders that came from the hub, by name; not those of a folder, nor those that grew from nothing."""
    names = [encoder.name for encoder in (recipe.audio_encoder, recipe.text_encoder) if encoder]
    return tuple(name for name in names if name != TINY and name.count("/") <= 1 and not Path(name).exists())


def _speakers(part: Sequence[Utterance]) -> str:
    sexes = {one.speaker: one.sex for one in part if one.speaker is not None}
    if not sexes:
        return "not known"
    known = Counter(sex for sex in sexes.values() if sex is not None)
    told = f" ({', '.join(f'{count} {sex}' for sex, count in sorted(known.items()))})" if known else ""
    return f"{len(sexes):,}{told}"


def _scores(assessment: Assessment, classes: Sequence[str], marks: Sequence[str]) -> Iterator[str]:
    summary = assessment.summary
    over = count_of_clusters(summary.cluster_kind, summary.num_clusters)
    seeds = f"seed {summary.seeds[0]}" if len(summary.seeds) == 1 else f"{len(summary.seeds)} seeds, mean ± deviation"
    yield f"Of {summary.num_utterances:,} utterances that did not train; intervals at 95 % over {over}; {seeds}."
    if marks:
        told = (MEANS_NOTHING if mark == SYNTHETIC else mark for mark in marks)
        yield f"**To be quoted with: {'; '.join(told)}.**"
    yield ""
    yield f"- UA (mean of the classes' recalls): {_share(summary.pooled_ua, summary.ua_interval)}"
    yield f"- WA (plain accuracy): {_share(summary.pooled_wa, summary.wa_interval)}"
    yield f"- macro F1: {_share(summary.pooled_macro_f1, summary.macro_f1_interval)}"
    recalls = zip(classes, summary.scores.recalls, strict=True)
    told = [f"{name} {'not tested' if recall is None else f'{100 * recall:.1f}'}" for name, recall in recalls]
    yield f"- recall: {', '.join(told)}"
    for row in assessment.baselines:
        yield f"- UA of the baseline {row.value}: {_share(Spread(row.ua, None), row.interval)}"
    for row in assessment.twins.rows if assessment.twins else ():
        yield f"- UA of {row.value}: {_share(Spread(row.ua, None), row.interval)}"


def _groups(assessment: Assessment) -> Iterator[str]:
    for grouping in assessment.gaps:
        for gap in grouping.gaps:
            behind = "; ".join(map(side_in_words, (gap.first, gap.second)))
            yield f"- by {grouping.name}, {gap.first.value} less {gap.second.value}: {gap_in_words(gap)} ({behind})"
    if not assessment.gaps:
        yield "The utterances name no two groups of speakers by sex, age or accent."
    yield ""
    yield " ".join([*notes_on(assessment.gaps), spread_in_words(assessment.speakers)])


def _calibration(assessment: Assessment) -> Iterator[str]:
    if assessment.calibration is None:
        return
    yield f"- on the same utterances: {_calibrated(assessment.calibration)}"
    if assessment.uncalibrated is not None:
        yield f"- without the temperature: {_calibrated(assessment.uncalibrated)}"
    for point in assessment.selective:
        kept = f"{100 * point.coverage:.1f} % are answered"
        error = "" if point.error is None else f", {100 * point.error:.1f} % of these wrongly"
        yield f"- thresholds that kept the error at {100 * point.wanted_error:.0f} % on validation data: {kept}{error}"


def _calibrated(found: Calibration) -> str:
    return f"expected calibration error {100 * found.ece:.1f} %, Brier {found.brier:.3f}, log loss {found.log_loss:.3f}"


def _results(assessment: Assessment, recipe: Recipe, of: str) -> Iterator[EvalResult]:
    """In the hub's terms UA is recall averaged over classes alike, and WA accuracy."""
    summary = assessment.summary
    task = "audio-classification" if "audio" in recipe.front_ends else "text-classification"
    for name, kind, options, score, interval in (
        ("UA", "recall", {"average": "macro"}, summary.pooled_ua, summary.ua_interval),
        ("WA", "accuracy", None, summary.pooled_wa, summary.wa_interval),
        ("macro F1", "f1", {"average": "macro"}, summary.pooled_macro_f1, summary.macro_f1_interval),
    ):
        yield EvalResult(
            task_type=task,
            dataset_type="manifest",
            dataset_name=of,
            metric_type=kind,
            metric_name=name + (f", 95 % interval {_bounds(interval)}" if interval else ", no interval"),
            metric_args=options,
            metric_value=round(score.mean, 4),
        )


def _share(score: Spread, interval: Interval | None) -> str:
    deviation = "" if score.sd is None else f" ± {100 * score.sd:.1f}"
    return f"{100 * score.mean:.1f}{deviation}{f', {_bounds(interval)}' if interval else ', no interval'}"


def _bounds(interval: Interval) -> str:
    return f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"
