"""Penalties, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError
from chainrule.nn import Penalty
from tests.contracts.checks import agreement, assert_close

XP = engine_by_name("numpy").xp
PARAMS = {"a": {"W": np.array([[1.0, -2.0], [0.0, 3.0]]), "b": np.array([100.0])}, "c": {"W": np.array([[-1.0]])}}
PENALISED = ("a.W", "c.W")

# |W|: 1 + 2 + 0 + 3 + 1 = 7; W²: 1 + 4 + 0 + 9 + 1 = 15; five weights
BY_HAND = [
    (Penalty(l1=0.1), 0.7, [[0.1, -0.1], [0.0, 0.1]]),
    (Penalty(l2=0.1), 0.75, [[0.1, -0.2], [0.0, 0.3]]),
    (Penalty(l1=0.1, l2=0.1), 1.45, [[0.2, -0.3], [0.0, 0.4]]),
    (Penalty(l1=0.1, l2=0.1, normalised=True), 0.29, [[0.04, -0.06], [0.0, 0.08]]),
]
by_hand = pytest.mark.parametrize(("penalty", "cost", "dW"), BY_HAND, ids=lambda v: repr(v)[:50])


@by_hand
def test_the_cost_is_that_computed_by_hand(penalty: Penalty, cost: float, dW: list[list[float]]) -> None:
    assert_close(penalty.forward(XP, PARAMS, PENALISED), cost, agreement(np.float64))


@by_hand
def test_the_derivative_is_that_computed_by_hand(penalty: Penalty, cost: float, dW: list[list[float]]) -> None:
    assert_close(penalty.backward(XP, PARAMS, PENALISED)["a.W"], dW, agreement(np.float64))


def test_a_derivative_is_given_for_each_penalised_parameter_alone() -> None:
    assert set(Penalty(l2=1.0).backward(XP, PARAMS, PENALISED)) == {"a.W", "c.W"}


def test_a_normalised_penalty_does_not_grow_with_the_network() -> None:
    small, large = {"W": np.ones((2, 2))}, {"W": np.ones((20, 20))}
    penalty = Penalty(l1=0.3, l2=0.4, normalised=True)
    assert penalty.forward(XP, small, ("W",)) == pytest.approx(penalty.forward(XP, large, ("W",)), rel=1e-12)


def test_a_penalty_of_nothing_is_false() -> None:
    assert not Penalty(normalised=True)


@pytest.mark.parametrize("penalty", [Penalty(l1=0.1), Penalty(l2=0.1)], ids=repr)
def test_a_penalty_of_something_is_true(penalty: Penalty) -> None:
    assert penalty


@pytest.mark.parametrize("settings", [{"l1": -0.1}, {"l2": float("inf")}, {"l2": "0.1"}, {"normalised": None}], ids=str)
def test_a_setting_out_of_its_range_is_named(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(settings))} of Penalty"):
        Penalty(**settings)  # type: ignore[arg-type]
