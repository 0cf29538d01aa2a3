"""`emoduet score`: predictions of any toolkit, with the tables, intervals and audit of emoduet's own."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emoduet.cli.door import counting_bar, errors_told, notes, results
from emoduet.cli.options import AsJson, Manifest, SplitSeed, TestLabelMap, TestManifest

if TYPE_CHECKING:
    from emoduet.scoring import Scored

Option = typer.Option
Predictions = Annotated[
    Path, typer.Argument(metavar="PREDICTIONS", help="A .csv, .tsv, .jsonl or .parquet table: id, and a label or more.")
]
OnProtocol = Annotated[str | None, Option("--protocol", metavar="NAME", help="The protocol they were made under.")]
OnFolds = Annotated[Path | None, Option("--folds", help="Or the folds, as `emoduet folds export` writes them (.json).")]
Classes = Annotated[str | None, Option(metavar="A,B,...", help="The study's labels; by default all of the manifest's.")]
IdColumn = Annotated[str, Option(help="The column of utterance ids.")]
LabelColumn = Annotated[str | None, Option(help="The column of predicted labels; by default prediction, ... or label.")]
LabelMap = Annotated[Path | None, Option(help="A TOML or JSON file: the table's name of a label = the class.")]
Strict = Annotated[bool, Option("--strict", help="Refuse a table that lacks a tested utterance.")]
NoAudio = Annotated[bool, Option("--no-audio", help="Audit without opening sound files.")]
Out = Annotated[Path | None, Option("--out", "-o", help="Also write a run folder, for `emoduet compare` and `report`.")]


def score(
    predictions: Predictions,
    manifest: Manifest,
    protocol: OnProtocol = None,
    folds: OnFolds = None,
    split_seed: SplitSeed = None,
    test_manifest: TestManifest = None,
    test_label_map: TestLabelMap = None,
    classes: Classes = None,
    id_column: IdColumn = "id",
    label_column: LabelColumn = None,
    label_map: LabelMap = None,
    strict: Strict = False,
    no_audio: NoAudio = False,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Score predictions made elsewhere.

    Give the protocol or the folds that they were made under, and the audit and the baselines stand beside
    them.
    """
    _check_usage(protocol, folds, told=split_seed is not None or bool(test_manifest or test_label_map))
    with errors_told():
        from emoduet.prediction_table import Columns
        from emoduet.scored_folder import write_scored
        from emoduet.scoring import Scoring, score_predictions
        from emoduet.study import Division

        under = str(folds) if folds else protocol
        scoring = Scoring(
            predictions=predictions,
            manifest=manifest,
            division=Division(under, split_seed, test_manifest, test_label_map) if under else None,
            classes=tuple(name.strip() for name in classes.split(",")) if classes else None,
            columns=Columns(id=id_column, label=label_column),
            label_map=label_map,
            strict=strict,
            audio=not no_audio,
        )
        with counting_bar("sounds compared") as progress:
            scored = score_predictions(scoring, progress)
        if out:
            write_scored(out, scored)
        if as_json:
            typer.echo(json.dumps(scored.as_json(), ensure_ascii=False))
        else:
            _tell(scored)
        for note in scored.notes:
            notes().print(note)
        if out:
            notes().print(f"everything is in {out}")


def _check_usage(protocol: str | None, folds: Path | None, told: bool) -> None:
    """Refuses options that do not go together; `told` is whether there are any about how folds are made."""
    if protocol and folds:
        raise typer.BadParameter("give --protocol or --folds, not both")
    if told and not (protocol or folds):
        raise typer.BadParameter("--split-seed and --test-... belong to folds; give --protocol or --folds")
    if folds and folds.suffix != ".json":
        raise typer.BadParameter(f"--folds {folds}: need a .json file, as `emoduet folds export` writes it")


def _tell(scored: "Scored") -> None:
    from emoduet.cli.assessment_tables import assessment_tables
    from emoduet.cli.tables import confusion_table

    console = results()
    console.print("; ".join([*([scored.study.protocol.name] if scored.study else []), *scored.marks]), soft_wrap=True)
    for sentence in scored.audit.sentences() if scored.audit else ():
        console.print(f"audit: {sentence}", soft_wrap=True)
    for table in assessment_tables(scored.assessment):
        console.print(table)
    summary = scored.assessment.summary
    console.print(confusion_table(summary.scores, scored.classes, len(summary.seeds)))
