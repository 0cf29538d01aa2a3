"""Intel's libraries, imported so that they tell nobody.

`import openvino` by itself reports the import to Google Analytics, from a process of its own, and NNCF each
quantisation; both count in the home folder how often they were used. They do so through one package of theirs and take
stubs where it is not installed. So it is hidden while they are imported. What the program at hand has imported before
is left as it is.
"""

import sys
from importlib import import_module
from threading import Lock
from types import ModuleType

TELEMETRY = "openvino_telemetry"
"""What reports."""

_TURN = Lock()


def import_silently(name: str) -> ModuleType:
    """A library that, in this process, will report nothing.

    Raises:
        ImportError: it is not installed, or cannot be loaded.
    """
    with _TURN:
        known = {TELEMETRY: sys.modules[TELEMETRY]} if TELEMETRY in sys.modules else {}
        sys.modules[TELEMETRY] = None  # to whoever imports it now, it is not there
        try:
            return import_module(name)
        finally:
            del sys.modules[TELEMETRY]
            sys.modules.update(known)
