"""`emoduet corpus synthesize`: writes the synthetic corpus; a thin door over `emoduet.corpora.synthetic`.

The folder written is named on stdout; progress and notes go to stderr. Exit status: 0 done or already there, 1 when the
corpus cannot be written, 2 wrong usage.
"""

from pathlib import Path
from typing import Annotated

import typer

from emoduet.cli.door import counting_bar, errors_told
from emoduet.corpora.synthetic import DIALOGUES, SCRIPT_FIDELITY, SESSIONS, write_corpus, write_iemocap_shape


def synthesize(
    out: Annotated[Path, typer.Argument(help="The folder to write; it must be empty or not exist yet.")],
    sessions: Annotated[int | None, typer.Option(help=f"Sessions of two speakers each; by default {SESSIONS}.")] = None,
    dialogues: Annotated[
        int | None, typer.Option(help=f"Dialogues a session, of 14 turns each; by default {DIALOGUES}.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same corpus, byte for byte.")] = 0,
    script_fidelity: Annotated[
        float | None,
        typer.Option(
            help=f"How often a performance keeps a scripted line's emotion, 0 to 1; by default {SCRIPT_FIDELITY}."
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes that speak at once; changes only the time; by default all cores.")
    ] = None,
    like_iemocap: Annotated[
        bool, typer.Option("--like-iemocap", help="Silence in IEMOCAP's published shape: 10,039 turns, every count.")
    ] = False,
) -> None:
    """Write a synthetic corpus in IEMOCAP's layout.

    It is for trying things out and means nothing about people. Speech is espeak-ng's (GPL-3), which comes with
    emoduet's optional extra `demo`. --like-iemocap does without.
    """
    if like_iemocap and any(option is not None for option in (sessions, dialogues, script_fidelity, workers)):
        raise typer.BadParameter("--like-iemocap fixes all but --seed; leave the other options out")
    with errors_told(), counting_bar("dialogues") as progress:
        if like_iemocap:
            written = write_iemocap_shape(out, seed=seed, progress=progress)
        else:
            from emoduet.machine import num_cores

            written = write_corpus(
                out,
                sessions=SESSIONS if sessions is None else sessions,
                dialogues=DIALOGUES if dialogues is None else dialogues,
                seed=seed,
                script_fidelity=SCRIPT_FIDELITY if script_fidelity is None else script_fidelity,
                workers=num_cores() if workers is None else workers,
                progress=progress,
            )
    if not written:
        typer.echo("this very corpus is already there; nothing was written", err=True)
    typer.echo(out)
