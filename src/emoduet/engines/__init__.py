"""Exported models, answered by ONNX Runtime or OpenVINO in the place of torch.

`folder` says where exports lie and of which weights they are, `opening` opens them with `onnx_runtime` or `open_vino`,
and `model` makes of one what answers in the place of `build.Model`. The libraries, an extra, are imported when a graph
is opened. Nothing here exports.
"""

from emoduet.engines.folder import ENGINES, check_engine
from emoduet.engines.model import EngineModel, check_torch, restore_engine_model
from emoduet.engines.opening import open_engine, open_graph
from emoduet.engines.session import Engine

__all__ = [
    "ENGINES",
    "Engine",
    "EngineModel",
    "check_engine",
    "check_torch",
    "open_engine",
    "open_graph",
    "restore_engine_model",
]
