"""`emoduet report`: runs as a page for a reader, or as tables for a paper."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from emoduet.cli.door import errors_told, notes, results
from emoduet.errors import UsageError


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders that `emoduet run` wrote.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write: .html, .md or .tex.")] = Path(
        "report.html"
    ),
    form: Annotated[
        Literal["html", "md", "latex"] | None, typer.Option("--format", help="The form, if the suffix does not say.")
    ] = None,
    title: Annotated[str, typer.Option(help="What stands on top.")] = "emoduet report",
    manifest: Annotated[
        Path | None, typer.Option("--manifest", "-m", help="The manifest of the runs, for transcripts and sound.")
    ] = None,
    with_transcripts: Annotated[
        bool, typer.Option("--with-transcripts", help="Show the words of the worst mistakes.")
    ] = False,
    with_audio: Annotated[bool, typer.Option("--with-audio", help="Make the worst mistakes playable.")] = False,
) -> None:
    """Write a page, or tables for a paper, from finished runs.

    Scores with intervals and conditions, baselines, paired comparisons, the audit, confusions, speakers,
    calibration, learning curves, the worst mistakes and how to do it again: one file, which needs no network. With
    transcripts or sound in it, it falls under the corpus's licence: do not share it.
    """
    with errors_told():
        from emoduet.report import Signal, form_of, read_contents, read_signal, write_report
        from emoduet.report.mistakes import warning_of

        asked = with_transcripts or with_audio
        if asked and manifest is None:
            raise UsageError("report: --with-transcripts and --with-audio need --manifest; the runs hold neither")
        chosen = form_of(out, form)
        signal = read_signal(manifest, runs, transcripts=with_transcripts, audio=with_audio) if asked else Signal()
        contents = read_contents(runs, title, signal)
        write_report(out, contents, chosen)
        results().print(f"report: {out}", soft_wrap=True)
        if chosen == "html" and (warning := warning_of(signal, contents.subjects)):
            notes().print(f"{out}: {warning}", style="bold")
