"""Metrics, held against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from chainrule.encode.target import Target
from chainrule.job.metrics import baseline, measure

RNG = np.random.default_rng(0)
THREE = Target("t", "classification", ("a", "b", "c"))
TWO = Target("t", "classification", ("a", "b"))
VALUE = Target("t", "regression", (), 3.0, 2.0)


def probabilities(n: int, k: int) -> np.ndarray:
    return RNG.dirichlet(np.ones(k), n)


def test_a_classification_is_measured_as_scikit_learn_does() -> None:
    truth, y = RNG.integers(0, 3, 200), probabilities(200, 3)
    predicted = y.argmax(axis=1)
    found = measure(THREE, truth, y)
    assert found == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(truth, predicted),
            "log_loss": metrics.log_loss(truth, y),
            "macro_f1": metrics.f1_score(truth, predicted, average="macro"),
        },
        rel=1e-12,
    )


def test_two_classes_have_the_area_under_the_curve_of_the_second() -> None:
    truth, y = RNG.integers(0, 2, 200), probabilities(200, 2)
    assert measure(TWO, truth, y)["roc_auc"] == pytest.approx(metrics.roc_auc_score(truth, y[:, 1]), rel=1e-12)


def test_one_class_alone_has_no_area() -> None:
    assert "roc_auc" not in measure(TWO, np.zeros(5, int), probabilities(5, 2))


def test_a_class_that_does_not_occur_counts_in_the_macro_mean() -> None:
    y = np.eye(3)[[0, 0, 1]]
    assert measure(THREE, np.array([0, 0, 1]), y)["macro_f1"] == pytest.approx(2 / 3)


def test_a_certain_mistake_has_a_finite_loss() -> None:
    assert np.isfinite(measure(TWO, np.array([1, 0]), np.array([[1.0, 0.0], [1.0, 0.0]]))["log_loss"])


def test_a_regression_is_measured_as_scikit_learn_does() -> None:
    truth, y = RNG.normal(size=50), RNG.normal(size=(50, 1))
    assert measure(VALUE, truth, y) == pytest.approx(
        {
            "r2": metrics.r2_score(truth, y[:, 0]),
            "mae": metrics.mean_absolute_error(truth, y[:, 0]),
            "rmse": metrics.root_mean_squared_error(truth, y[:, 0]),
        },
        rel=1e-12,
    )


def test_one_row_has_no_r2() -> None:
    assert np.isnan(measure(VALUE, np.array([1.0]), np.array([[2.0]]))["r2"])


def test_the_baseline_of_classes_is_their_shares() -> None:
    np.testing.assert_array_equal(baseline(THREE, np.array([0, 0, 1, 0]), 2), [[0.75, 0.25, 0]] * 2)


def test_the_baseline_of_values_is_their_mean_which_has_r2_zero() -> None:
    truth = np.array([1.0, 2.0, 6.0])
    assert measure(VALUE, truth, baseline(VALUE, truth, 3))["r2"] == pytest.approx(0)
