"""When it is enough: scikit-learn's rules, event by event."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from chainrule.models.stopping import Convergence, PerSampleScaling
from chainrule.optim import Horizon
from chainrule.train import EpochEnded
from chainrule.train.policies import Decision, KeepWeights, ScaleRate, Stop


def told(
    policy: Convergence, costs: list[float], rate: float = 0.1, scores: list[float] | None = None
) -> list[list[Any]]:
    """Return the kinds of decision after each epoch."""
    memory, kinds = policy.start(), []
    for number, cost in enumerate(costs, start=1):
        valid = {"valid": {"accuracy": scores[number - 1]}} if scores else {}
        decided: tuple[Decision, ...]
        memory, decided = policy.fold(memory, EpochEnded(number, 0.0, number, number, cost, rate, 1.0, valid))
        kinds.append([type(decision) for decision in decided])
    return kinds


def test_it_stops_after_more_than_patience_epochs_without_tol() -> None:
    # 0.95 is better than 1.0, but not by 0.1; 0.8 is better than the best, 0.95, by more.
    assert told(Convergence(tol=0.1, patience=1), [1.0, 0.95, 0.8, 0.75, 0.74]) == [[], [], [], [], [Stop]]


def test_an_infinite_patience_never_stops() -> None:
    assert told(Convergence(patience=math.inf), [1.0] * 50) == [[]] * 50


def test_a_score_keeps_the_weights_of_each_better_epoch() -> None:
    policy = Convergence(tol=0.0, patience=1, score="accuracy")
    assert told(policy, [1.0] * 5, scores=[0.5, 0.6, 0.4, 0.5, 0.5]) == [
        [KeepWeights],
        [KeepWeights],
        [],
        [Stop],
        [Stop],
    ]


def test_an_adaptive_rate_is_divided_before_it_stops() -> None:
    policy = Convergence(patience=1, adaptive=True)
    assert told(policy, [1.0] * 5, rate=1e-3) == [[], [], [ScaleRate], [], [ScaleRate]]
    assert told(policy, [1.0] * 3, rate=1e-6) == [[], [], [Stop]]


def test_a_loss_that_is_no_number_ends_it() -> None:
    assert told(Convergence(), [1.0, math.inf, math.nan]) == [[], [], [Stop]]


def test_a_fit_goes_on_counting_where_the_one_before_stopped() -> None:
    assert told(Convergence(patience=3, best=0.5, waited=3), [0.6]) == [[Stop]]
    assert told(Convergence(patience=3, best=0.5, waited=3), [0.4]) == [[]]


@pytest.mark.parametrize("fresh", [True, False])
def test_inverse_scaling_counts_samples_and_holds_still_within_an_epoch(fresh: bool) -> None:
    schedule = PerSampleScaling(power=0.5, n_samples=100, seen=40, taken=7, fresh=fresh)
    factor = schedule.factor(7 + np.arange(6), Horizon(steps_per_epoch=2, epochs=3))
    first = 1.0 if fresh else 41**-0.5
    np.testing.assert_allclose(factor, np.repeat([first, 141**-0.5, 241**-0.5], 2))
