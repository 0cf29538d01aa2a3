"""`emoduet predict`: recordings and their words in, probabilities of every class out."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from emoduet.cli.door import errors_told, notes, results
from emoduet.cli.options import AsJson, Device
from emoduet.errors import InputError
from emoduet.types import Failure, Prediction, Utterance


def predict(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model folder, or a model repository of the hub.")],
    audio: Annotated[list[str] | None, typer.Argument(help="Sound files: wav, flac, mp3, ogg; more with emoduet[media].")] = None,
    text: Annotated[
        list[str] | None, typer.Option("--text", help="The words of a recording; once for each, in order.")
    ] = None,
    transcripts: Annotated[
        Path | None,
        typer.Option(help="The words by file: .csv or .tsv with columns audio and transcript, or .jsonl with such keys."),
    ] = None,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Estimate the emotion that recordings express, as raters might label it; never a person's inner state.

    Prohibited in the EU at work and in education except for medical or safety reasons (AI Act Art. 5(1)(f)); elsewhere
    high-risk (Annex III 1(c)), with a duty to tell people (Art. 50(3)).

    Bad files are told one by one and the rest are answered; exit status 1 if there were any.
    """
    with errors_told():
        from emoduet.prediction import EmotionRecognizer

        recognizer = EmotionRecognizer.load(model, device)
        utterances = _utterances(audio or [], text or [], transcripts, recognizer.hears, recognizer.reads)
        answers = recognizer.predict_each(utterances)
        failed = _print_json(answers) if as_json else _print_table(answers, recognizer.classes)
    if failed:
        raise typer.Exit(1)


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
            notes().print(f"error: {answer.error}", style="red", soft_wrap=True, markup=False)
            continue
        shares = "  ".join(
            f"{answer.probabilities[name]:.3f}".rjust(width) for name, width in zip(classes, widths, strict=True)
        )
        results().print(f"{answer.label:10}  {shares}  {answer.id}", soft_wrap=True, markup=False)
    return failed


def _utterances(
    audio: Sequence[str], text: Sequence[str], transcripts: Path | None, hears: bool, reads: bool
) -> list[Utterance]:
    """One utterance an input.

    Raises:
        InputError: what the model needs was not given, was given twice, or is not equally many.
    """
    if transcripts is not None and text:
        raise InputError("predict: --text and --transcripts both give the words; use one of them")
    if not hears and audio:
        raise InputError(f"predict: {len(audio)} sound files; this model only reads: give --text alone")
    if not reads and (text or transcripts):
        raise InputError("predict: this model only listens; leave out --text and --transcripts")
    if hears and not audio:
        raise InputError("predict: no sound files; this model listens: give at least one")
    if reads and not text and transcripts is None:
        raise InputError("predict: no words; this model reads: give --text once for each file, or --transcripts FILE")
    words = _matched(audio, _read_transcripts(transcripts), transcripts) if transcripts else list(text)
    if hears and reads and len(words) != len(audio):
        raise InputError(f"predict: {len(audio)} sound files and {len(words)} --text; need one for each file, in order")
    names = list(audio) or [f"text {number}" for number in range(1, len(words) + 1)]
    return [
        Utterance(id=name, audio=name if hears else None, transcript=words[i] if reads else None)
        for i, name in enumerate(names)
    ]


def _matched(audio: Sequence[str], words: dict[str, str], source: Path) -> list[str | None]:
    """The words of each file, by its path as given or by its name; a file without a line fails on its own later."""
    if not audio:
        return list(words.values())
    matched = [words.get(path, words.get(Path(path).name)) for path in audio]
    if not any(line is not None for line in matched):
        raise InputError(f"{source}: none of its {len(words)} lines names one of the sound files, such as {audio[0]}")
    return matched


def _read_transcripts(path: Path) -> dict[str, str]:
    try:
        records = list(_records(path, path.read_text(encoding="utf-8-sig")))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as transcripts ({error}); need UTF-8 .csv, .tsv or .jsonl") from error
    lacking = [number for number, record in enumerate(records, 1) if not {"audio", "transcript"} <= set(record)]
    if lacking or not records:
        raise InputError(f"{path}: record {lacking[0] if lacking else 1} lacks audio or transcript; need both in each")
    return {str(record["audio"]): str(record["transcript"]) for record in records}


def _records(path: Path, text: str) -> Iterator[dict[str, object]]:
    if path.suffix == ".jsonl":
        yield from (json.loads(line) for line in text.splitlines() if line.strip())
    elif path.suffix in (".csv", ".tsv"):
        yield from csv.DictReader(text.splitlines(), delimiter="," if path.suffix == ".csv" else "\t", strict=True)
    else:
        raise ValueError(f"suffix {path.suffix!r}")
