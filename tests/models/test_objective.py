"""The penalty that counts once: its gradient, its weight, and nothing where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.encode.augment import Augment
from chainrule.engine import engine_by_name
from chainrule.models.objective import PenalisedOnce
from chainrule.network import Network
from chainrule.nn import (
    BatchNorm,
    Dense,
    Flatten,
    Loss,
    Penalty,
    Poisson,
    Sequential,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
)
from chainrule.recipes import mlp
from chainrule.train import Supervised
from chainrule.train.steps import LossAndGrads
from chainrule.tree import leaf, leaves, map_leaves
from chainrule.types import Batch, Context
from tests.contracts.checks import derivative, numeric

LEARNING = Context(train=True)
XP = engine_by_name("numpy", "float64").xp


def batch(loss: Loss, weighted: bool) -> Batch:
    rng = np.random.default_rng(0)
    t = np.abs(rng.normal(size=(7, 3)))
    if isinstance(loss, SoftmaxCrossEntropy):
        t = np.eye(3)[rng.integers(0, 3, 7)]
    return Batch(rng.normal(size=(7, 4)), t, rng.uniform(0.5, 2, 7) if weighted else None)


def network(loss: Loss) -> Network:
    return Network(Sequential((Dense(5), BatchNorm(), Tanh(), Dense(3))), (4,), loss)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "loss", [SoftmaxCrossEntropy(), SquaredError(), Poisson()], ids=lambda loss: type(loss).__name__
)
def test_the_gradient_is_the_slope_of_the_cost(loss: Loss, weighted: bool) -> None:
    objective, data = PenalisedOnce(network(loss), alpha=2.0), batch(loss, weighted)
    rng = np.random.default_rng(1)
    params = map_leaves(lambda spec: rng.normal(size=spec.shape), objective.network.specs)
    direction = map_leaves(lambda value: rng.normal(size=value.shape), params)
    _, grads = objective.loss_and_grads(XP, map_leaves(np.copy, params), data, LEARNING)
    rtol, atol = numeric(np.float64)
    for path, g in leaves(grads):

        def cost(moved: np.ndarray, path: str = path) -> float:
            tree: Any = map_leaves(np.copy, params)
            leaf(tree, path)[...] = moved
            return float(objective.loss_and_grads(XP, tree, data, LEARNING)[0])

        v = leaf(direction, path)
        assert (g * v).sum() == pytest.approx(derivative(cost, leaf(params, path), v), rel=rtol, abs=atol), path


def test_a_penalty_is_shared_by_the_samples() -> None:
    net, data = mlp((4,), (5,), 3, SoftmaxCrossEntropy()), batch(SoftmaxCrossEntropy(), weighted=True)
    params = net.init(np.random.default_rng(0))
    assert data.w is not None
    once = PenalisedOnce(net, 3.0).loss_and_grads(XP, params, data, LEARNING)
    same = Supervised(net, Penalty(l2=3.0 / float(data.w.sum()))).loss_and_grads(XP, params, data, LEARNING)
    assert once[0] == pytest.approx(same[0], rel=1e-12)
    np.testing.assert_allclose(once[1]["hidden1"]["W"], same[1]["hidden1"]["W"], rtol=1e-12)
    np.testing.assert_array_equal(once[1]["hidden1"]["b"], same[1]["hidden1"]["b"])


def test_a_batch_without_weight_costs_no_more_than_its_penalty() -> None:
    net, data = mlp((4,), (5,), 3, SoftmaxCrossEntropy()), batch(SoftmaxCrossEntropy(), weighted=True)
    cost, grads = PenalisedOnce(net, 3.0).loss_and_grads(
        XP, net.init(np.random.default_rng(0)), data._replace(w=np.zeros(7)), LEARNING
    )
    assert np.isfinite(cost)
    assert all(np.isfinite(g).all() for _, g in leaves(grads))


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_pictures_are_augmented_as_chainrule_train_augments_them(engine: str) -> None:
    machine = engine_by_name(engine, "float64")
    rng = np.random.default_rng(0)
    net = Network(Sequential((Flatten(), Dense(3))), (5, 4, 1), SoftmaxCrossEntropy())
    data = Batch(machine.array(rng.normal(size=(6, 5, 4, 1))), machine.array(np.eye(3)[rng.integers(0, 3, 6)]))
    params = machine.place(net.init(rng))
    augment = Augment(flip=True, shift=0.3, mixup=0.4)
    learning = Context(True, machine.key(0, 7))
    mine, theirs, plain = (
        machine.compile(LossAndGrads(objective))(params, data, learning.key)
        for objective in (PenalisedOnce(net, augment=augment), Supervised(net, augment=augment), PenalisedOnce(net))
    )
    assert float(mine[0]) == pytest.approx(float(theirs[0]), rel=1e-12)
    assert abs(float(mine[0]) - float(plain[0])) > 1e-6
    for (path, g), (_, other) in zip(leaves(mine[1]), leaves(theirs[1]), strict=True):
        np.testing.assert_allclose(g, other, rtol=1e-10, atol=1e-14, err_msg=path)
