"""`emoduet audit`: what a protocol's test parts share with the rest, before anything is trained."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table

from emoduet.cli.door import counting_bar, errors_told, notes, results
from emoduet.cli.options import AsJson, NoValidation, ProtocolName, SplitSeed, TestLabelMap, TestManifest
from emoduet.findings import FOLDS_TOLD_SINGLY

if TYPE_CHECKING:
    from emoduet.findings import Audit, FoldAudit

MAX_CLASSES = 7
"""With more columns than this, a table of classes does not fit 80 characters."""

LEAKS: Mapping[str, str] = {
    "speaker": "speaker",
    "dialogue": "dialogue",
    "audio": "sound",
    "near-duplicate transcript": "near-dup.\nline",
    "verbatim transcript": "verbatim\nline",
}


def audit(
    manifest: Annotated[
        Path, typer.Argument(metavar="MANIFEST", help="A manifest, as `emoduet corpus build` writes it.")
    ],
    protocol: ProtocolName = "loso",
    audio: Annotated[
        bool, typer.Option("--audio/--no-audio", help="Compare sounds by their samples, or by file name and times.")
    ] = True,
    no_validation: NoValidation = False,
    split_seed: SplitSeed = None,
    test_manifest: TestManifest = None,
    test_label_map: TestLabelMap = None,
    as_json: AsJson = False,
) -> None:
    """Look for leaks: speakers, dialogues, sounds and lines that a test part shares.

    Exit status 1 if a speaker, a dialogue or a sound stands on both sides, unless the protocol is marked as leaking.
    """
    with errors_told():
        from emoduet.audit import audit as look_for_leaks
        from emoduet.study import Division, read_study

        division = Division(protocol, split_seed, test_manifest, test_label_map, no_validation)
        study = read_study(manifest, division)
        for note in study.notes:
            notes().print(note)
        with counting_bar("sounds") as progress:
            found = look_for_leaks(study.utterances, study.folds, study.protocol, audio=audio, progress=progress)
        if as_json:
            typer.echo(json.dumps(found.as_json(), ensure_ascii=False))
        else:
            _tell(found)
    if found.hard_leaks and not found.leaking:
        raise typer.Exit(1)


def audit_tables(found: "Audit") -> list[Table]:
    """Sizes and shifts by fold, leaks by fold if there are any, and classes where they fit a terminal."""
    tables = [_sizes(found)]
    if not found.clean:
        tables.append(_leaks(found))
    if _classes_fit(found):
        tables.append(_classes(found))
    return tables


def _tell(found: "Audit") -> None:
    leaking = ", marked as leaking" if found.leaking else ""
    results().print(f"{found.protocol}{leaking}: {found.blind.utterances:,} utterances, {len(found.folds)} folds")
    for table in audit_tables(found):
        results().print(table)
    for sentence in found.sentences():
        results().print(sentence, soft_wrap=not results().is_terminal)
    if not _classes_fit(found):
        notes().print("class counts by fold are left out here; --json has them")


def _sizes(found: "Audit") -> Table:
    headings = ("train", "valid.", "test", "left\nout", "label\nshift", "scenario\nshift")
    table = _table("sizes; shift of test against training, 0 to 1", headings)
    for fold in found.folds:
        counts = (fold.num_train, fold.num_validation, fold.num_test, fold.num_left_out)
        scenario = "" if fold.scenario_shift is None else f"{fold.scenario_shift:.2f}"
        table.add_row(_name(fold), *(f"{count:,}" for count in counts), f"{fold.label_shift:.2f}", scenario)
    return table


def _leaks(found: "Audit") -> Table:
    table = _table("tested utterances shared with training / with validation", tuple(LEAKS.values()))
    for fold in found.folds:
        counts = {(leak.kind, leak.between): leak.num_test for leak in fold.leaks}
        table.add_row(_name(fold), *(_pair(counts, kind) for kind in LEAKS))
    return table


def _pair(counts: Mapping[tuple[str, str], int], kind: str) -> str:
    """`3 / 0`, or a dash for none at all."""
    train, validation = (counts.get((kind, between), 0) for between in ("train/test", "validation/test"))
    return f"{train:,} / {validation:,}" if train or validation else "-"


def _classes(found: "Audit") -> Table:
    names = _labels(found)
    table = _table("labelled utterances", ("part", *names))
    for fold in found.folds:
        for part, counts in fold.class_counts.items():
            if any(counts.values()):
                numbers = (f"{counts.get(name, 0):,}" for name in names)
                table.add_row(_name(fold) if part == "train" else "", part, *numbers)
    return table


def _table(title: str, headings: tuple[str, ...]) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    for heading in ("fold", *headings):
        table.add_column(heading, justify="left" if heading in ("fold", "part") else "right", overflow="fold")
    return table


def _name(fold: "FoldAudit") -> str:
    return f"{fold.number} {fold.name.removeprefix('test ')}"


def _labels(found: "Audit") -> list[str]:
    return sorted({label for fold in found.folds for counts in fold.class_counts.values() for label in counts})


def _classes_fit(found: "Audit") -> bool:
    return len(_labels(found)) <= MAX_CLASSES and len(found.folds) <= FOLDS_TOLD_SINGLY
