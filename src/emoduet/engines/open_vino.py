"""Graphs in OpenVINO's own form, run by it on the CPU.

All that is not 8-bit integers is computed in fp32: by itself OpenVINO takes bf16 where the CPU has it, and the answers
would depend on the machine. Its threads are not tied to cores, which other processes share. Attention is not computed
by its generated kernels ("snippets"), of which one made for a short utterance answers wrongly for a longer one. Few
kernels are kept: nearly every utterance has a length of its own, and those of 5,000 lengths would fill the memory.
"""

from collections.abc import Sequence
from pathlib import Path
from threading import local

import numpy as np

from emoduet.engines.session import Engine, lacking_extra, unusable
from emoduet.engines.silence import import_silently

_KEPT_KERNELS = 64
"""Measured at true size, with a new length each time: as fast as with 5,000, which is what OpenVINO keeps by itself."""


class OpenVino(Engine):
    """A graph that OpenVINO has compiled; each thread that asks has a request of its own."""

    name = "openvino"

    def __init__(self, graph: Path, num_threads: int) -> None:
        """Opens and compiles it.

        Raises:
            InputError: OpenVINO is not installed.
            CheckpointError: one of the two files cannot be used.
        """
        try:
            openvino = import_silently("openvino")
        except ImportError as error:
            raise lacking_extra(self.name, error) from error
        self.version = openvino.__version__.partition("-")[0]
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": num_threads,
            "ENABLE_CPU_PINNING": False,
            "SNIPPETS_MODE": "DISABLE",
            "CPU_RUNTIME_CACHE_CAPACITY": _KEPT_KERNELS,
        }
        try:
            self._compiled = openvino.Core().compile_model(graph, "CPU", settings)
        except RuntimeError as error:
            raise unusable(graph, self.name, error) from error
        self._of_thread = local()
        super().__init__(graph, [_name(one.names) for one in self._compiled.inputs])

    def _run(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        if not hasattr(self._of_thread, "request"):
            self._of_thread.request = self._compiled.create_infer_request()
        request = self._of_thread.request
        try:
            request.start_async(list(arrays))  # `infer` with one thread loses errors, and gives the answer before again
            request.wait()
            return request.get_output_tensor(0).data.copy()
        except RuntimeError as error:
            raise self._failed(error, arrays) from error


def _name(names: set[str]) -> str:
    """One of the names that an input goes by; a converter may have given it none."""
    return min(names, default="an input without name")
