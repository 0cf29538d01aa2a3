"""`emoduet run`, `control`, `train` and `evaluate`: thin doors over the deeds that train and test."""

import json
from pathlib import Path
from typing import Annotated

import typer

from emoduet.cli.door import RESUMABLE, counting_bar, errors_told, notes, results
from emoduet.cli.options import (
    AllowLeaks,
    AnswerPrecision,
    AsJson,
    Device,
    Engine,
    FeaturesFolder,
    Folds,
    Keep,
    Manifest,
    NoFeatures,
    NoValidation,
    Precision,
    ProtocolName,
    RecipeName,
    RunFolder,
    Seeds,
    Set,
    SplitSeed,
    TestLabelMap,
    TestManifest,
    Workers,
    features_root,
    numbers,
)

CONTROLLED = ("paper", "paper-frozen", "audio-only", "text-only")


def run(
    recipe: RecipeName,
    manifest: Manifest,
    out: RunFolder,
    protocol: ProtocolName = "loso",
    folds: Folds = None,
    seeds: Seeds = 1,
    settings: Set = None,
    device: Device = None,
    precision: Precision = "fp32",
    keep: Keep = "best",
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Also write the history for TensorBoard.")] = False,
    workers: Workers = 1,
    features: FeaturesFolder = None,
    no_features: NoFeatures = False,
    no_validation: NoValidation = False,
    split_seed: SplitSeed = None,
    test_manifest: TestManifest = None,
    test_label_map: TestLabelMap = None,
    allow_leaks: AllowLeaks = False,
) -> None:
    """Train and test a recipe on every fold of a protocol.

    A killed run loses at most one epoch: the same command goes on from there.
    """
    with errors_told(RESUMABLE):
        from emoduet.cli.assessment_tables import headline_tables
        from emoduet.cli.progress import fold_bars
        from emoduet.cli.tables import confusion_table
        from emoduet.config import read_recipe
        from emoduet.experiment import Experiment, run_experiment
        from emoduet.machine import Machine
        from emoduet.table_lines import conditions

        experiment = Experiment(
            recipe=read_recipe(recipe, settings or ()),
            protocol=protocol,
            manifest=manifest,
            out=out,
            folds=numbers(folds),
            seeds=tuple(range(seeds)),
            machine=Machine(device, precision),
            keep=keep,
            tensorboard=tensorboard,
            workers=workers,
            features=features_root(features, no_features),
            split_seed=split_seed,
            test_manifest=test_manifest,
            test_label_map=test_label_map,
            no_validation=no_validation,
            allow_leaks=allow_leaks,
        )
        with fold_bars() as progress:
            outcome = run_experiment(experiment, progress)
        results().print(f"{outcome.experiment.recipe.title}: {conditions(outcome)}", soft_wrap=True)
        results().print(*headline_tables(outcome.assessment))
        results().print(confusion_table(outcome.summary.scores, experiment.recipe.classes, seeds))
        for note in outcome.notes:
            notes().print(note)
        notes().print(f"guards: {outcome.protocol.guards}")
        notes().print(f"does not guard: {outcome.protocol.does_not_guard}")
        for sentence in outcome.audit["sentences"]:
            notes().print(f"audit: {sentence}")
        notes().print(f"everything is in {out}; a page of it: emoduet report {out}")


def control(
    manifest: Manifest,
    out: RunFolder,
    recipes: Annotated[
        list[str] | None, typer.Option("--recipe", help="What to control; by default the paper's four systems.")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Take the recipes' small twins.")] = False,
    protocol: ProtocolName = "loso",
    folds: Folds = None,
    shuffles: Annotated[int, typer.Option(min=1, help="How many times labels are dealt out anew.")] = 3,
    settings: Set = None,
    device: Device = None,
    precision: Precision = "fp32",
    workers: Workers = 1,
    features: FeaturesFolder = None,
    no_features: NoFeatures = False,
    no_validation: NoValidation = False,
    split_seed: SplitSeed = None,
    test_manifest: TestManifest = None,
    test_label_map: TestLabelMap = None,
) -> None:
    """Train on shuffled labels: all must fall to chance.

    Exit status 1 if one does not: a system more than 5 points from chance is scored wrongly, or true labels reached
    its training. Every fold is trained once for each shuffle, so choose --recipe and --folds with care.
    """
    with errors_told(RESUMABLE):
        from emoduet.cli.progress import fold_bars
        from emoduet.config import read_recipe
        from emoduet.control import Control, run_control
        from emoduet.machine import Machine

        names = recipes or [f"demo-{name}" if demo else name for name in CONTROLLED]
        chosen = Control(
            recipes=tuple(read_recipe(name, settings or ()) for name in names),
            protocol=protocol,
            manifest=manifest,
            out=out,
            folds=numbers(folds),
            shuffles=shuffles,
            machine=Machine(device, precision),
            workers=workers,
            features=features_root(features, no_features),
            split_seed=split_seed,
            test_manifest=test_manifest,
            test_label_map=test_label_map,
            no_validation=no_validation,
        )
        failed = False
        with fold_bars() as progress:
            for verdict in run_control(chosen, progress):
                results().print(verdict.sentence(), soft_wrap=True)
                failed |= not verdict.at_chance
    if failed:
        raise typer.Exit(1)


def train(
    recipe: RecipeName,
    manifest: Manifest,
    out: Annotated[Path, typer.Option("--out", "-o", help="The model folder to write.")],
    hold_out: Annotated[float, typer.Option(help="The fraction held out, in whole dialogues.")] = 0.1,
    hold_out_session: Annotated[str | None, typer.Option(help="Hold out this session instead.")] = None,
    seed: Annotated[int, typer.Option(help="Of weights, order and what is held out.")] = 0,
    settings: Set = None,
    device: Device = None,
    precision: Precision = "fp32",
    features: FeaturesFolder = None,
    no_features: NoFeatures = False,
) -> None:
    """Train one model on nearly all data, for use.

    It goes to `emoduet predict`. Its held-out score is optimistic; `emoduet run` gives the figure to quote.
    """
    with errors_told(RESUMABLE):
        from emoduet.cli.progress import training_bar
        from emoduet.cli.tables import answers_table
        from emoduet.config import read_recipe
        from emoduet.deployment import Deployment, role_of_held_out, train_model
        from emoduet.machine import Machine

        deployment = Deployment(
            recipe=read_recipe(recipe, settings or ()),
            manifest=manifest,
            out=out,
            session=hold_out_session,
            fraction=None if hold_out_session else hold_out,
            seed=seed,
            machine=Machine(device, precision),
            features=features_root(features, no_features),
        )
        with training_bar() as progress:
            answers = train_model(deployment, progress)
        results().print(f"held-out part, which {role_of_held_out(deployment.recipe)}:")
        results().print(answers_table(answers))
        notes().print(f"the model is in {out}")


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model folder, or a model repository of the hub.")],
    manifest: Manifest,
    session: Annotated[list[str] | None, typer.Option(help="Only utterances of this session; may be repeated.")] = None,
    predictions: Annotated[Path | None, typer.Option(help="Also write every probability to this JSONL file.")] = None,
    device: Device = None,
    precision: AnswerPrecision = "fp32",
    engine: Engine = "torch",
    as_json: AsJson = False,
) -> None:
    """Score a trained model on a manifest.

    With --precision int8 it answers in fp32 too, says what int8 changed, and keeps the verdict in the model's folder;
    of an export in int8, the folder has the verdict already.
    """
    with errors_told():
        from emoduet.atomic import check_file
        from emoduet.cards.upkeep import refresh_card
        from emoduet.cli.assessment_tables import breakdown_table, gaps_tables
        from emoduet.cli.precision_tables import tell_int8
        from emoduet.cli.tables import answers_table, confusion_table
        from emoduet.evaluation import write_answers
        from emoduet.examination import examine_model
        from emoduet.quantisation import check_int8

        if predictions:
            check_file(predictions)
        sessions, checked = tuple(session or ()), None
        with counting_bar("utterances") as progress:
            if precision == "int8" and engine == "torch":
                checked = check_int8(model, manifest, sessions, device, progress)
                examination = checked.examination
            else:
                asked = {"precision": precision, "engine": engine}
                examination = examine_model(model, manifest, sessions, device, progress, **asked)
        if checked and checked.kept:
            refresh_card(checked.kept.parent)
        if predictions:
            write_answers(predictions, examination.answers)
        if as_json:
            int8 = {"int8": checked.as_json()} if checked else {}
            typer.echo(json.dumps(examination.as_json() | int8, ensure_ascii=False))
            return
        if checked:
            tell_int8(checked, model)
        results().print(answers_table(examination.answers))
        results().print(examination.conditions(), soft_wrap=True)
        if examination.modalities:
            results().print(breakdown_table(examination.modalities))
        for table in gaps_tables(examination.gaps, examination.speakers):
            results().print(table)
        scores = examination.answers.scores()
        results().print(confusion_table(scores, examination.answers.classes))
