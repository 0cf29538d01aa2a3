"""How a model's answers hold when its inputs get worse: noise, rooms, telephones, codecs, wrong words, a modality gone.

The same labelled utterances are answered clean and under each condition, so that every difference is judged in pairs.
Answers are kept by condition: a test that was cut off goes on, and one that asks for more conditions answers those
alone. It tells how one model bears these changes, not which part of it fails, nor how often they happen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from emoduet.atomic import check_file, remove_leftovers, write_json, write_text
from emoduet.corruptions import corrupted, voiced
from emoduet.errors import InputError
from emoduet.evaluation import Answers
from emoduet.machine import device_named
from emoduet.manifest import manifest_digest, read_manifest
from emoduet.near_duplicates import words_of
from emoduet.results import pool
from emoduet.run_folder import provenance, sole_user, write_or_compare
from emoduet.stress.answers import Sounds, Work, answer_conditions, read_answered, recognised, words_under
from emoduet.stress.conditions import Condition, Trial, conditions_of
from emoduet.stress.results import FILE, Row, Stress, row_of
from emoduet.subject import LeftOut, Subject, read_subject
from emoduet.word_errors import Vocabulary, jiwer_library, word_error_rate
from emoduet.workers import run_tasks

WORD_ERRORS = (0.1, 0.2, 0.4)
"""The shares of wrong words that are tried unless told otherwise."""

LIBRARIES = ("soundfile", "soxr", "pyroomacoustics", "jiwer", "faster-whisper", "ctranslate2")
"""What sounds, words and error rates come from, beside the libraries that every result names."""

Progress = Callable[[int, int], None]
"""Called with (utterances done, utterances in all), over all conditions."""


@dataclass(frozen=True)
class Outcome:
    """A stress test, and where a copy was kept beside the model; None where none was."""

    stress: Stress
    kept: Path | None


def stress_model(trial: Trial, progress: Progress = lambda done, total: None) -> Outcome:
    """Answers what is not answered yet, scores it, and writes stress.json and stress.csv into the trial's folder.

    A copy of stress.json is kept in the model's or the run's folder, unless the utterances were limited or it cannot be
    written there.

    Raises:
        EmoduetError: as `read_subject` and `answer_conditions`; the folder holds another test, or a library is missing.
    """
    subject = read_subject(trial.choice)
    manifest = tuple(read_manifest(trial.manifest))
    voices = {one.id: one for one in manifest if one.audio is not None}
    speakers = {one.id: one.speaker for one in voices.values()}
    conditions, left_out = conditions_of(trial, subject.system, subject.utterances, tuple(speakers.values()))
    _check_libraries(conditions)
    folder = trial.out / "answers"
    with sole_user(folder):
        write_or_compare(folder, _identity(trial, subject), provenance(trial.manifest))
        remove_leftovers(folder)
        by_errors = any(one.word_errors is not None for one in conditions)
        work = Work(
            folder=folder,
            parts=subject.parts,
            sounds=Sounds(voices, speakers, trial.seed),
            vocabulary=Vocabulary.of(one.transcript for one in manifest) if by_errors else None,
            language=trial.language,
            device=trial.device,
        )
        _answer(work, conditions, trial.workers, progress)
        rows, empty = _rows(work, conditions, subject)
        stress = Stress(rows, (*left_out, *empty), subject.marks, trial.seed, _description(trial, subject))
        write_json(trial.out / FILE, stress.as_json())
        write_text(trial.out / "stress.csv", stress.as_csv())
    return Outcome(stress, _kept(stress, trial))


def _check_libraries(conditions: Sequence[Condition]) -> None:
    """Finds before the first answer, not after an hour, that a corruption or a measure lacks its library."""
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    for corruption in {one.corruption.key: one.corruption for one in conditions if one.corruption}.values():
        corrupted(voiced(corruption, [noise]), noise, seed=0, utterance_id="")
    if any(one.asr or one.word_errors is not None for one in conditions):
        jiwer_library()


def _description(trial: Trial, subject: Subject) -> dict[str, object]:
    """What was asked, and what else a number hangs on."""
    made_of = provenance(trial.manifest)
    parts = Path(trial.model).resolve().parts if Path(trial.model).is_dir() else (trial.model,)
    name = "/".join(parts[-2:] if parts[-1] == "checkpoint" else parts[-1:])
    named = {"model": name, "classes": subject.classes, "asr": trial.asr}
    return {**named, **_identity(trial, subject), **made_of, "versions": {**made_of["versions"], **_libraries()}}


def _libraries() -> dict[str, str]:
    return {name: version(name) for name in LIBRARIES if find_spec(name.replace("-", "_"))}


def _identity(trial: Trial, subject: Subject) -> dict[str, object]:
    """All that decides an answer beside its condition."""
    return {
        "weights_sha256": subject.weights,
        "manifest_sha256": manifest_digest(trial.manifest),
        "sessions": sorted(trial.sessions),
        "limit": trial.limit,
        "seed": trial.seed,
        "language": trial.language,
        "device": device_named(trial.device).type,
        "libraries": {name: version(name) for name in ("emoduet", "torch", "transformers")} | _libraries(),
    }


def _answer(work: Work, conditions: Sequence[Condition], workers: int, progress: Progress) -> None:
    """Each process takes every so many-th condition."""
    asked = sum(len(part.utterances) for part in work.parts)
    distinct = {one.id: one for part in work.parts for one in part.utterances}.values()
    total = asked * len(conditions) + sum(sum(map(one.fits, distinct)) for one in conditions if one.asr)
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        progress(done, total)

    number = min(workers, len(conditions))
    shares = [conditions[first::number] for first in range(number)]
    run_tasks([partial(answer_conditions, work, share) for share in shares], number, count)


def _rows(work: Work, conditions: Sequence[Condition], subject: Subject) -> tuple[tuple[Row, ...], tuple[LeftOut, ...]]:
    rows, empty = [], []
    read = partial(read_answered, work, classes=subject.classes)
    of_clean = [read(part, conditions[0]) for part in work.parts]
    for condition in conditions:
        found = [read(part, condition) for part in work.parts]
        if not any(answers.utterances for answers in found):
            empty.append(LeftOut(f"{condition.family} {condition.severity}", "no utterance could be made so"))
            continue
        clean = pool([_same(one, worse) for one, worse in zip(of_clean, found, strict=True)])
        worse = pool(found)
        rows.append(row_of(condition, clean, worse, _word_error_rate(work, condition, worse)))
    return tuple(rows), tuple(empty)


def _same(clean: Answers, worse: Answers) -> Answers:
    """The clean answers to the utterances that a condition was answered for."""
    ids = {one.id for one in worse.utterances}
    return clean.where(np.array([one.id in ids for one in clean.utterances], dtype=bool))


def _word_error_rate(work: Work, condition: Condition, worse: Answers) -> float | None:
    """How wrong the words were that the model read; None where they were the given ones, absent, or nobody gave any."""
    known = {one.id: one for one in worse.utterances if one.transcript is not None}.values()
    if not any(words_of(one.transcript) for one in known):
        return None
    if condition.word_errors is not None:
        heard = [words_under(one, condition.word_errors, work) for one in known]
    elif condition.asr:
        of_condition = recognised(work, condition)
        heard = [of_condition[one.id] for one in known]
    else:
        return None
    return word_error_rate([one.transcript for one in known], heard)


def _kept(stress: Stress, trial: Trial) -> Path | None:
    if trial.limit is not None or not Path(trial.model).is_dir():
        return None
    path = Path(trial.model) / FILE
    try:
        check_file(path)
    except InputError:
        return None
    write_json(path, stress.as_json())
    return path
