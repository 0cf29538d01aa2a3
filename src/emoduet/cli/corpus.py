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

from emoduet.cli import corpus_build
from emoduet.cli.diagnosis import diagnosis_json, print_diagnosis
from emoduet.cli.door import errors_told
from emoduet.cli.synthesize import synthesize
from emoduet.corpora.doctor import examine
from emoduet.manifest import read_manifest

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Build manifests from corpora, and examine them.")
app.add_typer(corpus_build.app, name="build")
app.command("synthesize")(synthesize)


@app.command()
def check(
    manifest: Annotated[Path, typer.Argument(help="A manifest, as `emoduet corpus build` writes it.")],
    audio: Annotated[
        bool, typer.Option("--audio", help="Also open every sound file: decoding, level, clipping, length.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for programs instead of tables.")] = False,
) -> None:
    """Count a corpus, and compare its sizes with the published ones where it is a known corpus.

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
