"""A layer of a user's own that returns something else than a layer does is refused by its name before the first step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

import chainrule
from chainrule.errors import ShapeError
from chainrule.nn import Dense, Residual, SoftmaxCrossEntropy, Tanh
from chainrule.nn.layer import Equations, Layer, Param
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape

X = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
T = (X[:, 0] > 0).astype(int)


@dataclass(frozen=True)
class Mine(Layer):
    """x W, spoilt by `spoil` and `spoil_back`."""

    spoil: Callable[..., Any] | None = None
    spoil_back: Callable[..., Any] | None = None

    equations: ClassVar[Equations] = Equations(forward=("y = x W",), backward={})

    def params(self, shape: Shape) -> dict[str, Param]:
        return {"W": Param((shape[0], 4))}

    def output_shape(self, shape: Shape) -> Shape:
        return (4,)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        y = x @ p["W"]
        return self.spoil(p, x, y) if self.spoil else (y, {"x": x})

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        dx, dW = dy @ p["W"].T, cache["x"].T @ dy
        return self.spoil_back(dx, dW) if self.spoil_back else (dx, {"W": dW})


FORWARD: dict[str, tuple[Callable[..., Any], str]] = {
    "another shape": (lambda p, x, y: (y[:, :2], {"x": x}), "y of the shape (2, 4)"),
    "one for all": (lambda p, x, y: (y[:1], {"x": x}), "y of the shape (2, 4)"),
    "no cache": (lambda p, x, y: y, "y and the cache"),
    "nothing": (lambda p, x, y: None, "a NoneType"),
    "a list": (lambda p, x, y: ([[1.0] * 4] * 2, {"x": x}), "a list"),
    "an unknown name": (lambda p, x, y: (p["V"], {"x": x}), "KeyError: 'V'"),
    "a product that does not fit": (lambda p, x, y: (x @ p["W"][:2], {"x": x}), "x (2, 4), W (4, 4)"),
}
BACKWARD: dict[str, tuple[Callable[..., Any], str]] = {
    "one column": (lambda dx, dW: (dx[:, :1], {"W": dW}), "dx of the shape of x, (2, 4)"),
    "no gradient": (lambda dx, dW: (dx, {}), "a gradient for each of 'W'"),
    "another name": (lambda dx, dW: (dx, {"dW": dW}), "a gradient for each of 'W'"),
    "gradients alone": (lambda dx, dW: {"W": dW}, "dx and the gradients"),
    "an error": (lambda dx, dW: (1 / 0, {"W": dW}), "ZeroDivisionError"),
}


def _fit(layer: Layer, engine: str) -> chainrule.Fitted:
    network = chainrule.Network([("before", Dense(4)), ("mine", layer), Tanh(), Dense(2)], (4,), SoftmaxCrossEntropy())
    return network.fit(X, T, epochs=1, engine=engine)


@pytest.mark.parametrize("engine", ["numpy", "jax"])
@pytest.mark.parametrize("case", FORWARD)
def test_a_forward_pass_that_is_none_is_refused_by_the_layers_name(case: str, engine: str) -> None:
    spoil, says = FORWARD[case]
    with pytest.raises(ShapeError, match=r"forward of layer 'mine' \(Mine\)") as refused:
        _fit(Mine(spoil), engine)
    assert says in str(refused.value)


@pytest.mark.parametrize("engine", ["numpy", "jax"])
@pytest.mark.parametrize("case", BACKWARD)
def test_a_backward_pass_that_is_none_is_refused_by_the_layers_name(case: str, engine: str) -> None:
    spoil, says = BACKWARD[case]
    with pytest.raises(ShapeError, match=r"backward of layer 'mine' \(Mine\)") as refused:
        _fit(Mine(spoil_back=spoil), engine)
    assert says in str(refused.value)


def test_the_line_that_raised_is_in_the_traceback() -> None:
    with pytest.raises(ShapeError) as refused:
        _fit(Mine(FORWARD["an unknown name"][0]), "numpy")
    assert isinstance(refused.value.__cause__, KeyError)


def test_a_layer_inside_a_bypass_is_found() -> None:
    with pytest.raises(ShapeError, match=r"layer 'mine' \(Mine\)"):
        _fit(Residual(Mine(FORWARD["another shape"][0])), "numpy")


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_a_right_layer_learns(engine: str) -> None:
    assert 0 <= _fit(Mine(), engine).evaluate(X, T)["accuracy"] <= 1
