"""Conv1D, worked by hand and beside PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.errors import ShapeError
from chainrule.nn import Conv1D
from chainrule.types import PREDICT
from tests.contracts.checks import agreement, assert_close

XP = engine_by_name("numpy").xp
X = np.array([1.0, 2.0, 4.0, 8.0]).reshape(1, 4, 1)
P = {"W": np.array([1.0, -1.0, 3.0]).reshape(3, 1, 1), "b": np.array([0.5])}
DY = np.array([1.0, 10.0]).reshape(1, 2, 1)


def test_y_dx_and_gradients_are_those_computed_by_hand() -> None:
    y, cache = Conv1D(1).forward(XP, P, X, PREDICT)
    dx, grads = Conv1D(1).backward(XP, P, cache, DY)
    assert y[0, :, 0].tolist() == [11.5, 22.5]
    assert dx[0, :, 0].tolist() == [1.0, 9.0, -7.0, 30.0]
    assert grads["W"][:, 0, 0].tolist() == [21.0, 42.0, 84.0]
    assert grads["b"].tolist() == [11.0]


def test_a_kernel_longer_than_the_sequence_is_told_with_both_lengths_and_the_remedy() -> None:
    with pytest.raises(ShapeError, match=r"Conv1D to fit.*reaches over 9 on a sequence of 8 .*Use a smaller kernel"):
        Conv1D(4, 5, dilation=2).output_shape((8, 2))


def test_an_image_is_refused_with_the_remedy() -> None:
    with pytest.raises(ShapeError, match=r"Conv1D to receive sequences of shape \(T, C\).*\(8, 8, 1\).*Reshape"):
        Conv1D(4).output_shape((8, 8, 1))


def test_pytorch_computes_the_same() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(0)
    layer = Conv1D(6, 3, stride=2, dilation=2, groups=2)
    x = rng.normal(size=(3, 11, 4))
    p = {name: rng.normal(size=param.shape) for name, param in layer.params((11, 4)).items()}
    weights = (torch.tensor(p["W"].transpose(2, 1, 0).copy()), torch.tensor(p["b"]))
    ty = torch.nn.functional.conv1d(torch.tensor(x.transpose(0, 2, 1).copy()), *weights, 2, 0, 2, 2)
    assert_close(layer.forward(XP, p, x, PREDICT)[0].transpose(0, 2, 1), ty.numpy(), agreement(np.float64))
