"""`emoduet predict`: recordings in, a timeline of emotions out; or, with words for each file, an answer a file."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from emoduet.cli.door import counting_bar, errors_told, notes, only_warnings, results
from emoduet.cli.options import AnswerPrecision, AsJson, Device, Engine
from emoduet.errors import UsageError

if TYPE_CHECKING:
    from emoduet.listening import Listening
    from emoduet.prediction import EmotionRecognizer
    from emoduet.recordings import Recording
    from emoduet.types import Timeline


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
    context: typer.Context,
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
    engine: Engine = "torch",
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
    _check_together(context.params)
    with errors_told():
        from emoduet.listening import Listening
        from emoduet.prediction import EmotionRecognizer

        only_warnings()
        if precision == "int8" and engine == "torch":
            _tell_verdict(model, check, device)
        checkpoints = {"text_model": text_model, "audio_weight": audio_weight, "label_map": label_map}
        recognizer = EmotionRecognizer.load(model, device, precision, engine=engine, **checkpoints)
        for note in (*recognizer.notes, *_of_slow_encoders(recognizer)):
            notes().print(note)
        if whole or text or transcripts is not None:
            failed = _by_file(recognizer, audio or [], text or [], transcripts, as_json)
        else:
            listening = Listening(
                segments,
                transcript,
                asr,
                language,
                separate=channels == "separate",
                hop=hop,
                window=window,
                risk=risk,
                asr_device=device,
            )
            failed = _along(recognizer, audio or [], listening, as_json, out, formats or [Format.JSONL, Format.HTML])
    if failed:
        raise typer.Exit(1)


OF_TIMELINES = ("segments", "hop", "window", "risk", "transcript", "asr", "language", "out")


def _check_together(given: Mapping[str, object]) -> None:
    """Refuses options that would do nothing beside the others."""
    if given["check"] is not None and given["precision"] != "int8":
        raise typer.BadParameter(f"--check judges int8, and --precision is {given['precision']}; leave one out")
    if given["check"] is not None and given["engine"] != "torch":
        raise typer.BadParameter(
            f"--check judges torch's int8; what --engine {given['engine']} loses, its export tells"
        )
    if given["text"] and given["transcripts"] is not None:
        raise typer.BadParameter("--text and --transcripts both give the words; use one of them")
    by_file = given["whole"] or given["text"] or given["transcripts"] is not None
    of_timelines = [f"--{name}" for name in OF_TIMELINES if given[name] is not None]
    if by_file and (of_timelines or given["channels"] == "separate"):
        raise typer.BadParameter(
            f"--whole, --text and --transcripts take each file as one utterance; "
            f"{' and '.join(of_timelines) or '--channels'} is of timelines"
        )
    if given["formats"] and given["out"] is None:
        raise typer.BadParameter("--format is of files; give --out FOLDER, too")
    if given["audio_weight"] != 0.5 and given["text_model"] is None:
        raise typer.BadParameter("--audio-weight is of two checkpoints; give --text-model, too")


def _by_file(
    recognizer: "EmotionRecognizer", audio: list[str], text: list[str], transcripts: Path | None, as_json: bool
) -> int:
    """Answers whole files, one utterance each; returns how many could not be answered."""
    from emoduet.cli.utterances import answer_utterances
    from emoduet.recordings import recordings_of

    if not audio or text or transcripts is not None:
        return answer_utterances(recognizer, audio, text, transcripts, as_json)
    with recordings_of(audio) as recordings:
        names = {str(recording.path): recording.renamed(str(recording.path)) for recording in recordings}
        return answer_utterances(recognizer, list(names), text, transcripts, as_json, names)


def _along(
    recognizer: "EmotionRecognizer",
    audio: list[str],
    listening: "Listening",
    as_json: bool,
    out: Path | None,
    formats: list[Format],
) -> int:
    """Answers recordings along their time; returns how many could not be answered."""
    from emoduet.atomic import make_folder
    from emoduet.cli.timelines import JsonLines, Outlasting, Table, answer_recordings, file_names, write_files
    from emoduet.recordings import recordings_of

    if not audio:
        raise UsageError("predict: nothing to answer; give sound files, or words by --text or --transcripts")
    with recordings_of(audio) as recordings:
        _check_segments(recordings, listening)
        recognizer.check(listening, known_words=any(recording.segments for recording in recordings))
        listening = replace(listening, asr=listening.recogniser, language=None)  # one for all recordings
        if out is not None:
            make_folder(out)
        console = results() if out is None else Outlasting()
        teller = JsonLines(console) if as_json else Table(recognizer.classes, console)
        names = file_names(recordings)
        write = partial(write_files, out=out, formats=formats, told=recognizer.notes, names=names) if out else _nothing
        return answer_recordings(recognizer, recordings, listening, teller, write)


def _nothing(recording: "Recording", timeline: "Timeline") -> None:
    """No files are wanted."""


def _check_segments(recordings: Sequence["Recording"], listening: "Listening") -> None:
    """Finds that one recording's segments or words would be taken for those of all.

    Raises:
        UsageError: a file names no recording, and there are several; or the manifest has segments of its own.
    """
    from emoduet.segment_files import recordings_in

    given = [one for one in (listening.segments, listening.transcript) if one is not None]
    if given and any(recording.segments for recording in recordings):
        raise UsageError(
            f"{given[0]}: the manifest says where its segments are and what is said; leave one of them out"
        )
    for path in given:
        if len(recordings) > 1 and not path.is_dir() and len(recordings_in(path)) < 2:
            raise UsageError(
                f"{path}: is of one recording, and there are {len(recordings)}; give a folder with a file for each, of "
                "its name, or a file that names the recording of each segment"
            )


def _of_slow_encoders(recognizer: "EmotionRecognizer") -> list[str]:
    """A note where an encoder answers for one utterance at a time, as there is no faster form of it."""
    from emoduet.build import Model

    if not isinstance(recognizer.model, Model):
        return []
    encoders = recognizer.model.encoders
    return [encoders.forms()] if any(one.form == "plain" for one in encoders.by_kind().values()) else []


def _tell_verdict(model: str, check: Path | None, device: str | None) -> None:
    """Says on stderr what int8 does to the model's answers, as it was found out before, or is now."""
    from emoduet.quantisation import check_int8, kept_verdict

    if check is None:
        verdict = kept_verdict(model)
    else:
        with counting_bar("utterances") as progress:
            verdict = check_int8(model, check, device=device, progress=progress).verdict
    notes().print(verdict.sentence())
