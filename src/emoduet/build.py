"""From a recipe's numbers to objects: the only reader of recipes. Layers receive numbers, never a recipe."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from transformers import PreTrainedTokenizerBase

from emoduet.batching import InputReader
from emoduet.checkpoint import Encoders, fill, read_checkpoint
from emoduet.config import TINY, AudioEncoder, Recipe, TextEncoder, read_recipe, stored_recipe
from emoduet.errors import CheckpointError
from emoduet.nn.attention import CrossModalAttention
from emoduet.nn.audio_features import AudioFeatureEncoder
from emoduet.nn.text_features import TextProjection
from emoduet.pretrained.encoders import AudioEncoderBase, EncoderBase, TextEncoderBase
from emoduet.pretrained.loading import load_audio_encoder, load_text_encoder, weights_digest, weights_size
from emoduet.pretrained.tiny import build_tiny_audio_encoder, build_tiny_text_encoder, train_tokenizer
from emoduet.systems.audio import AudioSystem
from emoduet.systems.cross_modal import CrossModalSystem
from emoduet.systems.text import TextSystem

log = logging.getLogger(__name__)

System = CrossModalSystem | AudioSystem | TextSystem


@dataclass(frozen=True)
class Model:
    """A system with all it needs to answer: what it was built from, its encoders, and what reads its inputs.

    `temperature` divides the logits before they become probabilities: fitted on validation data, 1 where there was
    none.
    """

    recipe: Recipe
    encoders: Encoders
    system: System
    reader: InputReader
    temperature: float = 1.0

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of the system's logits."""
        return self.recipe.classes


def build_model(recipe: Recipe, transcripts: Sequence[str]) -> Model:
    """The recipe's system on freshly loaded encoders, its own layers random."""
    return _assemble(recipe, build_encoders(recipe, transcripts))


def restore_model(path_or_hub_id: str | Path) -> Model:
    """The model stored in a checkpoint folder, ready to answer.

    Raises:
        CheckpointError: the folder is absent, of another format, incomplete or inconsistent.
    """
    checkpoint = read_checkpoint(path_or_hub_id)
    recipe = stored_recipe(checkpoint.description.get("recipe"), where=str(path_or_hub_id))
    if (recipe.audio_encoder is None, recipe.text_encoder is None) != (
        checkpoint.encoders.audio is None,
        checkpoint.encoders.text is None,
    ):
        raise CheckpointError(
            f"{path_or_hub_id}: the {recipe.system} system's encoder folders are not all there; copy the folder again"
        )
    temperature = _temperature(checkpoint.description.get("temperature", 1.0), where=str(path_or_hub_id))
    model = replace(_assemble(recipe, checkpoint.encoders), temperature=temperature)
    fill(model.system, checkpoint.weights, str(path_or_hub_id))
    model.system.eval().requires_grad_(False)
    log.info(model.encoders.forms())
    return model


def build_encoders(recipe: Recipe, transcripts: Sequence[str]) -> Encoders:
    """Loads (or, for `tiny`, makes) the recipe's encoders and applies its freezing.

    Args:
        transcripts: what a tiny text encoder's tokenizer is trained on: the training fold's and no other's.
    """
    audio = _audio_encoder(recipe.audio_encoder) if recipe.audio_encoder else None
    text, tokenizer = _text_encoder(recipe.text_encoder, transcripts) if recipe.text_encoder else (None, None)
    return Encoders(audio, text, tokenizer)


def weights_of(recipe: Recipe) -> dict[str, str]:
    """Which weights the recipe's encoders start from, "audio" and "text": a digest, or "tiny".

    Raises:
        CheckpointError: as `weights_digest`.
    """
    return {kind: TINY if one.name == TINY else weights_digest(one.name) for kind, one in _encoders_of(recipe).items()}


def encoder_bytes(recipe: Recipe) -> tuple[int, int]:
    """Bytes of the recipe's encoders at their source: all of them, and those that train; tiny ones count for nothing.

    Raises:
        CheckpointError: an encoder cannot be reached.
    """
    sizes = [(weights_size(one.name), one.freeze != "all") for one in _encoders_of(recipe).values() if one.name != TINY]
    return sum(size for size, _ in sizes), sum(size for size, trains in sizes if trains)


def build_system(recipe: Recipe, encoders: Encoders) -> System:
    """The recipe's system on the given encoders."""
    builder = {"cross-modal": _cross_modal, "audio": _audio, "text": _text}[recipe.system]
    return builder(recipe, encoders)


def paper_model(audio_encoder: AudioEncoderBase, text_encoder: TextEncoderBase) -> CrossModalSystem:
    """The paper's model on the given encoders; its numbers stand once, in the recipe `paper`."""
    return _cross_modal(read_recipe("paper"), Encoders(audio_encoder, text_encoder, tokenizer=None))


def _assemble(recipe: Recipe, encoders: Encoders) -> Model:
    normalised = encoders.audio is not None and encoders.audio.normalise
    reader = InputReader(hears=encoders.audio is not None, normalised=normalised, tokenizer=encoders.tokenizer)
    return Model(recipe, encoders, build_system(recipe, encoders), reader)


def _temperature(value: object, where: str) -> float:
    if not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise CheckpointError(f"{where}: config.json gives the temperature {value!r}; need a number above 0, such as 1")
    return float(value)


def _encoders_of(recipe: Recipe) -> dict[str, AudioEncoder | TextEncoder]:
    both = {"audio": recipe.audio_encoder, "text": recipe.text_encoder}
    return {kind: settings for kind, settings in both.items() if settings}


def _audio_encoder(settings: AudioEncoder) -> AudioEncoderBase:
    encoder = build_tiny_audio_encoder() if settings.name == TINY else load_audio_encoder(settings.name)
    if settings.layer_drop != "checkpoint":
        encoder.layer_drop = settings.layer_drop
    if settings.spec_augment != "checkpoint":
        encoder.spec_augment = settings.spec_augment
    if settings.freeze != "nothing":
        encoder.freeze_feature_encoder()
    _apply_common(encoder, settings)
    return encoder


def _text_encoder(settings: TextEncoder, transcripts: Sequence[str]) -> tuple[TextEncoderBase, PreTrainedTokenizerBase]:
    if settings.name == TINY:
        tokenizer = train_tokenizer(transcripts)
        encoder = build_tiny_text_encoder(len(tokenizer))
    else:
        encoder, tokenizer = load_text_encoder(settings.name)
    _apply_common(encoder, settings)
    return encoder, tokenizer


def _apply_common(encoder: EncoderBase, settings: AudioEncoder | TextEncoder) -> None:
    if settings.freeze == "all":
        encoder.requires_grad_(False)
    if settings.gradient_checkpointing:
        encoder.recompute_activations()


def _cross_modal(recipe: Recipe, encoders: Encoders) -> CrossModalSystem:
    audio_features = _audio_features(recipe, encoders.audio)
    text_projection = TextProjection(encoders.text.hidden_size, recipe.text_projection.size)
    cma_1_keys = recipe.cross_modal_attention.cma_1_keys
    key_sizes = {"projected": text_projection.output_size, "encoder": encoders.text.hidden_size}
    return CrossModalSystem(
        encoders.audio,
        encoders.text,
        audio_features,
        text_projection,
        cma_1=_attention(recipe, audio_features.output_size, key_sizes[cma_1_keys]),
        cma_2=_attention(recipe, text_projection.output_size, audio_features.output_size),
        num_classes=len(recipe.classes),
        cma_1_keys=cma_1_keys,
    )


def _audio(recipe: Recipe, encoders: Encoders) -> AudioSystem:
    return AudioSystem(encoders.audio, _audio_features(recipe, encoders.audio), len(recipe.classes))


def _text(recipe: Recipe, encoders: Encoders) -> TextSystem:
    projection = TextProjection(encoders.text.hidden_size, recipe.text_projection.size)
    return TextSystem(encoders.text, projection, len(recipe.classes))


def _audio_features(recipe: Recipe, encoder: AudioEncoderBase) -> AudioFeatureEncoder:
    numbers = recipe.audio_features
    return AudioFeatureEncoder(encoder.hidden_size, numbers.num_filters, numbers.lstm_size, numbers.dropout)


def _attention(recipe: Recipe, query_size: int, key_size: int) -> CrossModalAttention:
    numbers = recipe.cross_modal_attention
    head_size = query_size // numbers.num_heads
    return CrossModalAttention(
        query_size,
        key_size,
        numbers.num_heads,
        scale=1 / head_size if numbers.scale == "d" else None,
        normalise_keys=numbers.normalise_keys,
        residual=numbers.residual,
        feed_forward=numbers.feed_forward,
    )
