"""Every estimator passes scikit-learn's own checks, none expected to fail."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from chainrule import (
    LinearRegression,
    LogisticRegression,
    MLPClassifier,
    MLPRegressor,
    NetworkClassifier,
    NetworkRegressor,
    SoftmaxRegression,
    nn,
    optim,
)

ESTIMATORS = [
    MLPClassifier(),
    MLPRegressor(),
    MLPClassifier(
        hidden_layer_sizes=(20, 10),
        activation=["gelu", "tanh"],
        solver=optim.AdamW(),
        learning_rate="cosine",
        random_state=0,
    ),
    NetworkClassifier(),
    NetworkRegressor(),
    LogisticRegression(),
    SoftmaxRegression(),
    LinearRegression(),
    LinearRegression(solver="gradient_descent", alpha=0.1),
    NetworkClassifier(layers=[("wide", nn.Dense(30)), nn.Silu(), nn.Residual(nn.Dense(30))], solver="rmsprop"),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_scikit_learns_check(estimator: Any, check: Any) -> None:
    check(estimator)
