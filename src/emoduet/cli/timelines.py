"""Recordings answered along their time: a line a segment as it is found, a summary, and files where they are wanted."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from emoduet.atomic import write_json
from emoduet.cli.door import notes
from emoduet.errors import EmoduetError, UsageError
from emoduet.recordings import Recording
from emoduet.timeline_files import FORMATS, moment_record, record_of, write_moments, write_timeline
from emoduet.timeline_summary import Share, Summary, Transition, called, clock, summarise, summary_record, voice_of
from emoduet.types import Moment, Seconds, SegmentPrediction, Timeline

if TYPE_CHECKING:
    from emoduet.listening import Listening
    from emoduet.prediction import EmotionRecognizer

PAGE = "html"
"""The format that is a page to look at, beside those of `timeline_files`."""

VOICE_WIDTH = 10
CLASS_WIDTH = 5
"""With these, four classes of usual names and times of under ten hours, a line but for its words fits 80 columns."""

MOST_CHANGES = 12
"""So many changes are told each with its time; more are counted."""


class Outlasting(Console):
    """Stdout whose reader may go away, as `head` does, before the files are written that were asked for."""

    def __init__(self) -> None:
        super().__init__(highlight=False, markup=False)

    def on_broken_pipe(self) -> None:
        """Goes on without stdout, where rich would end the program."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)


class Teller(Protocol):
    """What is said on stdout of recordings while they are answered; `console` is stdout."""

    console: Console

    def found(self, recording: Recording, one: SegmentPrediction | Moment) -> None: ...

    def end(self, recording: Recording, timeline: Timeline) -> None: ...

    def failed(self, recording: Recording, error: EmoduetError) -> None: ...


def answer_recordings(
    recognizer: "EmotionRecognizer",
    recordings: Sequence[Recording],
    listening: "Listening",
    teller: Teller,
    write: Callable[[Recording, Timeline], None],
) -> int:
    """Answers recordings one by one; a bad one is told and the others are answered. Returns how many were bad."""
    failed = 0
    for recording in recordings:
        own = replace(listening, segments=recording.segments) if recording.segments else listening
        try:
            with _seconds_bar(recording.name, teller.console) as progress:
                timeline = recognizer.timeline(
                    recording.path,
                    own,
                    progress,
                    on_found=lambda one, recording=recording: teller.found(recording, one),
                )
            timeline = replace(timeline, recording=recording.name)
            teller.end(recording, timeline)
            write(recording, timeline)
        except UsageError:
            raise
        except EmoduetError as error:
            failed += 1
            teller.failed(recording, error)
    return failed


class JsonLines:
    """A JSON object a segment and a moment, and one with `summary` or `error` at the end of each recording."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def found(self, recording: Recording, one: SegmentPrediction | Moment) -> None:
        """One object; those of moments have `time` in the place of `start` and `end`."""
        record = (
            record_of(one, recording.name) if isinstance(one, SegmentPrediction) else moment_record(one, recording.name)
        )
        self._tell(record)

    def end(self, recording: Recording, timeline: Timeline) -> None:
        self._tell({"recording": recording.name, "summary": summary_record(timeline)})

    def failed(self, recording: Recording, error: EmoduetError) -> None:
        told = recording.renamed(str(error))
        if self.console.quiet:
            notes().print(f"error: {told}", style="red")
        self._tell({"recording": recording.name, "error": told})

    def _tell(self, record: Mapping[str, object]) -> None:
        self.console.print(json.dumps(record, ensure_ascii=False), soft_wrap=True)


class Table:
    """A line a segment under a heading for each recording, then what all of it comes to; moments go to files alone."""

    def __init__(self, classes: Sequence[str], console: Console) -> None:
        self._classes = classes
        self._widths = [max(CLASS_WIDTH, len(name)) for name in classes]
        self._label_width = max(len("(unsure)"), *map(len, classes))
        self._headed: Recording | None = None
        self.console = console

    def _head(self, recording: Recording) -> None:
        """The heading of a recording, once."""
        if self._headed is recording:
            return
        self._headed = recording
        columns = "  ".join(name.rjust(width) for name, width in zip(self._classes, self._widths, strict=True))
        known = f"{'from':>10}  {'to':>10}  {'voice':{VOICE_WIDTH}}  {'emotion':{self._label_width}}"
        self.console.print(recording.name, style="bold", soft_wrap=True)
        self.console.print(f"{known}  {columns}  bits  words", style="dim", soft_wrap=True)

    def found(self, recording: Recording, one: SegmentPrediction | Moment) -> None:
        if isinstance(one, Moment):
            return
        self._head(recording)
        columns = "  ".join(
            f"{one.probabilities[name]:.3f}".rjust(width)
            for name, width in zip(self._classes, self._widths, strict=True)
        )
        label = "(unsure)" if one.abstained else one.label
        times = f"{clock(one.segment.start):>10}  {clock(one.segment.end):>10}"
        voice = f"{(voice_of(one) or '?')[:VOICE_WIDTH]:{VOICE_WIDTH}}"
        line = f"{times}  {voice}  {label:{self._label_width}}  {columns}  {one.entropy:.2f}"
        self.console.print(f"{line}  {one.segment.transcript or ''}".rstrip(), soft_wrap=True)

    def end(self, recording: Recording, timeline: Timeline) -> None:
        if not timeline.segments:
            self.console.print(recording.name, style="bold", soft_wrap=True)
        for line in summary_lines(summarise(timeline), timeline.duration):
            self.console.print(line, soft_wrap=True)

    def failed(self, recording: Recording, error: EmoduetError) -> None:
        told = recording.renamed(str(error))
        notes().print(f"error: {told if recording.name in told else f'{recording.name}: {told}'}", style="red")


def summary_lines(summary: Summary, duration: Seconds) -> Iterator[str]:
    """What a recording comes to, in words: shares of spoken time, changes, and where each emotion was strongest."""
    if not summary.overall.spoken:
        yield f"no speech in {clock(duration)}"
        return
    yield f"speech {clock(summary.overall.spoken)} of {clock(duration)}: {_shares(summary.overall)}"
    if len(summary.by_voice) > 1:
        for voice, share in summary.by_voice.items():
            yield f"  {called(voice)} {clock(share.spoken)}: {_shares(share)}"
    if summary.num_abstained:
        yield f"unsure of {summary.num_abstained} segments, which count in the shares and in nothing else"
    yield from _changes(summary.transitions)
    named = summary.who_speaks != "not known"
    for one in summary.peaks:
        voice = f", {called(one.voice)}" if named else ""
        yield f"most {one.label}{voice}: {one.probability:.3f} from {clock(one.start)} to {clock(one.end)}"


def _changes(transitions: Sequence[Transition]) -> Iterator[str]:
    """Each change with its time where there are few; else how often which class became which, most often first."""
    kinds = [f"{one.voice or 'whoever speaks'}: {one.before} to {one.after}" for one in transitions]
    if len(kinds) <= MOST_CHANGES:
        for one, kind in zip(transitions, kinds, strict=True):
            yield f"change at {clock(one.time)}, {kind}"
        return
    for kind, times in Counter(kinds).most_common():
        yield f"{times} {'change' if times == 1 else 'changes'}, {kind}"


def file_names(recordings: Sequence[Recording]) -> dict[str, str]:
    """What each recording's files are called, by its name: its file's name, with its folders where two share it."""
    names = [Path(recording.name).name for recording in recordings]
    return {
        recording.name: name if names.count(name) == 1 else "-".join(Path(recording.name).parts).strip("-/.")
        for recording, name in zip(recordings, names, strict=True)
    }


def write_files(
    recording: Recording,
    timeline: Timeline,
    out: Path,
    formats: Sequence[str],
    told: Sequence[str],
    names: Mapping[str, str],
) -> None:
    """Writes a timeline below `out`, named after its recording, in each of the formats, its summary, and any curve.

    Args:
        told: what the page must say beside the answers.
        names: as `file_names` has them.

    Raises:
        EmoduetError: a file cannot be written, or the recording not read again for the page.
    """
    name = names[recording.name]
    for one in formats:
        if one == PAGE:
            _write_page(recording, timeline, out / f"{name}.html", told)
        else:
            write_timeline(timeline, out / f"{name}{FORMATS[one]}", one)
    write_json(out / f"{name}.summary.json", {"recording": timeline.recording, **summary_record(timeline)})
    if timeline.moments:
        write_moments(timeline, out / f"{name}.curve.csv")


def _write_page(recording: Recording, timeline: Timeline, path: Path, told: Sequence[str]) -> None:
    from emoduet.report.recording_sound import recording_sound
    from emoduet.report.timeline_page import write_timeline_page

    with recording_sound(recording.path) as sound:
        write_timeline_page(timeline, summarise(timeline), sound, path, told)


def _shares(share: Share) -> str:
    best_first: Mapping[str, float] = dict(sorted(share.shares.items(), key=lambda one: -one[1]))
    return ", ".join(f"{name} {100 * part:.0f} %" for name, part in best_first.items())


@contextmanager
def _seconds_bar(name: str, stdout: Console) -> Iterator[Callable[[Seconds, Seconds], None]]:
    """A bar of the seconds answered, below the lines where stdout is a terminal, on stderr otherwise; or nothing."""
    console = stdout if stdout.is_terminal else notes()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=None, told="")

        def tell(heard: Seconds, duration: Seconds) -> None:
            told = f"{clock(heard)} of {clock(duration)}" if duration else clock(heard)
            bar.update(task, completed=heard, total=duration or None, told=told)

        yield tell
