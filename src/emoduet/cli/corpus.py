"""`emoduet corpus`: builds manifests from corpora and examines them; a thin door over the readers and the doctor.

Results go to stdout, notes and progress to stderr. Exit status: 0 all is well, 1 something is wrong with the data,
2 wrong usage.
"""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from emoduet.cli.column_options import with_column_options
from emoduet.cli.diagnosis import diagnosis_json, print_diagnosis
from emoduet.cli.door import errors_told
from emoduet.cli.synthesize import synthesize
from emoduet.corpora.doctor import examine
from emoduet.corpora.iemocap import read_iemocap
from emoduet.corpora.label_map import read_label_map
from emoduet.corpora.reading import Reading
from emoduet.corpora.table import read_table
from emoduet.labels import ALL_IEMOCAP_LABELS, PAPER_LABELS, LabelSet
from emoduet.manifest import read_manifest, write_manifest
from emoduet.problems import listed

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Build manifests from corpora, and examine them.")
build = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Build a manifest: one JSON line an utterance.")
app.add_typer(build, name="build")
app.command("synthesize")(synthesize)

LABEL_SETS = {"paper": PAPER_LABELS, "all": ALL_IEMOCAP_LABELS}

Out = Annotated[Path, typer.Option("--out", help="The manifest to write; it appears whole or not at all.")]
LabelMap = Annotated[
    Path | None,
    typer.Option(help='A TOML or JSON file that maps labels onto classes, such as: exc = "happy". Others are skipped.'),
]
Lenient = Annotated[
    bool, typer.Option("--lenient", help="Leave out what is missing or wrong, and count it, instead of stopping.")
]


@build.command("iemocap")
def build_iemocap(
    root: Annotated[Path, typer.Argument(help="The folder IEMOCAP_full_release, or its parent.")],
    out: Out,
    classes: Annotated[
        str | None, typer.Option(help="paper: angry, happy (with excited), neutral, sad. all: every labelled turn.")
    ] = None,
    label_map: LabelMap = None,
    strip_tags: Annotated[
        bool, typer.Option("--strip-tags/--keep-tags", help="Take [LAUGHTER] and its like out of the transcripts.")
    ] = False,
    lenient: Lenient = False,
) -> None:
    """Read the released IEMOCAP folder into a manifest.

    IEMOCAP is licensed by USC on request; neither it nor its manifest may be passed on.
    """
    if classes is not None and label_map is not None:
        raise typer.BadParameter("give --classes or --label-map, not both")
    if classes is not None and classes not in LABEL_SETS:
        raise typer.BadParameter(f"--classes: got {classes!r}; want one of {', '.join(LABEL_SETS)}")
    with errors_told():
        labels = LABEL_SETS[classes or "paper"]
        if label_map is not None:
            labels = LabelSet.from_mapping(read_label_map(label_map))
        _write(read_iemocap(root, labels=labels, lenient=lenient, strip_tags=strip_tags), out)


@build.command("table")
@with_column_options
def build_table(
    table: Annotated[Path, typer.Argument(help="A .csv, .tsv, .jsonl or .parquet file, one row an utterance.")],
    out: Out,
    columns: dict[str, str],
    audio_root: Annotated[
        Path | None, typer.Option(help="Where relative audio paths begin; by default the table's folder.")
    ] = None,
    label_map: LabelMap = None,
    lenient: Lenient = False,
) -> None:
    """Read any corpus that comes as a table into a manifest.

    A column named like one of the manifest's keys is used unasked; columns that nothing names are kept under `extra`.
    """
    with errors_told():
        mapping = None if label_map is None else read_label_map(label_map)
        _write(read_table(table, columns=columns, audio_root=audio_root, label_map=mapping, lenient=lenient), out)


@app.command()
def check(
    manifest: Annotated[Path, typer.Argument(help="A manifest, as `emoduet corpus build` writes it.")],
    audio: Annotated[
        bool, typer.Option("--audio", help="Also open every sound file: decoding, level, clipping, length.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for programs instead of tables.")] = False,
) -> None:
    """Count a corpus, and compare IEMOCAP's sizes.

    What differs from the published sizes, or is wrong, is told with its likely cause; exit status 1 if there is any.
    """
    with errors_told():
        utterances = read_manifest(manifest)
    diagnosis = examine(utterances)
    findings = None
    if audio:
        from emoduet.corpora.listening import listen

        notes = Console(stderr=True)
        quiet = not notes.is_terminal
        steps = iter(track(range(len(utterances)), "Listening", console=notes, transient=True, disable=quiet))
        findings = listen(utterances, progress=lambda: next(steps, None))
    if as_json:
        typer.echo(json.dumps(diagnosis_json(str(manifest), diagnosis, findings), ensure_ascii=False, indent=2))
    else:
        print_diagnosis(Console(highlight=False), str(manifest), diagnosis, findings)
    if not diagnosis.healthy or any(finding.fault for finding in findings or ()):
        raise typer.Exit(1)


def _write(reading: Reading, out: Path) -> None:
    """Writes the manifest; what was left out goes to stderr, the summary to stdout."""
    write_manifest(out, reading.utterances)
    for cause, count in reading.skipped.items():
        typer.echo(f"skipped {count:>6,}  {cause}", err=True)
    if reading.warnings:
        typer.echo(f"warnings {len(reading.warnings):>5,}\n{listed(list(reading.warnings))}", err=True)
    classes = sorted({utterance.label for utterance in reading.utterances if utterance.label is not None})
    shown = ", ".join(classes) if len(classes) <= 12 else f"{', '.join(classes[:12])}, ..."
    typer.echo(f"{out}: {len(reading.utterances):,} utterances, {len(classes)} classes{f' ({shown})' if shown else ''}")
