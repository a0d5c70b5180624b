"""Intervals hold what they promise, are named by a seed, and know what they cannot tell."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from chainrule.encode.target import Target
from chainrule.inspection import bootstrap
from chainrule.inspection.intervals import wilson
from chainrule.train.metrics import METRICS

BOTH = Target("t", "classification", ("no", "yes"))
ACCURACY, LOSS, AREA = METRICS["accuracy"], METRICS["log_loss"], METRICS["roc_auc"]


def answers(n: int, seed: int = 0, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.beta(0.7, 0.7, n)
    truth = (rng.random(n) < p).astype(int)
    p = np.clip(p + noise * rng.normal(size=n), 0.01, 0.99)
    return truth, np.column_stack([1 - p, p])


@pytest.mark.parametrize(("hits", "n"), [(0, 20), (20, 20), (7, 31), (500, 1000)])
def test_wilson_s_interval_is_scipy_s(hits: int, n: int) -> None:
    low, high = wilson(np.array(hits), np.array(n))
    theirs = binomtest(hits, n).proportion_ci(method="wilson")
    assert (float(low), float(high)) == pytest.approx((theirs.low, theirs.high))


def test_an_interval_is_as_wide_as_the_spread_of_a_mean() -> None:
    truth, y = answers(4000)
    found = bootstrap([LOSS], BOTH, truth, {"a": y}, seed=0).metrics["a"]["log_loss"]
    costs = -np.log(y[np.arange(4000), truth])
    assert found.low < found.value < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 * costs.std() / np.sqrt(4000), rel=0.15)


def test_beyond_twenty_thousand_rows_a_subset_gives_the_width_of_all() -> None:
    truth, y = answers(60_000)
    found = bootstrap([ACCURACY], BOTH, truth, {"a": y}, seed=0).metrics["a"]["accuracy"]
    spread = np.sqrt(found.value * (1 - found.value) / 60_000)
    assert found.high - found.low == pytest.approx(2 * 1.96 * spread, rel=0.2)
    assert found.low < found.value < found.high


def test_a_difference_over_the_same_rows_is_surer_than_two_intervals() -> None:
    truth, y = answers(2000)
    worse = np.clip(y + np.array([0.03, -0.03]), 0.01, 0.99)
    found = bootstrap([LOSS], BOTH, truth, {"a": y, "b": worse / worse.sum(axis=1, keepdims=True)}, seed=0)
    difference = found.differences["b"]["log_loss"]
    assert difference.high < 0
    assert found.metrics["a"]["log_loss"].high > found.metrics["b"]["log_loss"].low


def test_the_seed_names_the_draws() -> None:
    truth, y = answers(300)
    once, again, other = (bootstrap([ACCURACY], BOTH, truth, {"a": y}, seed=seed) for seed in (1, 1, 2))
    assert once == again
    assert once != other


def test_all_right_is_no_certainty() -> None:
    truth = np.array([0, 1] * 15)
    found = bootstrap([ACCURACY, AREA], BOTH, truth, {"a": np.eye(2)[truth]}, seed=0).metrics["a"]
    assert found["accuracy"].low == pytest.approx(0.886, abs=0.001)
    assert found["accuracy"].high == 1
    assert not found["roc_auc"].is_known


def test_values_have_intervals_too() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=500)
    y = truth[:, None] + rng.normal(0, 0.5, (500, 1))
    found = bootstrap([METRICS["r2"], METRICS["rmse"]], Target("t", "regression"), truth, {"a": y}, seed=0).metrics["a"]
    assert found["rmse"].low < 0.5 < found["rmse"].high
    assert 0.5 < found["r2"].low < found["r2"].value < found["r2"].high < 1
