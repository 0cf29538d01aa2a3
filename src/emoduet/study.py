"""A study: the labelled utterances of one manifest or two, and their folds, by a protocol or from a file.

Every command that needs folds gets them here, so that a name, a seed or a folds file means the same to all of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from emoduet.corpora.label_map import read_label_map
from emoduet.corpus_pair import CorpusPair, read_pair
from emoduet.errors import InputError, UsageError
from emoduet.folds_file import FoldsHeader, folds_digest, read_folds
from emoduet.manifest import manifest_digest
from emoduet.protocols import (
    NO_VALIDATION,
    PROTOCOLS,
    Fold,
    FoldOptions,
    Protocol,
    check_validated,
    protocol_named,
    restricted,
    without_validation,
)
from emoduet.types import Utterance


@dataclass(frozen=True)
class Division:
    """How utterances are to be divided.

    Attributes:
        protocol: a protocol's name, or the path of a folds file (what ends in .json).
        seed: of what the protocol draws; None is 0, or what the folds file was drawn by.
        test_manifest: the other corpus, for `cross-corpus`.
        test_label_map: a file that says which class each of the other corpus's labels becomes.
        no_validation: the validation part joins training.
        allow_leaks: speakers, dialogues and sounds may cross into the test; where they do, every output is marked so.
    """

    protocol: str = "loso"
    seed: int | None = None
    test_manifest: Path | None = None
    test_label_map: Path | None = None
    no_validation: bool = False
    allow_leaks: bool = False

    @property
    def folds_file(self) -> Path | None:
        """The file to read folds from; None where `protocol` is a name."""
        return Path(self.protocol) if self.protocol.endswith(".json") else None


@dataclass(frozen=True)
class Study:
    """Utterances and their folds.

    Attributes:
        utterances: of the study's classes, of both manifests if there are two.
        header: what the folds were made by, to be written with them.
        identity: what two runs must share for their numbers to stand in one folder, as JSON values.
        read_from: the name and header of the folds file; empty where the folds were made here.
        notes: what must be told beside the folds.
        leaks_allowed: what crosses into the test stops nothing, though it may not be the protocol's nature.
    """

    utterances: tuple[Utterance, ...]
    protocol: Protocol
    folds: tuple[Fold, ...]
    header: FoldsHeader
    identity: Mapping[str, object]
    read_from: Mapping[str, object]
    notes: tuple[str, ...]
    leaks_allowed: bool = False


def read_study(manifest: Path, division: Division, classes: Sequence[str] | None = None) -> Study:
    """Reads what is to be divided, and divides it.

    Args:
        classes: the labels of the study, other utterances are outside it; None takes every labelled utterance.

    Raises:
        CorpusError: a manifest is wrong, or has no utterance of a class.
        InputError: an unknown protocol, a manifest that lacks what it goes by, folds of another manifest, an id in
            both manifests, or options that do not go together.
    """
    _check_options(division)
    protocol = None if division.folds_file else protocol_named(division.protocol)
    pair = read_pair(manifest, division.test_manifest, division.test_label_map, classes)
    header = _header(manifest, division)
    if protocol:
        options = FoldOptions(header.seed, frozenset(one.id for one in pair.other))
        folds, read_from, notes = protocol.make_folds(pair.both, options), {}, pair.notes
    else:
        made_by, folds = read_folds(division.folds_file)
        notes = (*pair.notes, *_check_file(division.folds_file, made_by, folds, header, pair))
        folds = tuple(restricted(fold, pair.both) for fold in folds)
        claimed = made_by.protocol in PROTOCOLS
        proved = claimed and any(_divides_so(made_by, folds, one, pair) for one in _pairs(pair, manifest, division))
        protocol = PROTOCOLS[made_by.protocol] if proved else _promising_nothing(made_by, division.folds_file)
        notes += (_doubt(made_by, division.folds_file),) if claimed and not proved else ()
        read_from = {"file": division.folds_file.name, **asdict(made_by)}
        header = replace(header, seed=made_by.seed, no_validation=header.no_validation or made_by.no_validation)
    if header.no_validation:
        protocol, folds = _unvalidated(protocol, folds)
    header = replace(header, protocol=protocol.name, protocol_summary=protocol.summary)
    identity = {**_identity(header, folds, division), "leaking": protocol.leaking}
    return Study(pair.both, protocol, folds, header, identity, read_from, notes, division.allow_leaks)


def chosen_folds(folds: Sequence[Fold], numbers: tuple[int, ...] | None) -> tuple[Fold, ...]:
    """The folds of these numbers, in order; None takes all.

    Raises:
        InputError: there is no fold of a number.
    """
    known = {fold.number: fold for fold in folds}
    wrong = [number for number in numbers or () if number not in known]
    if wrong:
        raise UsageError(f"fold {wrong[0]}: the protocol has folds {min(known)} to {max(known)}")
    return tuple(known[number] for number in (sorted(set(numbers)) if numbers else known))


def check_trainable(folds: Sequence[Fold], study: Study, classes: Sequence[str]) -> None:
    """Finds before the first training, not at the last fold, what a fold's training would miss.

    Raises:
        InputError: a fold has nothing to validate on, or none of a class to train on.
    """
    label_of = {utterance.id: utterance.label for utterance in study.utterances}
    for fold in folds:
        if not (study.protocol.test_in_the_loop or study.header.no_validation):
            check_validated(fold)
        lacking = sorted(set(classes) - {label_of[id] for id in fold.train})
        if lacking:
            raise InputError(
                f"fold {fold.number} ({fold.name}): none of its {len(fold.train)} training utterances is "
                f"{', '.join(lacking)}; leave it out with --folds, take another protocol, or set the recipe's classes"
            )


def _check_options(division: Division) -> None:
    """Refuses options that do not go together."""
    if division.test_manifest and not division.folds_file and division.protocol != "cross-corpus":
        raise UsageError(f"--test-manifest: {division.protocol} divides one manifest; take --protocol cross-corpus")
    if division.test_label_map and not division.test_manifest:
        raise UsageError("--test-label-map: there is no --test-manifest whose labels it could map")
    if division.folds_file and division.seed is not None:
        raise UsageError(f"--split-seed: the folds of {division.protocol} are drawn already; leave the seed out")


def _header(manifest: Path, division: Division) -> FoldsHeader:
    other = division.test_manifest
    return FoldsHeader(
        seed=division.seed or 0,
        no_validation=division.no_validation,
        manifest=manifest.name,
        manifest_sha256=manifest_digest(manifest),
        test_manifest=other and other.name,
        test_manifest_sha256=other and manifest_digest(other),
    )


def _identity(header: FoldsHeader, folds: Sequence[Fold], division: Division) -> dict[str, object]:
    mapped = division.test_label_map and read_label_map(division.test_label_map)
    return {
        "protocol": header.protocol,
        "split_seed": header.seed,
        "no_validation": header.no_validation,
        "folds_sha256": folds_digest(folds),
        "manifest_sha256": header.manifest_sha256,
        "test_manifest_sha256": header.test_manifest_sha256,
        "test_label_map": mapped,
        "leaks_allowed": division.allow_leaks,
    }


def _check_file(
    path: Path, made_by: FoldsHeader, folds: Sequence[Fold], header: FoldsHeader, pair: CorpusPair
) -> list[str]:
    """What is to be told of a folds file that fits the manifests' ids."""
    said = {"protocol": made_by.protocol, "seed": made_by.seed, "manifest": made_by.manifest}
    told = ", ".join(f"{name} {value}" for name, value in said.items() if value is not None)
    notes = [f"folds read from {path} ({told or 'it does not say what made them'})"]
    inside = {utterance.id for utterance in pair.both}
    for fold in folds:
        if strange := sorted(fold.reasons.keys() - pair.ids):
            raise InputError(
                f"{path}: fold {fold.number}: {len(strange)} of {len(fold.reasons)} ids are not in the manifest, first "
                f"{strange[0]}; were the folds made of another one? For folds of two corpora give --test-manifest"
            )
    outside = len(folds[0].reasons.keys() - inside)
    if outside:
        notes.append(f"{path}: {outside:,} utterances of its folds are of no class of the study, not used")
    if made_by.manifest_sha256 not in (None, header.manifest_sha256):
        notes.append(f"{path}: made of another {made_by.manifest}, which has the same ids as the manifest given here")
    return notes


def _pairs(pair: CorpusPair, manifest: Path, division: Division) -> Iterator[CorpusPair]:
    """What a folds file may have been made of: the study, or every labelled utterance, as `folds export` takes them."""
    yield pair
    yield read_pair(manifest, division.test_manifest, division.test_label_map, None)


def _divides_so(header: FoldsHeader, folds: Sequence[Fold], made_of: CorpusPair, pair: CorpusPair) -> bool:
    """Whether the protocol that a folds file names makes these folds of the study."""
    options = FoldOptions(header.seed or 0, frozenset(one.id for one in made_of.other))
    try:
        made = PROTOCOLS[header.protocol].make_folds(made_of.both, options)
        made = tuple(restricted(fold, pair.both) for fold in made)
    except (InputError, ValueError):  # the latter of a seed that nothing can be drawn by
        return False
    if header.no_validation:
        made, folds = (tuple(map(without_validation, some)) for some in (made, folds))
    return folds_digest(made) == folds_digest(folds)


def _doubt(header: FoldsHeader, path: Path) -> str:
    return (
        f"{path.name} says {header.protocol}, but {header.protocol} divides these utterances otherwise: nothing that "
        f"{header.protocol} guards is promised of these folds"
    )


def _promising_nothing(header: FoldsHeader, path: Path) -> Protocol:
    """Stands for whatever made the folds of a file; it never bears a protocol's name."""
    claims = header.protocol in PROTOCOLS
    own = f"folds of {path.name}"
    return Protocol(
        name=own if claims else header.protocol or path.stem,
        summary=f"the {own}" if claims else header.protocol_summary or f"the {own}",
        guards="No utterance is in two parts. Whatever else the makers of these folds took care of.",
        does_not_guard="Unknown, as no protocol of emoduet made these folds: the audit says what crosses.",
        test_in_the_loop=False,
        leaking=False,
        make_folds=lambda utterances, options: tuple(restricted(fold, utterances) for fold in read_folds(path)[1]),
    )


def _unvalidated(protocol: Protocol, folds: Sequence[Fold]) -> tuple[Protocol, tuple[Fold, ...]]:
    if protocol.test_in_the_loop:
        raise UsageError(
            f"--no-validation: {protocol.name} has no validation part, and its learning rate follows the test loss"
        )
    summary = f"{protocol.summary}; {NO_VALIDATION}: the validation part trains too, for a fixed number of epochs"
    return replace(protocol, summary=summary), tuple(without_validation(fold) for fold in folds)
