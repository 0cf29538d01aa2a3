"""Why a corpus may not have its published sizes: guesses at causes, from the sizes alone."""

from collections import Counter
from collections.abc import Sequence

from emoduet.corpora.published import FOUR_CLASSES, KNOWN_SIZES, RECORDING_SIZES, SESSIONS, PublishedSet
from emoduet.corpora.published_others import KNOWN_SIZES as KNOWN_ELSEWHERE
from emoduet.types import Utterance

UNKNOWN = "no known cause; build the manifest again and read what it skipped"


def likely_causes(utterances: Sequence[Utterance], published: PublishedSet) -> list[str]:
    """What may have led to sizes that are not the published ones; never empty."""
    found = _in_iemocap(utterances, published) if published.corpus == "IEMOCAP" else _elsewhere(utterances, published)
    return found or [UNKNOWN]


def _in_iemocap(utterances: Sequence[Utterance], published: PublishedSet) -> list[str]:
    causes = []
    total = len(utterances)
    if published is FOUR_CLASSES and total in KNOWN_SIZES:
        causes.append(f"{total:,} turns: {KNOWN_SIZES[total]}")
    missing = [session for session in SESSIONS if session not in {utterance.session for utterance in utterances}]
    if missing:
        causes.append(f"no turn of {', '.join(missing)}: was the whole release copied, and is `session` filled in?")
    kinds = {utterance.scripted for utterance in utterances}
    if len(kinds) == 1 and None not in kinds and total not in KNOWN_SIZES:
        kind = "scripted" if kinds.pop() else "improvised"
        causes.append(f"every turn is {kind}: the other half of the corpus is absent")
    absent = _absent_classes(utterances, published)
    if absent and published is FOUR_CLASSES:
        causes.append(f"no turn of the class {', '.join(absent)}: look at the label map")
    if published is FOUR_CLASSES and Counter(utterance.speaker for utterance in utterances) == RECORDING_SIZES:
        causes.append("the speakers' sizes are those of the recordings: speakers were read from the name's prefix")
    if total > published.total:
        surplus = total - published.total
        causes.append(f"turns beyond the published number: {surplus:,}; are XX turns or copied files among them?")
    if 2 * total < published.total and total not in KNOWN_SIZES:
        causes.append("less than half of IEMOCAP: is it IEMOCAP at all? A synthetic corpus in its layout has its names")
    return causes


def _elsewhere(utterances: Sequence[Utterance], published: PublishedSet) -> list[str]:
    causes = []
    total = len(utterances)
    known = KNOWN_ELSEWHERE.get((published.corpus, total))
    if known is not None:
        causes.append(f"{total:,} clips: {known}")
    splits = {value for group, value in published.cells if group == "split"}
    lost = sorted(splits - {utterance.split for utterance in utterances})
    if lost:
        causes.append(f"no clip of {', '.join(lost)}: was the whole release copied, and is `split` filled in?")
    absent = _absent_classes(utterances, published)
    if absent:
        causes.append(f"no clip of the class {', '.join(absent)}: look at the label map")
    if total > published.total and known is None:
        causes.append(f"clips beyond the published number: {total - published.total:,}; another release, or copies?")
    if 2 * total < published.total:
        causes.append("less than half of the corpus: a download cut short, or git-lfs pointers left out by --lenient?")
    return causes


def _absent_classes(utterances: Sequence[Utterance], published: PublishedSet) -> list[str]:
    return sorted(published.classes - {utterance.label for utterance in utterances if utterance.label is not None})
