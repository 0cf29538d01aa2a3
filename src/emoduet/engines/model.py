"""An exported model in the place of `build.Model`: what reads, what answers, and how sure its answers may be.

It is made from a model's folder without weights and without encoders of torch; a folder that was exported to stand
alone has none. A model that may lack sound or words needs both here, since its graph is of an utterance with both.
Nothing in it trains, and nothing looks inside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from emoduet.batching import FIELDS, InputReader
from emoduet.checkpoint import read_description
from emoduet.confidence import Confidence, Lengths, read_lengths
from emoduet.config import OfRecipe, Recipe, stored_recipe
from emoduet.engines.folder import FOLDERS, INPUTS, check_engine, engine_folder, reads
from emoduet.engines.opening import open_folder
from emoduet.engines.session import Engine
from emoduet.errors import CheckpointError, CorpusError, InputError
from emoduet.pretrained.loading import FILES, load_tokenizer, locate, wants_normalised
from emoduet.sureness import Sureness, read_sureness
from emoduet.systems.base import System
from emoduet.systems.catalogue import system_named
from emoduet.systems.inputs import Inputs
from emoduet.types import Utterance


class EngineSystem(System):
    """A system whose answers an engine computes, one utterance after the other."""

    def __init__(self, *, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.hears, self.reads = (name in engine.inputs for name in INPUTS)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        pairs = zip_longest(inputs.waveforms, inputs.tokens)
        rows = [self.engine.answer(*(one if one is None else one.numpy() for one in pair)) for pair in pairs]
        return torch.from_numpy(np.stack(rows))


@dataclass(frozen=True)
class InsistingReader(InputReader):
    """Reads for a model that could do without, but not under this engine.

    Args:
        engine: what needs both sound and words.
    """

    engine: str = ""

    def check(self, utterances: Sequence[Utterance]) -> None:
        """Insists on sound and words.

        Raises:
            CorpusError: an utterance lacks one of them.
        """
        for utterance in utterances:
            for field_name in FIELDS.values():
                if getattr(utterance, field_name) is None:
                    raise CorpusError(
                        f"utterance {utterance.id}: no {field_name}; under engine {self.engine} a model that may lack "
                        "sound or words needs both. Give it, or use engine torch"
                    )

    def read(self, utterances: Sequence[Utterance]) -> Inputs:
        """As every reader.

        Raises:
            CorpusError: as `check`.
        """
        self.check(utterances)
        return super().read(utterances)


@dataclass(frozen=True)
class EngineModel(OfRecipe):
    """A model that an engine answers for.

    Attributes:
        engine: its name, and `precision` what its graph computes in.
        alone: empty: it is asked with all that it takes.
        notes: what int8 changed, and what the model could do under torch.
    """

    recipe: Recipe
    system: EngineSystem
    reader: InputReader
    engine: str
    precision: str
    notes: tuple[str, ...]
    temperature: float = 1.0
    confidence: Confidence | None = None
    alone: Mapping[str, Sureness] = field(default_factory=dict)
    lengths: Lengths | None = None

    @property
    def computed_by(self) -> str:
        """What computes its answers, in words."""
        return f"engine {self.engine} {self.system.engine.version} in {self.precision}"


def restore_engine_model(
    path_or_hub_id: str | Path, engine: str, precision: str = "fp32", num_threads: int | None = None
) -> EngineModel:
    """The export of the model stored in a folder, ready to answer.

    Of a model of the hub, the export is fetched, but not the weights.

    Raises:
        UsageError: torch or an unknown engine, or a precision that it does not compute in.
        InputError: the engine is not installed.
        CheckpointError: there is no such model or no such export, it is unusable, or it is of other weights.
    """
    where = str(path_or_hub_id)
    check_engine(engine, precision)
    model = locate(where, _files(engine, precision))
    description = read_description(model)
    recipe = stored_recipe(description.get("recipe"), where=where)
    folder = engine_folder(model, engine, precision)
    wanted = system_named(recipe.system)
    if folder.inputs != tuple(name for name, takes in zip(INPUTS, (wanted.hears, wanted.reads), strict=True) if takes):
        raise CheckpointError(
            f"{folder.path}: takes {' and '.join(folder.inputs)}, which is not what the {recipe.system} system takes; "
            "it is of another model. Export this one"
        )
    opened = EngineSystem(engine=open_folder(folder, engine, num_threads))
    sureness = read_sureness(description, where)
    return EngineModel(
        recipe=recipe,
        system=opened,
        reader=_reader(model, wanted, engine),
        engine=engine,
        precision=precision,
        notes=_notes(folder.verdict, wanted, engine),
        temperature=sureness.temperature,
        confidence=sureness.confidence,
        lengths=read_lengths(description.get("lengths"), where),
    )


def check_torch(model: object, what: str) -> None:
    """Insists on a model that torch computes, where gradients or a look inside are needed.

    Args:
        what: needs it, in a word.

    Raises:
        InputError: an engine computes it.
    """
    if isinstance(model, EngineModel):
        raise InputError(f"{what}: needs torch, and the model was loaded with engine {model.engine}; leave engine out")


def _files(engine: str, precision: str) -> tuple[str, ...]:
    """What of a model's repository an engine needs."""
    return (*(one for one in FILES if "safetensors" not in one), f"{FOLDERS[reads(engine), precision]}/*")


def _reader(model: Path, system: type[System], engine: str) -> InputReader:
    normalised = system.hears and wants_normalised(model / "audio_encoder")
    tokenizer = load_tokenizer(model / "text_encoder") if system.reads else None
    if system.may_lack:
        return InsistingReader(system.hears, normalised, tokenizer, engine=engine)
    return InputReader(system.hears, normalised, tokenizer)


def _notes(verdict: Mapping[str, object] | None, system: type[System], engine: str) -> tuple[str, ...]:
    told = [] if verdict is None else [str(verdict.get("sentence", verdict))]
    if system.may_lack:
        told.append(
            f"under engine {engine} this model needs both sound and words; under engine torch it may lack either"
        )
    return tuple(told)
