"""The learner: single steps and many, state out and in, and rules whose moments do not start at zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from chainrule.engine import engine_by_name, placed
from chainrule.errors import ConfigError, ShapeError
from chainrule.network import Network
from chainrule.nn import BatchNorm, Dense, Sequential, SoftmaxCrossEntropy
from chainrule.optim import Adam, Averaged, Cosine, GradientDescent, Horizon, Momentum, Muon, Rule
from chainrule.optim.rules import State
from chainrule.recipes import mlp
from chainrule.train import EpochEnded, Learner, Settings, Supervised, run
from chainrule.train.batches import epoch_rows
from chainrule.tree import leaves, map_leaves
from chainrule.types import Array, Batch, Namespace
from tests.contracts.checks import agreement, assert_trees_close
from tests.train.conftest import Start
from tests.train.rules import Leashed

engines = pytest.mark.parametrize("engine", ["numpy", "jax"])
rules = pytest.mark.parametrize(
    "rule", [Adam(), Averaged(Adam(), 0.9), Leashed(), Muon()], ids=lambda rule: type(rule).__name__
)
NETWORK = mlp((2,), (5,), 3, SoftmaxCrossEntropy(), activation="tanh", dropout=0.2)


def learner(engine: str = "numpy", **options: Any) -> Learner:
    """Return a learner of a small random network."""
    objective = Supervised(options.pop("network", NETWORK))
    params = objective.init(np.random.default_rng(3))
    settings = {"rule": Adam(), "rate": 0.05, "seed": 4} | options
    return Learner(objective, params, engine=engine_by_name(engine, "float64"), **settings)


def arrays(one: Learner) -> dict[str, np.ndarray]:
    """Return its weights by name."""
    return {path: np.array(one.engine.numpy(value)) for path, value in leaves(one.params)}


def batches(data: Batch) -> list[Batch]:
    """Return the batches of an epoch as arrays of their own."""
    return [
        Batch(data.x[rows], data.t[rows]) for rows in (part[part >= 0] for part in epoch_rows(30, 8, seed=4, epoch=0))
    ]


@engines
@rules
def test_single_steps_are_the_steps_of_a_run(engine: str, rule: Rule, data: Batch) -> None:
    one = learner(engine, rule=rule, schedule=Cosine(), horizon=Horizon(4, 5))
    costs = [one.step(batch) for batch in batches(data)]
    settings = Settings(epochs=5, batch_size=8, learning_rate=0.05, schedule=Cosine(), seed=4)
    params = Supervised(NETWORK).init(np.random.default_rng(3))
    whole = run(Supervised(NETWORK), data, settings, optimizer=rule, engine=one.engine, params=params)
    ended = next(event for event in whole if isinstance(event, EpochEnded))
    assert ended.cost == pytest.approx(np.average(costs, weights=[8, 8, 8, 6]), rel=1e-12)
    tolerance = 0.0 if engine == "numpy" else agreement(np.float64)
    assert_trees_close(map_leaves(one.engine.numpy, one.params), whole.latest, tolerance)
    assert_trees_close(map_leaves(one.engine.numpy, one.shown), whole.shown, tolerance)
    whole.close()


@engines
@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_many_steps_in_one_call_are_as_many_single_ones(engine: str, dropout: float, data: Batch) -> None:
    network = mlp((2,), (5,), 3, SoftmaxCrossEntropy(), activation="tanh", dropout=dropout)
    one, many = learner(engine, network=network), learner(engine, network=network)
    rows = epoch_rows(30, 8, seed=4, epoch=0)
    # As many as a tape needs to be recorded, and more.
    for _ in range(12):
        for batch in batches(data):
            one.step(batch)
        many.steps(placed(many.engine, data), rows)
    assert one.count == many.count == 48
    assert_trees_close(arrays(one), arrays(many), 0.0 if engine == "numpy" else agreement(np.float64))


@engines
@rules
def test_from_a_state_it_goes_on_with_the_same_bits(engine: str, rule: Rule, data: Batch) -> None:
    one, other = learner(engine, rule=rule), learner(engine, rule=rule)
    first, *rest = batches(data)
    one.step(first)
    one.rate = 0.02
    state = one.state
    for batch in rest:
        one.step(batch)
    other.restore(state)
    for batch in rest:
        other.step(batch)
    assert_trees_close(arrays(one), arrays(other), 0.0)
    assert_trees_close(one.memory, other.memory, 0.0)


def test_a_state_does_not_change_while_its_learner_goes_on(data: Batch) -> None:
    one = learner()
    state = one.state
    before = {path: value.copy() for path, value in leaves(state.params)}
    one.step(data)
    assert_trees_close(dict(leaves(state.params)), before, 0.0)
    assert not any(value.any() for value in state.memory.values())


def test_a_rate_that_is_changed_between_two_steps_counts_from_the_next(data: Batch) -> None:
    one = learner(rule=GradientDescent(), network=mlp((2,), (), 3, SoftmaxCrossEntropy()))
    moved = []
    for rate in (0.1, 0.1, 0.3):
        one.rate = rate
        before = arrays(one)
        _, grads = one.objective.loss_and_grads(one.engine.xp, one.params, data, one.next_context())
        expected = {path: before[path] - rate * np.array(grad) for path, grad in leaves(grads)}
        one.step(data)
        moved.append(one.latest_rate)
        assert_trees_close(arrays(one), expected, agreement(np.float64))
    assert moved == [0.1, 0.1, 0.3]


def test_the_state_of_a_layer_moves_with_single_steps(data: Batch) -> None:
    network = Network(Sequential((Dense(3), BatchNorm()), ("output", "norm")), (2,), SoftmaxCrossEntropy())
    one = learner(network=network)
    one.step(data)
    assert arrays(one)["norm.m"].any()


def test_a_rule_that_begins_anew_counts_from_one(data: Batch) -> None:
    one, fresh = learner(rule=Leashed()), learner(rule=Leashed())
    one.step(data)
    one.forget()
    assert (one.count, one.rule_count) == (1, 0)
    anchors = {path: value for path, value in one.memory.items() if path.startswith("anchor")}
    assert_trees_close(anchors, {f"anchor.{path}": value for path, value in arrays(one).items()}, 0.0)
    assert fresh.count == 0


def test_a_schedule_without_a_horizon_is_refused() -> None:
    with pytest.raises(ConfigError, match="a horizon, so that Cosine knows how long learning lasts"):
        learner(schedule=Cosine())


def test_a_batch_that_does_not_fit_is_refused_and_moves_nothing(data: Batch) -> None:
    one = learner()
    before = arrays(one)
    with pytest.raises(ShapeError, match="x of shape"):
        one.step(Batch(data.x[:, :1], data.t))
    assert_trees_close(arrays(one), before, 0.0)
    assert one.count == 0


@pytest.mark.parametrize("other", [Momentum(), GradientDescent()], ids=repr)
def test_the_memory_of_another_rule_is_refused(other: Rule) -> None:
    with pytest.raises(ConfigError, match=r"the memory of .* for these weights; got another one"):
        learner(rule=other).remember(learner(rule=Adam()).memory)


@dataclass(frozen=True)
class _Odd(GradientDescent):
    moments = ("velocity",)

    def start(self, xp: Namespace, w: Array) -> State:
        return {"velocity": w[:1]}


def test_a_rule_whose_start_does_not_fit_its_moments_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"_Odd.start to return .* for hidden1.W"):
        learner(rule=_Odd())


def test_an_average_of_averages_is_refused() -> None:
    with pytest.raises(ConfigError, match="a rule that remembers no average of its own"):
        Averaged(Averaged())


@engines
@pytest.mark.parametrize("rule", [Averaged(Adam(), 0.9), Leashed()], ids=lambda rule: type(rule).__name__)
def test_a_resumed_run_goes_on_with_what_its_rule_remembers(engine: str, rule: Rule, start: Start) -> None:
    options: dict[str, Any] = {"engine": engine, "optimizer": rule}
    whole = start(**options).finish()
    stopped = start(**options)
    for event in stopped:
        if isinstance(event, EpochEnded) and event.epoch == 2:
            break
    resumed = start(**options, resume=stopped.checkpoint()).finish()
    assert_trees_close(resumed.params, whole.params, 0.0 if engine == "numpy" else agreement(np.float64))


def test_a_run_returns_what_its_rule_shows(start: Start, data: Batch) -> None:
    ended = start(optimizer=Leashed()).finish()
    first = Supervised(mlp((2,), (5,), 3, SoftmaxCrossEntropy(), activation="tanh"))
    initial = start(optimizer=Leashed()).latest
    expected = map_leaves(lambda w, anchor: (w + anchor) / 2, ended.latest, initial)
    assert_trees_close(ended.params, expected, agreement(np.float64))
    cost = first.evaluate(ended.engine, ended.engine.place(ended.params), data)["cost"]
    assert ended.history.scores["valid"]["cost"][-1] == cost
