"""Linear maps by oneDNN and by PyTorch against PyTorch's own, and which of the two is taken."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from emoduet.nn import linear as module
from emoduet.nn.linear import derived, linear, live, onednn_works, prepared, side_by_side

LARGE, SMALL = (512, 512), (8, 512)

needs_onednn = pytest.mark.skipif(not onednn_works(), reason="this PyTorch has no oneDNN operators")


def random_map(size, with_bias=True, num_rows=7):
    """Rows, a weight and a bias, all of which want gradients."""
    generator = torch.Generator().manual_seed(0)
    shapes = (num_rows, size[1]), size, size[:1]
    rows, weight, bias = (torch.randn(shape, generator=generator).requires_grad_() for shape in shapes)
    return rows, weight / 20, bias if with_bias else None


@pytest.fixture
def onednn_calls(monkeypatch):
    """The number of rows of each product that oneDNN was asked for."""
    calls, original = [], module._onednn

    def counted(rows, *others):
        calls.append(len(rows))
        return original(rows, *others)

    monkeypatch.setattr(module, "_onednn", counted)
    return calls


@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("size", [LARGE, SMALL])
def test_answer_and_gradients_are_pytorch_s(size, with_bias):
    rows, weight, bias = random_map(size, with_bias)
    wanting = [one for one in (rows, weight, bias) if one is not None]
    found, wanted = linear(rows, weight, bias), functional.linear(rows, weight, bias)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-4)
    weighing = torch.randn(wanted.shape, generator=torch.Generator().manual_seed(1))
    of_both = (torch.autograd.grad((one * weighing).sum(), wanting) for one in (found, wanted))
    for one, other in zip(*of_both, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-4)


def test_pencil():
    weight, bias = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([10.0, 20.0])
    assert linear(torch.tensor([[1.0, 1.0], [0.0, 2.0]]), weight, bias).tolist() == [[13, 27], [14, 28]]


@pytest.mark.parametrize("trains", ["rows", "weight", "bias"])
def test_a_gradient_is_computed_where_it_is_wanted_alone(trains):
    rows, weight, bias = (one.detach() for one in random_map(LARGE))
    wanted = {"rows": rows, "weight": weight, "bias": bias}[trains].requires_grad_()
    linear(rows, weight, bias).sum().backward()
    assert wanted.grad.isfinite().all() and wanted.grad.norm() > 0
    assert sum(one.grad is not None for one in (rows, weight, bias)) == 1


def test_rows_that_lie_apart_in_memory():
    rows, weight, bias = (one.detach() for one in random_map(LARGE, num_rows=20))
    apart = rows[::3]
    torch.testing.assert_close(linear(apart, weight, bias), linear(apart.contiguous(), weight, bias))


@needs_onednn
def test_onednn_takes_large_weights_in_both_directions(onednn_calls):
    linear(*random_map(LARGE)).sum().backward()
    assert onednn_calls == [7, 7, 512]  # forward, gradient of the rows, gradient of the weight


def test_pytorch_takes_small_weights_other_types_and_mixed_precision(onednn_calls):
    linear(*random_map(SMALL))
    assert linear(*(one.double() for one in random_map(LARGE))).dtype == torch.float64
    with torch.autocast("cpu", torch.bfloat16):
        assert linear(*random_map(LARGE)).dtype == torch.bfloat16
    assert onednn_calls == []


def test_pytorch_takes_over_where_onednn_does_not_work(onednn_calls, monkeypatch):
    monkeypatch.setattr(module, "onednn_works", lambda: False)
    rows, weight, bias = random_map(LARGE)
    assert linear(rows, weight, bias).equal(functional.linear(rows, weight, bias))
    assert prepared(lambda: (weight, bias), "none")(rows).equal(functional.linear(rows, weight, bias))
    assert onednn_calls == []


def fails(*_):
    raise RuntimeError("no kernel")


@pytest.mark.parametrize("operator", [fails, lambda rows, *_: torch.zeros(len(rows), 32)])
def test_operators_that_fail_or_disagree_do_not_work(operator, monkeypatch):
    monkeypatch.setattr(module, "_onednn", operator)
    assert not onednn_works.__wrapped__()


@pytest.mark.parametrize("activation", ["none", "gelu"])
@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("size", [LARGE, SMALL])
def test_prepared_is_live(size, with_bias, activation):
    rows, weight, bias = (None if one is None else one.detach() for one in random_map(size, with_bias))
    wanted = functional.linear(rows, weight, bias)
    wanted = functional.gelu(wanted) if activation == "gelu" else wanted
    for factory in (live, prepared):
        of_any_number = factory(lambda: (weight, bias), activation)
        torch.testing.assert_close(of_any_number(rows), wanted, rtol=1e-5, atol=1e-4)
        torch.testing.assert_close(of_any_number(rows[:1]), wanted[:1], rtol=1e-5, atol=1e-4)


@needs_onednn
def test_live_follows_its_weights_and_prepared_keeps_what_it_read():
    rows, weight, bias = (one.detach() for one in random_map(LARGE))
    following, keeping = (factory(lambda: (weight, bias), "none") for factory in (live, prepared))
    before = following(rows)
    weight.mul_(2)
    torch.testing.assert_close(keeping(rows), before, rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(following(rows) - bias, 2 * (before - bias), rtol=1e-5, atol=1e-3)


def test_layers_side_by_side():
    layers = [nn.Linear(4, 3), nn.Linear(4, 2), nn.Linear(4, 5)]
    rows = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    of_all = live(side_by_side(*layers), "none")(rows)
    torch.testing.assert_close(of_all, torch.cat([layer(rows) for layer in layers], dim=1))
    assert side_by_side(layers[0])() == (layers[0].weight, layers[0].bias)


# What is made of weights


def counted(parameter):
    """`derived` from one parameter, and how often it was made."""
    made = []

    def read():
        made.append(parameter.detach().clone())
        return parameter * 2

    return derived(read, [parameter]), made


def test_what_does_not_train_is_made_once():
    current, made = counted(nn.Parameter(torch.ones(3), requires_grad=False))
    assert current() is current() and len(made) == 1


@pytest.mark.parametrize("change", ["in place", "by loading", "by another tensor"])
def test_a_changed_weight_is_made_anew(change):
    weight = nn.Parameter(torch.ones(3), requires_grad=False)
    current, made = counted(weight)
    current()
    if change == "in place":
        weight.mul_(5)
    elif change == "by loading":
        nn.ParameterDict({"weight": weight}).load_state_dict({"weight": torch.full((3,), 5.0)})
    else:
        weight.data = torch.full((3,), 5.0)
    assert current().tolist() == [10, 10, 10] and len(made) == 2


def test_what_trains_is_made_each_time_with_its_gradient():
    weight = nn.Parameter(torch.ones(3))
    current, made = counted(weight)
    current().sum().backward()
    assert weight.grad.tolist() == [2, 2, 2]
    weight.data.mul_(5)  # which leaves no trace
    assert current().tolist() == [10, 10, 10] and len(made) == 2
