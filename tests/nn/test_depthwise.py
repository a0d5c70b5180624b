"""DepthwiseConv2D, worked by hand and beside PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.errors import ShapeError
from chainrule.nn import DepthwiseConv2D
from chainrule.types import PREDICT
from tests.contracts.checks import agreement, assert_close

XP = engine_by_name("numpy").xp
# One row of three pixels with two channels: (1, 10), (2, 20), (3, 30); a kernel of 1 × 2 for each channel.
X = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]).reshape(1, 1, 3, 2)
P = {"W": np.array([[1.0, 2.0], [-1.0, 1.0]]).reshape(1, 2, 2, 1), "b": np.array([0.0, 0.5])}
DY = np.array([[1.0, 1.0], [2.0, 3.0]]).reshape(1, 1, 2, 2)
LAYER = DepthwiseConv2D((1, 2))


def test_y_dx_and_gradients_are_those_computed_by_hand() -> None:
    y, cache = LAYER.forward(XP, P, X, PREDICT)
    dx, grads = LAYER.backward(XP, P, cache, DY)
    assert y[0, 0].tolist() == [[-1.0, 40.5], [-1.0, 70.5]]
    assert dx[0, 0].tolist() == [[1.0, 2.0], [1.0, 7.0], [-2.0, 3.0]]
    assert grads["W"][0, :, :, 0].tolist() == [[5.0, 70.0], [8.0, 110.0]]
    assert grads["b"].tolist() == [3.0, 4.0]


def test_a_vector_is_refused_with_the_remedy() -> None:
    with pytest.raises(ShapeError, match=r"DepthwiseConv2D to receive images.*\(9,\).*Reshape"):
        LAYER.output_shape((9,))


def test_operations_count_every_kernel_at_every_place() -> None:
    assert DepthwiseConv2D(3, 2).operations((10, 10, 4)) == 2 * 9 * 8 * 64


def test_pytorch_computes_the_same() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(0)
    layer = DepthwiseConv2D(3, 2, stride=2, dilation=2)
    x = rng.normal(size=(3, 8, 7, 4))
    p = {name: rng.normal(size=param.shape) for name, param in layer.params((8, 7, 4)).items()}
    W = p["W"].reshape(3, 3, 1, 8).transpose(3, 2, 0, 1)
    tensors = (torch.tensor(a.copy()) for a in (x.transpose(0, 3, 1, 2), W, p["b"]))
    ty = torch.nn.functional.conv2d(*tensors, stride=2, dilation=2, groups=4)
    assert_close(layer.forward(XP, p, x, PREDICT)[0].transpose(0, 3, 1, 2), ty.numpy(), agreement(np.float64))
