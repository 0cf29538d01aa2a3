"""From a recipe's numbers to objects: the only reader of recipes. Layers receive numbers, never a recipe."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from torch import nn
from transformers import PreTrainedTokenizerBase

from emoduet.batching import InputReader
from emoduet.checkpoint import Encoders, fill, read_checkpoint
from emoduet.confidence import Confidence, Lengths, read_lengths
from emoduet.config import TINY, OfRecipe, Recipe, read_recipe, stored_recipe
from emoduet.errors import CheckpointError
from emoduet.front_ends.frames import build_frames
from emoduet.front_ends.pronunciation import pronunciations
from emoduet.front_ends.vectors import vectors_digest
from emoduet.front_ends.words import token_vectors
from emoduet.nn.attention import CrossModalAttention, Unattended
from emoduet.nn.audio_features import AudioFeatureEncoder
from emoduet.nn.layer_weights import WeightedLayers
from emoduet.nn.pooling import MeanPooling, StatisticsPooling
from emoduet.nn.standardiser import StandardisedFrames
from emoduet.nn.text_features import TextProjection
from emoduet.pretrained.encoders import AudioEncoderBase, EncoderBase, TextEncoderBase
from emoduet.pretrained.front_end import FrontEnd
from emoduet.pretrained.loading import load_audio_encoder, load_text_encoder, weights_digest, weights_size
from emoduet.pretrained.tiny import build_tiny_audio_encoder, build_tiny_text_encoder, train_tokenizer
from emoduet.recipe_sections import AudioEncoder, TextEncoder
from emoduet.sureness import Sureness, read_sureness, sureness_json
from emoduet.systems.base import System
from emoduet.systems.catalogue import system_named
from emoduet.systems.cross_modal import CrossModalSystem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Model(OfRecipe):
    """A system with all it needs to answer: what it was built from, its encoders, and what reads its inputs.

    `temperature` divides the logits before they become probabilities: fitted on validation data, 1 where there was
    none. `confidence` is how often its answers to validation data were wrong, and `lengths` how long the utterances
    were that it heard in training; None where nobody knows: without validation, or sound, or of an older emoduet.
    `alone` has temperature and confidence of answers to sounds alone and to words alone, where it may lack either.
    """

    recipe: Recipe
    encoders: Encoders
    system: System
    reader: InputReader
    temperature: float = 1.0
    confidence: Confidence | None = None
    alone: Mapping[str, Sureness] = field(default_factory=dict)
    lengths: Lengths | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What whoever reads its answers should know: nothing that its model card does not say."""
        return ()

    def description(self) -> dict[str, object]:
        """What `config.json` says of it, as JSON values; with weights and encoders, `restore_model` needs no more."""
        return {
            "recipe": self.recipe.model_dump(mode="json"),
            **sureness_json(self),
            "lengths": self.lengths and self.lengths.as_json(),
        }


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
    wanted = system_named(recipe.system)
    if (wanted.hears, wanted.reads) != (checkpoint.encoders.audio is not None, checkpoint.encoders.text is not None):
        raise CheckpointError(
            f"{path_or_hub_id}: the {recipe.system} system's encoder folders are not all there; copy the folder again"
        )
    sureness = read_sureness(checkpoint.description, where=str(path_or_hub_id))
    model = replace(
        _assemble(recipe, checkpoint.encoders),
        temperature=sureness.temperature,
        confidence=sureness.confidence,
        alone=sureness.alone,
        lengths=read_lengths(checkpoint.description.get("lengths"), where=str(path_or_hub_id)),
    )
    fill(model.system, checkpoint.weights, str(path_or_hub_id))
    model.system.eval().requires_grad_(False)
    log.info(model.encoders.forms())
    return model


def build_encoders(recipe: Recipe, transcripts: Sequence[str]) -> Encoders:
    """Loads (or, for `tiny`, makes) the recipe's encoders and applies its freezing.

    Args:
        transcripts: what a vocabulary is learned from: the training fold's and no other's.
    """
    audio = text = tokenizer = None
    if recipe.audio_encoder:
        audio = _audio_encoder(recipe.audio_encoder)
    if recipe.frames:
        audio = build_frames(**recipe.frames.model_dump())
    if recipe.text_encoder:
        text, tokenizer = _text_encoder(recipe.text_encoder, transcripts)
    if recipe.words:
        text, tokenizer = token_vectors(**recipe.words.model_dump(), transcripts=transcripts)
    return Encoders(audio, text, tokenizer)


def check_at_hand(recipe: Recipe) -> None:
    """Finds before anything is trained that a library is missing which the recipe's front ends compute with.

    Raises:
        InputError: phonemes are read, and gruut is not installed.
    """
    if recipe.words and recipe.words.kind == "phonemes":
        pronunciations()


def weights_of(recipe: Recipe) -> dict[str, str]:
    """Which weights the recipe's front ends start from, "audio" and "text": a digest, or "tiny"; none of random ones.

    Raises:
        CheckpointError: as `weights_digest` and `vectors_digest`.
    """
    encoders = _encoders_of(recipe)
    weights = {kind: TINY if one.name == TINY else weights_digest(one.name) for kind, one in encoders.items()}
    if recipe.words and recipe.words.vectors:
        weights["text"] = vectors_digest(recipe.words.vectors)
    return weights


def encoder_bytes(recipe: Recipe) -> tuple[int, int]:
    """Bytes of the recipe's encoders at their source: all of them, and those that train; tiny ones count for nothing.

    Raises:
        CheckpointError: an encoder cannot be reached.
    """
    sizes = [(weights_size(one.name), one.freeze != "all") for one in _encoders_of(recipe).values() if one.name != TINY]
    return sum(size for size, _ in sizes), sum(size for size, trains in sizes if trains)


def build_system(recipe: Recipe, encoders: Encoders) -> System:
    """The recipe's system on the given encoders: each part its constructor names, and the recipe's numbers for it."""
    system, parts = system_named(recipe.system), _Parts(recipe, encoders)
    return system(*(getattr(parts, name) for name in system.parts), **recipe.numbers)


def paper_model(audio_encoder: AudioEncoderBase, text_encoder: TextEncoderBase) -> CrossModalSystem:
    """The paper's model on the given encoders; its numbers stand once, in the recipe `paper`."""
    return build_system(read_recipe("paper"), Encoders(audio_encoder, text_encoder, tokenizer=None))


def _assemble(recipe: Recipe, encoders: Encoders) -> Model:
    normalised = encoders.audio is not None and encoders.audio.normalise
    system = build_system(recipe, encoders)
    reader = InputReader(encoders.audio is not None, normalised, encoders.tokenizer, may_lack=system.may_lack)
    return Model(recipe, encoders, system, reader)


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


def _answering(encoder: FrontEnd, settings: AudioEncoder | TextEncoder | None) -> nn.Module:
    """A front end as a system hears or reads it: its answer, or the mix of its layers that the system learns."""
    if settings is None or settings.layers == "last":
        return encoder
    {"weighted": encoder.answer_in_layers, "weighted-mean": encoder.answer_in_layer_means}[settings.layers]()
    return WeightedLayers(encoder, encoder.num_layers)


@dataclass(frozen=True)
class _Parts:
    """Whatever a system's constructor may name, made of a recipe's numbers and the encoders of a model, each once."""

    recipe: Recipe
    encoders: Encoders

    @cached_property
    def audio_encoder(self) -> nn.Module:
        if self.recipe.frames and self.recipe.frames.standardise == "training":
            return StandardisedFrames(self.encoders.audio)
        return _answering(self.encoders.audio, self.recipe.audio_encoder)

    @cached_property
    def text_encoder(self) -> nn.Module:
        return _answering(self.encoders.text, self.recipe.text_encoder)

    @cached_property
    def audio_features(self) -> AudioFeatureEncoder:
        numbers, size = self.recipe.audio_features, self.audio_encoder.hidden_size
        recurrent = numbers.recurrence == "blstm"
        return AudioFeatureEncoder(size, numbers.num_filters, numbers.lstm_size, numbers.dropout, recurrent)

    @cached_property
    def text_projection(self) -> TextProjection:
        return TextProjection(self.text_encoder.hidden_size, self.recipe.text_projection.size)

    @cached_property
    def cma_1(self) -> CrossModalAttention | Unattended:
        key_sizes = {"projected": self.text_projection.output_size, "encoder": self.text_encoder.hidden_size}
        return self._attention("cma-1", self.audio_features.output_size, key_sizes[self.cma_1_keys])

    @cached_property
    def cma_2(self) -> CrossModalAttention | Unattended:
        return self._attention("cma-2", self.text_projection.output_size, self.audio_features.output_size)

    @cached_property
    def cma_1_keys(self) -> str:
        return self.recipe.cross_modal_attention.cma_1_keys

    @cached_property
    def pool(self) -> StatisticsPooling | MeanPooling:
        return {"statistics": StatisticsPooling, "mean": MeanPooling}[self.recipe.pooling.kind]()

    @cached_property
    def num_classes(self) -> int:
        return len(self.recipe.classes)

    def _attention(self, direction: str, query_size: int, key_size: int) -> CrossModalAttention | Unattended:
        numbers = self.recipe.cross_modal_attention
        if numbers.directions not in ("both", direction):
            return Unattended()
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
