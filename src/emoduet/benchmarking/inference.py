"""Inference of both encoders: transformers as people call it, and emoduet's forms, on the same weights and sounds."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from emoduet.benchmarking.encoders import EncoderFolders
from emoduet.benchmarking.flops import frames_after, pair_flop
from emoduet.benchmarking.timing import Contender, OnRun, Row, Section, Skipped, no_news, ratios_to, take_turns
from emoduet.benchmarking.workload import Workload, corpus_seconds
from emoduet.errors import EmoduetError
from emoduet.nn.int8 import int8
from emoduet.nn.linear import Factory, linear, onednn_works, prepared
from emoduet.nn.packing import pack
from emoduet.pretrained.draws import Draws
from emoduet.pretrained.encoders import AudioEncoderBase, EncoderBase, TextEncoderBase
from emoduet.pretrained.loading import load_audio_encoder, load_text_encoder
from emoduet.pretrained.plain import PlainAudio, PlainText

BATCH_SIZE = 8
NAIVE = "transformers eager, batches of 8"
ONE_BY_ONE = "transformers sdpa, one by one"
BY_ONEDNN = "transformers sdpa, one by one, products by oneDNN"
BASELINES = {"x one by one": ONE_BY_ONE, "x eager batches": NAIVE}
CPU = torch.device("cpu")

Answers = tuple[list[Tensor], ...]
"""Each utterance's audio frames, and each one's token vectors."""


@dataclass(frozen=True)
class Pair:
    """Both encoders, bare transformers models."""

    audio: PreTrainedModel
    text: PreTrainedModel

    def one_by_one(self, work: Workload) -> Answers:
        """Nothing padded, one utterance a call."""
        self._attend("sdpa")
        return _one_by_one(self.audio, work.waveforms), _one_by_one(self.text, work.tokens)

    def by_onednn(self, work: Workload) -> Answers:
        """The same, linear maps multiplied as emoduet does: what of its gain is the matrix product alone."""
        with products_by_onednn(self.audio), products_by_onednn(self.text):
            return self.one_by_one(work)

    def in_batches(self, work: Workload, attention: str, in_order: bool) -> Answers:
        """Padded batches with attention masks, the utterances as they come or sorted by length."""
        self._attend(attention)
        return (
            padded_batches(self.audio, work.waveforms, partial(num_frames, self.audio), in_order),
            padded_batches(self.text, work.tokens, int, in_order),
        )

    def plain(self, work: Workload) -> Answers:
        """emoduet's plain form, as it runs families without a packed one."""
        self._attend("sdpa")
        audio, text = PlainAudio(self.audio), PlainText(self.text)
        draws = Draws((True,) * self.audio.config.num_hidden_layers, (False,) * len(work.waveforms))
        frames = audio.context(audio.cnn(pack(work.waveforms)), draws)
        return list(frames.unpack()), list(text.context(pack(work.tokens), draws).unpack())

    def _attend(self, implementation: str) -> None:
        for model in (self.audio, self.text):
            model.set_attn_implementation(implementation)


def num_frames(model: PreTrainedModel, num_samples: int) -> int:
    """Context vectors of a waveform of wav2vec 2.0."""
    return frames_after(model.config, num_samples)[-1]


def load_pair(folders: EncoderFolders, device: torch.device = CPU) -> Pair:
    """Both encoders as transformers has them, in eval mode."""
    bases = load_audio_encoder(str(folders.audio)), load_text_encoder(str(folders.text))[0]
    return Pair(*(base.model.eval().requires_grad_(False).to(device) for base in bases))


def padded_batches(
    model: PreTrainedModel, inputs: Sequence[Tensor], frames: Callable[[int], int], in_order: bool
) -> list[Tensor]:
    """The last layer's vectors of each input, computed in padded batches of 8 and cut to the real ones.

    Args:
        frames: how many vectors an input of a length becomes.
        in_order: sort the inputs by length first.
    """
    order = sorted(range(len(inputs)), key=lambda i: len(inputs[i]) * in_order)
    answers: dict[int, Tensor] = {}
    for first in range(0, len(order), BATCH_SIZE):
        chosen = order[first : first + BATCH_SIZE]
        hidden = padded_batch(model, [inputs[i] for i in chosen])
        answers.update((i, row[: frames(len(inputs[i]))]) for i, row in zip(chosen, hidden, strict=True))
    return [answers[i] for i in range(len(inputs))]


def padded_batch(model: PreTrainedModel, inputs: Sequence[Tensor]) -> Tensor:
    """The last layer's vectors of one batch, the padding's among them."""
    lengths = torch.tensor([len(values) for values in inputs], device=inputs[0].device)
    padded = nn.utils.rnn.pad_sequence(list(inputs), batch_first=True)
    mask = torch.arange(padded.shape[1], device=padded.device) < lengths[:, None]
    return model(padded, attention_mask=mask.long()).last_hidden_state


def _one_by_one(model: PreTrainedModel, inputs: Sequence[Tensor]) -> list[Tensor]:
    return [model(values[None]).last_hidden_state[0] for values in inputs]


@contextmanager
def products_by_onednn(model: nn.Module) -> Iterator[None]:
    """Every `nn.Linear` of a model computed by `nn.linear.linear`, over the same weights."""
    layers = [module for module in model.modules() if isinstance(module, nn.Linear)]
    for layer in layers:
        layer.forward = partial(_linear, layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


def _linear(layer: nn.Linear, values: Tensor) -> Tensor:
    return linear(values.flatten(0, -2), layer.weight, layer.bias).unflatten(0, values.shape[:-1])


def transformers_contenders(folders: EncoderFolders, work: Workload, device: torch.device) -> Iterator[Contender]:
    """The ways people run transformers, and the form emoduet has for families it has no other for; bf16 on a GPU."""
    pair = load_pair(folders, device)
    ways = {
        NAIVE: partial(pair.in_batches, work, "eager", in_order=False),
        "transformers sdpa, batches of 8": partial(pair.in_batches, work, "sdpa", in_order=False),
        "transformers sdpa, sorted batches of 8": partial(pair.in_batches, work, "sdpa", in_order=True),
        ONE_BY_ONE: partial(pair.one_by_one, work),
        **({BY_ONEDNN: partial(pair.by_onednn, work)} if device.type == "cpu" and onednn_works() else {}),
        "emoduet, plain form": partial(pair.plain, work),
    }
    for name, run in ways.items():
        yield Contender(name, without_gradient(run))
    if device.type == "cuda":
        for name, run in ways.items():
            yield Contender(f"{name}, bf16", without_gradient(run, bf16_on=device))


def without_gradient(run: Callable[[], object], bf16_on: torch.device | None = None) -> Callable[[], object]:
    """The same without gradients, and with bf16 where a device for it is given."""

    def called() -> object:
        kind = "cpu" if bf16_on is None else bf16_on.type
        with torch.no_grad(), torch.autocast(kind, torch.bfloat16, enabled=bf16_on is not None):
            return run()

    return called


FACTORIES: dict[str, Factory] = {"emoduet, packed, weights prepared": prepared, "emoduet, packed, int8": int8}
"""Ways to compute the linear maps of the packed form on a CPU."""


def emoduet_contenders(folders: EncoderFolders, work: Workload, device: torch.device) -> Iterator[Contender | Skipped]:
    """The packed form as it loads, and with each way to compute its linear maps."""
    pair = emoduet_pair(folders, device)
    yield Contender("emoduet, packed", without_gradient(partial(run_bases, *pair, work)))
    if device.type == "cuda":
        yield Contender("emoduet, packed, bf16", without_gradient(partial(run_bases, *pair, work), bf16_on=device))
        return
    for name, factory in FACTORIES.items():
        pair = emoduet_pair(folders, device)
        reason = compute_with(pair, factory)
        yield Skipped(name, reason) if reason else Contender(name, without_gradient(partial(run_bases, *pair, work)))


def emoduet_pair(folders: EncoderFolders, device: torch.device = CPU) -> tuple[AudioEncoderBase, TextEncoderBase]:
    """Both encoder bases, ready to answer."""
    bases = load_audio_encoder(str(folders.audio)), load_text_encoder(str(folders.text))[0]
    return tuple(base.eval().requires_grad_(False).to(device) for base in bases)


def compute_with(bases: Sequence[EncoderBase], factory: Factory) -> str:
    """Gives bases another way to compute their linear maps; says why where that cannot be, such as int8 here."""
    try:
        for base in bases:
            base.compute_with(factory)
    except EmoduetError as error:
        return str(error)
    return ""


def run_bases(audio: nn.Module, text: nn.Module, work: Workload) -> Answers:
    """Both bases over the utterances as they come, 8 at a time."""
    frames: list[Tensor] = []
    words: list[Tensor] = []
    for batch in work.batches(BATCH_SIZE):
        frames += audio([work.waveforms[i] for i in batch]).unpack()
        words += text([work.tokens[i] for i in batch]).unpack()
    return frames, words


def relative_error(answers: Answers, reference: Answers) -> float:
    """The norm of the difference over the norm of the reference; of audio and text, the larger."""
    return max(_relative(torch.cat(ours), torch.cat(theirs)) for ours, theirs in zip(answers, reference, strict=True))


def _relative(ours: Tensor, theirs: Tensor) -> float:
    return float((ours.double() - theirs.double()).norm() / theirs.double().norm())


def measure_inference(
    contenders: Sequence[Contender | Skipped],
    folders: EncoderFolders,
    work: Workload,
    rounds: int,
    peak: float,
    device: torch.device,
    on_run: OnRun = no_news,
) -> Section:
    """All contenders in turns.

    Args:
        contenders: `ONE_BY_ONE` among them, which errors are taken against.
        peak: fp32 operations a second of this machine's fastest matrix product.
    """
    runnable = [one for one in contenders if isinstance(one, Contender)]
    seconds, answers = take_turns(runnable, rounds, device, on_run)
    flop = pair_flop(*folders.configs, list(map(len, work.waveforms)), list(map(len, work.tokens)))
    rows = []
    for one in contenders:
        if isinstance(one, Skipped):
            rows.append(Row(one.name, skipped=one.reason))
            continue
        figures = throughput(min(seconds[one.name]), work.audio_seconds, flop, peak)
        figures["relative error"] = relative_error(answers[one.name], answers[ONE_BY_ONE])
        rows.append(Row(one.name, seconds[one.name], ratios_to(BASELINES, seconds, one.name), figures))
    return Section("inference", "Inference of both encoders", tuple(rows), _notes(work, flop, peak))


def throughput(seconds: float, audio_seconds: float, flop: float, peak: float) -> dict[str, float]:
    """Seconds of sound a second, percent of the peak, and the time for all 5,531 utterances at this rate."""
    return {
        "RTFx": audio_seconds / seconds,
        "% of peak": 100 * flop / seconds / peak,
        "corpus s": corpus_seconds() * seconds / audio_seconds,
    }


def _notes(work: Workload, flop: float, peak: float) -> tuple[str, ...]:
    return (
        f"{len(work.tokens)} utterances, {work.audio_seconds:.1f} s of sound, {flop / 1e9:,.0f} GFLOP without padding. "
        "Batches are in random order unless sorted, and padded unless packed.",
        f"Peak: {peak / 1e9:,.0f} GFLOP/s, the fastest fp32 matrix product measured here. RTFx: seconds of sound a "
        "second, by the fastest round; corpus s: all 5,531 utterances at that rate.",
    )
