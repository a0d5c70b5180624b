"""Curves: values and sizes that were asked for, the log axis, and the warning at the edge."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from chainrule.errors import ConfigError
from chainrule.select import cross_validate, draw_folds, learning_curve, validation_curve
from chainrule.select.curves import ROWS

X, Y = load_iris(return_X_y=True)


def test_each_value_scores_what_cross_validation_says() -> None:
    folds = draw_folds(Y)
    curve = validation_curve(SVC(), X, Y, "C", [0.01, 0.1, 1.0], folds=folds)
    np.testing.assert_array_equal(curve.scores[1], cross_validate(SVC(C=0.1), X, Y, folds=folds).scores)
    assert (curve.scores.shape, curve.is_log) == ((3, 5), True)


def test_values_that_go_up_by_equal_steps_are_on_a_plain_axis() -> None:
    assert not validation_curve(KNeighborsClassifier(), X, Y, "n_neighbors", [1, 3, 5, 7]).is_log
    assert not validation_curve(SVC(), X, Y, "kernel", ["linear", "rbf", "poly"]).is_log


def test_the_best_value_at_the_edge_is_told() -> None:
    curve = validation_curve(make_pipeline(StandardScaler(), SVC()), X, Y, "svc__C", [1e-4, 1e-3, 1e-1])
    assert (curve.changed, curve.best) == ("C", 0.1)
    assert "The best C, 0.1, is at the edge of what was tried" in str(curve)


def test_a_learning_curve_has_each_share_of_the_training_rows_and_more_of_them_help() -> None:
    curve = learning_curve(KNeighborsClassifier(3), X, Y, shares=(0.05, 0.5, 1.0))
    assert (curve.changed, curve.values, curve.advice) == (ROWS, (6, 60, 120), "")
    means = curve.scores.mean(axis=1)
    assert means[-1] > means[0]


def test_a_setting_or_share_that_does_not_exist_is_answered() -> None:
    with pytest.raises(ConfigError, match="a setting of SVC; got 'c'"):
        validation_curve(SVC(), X, Y, "c", [1])
    with pytest.raises(ConfigError, match="values of C to try"):
        validation_curve(SVC(), X, Y, "C", [])
    with pytest.raises(ConfigError, match="shares above 0"):
        learning_curve(SVC(), X, Y, shares=(0.0, 1.0))
