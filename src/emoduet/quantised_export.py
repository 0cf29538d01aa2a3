"""A model's graph in 8-bit integers for OpenVINO, and what that changes in its answers to labelled utterances.

NNCF finds the ranges of the graph's numbers on some of the utterances. The others are answered by the graph in fp32,
which was held against torch first, and in int8, and the two are judged as in `quantisation`: int8 is never exported
without a word on what it costs. Nothing trains, and no label is used but for the score.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from emoduet.batching import InputReader
from emoduet.build import Model, restore_model
from emoduet.engines import Engine, open_graph
from emoduet.engines.folder import FOLDERS, GRAPHS, INPUTS, READS
from emoduet.engines.model import EngineSystem, InsistingReader
from emoduet.errors import CorpusError, UsageError
from emoduet.examination import Exam, Examination, exam_of, sessions_seen
from emoduet.export import Export, check_export, example_of, new_export, write_account, write_graph
from emoduet.graph import build_graph
from emoduet.manifest import manifest_digest
from emoduet.parity import Parity, check_parity, measure_parity
from emoduet.pretrained.loading import weights_digest
from emoduet.quantisation import Verdict, judged
from emoduet.quantised_graph import Example, check_quantiser, quantise_graph
from emoduet.types import Utterance

Progress = Callable[[int, int], None]
"""Called with (utterances answered, utterances to answer)."""

TO = "openvino"
PRECISION = "int8"

MOST_CALIBRATING = 100
"""Of the labelled utterances a quarter calibrates, and no more than these."""

MIN_LABELLED = 20
"""With fewer, the rest is too little for any score."""

SEED = 0
"""Of the draw of those that calibrate."""


@dataclass(frozen=True)
class Int8Export:
    """What was written, and what it is worth; the parity of `export` is that of the graph in fp32."""

    export: Export
    verdict: Verdict
    num_calibrating: int


def export_int8(
    model: str | Path,
    to: str,
    manifest: Path,
    sessions: tuple[str, ...] = (),
    out: Path | None = None,
    progress: Progress = lambda done, total: None,
) -> Int8Export:
    """Writes a model's graph in int8, calibrated on some labelled utterances and judged on the others.

    Args:
        model: a folder; of the hub only with `out`.
        to: "openvino", which alone computes in int8.
        sessions: of the manifest; empty means all.
        out: as in `export.export_model`.

    Raises:
        UsageError: another `to`, or a model of the hub without `out`.
        InputError: a library is missing, or the place is taken by something else than an older export.
        CheckpointError: the model cannot be loaded, OpenVINO answers otherwise than torch in fp32, or NNCF fails.
        ConfigError: its system has no graph.
        CorpusError: too few utterances are labelled, or one lacks what the system takes.
    """
    check_int8_export(to)
    source = check_export(model, to, out)
    loaded = restore_model(source)
    graph = build_graph(loaded)
    exam = exam_of(replace(loaded, reader=_insisting(loaded)), str(source), manifest, sessions)
    calibrating, scored = divided(exam.utterances, str(manifest))
    exam = _of_these(exam, scored, sessions_seen(str(source), manifest))
    with new_export(source, to, PRECISION, out) as folder, TemporaryDirectory(dir=folder) as own:
        fp32, int8 = Path(own) / GRAPHS[to], folder / GRAPHS[to]
        write_graph(graph, example_of(loaded), to, fp32.parent)
        parity = _held_against_torch(loaded, fp32, lambda done, total: progress(done, total + 2 * len(scored)))
        quantise_graph(fp32, [_example(exam.model.reader, one) for one in calibrating], int8)
        verdict = _judged(exam, (fp32, int8), len(calibrating), parity.num_lengths, progress)
        told = _account(verdict, manifest, sessions, calibrating)
        write_account(folder, graph, to, PRECISION, weights_digest(str(source)), parity=parity.as_json(), verdict=told)
        sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.is_file()}
    home = out or source
    return Int8Export(Export(home, home / FOLDERS[to, PRECISION], TO, sizes, parity), verdict, len(calibrating))


def check_int8_export(to: str) -> None:
    """Finds before anything is loaded that nothing can be exported in int8.

    Raises:
        UsageError: it is to be for another engine than OpenVINO.
        InputError: NNCF or OpenVINO is missing.
    """
    if to in READS.values() and to != TO:
        raise UsageError(f"export to {to} in int8: only OpenVINO computes exported graphs in int8; take --to {TO}")
    check_quantiser()


def divided(
    utterances: Sequence[Utterance], where: str, seed: int = SEED
) -> tuple[tuple[Utterance, ...], tuple[Utterance, ...]]:
    """The utterances that calibrate, drawn in the labels' proportions, and all others, which are scored.

    Args:
        where: they are from, in a word.

    Raises:
        CorpusError: there are too few.
    """
    number = len(utterances)
    if number < MIN_LABELLED:
        raise CorpusError(
            f"{where}: {number} labelled utterances to calibrate and score int8 with; need at least {MIN_LABELLED}: a "
            f"quarter of them, up to {MOST_CALIBRATING}, calibrates and is left out of the score"
        )
    drawn = np.random.default_rng(seed).permutation(number).tolist()
    by_label = sorted(drawn, key=lambda place: utterances[place].label)
    count = min(MOST_CALIBRATING, number // 4)
    chosen = {by_label[int((rank + 0.5) * number / count)] for rank in range(count)}
    parts = [tuple(one for place, one in enumerate(utterances) if (place in chosen) is part) for part in (True, False)]
    return parts[0], parts[1]


def _insisting(model: Model) -> InputReader:
    """The model's reader, which lets nothing be absent: graphs are of utterances with all that the system takes."""
    reader = model.reader
    if not reader.may_lack:
        return reader
    return InsistingReader(reader.hears, reader.normalised, reader.tokenizer, engine=TO)


def _of_these(exam: Exam, utterances: tuple[Utterance, ...], seen: set[str]) -> Exam:
    return replace(exam, utterances=utterances, num_seen=sum(one.session in seen for one in utterances))


def _held_against_torch(model: Model, fp32: Path, progress: Progress) -> Parity:
    engine = open_graph(fp32, TO)
    parity = measure_parity(model, engine, progress)
    check_parity(parity, f"the graph that is to be quantised, run by {engine.name} {engine.version}")
    return parity


def _example(reader: InputReader, utterance: Utterance) -> Example:
    inputs = reader.read([utterance])
    of_both = zip(INPUTS, (inputs.waveforms, inputs.tokens), strict=True)
    return {name: values[0].numpy() for name, values in of_both if len(values)}


def _judged(
    exam: Exam, graphs: tuple[Path, Path], num_calibrating: int, done_before: int, progress: Progress
) -> Verdict:
    """Answers the exam with the graph in fp32 and with that in int8."""
    number = len(exam.utterances)
    taken, seconds = [], []
    for graph in graphs:
        done = done_before + number * len(taken)
        engine = open_graph(graph, TO)
        began = time.perf_counter()
        taken.append(_taken(exam, engine, lambda now, _, done=done: progress(done + now, done_before + 2 * number)))
        seconds.append(time.perf_counter() - began)
    before, after = taken
    calibrated_by = f"{num_calibrating} other utterances, of these speakers too, calibrated it"
    conditions = (calibrated_by, f"{engine.name} {engine.version}", after.marks())
    return judged(before.answers, after.answers, (seconds[0], seconds[1]), "; ".join(filter(None, conditions)))


def _taken(exam: Exam, engine: Engine, progress: Progress) -> Examination:
    model = replace(exam.model, system=EngineSystem(engine=engine))
    return replace(exam, model=model).taken(progress=progress)


def _account(
    verdict: Verdict, manifest: Path, sessions: tuple[str, ...], calibrating: Sequence[Utterance]
) -> dict[str, object]:
    """What engine.json says of int8."""
    return {
        "sentence": verdict.sentence(),
        **asdict(verdict),
        "manifest_sha256": manifest_digest(manifest),
        "sessions": list(sessions),
        "calibrated_with": [one.id for one in calibrating],
        "nncf": version("nncf"),
    }
