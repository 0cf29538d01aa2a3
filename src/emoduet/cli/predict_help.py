"""`emoduet predict --help`: its options in groups, by what they are for; typer groups only what it draws in boxes."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

import typer
from typer.core import TyperCommand

PANELS: Mapping[str, tuple[str, ...]] = {
    "Input": ("channels", "segments", "whole"),
    "Words": ("transcript", "asr", "language", "text", "transcripts"),
    "Answers": ("hop", "window", "risk"),
    "Output": ("out", "formats", "as_json"),
    "Checkpoints of transformers": ("text_model", "audio_weight", "label_map"),
    "Machine": ("device", "precision", "engine", "check"),
}
"""The parameters of each group, in order; any other stands under "Options"."""

OTHERS = "Options"


class Formatter(Protocol):
    """What lays help out."""

    def section(self, name: str) -> AbstractContextManager[None]: ...

    def write_dl(self, rows: list[tuple[str, str]]) -> None: ...


class PredictCommand(TyperCommand):
    """A command whose help has a heading for each group of its options."""

    def format_options(self, ctx: typer.Context, formatter: Formatter) -> None:
        """Arguments, then the groups."""
        rows = {param.name: row for param in self.get_params(ctx) if (row := param.get_help_record(ctx)) is not None}
        arguments = [param.name for param in self.get_params(ctx) if param.param_type_name == "argument"]
        grouped = {name for names in PANELS.values() for name in (*names, *arguments)}
        others = [name for name in rows if name not in grouped]
        for heading, names in {"Arguments": arguments, **PANELS, OTHERS: others}.items():
            shown = [rows[name] for name in names if name in rows]
            if shown:
                with formatter.section(heading):
                    formatter.write_dl(shown)
