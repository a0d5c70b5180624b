"""scikit-learn's own checks of estimators, on those of tables."""

from __future__ import annotations

from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

from chainrule import TableClassifier, TableRegressor


@parametrize_with_checks([TableClassifier("quick"), TableRegressor("quick")])
def test_scikit_learn_accepts(estimator: Any, check: Any) -> None:
    check(estimator)
