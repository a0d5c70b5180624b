"""Every estimator passes scikit-learn's own checks, none expected to fail."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils import estimator_checks as checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from chainrule import (
    Autoencoder,
    BernoulliRBM,
    GaussianRBM,
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
from chainrule.models import LayerFeatures

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
    LayerFeatures(MLPClassifier(max_iter=10, random_state=0)),
    Autoencoder(max_iter=10),
    # Without noise: a row of weight 2 is corrupted once, two equal rows each in its own way.
    Autoencoder((6, 2), "tanh", "sigmoid", tied=True, sparsity="kl", solver="sgd", random_state=0, max_iter=10),
    BernoulliRBM(n_components=8, n_iter=2),
    GaussianRBM(n_components=8, n_iter=2, sweeps=2, momentum=0.5, persistent=False, alpha=0.01),
]


# The checks' columns are no probabilities.
@pytest.mark.filterwarnings("ignore:Expected values between 0 and 1")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_scikit_learns_check(estimator: Any, check: Any) -> None:
    check(estimator)


NAMED = [pytest.param(estimator, id=f"{type(estimator).__name__}{i}") for i, estimator in enumerate(ESTIMATORS)]
TRANSFORMERS = [
    LayerFeatures(MLPClassifier(max_iter=2, random_state=0)),
    Autoencoder((3,), max_iter=2, random_state=0),
    BernoulliRBM(3, n_iter=2, random_state=0),
]


# The checks' columns are no probabilities.
@pytest.mark.filterwarnings("ignore:Expected values between 0 and 1")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "check", [checks.check_param_validation, checks.check_dataframe_column_names_consistency], ids=lambda c: c.__name__
)
@pytest.mark.parametrize("estimator", NAMED)
def test_a_check_that_parametrize_with_checks_leaves_out(estimator: Any, check: Any) -> None:
    check(type(estimator).__name__, estimator)


# The checks' columns are no probabilities.
@pytest.mark.filterwarnings("ignore:Expected values between 0 and 1")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
# These checks fit on a frame and transform an array, or the other way round, which scikit-learn warns of.
@pytest.mark.filterwarnings("ignore:X does not have valid feature names", "ignore:X has feature names")
@pytest.mark.parametrize(
    "check",
    [
        checks.check_transformer_get_feature_names_out,
        checks.check_transformer_get_feature_names_out_pandas,
        checks.check_get_feature_names_out_error,
        checks.check_set_output_transform,
        checks.check_set_output_transform_pandas,
        checks.check_global_output_transform_pandas,
    ],
    ids=lambda c: c.__name__,
)
@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=lambda it: type(it).__name__)
def test_a_check_of_named_output_that_parametrize_with_checks_leaves_out(check: Any, transformer: Any) -> None:
    check(type(transformer).__name__, transformer)
