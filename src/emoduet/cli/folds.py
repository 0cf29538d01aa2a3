"""`emoduet folds`: a protocol's folds to look at, and as plain files for other toolkits; nothing is trained."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emoduet.cli.door import errors_told, notes, results
from emoduet.cli.options import AsJson, NoValidation, ProtocolName, SplitSeed, TestLabelMap, TestManifest

if TYPE_CHECKING:
    from rich.table import Table

    from emoduet.protocols import Fold
    from emoduet.study import Study

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look at a protocol's folds, and hand them on.")

ManifestPath = Annotated[
    Path, typer.Argument(metavar="MANIFEST", help="A manifest, as `emoduet corpus build` writes it.")
]
Classes = Annotated[
    str | None, typer.Option(metavar="LABELS", help="Only utterances of these labels, such as angry,sad.")
]
MAX_CLASSES = 8
"""More classes than this make no columns of their own."""


@app.command()
def show(
    manifest: ManifestPath,
    protocol: ProtocolName = "loso",
    classes: Classes = None,
    no_validation: NoValidation = False,
    split_seed: SplitSeed = None,
    test_manifest: TestManifest = None,
    test_label_map: TestLabelMap = None,
    as_json: AsJson = False,
) -> None:
    """Show who trains, validates and is tested, fold by fold."""
    with errors_told():
        from emoduet.study import Division, read_study

        division = Division(protocol, split_seed, test_manifest, test_label_map, no_validation)
        study = read_study(manifest, division, _labels(classes))
        if as_json:
            typer.echo(_as_json(study))
            return
        results().print(f"{study.protocol.name}: {study.protocol.summary}", soft_wrap=True)
        results().print(_table(study))
        results().print(f"guards: {study.protocol.guards}", soft_wrap=True)
        results().print(f"does not guard: {study.protocol.does_not_guard}", soft_wrap=True)
        _tell(study)


@app.command()
def export(
    manifest: ManifestPath,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write; it must not hold anything yet.")],
    protocol: ProtocolName = "loso",
    classes: Classes = None,
    no_validation: NoValidation = False,
    split_seed: SplitSeed = None,
    test_manifest: TestManifest = None,
    test_label_map: TestLabelMap = None,
) -> None:
    """Write folds as plain files for other toolkits.

    folds.json (`emoduet run --protocol OUT/folds.json` takes it back), folds.csv, and for each fold the ids of each
    part, one a line: fold1/train.txt, validation.txt, test.txt.
    """
    with errors_told():
        from emoduet.folds_file import export_folds
        from emoduet.study import Division, read_study

        division = Division(protocol, split_seed, test_manifest, test_label_map, no_validation)
        study = read_study(manifest, division, _labels(classes))
        export_folds(out, study.folds, study.utterances, study.header)
        results().print(f"{out}: {len(study.folds)} folds of {len(study.utterances):,} utterances", soft_wrap=True)
        _tell(study)


def _labels(text: str | None) -> tuple[str, ...] | None:
    """`angry,sad` as (angry, sad)."""
    return None if text is None else tuple(part.strip() for part in text.split(",") if part.strip())


def _tell(study: "Study") -> None:
    """The notes, and what a run would stumble over."""
    for note in study.notes:
        notes().print(note)
    unvalidated = [fold.name for fold in study.folds if not fold.validation]
    if unvalidated and not (study.protocol.test_in_the_loop or study.header.no_validation):
        notes().print(
            f"{len(unvalidated)} of {len(study.folds)} folds have no validation part, first {unvalidated[0]}: "
            "`emoduet run` needs --no-validation for them"
        )
    label_of = {utterance.id: utterance.label for utterance in study.utterances}
    for fold in study.folds:
        if lacking := sorted(set(label_of.values()) - {label_of[id] for id in fold.train}):
            notes().print(f"fold {fold.number} ({fold.name}): nobody trains {', '.join(lacking)}")


def _table(study: "Study") -> "Table":
    from rich import box
    from rich.table import Table

    counts = Counter(utterance.label for utterance in study.utterances)
    shown = sorted(counts) if len(counts) <= MAX_CLASSES else []
    label_of = {utterance.id: utterance.label for utterance in study.utterances}
    table = Table(box=box.SIMPLE_HEAD, caption=_caption(shown), caption_justify="left")
    for heading in ("", "fold", "train", "validation", "test", "left out", *shown):
        table.add_column(heading, justify="left" if heading == "fold" else "right")
    for fold in study.folds:
        sizes = map(len, (fold.train, fold.validation, fold.test, fold.left_out))
        classes = _class_counts(fold, label_of, shown)
        table.add_row(str(fold.number), fold.name, *(f"{size:,}" for size in sizes), *classes)
    return table


def _caption(shown: Sequence[str]) -> str:
    return "classes: training/test" if shown else "too many classes for columns; --json tells them"


def _class_counts(fold: "Fold", label_of: dict[str, str], shown: Sequence[str]) -> list[str]:
    trained, tested = (Counter(label_of[id] for id in ids) for ids in (fold.train, fold.test))
    return [f"{trained[name]:,}/{tested[name]:,}" for name in shown]


def _as_json(study: "Study") -> str:
    import json

    from emoduet.protocols import PARTS

    label_of = {utterance.id: utterance.label for utterance in study.utterances}
    protocol = study.protocol
    folds = [
        {
            "number": fold.number,
            "name": fold.name,
            "utterances": {part: len(getattr(fold, part)) for part in PARTS},
            "classes": {
                part: dict(sorted(Counter(label_of[id] for id in getattr(fold, part)).items())) for part in PARTS
            },
            "reasons": dict(Counter(fold.reasons.values())),
        }
        for fold in study.folds
    ]
    told = {"protocol": protocol.name, "summary": protocol.summary, "guards": protocol.guards}
    told |= {"does_not_guard": protocol.does_not_guard, "leaking": protocol.leaking}
    told |= {"test_data_in_the_loop": protocol.test_in_the_loop, "no_validation": study.header.no_validation}
    return json.dumps(
        {**told, "split_seed": study.header.seed, "notes": study.notes, "folds": folds}, ensure_ascii=False
    )
