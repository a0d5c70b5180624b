"""The supervised objective: cost plus penalty, and the scores of a data set."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engine import Engine, engine_by_name
from chainrule.network import Network, mlp
from chainrule.nn import (
    BinaryCrossEntropy,
    Dense,
    Flatten,
    Loss,
    Penalty,
    Residual,
    Sequential,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
)
from chainrule.train import Supervised
from chainrule.types import PREDICT, Batch, leaves, map_leaves
from tests.contracts.checks import assert_close, derivative, numeric, unit, with_leaf

XP = engine_by_name("numpy").xp
NETWORK = Network(Sequential((Dense(4), Tanh(), Residual(Dense(4)), Dense(3))), (2,), SoftmaxCrossEntropy())


def batch() -> Batch:
    """Return a small weighted batch."""
    rng = np.random.default_rng(0)
    return Batch(rng.normal(size=(5, 2)), np.eye(3)[[0, 1, 2, 0, 1]], rng.uniform(0.5, 2.0, 5))


@pytest.mark.parametrize(
    "penalty", [Penalty(), Penalty(l1=0.3), Penalty(l2=0.3), Penalty(0.1, 0.2, normalised=True)], ids=repr
)
def test_gradients_with_a_penalty_are_the_derivatives_by_number(penalty: Penalty) -> None:
    objective = Supervised(NETWORK, penalty)
    params = objective.init(np.random.default_rng(0))
    _, grads = objective.loss_and_grads(XP, params, batch(), PREDICT)
    for path, value in leaves(params):
        direction = unit(np.random.default_rng(1), value.shape)

        def cost(moved: np.ndarray, path: str = path) -> float:
            return float(objective.loss_and_grads(XP, with_leaf(params, path, moved), batch(), PREDICT)[0])

        gradient = dict(leaves(grads))[path]
        assert_close(np.vdot(gradient, direction), derivative(cost, value, direction), numeric(np.float64)[1])


def test_no_penalty_falls_on_the_biases() -> None:
    plain, penalised = Supervised(NETWORK), Supervised(NETWORK, Penalty(1.0, 1.0))
    params = map_leaves(lambda p: p + 1.0, NETWORK.init(np.random.default_rng(0)))
    without = dict(leaves(plain.loss_and_grads(XP, params, batch(), PREDICT)[1]))
    with_penalty = dict(leaves(penalised.loss_and_grads(XP, params, batch(), PREDICT)[1]))
    changed = {path for path in without if not np.array_equal(without[path], with_penalty[path])}
    assert changed == {"dense1.W", "residual1.W", "dense2.W"}


def evaluate(loss: Loss, a: list[list[float]], t: list[list[float]], w: list[float] | None = None) -> dict[str, float]:
    """Return the scores of a network whose logits are its inputs."""
    network = Network(Sequential((Flatten(),)), (len(a[0]),), loss)
    engine: Engine = engine_by_name("numpy", "float64")
    data = Batch(np.array(a), np.array(t), None if w is None else np.array(w))
    return Supervised(network).evaluate(engine, engine.place(network.init(np.random.default_rng(0))), data)


def test_the_accuracy_of_classes_counts_the_largest_logits() -> None:
    scores = evaluate(SoftmaxCrossEntropy(), [[2.0, 1.0], [0.0, 1.0], [3.0, 0.0]], [[1, 0], [0, 1], [0, 1]])
    assert scores["accuracy"] == pytest.approx(2 / 3)


def test_the_accuracy_is_weighted() -> None:
    scores = evaluate(SoftmaxCrossEntropy(), [[2.0, 1.0], [0.0, 1.0]], [[1, 0], [1, 0]], [3.0, 1.0])
    assert scores["accuracy"] == pytest.approx(0.75)


def test_the_accuracy_of_labels_counts_rows_that_are_all_right() -> None:
    scores = evaluate(BinaryCrossEntropy(), [[2.0, -1.0], [1.0, 1.0]], [[1, 0], [1, 0]])
    assert scores["accuracy"] == 0.5


def test_r2_of_a_perfect_prediction_is_one() -> None:
    assert evaluate(SquaredError(), [[1.0], [2.0], [4.0]], [[1.0], [2.0], [4.0]])["r2"] == 1.0


def test_r2_of_the_mean_is_zero() -> None:
    assert evaluate(SquaredError(), [[2.0], [2.0], [2.0]], [[1.0], [2.0], [3.0]])["r2"] == 0.0


def test_r2_of_a_target_that_never_varies_is_nan() -> None:
    assert np.isnan(evaluate(SquaredError(), [[1.0], [2.0]], [[3.0], [3.0]])["r2"])


def test_the_cost_of_an_evaluation_is_that_of_the_loss() -> None:
    scores = evaluate(SquaredError(), [[1.0], [2.0]], [[0.0], [4.0]])
    assert scores["cost"] == pytest.approx((0.5 * 1 + 0.5 * 4) / 2)


def test_an_evaluation_is_without_penalty(engine64: Engine) -> None:
    network = mlp((2,), (3,), 3, SoftmaxCrossEntropy())
    params = engine64.place(network.init(np.random.default_rng(0)))
    costs = {Supervised(network, Penalty(l2=l2)).evaluate(engine64, params, batch())["cost"] for l2 in (0.0, 9.0)}
    assert len(costs) == 1
