"""The words of a segment as files have them: checked, given times where only neighbours have any, parted at pauses."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from emoduet.segment_files.refusals import shown
from emoduet.segment_files.times import times_of
from emoduet.types import Seconds, Segment, Word

PAUSE: Seconds = 0.3
"""Words that lie closer than this belong to one segment, where a file has words alone."""

Told = tuple[str, Seconds | None, Seconds | None]


def words_of(values: object, start: Seconds, end: Seconds, problems: list[str]) -> tuple[str, tuple[Word, ...]]:
    """The words of a segment from `start` to `end`, as text and with their times, what is wrong being noted.

    A word without times, as an aligner leaves numbers, gets an even part of the gap between its neighbours, or between
    one and the segment's end; no word has times if none has them in the file.

    Args:
        values: a list of mappings with `word` or `text`, and perhaps `start` and `end`.
    """
    if not isinstance(values, list) or not all(isinstance(value, Mapping) for value in values):
        problems.append(f"words: got {shown(values)}; want a list of objects with word, start and end")
        return "", ()
    told: list[Told] = []
    for number, value in enumerate(values, start=1):
        wrong: list[str] = []
        word = _told(value, wrong)
        problems += [f"word {number}: {problem}" for problem in wrong]
        if word[0]:
            told.append(word)
    return " ".join(text for text, _, _ in told), () if problems else _placed(told, start, end)


def _told(value: Mapping[str, object], problems: list[str]) -> Told:
    text = value.get("word", value.get("text"))
    if not isinstance(text, str):
        problems.append(f"got {shown(text)}; want text")
        return "", None, None
    text = " ".join(text.split())
    if value.get("start") is None or value.get("end") is None:
        return text, None, None
    return (text, *times_of(value["start"], value["end"], None, problems))


def _placed(told: Sequence[Told], start: Seconds, end: Seconds) -> tuple[Word, ...]:
    if all(begin is None for _, begin, _ in told):
        return ()
    placed: list[Word] = []
    position = 0
    for timed, run in groupby(told, key=lambda word: word[1] is not None):
        words = list(run)
        position += len(words)
        if timed:
            placed += [Word(text=text, start=begin, end=finish) for text, begin, finish in words]
            continue
        before = placed[-1].end if placed else start
        after = max(before, told[position][1] if position < len(told) else end)
        step = (after - before) / len(words)
        for number, (text, _, _) in enumerate(words):
            placed.append(Word(text=text, start=before + step * number, end=before + step * (number + 1)))
    return tuple(placed)


def parted(whole: Segment) -> list[Segment]:
    """One segment for each stretch of words without a pause between them."""
    groups: list[list[Word]] = []
    for word in sorted(whole.words, key=lambda word: word.start):
        if groups and round(word.start - groups[-1][-1].end, 6) < PAUSE:
            groups[-1].append(word)
        else:
            groups.append([word])
    return [
        Segment(
            start=words[0].start,
            end=max(word.end for word in words),
            speaker=whole.speaker,
            channel=whole.channel,
            transcript=" ".join(word.text for word in words),
            words=tuple(words),
            language=whole.language,
        )
        for words in groups
    ]
