"""Pools, worked by hand and beside PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.nn import AvgPool2D, GlobalAvgPool, GlobalMaxPool, Layer, MaxPool2D
from chainrule.types import PREDICT
from tests.contracts.checks import agreement, assert_close

XP = engine_by_name("numpy").xp
X = np.array([[1.0, 2.0, 5.0, 4.0], [3.0, 0.0, 5.0, 6.0]]).reshape(1, 2, 4, 1)
DY = np.array([[10.0, 20.0]]).reshape(1, 1, 2, 1)


def both(layer: Layer, x: np.ndarray, dy: np.ndarray, engine: str = "numpy") -> tuple[np.ndarray, np.ndarray]:
    """Return y and dx."""
    xp = engine_by_name(engine).xp
    y, cache = layer.forward(xp, {}, x, PREDICT)
    return np.asarray(y), np.asarray(layer.backward(xp, {}, cache, dy)[0])


def test_max_pool_is_that_computed_by_hand() -> None:
    y, dx = both(MaxPool2D(), X, DY)
    assert y[0, :, :, 0].tolist() == [[3.0, 6.0]]
    assert dx[0, :, :, 0].tolist() == [[0.0, 0.0, 0.0, 0.0], [10.0, 0.0, 0.0, 20.0]]


def test_average_pool_is_that_computed_by_hand() -> None:
    y, dx = both(AvgPool2D(), X, DY)
    assert y[0, :, :, 0].tolist() == [[1.5, 5.0]]
    assert dx[0, :, :, 0].tolist() == [[2.5, 2.5, 5.0, 5.0], [2.5, 2.5, 5.0, 5.0]]


def test_global_pools_are_those_computed_by_hand() -> None:
    dy = np.array([[8.0]])
    y, dx = both(GlobalAvgPool(), X, dy)
    assert (y.tolist(), dx[0, :, :, 0].tolist()) == ([[3.25]], [[1.0] * 4] * 2)
    y, dx = both(GlobalMaxPool(), X, dy)
    assert (y.tolist(), dx[0, :, :, 0].tolist()) == ([[6.0]], [[0.0] * 4, [0.0, 0.0, 0.0, 8.0]])


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_of_equal_values_the_first_alone_gets_the_derivative(engine: str) -> None:
    _, dx = both(MaxPool2D(), np.zeros((1, 2, 4, 1)), DY, engine)
    assert dx[0, :, :, 0].tolist() == [[10.0, 0.0, 20.0, 0.0], [0.0] * 4]


def test_a_global_maximum_shares_its_derivative_among_equals() -> None:
    _, dx = both(GlobalMaxPool(), np.zeros((1, 2, 4, 1)), np.array([[8.0]]))
    assert dx[0, :, :, 0].tolist() == [[1.0] * 4] * 2


def test_an_average_at_the_edge_does_not_count_what_is_outside() -> None:
    y, _ = both(AvgPool2D(3, stride=1, padding="same"), np.ones((1, 3, 4, 2)), np.ones((1, 3, 4, 2)))
    assert y.tolist() == np.ones((1, 3, 4, 2)).tolist()


def test_a_maximum_at_the_edge_is_never_outside() -> None:
    y, _ = both(MaxPool2D(3, stride=1, padding="same"), np.full((1, 3, 3, 1), -7.0), np.ones((1, 3, 3, 1)))
    assert y.tolist() == np.full((1, 3, 3, 1), -7.0).tolist()


@pytest.mark.parametrize(
    "settings", [{"size": 2}, {"size": 3, "stride": 2}, {"size": (2, 3), "stride": (1, 2)}], ids=str
)
@pytest.mark.parametrize(("kind", "function"), [(MaxPool2D, "max_pool2d"), (AvgPool2D, "avg_pool2d")])
def test_pytorch_computes_the_same(kind: type[Layer], function: str, settings: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 7, 8, 2))
    layer = kind(**settings)
    dy = rng.normal(size=(3, *layer.output_shape((7, 8, 2))))
    y, dx = both(layer, x, dy)
    tx = torch.tensor(x.transpose(0, 3, 1, 2).copy(), requires_grad=True)
    ty = getattr(torch.nn.functional, function)(tx, settings["size"], settings.get("stride"))
    ty.backward(torch.tensor(dy.transpose(0, 3, 1, 2).copy()))
    assert_close(y.transpose(0, 3, 1, 2), ty.detach().numpy(), agreement(np.float64))
    assert_close(dx.transpose(0, 3, 1, 2), tx.grad.numpy(), agreement(np.float64))
