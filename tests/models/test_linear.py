"""Networks without hidden layers: each form and each way of solving comes to the same, and to scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.linear_model as peers
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from chainrule import LinearRegression, LogisticRegression, SoftmaxRegression
from chainrule.errors import DataError
from chainrule.models.least_squares import steepest

TUMOURS, MALIGNANT = load_breast_cancer(return_X_y=True)
TUMOURS = StandardScaler().fit_transform(TUMOURS)
FLOWERS, SPECIES = load_iris(return_X_y=True)
FLOWERS = StandardScaler().fit_transform(FLOWERS)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
DIABETES = StandardScaler().fit_transform(DIABETES)
WEIGHTS = np.random.default_rng(0).uniform(0.1, 3, len(DIABETES))


@pytest.mark.parametrize("C", [0.1, 1.0, 10.0])
@pytest.mark.parametrize(("X", "y"), [(TUMOURS, MALIGNANT), (FLOWERS, SPECIES)])
def test_logistic_regression_is_scikit_learns(X: np.ndarray, y: np.ndarray, C: float) -> None:
    ours = LogisticRegression(C=C, tol=1e-8, max_iter=1000).fit(X, y)
    theirs = peers.LogisticRegression(C=C, tol=1e-8, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-3)


def test_for_two_classes_the_softmax_with_half_of_c_is_the_sigmoid() -> None:
    sigmoid = LogisticRegression(C=1.0, tol=1e-9, max_iter=1000).fit(TUMOURS, MALIGNANT)
    softmax = SoftmaxRegression(C=0.5, tol=1e-9, max_iter=1000).fit(TUMOURS, MALIGNANT)
    assert (sigmoid.coef_.shape, softmax.coef_.shape) == ((1, 30), (2, 30))
    # Only the difference of the two rows matters; the penalty makes them opposite, each half of the sigmoid's.
    np.testing.assert_allclose(softmax.coef_[1], sigmoid.coef_[0] / 2, atol=1e-5)
    np.testing.assert_allclose(softmax.coef_[0], -sigmoid.coef_[0] / 2, atol=1e-5)
    np.testing.assert_allclose(softmax.predict_proba(TUMOURS), sigmoid.predict_proba(TUMOURS), atol=1e-6)
    np.testing.assert_allclose(softmax.decision_function(TUMOURS), sigmoid.decision_function(TUMOURS), atol=1e-4)
    np.testing.assert_array_equal(softmax.predict(TUMOURS), sigmoid.predict(TUMOURS))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_step_by_step_the_softmax_at_half_the_rate_is_the_sigmoid() -> None:
    # a = a₁ - a₀ moves by η (t - y) x through each of the two rows, so by 2 η in all.
    settings: dict[str, Any] = {"C": np.inf, "solver": "gradient_descent", "max_iter": 20, "random_state": 0}
    sigmoid = LogisticRegression(learning_rate_init=0.2, **settings).fit(TUMOURS, MALIGNANT)
    softmax = SoftmaxRegression(learning_rate_init=0.1, **settings).fit(TUMOURS, MALIGNANT)
    np.testing.assert_allclose(softmax.coef_[1] - softmax.coef_[0], sigmoid.coef_[0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(softmax.loss_curve_, sigmoid.loss_curve_, rtol=1e-9)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("alpha", [0.0, 20.0])
@pytest.mark.parametrize("intercept", [True, False])
def test_the_closed_form_is_scikit_learns(weights: np.ndarray | None, alpha: float, intercept: bool) -> None:
    t = np.stack([PROGRESS, PROGRESS**0.5 + DIABETES[:, 0]], axis=1)
    ours = LinearRegression(alpha=alpha, fit_intercept=intercept).fit(DIABETES, t, weights)
    peer = peers.Ridge(alpha, fit_intercept=intercept) if alpha else peers.LinearRegression(fit_intercept=intercept)
    peer.fit(DIABETES, t, weights)
    np.testing.assert_allclose(ours.coef_, peer.coef_, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(ours.predict(DIABETES), peer.predict(DIABETES), rtol=1e-8)
    thin = LinearRegression(alpha=alpha, fit_intercept=intercept).fit(sparse.csr_matrix(DIABETES), t, weights)
    np.testing.assert_allclose(thin.coef_, ours.coef_, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("solver", "weights"), [("gradient_descent", None), ("sgd", WEIGHTS), ("lbfgs", WEIGHTS)])
@pytest.mark.parametrize("alpha", [0.0, 20.0])
def test_going_down_the_gradient_comes_to_the_closed_form(
    solver: str, alpha: float, weights: np.ndarray | None
) -> None:
    closed = LinearRegression(alpha=alpha).fit(DIABETES, PROGRESS, weights)
    downhill = LinearRegression(alpha=alpha, solver=solver, tol=1e-12, max_iter=20000, n_iter_no_change=100)
    downhill.fit(DIABETES, PROGRESS, weights)
    np.testing.assert_allclose(downhill.coef_, closed.coef_, atol=2e-3)
    assert downhill.intercept_ == pytest.approx(closed.intercept_, abs=1e-4)
    assert downhill.loss_ == pytest.approx(closed.loss_, rel=1e-8)


def test_the_automatic_rate_is_half_of_what_the_steepest_direction_bears() -> None:
    # At 2 / λ gradient descent neither falls nor rises in the direction of the largest curvature.
    X = np.concatenate([DIABETES, np.ones((len(DIABETES), 1))], axis=1)
    largest = float(np.linalg.eigvalsh(X.T @ X / len(X))[-1])

    def losses(rate: float) -> list[float]:
        model = LinearRegression(solver="gradient_descent", learning_rate_init=rate, max_iter=60)
        return list(model.fit(DIABETES, PROGRESS).loss_curve_)

    with pytest.warns(ConvergenceWarning):
        assert losses(1.95 / largest)[-1] < losses(1.95 / largest)[0]
    assert losses(2.2 / largest)[-1] > losses(2.2 / largest)[0]
    assert steepest(DIABETES, None, 0.0, intercept=True) == pytest.approx(largest, rel=0.02)
    assert steepest(DIABETES, None, 0.0, intercept=True) >= largest


def test_the_shapes_follow_y() -> None:
    one = LinearRegression().fit(DIABETES, PROGRESS)
    two = LinearRegression().fit(DIABETES, np.stack([PROGRESS, PROGRESS], axis=1))
    assert (one.coef_.shape, np.ndim(one.intercept_), one.predict(DIABETES).shape) == ((10,), 0, (442,))
    assert (two.coef_.shape, two.intercept_.shape, two.predict(DIABETES).shape) == ((2, 10), (2,), (442, 2))


def test_softmax_regression_refuses_several_labels() -> None:
    with pytest.raises(DataError, match="Use LogisticRegression or MLPClassifier"):
        SoftmaxRegression().fit(FLOWERS, np.stack([SPECIES == 0, SPECIES == 1], axis=1).astype(int))


def test_logistic_regression_answers_several_questions_at_once() -> None:
    t = np.stack([SPECIES == 0, SPECIES == 2], axis=1).astype(int)
    both = LogisticRegression(tol=1e-8, max_iter=1000).fit(FLOWERS, t)
    apart = [LogisticRegression(tol=1e-8, max_iter=1000).fit(FLOWERS, column) for column in t.T]
    np.testing.assert_allclose(both.coef_, [model.coef_[0] for model in apart], atol=1e-4)
