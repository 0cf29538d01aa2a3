"""What an audit finds, as data, as JSON and in plain words; how it is found stands in `audit`."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

Kind = Literal["speaker", "dialogue", "audio", "verbatim transcript", "near-duplicate transcript"]
Between = Literal["train/test", "validation/test"]

HARD: tuple[Kind, ...] = ("speaker", "dialogue", "audio")
"""With one of these on both sides, a score does not say how a system does with what it has never met."""

FOLDS_TOLD_SINGLY = 10
"""Of more folds than this, the sentences speak of all together."""

_SHARED: Mapping[Kind, str] = {"speaker": "speaker", "dialogue": "dialogue", "audio": "sound, whole or in part,"}
_PARTS: Mapping[Between, str] = {"train/test": "training", "validation/test": "validation"}


@dataclass(frozen=True)
class Leak:
    """Tested utterances that have something in common with another part of their fold.

    Near-duplicate lines count verbatim ones, too. `examples` are up to three pairs (test id, other id).
    """

    kind: Kind
    between: Between
    fold: int
    num_test: int
    examples: tuple[tuple[str, str], ...]

    @property
    def hard(self) -> bool:
        """Whether it spoils the fold; lines that recur are soft, and counted."""
        return self.kind in HARD


@dataclass(frozen=True)
class FoldAudit:
    """One fold, counted. Shifts are total variation distances of training and test, 0 (alike) to 1 (disjoint).

    `class_counts` holds labelled utterances by part ("train", "validation", "test") and label. The scenario shift is
    None where the corpus names no scenarios in one of the parts.
    """

    number: int
    name: str
    num_train: int
    num_validation: int
    num_test: int
    num_left_out: int
    class_counts: Mapping[str, Mapping[str, int]]
    leaks: tuple[Leak, ...]
    label_shift: float
    scenario_shift: float | None


@dataclass(frozen=True)
class BlindSpots:
    """How much of a corpus the audit could not compare, in utterances, but `unreadable` and `silent` in sounds.

    `short_lines` are transcripts of fewer than 4 different words, such as "yeah": said by everybody, and no leak.
    `sound_read` is False where sounds were compared by file name and times alone.
    """

    utterances: int = 0
    no_speaker: int = 0
    no_dialogue: int = 0
    no_audio: int = 0
    no_transcript: int = 0
    short_lines: int = 0
    unreadable: Mapping[str, str] = field(default_factory=dict)
    silent: int = 0
    sound_read: bool = True


@dataclass(frozen=True)
class Audit:
    """A protocol's folds over a corpus, looked through for leaks.

    `twins` says of each fold, by number, which tested ids have a near-duplicate line in training, and whether it is
    "verbatim" or only "near-duplicate"; `uncompared` which tested ids' lines could be compared with none, being too
    short or not known. The other tested ids' lines were compared, and have no twin. `leaking` is the protocol's nature;
    `leaks_allowed` says that whoever asked knows of hard leaks.
    """

    protocol: str
    leaking: bool
    folds: tuple[FoldAudit, ...]
    twins: Mapping[int, Mapping[str, str]]
    blind: BlindSpots = BlindSpots()
    uncompared: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    leaks_allowed: bool = False

    @property
    def leaks(self) -> tuple[Leak, ...]:
        """All leaks, fold by fold."""
        return tuple(leak for fold in self.folds for leak in fold.leaks)

    @property
    def hard_leaks(self) -> tuple[Leak, ...]:
        """Those that spoil a fold."""
        return tuple(leak for leak in self.leaks if leak.hard)

    @property
    def clean(self) -> bool:
        """Whether nothing at all was found; what the audit was blind to stands in `blind`."""
        return not self.leaks

    def as_json(self) -> dict[str, object]:
        """Everything, for `json.dumps`; fold numbers are strings where they are keys."""
        folds = [asdict(fold) for fold in self.folds]
        for fold in folds:
            fold["leaks"] = [leak | {"hard": leak["kind"] in HARD} for leak in fold["leaks"]]
        return {
            "protocol": self.protocol,
            "leaking": self.leaking,
            "leaks_allowed": self.leaks_allowed,
            "clean": self.clean,
            "num_hard_leaks": len(self.hard_leaks),
            "folds": folds,
            "twins": {str(number): dict(twins) for number, twins in self.twins.items()},
            "uncompared": {str(number): list(ids) for number, ids in self.uncompared.items()},
            "blind": asdict(self.blind),
            "sentences": self.sentences(),
        }

    def sentences(self) -> list[str]:
        """The findings in words for someone who never saw the code: leaks, what they mean, what could not be seen."""
        return [*_verdict(self), *_leaks(self), *_meaning(self), *_blindness(self.blind)]


def is_leaking(told: Mapping[str, object]) -> bool:
    """Whether an audit's JSON says that something hard crosses into the test, by the protocol's nature or as found."""
    return bool(told["leaking"] or told.get("num_hard_leaks"))


def twins_told(told: Mapping[str, object]) -> Mapping[int, Mapping[str, str]]:
    """`Audit.twins`, read back from JSON."""
    return {int(number): twins for number, twins in told["twins"].items()}


def uncompared_told(told: Mapping[str, object]) -> Mapping[int, tuple[str, ...]]:
    """`Audit.uncompared`, read back from JSON; empty where an older audit does not say."""
    return {int(number): tuple(ids) for number, ids in told.get("uncompared", {}).items()}


def _verdict(audit: Audit) -> Iterator[str]:
    blind = audit.blind
    seen = [
        word
        for word, unknown in (("speaker", blind.no_speaker), ("dialogue", blind.no_dialogue), ("sound", blind.no_audio))
        if not audit.hard_leaks and unknown < blind.utterances
    ]
    if audit.clean and blind.no_transcript + blind.short_lines < blind.utterances:
        seen.append("line of four words and more, verbatim or nearly so,")
    if seen:
        found = seen[0] if len(seen) == 1 else f"{', '.join(seen[:-1])} or {seen[-1]}"
        yield f"{'Clean: no' if audit.clean else 'No'} tested {found} is in training or validation."


def _leaks(audit: Audit) -> Iterator[str]:
    together = audit.leaking or len(audit.folds) > FOLDS_TOLD_SINGLY
    groups = [("All folds", audit.folds)] if together else [(f"Fold {one.number}", (one,)) for one in audit.folds]
    for name, folds in groups:
        tested = f"of {sum(fold.num_test for fold in folds):,} tested utterances"
        found = [leak for fold in folds for leak in fold.leaks]
        for between, part in _PARTS.items():
            for kind, what in _SHARED.items():
                leaks = [leak for leak in found if (leak.kind, leak.between) == (kind, between)]
                if leaks:
                    count = sum(leak.num_test for leak in leaks)
                    one, other = leaks[0].examples[0]
                    yield f"{name}: {part} has the {what} of {count:,} {tested}, such as {one} (with {other})."
        if lines := _lines(tested, found):
            yield f"{name}: {lines}."


def _lines(tested: str, found: list[Leak]) -> str:
    """Such as `113 of 231 tested utterances have a near-duplicate line in training (verbatim: 60)`, or nothing."""
    said = ""
    for between, part in _PARTS.items():
        near, verbatim = (
            sum(leak.num_test for leak in found if (leak.kind, leak.between) == (kind, between))
            for kind in ("near-duplicate transcript", "verbatim transcript")
        )
        if near:
            have = "has" if near == 1 else "have"
            said += f", {near:,} {have} one in " if said else f"{near:,} {tested} {have} a near-duplicate line in "
            said += f"{part} (verbatim: {verbatim:,})"
    return said


def _meaning(audit: Audit) -> Iterator[str]:
    hard = {leak.between for leak in audit.hard_leaks}
    if "train/test" in hard:
        yield "A system may know these speakers, dialogues or sounds: its scores do not say how it does with strangers."
    if "validation/test" in hard:
        yield "Validation chooses the epoch: what it shares with the test part makes scores look better than they are."
    if hard and audit.leaking:
        yield f"Protocol {audit.protocol} leaks by its nature: its scores are for contrast, not for comparison."
    elif hard and audit.leaks_allowed:
        yield (
            "Speakers, dialogues or sounds cross into the test, which was allowed for this run: its scores are not of "
            "unseen speakers; compare them only with scores on the same split."
        )
    if any(not leak.hard and leak.between == "train/test" for leak in audit.leaks):
        yield (
            "Scores on such lines may reflect knowing the line: see the bag-of-words row, and the scores of lines with "
            "and without a twin."
        )


def _blindness(blind: BlindSpots) -> Iterator[str]:
    total = f"of {blind.utterances:,} utterances"
    for word, unknown in (
        ("speaker", blind.no_speaker),
        ("dialogue", blind.no_dialogue),
        ("sound", blind.no_audio),
        ("transcript", blind.no_transcript),
    ):
        if unknown:
            yield f"Not seen: {unknown:,} {total} have no {word} in the manifest."
    if blind.short_lines:
        yield (
            f"Not compared: the lines of {blind.short_lines:,} {total}, which have fewer than four different words; "
            "everybody says such lines."
        )
    if not blind.sound_read:
        yield "Not compared: the samples of sounds; only their file names and times were."
    if blind.unreadable:
        first = next(iter(blind.unreadable.values()))
        more = "" if len(blind.unreadable) == 1 else f", and {len(blind.unreadable) - 1:,} more"
        yield f"Not heard: {len(blind.unreadable):,} sound files could not be read ({first}{more})."
    if blind.silent:
        yield f"Not compared: {blind.silent:,} sounds of equal length that are digital silence."
