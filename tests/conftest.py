"""What holds for every test: shapes in signatures are checked, the network is out of reach, one thread computes.

The hook must stand before `emoduet.nn` is imported for the first time, hence here. Child processes have neither the
hook nor the guard.
"""

import ipaddress
import os
import socket
import sys
from collections.abc import Callable, Iterator

import pytest
from jaxtyping import install_import_hook

install_import_hook(["emoduet.nn", "emoduet.systems"], "beartype.beartype")
sys.modules["openvino_telemetry"] = None  # tests import openvino, which would report it from a process of its own
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small models on two cores; sums in one order


def is_local(address: object) -> bool:
    """Whether an address stays on this machine: a Unix socket's path, or a loopback (host, port)."""
    host = address[0] if isinstance(address, tuple) else None
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def guarded(function: Callable) -> Callable:
    """The socket method, which fails the test where it would leave this machine."""

    def call(sock: socket.socket, *arguments: object) -> object:
        if not is_local(arguments[-1]):
            pytest.fail(f"network: the test tried to reach {arguments[-1]}")
        return function(sock, *arguments)

    return call


@pytest.fixture(scope="session", autouse=True)
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Features go into the home folder unless told otherwise: into one that ends with the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Fails a test that resolves a foreign name or opens a connection; loopback stays open for servers under test."""
    resolve = socket.getaddrinfo

    def resolve_here(host: object, *arguments: object, **options: object) -> object:
        if not is_local((host,)):
            pytest.fail(f"network: the test tried to resolve {host}")
        return resolve(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolve_here)
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))
        yield
