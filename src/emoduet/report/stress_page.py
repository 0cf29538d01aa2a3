"""A stress test as one HTML page: what was tested, the figure, the table, and what the numbers rest on.

The page loads nothing and runs no script. What it says of a model holds for the utterances it names and no others.
"""

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

from emoduet.atomic import write_text
from emoduet.cards.model_card import RESPONSIBLE_USE
from emoduet.report.numbers import NOTHING
from emoduet.report.stress_figure import stress_figure
from emoduet.report.templates import template
from emoduet.stress.results import Row, Stress


def write_stress_page(path: Path, stress: Stress) -> None:
    """Writes the page, whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    write_text(path, stress_page(stress))


def stress_page(stress: Stress) -> str:
    """The page."""
    values = {
        "title": f"Stress test of {stress.description.get('model', 'a model')}",
        "stress": stress,
        "conditions": stress.conditions(stress.clean),
        "figure": stress_figure(stress) if len(stress.rows) > 1 else None,
        "with_recognised": any(row.words.startswith("recognised") for row in stress.rows),
        "with_intervals": any(row.interval for row in stress.rows),
        "with_words": any(row.word_error_rate is not None for row in stress.rows),
        "chance": 1 / len(stress.description["classes"]),
        "differing": _differing,
        "facts": list(_facts(stress.description)),
        "nothing": NOTHING,
        "responsible_use": RESPONSIBLE_USE,
        "version": version("emoduet"),
    }
    return template("stress_page.html").render(values)


def _differing(row: Row, stress: Stress) -> str:
    """What a row rests on that the whole test does not; empty where it rests on the same."""
    fewer = stress.clean.num_utterances - row.num_utterances
    return f"{fewer:,} utterances left out, which could not be handed over so" if fewer else ""


def _facts(description: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    yield "manifest", f"{description.get('manifest')}, SHA-256 {description.get('manifest_sha256')}"
    for place, digest in description.get("weights_sha256", {}).items():
        yield "weights" if place == "." else f"weights of {place}", digest
    if description.get("sessions"):
        yield "sessions", ", ".join(description["sessions"])
    if description.get("asr"):
        yield "words recognised by", str(description["asr"])
    yield "device", str(description.get("device"))
    yield "versions", ", ".join(f"{name} {number}" for name, number in description.get("versions", {}).items())
    yield "platform", str(description.get("platform"))
