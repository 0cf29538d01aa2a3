"""The audit: what a protocol's test parts have in common with what a system trains on or is chosen by.

Speakers, dialogues and sounds on both sides are hard leaks: they spoil a fold, and stop a run whose protocol is not
marked as leaking. Lines said again, verbatim or nearly so, are soft: they are counted, and the tested utterances that
have such a twin are named, so that a result can be told with and without them. The audit sees what the manifest says
and what the sound files hold; it knows nothing of what an encoder was trained on before.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from emoduet.crossings import Relation, crossings, relation_of
from emoduet.errors import InputError
from emoduet.findings import Audit, Between, BlindSpots, FoldAudit, Kind, Leak
from emoduet.fingerprint import Sounds, fingerprint
from emoduet.near_duplicates import Lines, near_duplicate_pairs, number_lines
from emoduet.protocols import Fold, Protocol
from emoduet.types import Utterance

MAX_EXAMPLES = 3

_PARTS = ("train", "validation", "test")
_BETWEEN: tuple[tuple[Between, str], ...] = (("train/test", "train"), ("validation/test", "validation"))

Rows = Mapping[str, np.ndarray]
"""Row numbers of the manifest by part of a fold."""


def audit(
    utterances: Sequence[Utterance],
    folds: Sequence[Fold],
    protocol: Protocol,
    *,
    audio: bool = True,
    leaks_allowed: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Audit:
    """Looks for leaks in every fold of a protocol, and counts its classes.

    Args:
        audio: whether sound files are opened; otherwise sounds are compared by file name and times alone.
        leaks_allowed: whoever asks knows of hard leaks; the findings then say so.
        progress: called with (sounds looked at, those known to be looked at so far).

    Raises:
        InputError: a fold names an utterance that is not in the manifest.
    """
    places = {utterance.id: row for row, utterance in enumerate(utterances)}
    rows = [_rows(fold, places) for fold in folds]
    lines = number_lines([utterance.transcript for utterance in utterances])
    sounds = fingerprint(utterances, read=audio, progress=progress)
    found = _crossed(_relations(utterances, lines, sounds), rows)
    labels, scenarios = ([getattr(one, word) for one in utterances] for word in ("label", "scenario"))
    return Audit(
        protocol=protocol.name,
        leaking=protocol.leaking,
        folds=tuple(
            _fold_audit(fold, parts, _leaks(fold, found, place, utterances), labels, scenarios)
            for place, (fold, parts) in enumerate(zip(folds, rows, strict=True))
        ),
        twins={fold.number: _twins(found, place, utterances) for place, fold in enumerate(folds)},
        uncompared={
            fold.number: _uncompared(lines, parts, utterances) for fold, parts in zip(folds, rows, strict=True)
        },
        leaks_allowed=leaks_allowed,
        blind=_blind_spots(utterances, lines, sounds, audio),
    )


def stop_at_hard_leaks(audit: Audit) -> None:
    """Refuses a protocol whose test parts are not held out, unless that is its nature or was allowed.

    Raises:
        InputError: the audit found hard leaks that neither its protocol nor whoever asked for it allows.
    """
    if audit.hard_leaks and not (audit.leaking or audit.leaks_allowed):
        told = "; ".join(
            f"fold {leak.fold}: {leak.num_test} tested utterances share {leak.kind} with {leak.between.split('/')[0]} "
            f"({leak.examples[0][0]} with {leak.examples[0][1]})"
            for leak in audit.hard_leaks[:MAX_EXAMPLES]
        )
        more = len(audit.hard_leaks) - MAX_EXAMPLES
        raise InputError(
            f"protocol {audit.protocol}: {told}{f'; and {more} more leaks' if more > 0 else ''}; need test parts that "
            "share no speaker, dialogue or sound with the others. Mend the manifest, choose another protocol, or give "
            "--allow-leaks, which marks every output so; `emoduet audit` tells all"
        )


def _rows(fold: Fold, places: Mapping[str, int]) -> Rows:
    if unknown := {id for part in _PARTS for id in getattr(fold, part)} - places.keys():
        raise InputError(
            f"fold {fold.number} ({fold.name}): {len(unknown)} ids are not in the manifest, first {min(unknown)}; "
            "need folds of this manifest. Was it built again since?"
        )
    return {part: np.array([places[id] for id in getattr(fold, part)], dtype=np.int64) for part in _PARTS}


def _relations(utterances: Sequence[Utterance], lines: Lines, sounds: Sounds) -> dict[Kind, Relation]:
    return {
        "speaker": relation_of(_same_name(utterance.speaker) for utterance in utterances),
        "dialogue": relation_of(_same_name(utterance.dialogue) for utterance in utterances),
        "audio": Relation(sounds.groups, [sounds.overlaps]),
        "verbatim transcript": Relation(lines.sequences),
        "near-duplicate transcript": Relation(lines.sets, near_duplicate_pairs(lines.word_sets)),
    }


def _same_name(name: str | None) -> str | None:
    """A name as it is compared: "Anna" and "anna " are the same person, written by two hands."""
    return None if name is None else name.strip().casefold()


Found = Mapping[tuple[Kind, Between], list[np.ndarray]]
"""Pairs of rows (tested, other) for each fold."""


def _crossed(relations: Mapping[Kind, Relation], rows: Sequence[Rows]) -> Found:
    splits = [(parts["test"], parts[part]) for _, part in _BETWEEN for parts in rows]
    found = {}
    for kind, relation in relations.items():
        crossed = crossings(relation, splits)
        for place, (between, _) in enumerate(_BETWEEN):
            found[kind, between] = crossed[place * len(rows) : (place + 1) * len(rows)]
    return found


def _leaks(fold: Fold, found: Found, place: int, utterances: Sequence[Utterance]) -> tuple[Leak, ...]:
    return tuple(
        Leak(
            kind=kind,
            between=between,
            fold=fold.number,
            num_test=len(pairs[place]),
            examples=tuple((utterances[a].id, utterances[b].id) for a, b in pairs[place][:MAX_EXAMPLES]),
        )
        for (kind, between), pairs in found.items()
        if len(pairs[place])
    )


def _twins(found: Found, place: int, utterances: Sequence[Utterance]) -> Mapping[str, str]:
    verbatim = {row for row, _ in found["verbatim transcript", "train/test"][place].tolist()}
    near = found["near-duplicate transcript", "train/test"][place][:, 0].tolist()
    return {utterances[row].id: "verbatim" if row in verbatim else "near-duplicate" for row in near}


def _uncompared(lines: Lines, rows: Rows, utterances: Sequence[Utterance]) -> tuple[str, ...]:
    """Tested ids whose line is short or unknown; all of them where training holds no line to compare with."""
    tested = rows["test"]
    known = lines.sets[tested] >= 0 if (lines.sets[rows["train"]] >= 0).any() else np.zeros(len(tested), dtype=bool)
    return tuple(utterances[row].id for row in tested[~known].tolist())


def _fold_audit(
    fold: Fold,
    rows: Rows,
    leaks: tuple[Leak, ...],
    labels: Sequence[str | None],
    scenarios: Sequence[str | None],
) -> FoldAudit:
    counts = {part: _counts(labels, rows[part]) for part in _PARTS}
    names = sorted(set().union(*counts.values()))
    return FoldAudit(
        number=fold.number,
        name=fold.name,
        num_train=len(fold.train),
        num_validation=len(fold.validation),
        num_test=len(fold.test),
        num_left_out=len(fold.left_out),
        class_counts={part: {name: counts[part][name] for name in names} for part in _PARTS},
        leaks=leaks,
        label_shift=_shift(counts["train"], counts["test"]) or 0.0,
        scenario_shift=_shift(_counts(scenarios, rows["train"]), _counts(scenarios, rows["test"])),
    )


def _counts(values: Sequence[str | None], rows: np.ndarray) -> Counter[str]:
    return Counter(value for row in rows.tolist() if (value := values[row]) is not None)


def _shift(one: Counter[str], other: Counter[str]) -> float | None:
    """Half the sum of the differences of shares; None where one side knows no value."""
    totals = one.total(), other.total()
    if not all(totals):
        return None
    return sum(abs(one[name] / totals[0] - other[name] / totals[1]) for name in one | other) / 2


def _blind_spots(utterances: Sequence[Utterance], lines: Lines, sounds: Sounds, audio: bool) -> BlindSpots:
    no_transcript = _lacking(utterance.transcript for utterance in utterances)
    return BlindSpots(
        utterances=len(utterances),
        no_speaker=_lacking(utterance.speaker for utterance in utterances),
        no_dialogue=_lacking(utterance.dialogue for utterance in utterances),
        no_audio=_lacking(utterance.audio for utterance in utterances),
        no_transcript=no_transcript,
        short_lines=int((lines.sets < 0).sum()) - no_transcript,
        unreadable=sounds.unreadable,
        silent=sounds.num_silent,
        sound_read=audio,
    )


def _lacking(values: Iterable[str | None]) -> int:
    return sum(value is None for value in values)
