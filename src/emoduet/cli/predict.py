"""`emoduet predict`: recordings in, a timeline of emotions out; or, with words for each file, an answer a file."""

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from emoduet.cli.door import counting_bar, errors_told, notes
from emoduet.cli.options import AnswerPrecision, AsJson, Device
from emoduet.errors import UsageError

if TYPE_CHECKING:
    from emoduet.listening import Listening
    from emoduet.prediction import EmotionRecognizer


class Format(StrEnum):
    """The files that a timeline is written to."""

    JSONL = "jsonl"
    CSV = "csv"
    RTTM = "rttm"
    AUDACITY = "audacity"
    VTT = "vtt"
    TEXTGRID = "textgrid"
    HTML = "html"


def predict(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A model folder, a model repository of the hub, or any audio- or text-classification checkpoint of "
            "transformers.",
        ),
    ],
    audio: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="AUDIO",
            help="Sound files (wav, flac, mp3, ogg; m4a, webm, mp4, opus with emoduet[media]), folders, patterns such "
            "as 'calls/**/*.mp3', a manifest (.jsonl), or - for stdin.",
        ),
    ] = None,
    segments: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where speech is, and whose: RTTM, CSV, SRT, VTT, TextGrid or JSON; or a folder with one for each "
            "recording. Without it speech is found, which needs emoduet[asr].",
        ),
    ] = None,
    hop: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", help="Also a smooth curve, from overlapping windows this far apart, such as 0.25."
        ),
    ] = None,
    window: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="How long these windows are; by default as long as what the model was trained on mostly is.",
        ),
    ] = None,
    risk: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", help="Abstain where the model is too unsure for this share of wrong answers, such as 0.2."
        ),
    ] = None,
    channels: Annotated[
        Literal["mix", "separate"],
        typer.Option(help="separate: each channel is a voice of its own, as in calls."),
    ] = "mix",
    transcript: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The recording's words: plain text, or SRT, VTT, JSON with times; or a folder of such files.",
        ),
    ] = None,
    asr: Annotated[
        str | None,
        typer.Option(
            metavar="WHISPER",
            help="Recognise the words: small, medium, ..., a hub name or a folder; needs emoduet[asr].",
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="What is spoken, such as en; found out if not given."),
    ] = None,
    whole: Annotated[
        bool,
        typer.Option("--whole", help="Each file is one utterance: one answer a file."),
    ] = False,
    text: Annotated[
        list[str] | None,
        typer.Option(
            "--text", metavar="WORDS", help="The words of a file that is one utterance; once for each, in order."
        ),
    ] = None,
    transcripts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The words by file, each one utterance: .csv, .tsv or .jsonl with columns audio and transcript.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Write files here.")] = None,
    formats: Annotated[
        list[Format] | None,
        typer.Option("--format", help="Of these files, as often as wanted; jsonl and html if not given."),
    ] = None,
    text_model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A text-classification checkpoint beside an audio one."),
    ] = None,
    audio_weight: Annotated[
        float,
        typer.Option(help="The audio checkpoint's share in the mean of both."),
    ] = 0.5,
    label_map: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TOML or JSON: which class each label becomes."),
    ] = None,
    device: Device = None,
    precision: AnswerPrecision = "fp32",
    check: Annotated[
        Path | None,
        typer.Option(metavar="MANIFEST", help="First find out on these labelled utterances what int8 changes."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Estimate the emotion that recordings express, segment by segment.

    It is what raters might label, never a person's inner state. Prohibited in the EU at work and in education except
    for medical or safety reasons (AI Act Art. 5(1)(f)); elsewhere high-risk (Annex III 1(c)), with a duty to tell
    people (Art. 50(3)). Open source does not exempt. Not legal advice.

    Bad files are told one by one and the rest are answered; exit status 1 if there were any.
    """
    if check is not None and precision != "int8":
        raise typer.BadParameter(f"--check judges int8, and --precision is {precision}; leave one out")
    if text and transcripts is not None:
        raise typer.BadParameter("--text and --transcripts both give the words; use one of them")
    by_file = whole or text or transcripts is not None
    if by_file and any(one is not None for one in (segments, hop, window, risk, transcript, asr, out)):
        raise typer.BadParameter(
            "--whole, --text and --transcripts take each file as one utterance; --segments, --hop, --window, --risk, "
            "--transcript, --asr and --out are of timelines"
        )
    if formats and out is None:
        raise typer.BadParameter("--format is of files; give --out FOLDER, too")
    with errors_told():
        from emoduet.listening import Listening
        from emoduet.prediction import EmotionRecognizer

        if precision == "int8":
            _tell_verdict(model, check, device)
        recognizer = EmotionRecognizer.load(
            model, device, precision, text_model=text_model, audio_weight=audio_weight, label_map=label_map
        )
        for note in recognizer.notes:
            notes().print(note)
        if by_file or not recognizer.hears:
            from emoduet.cli.utterances import answer_utterances

            failed = answer_utterances(recognizer, audio or [], text or [], transcripts, as_json)
        else:
            listening = Listening(
                segments, transcript, asr, language, separate=channels == "separate", hop=hop, window=window, risk=risk
            )
            failed = _along(recognizer, audio or [], listening, as_json, out, formats or [Format.JSONL, Format.HTML])
    if failed:
        raise typer.Exit(1)


def _along(
    recognizer: "EmotionRecognizer",
    audio: list[str],
    listening: "Listening",
    as_json: bool,
    out: Path | None,
    formats: list[Format],
) -> int:
    """Answers recordings along their time; returns how many could not be answered."""
    from emoduet.cli.timelines import JsonLines, Table, answer_recordings, write_files
    from emoduet.recordings import recordings_of

    if not audio:
        raise UsageError("predict: no sound files; this model listens: give at least one")
    teller = JsonLines() if as_json else Table(recognizer.classes)
    write = partial(write_files, out=out, formats=formats, told=recognizer.notes) if out else lambda *_: None
    with recordings_of(audio) as recordings:
        if not any(recording.segments for recording in recordings):
            recognizer.check(listening)
        return answer_recordings(recognizer, recordings, listening, teller, write)


def _tell_verdict(model: str, check: Path | None, device: str | None) -> None:
    """Says on stderr what int8 does to the model's answers, as it was found out before, or is now."""
    from emoduet.quantisation import check_int8, kept_verdict

    if check is None:
        verdict = kept_verdict(model)
    else:
        with counting_bar("utterances") as progress:
            verdict = check_int8(model, check, device=device, progress=progress).verdict
    notes().print(verdict.sentence())
