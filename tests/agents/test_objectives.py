"""Objectives of policies: gradients by number on both engines, and an estimate whose mean is the exact gradient."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from chainrule.agents.categorical import draw, log_softmax
from chainrule.agents.objectives import ActorCritic, ClippedSurrogate, LikelihoodRatio
from chainrule.engine import engine_by_name, placed
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ShapeError
from chainrule.network import Network
from chainrule.nn import Dense, SoftmaxCrossEntropy, SquaredError, Tanh
from chainrule.optim import GradientDescent
from chainrule.train import Learner
from chainrule.train.steps import LossAndGrads
from chainrule.tree import leaves, map_leaves
from chainrule.types import Batch, Context
from tests.contracts.checks import numeric, precision

POLICY = Network([Dense(3), Tanh(), Dense(3)], (3,), SoftmaxCrossEntropy())
VALUE = Network([Dense(3), Tanh(), Dense(1)], (3,), SquaredError())
OBJECTIVES = (
    LikelihoodRatio(POLICY),
    LikelihoodRatio(POLICY, VALUE, value_share=0.7, entropy_share=0.3),
    ClippedSurrogate(POLICY, VALUE, value_share=0.7, entropy_share=0.3, clip=0.1),
)


def batch(rng: np.random.Generator, n: int = 12) -> Batch:
    t = {
        "chosen": np.eye(3)[rng.integers(3, size=n)],
        "advantage": rng.normal(size=n),
        "target": rng.normal(size=n),
        # Ratios on both sides of the interval and inside it.
        "log_before": np.log(1 / 3) + rng.uniform(-0.6, 0.6, n),
    }
    return Batch(rng.normal(size=(n, 3)), t, rng.integers(0, 2, n).astype(float))


@pytest.mark.parametrize("engine", ["numpy", "jax"])
@pytest.mark.parametrize("objective", OBJECTIVES, ids=["reinforce", "baseline", "ppo"])
def test_the_gradient_is_the_slope_by_number(objective: ActorCritic, engine: str) -> None:
    with precision(engine, "float64"):
        check_slopes(objective, engine)


def check_slopes(objective: ActorCritic, engine: str) -> None:
    rng, where = np.random.default_rng(0), engine_by_name(engine, "float64")
    params = objective.init(rng)
    data = placed(where, batch(rng))
    step, tolerance = numeric(np.float64)
    program = where.compile(LossAndGrads(objective))

    def cost(at: object) -> float:
        return float(where.numpy(program(where.place(at), data, None)[0]))

    grads = map_leaves(where.numpy, program(where.place(params), data, None)[1])
    for path, value in leaves(params):
        v = rng.normal(size=value.shape)

        def moved(h: float, path: str = path, v: np.ndarray = v) -> float:
            at = map_leaves(np.array, params)
            node = at
            *parents, last = path.split(".")
            for name in parents:
                node = node[name]
            node[last] = node[last] + h * v
            return cost(at)

        slope = (8 * (moved(step) - moved(-step)) - (moved(2 * step) - moved(-2 * step))) / (12 * step)
        by_hand = float((dict(leaves(grads))[path] * v).sum())
        assert abs(by_hand - slope) <= tolerance * max(1.0, abs(slope)), path
        assert by_hand != 0


def test_a_row_of_weight_zero_is_no_row() -> None:
    objective, rng = OBJECTIVES[2], np.random.default_rng(1)
    params, data = objective.init(rng), batch(rng)
    some = np.flatnonzero(data.w)
    few = Batch(data.x[some], {name: array[some] for name, array in data.t.items()})
    whole = objective.loss_and_grads(NUMPY, params, data, Context())
    part = objective.loss_and_grads(NUMPY, params, few, Context())
    np.testing.assert_allclose(whole[0], part[0])
    for name, value in leaves(whole[1]):
        np.testing.assert_allclose(value, dict(leaves(part[1]))[name], atol=1e-14)


def test_the_clipped_cost_by_hand() -> None:
    objective = replace(OBJECTIVES[2], clip=0.2)
    # Ratios 1.5, 1.5, 0.5, 0.5 with advantages 2, -2, 2, -2.
    t = {"advantage": np.array([2.0, -2.0, 2.0, -2.0]), "log_before": np.zeros(4)}
    cost, slope = objective.policy_cost(NUMPY, np.log([1.5, 1.5, 0.5, 0.5]), t)
    np.testing.assert_allclose(cost, [-2.4, 3.0, -1.0, 1.6])
    np.testing.assert_allclose(slope, [0.0, 3.0, -1.0, 0.0])


def test_a_learner_takes_the_steps_of_gradient_descent() -> None:
    objective, rng = OBJECTIVES[2], np.random.default_rng(2)
    params, data = objective.init(rng), batch(rng)
    for engine in ("numpy", "jax"):
        with precision(engine, "float64"):
            where = engine_by_name(engine, "float64")
            learner = Learner(objective, params, rule=GradientDescent(), engine=where, rate=0.1)
            learner.step(data)
            moved = dict(leaves(map_leaves(where.numpy, learner.params)))
        _, grads = objective.loss_and_grads(NUMPY, params, data, Context(True))
        by_name = dict(leaves(grads))
        assert moved.keys() == by_name.keys()
        for path, p in leaves(params):
            np.testing.assert_allclose(moved[path], p - 0.1 * by_name[path], atol=1e-12, err_msg=path)


def test_the_policy_gradient_is_unbiased_with_any_baseline() -> None:
    """Two states, two actions: the mean over all four ways is the gradient of the expected return."""
    policy = Network([Dense(2)], (2,), SoftmaxCrossEntropy())
    objective, rng = LikelihoodRatio(policy), np.random.default_rng(3)
    params = objective.init(rng)
    rewards = np.array([[1.0, -2.0], [0.5, 3.0]])  # r(s, a); s0 -> s1 -> end, whatever is done
    x = np.eye(2)

    def expected(at: object) -> float:
        pi = np.exp(log_softmax(NUMPY, policy.forward(NUMPY, at["policy"], x)))
        return float((pi * rewards).sum())

    pi = np.exp(log_softmax(NUMPY, policy.forward(NUMPY, params["policy"], x)))
    for baseline in (np.zeros(2), np.array([1.7, -0.4])):
        mean = map_leaves(np.zeros_like, params)
        for a0, a1 in itertools.product(range(2), repeat=2):
            g = np.array([rewards[0, a0] + rewards[1, a1], rewards[1, a1]])
            t = {"chosen": np.eye(2)[[a0, a1]], "advantage": g - baseline, "target": g, "log_before": g}
            _, grads = objective.loss_and_grads(NUMPY, params, Batch(x, t), Context())
            # The objective means over the two steps; the gradient of the return sums over them.
            p = pi[0, a0] * pi[1, a1] * 2
            mean = map_leaves(lambda m, g, p=p: m + p * g, mean, grads)
        for path, value in leaves(params):
            for i in np.ndindex(value.shape):
                up, down = map_leaves(np.array, params), map_leaves(np.array, params)
                dict(leaves(up))[path][i] += 1e-5
                dict(leaves(down))[path][i] -= 1e-5
                slope = (expected(up) - expected(down)) / 2e-5
                assert abs(-dict(leaves(mean))[path][i] - slope) < 1e-8


def test_actions_are_drawn_with_their_probabilities() -> None:
    pi = np.array([0.1, 0.2, 0.7])
    actions = draw(np.random.default_rng(0), np.tile(np.log(pi), (20_000, 1)))
    np.testing.assert_allclose(np.bincount(actions) / 20_000, pi, atol=5 * 0.5 / np.sqrt(20_000))


def test_large_logits_overflow_nothing() -> None:
    np.testing.assert_allclose(log_softmax(NUMPY, np.array([[1e4, 0.0]])), [[0.0, -1e4]])


def test_what_does_not_fit_is_named() -> None:
    data = batch(np.random.default_rng(0))
    with pytest.raises(ShapeError, match="t with advantage"):
        OBJECTIVES[0].check(Batch(data.x, {"chosen": data.t["chosen"]}))
    with pytest.raises(ShapeError, match=r"advantage of shape \(12,\); got \(12, 1\)"):
        OBJECTIVES[0].check(Batch(data.x, {**data.t, "advantage": np.zeros((12, 1))}))
