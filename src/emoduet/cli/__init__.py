"""The command line: `emoduet --help`.

Commands import what they need when they run, so that help answers at once.
"""

import typer

from emoduet.cli import corpus, features, folds
from emoduet.cli.audit import audit
from emoduet.cli.bench import bench
from emoduet.cli.compare import compare
from emoduet.cli.convert import convert
from emoduet.cli.demo import demo
from emoduet.cli.explain import explain
from emoduet.cli.export import export
from emoduet.cli.predict import predict
from emoduet.cli.predict_help import PredictCommand
from emoduet.cli.report import report
from emoduet.cli.reproduce import reproduce
from emoduet.cli.run import control, evaluate, run, train
from emoduet.cli.score import score
from emoduet.cli.stress import stress

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Recognise expressed emotion from speech and its words together: what raters might label, never a person's "
    "inner state.",
)
app.add_typer(corpus.app, name="corpus")
app.add_typer(folds.app, name="folds")
app.add_typer(features.app, name="features")
for command in (
    demo,
    audit,
    run,
    reproduce,
    control,
    compare,
    score,
    report,
    train,
    evaluate,
    predict,
    explain,
    stress,
    export,
    convert,
    bench,
):
    app.command(cls=PredictCommand if command is predict else None)(command)


def main() -> None:
    """The console script."""
    app()
