"""The contract of a policy: a pure fold over events with a memory that survives JSON."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest

from chainrule.errors import ConfigError
from chainrule.models.stopping import Convergence
from chainrule.train import EarlyStopping, KeepBest, Policy, ReduceOnPlateau, StopOnNonFinite, TimeLimit
from chainrule.train.events import EpochEnded, EpochStarted, Event, FitEnded, StepsEnded
from chainrule.train.policies import Advise, Decision, KeepWeights, ScaleRate, Stop

POLICIES: list[Policy] = [
    KeepBest(),
    EarlyStopping(patience=2),
    ReduceOnPlateau(patience=2),
    TimeLimit(3.5),
    StopOnNonFinite(),
    Convergence(patience=1),
    Convergence(patience=1, score="accuracy"),
]
every_policy = pytest.mark.parametrize("policy", POLICIES, ids=repr)


def epoch(number: int, value: float, *, accuracy: float = 0.5, seconds: float = 0.0, cost: float = 1.0) -> EpochEnded:
    """Return the end of an epoch with a validation cost."""
    scores = {"valid": {"cost": value, "accuracy": accuracy}}
    return EpochEnded(number, seconds, number, number * 3, cost, 0.1, 100.0, scores)


def steps(number: int, cost: float, seconds: float = 0.0) -> StepsEnded:
    """Return the end of some steps."""
    return StepsEnded(number, seconds, 1, 3, 9, cost, 0.1)


def decisions(policy: Policy, events: list[Event]) -> list[list[Decision]]:
    """Return what the policy decides at each event."""
    memory, told = policy.start(), []
    for event in events:
        memory, decided = policy.fold(memory, event)
        told.append(list(decided))
    return told


def kinds(policy: Policy, events: list[Event]) -> list[list[str]]:
    """Return the kinds of decision at each event."""
    return [[type(decision).__name__ for decision in decided] for decided in decisions(policy, events)]


SEQUENCE: list[Event] = [
    EpochStarted(1, 0.0, 1),
    steps(2, 1.0),
    epoch(3, 1.0),
    epoch(4, 0.5, seconds=1.0),
    epoch(5, 0.7, seconds=2.0),
    epoch(6, 0.6, seconds=3.0),
    steps(7, math.nan, 3.2),
    epoch(8, math.nan, seconds=4.0, cost=math.inf),
    epoch(9, 0.4, seconds=5.0),
    FitEnded(10, 6.0, "done", 9, 4),
]


@every_policy
def test_the_same_memory_and_event_give_the_same_result(policy: Policy) -> None:
    memory: dict[str, Any] = policy.start()
    for event in SEQUENCE:
        assert policy.fold(copy.deepcopy(memory), event) == policy.fold(memory, event)
        memory, _ = policy.fold(memory, event)


@every_policy
def test_the_memory_that_is_given_is_not_changed(policy: Policy) -> None:
    memory: dict[str, Any] = policy.start()
    for event in SEQUENCE:
        before = copy.deepcopy(memory)
        after, _ = policy.fold(memory, event)
        assert memory == before
        memory = after


@every_policy
def test_the_memory_survives_json(policy: Policy) -> None:
    memory: dict[str, Any] = policy.start()
    for event in SEQUENCE:
        memory, _ = policy.fold(memory, event)
        assert json.loads(json.dumps(memory, allow_nan=False)) == memory


@every_policy
def test_a_policy_is_a_value(policy: Policy) -> None:
    assert hash(type(policy)(**vars(policy))) == hash(policy)


@every_policy
def test_a_policy_decides_nothing_at_a_start_and_at_the_end(policy: Policy) -> None:
    assert kinds(policy, [SEQUENCE[0], SEQUENCE[-1]]) == [[], []]


def test_keep_best_keeps_every_improvement_and_nothing_else() -> None:
    events = [epoch(i, value) for i, value in enumerate([1.0, 0.5, 0.5, 0.7, 0.4])]
    assert kinds(KeepBest(), events) == [["KeepWeights"], ["KeepWeights"], [], [], ["KeepWeights"]]


def test_keep_best_takes_a_higher_accuracy_for_better() -> None:
    events = [epoch(i, 1.0, accuracy=value) for i, value in enumerate([0.5, 0.4, 0.6])]
    assert kinds(KeepBest("valid.accuracy"), events) == [["KeepWeights"], [], ["KeepWeights"]]


def test_keep_best_never_keeps_nan() -> None:
    assert kinds(KeepBest(), [epoch(1, math.nan), epoch(2, 1.0)]) == [[], ["KeepWeights"]]


def test_keep_best_tells_a_negative_score_with_its_sign() -> None:
    event = EpochEnded(1, 0.0, 1, 1, 1.0, 0.1, 1.0, {"valid": {"r2": -0.25}})
    assert decisions(KeepBest("valid.r2"), [event]) == [[KeepWeights("valid.r2 -0.25")]]


def test_the_training_cost_can_be_monitored() -> None:
    events = [epoch(i, 1.0, cost=value) for i, value in enumerate([3.0, 4.0, 2.0])]
    assert kinds(KeepBest("cost"), events) == [["KeepWeights"], [], ["KeepWeights"]]


def test_a_monitor_that_is_not_measured_is_named_with_the_choices() -> None:
    with pytest.raises(ConfigError, match=r"valid\.rmse.*cost, valid\.cost, valid\.accuracy"):
        decisions(KeepBest("valid.rmse"), [epoch(1, 1.0)])


@pytest.mark.parametrize("kind", [KeepBest, EarlyStopping, ReduceOnPlateau])
def test_a_score_of_which_nobody_knows_what_is_better_is_refused_at_the_start(kind: type[Policy]) -> None:
    with pytest.raises(ConfigError, match=r"valid\.acuracy.*Did you mean 'accuracy'.*register_metric.*better="):
        kind("valid.acuracy").start()  # type: ignore[call-arg]


@pytest.mark.parametrize(("better", "kept"), [("higher", [1, 3]), ("lower", [1, 2])])
def test_what_is_better_can_be_said(better: str, kept: list[int]) -> None:
    events = [EpochEnded(i, 0.0, i, i, 1.0, 0.1, 1.0, {"valid": {"own": s}}) for i, s in [(1, 0.5), (2, 0.4), (3, 0.6)]]
    told = decisions(KeepBest("valid.own", better), list(events))
    assert [i for i, decided in enumerate(told, start=1) if decided] == kept


def test_a_plateau_of_a_rising_accuracy_is_none() -> None:
    rising = [epoch(i, 1.0, accuracy=0.1 * i) for i in range(6)]
    assert kinds(ReduceOnPlateau("valid.accuracy", patience=2), rising) == [[]] * 6


def test_early_stopping_goes_on_while_the_accuracy_rises() -> None:
    rising = [epoch(i, 1.0, accuracy=0.1 * i) for i in range(6)]
    assert kinds(EarlyStopping("valid.accuracy", patience=2), rising) == [[]] * 6


def test_early_stopping_waits_for_its_patience() -> None:
    events = [epoch(i, value) for i, value in enumerate([1.0, 0.5, 0.6, 0.7, 0.8])]
    assert kinds(EarlyStopping(patience=3), events) == [[], [], [], [], ["Stop"]]


def test_early_stopping_counts_anew_after_an_improvement() -> None:
    events = [epoch(i, value) for i, value in enumerate([1.0, 1.1, 0.9, 1.0, 1.0])]
    assert kinds(EarlyStopping(patience=2), events) == [[], [], [], [], ["Stop"]]


def test_early_stopping_takes_less_than_min_delta_for_no_improvement() -> None:
    events = [epoch(i, value) for i, value in enumerate([1.0, 0.95, 0.91])]
    assert kinds(EarlyStopping(patience=2, min_delta=0.1), events) == [[], [], ["Stop"]]


def test_early_stopping_takes_nan_for_no_improvement() -> None:
    assert kinds(EarlyStopping(patience=1), [epoch(1, 1.0), epoch(2, math.nan)]) == [[], ["Stop"]]


def test_early_stopping_says_why() -> None:
    told = decisions(EarlyStopping(patience=1), [epoch(1, 1.0), epoch(2, 1.0)])
    assert told[1] == [Stop("valid.cost has not improved for 1 epochs")]


def test_a_plateau_reduces_the_rate_by_the_factor() -> None:
    told = decisions(ReduceOnPlateau(patience=2, factor=0.1), [epoch(i, 1.0) for i in range(3)])
    assert told[2] == [ScaleRate(0.1, "valid.cost has not improved for 2 epochs: rate times 0.1")]


def test_after_a_reduction_the_patience_begins_anew() -> None:
    told = kinds(ReduceOnPlateau(patience=2), [epoch(i, 1.0) for i in range(6)])
    assert told == [[], [], ["ScaleRate"], [], ["ScaleRate"], []]


def test_the_rate_is_reduced_at_most_so_many_times() -> None:
    told = kinds(ReduceOnPlateau(patience=1, most=2), [epoch(i, 1.0) for i in range(6)])
    assert [kind for at_event in told for kind in at_event] == ["ScaleRate", "ScaleRate"]


def test_the_count_of_reductions_survives_an_improvement() -> None:
    events = [epoch(i, value) for i, value in enumerate([1.0, 1.0, 0.5, 0.5, 0.5])]
    told = kinds(ReduceOnPlateau(patience=1, most=1), events)
    assert told == [[], ["ScaleRate"], [], [], []]


def test_the_time_limit_stops_when_it_has_passed() -> None:
    events = [steps(1, 1.0, 1.0), epoch(2, 1.0, seconds=1.9), steps(3, 1.0, 2.0)]
    assert kinds(TimeLimit(2.0), events) == [[], [], ["Stop"]]


@pytest.mark.parametrize("cost", [math.nan, math.inf, -math.inf])
def test_a_cost_that_is_not_finite_stops_with_advice(cost: float) -> None:
    assert kinds(StopOnNonFinite(), [steps(1, cost)]) == [["Advise", "Stop"]]


def test_a_finite_cost_goes_on() -> None:
    assert kinds(StopOnNonFinite(), [steps(1, 1e30), epoch(2, 1.0)]) == [[], []]


def test_a_cost_that_is_not_finite_is_told_with_its_rate_and_no_cure() -> None:
    advice = decisions(StopOnNonFinite(), [steps(1, math.nan)])[0][0]
    assert advice == Advise("The cost became NaN at a rate of 0.1.")
