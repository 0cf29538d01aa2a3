"""`emoduet corpus build`: one command for each corpus that has a reader, and one for tables; thin doors over them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from emoduet.cli.column_options import with_column_options
from emoduet.cli.door import errors_told
from emoduet.corpora import crema_d, emodb, meld, msp_podcast, ravdess
from emoduet.corpora.iemocap import read_iemocap
from emoduet.corpora.label_map import read_label_map
from emoduet.corpora.reading import Reading
from emoduet.corpora.table import read_table
from emoduet.labels import ALL_IEMOCAP_LABELS, PAPER_LABELS, LabelSet
from emoduet.manifest import write_manifest
from emoduet.problems import listed

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Build a manifest: one JSON line an utterance.")

IEMOCAP_LABEL_SETS = {"paper": PAPER_LABELS, "all": ALL_IEMOCAP_LABELS}
CLASSES_HELP = "four: angry, happy, neutral, sad (default). all: every label, by the corpus's own words."

Out = Annotated[Path, typer.Option("--out", help="The manifest to write; it appears whole or not at all.")]
LabelMap = Annotated[
    Path | None,
    typer.Option(help='A TOML or JSON file that maps labels onto classes, such as: exc = "happy". Others are skipped.'),
]
Lenient = Annotated[
    bool, typer.Option("--lenient", help="Leave out what is missing or wrong, and count it, instead of stopping.")
]
Classes = Annotated[Literal["four", "all"] | None, typer.Option(help=CLASSES_HELP)]


@app.command("iemocap")
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
    if classes is not None and classes not in IEMOCAP_LABEL_SETS:
        raise typer.BadParameter(f"--classes: got {classes!r}; want one of {', '.join(IEMOCAP_LABEL_SETS)}")
    with errors_told():
        labels = _chosen(IEMOCAP_LABEL_SETS, classes, label_map)
        _write(read_iemocap(root, labels=labels, lenient=lenient, strip_tags=strip_tags), out)


@app.command("meld")
def build_meld(
    root: Annotated[Path, typer.Argument(help="The folder MELD.Raw with its archives unpacked, or its parent.")],
    out: Out,
    classes: Classes = None,
    label_map: LabelMap = None,
    lenient: Lenient = False,
) -> None:
    """Read MELD, with its official split, into a manifest.

    The same characters speak in all parts of the split. To hear its mp4 clips the extra `media` is needed; a wav or
    flac file beside a clip is taken instead. The clips are cut from a television series: keep them to yourself.
    """
    with errors_told():
        _write(meld.read_meld(root, labels=_chosen(meld.LABEL_SETS, classes, label_map), lenient=lenient), out)


@app.command("crema-d")
def build_crema_d(
    root: Annotated[Path, typer.Argument(help="The cloned repository, with AudioWAV fetched by git-lfs.")],
    out: Out,
    classes: Classes = None,
    label_map: LabelMap = None,
    perceived: Annotated[
        bool, typer.Option("--perceived", help="Label by what raters heard in the voice, not by what was acted.")
    ] = False,
    lenient: Lenient = False,
) -> None:
    """Read CREMA-D into a manifest.

    The labels are the acted emotions unless --perceived is given. CREMA-D is under the Open Database License.
    """
    with errors_told():
        labels = _chosen(crema_d.LABEL_SETS, classes, label_map)
        _write(crema_d.read_crema_d(root, labels=labels, perceived=perceived, lenient=lenient), out)


@app.command("ravdess")
def build_ravdess(
    root: Annotated[Path, typer.Argument(help="The folder that holds Actor_01 to Actor_24, or its parent.")],
    out: Out,
    classes: Classes = None,
    label_map: LabelMap = None,
    lenient: Lenient = False,
) -> None:
    """Read RAVDESS's speech into a manifest.

    Songs and videos are passed over. RAVDESS is under CC BY-NC-SA 4.0.
    """
    with errors_told():
        _write(ravdess.read_ravdess(root, labels=_chosen(ravdess.LABEL_SETS, classes, label_map), lenient=lenient), out)


@app.command("emodb")
def build_emodb(
    root: Annotated[Path, typer.Argument(help="The folder that holds wav, or that folder itself.")],
    out: Out,
    classes: Classes = None,
    label_map: LabelMap = None,
    lenient: Lenient = False,
) -> None:
    """Read EmoDB, acted German, into a manifest.

    Its ten sentences are the transcripts.
    """
    with errors_told():
        _write(emodb.read_emodb(root, labels=_chosen(emodb.LABEL_SETS, classes, label_map), lenient=lenient), out)


@app.command("msp-podcast")
def build_msp_podcast(
    root: Annotated[Path, typer.Argument(help="The release folder, with Labels, Audios and Transcripts.")],
    out: Out,
    classes: Annotated[
        Literal["four", "eight", "all"] | None,
        typer.Option(help=f"{CLASSES_HELP} eight: all but 'other' and 'no agreement'."),
    ] = None,
    label_map: LabelMap = None,
    lenient: Lenient = False,
) -> None:
    """Read MSP-Podcast, with its official splits, into a manifest.

    MSP-Podcast is licensed by UT Dallas on request; neither it nor its manifest may be passed on.
    """
    with errors_told():
        labels = _chosen(msp_podcast.LABEL_SETS, classes, label_map)
        _write(msp_podcast.read_msp_podcast(root, labels=labels, lenient=lenient), out)


@app.command("table")
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


def _chosen(label_sets: Mapping[str, LabelSet], classes: str | None, label_map: Path | None) -> LabelSet:
    """The label set that was asked for: one of the corpus's own by its name, or a map from a file; else its first."""
    if classes is not None and label_map is not None:
        raise typer.BadParameter("give --classes or --label-map, not both")
    if label_map is not None:
        return LabelSet.from_mapping(read_label_map(label_map))
    return label_sets[classes or next(iter(label_sets))]


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
