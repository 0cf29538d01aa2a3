"""`emoduet export`: a model's graph for ONNX Runtime or OpenVINO, held against torch."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich import box
from rich.table import Table

from emoduet.cli.door import counting_bar, errors_told, notes, results

if TYPE_CHECKING:
    from emoduet.export import Export

_HOLDING = "torch and the engine answer 50 utterances of up to 34 s"


def export(
    model: Annotated[str, typer.Argument(help="A model's folder; with --out also a name of the hub.")],
    to: Annotated[
        Literal["onnx", "openvino"], typer.Option(help="onnx is for ONNX Runtime, openvino for Intel's engine.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FOLDER",
            help="A folder that stands alone: all of the model but its weights, and the graph. By default the graph is "
            "put into the model's own folder.",
        ),
    ] = None,
    int8: Annotated[
        bool,
        typer.Option("--int8", help="In 8-bit integers, for openvino: faster, and other answers; how good, is told."),
    ] = False,
    calibration: Annotated[
        Path | None,
        typer.Option(
            metavar="MANIFEST",
            help="Labelled utterances for --int8: a quarter, up to 100, calibrates, the others are scored before and "
            "after.",
        ),
    ] = None,
    session: Annotated[
        list[str] | None, typer.Option(help="Only utterances of this session calibrate and are scored; repeatable.")
    ] = None,
) -> None:
    """Write a trained model for another engine: one utterance a call, sound and text of any length.

    Torch and the engine answer 50 utterances of 0.1 to 34 s; where an answer differs by more than 0.0001, nothing is
    written. With --int8 that is asked of the graph before it is made int8; what int8 changes is found on labelled
    utterances, printed, and kept with the graph."""
    _check_together(int8, calibration, session)
    with errors_told():
        if calibration is not None:
            _export_int8(model, to, calibration, tuple(session or ()), out)
        else:
            _export(model, to, out)


def _check_together(int8: bool, calibration: Path | None, session: list[str] | None) -> None:
    """Refuses int8 of which nobody would know what it costs, and options that would do nothing."""
    if int8 and calibration is None:
        raise typer.BadParameter("--int8 is calibrated and judged on labelled utterances; give --calibration MANIFEST")
    if not int8 and (calibration is not None or session):
        raise typer.BadParameter("--calibration and --session are of --int8; give that, too, or leave them out")


def _export(model: str, to: str, out: Path | None) -> None:
    from emoduet.cards.upkeep import refresh_card
    from emoduet.export import export_model

    notes().print(f"{_HOLDING}: minutes, where encoders are large")
    with counting_bar("held against torch") as bar:
        exported = export_model(model, to, out, bar)
    refresh_card(exported.model)
    results().print(str(exported.folder), soft_wrap=True)
    results().print(_table(exported))
    results().print(_next_step(exported), soft_wrap=True)


def _export_int8(model: str, to: str, manifest: Path, sessions: tuple[str, ...], out: Path | None) -> None:
    from emoduet.cards.upkeep import refresh_card
    from emoduet.cli.precision_tables import tell_verdict
    from emoduet.quantised_export import export_int8

    notes().print(f"{_HOLDING}, then a part of the manifest calibrates, then both graphs answer the rest")
    with counting_bar("answered") as bar:
        made = export_int8(model, to, manifest, sessions, out, bar)
    refresh_card(made.export.model)
    results().print(str(made.export.folder), soft_wrap=True)
    results().print(_table(made.export, " in fp32"))
    tell_verdict(made.verdict)
    notes().print(f"the verdict is kept in {made.export.folder / 'engine.json'}")
    results().print(f"{_next_step(made.export)} --precision int8", soft_wrap=True)


def _table(exported: "Export", computing: str = "") -> Table:
    parity = exported.parity
    table = Table(box=box.SIMPLE_HEAD, show_header=False)
    for name, size in exported.sizes.items():
        table.add_row(name, f"{size / 1e6:,.1f} MB")
    table.add_row(f"greatest difference of a probability{computing}", f"{parity.probabilities:.1e}")
    table.add_row(f"greatest difference of a logit{computing}", f"{parity.logits:.1e}, at {parity.worst}")
    table.add_row("over", f"{parity.num_lengths} synthetic utterances, {_lengths(exported)}")
    return table


def _lengths(exported: "Export") -> str:
    told = []
    if seconds := exported.parity.seconds:
        told.append(f"{seconds[0]:.1f} to {seconds[1]:.1f} s")
    if tokens := exported.parity.tokens:
        told.append(f"{tokens[0]} to {tokens[1]} tokens")
    return ", ".join(told)


def _next_step(exported: "Export") -> str:
    given = ["RECORDING.wav"] if exported.parity.seconds else []
    given += ['--text "WORDS"'] if exported.parity.tokens else []
    return f"next: emoduet predict {exported.model} {' '.join(given)} --engine {exported.engine}"
