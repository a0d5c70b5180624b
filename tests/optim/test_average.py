"""Averaged: the average by hand, on both engines, and what a run does with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule import optim, train
from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError
from chainrule.network import Network
from chainrule.nn import SoftmaxCrossEntropy
from chainrule.recipes import mlp
from chainrule.tree import leaves, map_leaves
from chainrule.types import Batch
from tests.contracts.checks import agreement, assert_close, assert_trees_close

RULE = optim.Averaged(optim.GradientDescent(), 0.5)


def test_the_average_weighs_the_weights_of_k_steps_ago_by_decay_to_the_k() -> None:
    xp = engine_by_name("numpy").xp
    c = RULE.coefficients(np.arange(1, 4), np.full(3, 1.0))
    w, state = np.array([7.0]), {"average": np.array([99.0])}
    for i, g in enumerate((6.0, -3.0, 2.0)):
        w, state = RULE.update(xp, w, np.array([g]), state, {name: float(column[i]) for name, column in c.items()})
    # The weights are 1, 4 and 2: (2 + ½ 4 + ¼ 1) / (1 + ½ + ¼). What the average was before does not matter.
    assert w.tolist() == [2.0]
    assert_close(state["average"], np.array([4.25 / 1.75]), agreement(np.float64))


def data() -> Batch:
    """Return a small table."""
    rng = np.random.default_rng(0)
    return Batch(rng.normal(size=(30, 3)), np.eye(2)[rng.integers(0, 2, 30)])


def network() -> Network:
    """Return a small network."""
    return mlp((3,), (4,), 2, SoftmaxCrossEntropy(), activation="tanh")


def start(rule: optim.Rule, engine: str = "numpy", **options: Any) -> train.Run:
    """Return a run of three epochs."""
    return train.run(
        train.Supervised(network()),
        data(),
        train.Settings(epochs=3, batch_size=8, learning_rate=0.5),
        optimizer=rule,
        engine=engine_by_name(engine, "float64"),
        evaluate={"train": data()},
        **options,
    )


@pytest.mark.parametrize("inner", [optim.GradientDescent(), optim.Adam()], ids=repr)
def test_the_weights_move_as_without_an_average(inner: optim.Rule) -> None:
    assert_trees_close(start(optim.Averaged(inner)).finish().latest, start(inner).finish().params, 0.0)


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_a_run_returns_the_average_of_its_weights(engine: str) -> None:
    plain, weights = start(optim.GradientDescent()), []
    plain_run = train.run(
        train.Supervised(network()),
        data(),
        train.Settings(epochs=3, batch_size=30, learning_rate=0.5),
        optimizer=optim.GradientDescent(),
        engine=engine_by_name("numpy", "float64"),
    )
    for event in plain_run:
        if isinstance(event, train.EpochEnded):
            weights.append(plain_run.latest)
    plain.close()
    expected = map_leaves(lambda a, b, c: (c + 0.5 * b + 0.25 * a) / 1.75, *weights)
    run = train.run(
        train.Supervised(network()),
        data(),
        train.Settings(epochs=3, batch_size=30, learning_rate=0.5),
        optimizer=RULE,
        engine=engine_by_name(engine, "float64"),
    ).finish()
    assert_trees_close(run.params, expected, agreement(np.float64))


def test_scores_are_those_of_the_average() -> None:
    run = start(optim.Averaged(optim.GradientDescent(), 0.9)).finish()
    engine = engine_by_name("numpy", "float64")
    scores = train.Supervised(network()).evaluate(engine, engine.place(run.params), data())
    assert run.history.scores["train"]["cost"][-1] == scores["cost"]
    assert not np.array_equal(dict(leaves(run.params))["output.W"], dict(leaves(run.latest))["output.W"])


def test_the_best_weights_are_averages_too() -> None:
    run = start(optim.Averaged(optim.GradientDescent(), 0.9), policies=[train.KeepBest("train.cost")]).finish()
    engine = engine_by_name("numpy", "float64")
    scores = train.Supervised(network()).evaluate(engine, engine.place(run.params), data())
    assert min(run.history.scores["train"]["cost"]) == scores["cost"]


def test_a_run_that_goes_on_from_a_checkpoint_has_the_same_average() -> None:
    whole = start(optim.Averaged()).finish()
    run = start(optim.Averaged())
    for event in run:
        if isinstance(event, train.EpochEnded):
            break
    checkpoint = run.checkpoint()
    assert_trees_close(start(optim.Averaged(), resume=checkpoint).finish().params, whole.params, 0.0)


def test_before_the_first_step_the_average_is_the_weights() -> None:
    run = start(optim.Averaged())
    assert_trees_close(run.params, run.latest, 0.0)


def test_a_decay_of_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="decay of Averaged"):
        optim.Averaged(decay=1.0)
