"""The options of `corpus build table` that map columns onto keys, kept as one table instead of twelve arguments."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated

import typer

COLUMN_OPTIONS = {
    "audio": ("--audio-column", "paths of the sound files"),
    "transcript": ("--text-column", "the words spoken"),
    "label": ("--label-column", "the emotion"),
    "speaker": ("--speaker-column", "who speaks"),
    "session": ("--session-column", "the session, by which folds may be made"),
    "id": ("--id-column", "a name for each utterance; by default the sound file's"),
    "start": ("--start-column", "seconds into the file where the utterance begins"),
    "end": ("--end-column", "seconds into the file where the utterance ends"),
    "sex": ("--sex-column", "the speaker's sex; female and male become F and M"),
    "split": ("--split-column", "train, validation or test, where the corpus says so"),
    "dialogue": ("--dialogue-column", "the conversation an utterance belongs to"),
    "scenario": ("--scenario-column", "the scene or prompt that was played"),
}
"""Key of the manifest -> (option, what its column holds)."""


def with_column_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command one option for each column and hands it those that were used, as its argument `columns`.

    Typer reads options from the signature alone, so the signature is where they are added.
    """
    arguments = dict(inspect.signature(command).parameters)
    del arguments["columns"]
    options = {
        f"{key}_column": inspect.Parameter(
            f"{key}_column",
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[str | None, typer.Option(option, metavar="NAME", help=f"Column: {holds}.")],
        )
        for key, (option, holds) in COLUMN_OPTIONS.items()
    }

    @functools.wraps(command)
    def gathering(**given: object) -> None:
        asked = {key: given.pop(f"{key}_column") for key in COLUMN_OPTIONS}
        command(**given, columns={key: column for key, column in asked.items() if column is not None})

    gathering.__signature__ = inspect.Signature([*arguments.values(), *options.values()])
    gathering.__annotations__ = {
        name: argument.annotation for name, argument in gathering.__signature__.parameters.items()
    }
    return gathering
