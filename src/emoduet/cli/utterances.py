"""Sound files answered whole, one utterance each, with their words: lines on stdout in the order given."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import typer

from emoduet.cli.door import notes, results
from emoduet.cli.transcripts import Line, no_words_for, read_transcripts, words_of
from emoduet.errors import UsageError
from emoduet.types import Failure, Prediction, Utterance

if TYPE_CHECKING:
    from emoduet.prediction import EmotionRecognizer
    from emoduet.systems.base import System


def answer_utterances(
    recognizer: "EmotionRecognizer",
    audio: Sequence[str],
    text: Sequence[str],
    transcripts: Path | None,
    as_json: bool,
    names: Mapping[str, str] = MappingProxyType({}),
) -> int:
    """Prints each file's answer as it is found; bad ones are told. Returns how many were bad.

    Args:
        names: what to call files whose path says nothing to the user.

    Raises:
        InputError: the model needs what was not given, takes not what was given, or files and words do not fit.
    """
    system = recognizer.model.system
    _check(len(audio), bool(text or transcripts), system)
    utterances = _utterances(audio, text, transcripts, recognizer.hears)
    answers = (_renamed(answer, names) for answer in _answers(recognizer, utterances, transcripts))
    return _print_json(answers) if as_json else _print_table(answers, recognizer.classes)


def _answers(
    recognizer: "EmotionRecognizer", utterances: Sequence[Utterance], transcripts: Path | None
) -> Iterator[Prediction | Failure]:
    """The answers in order; a sound file that the table leaves out is the table's fault and never opened."""
    wordless = {utterance.id for utterance in utterances if transcripts and utterance.transcript is None}
    answered = recognizer.predict_each(utterance for utterance in utterances if utterance.id not in wordless)
    for utterance in utterances:
        if utterance.id in wordless:
            yield Failure(id=utterance.id, error=no_words_for(utterance.id, transcripts))
        else:
            yield next(answered)


def _renamed(answer: Prediction | Failure, names: Mapping[str, str]) -> Prediction | Failure:
    name = names.get(answer.id, answer.id)
    if isinstance(answer, Failure):
        return replace(answer, id=name, error=answer.error.replace(answer.id, name))
    return replace(answer, id=name)


def _print_json(answers: Iterable[Prediction | Failure]) -> int:
    failed = 0
    for answer in answers:
        if isinstance(answer, Failure):
            failed += 1
            record = {"id": answer.id, "error": answer.error}
        else:
            record = {"id": answer.id, "label": answer.label, "probabilities": dict(answer.probabilities)}
        typer.echo(json.dumps(record, ensure_ascii=False))
    return failed


def _print_table(answers: Iterable[Prediction | Failure], classes: Sequence[str]) -> int:
    """One line an input, as soon as it is answered."""
    failed = 0
    widths = [max(7, len(name)) for name in classes]
    heading = "  ".join(name.rjust(width) for name, width in zip(classes, widths, strict=True))
    results().print(f"{'emotion':10}  {heading}  input", style="bold", soft_wrap=True)
    for answer in answers:
        if isinstance(answer, Failure):
            failed += 1
            notes().print(f"error: {answer.error}", style="red", soft_wrap=True)
            continue
        shares = "  ".join(
            f"{answer.probabilities[name]:.3f}".rjust(width) for name, width in zip(classes, widths, strict=True)
        )
        results().print(f"{answer.label:10}  {shares}  {answer.id}", soft_wrap=True)
    return failed


def _utterances(audio: Sequence[str], text: Sequence[str], transcripts: Path | None, hears: bool) -> list[Utterance]:
    """One utterance an input; a sound file that the table of transcripts leaves out has no words.

    Raises:
        UsageError: files and words are not equally many.
        InputError: the table of transcripts is unusable.
    """
    lines = read_transcripts(transcripts) if transcripts else [Line(None, words) for words in text]
    if not (hears and audio):
        return [
            Utterance(id=line.audio or f"text {number}", transcript=line.transcript)
            for number, line in enumerate(lines, 1)
        ]
    if text and len(lines) != len(audio):
        raise UsageError(f"predict: {len(audio)} sound files and {len(lines)} --text; need one for each file, in order")
    words: list[str | None] = [line.transcript for line in lines] if lines else [None] * len(audio)
    if transcripts:
        words = words_of(audio, lines, transcripts)
    return [Utterance(id=path, audio=path, transcript=spoken) for path, spoken in zip(audio, words, strict=True)]


def _check(num_files: int, words: bool, system: "System") -> None:
    if num_files and not system.hears:
        raise UsageError(f"predict: {num_files} sound files; this model only reads: give --text or --transcripts alone")
    if words and not system.reads:
        raise UsageError("predict: this model only listens; leave out --text and --transcripts")
    if not (num_files or words):
        raise UsageError("predict: nothing to answer; give sound files, or words by --text or --transcripts")
    if system.hears and not num_files and not system.may_lack:
        raise UsageError("predict: no sound files; this model listens: give at least one")
    if system.reads and not words and not system.may_lack:
        raise UsageError("predict: no words; this model reads: give --text once for each file, or --transcripts FILE")
