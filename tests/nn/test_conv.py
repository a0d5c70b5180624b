"""Convolutions, worked by hand and beside PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.errors import ShapeError
from chainrule.nn import Conv2D
from chainrule.types import PREDICT
from tests.contracts.checks import agreement, assert_close

XP = engine_by_name("numpy").xp

# One image of 3 × 3, one filter of 2 × 2.
X = np.array([[1.0, 2.0, 0.0], [3.0, 1.0, -1.0], [0.0, 2.0, 4.0]]).reshape(1, 3, 3, 1)
W = np.array([[1.0, -1.0], [2.0, 0.5]]).reshape(2, 2, 1, 1)
P = {"W": W, "b": np.array([10.0])}
DY = np.array([[1.0, 0.0], [2.0, -1.0]]).reshape(1, 2, 2, 1)
LAYER = Conv2D(1, 2)


def test_y_is_that_computed_by_hand() -> None:
    # Top left: 1·1 - 2·1 + 3·2 + 1·½ + 10 = 15.5
    y, _ = LAYER.forward(XP, P, X, PREDICT)
    assert y[0, :, :, 0].tolist() == [[15.5, 13.5], [13.0, 18.0]]


def test_dx_is_that_computed_by_hand() -> None:
    # The middle pixel is seen by all four windows: 1·½ + 0·2 + 2·(-1) + (-1)·1 = -2.5
    dx, _ = LAYER.backward(XP, P, {"x": X}, DY)
    assert dx[0, :, :, 0].tolist() == [[1.0, -1.0, 0.0], [4.0, -2.5, 1.0], [4.0, -1.0, -0.5]]


def test_dw_is_that_computed_by_hand() -> None:
    # Top left weight: x at the top left of each window, times its dy: 1·1 + 2·0 + 3·2 + 1·(-1) = 6
    grads = LAYER.gradients(XP, P, {"x": X}, DY)
    assert grads["W"][:, :, 0, 0].tolist() == [[6.0, 5.0], [1.0, 1.0]]


def test_db_is_the_sum_over_samples_and_places() -> None:
    assert LAYER.gradients(XP, P, {"x": X}, DY)["b"].tolist() == [2.0]


def test_groups_that_do_not_divide_the_channels_are_refused_with_both_numbers() -> None:
    with pytest.raises(ShapeError, match=r"groups of Conv2D to divide its 4 filters.*2 groups.*3 channels"):
        Conv2D(4, groups=2).output_shape((5, 5, 3))


def test_operations_count_every_weight_at_every_place() -> None:
    # 2 · 3·3·(4/2) · 6 filters · 8·8 places
    assert Conv2D(6, 3, groups=2).operations((10, 10, 4)) == 2 * 9 * 2 * 6 * 64


def test_only_the_kernels_are_penalised() -> None:
    assert {name: p.penalised for name, p in Conv2D(2).params((5, 5, 1)).items()} == {"W": True, "b": False}


def test_many_samples_give_what_each_gives_alone() -> None:
    # More than one block of patches on NumPy.
    rng = np.random.default_rng(0)
    layer = Conv2D(4, 5, padding="same")
    x, p = rng.normal(size=(70, 20, 20, 3)), {"W": rng.normal(size=(5, 5, 3, 4)), "b": rng.normal(size=4)}
    dy = rng.normal(size=(70, 20, 20, 4))
    y, cache = layer.forward(XP, p, x, PREDICT)
    dx, grads = layer.backward(XP, p, cache, dy)
    alone = [layer.forward(XP, p, x[n : n + 1], PREDICT) for n in range(70)]
    backs = [layer.backward(XP, p, alone[n][1], dy[n : n + 1]) for n in range(70)]
    assert_close(y, np.concatenate([y for y, _ in alone]), agreement(np.float64))
    assert_close(dx, np.concatenate([dx for dx, _ in backs]), agreement(np.float64))
    assert_close(grads["W"], sum(g["W"] for _, g in backs), agreement(np.float64))


@pytest.mark.parametrize(
    "settings",
    [
        {"kernel": 3},
        {"kernel": (2, 3), "stride": (2, 1)},
        {"kernel": 3, "dilation": 2},
        {"kernel": 3, "groups": 2, "stride": 2},
        {"kernel": (3, 5), "padding": "same"},
    ],
    ids=str,
)
def test_pytorch_computes_the_same(settings: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(0)
    layer = Conv2D(6, **settings)
    x = rng.normal(size=(3, 8, 7, 4))
    p = {name: rng.normal(size=param.shape) for name, param in layer.params((8, 7, 4)).items()}
    y, cache = layer.forward(XP, p, x, PREDICT)
    dy = rng.normal(size=y.shape)
    dx, grads = layer.backward(XP, p, cache, dy)
    tx, tW, tb = (
        torch.tensor(a, requires_grad=True)
        for a in (x.transpose(0, 3, 1, 2).copy(), p["W"].transpose(3, 2, 0, 1).copy(), p["b"])
    )
    names = {key: value for key, value in settings.items() if key != "kernel"}
    ty = torch.nn.functional.conv2d(tx, tW, tb, **names)
    ty.backward(torch.tensor(dy.transpose(0, 3, 1, 2).copy()))
    tolerance = agreement(np.float64)
    assert_close(y.transpose(0, 3, 1, 2), ty.detach().numpy(), tolerance)
    assert_close(dx.transpose(0, 3, 1, 2), tx.grad.numpy(), tolerance)
    assert_close(grads["W"].transpose(3, 2, 0, 1), tW.grad.numpy(), tolerance)
    assert_close(grads["b"], tb.grad.numpy(), tolerance)
