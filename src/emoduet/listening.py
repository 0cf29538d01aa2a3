"""How recordings are listened to: where speech is, where its words come from, and what is wanted beside each answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf
from pathlib import Path
from threading import Lock

from emoduet.audio import MIN_SAMPLES, SAMPLING_RATE
from emoduet.errors import InputError, UsageError
from emoduet.segment_files import READERS, WITH_WORDS, Transcript, read_segments, read_words
from emoduet.segmentation import GuessedWord, spread, with_words, words_within
from emoduet.transcription import Recogniser
from emoduet.types import Seconds, Segment, Word

PathLike = str | Path

_LOADING = Lock()
"""Speech recognition is loaded by one thread at a time, the others find it loaded."""


@dataclass(frozen=True)
class Listening:
    """What a timeline is made with; the same for any number of recordings.

    Attributes:
        segments: where speech is: a file (RTTM, CSV, TSV, SRT, VTT, TextGrid, JSON), a folder with one for each
            recording, of its name, or segments; None finds it out.
        transcript: a file with the recording's words, plain or with times (SRT, VTT, JSON), or a folder of such files.
        asr: recognises the words that are not given: a size such as "small", a hub name, a folder, or a `Recogniser`.
        language: what is spoken, such as "en"; None lets speech recognition find out.
        separate: each channel is a voice of its own, as in recordings of calls; otherwise channels are mixed.
        hop: seconds from window to window of the curve; None makes none.
        window: seconds a window is long; None takes the median of what the model was trained on.
        risk: the share of wrong answers that is wanted; the model abstains where it is too unsure for that.
        asr_device: where speech is recognised, such as "cpu"; None takes a GPU where there is one.

    Raises:
        UsageError: hop or window is too short, or something is given that would do nothing.
    """

    segments: PathLike | Sequence[Segment] | None = None
    transcript: PathLike | None = None
    asr: PathLike | Recogniser | None = None
    language: str | None = None
    separate: bool = False
    hop: Seconds | None = None
    window: Seconds | None = None
    risk: float | None = None
    asr_device: str | None = None

    def __post_init__(self) -> None:
        if self.hop is not None and not 0.01 <= self.hop < inf:
            raise UsageError(f"hop {self.hop} s; need at least 0.01, such as 0.25")
        shortest = MIN_SAMPLES / SAMPLING_RATE
        if self.window is not None and not shortest <= self.window < inf:
            raise UsageError(f"window {self.window} s; need at least {shortest} s, such as 2")
        if self.language is not None and (self.asr is None or isinstance(self.asr, Recogniser)):
            raise UsageError(
                f"language {self.language}: is what speech recognition is told when it is loaded; give asr, too"
            )
        if self.window is not None and self.hop is None:
            raise UsageError(f"window {self.window} s: windows are those of a curve; give a hop, too, such as 0.25")

    @property
    def recogniser(self) -> Recogniser | None:
        """What recognises speech, loaded when first used, and once, whichever thread that is."""
        if self.asr is None or isinstance(self.asr, Recogniser):
            return self.asr
        with _LOADING:
            return self._loaded

    @cached_property
    def _loaded(self) -> Recogniser:
        return Recogniser.load(self.asr, device=self.asr_device, language=self.language)

    def check_files(self) -> None:
        """Finds before a recording is opened that files of segments or words are not there, or of no kind that is read.

        Raises:
            UsageError: one is so.
        """
        for path, kinds in ((self.segments, READERS), (self.transcript, WITH_WORDS)):
            if isinstance(path, (str, Path)) and not Path(path).exists():
                raise UsageError(f"{path}: no such file or folder; check the path")
            if isinstance(path, (str, Path)) and not Path(path).is_dir() and Path(path).suffix.lower() not in kinds:
                raise UsageError(
                    f"{path}: got a {Path(path).suffix or 'nameless'} file; want one of {', '.join(kinds)}"
                )

    def segments_of(self, recording: Path) -> tuple[Segment, ...] | None:
        """Where speech is in a recording, with the words that are given; None: find it out.

        Raises:
            InputError: a file is unusable, or a transcript without times is given for several segments.
        """
        given = self.segments
        if isinstance(given, (str, Path)):
            given = read_segments(_file_of(Path(given), recording, "segments"), recording=str(recording))
        if self.transcript is None:
            return None if given is None else tuple(given)
        path = _file_of(Path(self.transcript), recording, "a transcript")
        words = read_words(path, recording=str(recording))
        if given is None:
            return words.segments or (Segment(start=0.0, end=inf, transcript=words.text),)
        return _spoken(tuple(given), words, path)


def check_channels(path: Path, num_channels: int, separate: bool, segments: Sequence[Segment]) -> None:
    """Finds segments of a channel that nobody listens to.

    Raises:
        InputError: channels are apart, and one has none or one that the recording has not; or the other way round.
    """
    if not separate and any(one.channel is not None for one in segments):
        raise InputError(
            f"{path}: the segments name channels, and channels are mixed; keep them apart (--channels separate), or "
            "give segments without channels"
        )
    if separate and any(one.channel is None for one in segments):
        raise InputError(
            f"{path}: the segments do not say on which channel they are; give a column channel (CSV, JSON), or mix the "
            "channels"
        )
    beyond = next((one for one in segments if separate and one.channel > num_channels), None)
    if beyond:
        raise InputError(
            f"{path}: segment from {beyond.start:.3f} to {beyond.end:.3f} s: channel {beyond.channel} of a recording "
            f"with {num_channels}; give each segment its channel, or mix the channels"
        )


def _file_of(path: Path, recording: Path, what: str) -> Path:
    """The file itself, or the one in a folder that is called as the recording is.

    Raises:
        InputError: the folder holds none of that name, or several.
    """
    if not path.is_dir():
        return path
    names = (recording.stem, recording.name)
    readable = (one for one in path.iterdir() if one.suffix.lower() in (*READERS, ".txt") and one.is_file())
    found = sorted(one for one in readable if one.stem in names)
    if len(found) != 1:
        names = ", ".join(one.name for one in found) or "none"
        raise InputError(f"{path}: want one file with {what} of {recording.name}, {recording.stem}.*; found {names}")
    return found[0]


def _spoken(segments: tuple[Segment, ...], words: Transcript, where: Path) -> tuple[Segment, ...]:
    """Segments with what of a transcript was said in them."""
    if words.segments:
        lines = words.segments
        if not {one.speaker for one in segments} & {one.speaker for one in lines if one.speaker is not None}:
            lines = tuple(replace(one, speaker=None) for one in lines)  # names of another kind, such as SPEAKER_00
        return tuple(_with_lines(segment, lines) for segment in segments)
    if len(segments) != 1:
        raise InputError(
            f"{where}: words without times for {len(segments)} segments, so that nobody knows who said what; give a "
            "transcript with times (SRT, VTT, JSON), or no segments"
        )
    return (replace(segments[0], transcript=words.text),)


def _with_lines(segment: Segment, lines: Sequence[Segment]) -> Segment:
    """A segment with the words whose middle lies in it; a line without times of its words goes as one.

    Lines of another speaker or channel are not the segment's. The words of a line that goes as one are spread over its
    time, of which only what lies in the segment counts.
    """
    lines = [line for line in lines if line.transcript and _is_of(line, segment)]
    words = [word for line in lines for word in line.words or (_as_word(line),)]
    spoken = with_words(segment, words_within(words, segment.start, segment.end))
    return replace(spoken, words=tuple(part for word in spoken.words for part in _apart(word, segment)))


def _apart(word: Word, segment: Segment) -> tuple[Word, ...]:
    """The words of a line that goes as one; any other as it is."""
    if not isinstance(word, GuessedWord):
        return (word,)
    return spread(word.text, max(word.start, segment.start), min(word.end, segment.end))


def _is_of(line: Segment, segment: Segment) -> bool:
    both = ((line.speaker, segment.speaker), (line.channel, segment.channel))
    return all(one is None or other is None or one == other for one, other in both)


def _as_word(line: Segment) -> GuessedWord:
    return GuessedWord(text=line.transcript or "", start=line.start, end=line.end)
