"""An OpenVINO graph in 8-bit integers, by NNCF: quietly, and without a report to anybody.

Weights become whole numbers, and what lies between the layers is given ranges that are found by showing the graph
examples. Whether its answers are still worth something is not asked here.
"""

import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from inspect import unwrap
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal

import numpy as np

from emoduet.engines.folder import INPUTS
from emoduet.engines.silence import import_silently
from emoduet.errors import CheckpointError, InputError
from emoduet.pretrained.loading import first_line

if TYPE_CHECKING:
    import openvino

Example = Mapping[str, np.ndarray]
"""One utterance as a graph takes it, by the names of its inputs."""


def check_quantiser() -> None:
    """Insists on the libraries.

    Raises:
        InputError: NNCF or OpenVINO is missing.
    """
    for name in ("openvino", "nncf"):
        _library(name)


def quantise_graph(fp32: Path, examples: Sequence[Example], int8: Path) -> None:
    """Writes an OpenVINO graph in int8.

    The examples are shown longest first: NNCF runs the graph with OpenVINO's generated attention kernels, which answer
    wrongly for an utterance that is longer than the one before (see `engines.open_vino`).

    Args:
        fp32: a model.xml.
        examples: what the ranges of its numbers are found with.
        int8: the model.xml to write.

    Raises:
        InputError: NNCF or OpenVINO is missing.
        CheckpointError: NNCF cannot quantise it, or it does not answer an example.
    """
    openvino, nncf = _library("openvino"), _library("nncf")
    graph = openvino.Core().read_model(fp32)
    shown = sorted(examples, key=lambda example: [-len(example[name]) for name in INPUTS if name in example])
    try:
        with _unheard():
            quantised = unwrap(nncf.quantize)(  # what is wrapped around it reports each call
                graph,
                nncf.Dataset(shown),
                subset_size=len(shown),
                model_type=nncf.ModelType.TRANSFORMER,
                ignored_scope=nncf.IgnoredScope(names=_products_of_vectors(graph)),
            )
    except RuntimeError as error:  # NNCF's own and OpenVINO's
        raise CheckpointError(
            f"the graph in fp32: NNCF {nncf.__version__} does not make it int8 ({first_line(error)}). Use precision "
            "fp32, or another version of it"
        ) from error
    openvino.save_model(quantised, int8, compress_to_fp16=False)


def _products_of_vectors(graph: "openvino.Model") -> list[str]:
    """The classifiers, which stay fp32: NNCF cannot correct the bias of a product that answers one vector."""
    products = (one for one in graph.get_ops() if one.get_type_name() == "MatMul")
    return [one.get_friendly_name() for one in products if one.get_output_partial_shape(0).rank.get_length() == 1]


@contextmanager
def _unheard() -> Iterator[None]:
    """NNCF's bars and news, which it prints to stdout, go nowhere."""
    logger = logging.getLogger("nncf")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)


def _library(name: Literal["openvino", "nncf"]) -> ModuleType:
    try:
        return import_silently(name)
    except ImportError as error:
        raise InputError(
            f"export in int8: {name} is not installed ({error}): pip install 'emoduet[engines]'"
        ) from error
