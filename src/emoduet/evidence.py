"""What stands beside a run's scores, so that they can be judged, written into its folder.

    audit.json         what crosses from training or validation into the test
    utterances.jsonl   the study's utterances without sound and words: label, speaker, ..., duration, number of words
    baselines.json     what simple look-ups and a bag of words reach on the tested folds

The first two are written once; a run that goes on finds them there.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from emoduet.assessment import baseline_rows
from emoduet.atomic import write_json
from emoduet.audio import probe_audio
from emoduet.audit import audit, stop_at_hard_leaks
from emoduet.baselines import baselines, write_baselines
from emoduet.breakdown import Row
from emoduet.errors import AudioError
from emoduet.manifest import read_manifest, write_manifest
from emoduet.protocols import Fold, Protocol
from emoduet.types import Seconds, Utterance

KEPT = ("id", "label", "session", "dialogue", "scenario", "scripted", "speaker", "sex", "split")
"""What is written of an utterance: enough to break scores down, nothing that was said or heard."""

KEPT_EXTRA = ("synthetic", "corpus", "age", "accent")
"""The same of what stands under `extra`."""


def audited(
    folder: Path,
    utterances: Sequence[Utterance],
    folds: Sequence[Fold],
    protocol: Protocol,
    leaks_allowed: bool = False,
) -> Mapping[str, object]:
    """The audit of a run's folds, as JSON values; made and written unless it is that of a run that goes on.

    Raises:
        InputError: a speaker, a dialogue or a sound stands on both sides, though neither the protocol's nature nor
            whoever asked allows it.
    """
    path = folder / "audit.json"
    if not (path.exists() and (folder / "run.json").exists()):
        found = audit(utterances, folds, protocol, leaks_allowed=leaks_allowed)
        stop_at_hard_leaks(found)
        write_json(path, found.as_json())
    return json.loads(path.read_text(encoding="utf-8"))


def scored_baselines(
    folder: Path, utterances: Sequence[Utterance], folds: Sequence[Fold], classes: Sequence[str]
) -> tuple[Row, ...]:
    """Trains the baselines on the folds' training parts, scores them on the tested ones, and writes the scores."""
    rows = baseline_rows(baselines(utterances, folds, classes))
    write_baselines(folder / "baselines.json", rows)
    return rows


def write_utterances(folder: Path, utterances: Sequence[Utterance]) -> dict[str, Utterance]:
    """Writes what scores are broken down by, unless it is there, and gives it back by id."""
    path = folder / "utterances.jsonl"
    if not path.exists():
        write_manifest(path, [without_signal(utterance) for utterance in utterances])
    return {utterance.id: utterance for utterance in read_manifest(path)}


def without_signal(utterance: Utterance) -> Utterance:
    """What is known of an utterance beside its sound and words, with its duration (s) and number of words."""
    words = None if utterance.transcript is None else len(utterance.transcript.split())
    known = {
        "duration": _duration(utterance),
        "num_words": words,
        **{name: utterance.extra.get(name) for name in KEPT_EXTRA},
    }
    kept = {name: getattr(utterance, name) for name in KEPT}
    return Utterance(**kept, extra={name: value for name, value in known.items() if value is not None})


def _duration(utterance: Utterance) -> Seconds | None:
    """None where the sound is absent or unreadable, which a system that only reads does not mind."""
    if utterance.start is not None and utterance.end is not None:
        return utterance.end - utterance.start
    if utterance.audio is None:
        return None
    try:
        whole = probe_audio(utterance.audio).duration
    except AudioError:
        return None
    return (whole if utterance.end is None else utterance.end) - (utterance.start or 0.0)
