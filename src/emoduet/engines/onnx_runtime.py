"""Graphs in ONNX, run by ONNX Runtime on the CPU.

Buffers are not planned by the shapes seen, since nearly every utterance has its own. Threads that wait sleep, so that
the sound of the next utterances can be decoded meanwhile.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emoduet.engines.session import Engine, lacking_extra, unusable

if TYPE_CHECKING:
    import onnxruntime

_FATAL = 4
"""The least severe message that is printed; errors are raised, too, and told there."""


class OnnxRuntime(Engine):
    """A graph that ONNX Runtime has opened."""

    name = "onnxruntime"

    def __init__(self, graph: Path, num_threads: int) -> None:
        """Opens it.

        Raises:
            InputError: ONNX Runtime is not installed.
            CheckpointError: the file, or one with its weights, cannot be used.
        """
        try:
            import onnxruntime
            from onnxruntime.capi import onnxruntime_pybind11_state as state
        except ImportError as error:
            raise lacking_extra(self.name, error) from error
        self.version = onnxruntime.__version__
        self._errors = tuple(
            one for one in vars(state).values() if isinstance(one, type) and issubclass(one, Exception)
        )
        try:
            self._session = onnxruntime.InferenceSession(
                graph, _options(onnxruntime, num_threads), providers=["CPUExecutionProvider"]
            )
        except self._errors as error:
            raise unusable(graph, self.name, error) from error
        super().__init__(graph, [one.name for one in self._session.get_inputs()])

    def _run(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        try:
            return self._session.run(None, dict(zip(self._order, arrays, strict=True)))[0]
        except self._errors as error:
            raise self._failed(error, arrays) from error


def _options(library: "onnxruntime", num_threads: int) -> "onnxruntime.SessionOptions":
    options = library.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False
    options.log_severity_level = _FATAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
