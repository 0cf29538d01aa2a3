"""Classifiers of sound or of text as transformers stores them, by hub name or local folder: whole, or refused.

Each utterance is answered by itself, by the checkpoint's own feature extractor or tokenizer and the library's own
module, so that answers are those of transformers' pipelines. No head is made up at random, nothing is unpickled and no
code that lies beside a checkpoint is run. What its labels mean is not known here.
"""

import json
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from huggingface_hub import metadata_load
from jaxtyping import Float, Int64
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize
from transformers import (
    ASTFeatureExtractor,
    AutoFeatureExtractor,
    AutoModelForAudioClassification,
    AutoModelForSequenceClassification,
    FeatureExtractionMixin,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING_NAMES,
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
)
from yaml import YAMLError

from emoduet.errors import CheckpointError
from emoduet.pretrained.loading import (
    FILES,
    first_line,
    load_tokenizer,
    locate,
    no_safetensors,
    quiet,
    read_config,
    wants_normalised,
)
from emoduet.types import Seconds

AUDIO_FAMILIES: Container[str] = MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING_NAMES
TEXT_FAMILIES: Container[str] = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES
CARD = "README.md"
NOT_STATED = "not stated"
SIDE_BY_SIDE = "multi_label_classification"
"""What a configuration calls a classifier whose labels may hold at once."""

_SAMPLING_RATE = 16_000
_AST_HOP: Seconds = 0.01
_TWO_FRAMES = 720
"""Samples: 25 ms and another 20 ms."""

_OF_TWO_FRAMES = ("sew", "sew-d", "wav2vec2-bert")
"""Families that fail, or answer with NaN inside, on a sound of one frame."""


class CheckpointClassifier(nn.Module):
    """What classifiers of sound and of text share: labels, and scores of them.

    Attributes:
        licence: as the model card states it.
    """

    def __init__(self, model: PreTrainedModel, licence: str) -> None:
        super().__init__()
        self.model, self.licence = model, licence

    @property
    def labels(self) -> tuple[str, ...]:
        """As the checkpoint calls them, in the order of its logits."""
        names = self.model.config.id2label
        return tuple(str(names[number]) for number in range(len(names)))

    @property
    def side_by_side(self) -> bool:
        """Whether each label has a probability of its own, so that they do not sum to one."""
        return self.model.config.problem_type == SIDE_BY_SIDE

    def _scores(self, logits: Sequence[Float[Tensor, "1 labels"]]) -> Float[Tensor, "utterances labels"]:
        """Logarithms of probabilities, in fp32."""
        values = torch.cat(list(logits)).float()
        return functional.logsigmoid(values) if self.side_by_side else values.log_softmax(dim=1)


class AudioClassifier(CheckpointClassifier):
    """Hears: 16 kHz waveforms as decoded, which its feature extractor normalises or turns into a spectrogram."""

    def __init__(self, model: PreTrainedModel, licence: str, extractor: FeatureExtractionMixin) -> None:
        super().__init__(model, licence)
        self._extractor = extractor

    @property
    def longest(self) -> Seconds | None:
        """How much of a sound it listens to, from its beginning; None listens to all."""
        if isinstance(self._extractor, ASTFeatureExtractor):
            return self._extractor.max_length * _AST_HOP
        return getattr(self._extractor, "chunk_length", None)  # of Whisper's extractor, in seconds

    def forward(self, waveforms: Sequence[Float[Tensor, "_samples"]]) -> Float[Tensor, "utterances labels"]:
        """The logarithm of each label's probability."""
        with parametrize.cached():  # the weight norm of the position convolution, once for all utterances
            return self._scores([self._logits(waveform) for waveform in waveforms])

    def _logits(self, waveform: Tensor) -> Tensor:
        if self.model.config.model_type in _OF_TWO_FRAMES:
            waveform = functional.pad(waveform, (0, max(0, _TWO_FRAMES - len(waveform))))
        features = self._extractor(waveform.cpu().numpy(), sampling_rate=_SAMPLING_RATE, return_tensors="pt")
        if "attention_mask" in features and features["attention_mask"].all():
            del features["attention_mask"]  # it says nothing, and WavLM makes torch warn about it
        return self.model(**features.to(waveform.device)).logits


class TextClassifier(CheckpointClassifier):
    """Reads: token ids, the tokenizer's own first and last ones included."""

    def forward(self, tokens: Sequence[Int64[Tensor, "_tokens"]]) -> Float[Tensor, "utterances labels"]:
        """The logarithm of each label's probability."""
        return self._scores([self.model(input_ids=ids[None]).logits for ids in tokens])


def load_audio_classifier(name: str) -> AudioClassifier:
    """A checkpoint of transformers' audio classification, from a hub name or a folder, in eval mode.

    Raises:
        CheckpointError: it cannot be reached, is no such classifier, is incomplete or has pickled weights only.
    """
    folder = locate_with_card(name)
    model = _load(name, folder, _AUDIO)
    wants_normalised(folder)  # raises where the extractor's settings are missing, unreadable or not of 16 kHz
    try:
        extractor = AutoFeatureExtractor.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{folder / 'preprocessor_config.json'}: no feature extractor that transformers knows "
            f"({first_line(error)}); copy it from the checkpoint's page"
        ) from error
    return AudioClassifier(model, read_licence(folder), extractor).eval()


def load_text_classifier(name: str) -> tuple[TextClassifier, PreTrainedTokenizerBase]:
    """A checkpoint of transformers' text classification and its tokenizer, which cuts at the longest input it takes.

    Raises:
        CheckpointError: as for `load_audio_classifier`, or its tokenizer is missing or does more than number tokens.
    """
    folder = locate_with_card(name)
    model, tokenizer = _load(name, folder, _TEXT), load_tokenizer(folder)
    if any(tokenizer("a").get("token_type_ids", [])):
        raise CheckpointError(
            f"{name}: its tokenizer marks tokens of one text as of several kinds, which emoduet does not hand on; "
            "use a checkpoint of the BERT or RoBERTa family"
        )
    longest = _longest_text(model)
    if longest:
        tokenizer.model_max_length = min(tokenizer.model_max_length, longest)  # many checkpoints set none
    return TextClassifier(model, read_licence(folder)).eval(), tokenizer


def locate_with_card(name: str) -> Path:
    """The folder of a checkpoint, as `loading.locate` finds it, with its model card where it has one.

    Raises:
        CheckpointError: as `loading.locate`.
    """
    return locate(name, (*FILES, CARD))


def read_settings(folder: Path) -> dict[str, object]:
    """What a folder's config.json says, whosever it is; nothing where there is none that can be read."""
    try:
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return settings if isinstance(settings, dict) else {}


def read_licence(folder: Path) -> str:
    """The licence that a checkpoint's model card states, by the hub's identifiers or the card's own name for it."""
    try:
        metadata = metadata_load(folder / CARD) or {}
    except (OSError, ValueError, YAMLError):
        return NOT_STATED
    stated = metadata.get("license")
    if stated == "other":
        stated = metadata.get("license_name") or metadata.get("license_link") or stated
    names = stated if isinstance(stated, list) else [stated]
    return ", ".join(str(name) for name in names if name) or NOT_STATED


@dataclass(frozen=True)
class _Kind:
    task: str
    families: Container[str]
    auto_class: type


_AUDIO = _Kind("audio classification", AUDIO_FAMILIES, AutoModelForAudioClassification)
_TEXT = _Kind("text classification", TEXT_FAMILIES, AutoModelForSequenceClassification)


def _load(name: str, folder: Path, kind: _Kind) -> PreTrainedModel:
    _check_family(name, folder, kind)
    config = read_config(folder)
    _check_answers(name, config)
    if not any(folder.glob("*.safetensors")):
        raise CheckpointError(no_safetensors(name, folder))
    settings = {"use_safetensors": True, "ignore_mismatched_sizes": True, "output_loading_info": True}
    try:
        with quiet():
            model, report = kind.auto_class.from_pretrained(folder, config=config, trust_remote_code=False, **settings)
    except (OSError, ValueError, SafetensorError) as error:
        raise CheckpointError(
            f"{name}: cannot be loaded ({first_line(error)}); copy config.json and all its .safetensors files again"
        ) from error
    lacking = {*report["missing_keys"], *(key[0] for key in report["mismatched_keys"])}
    lacking = sorted(key for key in lacking if not key.endswith("masked_spec_embed"))
    if lacking:
        raise CheckpointError(
            f"{name}: {len(lacking)} weights are missing or of another size, such as {lacking[0]}, and would be made "
            f"up at random; config.json calls it {', '.join(config.architectures or ['nothing'])}. Need a checkpoint "
            f"that was trained for {kind.task}, whole; others are what `emoduet train` starts from"
        )
    return model.float().requires_grad_(False)


def _check_family(name: str, folder: Path, kind: _Kind) -> None:
    """Before transformers reads anything: it would ask at the terminal whether to run a repository's own code."""
    settings = read_settings(folder)
    family = settings.get("model_type")
    if family is None or family in kind.families:
        return
    if "auto_map" in settings:
        raise CheckpointError(
            f"{name}: a {family} model that needs Python code of its own, which emoduet never runs; use a checkpoint "
            "that transformers loads without trust_remote_code"
        )
    raise CheckpointError(f"{name}: holds a {family} model; transformers has no {kind.task} by such")


def _check_answers(name: str, config: PreTrainedConfig) -> None:
    numbers = sorted(config.id2label)
    if config.problem_type == "regression" or len(numbers) < 2:
        raise CheckpointError(
            f"{name}: answers with {len(numbers)} numbers ({', '.join(map(str, config.id2label.values()))}) that are "
            "no probabilities of classes; need a classifier of at least two labels"
        )
    if numbers != list(range(len(numbers))):
        raise CheckpointError(
            f"{name}: config.json numbers its labels {', '.join(map(str, numbers))}; need 0, 1, 2 and so on, one for "
            "each answer of the model"
        )


def _longest_text(model: PreTrainedModel) -> int | None:
    """Tokens; RoBERTa and its kin number their positions from behind the padding token's number."""
    positions = getattr(getattr(model.base_model, "embeddings", None), "position_embeddings", None)
    padding = getattr(positions, "padding_idx", None)
    longest = getattr(model.config, "max_position_embeddings", None)
    return longest if longest is None or padding is None else longest - padding - 1
