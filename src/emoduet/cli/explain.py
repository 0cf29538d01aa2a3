"""`emoduet explain`: which words and moments carried the answer for one utterance, and whether that stands a test.

With a manifest, many utterances: see `explained_corpus`.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from emoduet.cli.door import counting_bar, errors_told, notes, only_warnings, results
from emoduet.cli.explained_corpus import explain_corpus
from emoduet.cli.options import AsJson, Device
from emoduet.errors import InputError, UsageError
from emoduet.types import Seconds, Utterance

if TYPE_CHECKING:
    from emoduet.explaining.explain import Explaining
    from emoduet.explaining.types import Alignment
    from emoduet.prediction import EmotionRecognizer
    from emoduet.report.explanation_contents import Explained

LONGEST: Seconds = 120.0
"""What is longer is no utterance, and would be explained for hours."""


def explain(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A model folder, or any checkpoint that `emoduet predict` takes.")
    ],
    audio: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="The utterance's sound; none for a model that only reads."),
    ] = None,
    text: Annotated[str | None, typer.Option(metavar="WORDS", help="The utterance's words.")] = None,
    method: Annotated[
        Literal["attention", "occlusion", "integrated-gradients", "all"],
        typer.Option(
            help="occlusion takes any model; integrated-gradients needs emoduet[explain]; all: of a manifest."
        ),
    ] = "occlusion",
    target: Annotated[
        str | None, typer.Option(metavar="CLASS", help="Why this emotion, or why not; by default the model's answer.")
    ] = None,
    start: Annotated[float | None, typer.Option(metavar="SECONDS", help="Where in FILE the utterance begins.")] = None,
    end: Annotated[float | None, typer.Option(metavar="SECONDS", help="Where it ends.")] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Write .html (to look at and listen to), .png, .svg (both with emoduet[explain]) or .json; as often "
            "as wanted. With --manifest a folder.",
        ),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--manifest",
            "-m",
            help="Explain the labelled utterances of a manifest, and tell what that is worth; MODEL may then be the "
            "folder of a run, whose models explain what they were tested on.",
        ),
    ] = None,
    session: Annotated[
        list[str] | None, typer.Option(help="Only utterances of this session of the manifest; may be repeated.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Draw so many utterances of the manifest and no more.")
    ] = None,
    random_orders: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="How many random orders the scores are tested against; 39 if not given, 19 with --manifest.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the random orders, and of what --limit draws.")] = 0,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes side by side, of a manifest; 1 if not given.")
    ] = None,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Show which words and moments an answer stands on, and test whether it does.

    What scores highest is deleted first, and given back first, beside random orders of the same words and moments: the
    sentence below the scores says whether they may be read as reasons. Attention alone is no proof of them.
    """
    with errors_told():
        from emoduet.explaining.explain import Explaining
        from emoduet.explaining_corpus.many import Asked
        from emoduet.faithfulness import FEWEST_ORDERS, RANDOM_ORDERS
        from emoduet.prediction import EmotionRecognizer
        from emoduet.report.explanation_files import check_explanation_files, write_explanation

        if manifest is not None:
            _check_manifest_alone(audio, text, start, end, target, out=out)
            asked = Asked(
                model=model,
                manifest=manifest,
                methods=() if method == "all" else (method,),
                sessions=tuple(session or ()),
                limit=limit,
                num_orders=FEWEST_ORDERS if random_orders is None else random_orders,
                seed=seed,
                workers=workers or 1,
                device=device,
            )
            explain_corpus(asked, out[0] if out else None, as_json)
            return
        if method == "all" or session or limit is not None or workers is not None:
            raise UsageError(
                "explain: --method all, --session, --limit and --workers are for --manifest; give it, or leave them out"
            )
        explaining = Explaining(
            method=method,
            target=target,
            num_orders=RANDOM_ORDERS if random_orders is None else random_orders,
            seed=seed,
        )
        utterance = _utterance(audio, text, start, end)
        check_explanation_files(out or ())
        only_warnings()
        recognizer = EmotionRecognizer.load(model, device)
        for note in recognizer.notes:
            notes().print(note)
        explained = _explained(recognizer, utterance, explaining)
        _tell(explained, as_json)
        for path in out or ():
            write_explanation(explained, path)
            notes().print(f"written: {path}")
        if out:
            notes().print(explained.sharing())


def _check_manifest_alone(*of_one_utterance: object, out: list[Path] | None) -> None:
    """Raises UsageError where a manifest stands beside what is for one utterance, or beside several folders."""
    if any(one is not None for one in of_one_utterance):
        raise UsageError(
            "explain: FILE, --text, --start, --end and --target are for one utterance; leave --manifest out"
        )
    if out and len(out) > 1:
        raise UsageError(f"explain: {len(out)} folders by --out; with --manifest give one")


def _utterance(audio: str | None, text: str | None, start: Seconds | None, end: Seconds | None) -> Utterance:
    """What was given, before a model is asked whether it takes it.

    Raises:
        UsageError: nothing was given, a part of no file, or words that are no text.
    """
    if audio is None and text is None:
        raise UsageError("explain: nothing to explain; give a sound file, words by --text, or both")
    if audio is None and (start is not None or end is not None):
        raise UsageError("explain: --start and --end are of a sound file; give FILE, or leave them out")
    try:
        (text or "").encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError(f"explain: --text is not UTF-8 at letter {error.start + 1}; set the terminal to it") from error
    return Utterance(id=audio or "text", audio=audio, start=start, end=end, transcript=text)


def _explained(recognizer: "EmotionRecognizer", utterance: Utterance, explaining: "Explaining") -> "Explained":
    """The explanation, and what it is shown with.

    Raises:
        EmoduetError: the utterance does not fit the model, or cannot be explained so.
    """
    from emoduet.audio import read_audio
    from emoduet.explaining.explain import check_explainable
    from emoduet.report.explanation_contents import Explained

    check_explainable(recognizer.model, explaining, recognizer.precision)
    _check_fits(recognizer, utterance)
    with counting_bar("explaining"):
        explanation = recognizer.explain_utterance(utterance, explaining)
        heard = explanation.times is not None
        return Explained(
            utterance=utterance,
            explanation=explanation,
            alignment=explanation.alignment or _looks(recognizer, utterance),
            samples=read_audio(utterance.audio, start=utterance.start, end=utterance.end) if heard else None,
            notes=recognizer.notes,
        )


def _looks(recognizer: "EmotionRecognizer", utterance: Utterance) -> "Alignment | None":
    """Where the model looked, to be shown beside scores of another method; None where it cannot look."""
    from emoduet.explaining.attention import align

    try:
        return align(recognizer.model, utterance)
    except InputError:
        return None


def _check_fits(recognizer: "EmotionRecognizer", utterance: Utterance) -> None:
    from emoduet.audio import probe_audio

    may_lack = recognizer.model.system.may_lack
    if utterance.audio is not None and not recognizer.hears:
        raise UsageError("explain: a sound file; this model only reads: give --text alone")
    if utterance.transcript is not None and not recognizer.reads:
        raise UsageError("explain: --text; this model only listens: leave it out")
    if utterance.audio is None and recognizer.hears and not may_lack:
        raise UsageError("explain: no sound file; this model listens: give FILE")
    if utterance.transcript is None and recognizer.reads and not may_lack:
        raise UsageError("explain: no words; this model reads: give --text, or words by `emoduet predict --asr` first")
    if utterance.transcript is not None and not utterance.transcript.strip():
        raise InputError(f"explain: no words in --text {utterance.transcript!r}; give what was said")
    if utterance.audio is not None:
        duration = probe_audio(utterance.audio).duration
        duration = min(duration, utterance.end or duration) - (utterance.start or 0)
        if duration > LONGEST:
            raise UsageError(
                f"{utterance.audio}: {duration:.0f} s; explain takes one utterance, of up to {LONGEST:.0f} s: give its "
                "--start and --end"
            )


def _tell(explained: "Explained", as_json: bool) -> None:
    from emoduet.report.explanation_record import explanation_record
    from emoduet.report.explanation_text import explanation_lines

    if as_json:
        typer.echo(json.dumps(explanation_record(explained), ensure_ascii=False))
        return
    console = results()
    for line in explanation_lines(explained):
        console.print(line, soft_wrap=not console.is_terminal)
