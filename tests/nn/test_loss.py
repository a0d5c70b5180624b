"""Losses worked by hand, and the tricks without which they would overflow."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError
from chainrule.nn import BinaryCrossEntropy, Huber, Loss, Pinball, Poisson, SoftmaxCrossEntropy, SquaredError
from tests.contracts.checks import agreement, assert_close

XP = engine_by_name("numpy").xp
LOG2, LOG3 = math.log(2), math.log(3)

# logits, targets, cost and da of two samples, by hand
BY_HAND: list[tuple[Loss, list[list[float]], list[list[float]], float, list[list[float]]]] = [
    (SquaredError(), [[1, 2], [3, 0]], [[0, 0], [3, 1]], (2.5 + 0.5) / 2, [[0.5, 1], [0, -0.5]]),
    (Huber(1.0), [[0.5], [-3.0]], [[0], [0]], (0.125 + 2.5) / 2, [[0.25], [-0.5]]),
    (Poisson(), [[0.0], [LOG3]], [[2], [0]], ((2 * LOG2 - 2 + 1) + 3) / 2, [[-0.5], [1.5]]),
    (BinaryCrossEntropy(), [[0.0], [LOG3]], [[1], [0]], (LOG2 + math.log(4)) / 2, [[-0.25], [0.375]]),
    (
        SoftmaxCrossEntropy(),
        [[0, 0], [LOG3, 0]],
        [[1, 0], [0, 1]],
        (LOG2 + math.log(4)) / 2,
        [[-0.25, 0.25], [0.375, -0.375]],
    ),
    # s = (0.8 + 0.1, 0.1) with ε = 0.2; y = (¾, ¼)
    (
        SoftmaxCrossEntropy(0.2),
        [[LOG3, 0]],
        [[1, 0]],
        -(0.9 * math.log(0.75) + 0.1 * math.log(0.25)),
        [[0.75 - 0.9, 0.25 - 0.1]],
    ),
]
BY_HAND += [
    # Below the target by 2 at q = 0.1, above by 1 at q = 0.5, on it at q = 0.9.
    (Pinball((0.1, 0.5, 0.9)), [[1, 4, 3]], [[3, 3, 3]], 0.1 * 2 + 0.5 * 1, [[-0.1, 0.5, 0]]),
    # Two quantiles, twice: outputs 0 and 2 are of 0.2, outputs 1 and 3 of 0.7.
    (Pinball((0.2, 0.7)), [[0, 0, 5, 5]], [[1, 1, 4, 4]], 0.2 + 0.7 + 0.8 + 0.3, [[-0.2, -0.7, 0.8, 0.3]]),
]
by_hand = pytest.mark.parametrize(("loss", "a", "t", "cost", "da"), BY_HAND, ids=lambda v: repr(v)[:30])


@by_hand
def test_the_cost_is_that_computed_by_hand(loss: Loss, a: list, t: list, cost: float, da: list) -> None:
    assert_close(loss.forward(XP, np.array(a, float), np.array(t, float))[0], cost, agreement(np.float64))


@by_hand
def test_da_is_that_computed_by_hand(loss: Loss, a: list, t: list, cost: float, da: list) -> None:
    _, cache = loss.forward(XP, np.array(a, float), np.array(t, float))
    assert_close(loss.backward(XP, cache), da, agreement(np.float64))


def test_softmax_over_time_is_taken_over_the_classes_of_each_step() -> None:
    # Two steps of two classes; over time both steps of a class would share what is 1 at each step alone.
    a = np.array([[[LOG3, 0.0], [0.0, 0.0]]])
    assert_close(SoftmaxCrossEntropy().link(XP, a), [[[0.75, 0.25], [0.5, 0.5]]], agreement(np.float64))
    J, cache = SoftmaxCrossEntropy().forward(XP, a, np.array([[1, 0]]))
    assert_close(J, (math.log(4) + LOG2) / 2, agreement(np.float64))
    da = SoftmaxCrossEntropy().backward(XP, cache)
    assert_close(da, [[[0.375, -0.375], [-0.25, 0.25]]], agreement(np.float64))


LINKS: list[tuple[Loss, list[float], list[float]]] = [
    (SquaredError(), [1.5, -2], [1.5, -2]),
    (Huber(), [1.5, -2], [1.5, -2]),
    (Poisson(), [0, LOG3], [1, 3]),
    (BinaryCrossEntropy(), [0, LOG3], [0.5, 0.75]),
    (SoftmaxCrossEntropy(), [LOG3, 0], [0.75, 0.25]),
]


@pytest.mark.parametrize(("loss", "a", "y"), LINKS, ids=lambda v: repr(v)[:30])
def test_the_prediction_is_that_computed_by_hand(loss: Loss, a: list[float], y: list[float]) -> None:
    assert_close(loss.link(XP, np.array([a], float)), [y], agreement(np.float64))


def test_two_logits_of_softmax_are_the_one_of_sigmoid() -> None:
    a = np.linspace(-3, 3, 7)[:, None]
    two = SoftmaxCrossEntropy().link(XP, np.hstack([a, np.zeros_like(a)]))[:, :1]
    assert_close(two, BinaryCrossEntropy().link(XP, a), agreement(np.float64))


def test_softmax_does_not_care_for_a_constant_on_all_logits() -> None:
    a = np.array([[1.0, 2.0, 3.0]])
    assert_close(SoftmaxCrossEntropy().link(XP, a + 500), SoftmaxCrossEntropy().link(XP, a), agreement(np.float64))


def test_the_loss_is_the_logarithm_of_the_prediction() -> None:
    a, t = np.array([[1.0, 2.0, -3.0]]), np.array([[0.2, 0.5, 0.3]])
    cost, _ = SoftmaxCrossEntropy().forward(XP, a, t)
    assert_close(cost, -(t * np.log(SoftmaxCrossEntropy().link(XP, a))).sum(), agreement(np.float64))


def test_the_textbook_softmax_overflows_where_ours_does_not() -> None:
    a, t = np.array([[1000.0, 0.0]]), np.array([[0.0, 1.0]])
    with np.errstate(all="ignore"):
        assert np.isnan(np.exp(a) / np.exp(a).sum()).any()
    assert SoftmaxCrossEntropy().forward(XP, a, t)[0] == 1000.0


def test_the_textbook_cross_entropy_is_infinite_where_ours_is_not() -> None:
    a, t = np.array([[1000.0]]), np.array([[0.0]])
    with np.errstate(all="ignore"):
        assert np.isinf(-np.log(1 - XP.expit(a))).all()
    assert BinaryCrossEntropy().forward(XP, a, t)[0] == 1000.0


def test_a_count_of_zero_costs_its_prediction() -> None:
    with np.errstate(all="ignore"):
        assert np.isnan(0.0 * np.log(np.float64(0.0)))
    assert Poisson().forward(XP, np.array([[0.0]]), np.array([[0.0]]))[0] == 1.0


def test_beyond_the_ceiling_the_poisson_cost_is_a_straight_line() -> None:
    cost = [float(Poisson().forward(XP, np.array([[a]]), np.zeros((1, 1)))[0]) for a in (30.0, 40.0, 50.0)]
    assert cost[2] - cost[1] == pytest.approx(cost[1] - cost[0], rel=1e-12)


def test_a_batch_of_no_weight_is_nan_without_the_guard() -> None:
    with np.errstate(all="ignore"):
        assert np.isnan(np.zeros(2) / np.zeros(2).sum()).all()
    cost, cache = SquaredError().forward(XP, np.ones((2, 1)), np.zeros((2, 1)), np.zeros(2))
    assert (cost, SquaredError().backward(XP, cache).tolist()) == (0.0, [[0.0], [0.0]])


@pytest.mark.parametrize(("kind", "value"), [(Huber, 0.0), (SoftmaxCrossEntropy, 1.0), (SoftmaxCrossEntropy, -0.1)])
def test_a_setting_out_of_its_range_is_named(kind: type, value: float) -> None:
    with pytest.raises(ConfigError, match=rf"(delta|smoothing) of {kind.__name__}"):
        kind(value)


@pytest.mark.parametrize(("a", "t"), [(40.0, 1.0), (-40.0, 0.0), (25.0, 1.0)])
def test_the_cost_of_a_label_that_is_all_but_right_keeps_its_digits(a: float, t: float) -> None:
    J, _ = BinaryCrossEntropy().forward(XP, np.array([[a]]), np.array([[t]]))
    assert float(J) == pytest.approx(math.exp(-abs(a)), rel=1e-10)
