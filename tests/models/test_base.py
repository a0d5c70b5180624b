"""What all estimators share: validation rows, weights of classes, engines, types, layers' outputs, and bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.class_weight import compute_sample_weight

from chainrule import LogisticRegression, MLPClassifier, MLPRegressor, NetworkClassifier, nn, optim
from chainrule.errors import ChainruleError, ConfigError, DataError
from chainrule.network import Network

DIGITS, LABELS = load_digits(return_X_y=True)
DIGITS = DIGITS / 16
TUMOURS, MALIGNANT = load_breast_cancer(return_X_y=True)
TUMOURS = (TUMOURS - TUMOURS.mean(0)) / TUMOURS.std(0)
QUICK: dict[str, Any] = {"max_iter": 5, "hidden_layer_sizes": 12, "random_state": 0}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_rows_to_validate_on_are_scored_after_each_epoch() -> None:
    model = MLPClassifier(**QUICK)
    model.fit(DIGITS[:600], LABELS[:600], X_val=DIGITS[600:900], y_val=LABELS[600:900])
    assert model.history_.scores["valid"]["accuracy"] == model.validation_scores_
    assert len(model.history_.scores["valid"]["cost"]) == len(model.history_.cost) == model.n_iter_ == 5
    assert model.validation_scores_[-1] == model.score(DIGITS[600:900], LABELS[600:900])
    alone = MLPClassifier(**QUICK).fit(DIGITS[:600], LABELS[:600])
    np.testing.assert_array_equal(alone.coefs_[0], model.coefs_[0])


def test_early_stopping_goes_by_the_rows_that_it_is_given_and_keeps_the_best_weights() -> None:
    X, y, X_val, y_val = DIGITS[:200], LABELS[:200], DIGITS[200:500], LABELS[200:500]
    model = MLPClassifier(
        early_stopping=True, learning_rate_init=0.02, n_iter_no_change=3, max_iter=200, random_state=0
    )
    model.fit(X, y, X_val=X_val, y_val=y_val)
    assert model.n_iter_ < 200
    assert model.score(X_val, y_val) == max(model.validation_scores_) == model.best_validation_score_
    # The last weights are others, and worse.
    assert model.validation_scores_[-1] < max(model.validation_scores_)


def test_validation_rows_have_weights_of_their_own() -> None:
    w = np.where(LABELS[600:900] == 3, 1.0, 0.0)
    model = MLPClassifier(**QUICK)
    model.fit(DIGITS[:600], LABELS[:600], X_val=DIGITS[600:900], y_val=LABELS[600:900], sample_weight_val=w)
    threes = LABELS[600:900] == 3
    assert model.validation_scores_[-1] == pytest.approx(model.score(DIGITS[600:900][threes], LABELS[600:900][threes]))


@pytest.mark.parametrize("weights", ["balanced", {0: 5.0, 1: 0.5}])
def test_a_class_weight_is_the_weight_of_each_of_its_samples(weights: Any) -> None:
    by_class = MLPClassifier(class_weight=weights, **QUICK).fit(TUMOURS, MALIGNANT)
    by_sample = MLPClassifier(**QUICK).fit(TUMOURS, MALIGNANT, compute_sample_weight(weights, MALIGNANT))
    np.testing.assert_array_equal(by_class.coefs_[0], by_sample.coefs_[0])
    parts = MLPClassifier(class_weight={0: 5.0, 1: 0.5}, **QUICK)
    parts.partial_fit(TUMOURS[:50], MALIGNANT[:50], classes=[0, 1]).partial_fit(TUMOURS[:1], MALIGNANT[:1])
    assert parts.t_ == 51


def test_a_weight_of_k_is_k_repetitions() -> None:
    k = np.random.default_rng(0).integers(0, 4, len(TUMOURS))
    settings = {**QUICK, "batch_size": 10_000, "shuffle": False}
    with pytest.warns(UserWarning, match="all of them are one batch"):
        weighted = MLPClassifier(**settings).fit(TUMOURS, MALIGNANT, k)
    with pytest.warns(UserWarning, match="all of them are one batch"):
        repeated = MLPClassifier(**settings).fit(np.repeat(TUMOURS, k, axis=0), np.repeat(MALIGNANT, k))
    np.testing.assert_allclose(weighted.coefs_[0], repeated.coefs_[0], rtol=1e-9)
    assert weighted.loss_ == pytest.approx(repeated.loss_, rel=1e-9)


def test_both_engines_train_the_same_network() -> None:
    settings = {**QUICK, "activation": "tanh", "alpha": 0.1, "batch_size": 100}
    models = [MLPClassifier(engine=name, **settings).fit(TUMOURS, MALIGNANT) for name in ("numpy", "jax")]
    assert [(model.engine_, model.engine_reason_) for model in models] == [("numpy", "as asked"), ("jax", "as asked")]
    np.testing.assert_allclose(models[1].coefs_[0], models[0].coefs_[0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(models[1].loss_curve_, models[0].loss_curve_, rtol=1e-9)
    models[1].partial_fit(TUMOURS, MALIGNANT)
    models[0].partial_fit(TUMOURS, MALIGNANT)
    np.testing.assert_allclose(models[1].coefs_[0], models[0].coefs_[0], rtol=1e-9, atol=1e-12)


def test_a_small_fit_stays_on_numpy_and_a_large_one_is_worth_compiling() -> None:
    small = MLPClassifier(**QUICK).fit(TUMOURS, MALIGNANT)
    assert small.engine_ == "numpy"
    assert "less than JAX needs to start" in small.engine_reason_


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_float32_in_float32_out(engine: str) -> None:
    model = MLPClassifier(engine=engine, **QUICK).fit(TUMOURS.astype(np.float32), MALIGNANT)
    assert {part.dtype for part in (*model.coefs_, *model.intercepts_)} == {np.dtype("float32")}
    assert model.predict_proba(TUMOURS.astype(np.float32)).dtype == np.float32


def test_each_layer_may_have_its_own_activation_size_and_dropout() -> None:
    model = MLPClassifier((16, 8, 4), activation=["gelu", "logistic", "tanh"], dropout=[0.5, 0, 0.1], max_iter=2)
    model.fit(DIGITS, LABELS)
    assert model.layer_names_ == [
        *("hidden1", "gelu1", "dropout1"),
        *("hidden2", "sigmoid2"),
        *("hidden3", "tanh3", "dropout3"),
        "output",
    ]
    assert [part.shape for part in model.coefs_] == [(64, 16), (16, 8), (8, 4), (4, 10)]


def test_what_a_layer_sees_is_computed_by_hand() -> None:
    model = MLPClassifier((6, 5), activation="tanh", dropout=0.2, max_iter=2, random_state=0).fit(DIGITS, LABELS)
    a1 = DIGITS @ model.coefs_[0] + model.intercepts_[0]
    z1 = np.tanh(a1)
    z2 = np.tanh(z1 @ model.coefs_[1] + model.intercepts_[1])
    np.testing.assert_allclose(model.activations(DIGITS, "hidden1"), a1, atol=1e-12)
    np.testing.assert_allclose(model.activations(DIGITS, "tanh1"), z1, atol=1e-12)
    for layer in (2, -1, "tanh2"):
        np.testing.assert_allclose(model.activations(sparse.csr_matrix(DIGITS), layer), z2, atol=1e-12)
    np.testing.assert_allclose(model.activations(DIGITS, 1), model.activations(DIGITS, -2), atol=0)
    with pytest.raises(ConfigError, match="Did you mean 'hidden1'"):
        model.activations(DIGITS, "hiden1")
    with pytest.raises(ConfigError, match="a hidden layer from 1 to 2; got 3"):
        model.activations(DIGITS, 3)


@pytest.mark.parametrize("solver", [*optim.RULES, "sgd", "lbfgs", optim.RMSProp(decay=0.95), optim.LBFGS(memory=3)])
def test_every_solver_lowers_the_loss(solver: Any) -> None:
    model = MLPClassifier(solver=solver, max_iter=15, learning_rate_init=0.01, random_state=0).fit(TUMOURS, MALIGNANT)
    assert model.loss_curve_[-1] < 0.7 * model.loss_curve_[0]


@pytest.mark.parametrize("learning_rate", [*optim.SCHEDULES, "invscaling", "adaptive", optim.StepDecay(every=2)])
def test_every_schedule_is_followed(learning_rate: Any) -> None:
    model = MLPClassifier(solver="rmsprop", learning_rate=learning_rate, tol=1e-9, **QUICK).fit(TUMOURS, MALIGNANT)
    # By default a step comes after ten epochs; an adaptive rate waits for a plateau.
    constant = isinstance(learning_rate, str) and learning_rate in ("constant", "adaptive", "step")
    assert (len(set(model.history_.rate)) == 1) == constant


def test_a_history_goes_on_over_warm_starts() -> None:
    model = MLPClassifier(warm_start=True, **QUICK)
    for _ in range(3):
        model.fit(TUMOURS, MALIGNANT)
    model.partial_fit(TUMOURS, MALIGNANT)
    assert model.history_.epochs == list(range(1, 17))
    assert model.history_.cost == model.loss_curve_
    assert model.history_.cost[-1] < model.history_.cost[0]
    assert model.n_iter_ == 1


def test_a_fit_that_has_not_converged_warns() -> None:
    with pytest.warns(ConvergenceWarning, match=r"all 5 epochs \(max_iter\) are done"):
        MLPClassifier(**QUICK).fit(TUMOURS, MALIGNANT)
    with pytest.warns(ConvergenceWarning, match="TOTAL NO. OF F"):
        MLPClassifier(solver="lbfgs", max_fun=4).fit(TUMOURS, MALIGNANT)


def fitted() -> MLPClassifier:
    return MLPClassifier(warm_start=True, **QUICK).fit(TUMOURS, MALIGNANT)


SOME = (TUMOURS[:20], MALIGNANT[:20])
BAD: dict[str, tuple[Any, type[Exception], str]] = {
    "one half of the validation rows": (
        lambda: fitted().fit(*SOME, X_val=TUMOURS),
        DataError,
        "X_val and y_val together",
    ),
    "validation rows of another width": (
        lambda: fitted().fit(*SOME, X_val=TUMOURS[:, :3], y_val=MALIGNANT),
        ValueError,
        "30 features",
    ),
    "validation rows of an unknown class": (
        lambda: fitted().fit(*SOME, X_val=TUMOURS[:2], y_val=[1, 7]),
        DataError,
        r"no class but \[0, 1\]; got \[7\]",
    ),
    "another architecture": (
        lambda: fitted().set_params(hidden_layer_sizes=(7,)).fit(TUMOURS, MALIGNANT),
        ConfigError,
        "set warm_start=False",
    ),
    "another depth": (
        lambda: fitted().set_params(hidden_layer_sizes=(12, 7)).fit(TUMOURS, MALIGNANT),
        ConfigError,
        "set warm_start=False",
    ),
    "a misspelt activation": (
        lambda: MLPClassifier((3, 3), activation=["relu", "tahn"]).fit(*SOME),
        ConfigError,
        "Did you mean 'tanh'",
    ),
    "too few activations": (
        lambda: MLPClassifier((3, 3), activation=["relu"]).fit(*SOME),
        ConfigError,
        "one for each of the 2 hidden layers; got 1",
    ),
    "a rate of dropping of one": (
        lambda: MLPClassifier((3, 3), dropout=[0.1, 1.0]).fit(*SOME),
        ConfigError,
        "rate of Dropout to be a number of at least 0 and below 1",
    ),
    "a layer without units": (lambda: MLPClassifier((3, 0)).fit(*SOME), ConfigError, "at least one unit"),
    "an unknown class in a part": (
        lambda: MLPClassifier().partial_fit(*SOME, classes=[0, 1]).partial_fit(TUMOURS[:2], [0, 5]),
        DataError,
        "Name all classes",
    ),
    "parts without classes": (lambda: MLPClassifier().partial_fit(*SOME), DataError, "Give all classes"),
    "parts with other classes": (
        lambda: MLPClassifier().partial_fit(*SOME, classes=[0, 1]).partial_fit(*SOME, classes=[0, 1, 2]),
        DataError,
        "Leave them out",
    ),
    "balance of a part": (
        lambda: MLPClassifier(class_weight="balanced").partial_fit(*SOME, classes=[0, 1]),
        DataError,
        "how frequent a class is",
    ),
    "an observer that cannot be called": (
        lambda: MLPClassifier(callbacks=["print"]).fit(*SOME),
        ConfigError,
        "functions of one event",
    ),
    "a validation row of negative weight": (
        lambda: fitted().fit(*SOME, X_val=TUMOURS, y_val=MALIGNANT, sample_weight_val=-np.ones(len(TUMOURS))),
        ValueError,
        "[Nn]egative",
    ),
    "counts below zero": (
        lambda: MLPRegressor("poisson").fit(TUMOURS, TUMOURS[:, 0]),
        DataError,
        "targets of at least 0",
    ),
    "a cost that explodes": (
        lambda: MLPRegressor(solver="gradient_descent", learning_rate_init=1e6, n_iter_no_change=np.inf).fit(
            TUMOURS, MALIGNANT
        ),
        DataError,
        "smaller learning_rate_init",
    ),
    "sparse images": (
        lambda: NetworkClassifier([nn.Flatten()], (8, 8)).fit(sparse.csr_matrix(DIGITS), LABELS),
        DataError,
        r"dense rows for inputs of shape \(8, 8\)",
    ),
    "predicting before learning": (lambda: MLPClassifier().activations(DIGITS, 1), NotFittedError, "not fitted yet"),
}


@pytest.mark.parametrize("mistake", BAD)
def test_a_mistake_is_answered(mistake: str) -> None:
    make, error, message = BAD[mistake]
    with pytest.raises(error, match=message):
        make()


def test_errors_are_value_errors_as_scikit_learns_are() -> None:
    with pytest.raises(ValueError, match="hidden_layer_sizes must be > 0") as caught:
        MLPClassifier(-1 * np.ones(2, int)).fit(*SOME)
    assert isinstance(caught.value, ChainruleError)


def test_a_linear_layer_alone_needs_no_hidden_ones() -> None:
    none = MLPClassifier((), solver="lbfgs", alpha=1.0, tol=1e-8, max_iter=1000).fit(TUMOURS, MALIGNANT)
    logistic = LogisticRegression(tol=1e-8, max_iter=1000).fit(TUMOURS, MALIGNANT)
    np.testing.assert_allclose(none.coefs_[0].T, logistic.coef_, atol=2e-2)
    assert isinstance(none.network_, Network)


def test_a_fit_that_fails_leaves_nothing_to_predict_with() -> None:
    model = MLPClassifier(**QUICK)
    with pytest.raises(DataError):
        model.fit(TUMOURS, MALIGNANT, X_val=TUMOURS)
    with pytest.raises(NotFittedError):
        model.predict(TUMOURS)
    before = model.fit(TUMOURS, MALIGNANT).predict_proba(TUMOURS)
    with pytest.raises(DataError):
        model.partial_fit(TUMOURS, MALIGNANT + 1)
    np.testing.assert_array_equal(model.predict_proba(TUMOURS), before)


def test_a_search_that_starts_at_its_goal_is_a_fit() -> None:
    model = LogisticRegression(warm_start=True, tol=1e-3).fit(TUMOURS, MALIGNANT)
    loss = model.loss_
    model.fit(TUMOURS, MALIGNANT)
    assert model.n_iter_ == 0
    assert model.loss_ == pytest.approx(loss, rel=1e-9)
    constant = LogisticRegression().fit(np.zeros((4, 2)), [0, 1, 0, 1])
    assert constant.loss_ == pytest.approx(np.log(2))
