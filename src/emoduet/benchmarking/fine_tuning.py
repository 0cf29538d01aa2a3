"""A fine-tuning step of the paper's model, its encoders computed in several ways over one set of weights.

The CNN is frozen, as in the paper. All ways share the weights, the head and the loss; only how the encoders are
computed differs, and in one row the optimizer.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Adam
from transformers import PreTrainedModel

from emoduet.benchmarking.encoders import EncoderFolders
from emoduet.benchmarking.inference import BATCH_SIZE, num_frames, padded_batch
from emoduet.benchmarking.timing import Contender, OnRun, Row, Section, no_news, ratios_to, take_turns
from emoduet.benchmarking.workload import Workload, read_utterances
from emoduet.build import paper_model
from emoduet.nn.packing import Packed, pack
from emoduet.pretrained.loading import load_audio_encoder, load_text_encoder
from emoduet.systems.cross_modal import CrossModalSystem
from emoduet.systems.inputs import Inputs

PADDED = "transformers sdpa, padded, Adam as it comes"
PADDED_FUSED = "transformers sdpa, padded"
SORTED = "transformers sdpa, padded, sorted batches"
ONE_BY_ONE = "transformers sdpa, one by one"
PACKED = "emoduet, packed"
CNN_GIVEN = "emoduet, packed, the frozen CNN computed before"
BASELINES = {"x padded, Adam as it comes": PADDED, "x padded": PADDED_FUSED, "x sorted": SORTED}
LEARNING_RATE = 1e-5
FOLDS, EPOCHS = 5, 10
HOURS = "5 x 10 epochs at the median, h"


class PaddedEncoder(nn.Module):
    """transformers' model as an encoder base that pads: what the paper's head takes, computed as people do it.

    Args:
        frames: how many vectors an input of a length becomes.
        at_once: inputs in a padded batch; 1 pads nothing.
    """

    def __init__(self, model: PreTrainedModel, frames: Callable[[int], int], at_once: int) -> None:
        super().__init__()
        self.model, self.frames, self.at_once = model, frames, at_once
        self.hidden_size = model.config.hidden_size

    def forward(self, inputs: Sequence[Tensor]) -> Packed:
        return pack([frames for first in range(0, len(inputs), self.at_once)
                     for frames in self._batch(inputs[first : first + self.at_once])])  # fmt: skip

    def _batch(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        hidden = padded_batch(self.model, inputs)
        return [row[: self.frames(len(values))] for row, values in zip(hidden, inputs, strict=True)]


class Given(nn.Module):
    """An encoder that takes what was computed before, whatever it is asked.

    Args:
        encoder: what takes it; None where it is the answer already.
    """

    def __init__(self, encoder: nn.Module | None, features: Sequence[Tensor]) -> None:
        super().__init__()
        self.encoder, self.features = encoder, features

    def forward(self, inputs: Sequence[Tensor]) -> Packed:
        return pack(self.features) if self.encoder is None else self.encoder(self.features)


def padding_pair(audio: nn.Module, text: nn.Module, at_once: int) -> tuple[PaddedEncoder, PaddedEncoder]:
    """The two encoder bases' models, padded; the weights are the same."""
    return (
        PaddedEncoder(audio.model, partial(num_frames, audio.model), at_once),
        PaddedEncoder(text.model, int, at_once),
    )


class Bench:
    """The paper's model, whose encoders can be exchanged for others over the same weights."""

    def __init__(self, folders: EncoderFolders, device: torch.device) -> None:
        self.audio, self.text = load_audio_encoder(str(folders.audio)), load_text_encoder(str(folders.text))[0]
        self.audio.freeze_feature_encoder()
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(0)
            self.system: CrossModalSystem = paper_model(self.audio, self.text).to(device)
        self.trained = [weight for weight in self.system.parameters() if weight.requires_grad]
        self.device = device

    def loss(self, encoders: tuple[nn.Module, nn.Module], batch: Inputs) -> Tensor:
        """The batch's loss with these encoders, in the mode the system is in."""
        self.system.audio_encoder, self.system.text_encoder = encoders
        targets = torch.arange(len(batch.tokens), device=self.device) % self.system.classifier.out_features
        return functional.cross_entropy(self.system(batch).float(), targets)

    def steps(
        self, encoders: tuple[nn.Module, nn.Module], optimizer: Adam, batches: Sequence[Inputs], bf16: bool = False
    ) -> None:
        """One update a batch."""
        for batch in batches:
            self.step(encoders, optimizer, batch, bf16)

    def step(self, encoders: tuple[nn.Module, nn.Module], optimizer: Adam, batch: Inputs, bf16: bool = False) -> None:
        """Forward, backward, clipping and one update."""
        for module in (self.system, *encoders):
            module.train()
        optimizer.zero_grad()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=bf16):
            loss = self.loss(encoders, batch)
        loss.backward()
        nn.utils.clip_grad_norm_(self.trained, 1.0)
        optimizer.step()

    def gradient(self, encoders: tuple[nn.Module, nn.Module], batch: Inputs) -> Tensor:
        """The gradient of every weight that trains, without dropout, end to end."""
        for module in (self.system, *encoders):
            module.eval()
        for module in self.system.modules():
            if isinstance(module, nn.RNNBase):
                module.train()  # cuDNN takes gradients in training mode only; it has no dropout of its own here
        self.system.zero_grad()
        self.loss(encoders, batch).backward()
        return torch.cat([weight.grad.flatten() for weight in self.trained if weight.grad is not None])


def batches_of(work: Workload) -> list[Inputs]:
    """The workload in batches of 8, in its order."""
    return [
        Inputs([work.waveforms[i] for i in batch], [work.tokens[i] for i in batch])
        for batch in work.batches(BATCH_SIZE)
    ]


def measure_fine_tuning(
    folders: EncoderFolders, work: Workload, rounds: int, device: torch.device, on_run: OnRun = no_news
) -> Section:
    """Every way over the same batches, in turns; seconds are those of one step."""
    bench, batches = Bench(folders, device), batches_of(work)
    ways = _ways(bench)
    reference = bench.gradient(ways[ONE_BY_ONE], batches[0])
    errors = {name: _relative(bench.gradient(encoders, batches[0]), reference) for name, encoders in ways.items()}
    bench.system.zero_grad()
    contenders = _contenders(bench, ways, work)
    seconds, _ = take_turns(contenders, rounds, device, on_run)
    steps = {name: tuple(one / len(batches) for one in values) for name, values in seconds.items()}
    rows = tuple(_row(one, steps, errors) for one in contenders)
    counted = "1 step" if len(batches) == 1 else f"{len(batches)} steps"
    heard = f"{counted} a round, {work.audio_seconds / len(batches):.1f} s of sound a step"
    notes = (
        f"Random batches of 8, unless sorted by length; {heard}; the CNN is frozen. The same weights and loss in every "
        "row; Adam in its fused form unless said otherwise. Gradient error: relative, without dropout, against one "
        "utterance at a time.",
        f"5 x 10 epochs: hours of the {num_steps(FOLDS, EPOCHS):,} steps of five folds times ten epochs, extrapolated "
        "from the median step.",
    )
    return Section("fine-tuning", "A fine-tuning step of the paper's model", rows, notes)


def _ways(bench: Bench) -> dict[str, tuple[nn.Module, nn.Module]]:
    padded = padding_pair(bench.audio, bench.text, BATCH_SIZE)
    alone = padding_pair(bench.audio, bench.text, 1)
    emoduet = (bench.audio, bench.text)
    return {PADDED: padded, PADDED_FUSED: padded, SORTED: padded, ONE_BY_ONE: alone, PACKED: emoduet}


def _contenders(bench: Bench, ways: dict[str, tuple[nn.Module, nn.Module]], work: Workload) -> list[Contender]:
    as_it_comes, fused = Adam(bench.trained, LEARNING_RATE), Adam(bench.trained, LEARNING_RATE, fused=True)
    in_order, by_length = batches_of(work), batches_of(work.sorted())
    found: list[Contender] = []
    for name, encoders in ways.items():
        optimizer = as_it_comes if name == PADDED else fused
        batches = by_length if name == SORTED else in_order
        found.append(Contender(name, partial(bench.steps, encoders, optimizer, batches)))
        if bench.device.type == "cuda":
            found.append(Contender(f"{name}, bf16", partial(bench.steps, encoders, optimizer, batches, True)))
    return [*found, _on_cnn_features(bench, fused, in_order)]


def _on_cnn_features(bench: Bench, optimizer: Adam, batches: Sequence[Inputs]) -> Contender:
    stored = [[one.half() for one in bench.audio.features(batch.waveforms, "cnn").unpack()] for batch in batches]

    def run() -> None:
        bench.audio.begin_at("cnn")
        for batch, frames in zip(batches, stored, strict=True):
            bench.step((Given(bench.audio, [one.float() for one in frames]), bench.text), optimizer, batch)
        bench.audio.begin_at("waveform")

    return Contender(CNN_GIVEN, run)


def _row(one: Contender, steps: dict[str, tuple[float, ...]], errors: dict[str, float]) -> Row:
    figures = {HOURS: num_steps(FOLDS, EPOCHS) * median(steps[one.name]) / 3600}
    if one.name in errors:
        figures["gradient error"] = errors[one.name]
    return Row(one.name, steps[one.name], ratios_to(BASELINES, steps, one.name), figures)


def num_steps(folds: int, epochs: int) -> int:
    """Updates of 8 utterances in all folds' epochs, each over all folds of the 5,531 utterances but one.

    >>> num_steps(5, 1)
    2770
    """
    train = round(len(read_utterances()) * (folds - 1) / folds)
    return folds * epochs * math.ceil(train / BATCH_SIZE)


def _relative(ours: Tensor, theirs: Tensor) -> float:
    return float((ours - theirs).norm() / theirs.norm())
