"""Branches change exactly where a formula goes over from one piece to another."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import nn
from chainrule.engine import engine_by_name
from chainrule.types import PREDICT

XP = engine_by_name("numpy", "float64").xp
IMAGE = np.arange(16.0).reshape(1, 4, 4, 1)
# A layer, an input, and by how much its last number may be raised before another piece begins.
LAYERS = [
    (nn.Relu(), np.array([[1.0, -0.5]]), 0.5),
    (nn.LeakyRelu(), np.array([[1.0, -0.5]]), 0.5),
    (nn.Elu(), np.array([[1.0, -0.5]]), 0.5),
    (nn.MaxPool2D(2), IMAGE - 20 * (IMAGE == 15), 19.0),
    (nn.GlobalMaxPool(), IMAGE - 20 * (IMAGE == 15), 19.0),
    (nn.Sequential((nn.Residual(nn.Relu()),)), np.array([[1.0, -0.5]]), 0.5),
]


def branches(layer: nn.Layer, x: np.ndarray, change: float) -> list[bytes]:
    moved = x.copy()
    moved.flat[-1] += change
    p = {name: {} for name in layer.children()}
    _, cache = layer.forward(XP, p, moved, PREDICT)
    return [np.asarray(branch).tobytes() for branch in layer.branches(XP, cache)]


@pytest.mark.parametrize(("layer", "x", "distance"), LAYERS, ids=[type(layer).__name__ for layer, *_ in LAYERS])
def test_a_layer_says_where_another_piece_begins(layer: nn.Layer, x: np.ndarray, distance: float) -> None:
    here = branches(layer, x, 0.0)
    assert here
    assert branches(layer, x, distance - 1e-9) == here == branches(layer, x, -10.0)
    assert branches(layer, x, distance + 1e-9) != here


@pytest.mark.parametrize(
    ("loss", "a", "distance"),
    [(nn.Huber(0.5), -0.2, 0.7), (nn.Poisson(), 29.0, 1.0), (nn.Pinball((0.3,)), -0.2, 0.2)],
    ids=repr,
)
def test_a_loss_says_where_another_piece_begins(loss: nn.Loss, a: float, distance: float) -> None:
    def piece(change: float) -> list[bytes]:
        _, cache = loss.forward(XP, np.array([[a + change]]), np.zeros((1, 1)))
        return [np.asarray(branch).tobytes() for branch in loss.branches(XP, cache)]

    assert piece(distance - 1e-9) == piece(0.0) != piece(distance + 1e-9)


def test_a_penalty_says_the_signs_of_its_weights_where_it_depends_on_them() -> None:
    params = {"W": np.array([0.5, -1.0, 0.0])}
    (signs,) = nn.Penalty(l1=0.1).branches(XP, params, ("W",))
    assert signs.tolist() == [1, -1, 0]
    assert list(nn.Penalty(l2=0.1).branches(XP, params, ("W",))) == []


def test_what_is_smooth_has_no_branches() -> None:
    assert branches(nn.Sequential((nn.Tanh(), nn.Gelu())), np.array([[1.0, -0.5]]), 0.0) == []
