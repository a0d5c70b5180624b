"""The multilayer perceptrons: scikit-learn's, number for number, and what is there beyond them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.neural_network as peers
from scipy import sparse
from sklearn.datasets import load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning

from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import ConfigError

DIGITS, LABELS = load_digits(return_X_y=True)
DIGITS = DIGITS[:500] / 16
LABELS = LABELS[:500]
DIABETES, PROGRESS = load_diabetes(return_X_y=True)

TARGETS = {
    "classes": LABELS,
    "two classes": np.where(LABELS % 2, "odd", "even"),
    "labels": np.stack([LABELS % 2, LABELS > 4, LABELS == 0], axis=1).astype(int),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "nesterov": {"solver": "sgd", "learning_rate_init": 0.1},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False, "activation": "logistic"},
    "descent": {"solver": "sgd", "momentum": 0, "learning_rate_init": 0.3, "activation": "identity"},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.5, "power_t": 0.3},
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.5,
        "tol": 0.05,
        "n_iter_no_change": 2,
    },
    "stopped early": {"early_stopping": True, "n_iter_no_change": 2, "learning_rate_init": 0.01, "max_iter": 40},
    "converged": {"tol": 0.05, "n_iter_no_change": 3, "max_iter": 60},
    "two layers": {"hidden_layer_sizes": (20, 10), "activation": "tanh", "alpha": 0.5, "batch_size": 64},
    "in order": {"shuffle": False, "batch_size": 33},
    "lbfgs": {"solver": "lbfgs"},
}


def coefficients(model: Any) -> np.ndarray:
    return np.concatenate([part.ravel() for part in (*model.coefs_, *model.intercepts_)])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("targets", TARGETS)
@pytest.mark.parametrize("name", SETTINGS)
def test_the_same_random_state_gives_scikit_learns_network(name: str, targets: str) -> None:
    settings = {"max_iter": 12, "hidden_layer_sizes": 16, "random_state": 3, **SETTINGS[name]}
    ours = MLPClassifier(**settings).fit(DIGITS, TARGETS[targets])
    theirs = peers.MLPClassifier(**settings).fit(DIGITS, TARGETS[targets])
    # L-BFGS chooses its steps by comparing rounded numbers.
    tolerance = 1e-6 if name == "lbfgs" else 1e-11
    np.testing.assert_allclose(coefficients(ours), coefficients(theirs), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(ours.predict_proba(DIGITS), theirs.predict_proba(DIGITS), atol=100 * tolerance)
    np.testing.assert_array_equal(ours.predict(DIGITS), theirs.predict(DIGITS))
    assert (ours.n_iter_, ours.t_, ours.n_layers_, ours.n_outputs_, ours.out_activation_) == (
        theirs.n_iter_,
        theirs.t_,
        theirs.n_layers_,
        theirs.n_outputs_,
        theirs.out_activation_,
    )
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-9)
    if name != "lbfgs":
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-11)
        assert ours.best_loss_ == pytest.approx(theirs.best_loss_) if theirs.best_loss_ else ours.best_loss_ is None
        assert ours.validation_scores_ == theirs.validation_scores_
        assert ours.best_validation_score_ == theirs.best_validation_score_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("settings", [{}, {"loss": "poisson"}, {"early_stopping": True}, {"solver": "sgd", "alpha": 3}])
def test_the_same_random_state_gives_scikit_learns_regression(settings: dict[str, Any], weighted: bool) -> None:
    settings = {"random_state": 3, "max_iter": 25, "learning_rate_init": 1e-4, **settings}
    w = np.random.default_rng(0).uniform(0.1, 3, len(DIABETES)) if weighted else None
    ours = MLPRegressor(**settings).fit(DIABETES, PROGRESS, w)
    theirs = peers.MLPRegressor(**settings).fit(DIABETES, PROGRESS, w)
    np.testing.assert_allclose(coefficients(ours), coefficients(theirs), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(ours.predict(DIABETES), theirs.predict(DIABETES), rtol=1e-9)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-9)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("learning_rate", ["constant", "invscaling"])
def test_calls_of_partial_fit_and_warm_starts_go_on_as_scikit_learns_do(solver: str, learning_rate: str) -> None:
    settings = {"solver": solver, "learning_rate": learning_rate, "random_state": 1, "max_iter": 3, "warm_start": True}
    models = [MLPClassifier(**settings), peers.MLPClassifier(**settings)]
    for model in models:
        model.partial_fit(DIGITS[:300], LABELS[:300], classes=range(10))
        model.partial_fit(DIGITS[300:], LABELS[300:])
        model.fit(DIGITS, LABELS)
        model.partial_fit(DIGITS, LABELS)
        model.fit(DIGITS, LABELS)
    ours, theirs = models
    np.testing.assert_allclose(coefficients(ours), coefficients(theirs), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_)
    assert (ours.t_, ours.n_iter_) == (theirs.t_, theirs.n_iter_)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_sparse_rows_train_the_network_that_dense_rows_train() -> None:
    settings: dict[str, Any] = {"max_iter": 5, "random_state": 0}
    dense = MLPClassifier(**settings).fit(DIGITS, LABELS)
    thin = MLPClassifier(**settings).fit(sparse.csr_matrix(DIGITS), LABELS)
    np.testing.assert_allclose(coefficients(thin), coefficients(dense), rtol=1e-11, atol=1e-11)
    assert thin.engine_reason_ == "the input is sparse"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_sparse_rows_on_jax_are_trained_on_numpy_with_a_reason() -> None:
    with pytest.warns(UserWarning, match="JAX would have to fill in its zeros"):
        model = MLPClassifier(max_iter=1, engine="jax").fit(sparse.csr_matrix(DIGITS), LABELS)
    assert model.engine_ == "numpy"


@pytest.mark.parametrize(("before", "after"), [("adam", "sgd"), ("sgd", "adam"), ("adam", "gradient_descent")])
def test_a_solver_that_remembers_other_things_begins_anew_and_keeps_the_weights(before: str, after: str) -> None:
    settings: dict[str, Any] = {"hidden_layer_sizes": 5, "random_state": 0, "shuffle": False, "batch_size": 500}
    model = MLPClassifier(solver=before, **settings).partial_fit(DIGITS, LABELS, classes=np.arange(10))
    weights = [array.copy() for array in model.coefs_]
    model.set_params(solver=after).partial_fit(DIGITS, LABELS)
    assert model._optimizer.steps == 1
    assert all(not np.array_equal(new, old) for new, old in zip(model.coefs_, weights, strict=True))


def test_a_fit_that_runs_away_says_so_though_earlier_weights_are_kept() -> None:
    X = np.random.default_rng(0).normal(size=(300, 4))
    model = MLPRegressor(solver="sgd", learning_rate_init=5, early_stopping=True, random_state=0, max_iter=50)
    with np.errstate(all="ignore"), pytest.warns(ConvergenceWarning, match="not a number any more.*validation r2"):
        model.fit(X, 2 * X[:, 0])
    assert all(np.isfinite(W).all() for W in model.coefs_)


def test_a_part_of_a_unit_is_refused() -> None:
    with pytest.raises(ConfigError, match="whole numbers of units"):
        MLPRegressor(hidden_layer_sizes=(2.5,)).fit(np.eye(3), np.arange(3.0))
