"""One HTML page of an explanation: the words shaded, the moments over the waveform, attention, and the test of it all.

The page holds its style, script, figures and sound, and forbids the browser to load anything. All of it reads without
the script, which only moves a cursor through the figures while the sound plays.
"""

import tempfile
from base64 import b64encode
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from emoduet.atomic import new_file
from emoduet.cards.model_card import RESPONSIBLE_USE
from emoduet.faithfulness import NEGLIGIBLE, RankingTest
from emoduet.report.explanation_contents import (
    NOT_PROOF,
    Explained,
    figure_words,
    figures_of,
    pieces_of,
    shades,
    shown,
    unsupported,
)
from emoduet.report.explanation_drawings import course_figures, looked_at_figure, looks_figure, moments_figure
from emoduet.report.recording_sound import sound_of
from emoduet.report.templates import template


def write_explanation_page(explained: Explained, out: Path) -> None:
    """Writes the page, whole or not at all.

    Raises:
        InputError: the page cannot be written, or libsndfile is too old to write its sound.
    """
    text = template("explanation.html").render(_values(explained))
    with new_file(out) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace", newline="\n")


def _values(explained: Explained) -> Mapping[str, object]:
    found, alignment = explained.explanation, explained.alignment
    return {
        "title": explained.title,
        "target": shown(found.target),
        "method": explained.method,
        "answers": [(shown(name), share) for name, share in explained.answers()],
        "duration": explained.duration,
        "num_words": len(found.words or ()),
        "words": _words(explained) if found.words is not None else None,
        "moments": moments_figure(explained) if found.times is not None else None,
        "sound": _sound_address(explained) if found.times is not None else None,
        "moment_rows": _moment_rows(explained) if found.times is not None else (),
        "signed": found.method != "attention",
        "maps": alignment and (looks_figure(explained), looked_at_figure(explained)),
        "most": alignment and (float(alignment.moments_of_words.max()), float(alignment.words_of_moments.max())),
        "tests": [_test(explained, test) for test in explained.tests],
        "notes": [f"{note[0].upper()}{note[1:]}." for note in found.notes],
        "model_notes": explained.notes,
        "sharing": explained.sharing(),
        "not_proof": NOT_PROOF,
        "negligible": NEGLIGIBLE,
        "responsible_use": RESPONSIBLE_USE,
        "version": version("emoduet"),
    }


def _words(explained: Explained) -> list[tuple[str, str, float, str]]:
    """What stands before a word, the word, its shade and its score; last what stands behind them all."""
    found = explained.explanation
    pieces = pieces_of(explained.utterance.transcript, found.characters)
    shaded = [*shades(found.word_scores).tolist(), 0.0]
    scores = [*map(explained.told, found.word_scores), ""]
    return [(before, word, shade, score) for (before, word), shade, score in zip(pieces, shaded, scores, strict=True)]


def _moment_rows(explained: Explained) -> list[tuple[str, str]]:
    found = explained.explanation
    return [
        (f"{start:.2f} to {end:.2f}", explained.told(score))
        for (start, end), score in zip(found.times, found.span_scores, strict=True)
    ]


def _test(explained: Explained, test: RankingTest) -> Mapping[str, object]:
    units, _, sentence = test.sentence().partition(": ")
    return {
        "units": units,
        "sentence": f"{sentence[0].upper()}{sentence[1:]}.",
        "unsupported": unsupported(test),
        "level": f"{100 * test.deletion.confidence:.0f}",
        "num_orders": len(test.deletion.random),
        "rows": [(name, *figure_words(course)) for name, course in figures_of(test)],
        "figures": course_figures(test, shown(explained.explanation.target)),
    }


def _sound_address(explained: Explained) -> str:
    """The utterance's sound as a data: address, small enough to travel within the page."""
    with tempfile.TemporaryDirectory(prefix="emoduet-") as folder:
        sound = sound_of([explained.samples[None]], Path(folder) / "sound.mp3")
        return f"data:audio/mpeg;base64,{b64encode(sound.mp3.read_bytes()).decode('ascii')}"
