"""A graph that an engine has opened: one utterance a call, from as many threads as there are.

What engines share is here, and nothing of any one of them: which arrays go in, and what their failures are called.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int64

from emoduet.engines.folder import INPUTS
from emoduet.errors import CheckpointError, InputError
from emoduet.pretrained.loading import first_line

DTYPES = {"waveform": np.float32, "tokens": np.int64}


_OUT_OF_MEMORY = ("bad_alloc", "Failed to allocate", "failed to allocate", "not enough memory")
"""How engines and the library of C++ say it."""


class Engine(ABC):
    """An opened graph.

    Attributes:
        name: the engine's, as `--engine` has it.
        version: of its library.
        inputs: those of `INPUTS` that the graph takes.
    """

    name: str
    version: str

    def __init__(self, graph: Path, takes: Sequence[str]) -> None:
        """Checks what the graph takes.

        Args:
            takes: the names of its inputs.

        Raises:
            CheckpointError: they are others than an export's.
        """
        self.inputs = tuple(name for name in INPUTS if name in takes)
        self._graph = graph
        self._order = tuple(takes)
        if not self.inputs or sorted(takes) != sorted(self.inputs):
            raise CheckpointError(
                f"{graph}: takes {', '.join(takes) or 'nothing'}; a graph of emoduet takes {' and '.join(INPUTS)}, or "
                "one of the two. Export the model again"
            )

    def answer(
        self, waveform: Float[np.ndarray, "samples"] | None = None, tokens: Int64[np.ndarray, "tokens"] | None = None
    ) -> Float[np.ndarray, "classes"]:
        """The logits of one utterance; threads may call at the same time.

        Args:
            waveform: as the model's reader gives it; None for a graph that only reads.
            tokens: None for a graph that only hears.

        Raises:
            InputError: what the graph takes is not given, or the engine fails.
            MemoryError: memory does not suffice for so long an utterance.
        """
        given = {"waveform": waveform, "tokens": tokens}
        lacking = [name for name in self.inputs if given[name] is None or not len(given[name])]
        if lacking:
            raise InputError(
                f"engine {self.name}: an utterance without {' and without '.join(lacking)}, and the graph takes "
                f"{' and '.join(self.inputs)}. Give what it lacks, or use engine torch with a model that may lack it"
            )
        arrays = [np.ascontiguousarray(given[name], DTYPES[name]) for name in self._order]
        return np.ravel(self._run(arrays))

    @abstractmethod
    def _run(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        """What the graph answers to its inputs in its own order."""

    def _failed(self, error: Exception, arrays: Sequence[np.ndarray]) -> Exception:
        """What the engine's own error is raised as."""
        sizes = ", ".join(f"{name} of {len(array):,}" for name, array in zip(self._order, arrays, strict=True))
        if any(phrase in str(error) for phrase in _OUT_OF_MEMORY):
            return MemoryError(f"{self.name}: memory does not suffice at a {sizes} ({first_line(error)})")
        return InputError(
            f"{self._graph}: {self.name} fails at a {sizes} ({first_line(error)}). Answer it with engine torch"
        )


def unusable(graph: Path, name: str, error: Exception) -> CheckpointError:
    """The error where a file cannot be opened by an engine."""
    return CheckpointError(
        f"{graph}: {name} does not load it ({first_line(error)}). Copy its folder again, whole, or export the model "
        "again"
    )


def lacking_extra(name: str, error: ImportError) -> InputError:
    """The error where an engine's library is not installed."""
    return InputError(f"engine {name}: not installed ({error}): pip install 'emoduet[engines]'. Or use engine torch")
