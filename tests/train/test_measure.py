"""Measuring: the figures of a network by hand, when they are taken, and that taking them changes nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.network import Network
from chainrule.nn import Dense, Penalty, Relu, Sequential, Sigmoid, SoftmaxCrossEntropy, SquaredError
from chainrule.optim import Adam
from chainrule.train import FitEnded, Measured, Run, Settings, Supervised, run
from chainrule.train.measure import FEWEST_ROWS, MOST_ROWS, Meter, constant_cost, is_due, meter_of
from chainrule.tree import leaves
from chainrule.types import Batch

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
T = np.eye(2)[(X.sum(axis=1) > 0).astype(int)]


def network(bend: object = None) -> Network:
    layers = Sequential((Dense(3), bend or Relu(), Dense(2)), ("hidden1", "bend1", "output"))
    return Network(layers, (2,), SoftmaxCrossEntropy())


def params(W: float = 1.0, b: float = 0.0) -> dict[str, dict[str, np.ndarray]]:
    rng = np.random.default_rng(1)
    return {
        "hidden1": {"W": W * rng.normal(size=(2, 3)), "b": np.full(3, b)},
        "bend1": {},
        "output": {"W": rng.normal(size=(3, 2)), "b": np.zeros(2)},
    }


def test_norms_are_those_of_each_layer() -> None:
    weights = params()
    figures = Meter(network(), Penalty(), Batch(X, T)).figures(weights)
    hidden = weights["hidden1"]
    assert figures["weights"]["hidden1"] == pytest.approx(
        math.sqrt((hidden["W"] ** 2).sum() + (hidden["b"] ** 2).sum())
    )
    assert set(figures["gradients"]) == {"hidden1", "output"}


def test_what_moved_is_the_difference_to_before() -> None:
    weights = params()
    before = {path: value.copy() for path, value in leaves(weights)}
    weights["output"]["b"] += [3.0, 4.0]
    moved = Meter(network(), Penalty(), Batch(X, T)).figures(weights, before)["moved"]
    assert moved == {"hidden1": 0.0, "output": pytest.approx(5.0)}


def test_a_unit_that_is_zero_for_every_row_is_dead() -> None:
    weights = params()
    weights["hidden1"]["b"][1] = -1000.0
    figures = Meter(network(), Penalty(), Batch(X, T)).figures(weights)
    assert figures["dead"] == {"bend1": pytest.approx(1 / 3)}
    assert figures["saturated"] == {"bend1": 0.0}


def test_a_sigmoid_far_out_is_saturated_and_not_dead() -> None:
    figures = Meter(network(Sigmoid()), Penalty(), Batch(X, T)).figures(params(W=1e-3, b=9.0))
    assert (figures["dead"], figures["saturated"]) == ({"bend1": 0.0}, {"bend1": 1.0})


def test_equal_columns_are_alike() -> None:
    weights = params()
    weights["hidden1"]["W"] = np.ones((2, 3))
    assert Meter(network(), Penalty(), Batch(X, T)).figures(weights)["alike"] == {"hidden1": 1.0, "output": 0.0}


def test_the_penalty_pulls_in_proportion_to_its_strength() -> None:
    weights = params()
    weak, strong = (Meter(network(), Penalty(l2=l2), Batch(X, T)).figures(weights) for l2 in (0.01, 1.0))
    assert strong["pull"] == pytest.approx(100 * weak["pull"])
    assert strong["penalty"] == pytest.approx(
        0.5 * sum((weights[name]["W"] ** 2).sum() for name in ("hidden1", "output"))
    )


def test_knowing_nothing_costs_the_entropy_of_the_classes() -> None:
    t = np.eye(2)[[0] * 30 + [1] * 10]
    assert constant_cost(network(), Batch(X[:40], t)) == pytest.approx(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))


def test_knowing_nothing_costs_half_the_variance_of_numbers() -> None:
    t = RNG.normal(3.0, 2.0, size=(60, 1))
    of_numbers = Network(Sequential((Dense(1),), ("output",)), (2,), SquaredError())
    assert constant_cost(of_numbers, Batch(X, t)) == pytest.approx(t.var() / 2)


def test_it_is_measured_after_ever_longer_times_and_at_the_end() -> None:
    assert [epoch for epoch in range(1, 251) if is_due(epoch, 250)] == [1, 3, 10, 30, 100, 250]


@pytest.mark.parametrize(("rows", "sampled"), [(60, 60), (5000, MOST_ROWS)])
def test_the_sample_is_small(rows: int, sampled: int) -> None:
    meter = meter_of(Supervised(network()), Batch(np.zeros((rows, 2)), np.tile(T[:1], (rows, 1))))
    assert meter is not None
    assert meter.sample.n_samples == sampled


def test_a_large_network_is_measured_on_few_rows() -> None:
    large = Network(Sequential((Dense(4000), Dense(3000), Dense(2)), ("a", "b", "c")), (2,), SoftmaxCrossEntropy())
    meter = meter_of(Supervised(large), Batch(X, T))
    assert meter is not None
    assert meter.sample.n_samples == FEWEST_ROWS


def start(measure: bool, engine: str = "numpy") -> Run:
    return run(
        Supervised(network()),
        Batch(X, T),
        Settings(epochs=12, batch_size=20, learning_rate=0.01),
        optimizer=Adam(),
        engine=engine_by_name(engine),
        measure=Batch(X, T) if measure else None,
    )


def test_measuring_changes_no_bit_of_the_weights() -> None:
    seen, unseen = start(measure=True).finish(), start(measure=False).finish()
    assert [v.tobytes() for _, v in leaves(seen.params)] == [v.tobytes() for _, v in leaves(unseen.params)]


def test_a_run_tells_what_was_measured_at_its_start_and_end() -> None:
    events = list(start(measure=True))
    told = [event for event in events if isinstance(event, Measured)]
    assert [event.epoch for event in told] == [0, 1, 3, 10, 12]
    assert [bool(event.moved) for event in told] == [False, True, True, True, True]
    assert isinstance(events[-1], FitEnded)
    assert told[-1].cost < told[0].cost


def test_a_run_that_is_stopped_is_measured_where_it_ended() -> None:
    training = start(measure=True)
    told = []
    for event in training:
        if isinstance(event, Measured):
            told.append(event.epoch)
            if event.epoch == 1:
                training.stop("enough")
    assert told == [0, 1]


def test_both_engines_are_measured_alike() -> None:
    by_numpy, by_jax = (
        [event for event in start(True, engine) if isinstance(event, Measured)] for engine in ("numpy", "jax")
    )
    assert by_numpy[-1].gradients == pytest.approx(by_jax[-1].gradients, rel=1e-2)


def test_a_unit_that_nothing_arrives_at_is_not_called_dead() -> None:
    weights = params()
    weights["output"]["W"][0] = 0.0
    weights["hidden1"]["b"][0] = 1000.0
    assert Meter(network(), Penalty(), Batch(X, T)).figures(weights)["dead"] == {"bend1": 0.0}
