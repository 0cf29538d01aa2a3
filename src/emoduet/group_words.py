"""Gaps between groups and the spread over speakers in words: one wording for terminal, page and model card."""

from collections.abc import Iterator, Sequence

from emoduet.groups import Gap, Grouping, Side, SpeakerScore, SpeakerSpread
from emoduet.results import MIN_CLUSTERS
from emoduet.significance import Interval


def gap_in_words(gap: Gap) -> str:
    """The gap in points with its interval, or why there is none.

    >>> from emoduet.significance import Interval
    >>> sides = Side("F", 5, 60, 0.7), Side("M", 5, 40, 0.65)
    >>> gap_in_words(Gap(*sides, ("angry", "sad"), (), 0.05, Interval(-0.02, 0.12), ""))
    '+5.0 points, 95 % interval -2.0 to +12.0'
    """
    if gap.difference is None or gap.interval is None:
        return f"no gap shown: {gap.why_none}"
    return f"{100 * gap.difference:+.1f} points, 95 % interval {_ends(gap.interval)}"


def gap_in_short(gap: Gap) -> str:
    """The same for a table whose heading names points and per cent, such as "+5.0 (-2.0 to +12.0)"."""
    if gap.difference is None or gap.interval is None:
        return gap_in_words(gap)
    return f"{100 * gap.difference:+.1f} ({_ends(gap.interval)})"


def side_in_words(side: Side) -> str:
    """A group with all that stands behind its score.

    >>> side_in_words(Side("F", 5, 1060, 0.7)), side_in_words(Side("M", 1, 40, None))
    ('F: UA 70.0, 5 speakers, 1,060 utterances', 'M: 1 speaker, 40 utterances')
    """
    score = "" if side.ua is None else f"UA {100 * side.ua:.1f}, "
    return f"{side.value}: {score}{_count(side.num_speakers, 'speaker')}, {_count(side.num_utterances, 'utterance')}"


def spread_lines(spread: SpeakerSpread) -> list[str]:
    """What stands behind the standard deviation over speakers, line by line."""
    lacking = f", {spread.num_left_out:,} more lack a class" if spread.num_left_out else ""
    return [
        f"by chance alone, if all were alike: {100 * spread.by_chance:.1f}",
        f"{_count(spread.num_speakers, 'speaker')}{lacking}: median UA {100 * spread.median:.1f}",
        f"least {_score(spread.least)}",
        f"greatest {_score(spread.greatest)}",
    ]


def spread_in_words(spread: SpeakerSpread | None) -> str:
    """The spread over speakers in sentences, with what chance alone would do, or why there is none."""
    if spread is None:
        return f"No spread over speakers shown: fewer than {MIN_CLUSTERS} have utterances of every class."
    beyond = spread.interval.low > spread.by_chance
    lacking = f" {_count(spread.num_left_out, 'speaker')} without utterances of some class not counted."
    return (
        f"UA of {_count(spread.num_speakers, 'speaker')}: least {_score(spread.least)}, median "
        f"{100 * spread.median:.1f}, greatest {_score(spread.greatest)}. Their standard deviation is "
        f"{100 * spread.deviation:.1f} points, 95 % interval {100 * spread.interval.low:.1f} to "
        f"{100 * spread.interval.high:.1f}; {100 * spread.by_chance:.1f} would come by chance if all were alike, so it "
        f"{'is more than chance' if beyond else 'is not shown to be more than chance'}."
        f"{lacking if spread.num_left_out else ''}"
    )


def notes_on(groupings: Sequence[Grouping]) -> list[str]:
    """What the gaps must be read with, in sentences."""
    shown = [gap for grouping in groupings for gap in grouping.gaps if gap.interval]
    return [
        *(sentence for grouping in groupings for sentence in _left_out(grouping)),
        *(["An interval that holds zero does not show that there is no gap."] if shown else []),
        *([_many(len(shown))] if len(shown) > 1 else []),
    ]


def _score(one: SpeakerScore) -> str:
    return f"{100 * one.ua:.1f} ({one.speaker}, {_count(one.num_utterances, 'utterance')})"


def _ends(interval: Interval) -> str:
    return f"{100 * interval.low:+.1f} to {100 * interval.high:+.1f}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _many(number: int) -> str:
    return (
        f"{number} gaps are shown, and nothing is corrected for their number: of twenty groups that fare alike, about "
        "one has an interval that excludes zero."
    )


def _left_out(grouping: Grouping) -> Iterator[str]:
    if grouping.num_left_out:
        number = _count(grouping.num_left_out, "utterance")
        yield f"By {grouping.name}: without {number} of which the corpus does not say it."
    for gap in grouping.gaps:
        if gap.interval and gap.not_compared:
            yield (
                f"By {grouping.name}, {gap.first.value} and {gap.second.value}: without {', '.join(gap.not_compared)}, "
                f"which fewer than {MIN_CLUSTERS} speakers of a side have."
            )
