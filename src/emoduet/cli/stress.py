"""`emoduet stress`: how a model's answers hold when its inputs get worse."""

import json
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table

from emoduet.cli.door import counting_bar, errors_told, notes, only_warnings, results
from emoduet.cli.options import AsJson, Device, Manifest

if TYPE_CHECKING:
    from emoduet.corruptions import Corruption
    from emoduet.stress.results import Row, Stress

RESUMABLE = "the same command goes on with the next condition"
NONE = "none"


def stress(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL|RUN",
            help="A model folder or a model repository of the hub; or a run's folder, whose models each answer what "
            "they were tested on.",
        ),
    ],
    manifest: Manifest,
    session: Annotated[list[str] | None, typer.Option(help="Only utterances of this session; may be repeated.")] = None,
    corruption: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="noise-white, 'noise-white 10 dB', ...; default, all, or none. May be repeated; default if not given.",
        ),
    ] = None,
    word_errors: Annotated[
        str | None,
        typer.Option(
            metavar="RATES", help="Shares of words to be wrong, simulated; 0.1,0.2,0.4 if not given; or none."
        ),
    ] = None,
    asr: Annotated[
        str | None,
        typer.Option(
            metavar="WHISPER",
            help="Also recognise the words of every sound, clean and made worse: small, ..., a hub name or a folder; "
            "needs emoduet[asr], and time.",
        ),
    ] = None,
    language: Annotated[
        str | None, typer.Option(metavar="CODE", help="What is spoken, such as en; found out if not given.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FOLDER", help="Write stress.json, .csv and .html here; the same command goes on."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is drawn.")] = 0,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Draw so many utterances and no more.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Conditions side by side, sharing the cores.")] = 1,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Score a model on a manifest as it is, and with its inputs made worse.

    Noise, reverberation, telephone, codecs, gain, clipping, speed, lost packets; wrong words; sound or words absent.
    Every difference is paired over the same utterances. A run gives more speakers that no model was trained on.
    """
    with errors_told(RESUMABLE if out else ""):
        from emoduet.cards.upkeep import refresh_card
        from emoduet.report.stress_page import write_stress_page
        from emoduet.stress import stress_model
        from emoduet.stress.conditions import Trial

        only_warnings()
        with nullcontext(out) if out else TemporaryDirectory(prefix="emoduet-") as folder:
            trial = Trial(
                model=model,
                manifest=manifest,
                out=Path(folder),
                sessions=tuple(session or ()),
                corruptions=_corruptions(corruption),
                word_errors=_rates(word_errors),
                asr=asr,
                language=language,
                seed=seed,
                limit=limit,
                workers=workers,
                device=device,
            )
            with counting_bar("utterances") as progress:
                tested = stress_model(trial, progress)
            if out:
                write_stress_page(out / "stress.html", tested.stress)
        if as_json:
            typer.echo(json.dumps(tested.stress.as_json(), ensure_ascii=False))
        else:
            tell_stress(tested.stress)
        if out:
            notes().print(f"stress.json, stress.csv and stress.html are in {out}")
        if tested.kept:
            refresh_card(tested.kept.parent)
            notes().print(f"a copy of stress.json is kept as {tested.kept}")


def tell_stress(stress: "Stress") -> None:
    """The table, what was left out, and what every number must be quoted with."""
    results().print(_table(stress), "")
    for one in stress.left_out:
        results().print(f"left out: {one.what}: {one.why}", soft_wrap=True)
    results().print(stress.conditions(stress.clean), soft_wrap=True)


def _table(stress: "Stress") -> Table:
    with_words = any(row.word_error_rate is not None for row in stress.rows)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("in percent", max_width=22)
    for heading in ("UA", "WA", "UA - clean (95 %)", "changed", "ECE", *(["WER"] if with_words else [])):
        table.add_column(heading, justify="right", no_wrap=True)
    for rows in ([stress.clean], *stress.families.values()):
        for number, row in enumerate(rows, start=1):
            table.add_row(*_cells(row, row is stress.clean, with_words), end_section=number == len(rows))
    return table


def _cells(row: "Row", clean: bool, with_words: bool) -> list[str]:
    from emoduet.stress.results import difference_in_words

    scores = [f"{100 * share:.1f}" for share in (row.ua, row.wa)]
    beside = ["", ""] if clean else [difference_in_words(row), f"{100 * row.changed:.1f}"]
    words = "" if row.word_error_rate is None else f"{100 * row.word_error_rate:.1f}"
    return [row.name, *scores, *beside, f"{100 * row.ece:.1f}", *([words] if with_words else [])]


def _corruptions(names: list[str] | None) -> tuple["Corruption", ...]:
    from emoduet.corruptions import corruptions_named

    return () if names == [NONE] else corruptions_named(names or ["default"])


def _rates(text: str | None) -> tuple[float, ...]:
    from emoduet.stress import WORD_ERRORS

    if text is None or text == NONE:
        return WORD_ERRORS if text is None else ()
    try:
        rates = tuple(dict.fromkeys(float(part) for part in text.split(",")))
    except ValueError as error:
        raise typer.BadParameter(f"--word-errors {text}: need shares such as 0.1,0.3, or none") from error
    if not all(0 < rate <= 1 for rate in rates):
        raise typer.BadParameter(f"--word-errors {text}: need shares above 0 and up to 1, such as 0.1,0.3")
    return rates
