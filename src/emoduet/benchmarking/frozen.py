"""The paper's "no fine-tuning" row, five folds of thirty epochs: encoders recomputed, or their answers stored.

A step is measured, and the whole is extrapolated from it: at the true size, recomputing would take weeks.
"""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn
from torch.optim import Adam

from emoduet.benchmarking.encoders import EncoderFolders
from emoduet.benchmarking.fine_tuning import Bench, Given, batches_of, num_steps, padding_pair
from emoduet.benchmarking.inference import BATCH_SIZE
from emoduet.benchmarking.timing import Contender, OnRun, Row, Section, no_news, ratios_to, take_turns
from emoduet.benchmarking.workload import Workload, corpus_seconds
from emoduet.features import FeatureStore, Source
from emoduet.nn.packing import Packed
from emoduet.pretrained.encoders import EncoderBase
from emoduet.types import Utterance

PADDED = "recomputed by transformers, padded"
PACKED = "recomputed by emoduet, packed"
STORE = "read from the feature store"
FOLDS, EPOCHS = 5, 30


class WithoutGradient(nn.Module):
    """A frozen encoder: always in eval mode, and its forward keeps nothing for a backward."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def train(self, mode: bool = True) -> "WithoutGradient":
        """Stays in eval mode, as a frozen encoder does while what stands on it trains."""
        return super().train(False)

    def forward(self, inputs: Sequence[Tensor]) -> Packed:
        with torch.no_grad():
            return self.encoder(inputs)


def measure_frozen(
    folders: EncoderFolders, work: Workload, rounds: int, device: torch.device, root: Path, on_run: OnRun = no_news
) -> Section:
    """Steps of the head alone, on encoders recomputed and on features read from a store below `root`."""
    bench, batches = Bench(folders, device), batches_of(work)
    for encoder in (bench.audio, bench.text):
        encoder.requires_grad_(False)
    bench.trained = [weight for weight in bench.system.parameters() if weight.requires_grad]
    optimizer = Adam(bench.trained, 1e-5, fused=True)
    ways = {PADDED: padding_pair(bench.audio, bench.text, BATCH_SIZE), PACKED: (bench.audio, bench.text)}
    contenders = [
        Contender(name, partial(bench.steps, tuple(map(WithoutGradient, pair)), optimizer, batches))
        for name, pair in ways.items()
    ]
    fill: dict[str, float] = {}
    contenders.append(_from_store(bench, optimizer, work, root, fill))
    seconds, _ = take_turns(contenders, rounds, device, on_run)
    steps = {name: tuple(one / len(batches) for one in values) for name, values in seconds.items()}
    totals = {name: _total(values, fill.get(name, 0.0)) for name, values in steps.items()}
    rows = tuple(_row(one, steps, totals) for one in contenders)
    count = num_steps(FOLDS, EPOCHS)
    note = (
        f"Extrapolated: {count:,} steps of 8 utterances at the median seconds a step; for the store, filling it once "
        "with all 5,531 utterances is added. Evaluation is not counted."
    )
    return Section("frozen", "No fine-tuning, five folds x 30 epochs", rows, (note,))


def _from_store(bench: Bench, optimizer: Adam, work: Workload, root: Path, fill: dict[str, float]) -> Contender:
    """Fills two stores and reads them at every step; notes in `fill` what filling takes for the whole corpus."""
    began = time.perf_counter()
    heard = _filled(root, "audio", bench.audio, work.waveforms)
    read = _filled(root, "text", bench.text, work.tokens)
    fill[STORE] = (time.perf_counter() - began) * corpus_seconds() / work.audio_seconds

    def run() -> None:
        for numbers, batch in zip(work.batches(BATCH_SIZE), batches_of(work), strict=True):
            frames, words = ([store.read(_id(i)).to(bench.device) for i in numbers] for store in (heard, read))
            bench.step((Given(None, frames), Given(None, words)), optimizer, batch)

    return Contender(STORE, run)


def _filled(root: Path, kind: str, encoder: EncoderBase, inputs: Sequence[Tensor]) -> FeatureStore:
    """A store of the encoder's answers to all inputs."""
    source = Source(kind, "last", "random weights", f"benchmark {kind}", "noise", {}, "benchmark")
    store = FeatureStore(root, source, [Utterance(id=_id(number)) for number in range(len(inputs))])
    numbers = {_id(number): number for number in range(len(inputs))}

    def compute(utterances: Sequence[Utterance]) -> list[Tensor]:
        answers: list[Tensor] = []
        for first in range(0, len(utterances), BATCH_SIZE):
            chosen = [inputs[numbers[one.id]] for one in utterances[first : first + BATCH_SIZE]]
            answers += encoder.features(chosen, "last").unpack()
        return answers

    store.fill(compute, lambda done, total: None)
    return store


def _id(number: int) -> str:
    return f"u{number:04d}"


def _total(steps: Sequence[float], fill: float) -> float:
    return fill + num_steps(FOLDS, EPOCHS) * median(steps)


def _row(one: Contender, steps: dict[str, tuple[float, ...]], totals: dict[str, float]) -> Row:
    figures = {"in all, h": totals[one.name] / 3600, "x padded in all": totals[PADDED] / totals[one.name]}
    return Row(one.name, steps[one.name], ratios_to({"x padded": PADDED}, steps, one.name), figures)
