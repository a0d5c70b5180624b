"""The estimators at home in scikit-learn: pipelines, searches, copies, files, calibration, importance, pictures."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression as Peer
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from chainrule import (
    LinearRegression,
    LogisticRegression,
    MLPClassifier,
    MLPRegressor,
    NetworkClassifier,
    NetworkRegressor,
    SoftmaxRegression,
    nn,
)
from chainrule.models import LayerFeatures

FLOWERS, SPECIES = load_iris(return_X_y=True)
QUICK: dict[str, Any] = {"learning_rate_init": 0.02, "max_iter": 60, "random_state": 0}
STACK = [nn.Dense(12), nn.Tanh(), nn.Dropout(0.1)]

ALL = [
    MLPClassifier(20, **QUICK),
    MLPRegressor("huber", 20, **QUICK),
    NetworkClassifier(STACK, **QUICK),
    NetworkRegressor(STACK, input_shape=(4,), **QUICK),
    LogisticRegression(),
    SoftmaxRegression(),
    LinearRegression(),
]
CLASSIFIERS = [model for model in ALL if hasattr(model, "predict_proba")]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
every = pytest.mark.parametrize("model", ALL, ids=lambda model: type(model).__name__)
every_classifier = pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda model: type(model).__name__)


@every
def test_a_pipeline_cross_validates(model: Any) -> None:
    folds = KFold(3, shuffle=True, random_state=0)
    scores = cross_validate(make_pipeline(StandardScaler(), model), FLOWERS, SPECIES, cv=folds, error_score="raise")
    assert scores["test_score"].mean() > (0.9 if model in CLASSIFIERS else 0.3)


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_a_grid_is_searched_in_two_processes(engine: str) -> None:
    model = make_pipeline(StandardScaler(), MLPClassifier(8, engine=engine, **QUICK))
    grid = {"mlpclassifier__learning_rate_init": [0.0001, 0.02]}
    with joblib.parallel_backend("loky"):
        search = GridSearchCV(model, grid, cv=2, n_jobs=2, error_score="raise").fit(FLOWERS, SPECIES)
    alone = clone(search.best_estimator_).fit(FLOWERS, SPECIES)
    assert search.best_estimator_[-1].engine_ == engine
    np.testing.assert_allclose(search.predict_proba(FLOWERS), alone.predict_proba(FLOWERS), atol=1e-5)


@every
def test_a_clone_learns_the_same_and_a_copy_predicts_the_same(model: Any, tmp_path: Path) -> None:
    fitted = clone(model).fit(FLOWERS, SPECIES)
    again = clone(fitted).fit(FLOWERS, SPECIES)
    joblib.dump(fitted, tmp_path / "model.joblib")
    for copy in (again, pickle.loads(pickle.dumps(fitted)), joblib.load(tmp_path / "model.joblib")):
        np.testing.assert_array_equal(copy.predict(FLOWERS), fitted.predict(FLOWERS))
        assert copy.history_.cost == fitted.history_.cost


@every
def test_a_table_of_numbers_and_words_is_learnt(model: Any) -> None:
    frame = pd.DataFrame({"length": FLOWERS[:, 2], "width": np.where(FLOWERS[:, 3] > 1, "wide", "narrow")})
    preparation = make_column_transformer((StandardScaler(), ["length"]), (OneHotEncoder(), ["width"]))
    if isinstance(model, NetworkRegressor):
        model = clone(model).set_params(input_shape=(3,))
    pipeline = make_pipeline(preparation, clone(model)).fit(frame, SPECIES)
    assert pipeline.score(frame, SPECIES) > (0.85 if hasattr(model, "predict_proba") else 0.6)


@every_classifier
def test_probabilities_are_calibrated(model: Any) -> None:
    calibrated = CalibratedClassifierCV(clone(model), cv=2).fit(FLOWERS, SPECIES)
    assert calibrated.score(FLOWERS, SPECIES) > 0.8


@every
def test_the_column_that_tells_is_important(model: Any) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    y = (X[:, 2] > 0).astype(int)
    result = permutation_importance(clone(model).fit(X, y), X, y, n_repeats=3, random_state=0)
    assert result.importances_mean.argmax() == 2
    assert result.importances_mean[2] > 0.2


@every
def test_the_diagram_shows_the_parameters(model: Any) -> None:
    page = make_pipeline(StandardScaler(), model)._repr_html_()
    assert type(model).__name__ in page
    assert "StandardScaler" in page
    assert "engine" in page


def test_a_hidden_layer_feeds_another_estimator() -> None:
    features = LayerFeatures(MLPClassifier((8, 3), activation="tanh", **QUICK), layer="tanh2")
    features.set_output(transform="pandas")
    pipeline = make_pipeline(StandardScaler(), features, Peer()).fit(FLOWERS, SPECIES)
    assert pipeline.score(FLOWERS, SPECIES) > 0.95
    assert list(pipeline[:-1].transform(FLOWERS).columns) == [f"layerfeatures{i}" for i in range(3)]
