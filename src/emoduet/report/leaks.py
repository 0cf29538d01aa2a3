"""The audit in plain words: what a protocol guards, what crossed into the test, and what that is worth."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import mean

from emoduet.assessment import CLEAN, TWINNED, UNCOMPARED
from emoduet.breakdown import Row
from emoduet.comparison import Comparison, compare_runs
from emoduet.errors import InputError
from emoduet.protocols import PROTOCOLS
from emoduet.report.contents import Subject
from emoduet.report.numbers import bounds, percent
from emoduet.results import count_of_clusters

Values = Mapping[str, object]

STYLE, SCRIPTED, IMPROVISED = "scripted or improvised", "scripted", "improvised"
"""The breakdown, and its rows, by which the two halves of a corpus are told apart."""


@dataclass(frozen=True)
class FoldRow:
    """One fold in a line, as text; `twins` are tested utterances with the same or nearly the same line in training."""

    name: str
    train: str
    validation: str
    test: str
    left_out: str
    hard: str
    twins: str
    label_shift: str
    scenario_shift: str


@dataclass(frozen=True)
class AuditView:
    """What one audit says, and of which runs; no rows where a run's folder has no audit.

    `guards_in_vain`: the audit found hard leaks, so what the protocol is made to guard is not guarded.
    """

    protocol: str
    runs: tuple[str, ...]
    guards: str
    guards_in_vain: bool
    does_not_guard: str
    sentences: tuple[str, ...]
    folds: tuple[FoldRow, ...]


def audits_of(subjects: Sequence[Subject]) -> list[AuditView]:
    """The audits, once where several runs share theirs."""
    found: list[tuple[Values | None, str | None, list[str]]] = []
    for subject in subjects:
        audit, protocol = subject.run.audit, subject.run.protocol
        same = next((names for other, name, names in found if (other, name) == (audit, protocol)), None)
        if same is None:
            found.append((audit, protocol, [subject.run.name]))
        else:
            same.append(subject.run.name)
    return [_view(audit, protocol, tuple(names)) for audit, protocol, names in found]


def twin_sentences(subjects: Sequence[Subject]) -> list[str]:
    """For each run that has both kinds of tested utterances, how it does on each."""
    told = []
    for subject in subjects:
        rows = {row.value: row for row in subject.assessment.twins.rows} if subject.assessment.twins else {}
        if not rows.keys() >= {CLEAN, TWINNED}:
            continue
        clean, twinned = rows[CLEAN], rows[TWINNED]
        points = 100 * (twinned.ua - clean.ua)
        way = f"{abs(points):.1f} points {'higher' if points > 0 else 'lower'}"
        told.append(
            f"{subject.title} ({subject.run.name}): UA {percent(clean.ua)}{_bracketed(clean)} on the "
            f"{clean.num_utterances:,} tested utterances whose line is not in training, {percent(twinned.ua)}"
            f"{_bracketed(twinned)} on the {twinned.num_utterances:,} whose line is: {way}."
        )
        if unknown := rows.get(UNCOMPARED):
            told[-1] += (
                f" The lines of the other {unknown.num_utterances:,} were not compared, being short or not known: UA "
                f"{percent(unknown.ua)}{_bracketed(unknown)}."
            )
    return told


def script_sentences(subjects: Sequence[Subject]) -> list[str]:
    """What `loso` against `script-disjoint` says of a recipe that was run under both, on the same manifest."""
    told = []
    for loose, strict in product(subjects, subjects):
        same = all(
            loose.run.description.get(key) == strict.run.description.get(key) for key in ("recipe", "manifest_sha256")
        )
        if same and (loose.run.protocol, strict.run.protocol) == ("loso", "script-disjoint"):
            told.append(" ".join(_script_effect(loose, strict)))
    return list(filter(None, told))


def twin_share(audit: Values) -> float:
    """The share of tested utterances whose line training has, the same or nearly."""
    tested = sum(fold["num_test"] for fold in audit["folds"])
    return sum(len(twins) for twins in audit["twins"].values()) / tested


def _script_effect(loose: Subject, strict: Subject) -> Iterator[str]:
    """Figures on the utterances that both test; nothing where there are none."""
    try:
        compared = compare_runs(loose.run, strict.run)
    except InputError:
        return
    scores = [compared.a.ua, compared.b.ua]
    points = round(100 * (scores[0] - scores[1]), 1)
    way = f"{abs(points):.1f} points {'lower' if points > 0 else 'higher'}" if points else "the same"
    yield (
        f"{loose.title}: UA {percent(scores[0])} under loso ({loose.run.name}), {percent(scores[1])} under "
        f"script-disjoint ({strict.run.name}), which is {way}; {_certainty(compared)}."
    )
    yield from _by_style(loose, strict)
    if points > 0 and compared.distinguishable(compared.ua):
        yield from _causes(loose, strict)
    if loose.run.audit and strict.run.audit:
        shares = [percent(twin_share(subject.run.audit)) for subject in (loose, strict)]
        yield (
            f"Under loso {shares[0]} % of the tested utterances have the same or nearly the same line in training, "
            f"under script-disjoint {shares[1]} %."
        )


def _certainty(compared: Comparison) -> str:
    """How sure the difference of UA is."""
    clusters = count_of_clusters(compared.cluster_kind, compared.num_clusters)
    judged = compared.distinguishable(compared.ua)
    if judged is None:
        return f"not judged, as there are too few clusters ({clusters})"
    words = "distinguishable" if judged else "not distinguishable, so that nothing follows for the script"
    return f"95 % interval of loso less script-disjoint {bounds(compared.ua.interval)} ({clusters}); {words}"


def _by_style(loose: Subject, strict: Subject) -> Iterator[str]:
    """Scripted turns, which the two protocols train otherwise, beside improvised ones, which they train alike."""
    rows = [_styles(subject) for subject in (loose, strict)]
    if not all(SCRIPTED in of_run and IMPROVISED in of_run for of_run in rows):
        return
    scripted, improvised = ([of_run[style] for of_run in rows] for style in (SCRIPTED, IMPROVISED))
    if scripted[0].num_utterances == scripted[1].num_utterances:
        yield (
            f"On scripted turns {percent(scripted[0].ua)} against {percent(scripted[1].ua)}, on improvised ones, which "
            f"both train alike, {percent(improvised[0].ua)} and {percent(improvised[1].ua)}."
        )


def _styles(subject: Subject) -> Mapping[str, Row]:
    return {row.value: row for found in subject.assessment.breakdowns if found.name == STYLE for row in found.rows}


def _causes(loose: Subject, strict: Subject) -> Iterator[str]:
    """What may make a fall that is sure; of the script only where the system reads."""
    others = list(_other_causes(loose, strict))
    if loose.recipe.get("text_encoder"):
        yield (
            "Under loso the scripted lines of the tested session stand in training, spoken by others; under "
            "script-disjoint no model has seen the script that it is tested on. Knowing the script is one cause that "
            f"fits; {' and '.join(others)} may be others."
        )
    else:
        yield f"This system does not read; causes may be {' and '.join(others)}."


def _other_causes(loose: Subject, strict: Subject) -> Iterator[str]:
    both = (loose, strict)
    sizes = [mean(len(fold.train) for fold in subject.run.folds) for subject in both]
    if sizes[1] < sizes[0]:
        yield f"fewer training utterances ({sizes[1]:,.0f} instead of {sizes[0]:,.0f} a fold, on average)"
    shift = "other shares of the classes in training, where the script left out has its own emotions"
    if loose.run.audit and strict.run.audit:
        shares = [percent(mean(fold["label_shift"] for fold in subject.run.audit["folds"])) for subject in both]
        shift += f" (label shift {shares[1]} % instead of {shares[0]} %, mean over folds)"
    yield shift


def _view(audit: Values | None, protocol: str | None, names: tuple[str, ...]) -> AuditView:
    known = PROTOCOLS.get(protocol or "")
    if audit is None:
        sentences = ("No audit is in these folders: nothing is known of what crosses from training into the test.",)
    else:
        sentences = tuple(_sentences(audit))
    return AuditView(
        protocol=protocol or "unknown protocol",
        runs=names,
        guards=known.guards if known else "",
        guards_in_vain=bool(audit and audit["num_hard_leaks"]),
        does_not_guard=known.does_not_guard if known else "",
        sentences=sentences,
        folds=tuple(_fold_row(fold, audit["twins"]) for fold in audit["folds"]) if audit else (),
    )


def _sentences(audit: Values) -> Iterator[str]:
    """With hard leaks every sentence; without, what is told fold by fold stands in the table and is summed up here."""
    hard = audit["num_hard_leaks"]
    twins = [kind for of_fold in audit["twins"].values() for kind in of_fold.values()]
    tested = sum(fold["num_test"] for fold in audit["folds"])
    uncompared = sum(len(ids) for ids in audit.get("uncompared", {}).values())
    summed_up = "No tested utterance has the same or nearly the same line in training."
    if uncompared == tested:
        summed_up = "No tested line could be compared with training: too short, or no transcript."
    elif uncompared and not twins:
        summed_up = (
            f"None of the {tested - uncompared:,} tested utterances whose line could be compared has the same or "
            "nearly the same line in training."
        )
    if twins:
        summed_up = (
            f"Soft leaks: {len(twins):,} of {tested:,} tested utterances ({percent(len(twins) / tested)} %) have the "
            f"same or nearly the same line in training, {twins.count('verbatim'):,} of them word for word."
        )
    yield "Hard leaks: none." if not hard else f"HARD LEAKS: {hard}. Scores of these runs say nothing of strangers."
    yield summed_up
    yield from (told for told in audit["sentences"] if hard or not told.startswith(("Fold ", "All ")))


def _fold_row(fold: Values, twins: Mapping[str, Mapping[str, str]]) -> FoldRow:
    hard = [leak for leak in fold["leaks"] if leak["hard"]]
    number = len(twins.get(str(fold["number"]), {}))
    return FoldRow(
        name=f"{fold['number']}: {fold['name']}",
        train=f"{fold['num_train']:,}",
        validation=f"{fold['num_validation']:,}",
        test=f"{fold['num_test']:,}",
        left_out=f"{fold['num_left_out']:,}",
        hard=", ".join(f"{leak['kind']} ({leak['num_test']:,}, {leak['between']})" for leak in hard) or "none",
        twins=f"{number:,} ({percent(number / fold['num_test'])} %)",
        label_shift=percent(fold["label_shift"]),
        scenario_shift=percent(fold["scenario_shift"]),
    )


def _bracketed(row: Row) -> str:
    return f" [{bounds(row.interval)}]" if row.interval else ""
