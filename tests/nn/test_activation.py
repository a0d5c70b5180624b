"""Activations worked by hand, and what happens far out and at the kinks."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from chainrule.engine import Engine, engine_by_name
from chainrule.errors import ConfigError
from chainrule.nn import ACTIVATIONS, Activation, Elu, Gelu, LeakyRelu, Relu, Sigmoid, Silu, Softplus, Tanh
from chainrule.types import PREDICT
from tests.contracts.checks import agreement, assert_close, precision

XP = engine_by_name("numpy").xp

# y and dy/dx at x = 1 and x = -1, by hand: σ(1) = 1 / (1 + 1/e).
E = math.e
S = 1 / (1 + 1 / E)
PHI = 0.5 * (1 + math.erf(1 / math.sqrt(2)))
DENSITY = math.exp(-0.5) / math.sqrt(2 * math.pi)
BY_HAND: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "identity": ((1, -1), (1, 1)),
    "sigmoid": ((S, 1 - S), (S * (1 - S), S * (1 - S))),
    "tanh": ((2 / (1 + E**-2) - 1, 1 - 2 / (1 + E**-2)), (4 / (E + 1 / E) ** 2, 4 / (E + 1 / E) ** 2)),
    "relu": ((1, 0), (1, 0)),
    "leaky_relu": ((1, -0.01), (1, 0.01)),
    "elu": ((1, 1 / E - 1), (1, 1 / E)),
    "gelu": ((PHI, PHI - 1), (PHI + DENSITY, 1 - PHI - DENSITY)),
    "silu": ((S, S - 1), (S + S * (1 - S), 1 - S - S * (1 - S))),
    "softplus": ((math.log(1 + E), math.log(1 + 1 / E)), (S, 1 - S)),
}


def forward(layer: Activation, x: list[float]) -> np.ndarray:
    """Return y."""
    return layer.forward(XP, {}, np.array(x), PREDICT)[0]


def slope(layer: Activation, x: list[float]) -> np.ndarray:
    """Return dy/dx."""
    _, cache = layer.forward(XP, {}, np.array(x), PREDICT)
    return layer.backward(XP, {}, cache, np.ones(len(x)))[0]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_value_is_that_computed_by_hand(name: str) -> None:
    assert_close(forward(ACTIVATIONS[name], [1.0, -1.0]), BY_HAND[name][0], agreement(np.float64))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_slope_is_that_computed_by_hand(name: str) -> None:
    assert_close(slope(ACTIVATIONS[name], [1.0, -1.0]), BY_HAND[name][1], agreement(np.float64))


def test_tanh_is_a_sigmoid_stretched_and_centred() -> None:
    x = [-2.0, -0.3, 0.0, 1.7]
    assert_close(forward(Tanh(), x), 2 * forward(Sigmoid(), [2 * v for v in x]) - 1, agreement(np.float64))


@pytest.mark.parametrize(("layer", "at_the_kink"), [(Relu(), 0.0), (LeakyRelu(0.2), 0.2), (Elu(0.3), 0.3)], ids=repr)
def test_the_slope_at_the_kink_is_the_one_on_its_left(layer: Activation, at_the_kink: float) -> None:
    assert slope(layer, [0.0]) == at_the_kink


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_far_out_the_value_and_the_slope_are_finite(name: str) -> None:
    # Warnings are errors: an overflow on the way would fail as well.
    far = [1e4, -1e4, 750.0, -750.0]
    assert np.isfinite([forward(ACTIVATIONS[name], far), slope(ACTIVATIONS[name], far)]).all()


@pytest.mark.parametrize("layer", [Softplus(), Silu(), Gelu(), Elu(), Relu()], ids=repr)
def test_far_right_a_rectifier_is_the_identity(layer: Activation) -> None:
    assert_close(forward(layer, [800.0]), [800.0], agreement(np.float64))


NAIVE: dict[str, tuple[Activation, Callable[[np.ndarray], np.ndarray]]] = {
    "softplus": (Softplus(), lambda x: np.log(1 + np.exp(x))),
    "silu": (Silu(), lambda x: x * np.exp(x) / (1 + np.exp(x))),
    "sigmoid": (Sigmoid(), lambda x: np.exp(x) / (1 + np.exp(x))),
}


@pytest.mark.parametrize("name", NAIVE)
def test_the_textbook_formula_overflows_where_ours_does_not(name: str) -> None:
    layer, naive = NAIVE[name]
    with np.errstate(all="ignore"):
        assert not np.isfinite(naive(np.array([800.0]))).any()
    assert np.isfinite(forward(layer, [800.0])).all()


def test_elu_overflows_without_the_minimum_in_the_branch_not_taken() -> None:
    with pytest.warns(RuntimeWarning, match="overflow"):
        np.where(np.array([800.0]) > 0, 800.0, np.expm1(np.array([800.0])))
    assert forward(Elu(), [800.0]) == 800.0


def test_the_automatic_derivative_of_elu_is_finite_far_out() -> None:
    jax = pytest.importorskip("jax")
    xp = engine_by_name("jax").xp
    with precision("jax", "float64"):
        assert float(jax.grad(lambda x: Elu().forward(xp, {}, x, PREDICT)[0])(800.0)) == 1.0


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_a_saturated_unit_has_a_slope_of_zero(name: str, engine64: Engine) -> None:
    layer = ACTIVATIONS[name]
    with precision(engine64.name, "float64"):
        x = engine64.array([1e3, -1e3])
        _, cache = layer.forward(engine64.xp, {}, x, PREDICT)
        dx, _ = layer.backward(engine64.xp, {}, cache, engine64.xp.ones_like(x))
    assert not engine64.numpy(dx).any()


@pytest.mark.parametrize(
    ("kind", "value"),
    [(LeakyRelu, 0.0), (LeakyRelu, 1.0), (LeakyRelu, float("nan")), (Elu, 0.0), (Elu, -1.0), (Elu, "1")],
)
def test_a_setting_out_of_its_range_is_named(kind: type, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"(slope|alpha) of {kind.__name__}"):
        kind(value)


@pytest.mark.parametrize("layer", [Relu(), LeakyRelu(), Elu(0.5)], ids=repr)
def test_the_branches_of_a_rectifier_part_at_zero(layer: Activation) -> None:
    x = np.array([[-3.0, -1e-6, 0.0, 1e-6, 0.5, 3.0]])
    _, cache = layer.forward(XP, {}, x, PREDICT)
    (branch,) = layer.branches(XP, cache)
    np.testing.assert_array_equal(branch, x > 0)
