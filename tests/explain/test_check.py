"""A verdict is right: no false alarm where nothing differs, and no mistake that hides behind the noise."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

from chainrule import nn, train
from chainrule.explain import check_gradients, derive, derive_output
from chainrule.explain.check import Check, judged, with_error
from chainrule.explain.slope import Slope
from chainrule.network.network import Network
from chainrule.nn.layer import Equations
from chainrule.playground.session import Session
from chainrule.playground.spec import DEFAULT, DataSpec
from chainrule.tree import leaves
from chainrule.types import Array, Batch, Cache, Context, Namespace, Params
from tests.contracts.test_planted_bugs import (
    AffineBackward,
    FrozenBias,
    SummingDerivative,
    WrongTanh,
    WrongTranspose,
)
from tests.deep import slopes
from tests.explain import cases


def slope(value: float, error: float, rounding: float = 1e-16) -> Slope:
    return Slope(value, error, 2.0**-9, rounding)


@pytest.mark.parametrize(
    ("derived", "measured", "verdict", "word"),
    [
        (0.5, slope(0.5 + 1e-12, 1e-11), "agrees", ""),
        (0.5, slope(0.5 + 1e-9, 1e-11), "differs", "apart"),
        (0.0, slope(0.5, 1e-11), "differs", "apart"),
        (0.5, slope(0.0, 1e-11), "differs", "apart"),
        (0.0, slope(9e-15, 2e-14), "agrees", "both are zero"),
        (0.0, slope(0.0, 0.0), "agrees", "both are zero"),
        (1e-14, slope(2e-14, 5e-14), "cannot be told", "too small"),
        (0.5, slope(0.48, 0.03), "cannot be told", "too small"),
        (math.nan, slope(0.5, 1e-11), "cannot be told", "not a finite number"),
        (0.5, slope(math.nan, math.inf), "cannot be told", "not a finite number"),
        (0.5, replace(slope(0.5, 1e-11), sides=(0.0, 1.0)), "cannot be told", "kink"),
    ],
)
def test_a_verdict_goes_by_the_error_bar(derived: float, measured: Slope, verdict: str, word: str) -> None:
    check = judged(derived, measured)
    assert (check.verdict, check.agrees) == (verdict, verdict == "agrees")
    assert word in check.why
    assert bool(word) == bool(check.why)


def test_a_difference_smaller_than_the_rounding_of_the_terms_is_no_difference() -> None:
    """Σ t log y of a row that is right has lost all its digits, though it is 0 to the last."""
    flat = Slope(0.0, 0.0, 0.125, 0.0)
    assert judged(1e-15, flat, least=1e-16).verdict == "cannot be told"
    assert judged(1e-12, flat, least=1e-16).verdict == "differs"


def test_both_zero_has_no_relative_error() -> None:
    assert judged(0.0, slope(9e-15, 2e-14)).relative_error is None
    assert judged(0.5, slope(0.5, 1e-12)).relative_error == 0.0


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.00288298123, 3e-11, "0.00288298123 ± 3·10⁻¹¹"),
        (0.00288298123, 3e-5, "0.002883 ± 3·10⁻⁵"),
        (-1.5, 0.0, "−1.5 ± 0"),
        (0.0, 1e-14, "0 ± 1·10⁻¹⁴"),
        (math.nan, math.inf, "NaN"),
    ],
)
def test_a_measured_value_has_the_digits_that_are_known(value: float, error: float, text: str) -> None:
    assert with_error(value, error) == text


def trained(data: str, activation: str, epochs: int) -> Session:
    layers = tuple(replace(layer, activation=activation) for layer in DEFAULT.layers)
    session = Session(replace(DEFAULT, data=DataSpec(data), layers=layers))
    for _ in range(epochs):
        session.learner.step("epoch")
    return session


def checks_of(session: Session, row: int | None = None) -> dict[str, Check]:
    scene, params = session.scene, session.learner.trainer.params
    found = {}
    for name, value in leaves(params):
        for index in np.ndindex(value.shape):
            address = f"{name}[{','.join(map(str, index))}]"
            found[address] = derive(scene.network, address, scene.train.x, scene.train.t, params=params, row=row).check
    return found


@pytest.mark.parametrize("data", ["circle", "spiral"])
def test_kinks_within_a_step_raise_no_false_alarm(data: str) -> None:
    """Both layers ReLU, all 250 rows: the fixed step of before crossed kinks, and five parameters "differed"."""
    found = checks_of(trained(data, "relu", 0))
    assert not [check for check in found.values() if check.verdict == "differs"]
    # Of the spiral, a point lies in the middle, where biases of 0 have their kink.
    told = {name for name, check in found.items() if check.agrees}
    assert told == set(found) or (data == "spiral" and "kink" in found["hidden1.b[0]"].why)
    assert len(told) > 20
    assert found["hidden1.W[0,0]"].relative_error is not None


def test_the_circle_bias_that_was_called_wrong_agrees() -> None:
    check = checks_of(trained("circle", "relu", 0))["hidden1.b[0]"]
    assert check.agrees
    assert check.error < 1e-6 * abs(check.analytic)


@pytest.mark.parametrize("row", [0, 3, 7])
def test_one_row_of_a_network_that_has_learned_raises_no_false_alarm(row: int) -> None:
    """XOR, tanh, 1000 epochs: derivatives so small that rounding is larger."""
    found = checks_of(session_of_xor(), row)
    assert not [check for check in found.values() if check.verdict == "differs"]
    assert any(check.agrees for check in found.values())


@cache
def session_of_xor() -> Session:
    return trained("xor", "tanh", 1000)


def test_no_activation_loss_penalty_depth_or_epoch_raises_a_false_alarm_or_hides_a_mistake() -> None:
    """A part of the sweep that `python -m tests.deep.slopes` makes."""
    tally = slopes.sweep(every=43, entries=4, epochs=(0, 100))
    assert tally.checks > 300
    assert tally.false_alarms == []
    assert tally.planted > 2000
    assert tally.hidden == []
    assert tally.verdicts["cannot be told"] < 0.1 * tally.checks


def planted(layer: nn.Layer, loss: nn.Loss | None = None) -> bool:
    network = Network(nn.Sequential((nn.Dense(3), nn.Tanh(), layer, nn.Dense(3))), (3,), loss or nn.SquaredError())
    rng = np.random.default_rng(0)
    batch = Batch(rng.normal(size=(5, 3)), rng.normal(size=(5, 3)))
    return check_gradients(network, network.init(rng), batch).verdict == "differs"


@pytest.mark.parametrize("layer", [WrongTranspose(3), FrozenBias(3), WrongTanh(), AffineBackward()], ids=repr)
def test_a_mistake_that_is_planted_in_a_layer_is_found(layer: nn.Layer) -> None:
    assert planted(layer)


def test_a_mistake_that_is_planted_in_a_loss_is_found() -> None:
    assert planted(nn.Tanh(), SummingDerivative())
    assert not planted(nn.Tanh())


@dataclass(frozen=True)
class Bend(nn.Layer):
    """max(x, 3 x), as somebody may write it who has never heard of branches."""

    equations = Equations(forward=("y = max(x, 3 x)",), backward={"dx": "dy or 3 dy"})

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        return xp.maximum(x, 3 * x), {"x": x}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        return xp.where(cache["x"] > 0, 3 * dy, dy), {}


def bend(bias: float) -> Check:
    network = Network(nn.Sequential((nn.Dense(1), Bend())), (1,), nn.SquaredError())
    params = {"dense1": {"W": np.zeros((1, 1)), "b": np.array([bias])}, "bend1": {}}
    return derive(network, "dense1.b[0]", np.ones((1, 1)), np.full((1, 1), -2.0), params=params).check


def test_a_kink_of_a_layer_that_does_not_say_so_shows_in_its_slopes() -> None:
    check = bend(0.0)
    assert (check.verdict, "kink" in check.why) == ("cannot be told", True)
    assert check.sides == pytest.approx((2.0, 6.0), rel=1e-9)
    assert check.measured == "2 below, 6 above"
    assert bend(0.01).agrees
    assert bend(-1e-5).agrees


def test_a_penalty_on_a_weight_of_zero_is_a_kink() -> None:
    case = cases.dense_cases()[1]
    case.params["output"]["W"][0, 0] = 0.0
    told = derive(
        case.network, "output.W[0,0]", case.batch.x, case.batch.t, params=case.params, penalty=nn.Penalty(l1=0.1)
    ).check
    assert told.sides is not None
    below, above = told.sides
    assert above - below == pytest.approx(0.2, rel=1e-6)


def test_a_cost_that_is_infinite_cannot_be_told() -> None:
    case = cases.dense_cases()[10]
    case.params["output"]["W"][...] = 1e200
    with np.errstate(over="ignore", invalid="ignore"):
        told = derive_output(case.network, 0, case.batch.x, case.batch.t, params=case.params).check
    assert told.verdict == "cannot be told"


def test_of_zeros_every_rectifier_stands_on_its_kink() -> None:
    network = Network(nn.Sequential((nn.Dense(3), nn.Relu(), nn.Dense(2))), (2,), nn.SoftmaxCrossEntropy())
    params = network.init(np.random.default_rng(0))
    params["dense1"]["W"][...] = 0.0  # type: ignore[index]
    batch = Batch(np.array([[1.0, 2.0], [-1.0, 0.5], [2.0, 0.3]]), np.eye(2)[[0, 1, 1]])
    found = check_gradients(train.Supervised(network), params, batch)
    assert {p.name: p.verdict for p in found.parameters} == {
        "dense1.W": "cannot be told",
        "dense1.b": "cannot be told",
        "dense2.W": "agrees",
        "dense2.b": "agrees",
    }
    assert found.verdict == "cannot be told"
    assert "kink" in str(found)
