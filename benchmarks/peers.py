"""Other people's wrappers of wav2vec 2.0, over the same weights, beside transformers' BERT.

    pip install --no-deps s3prl speechbrain hyperpyyaml ruamel.yaml sentencepiece requests

They ask for torchaudio, of which nothing is computed here; SpeechBrain is given an empty module of that name.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.machinery import ModuleSpec
from tempfile import mkdtemp
from types import ModuleType

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel

from emoduet.benchmarking.encoders import EncoderFolders
from emoduet.benchmarking.flops import frames_after
from emoduet.benchmarking.inference import BATCH_SIZE, Answers, padded_batches, without_gradient
from emoduet.benchmarking.timing import Contender, Skipped
from emoduet.benchmarking.workload import Workload
from emoduet.pretrained.loading import load_text_encoder

INSTALL = "pip install --no-deps s3prl speechbrain hyperpyyaml ruamel.yaml sentencepiece requests"

Batch = Callable[[Sequence[Tensor]], Tensor]
"""A wrapper on waveforms: [utterances, frames of the longest, dim]."""


def wrappers(folders: EncoderFolders, work: Workload, device: torch.device) -> list[Contender | Skipped]:
    """Each wrapper one by one and in batches of 8, or how to install it."""
    text = load_text_encoder(str(folders.text))[0].model.eval().to(device)
    return [one for load in (_s3prl, _speechbrain) for one in _ways_of(load, folders, text, work, device)]


def _ways_of(
    load: Callable[[EncoderFolders, torch.device], Batch],
    folders: EncoderFolders,
    text: PreTrainedModel,
    work: Workload,
    device: torch.device,
) -> Iterator[Contender | Skipped]:
    name = load.__name__.strip("_")
    try:
        wrapped = load(folders, device)
    except ImportError as error:
        yield Skipped(name, f"{error}; {INSTALL}")
        return
    for at_once, order in ((1, "one by one"), (BATCH_SIZE, f"batches of {BATCH_SIZE}")):
        yield Contender(
            f"{name}, {order}", without_gradient(partial(_run, wrapped, folders.configs[0], text, work, at_once))
        )


def _run(wrapped: Batch, config: PreTrainedConfig, text: PreTrainedModel, work: Workload, at_once: int) -> Answers:
    frames: list[Tensor] = []
    for batch in work.batches(at_once):
        waveforms = [work.waveforms[i] for i in batch]
        answers = zip(wrapped(waveforms), waveforms, strict=True)
        frames += [row[: frames_after(config, len(waveform))[-1]] for row, waveform in answers]
    if at_once == 1:
        return frames, [text(ids[None]).last_hidden_state[0] for ids in work.tokens]
    return frames, padded_batches(text, work.tokens, int, in_order=False)


def _s3prl(folders: EncoderFolders, device: torch.device) -> Batch:
    from s3prl.upstream.hf_wav2vec2.expert import UpstreamExpert

    expert = UpstreamExpert(str(folders.audio)).eval().to(device)
    stable = expert.model.config.do_stable_layer_norm  # then its last layer is that before the last normalisation
    norm = expert.model.encoder.layer_norm if stable else nn.Identity()
    return lambda waveforms: norm(expert(list(waveforms))["hidden_states"][-1])


def _speechbrain(folders: EncoderFolders, device: torch.device) -> Batch:
    if "torchaudio" not in sys.modules:
        stub = ModuleType("torchaudio")
        stub.__spec__, stub.__version__ = ModuleSpec("torchaudio", None), "2.9.0"
        sys.modules["torchaudio"] = stub
    from speechbrain.integrations.huggingface.wav2vec2 import Wav2Vec2

    wrapper = Wav2Vec2(str(folders.audio), mkdtemp(dir=folders.audio.parent), freeze=True).eval().to(device)

    def run(waveforms: Sequence[Tensor]) -> Tensor:
        lengths = torch.tensor([float(len(waveform)) for waveform in waveforms], device=device)
        padded = nn.utils.rnn.pad_sequence(list(waveforms), batch_first=True)
        return wrapper(padded, lengths / lengths.max())

    return run
