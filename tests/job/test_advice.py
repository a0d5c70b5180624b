"""Advice: what the figures of a run lead to."""

from __future__ import annotations

import math
from typing import Any

import pytest

from chainrule.job.advice import next_step
from chainrule.job.config import config_from
from chainrule.train import FitEnded, History


def advice(
    train: float,
    test: float,
    costs: list[float],
    best: int,
    key: str = "accuracy",
    cost: str = "log_loss",
    test_cost: float = 0.3,
    valid: list[float] | None = None,
    **settings: Any,
) -> str:
    history = History(
        scores={"valid": {"cost": valid or costs}},
        epochs=list(range(1, len(costs) + 1)),
        cost=costs,
        ended=FitEnded(9, 1.0, "", len(costs), best),
    )
    config = config_from({"data": "x", "learning_rate": 0.01, "epochs": 4} | settings)
    metrics = {
        "train": {key: train, cost: 0.2},
        "test": {key: test, cost: test_cost},
        "baseline": {key: 0.3, cost: 1.0},
    }
    return next_step(config, history, metrics)


def test_a_cost_that_is_not_finite_asks_for_a_smaller_rate() -> None:
    assert "try a rate 10 times smaller, `learning_rate=0.001`" in advice(0.9, 0.9, [1.0, math.nan], 1)


def test_a_cost_that_rose_asks_for_a_smaller_rate() -> None:
    assert "try a rate 10 times smaller, `learning_rate=0.001`" in advice(0.9, 0.9, [1.0, 30.0], 1)


def test_a_cost_no_better_than_the_baseline_asks_to_look_at_the_columns() -> None:
    assert "hardly better than knowing nothing" in advice(0.31, 0.31, [1.0, 0.9], 2, test_cost=0.99)


def test_accuracy_at_the_baseline_is_no_failure_where_the_cost_is_lower() -> None:
    # 99 of 100 rows are of one class: accuracy cannot tell, the cost can.
    assert "knowing nothing" not in advice(0.3, 0.3, [1.0, 0.9], 2, test_cost=0.5)


@pytest.mark.parametrize(("dropout", "remedy"), [(0.0, "`dropout=0.3`"), (0.5, "`l2=0.0001`")])
def test_a_gap_to_the_training_rows_asks_for_regularisation(dropout: float, remedy: str) -> None:
    assert remedy in advice(0.99, 0.8, [1.0, 0.5], 2, model="mlp", dropout=dropout)


def test_training_rows_alone_that_were_learned_better_ask_for_regularisation() -> None:
    assert "After epoch 1 only the training rows" in advice(0.95, 0.94, [1.0, 0.5, 0.2], 1, valid=[0.5, 0.7, 1.0])


def test_a_cost_that_hardly_fell_since_the_best_epoch_is_no_noise_learned() -> None:
    assert "only the training rows" not in advice(0.95, 0.94, [1.0, 0.5, 0.49], 2, valid=[0.5, 0.4, 0.5])


def test_a_nearly_perfect_model_is_not_talked_out_of_it() -> None:
    assert "looks sound" in advice(1.0, 1.0, [1.0, 0.5, 0.001], 1, valid=[0.1, 0.2, 0.3])


def test_the_best_epoch_at_the_end_asks_for_more() -> None:
    assert "`epochs=8`" in advice(0.95, 0.94, [1.0, 0.5, 0.4, 0.3], 4)


def test_training_rows_that_are_not_learned_ask_for_a_larger_network() -> None:
    assert "`hidden=16,8`" in advice(0.7, 0.69, [1.0, 0.95, 0.94], 3, model="mlp", hidden=(8, 4))


def test_a_sound_run_is_called_sound() -> None:
    assert "looks sound" in advice(0.98, 0.97, [1.0, 0.95, 0.94], 3)


def test_a_regression_is_judged_by_its_error() -> None:
    assert "RMSE" in advice(0.01, 0.01, [1.0, 0.9], 2, key="r2", cost="rmse", test_cost=0.995)


def test_pictures_get_advice_for_pictures() -> None:
    cnn: dict[str, Any] = {"model": "cnn", "filters": (16, 32)}
    assert advice(0.99, 0.8, [1.0, 0.1], 1, **cnn).endswith("try `augment=light`, or more rows.")
    assert "try `dropout=0.3`" in advice(0.99, 0.8, [1.0, 0.1], 1, augment="light", dropout=0.0, **cnn)
    assert "`filters=32,64`" in advice(0.7, 0.7, [1.0, 0.9], 2, schedule="one_cycle", **cnn)
    assert "known from these pictures" in advice(0.3, 0.3, [1.0, 0.9], 1, test_cost=1.0, **cnn)
