"""The options that several commands share, each told once."""

from pathlib import Path
from typing import Annotated, Literal

import typer

Manifest = Annotated[Path, typer.Option("--manifest", "-m", help="A manifest, as `emoduet corpus build` writes it.")]
RunFolder = Annotated[
    Path, typer.Option("--out", "-o", help="The folder of results; the same command goes on where it was cut off.")
]
RecipeName = Annotated[
    str, typer.Argument(metavar="RECIPE", help="A packaged recipe (paper, text-only, demo-paper, ...) or a .toml file.")
]
ProtocolName = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE",
        help="loso, lospo, paper, script-disjoint, scenario-disjoint, improvised, scripted, random, official, "
        "cross-corpus; or a folds.json, as every run writes one.",
    ),
]
SplitSeed = Annotated[
    int | None, typer.Option(metavar="N", help="Of what the protocol draws (random, cross-corpus); 0 if not given.")
]
TestManifest = Annotated[Path | None, typer.Option(metavar="FILE", help="The corpus that cross-corpus tests.")]
TestLabelMap = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="TOML or JSON: which class each of the tested corpus's labels becomes."),
]
NoValidation = Annotated[
    bool,
    typer.Option(
        "--no-validation",
        help="Train on the validation part too, for a fixed number of epochs at a constant rate; the last is tested.",
    ),
]
AllowLeaks = Annotated[
    bool,
    typer.Option(
        "--allow-leaks",
        help="Run although speakers, dialogues or sounds cross into the test; where they do, outputs say LEAKING.",
    ),
]
Folds = Annotated[str | None, typer.Option(metavar="NUMBERS", help="Only these folds, such as 1,3.")]
Seeds = Annotated[int, typer.Option(min=1, help="How many seeds; they count from 0.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Overrides the recipe, such as optimizer.learning_rate=3e-5."),
]
Device = Annotated[
    str | None, typer.Option(metavar="NAME", help="cpu, cuda, cuda:1, ...; by default a GPU where there is one.")
]
Precision = Annotated[Literal["fp32", "bf16", "fp16"], typer.Option(help="How numbers are kept; fp16 needs a GPU.")]
AnswerPrecision = Annotated[
    Literal["fp32", "bf16", "int8"],
    typer.Option(help="How products are taken; int8 runs on the CPU and is judged beside fp32."),
]
Engine = Annotated[
    Literal["torch", "onnxruntime", "openvino"],
    typer.Option(help="What computes the answers; all but torch read what `emoduet export` wrote, on the CPU."),
]
Keep = Annotated[
    Literal["none", "best", "all"], typer.Option(help="Checkpoints: best is one a fold, all also one an epoch.")
]
Workers = Annotated[int, typer.Option(min=1, help="Folds that run side by side, sharing the cores.")]
FeaturesFolder = Annotated[
    Path | None,
    typer.Option(
        "--features",
        metavar="FOLDER",
        help="Where what frozen encoders answer is stored once and shared by all runs; by default in the home folder.",
    ),
]
NoFeatures = Annotated[
    bool, typer.Option("--no-features", help="Store nothing: compute frozen encoders anew at every step.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON lines for programs instead of tables.")]


def features_root(folder: Path | None, none: bool) -> Path | None:
    """The folder of `--features`, the usual one, or with `--no-features` none."""
    from emoduet.features import default_root

    if folder and none:
        raise typer.BadParameter("--features and --no-features contradict each other; use one of them")
    return None if none else folder or default_root()


def numbers(text: str | None) -> tuple[int, ...] | None:
    """`1,3` as (1, 3)."""
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"--folds {text}: need numbers such as 1,3") from error
