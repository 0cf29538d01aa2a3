"""`emoduet predict`: recordings and their words in, probabilities of every class out."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emoduet.cli.door import counting_bar, errors_told, notes, results
from emoduet.cli.options import AnswerPrecision, AsJson, Device
from emoduet.cli.transcripts import Line, no_words_for, read_transcripts, words_of
from emoduet.errors import UsageError
from emoduet.types import Failure, Prediction, Utterance

if TYPE_CHECKING:
    from emoduet.prediction import EmotionRecognizer


def predict(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model folder, or a model repository of the hub.")],
    audio: Annotated[
        list[str] | None,
        typer.Argument(metavar="AUDIO", help="Sound files: wav, flac, mp3, ogg; m4a, webm, mp4 with emoduet[media]."),
    ] = None,
    text: Annotated[
        list[str] | None, typer.Option("--text", metavar="WORDS", help="The words of a file; once for each, in order.")
    ] = None,
    transcripts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The words by file: .csv, .tsv or .jsonl with columns (or keys) audio and transcript."
        ),
    ] = None,
    device: Device = None,
    precision: AnswerPrecision = "fp32",
    check: Annotated[
        Path | None,
        typer.Option(metavar="MANIFEST", help="First find out on these labelled utterances what int8 changes."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Estimate the emotion that recordings express.

    It is what raters might label, never a person's inner state. Prohibited in the EU at work and in education except
    for medical or safety reasons (AI Act Art. 5(1)(f)); elsewhere high-risk (Annex III 1(c)), with a duty to tell
    people (Art. 50(3)). Open source does not exempt. Not legal advice.

    Bad files are told one by one and the rest are answered; exit status 1 if there were any.
    """
    if check is not None and precision != "int8":
        raise typer.BadParameter(f"--check judges int8, and --precision is {precision}; leave one out")
    if text and transcripts is not None:
        raise typer.BadParameter("--text and --transcripts both give the words; use one of them")
    with errors_told():
        from emoduet.prediction import EmotionRecognizer

        if precision == "int8":
            _tell_verdict(model, check, device)
        recognizer = EmotionRecognizer.load(model, device, precision)
        utterances = _utterances(audio or [], text or [], transcripts, recognizer.hears, recognizer.reads)
        answers = _answers(recognizer, utterances, transcripts)
        failed = _print_json(answers) if as_json else _print_table(answers, recognizer.classes)
    if failed:
        raise typer.Exit(1)


def _tell_verdict(model: str, check: Path | None, device: str | None) -> None:
    """Says on stderr what int8 does to the model's answers, as it was found out before, or is now."""
    from emoduet.quantisation import check_int8, kept_verdict

    if check is None:
        verdict = kept_verdict(model)
    else:
        with counting_bar("utterances") as progress:
            verdict = check_int8(model, check, device=device, progress=progress).verdict
    notes().print(verdict.sentence())


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


def _utterances(
    audio: Sequence[str], text: Sequence[str], transcripts: Path | None, hears: bool, reads: bool
) -> list[Utterance]:
    """One utterance an input; a sound file that the table of transcripts leaves out has no words.

    Raises:
        InputError: the model needs what was not given, takes not what was given, or the two are not equally many.
    """
    _check(len(audio), bool(text or transcripts), hears, reads)
    lines = read_transcripts(transcripts) if transcripts else [Line(None, words) for words in text]
    if not hears:
        return [
            Utterance(id=line.audio or f"text {number}", transcript=line.transcript)
            for number, line in enumerate(lines, 1)
        ]
    if reads and not transcripts and len(lines) != len(audio):
        raise UsageError(f"predict: {len(audio)} sound files and {len(lines)} --text; need one for each file, in order")
    words: list[str | None] = [line.transcript for line in lines] if lines else [None] * len(audio)
    if transcripts:
        words = words_of(audio, lines, transcripts)
    return [Utterance(id=path, audio=path, transcript=spoken) for path, spoken in zip(audio, words, strict=True)]


def _check(num_files: int, words: bool, hears: bool, reads: bool) -> None:
    if num_files and not hears:
        raise UsageError(f"predict: {num_files} sound files; this model only reads: give --text or --transcripts alone")
    if words and not reads:
        raise UsageError("predict: this model only listens; leave out --text and --transcripts")
    if hears and not num_files:
        raise UsageError("predict: no sound files; this model listens: give at least one")
    if reads and not words:
        raise UsageError("predict: no words; this model reads: give --text once for each file, or --transcripts FILE")
