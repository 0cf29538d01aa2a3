"""The guards of this suite themselves: what would pass unseen if one of them fell asleep."""

import socket

import pytest
import torch

from emoduet.nn.linear import linear
from emoduet.nn.packing import Packed
from emoduet.nn.pooling import StatisticsPooling
from emoduet.nn.text_features import TextProjection
from emoduet.systems.inputs import Inputs
from emoduet.systems.text import TextSystem


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")])
def test_a_connection_fails_the_test(method, family, host):
    with socket.socket(family) as sock, pytest.raises(pytest.fail.Exception, match=f"tried to reach .*{host}"):
        getattr(sock, method)((host, 80))


def test_a_datagram_fails_the_test():
    with socket.socket(type=socket.SOCK_DGRAM) as sock, pytest.raises(pytest.fail.Exception, match="192.0.2.1"):
        sock.sendto(b"hello", ("192.0.2.1", 53))


def test_a_foreign_name_fails_the_test():
    with pytest.raises(pytest.fail.Exception, match="tried to resolve huggingface.co"):
        socket.create_connection(("huggingface.co", 443))


def test_loopback_is_open():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


@pytest.mark.parametrize(
    "values", [torch.zeros(3), torch.zeros(3, 2, 1), torch.zeros(3, 2, dtype=torch.int64), [[0.0, 0.0]] * 3]
)
def test_a_wrong_shape_is_refused_by_the_blocks(values):
    with pytest.raises(TypeError):
        linear(values, torch.zeros(4, 2), None)


def test_what_is_no_tensor_is_not_packed():
    with pytest.raises(TypeError):
        Packed([[0.0, 0.0]] * 3, (3,))


def test_a_wrong_shape_is_refused_by_the_systems():
    class Scalars(torch.nn.Module):
        def forward(self, tokens):
            return Packed(torch.ones(len(tokens), 2), (1,) * len(tokens))

    system = TextSystem(Scalars(), TextProjection(2, 3), StatisticsPooling(), num_classes=4)
    assert system(Inputs(tokens=[torch.tensor([1])])).shape == (1, 4)
    system.classifier = torch.nn.Flatten(0)
    with pytest.raises(TypeError, match="utterances classes"):
        system(Inputs(tokens=[torch.tensor([1])]))
