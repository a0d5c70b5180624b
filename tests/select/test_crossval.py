"""Cross-validation: the same figures as scikit-learn's, leak-proof, at work in several processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_iris, make_classification
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from chainrule import MLPClassifier
from chainrule.errors import ChainruleError, ConfigError, DataError, TrainingError
from chainrule.select import Workers, cross_validate, draw_folds

X, Y = load_iris(return_X_y=True)


def test_scores_are_scikit_learns_on_the_same_folds() -> None:
    folds = draw_folds(Y, folds=5, repeats=2)
    ours = cross_validate(GaussianNB(), X, Y, folds=folds, scoring="f1_macro")
    np.testing.assert_allclose(ours.scores, cross_val_score(GaussianNB(), X, Y, cv=folds.pairs, scoring="f1_macro"))


@pytest.mark.filterwarnings("ignore:Training has not converged")
def test_an_estimator_that_goes_on_where_it_was_begins_anew_in_each_fold() -> None:
    folds = draw_folds(Y, folds=3)
    model = MLPClassifier(hidden_layer_sizes=3, max_iter=2, warm_start=True, random_state=0)
    found = cross_validate(model, X, Y, folds=folds)
    alone = [clone(model).fit(X[train], Y[train]).score(X[test], Y[test]) for train, test in folds.pairs]
    np.testing.assert_array_equal(found.scores, alone)
    assert not hasattr(model, "coefs_")


def test_mean_and_deviation_are_those_of_the_course() -> None:
    found = cross_validate(GaussianNB(), X, Y)
    assert (found.mean, found.std) == (np.mean(found.scores), np.std(found.scores))
    assert found.variance == pytest.approx(found.std**2)


def test_a_regression_is_measured_by_its_r2() -> None:
    found = cross_validate(Ridge(), X[:, :3], X[:, 3], folds=3)
    assert (found.metric, found.folds.kind) == ("R²", "plain")
    assert found.mean > 0.9


def test_two_processes_give_what_one_gives_and_tell_their_progress() -> None:
    told: list[tuple[int, int]] = []
    one = cross_validate(GaussianNB(), X, Y)
    two = cross_validate(
        GaussianNB(), X, Y, workers=Workers(2), progress=lambda done, total, score: told.append((done, total))
    )
    np.testing.assert_array_equal(one.scores, two.scores)
    assert told == [(i, 5) for i in range(1, 6)]


def test_preprocessing_in_a_pipeline_is_fitted_inside_each_fold() -> None:
    # Noise alone: whoever chooses the best columns by all rows first finds a class in it.
    x, y = make_classification(200, 2000, n_informative=2, n_redundant=0, flip_y=1.0, random_state=0)
    honest = cross_validate(make_pipeline(SelectKBest(k=20), GaussianNB()), x, y)
    leaking = cross_validate(GaussianNB(), SelectKBest(k=20).fit_transform(x, y), y)
    assert honest.mean < 0.6 < 0.7 < leaking.mean


def test_the_result_prints_as_a_table_and_travels_as_json() -> None:
    found = cross_validate(GaussianNB(), X, Y, repeats=3, name="bayes")
    text = str(found)
    assert text.startswith("bayes: accuracy on 5 stratified folds, drawn 3 times (seed 0)\n")
    assert "5 more" in text
    assert f"{found.mean:.4f}" in text
    assert found.to_json()["scores"] == found.scores.tolist()


class Killed(ClassifierMixin, BaseEstimator):
    """Dies like a process that ran out of memory: once, or each time."""

    def __init__(self, mark: str = "", always: bool = False) -> None:
        self.mark = mark
        self.always = always

    def fit(self, x: np.ndarray, y: np.ndarray) -> Killed:
        mark = Path(self.mark)
        if self.always or not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        self.classes_ = np.unique(y)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.zeros(len(x), int)


def test_a_worker_that_dies_is_replaced_and_its_fold_trained_again(tmp_path: Path) -> None:
    found = cross_validate(Killed(str(tmp_path / "mark")), X, Y, workers=Workers(2))
    assert (tmp_path / "mark").exists()
    np.testing.assert_allclose(found.scores, 1 / 3)


def test_workers_that_keep_dying_end_in_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="3 times one that died"):
        cross_validate(Killed(str(tmp_path / "mark"), always=True), X, Y, workers=Workers(2))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"scoring": "acuracy"}, "Did you mean 'accuracy'"),
        ({"estimator": "model"}, "an estimator with fit and score"),
        ({"X": np.where(X > 7, np.nan, X)}, "to train on"),
        ({"folds": draw_folds(np.zeros(500), kind="plain")}, "folds that were drawn for these rows"),
    ],
)
def test_what_cannot_be_measured_is_answered(change: dict[str, object], error: str) -> None:
    options: dict[str, object] = {"estimator": LogisticRegression(max_iter=500), "X": X, "y": Y} | change
    with pytest.raises(ChainruleError, match=error):
        cross_validate(options.pop("estimator"), options.pop("X"), options.pop("y"), **options)  # type: ignore[arg-type]


def test_a_single_row_of_a_class_is_named() -> None:
    with pytest.raises(DataError, match="single row of class '7'"):
        cross_validate(GaussianNB(), X, np.append(Y[:-1], 7))


def test_forking_backends_and_half_an_address_are_refused() -> None:
    with pytest.raises(ConfigError, match="one of loky, threading, dask"):
        Workers(2, "multiprocessing")
    with pytest.raises(ConfigError, match="the address of a scheduler"):
        Workers(2, "dask")
    with pytest.raises(ConfigError, match="the address of a scheduler"):
        Workers(2, address="tcp://somewhere:1")


def test_a_cluster_that_is_not_there_is_told() -> None:
    with pytest.raises(ConfigError, match="a Dask scheduler at"):
        cross_validate(GaussianNB(), X, Y, workers=Workers(2, "dask", "tcp://127.0.0.1:9", wait=0.5))
