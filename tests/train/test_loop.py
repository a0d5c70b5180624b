"""The loop: the order of its events, how it ends, and what it learns."""

from __future__ import annotations

import re
import threading
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from chainrule.engine.numpy import NumpyEngine
from chainrule.errors import ConfigError, DataError
from chainrule.network import Network
from chainrule.nn import BatchNorm, BinaryCrossEntropy, Dense, Penalty, Sequential, SoftmaxCrossEntropy, SquaredError
from chainrule.optim import LBFGS, Adam, Clip, Constant, Cosine, GradientAscent, GradientDescent
from chainrule.recipes import mlp
from chainrule.train import (
    Advised,
    Decided,
    EarlyStopping,
    EpochEnded,
    EpochStarted,
    Event,
    FitEnded,
    FitStarted,
    KeepBest,
    Policy,
    ReduceOnPlateau,
    Run,
    Settings,
    StepsEnded,
    StopOnNonFinite,
    Supervised,
    TimeLimit,
    run,
)
from chainrule.tree import leaves
from chainrule.types import Batch
from tests.train.conftest import Start


def names(events: list[Event]) -> list[str]:
    """Return the kinds of events."""
    return [type(event).__name__ for event in events]


def same_bits(one: Any, other: Any) -> bool:
    """Tell whether two trees are equal bit for bit."""
    pairs = zip(leaves(one), leaves(other), strict=True)
    return all(a == b and np.array_equal(left, right) for (a, left), (b, right) in pairs)


def test_the_events_come_in_their_order(start: Start) -> None:
    epoch = ["EpochStarted", "StepsEnded", "EpochEnded"]
    assert names(list(start(settings={"epochs": 2}))) == ["FitStarted", *epoch, *epoch, "FitEnded"]


def test_a_decision_is_told_after_the_event_that_it_answers(start: Start) -> None:
    told = names(list(start(settings={"epochs": 1}, policies=[KeepBest()])))
    assert told == ["FitStarted", "EpochStarted", "StepsEnded", "EpochEnded", "Decided", "FitEnded"]


@pytest.mark.parametrize("policies", [[], [KeepBest(), ReduceOnPlateau(patience=1)]], ids=["none", "some"])
def test_events_are_numbered_without_a_gap(start: Start, policies: list[Policy]) -> None:
    events = list(start(policies=policies))
    assert [event.number for event in events] == list(range(1, len(events) + 1))


def test_the_clock_of_the_events_never_goes_back(start: Start) -> None:
    seconds = [event.seconds for event in start(policies=[KeepBest()])]
    assert seconds == sorted(seconds)


def test_epochs_count_from_one(start: Start) -> None:
    assert [event.epoch for event in start() if isinstance(event, EpochEnded)] == [1, 2, 3, 4, 5, 6]


def test_the_first_event_tells_the_size_of_the_task(start: Start) -> None:
    event = next(start(settings={"seed": 9}))
    assert isinstance(event, FitStarted)
    told = (event.engine, event.n_samples, event.n_parameters, event.batch_size, event.steps_per_epoch, event.seed)
    assert told == ("numpy", 30, 2 * 5 + 5 + 5 * 3 + 3, 8, 4, 9)


def test_the_last_event_says_why_it_is_over(start: Start) -> None:
    event = list(start())[-1]
    assert isinstance(event, FitEnded)
    assert (event.reason, event.epochs, event.best_epoch) == ("all 6 epochs are done", 6, 6)


def test_nothing_is_computed_before_the_first_event_is_asked_for(start: Start) -> None:
    one, other = start(), start()
    assert same_bits(one.latest, other.finish().latest) is False
    assert same_bits(one.latest, start().latest)


def test_the_same_seed_gives_the_same_bits(start: Start) -> None:
    assert same_bits(start(dropout=0.3).finish().params, start(dropout=0.3).finish().params)


def test_another_seed_gives_other_weights(start: Start) -> None:
    other = start(settings={"seed": 1}).finish()
    assert not same_bits(start().finish().params, other.params)


def test_the_function_run_is_the_class_run(start: Start, data: Batch) -> None:
    made = start()
    twin = run(made._objective, data, made.settings, optimizer=Adam(), engine=made.engine)
    assert same_bits(twin.finish().params, made.finish().params)


def test_a_run_can_start_from_weights_that_are_given(start: Start) -> None:
    params = start().finish().params
    assert same_bits(start(params=params).params, params)


def test_the_mean_cost_of_an_epoch_is_that_of_its_batches(start: Start) -> None:
    events = [event for event in start(settings={"epochs": 1}) if isinstance(event, (StepsEnded, EpochEnded))]
    assert events[0].cost == pytest.approx(events[1].cost, rel=1e-12)


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_a_batch_larger_than_the_data_is_all_of_the_data(start: Start, engine: str) -> None:
    large = start(settings={"batch_size": 1000}, engine=engine).finish()
    whole = start(settings={"batch_size": 30}, engine=engine).finish()
    assert same_bits(large.params, whole.params)


def test_without_shuffling_the_order_is_that_of_the_data(start: Start, data: Batch) -> None:
    options = {"optimizer": GradientDescent(), "settings": {"epochs": 1, "batch_size": 10, "shuffle": False}}
    first = Batch(data.x[:10], data.t[:10])
    only = start(**options, data=first, evaluate={}).finish()
    among = start(**options, evaluate={})
    sequel = start(**options, data=Batch(data.x[10:], data.t[10:]), params=only.params, evaluate={}).finish()
    assert same_bits(among.finish().params, sequel.params)


def test_a_run_ends_after_the_steps_in_hand_when_it_is_told_to_stop(start: Start) -> None:
    run = start()
    for event in run:
        if isinstance(event, EpochStarted) and event.epoch == 3:
            run.stop("enough")
    assert (run.reason, run.history.epochs) == ("enough", [1, 2, 3])


def test_a_run_that_is_told_to_stop_between_epochs_starts_no_other(start: Start) -> None:
    run = start()
    for event in run:
        if isinstance(event, EpochEnded) and event.epoch == 2:
            run.stop("enough")
    assert run.history.epochs == [1, 2]


def test_a_run_that_is_stopped_tells_its_end(start: Start) -> None:
    run = start()
    next(run)
    run.stop("enough")
    assert [(type(event), event.reason) for event in run if isinstance(event, FitEnded)] == [(FitEnded, "enough")]


def test_the_first_reason_to_stop_is_the_one_that_is_told(start: Start) -> None:
    run = start()
    run.stop("first")
    run.stop("second")
    assert run.finish().reason == "first"


def stopped_in_the_middle(start: Start) -> Run:
    """Return a run of an epoch of many chunks, stopped after the first of them."""
    run = start(policies=[KeepBest()])
    run._stepper._chunk = 1  # type: ignore[attr-defined]
    for event in run:
        if isinstance(event, StepsEnded) and event.epoch == 2:
            run.stop("enough")
    return run


def test_a_run_can_be_stopped_in_the_middle_of_an_epoch(start: Start) -> None:
    assert stopped_in_the_middle(start).history.epochs == [1]


def test_in_the_middle_of_an_epoch_there_is_nothing_to_go_on_from(start: Start) -> None:
    assert not stopped_in_the_middle(start).between_epochs


def test_chunks_change_how_often_is_told_and_not_what_is_learnt(start: Start) -> None:
    run = start()
    run._stepper._chunk = 1  # type: ignore[attr-defined]
    assert same_bits(run.finish().params, start().finish().params)


def test_the_steps_of_an_epoch_are_told_as_they_are_taken(start: Start) -> None:
    run = start(settings={"epochs": 1})
    run._stepper._chunk = 3  # type: ignore[attr-defined]
    assert [(event.step, event.steps) for event in run if isinstance(event, StepsEnded)] == [(3, 4), (4, 4)]


def test_break_ends_a_run_cleanly(start: Start) -> None:
    run = start()
    for event in run:
        if isinstance(event, EpochEnded):
            break
    assert run.history.epochs == [1]


@dataclass(frozen=True)
class StopAt(Policy):
    """Stop at an epoch, through any event."""

    epoch: int

    def fold(self, memory: dict[str, Any], event: Event) -> tuple[dict[str, Any], tuple[Any, ...]]:
        from chainrule.train.policies import Stop

        at = isinstance(event, StepsEnded) and event.epoch == self.epoch
        return memory, ((Stop("so many"),) if at else ())


def test_an_epoch_that_was_finished_while_stopping_can_still_be_the_best(start: Start) -> None:
    run = start(policies=[StopAt(3), KeepBest("cost")]).finish()
    assert (run.history.cost[-1], run.best_epoch) == (min(run.history.cost), 3)


@pytest.fixture
def exploding(start: Start) -> Run:
    """Return a run of a linear regression whose rate is far too large."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3)) * 100
    data = Batch(x, x @ rng.normal(size=(3, 1)))
    return start(
        network=mlp((3,), (), 1, SquaredError()),
        data=data,
        evaluate={},
        optimizer=GradientDescent(),
        policies=[StopOnNonFinite()],
        settings={"learning_rate": 1e30, "epochs": 50},
    )


def finish_quietly(run: Run) -> list[Event]:
    """Return all events of a run that overflows, as it is meant to."""
    with np.errstate(all="ignore"):
        return list(run)


def test_a_cost_that_is_not_finite_ends_the_run(exploding: Run) -> None:
    finish_quietly(exploding)
    assert (exploding.reason, len(exploding.history.epochs) < 50) == ("the cost is not finite", True)


def test_a_cost_that_is_not_finite_gives_one_piece_of_advice(exploding: Run) -> None:
    advice = [event.advice for event in finish_quietly(exploding) if isinstance(event, Advised)]
    assert len(advice) == 1
    assert re.search(r"The cost became (NaN|infinite) at a rate of 1e\+30\.", advice[0])


def test_early_stopping_gives_back_the_best_weights(start: Start) -> None:
    policies = [KeepBest(), EarlyStopping(patience=4)]
    run = start(policies=policies, settings={"epochs": 300, "learning_rate": 3.0}).finish()
    values = run.history.scores["valid"]["cost"]
    objective, engine = run._objective, run.engine
    cost = objective.evaluate(engine, engine.place(run.params), run._evaluate["valid"])["cost"]
    assert len(values) < 300
    assert cost == min(values)
    assert run.best_epoch == 1 + int(np.argmin(values))


def test_without_a_policy_that_keeps_weights_the_latest_are_given(start: Start) -> None:
    run = start().finish()
    assert same_bits(run.params, run.latest)


def test_a_plateau_lowers_the_rate_of_the_next_epoch(start: Start) -> None:
    run = start(policies=[ReduceOnPlateau("valid.accuracy", patience=1, factor=0.5)])
    events = list(run)
    at = [event.epoch for event in events if isinstance(event, Decided)]
    rates = dict(zip(run.history.epochs, run.history.rate, strict=True))
    assert at
    assert rates[at[0]] == 0.05
    assert rates[at[0] + 1] == 0.025


def test_a_schedule_sets_the_rate_of_each_step(start: Start) -> None:
    run = start(settings={"schedule": Cosine(), "epochs": 2}).finish()
    # Four steps an epoch, eight in all: the cosine is at its end at the last.
    middle = 0.05 * 0.5 * (1 + np.cos(np.pi * 3 / 7))
    assert run.history.rate == pytest.approx([middle, 0.0], rel=1e-12, abs=1e-18)


def test_the_time_limit_ends_a_run(start: Start) -> None:
    run = start(policies=[TimeLimit(0.05)], settings={"epochs": 10**6}).finish()
    assert run.reason == "the time limit of 0.05 s has passed"


def test_two_steps_of_gradient_ascent_and_descent_have_the_same_bits(start: Start) -> None:
    down = start(optimizer=GradientDescent()).finish()
    up = start(optimizer=GradientAscent()).finish()
    assert same_bits(down.params, up.params)


def test_clipping_by_norm_bounds_a_step_of_gradient_descent(start: Start) -> None:
    settings = {"epochs": 1, "batch_size": 30, "learning_rate": 1.0, "clip": Clip(norm=0.01)}
    run = start(optimizer=GradientDescent(), settings=settings)
    before = run.latest
    after = run.finish().latest
    moved = sum(float(((a - b) ** 2).sum()) for (_, a), (_, b) in zip(leaves(after), leaves(before), strict=True))
    assert moved**0.5 == pytest.approx(0.01, rel=1e-9)


def test_an_l2_penalty_makes_the_weights_smaller(start: Start) -> None:
    def length(penalty: Penalty) -> float:
        params = start(penalty=penalty, settings={"epochs": 60}).finish().params
        return float((params["hidden1"]["W"] ** 2).sum() + (params["output"]["W"] ** 2).sum())

    assert length(Penalty(l2=0.1)) < 0.5 * length(Penalty())


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_a_sample_weight_of_two_is_the_sample_twice(start: Start, data: Batch, engine: str) -> None:
    w = np.where(np.arange(30) < 10, 2.0, 1.0)
    rows = np.repeat(np.arange(30), w.astype(int))
    options = {"engine": engine, "optimizer": GradientDescent(), "settings": {"batch_size": 100, "shuffle": False}}
    weighted = start(**options, data=Batch(data.x, data.t, w)).finish()
    repeated = start(**options, data=Batch(data.x[rows], data.t[rows])).finish()
    for (_, a), (_, b) in zip(leaves(weighted.params), leaves(repeated.params), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_a_sample_of_weight_zero_teaches_nothing(start: Start, data: Batch) -> None:
    w = np.where(np.arange(30) < 25, 1.0, 0.0)
    odd = data.t.copy()
    odd[25:] = odd[25:][:, ::-1]
    left = start(data=Batch(data.x, data.t, w)).finish()
    right = start(data=Batch(data.x, odd, w)).finish()
    assert same_bits(left.params, right.params)


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_a_sparse_input_teaches_what_the_dense_one_does(start: Start, data: Batch, engine: str) -> None:
    x = np.where(np.abs(data.x) > 1, data.x, 0.0)
    dense = start(data=Batch(x, data.t), evaluate={"valid": Batch(x, data.t)}, engine=engine).finish()
    rows = Batch(scipy.sparse.csr_matrix(x), data.t)
    sparse = start(data=rows, evaluate={"valid": rows}, engine=engine).finish()
    for (_, a), (_, b) in zip(leaves(sparse.params), leaves(dense.params), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_a_sparse_input_too_uneven_for_jax_is_an_error_that_says_what_to_do(
    start: Start, data: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chainrule.engine.jax_sparse._MOST_SPARSE", 100)
    rows = Batch(scipy.sparse.csr_matrix(data.x), data.t)
    with pytest.raises(DataError, match="Use the engine numpy"):
        start(data=rows, engine="jax", evaluate={})


def test_no_data_at_all_is_an_error(start: Start) -> None:
    with pytest.raises(DataError, match="at least one sample"):
        start(data=Batch(np.zeros((0, 2)), np.zeros((0, 3))))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("epochs", 1.5),
        ("batch_size", -1),
        ("batch_size", True),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("schedule", "cosine"),
        ("clip", 1.0),
        ("seed", -1),
        ("shuffle", 1),
    ],
)
def test_a_setting_out_of_its_range_is_named(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"{name} of Settings"):
        Settings(**{name: value})


def test_settings_are_a_value() -> None:
    assert hash(Settings(schedule=Constant())) == hash(Settings())


XOR = Batch(np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[0.0], [1.0], [1.0], [0.0]]))


@pytest.mark.parametrize("optimizer", [Adam(), LBFGS()], ids=["adam", "lbfgs"])
@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_xor_is_learnt(start: Start, engine: str, optimizer: Any) -> None:
    network = mlp((2,), (8,), 1, BinaryCrossEntropy(), activation="tanh")
    settings = {"epochs": 400, "batch_size": 4, "learning_rate": 0.1}
    run = start(
        network=network, data=XOR, evaluate={"train": XOR}, settings=settings, engine=engine, optimizer=optimizer
    )
    assert run.finish().history.scores["train"]["accuracy"][-1] == 1.0


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_lbfgs_finds_the_least_squares_solution(start: Start, engine: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3))
    t = x @ [[1.0], [-2.0], [0.5]] + 3.0 + 0.1 * rng.normal(size=(50, 1))
    network = mlp((3,), (), 1, SquaredError())
    run = start(
        network=network, data=Batch(x, t), optimizer=LBFGS(), engine=engine, evaluate={}, settings={"epochs": 99}
    )
    solution, *_ = np.linalg.lstsq(np.hstack([x, np.ones((50, 1))]), t, rcond=None)
    params = run.finish().params["output"]
    np.testing.assert_allclose(np.vstack([params["W"], params["b"][:, None]]), solution, atol=1e-5)


def test_lbfgs_says_when_it_has_converged(start: Start) -> None:
    run = start(optimizer=LBFGS(), penalty=Penalty(l2=0.1), settings={"epochs": 10_000}).finish()
    assert run.reason == "the search has converged"


def test_lbfgs_never_goes_up(start: Start) -> None:
    costs = start(optimizer=LBFGS(), settings={"epochs": 30}).finish().history.cost
    assert (np.diff(costs) <= 0).all()


def test_lbfgs_leaves_no_thread_behind_when_it_is_stopped(start: Start) -> None:
    before = set(threading.enumerate())
    run = start(optimizer=LBFGS(), settings={"epochs": 30})
    for event in run:
        if isinstance(event, EpochEnded) and event.epoch == 2:
            run.stop("enough")
    assert set(threading.enumerate()) <= before


def test_dropout_has_noise_of_its_own_in_each_step(start: Start) -> None:
    # With a rate of zero learning, the costs of the epochs differ by the noise alone.
    settings = {"learning_rate": 1e-300, "batch_size": 30, "shuffle": False, "epochs": 5}
    costs = start(dropout=0.5, optimizer=GradientDescent(), settings=settings).finish().history.cost
    assert len(set(costs)) == 5


def test_evaluation_is_without_noise(start: Start) -> None:
    settings = {"learning_rate": 1e-300, "epochs": 3}
    run = start(dropout=0.5, optimizer=GradientDescent(), settings=settings).finish()
    assert len(set(run.history.scores["valid"]["cost"])) == 1


def test_a_softmax_regression_without_hidden_layers_can_be_trained(start: Start) -> None:
    run = start(network=mlp((2,), (), 3, SoftmaxCrossEntropy()), settings={"epochs": 50}).finish()
    assert run.history.scores["valid"]["accuracy"][-1] > 0.9


def test_a_small_last_batch_counts_for_the_samples_that_it_has(start: Start, data: Batch) -> None:
    # Nothing moves at this rate, so that the epoch's cost is that of all samples at once.
    settings = {"learning_rate": 1e-300, "batch_size": 8, "epochs": 1}
    history = start(settings=settings, evaluate={"train": data}).finish().history
    assert history.cost[0] == pytest.approx(history.scores["train"]["cost"][0], rel=1e-12)


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_an_order_of_ones_own_is_followed(start: Start, engine: str) -> None:
    own = start(engine=engine, order=lambda epoch: np.roll(np.arange(30), epoch), settings={"epochs": 2}).finish()
    unmixed = start(engine=engine, settings={"epochs": 2, "shuffle": False})
    first = next(event for event in unmixed if isinstance(event, EpochEnded))
    assert own.history.cost[0] == pytest.approx(first.cost, rel=1e-12)
    unmixed.finish()
    assert own.history.cost[1] != pytest.approx(unmixed.history.cost[1], rel=1e-6)


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_a_run_goes_on_from_the_optimizer_of_the_one_before(start: Start, engine: str) -> None:
    def order(epoch: int) -> np.ndarray:
        return np.roll(np.arange(30), 7 * epoch)

    whole = start(engine=engine, order=order, settings={"epochs": 4}).finish()
    half = start(engine=engine, order=order, settings={"epochs": 2}).finish()
    rest = start(
        engine=engine,
        order=lambda epoch: order(epoch + 2),
        settings={"epochs": 2},
        params=half.params,
        taken=2 * 4,
        state=half.optimizer_state,
    ).finish()
    for (path, one), (_, other) in zip(leaves(whole.params), leaves(rest.params), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-12, err_msg=path)


def test_lbfgs_says_when_its_evaluations_are_used_up(start: Start) -> None:
    run = start(optimizer=LBFGS(max_evaluations=3), settings={"epochs": 100}).finish()
    assert re.search("the search was ended: .*EVALUATIONS", run.reason)


@dataclass(frozen=True)
class Raising(Policy):
    """A policy of a user's that fails at the end of epoch 3, or in its first steps."""

    kind: type[Event] = EpochEnded

    def fold(self, memory: dict[str, Any], event: Event) -> tuple[dict[str, Any], tuple[Any, ...]]:
        if isinstance(event, self.kind) and getattr(event, "epoch", 0) == 3:
            raise ZeroDivisionError("mine")
        return memory, ()


@pytest.mark.parametrize("optimizer", [Adam(), LBFGS()], ids=["adam", "lbfgs"])
@pytest.mark.parametrize("kind", [StepsEnded, EpochEnded])
def test_what_a_policy_raises_comes_out_and_leaves_the_best_weights(
    start: Start, optimizer: Any, kind: type[Event]
) -> None:
    before = threading.active_count()
    run = start(optimizer=optimizer, policies=[KeepBest("cost"), Raising(kind)])
    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        run.finish()
    assert caught.traceback[-1].name == "fold"
    assert caught.value.__cause__ is None
    # The cost falls in each epoch; at the end of epoch 3, the policy that keeps weights was asked first.
    best = 3 if kind is EpochEnded else 2
    assert run.best_epoch == best
    assert same_bits(run.params, start(optimizer=optimizer, settings={"epochs": best}).finish().params)
    assert run.reason == "ZeroDivisionError: mine"
    assert list(run) == []
    assert threading.active_count() == before


def test_after_an_error_of_whoever_looks_on_a_run_that_is_closed_has_the_best_weights(start: Start) -> None:
    before = threading.active_count()
    run = start(optimizer=LBFGS(), policies=[KeepBest("cost")])

    def look_on() -> None:
        with closing(run):
            for event in run:
                if isinstance(event, StepsEnded) and event.epoch == 3:
                    raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        look_on()
    assert run.best_epoch == 2
    assert threading.active_count() == before


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_after_an_iteration_of_lbfgs_the_running_state_is_that_of_all_data_alone(
    start: Start, data: Batch, engine: str
) -> None:
    layers = Sequential((Dense(4), BatchNorm(), Dense(3)), ("hidden1", "norm1", "output"))
    network = Network(layers, (2,), SoftmaxCrossEntropy())
    ended = start(network=network, optimizer=LBFGS(), engine=engine, settings={"epochs": 3}).finish()
    hidden, norm = ended.latest["hidden1"], ended.latest["norm1"]
    y = data.x @ hidden["W"] + hidden["b"]
    np.testing.assert_allclose(norm["m"], y.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(norm["v"], y.var(axis=0, ddof=1), rtol=1e-9)


def test_a_tuple_and_names_are_accepted() -> None:
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(20, 2)), np.eye(2)[rng.integers(0, 2, 20)]
    objective = Supervised(mlp((2,), (3,), 2, SoftmaxCrossEntropy()))
    settings = Settings(epochs=2)
    by_name = run(objective, (x, t), settings, optimizer="adam", engine="numpy", evaluate={"train": (x, t)}).finish()
    by_value = run(
        objective, Batch(x, t), settings, optimizer=Adam(), engine=NumpyEngine(), evaluate={"train": Batch(x, t)}
    ).finish()
    assert by_name.history.scores == by_value.history.scores
