"""ConvTranspose2D, worked by hand and beside PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.errors import ShapeError
from chainrule.nn import Conv2D, ConvTranspose2D
from chainrule.types import PREDICT
from tests.contracts.checks import agreement, assert_close

XP = engine_by_name("numpy").xp
# Two values, a kernel of 1 × 3 laid down at steps of 2: they overlap in the middle.
X = np.array([1.0, 10.0]).reshape(1, 1, 2, 1)
P = {"W": np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1), "b": np.array([0.5])}
DY = np.array([1.0, 0.0, 2.0, 0.0, 1.0]).reshape(1, 1, 5, 1)
LAYER = ConvTranspose2D(1, (1, 3), stride=(1, 2))


def test_y_dx_and_gradients_are_those_computed_by_hand() -> None:
    y, cache = LAYER.forward(XP, P, X, PREDICT)
    dx, grads = LAYER.backward(XP, P, cache, DY)
    assert y[0, 0, :, 0].tolist() == [1.5, 2.5, 13.5, 20.5, 30.5]
    assert dx[0, 0, :, 0].tolist() == [7.0, 5.0]
    assert grads["W"][0, :, 0, 0].tolist() == [21.0, 0.0, 12.0]
    assert grads["b"].tolist() == [4.0]


def test_it_is_the_adjoint_of_the_convolution_of_the_same_kernel() -> None:
    # ⟨conv(z), x⟩ = ⟨z, transposed(x)⟩ for all z and x.
    rng = np.random.default_rng(0)
    settings = {"kernel": 3, "stride": 2, "padding": "same", "bias": False}
    z, x, W = rng.normal(size=(2, 8, 6, 3)), rng.normal(size=(2, 4, 3, 5)), rng.normal(size=(3, 3, 3, 5))
    forward, _ = Conv2D(5, **settings).forward(XP, {"W": W}, z, PREDICT)  # type: ignore[arg-type]
    back, _ = ConvTranspose2D(3, **settings).forward(XP, {"W": W}, x, PREDICT)  # type: ignore[arg-type]
    assert_close(np.vdot(z, back), np.vdot(forward, x), agreement(np.float64))


def test_a_decoder_doubles_the_image() -> None:
    assert ConvTranspose2D(8, 3, stride=2, padding="same").output_shape((7, 5, 16)) == (14, 10, 8)


def test_a_vector_is_refused_with_the_remedy() -> None:
    with pytest.raises(ShapeError, match=r"ConvTranspose2D to receive images.*\(9,\).*Reshape"):
        LAYER.output_shape((9,))


def test_pytorch_computes_the_same() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(0)
    layer = ConvTranspose2D(5, 3, stride=2, dilation=2)
    x = rng.normal(size=(3, 4, 3, 2))
    p = {name: rng.normal(size=param.shape) for name, param in layer.params((4, 3, 2)).items()}
    tensors = (torch.tensor(a.copy()) for a in (x.transpose(0, 3, 1, 2), p["W"].transpose(3, 2, 0, 1), p["b"]))
    ty = torch.nn.functional.conv_transpose2d(*tensors, stride=2, dilation=2)
    assert_close(layer.forward(XP, p, x, PREDICT)[0].transpose(0, 3, 1, 2), ty.numpy(), agreement(np.float64))
