"""Comparison: scikit-learn's example to the last digit, several models, and what the words say."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_moons
from sklearn.dummy import DummyClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from chainrule.errors import ConfigError, DataError
from chainrule.select import compare, compare_fitted, compare_scores, cross_validate, draw_folds, holm

X, Y = load_iris(return_X_y=True)


def test_the_example_of_scikit_learn_is_reproduced() -> None:
    # "Statistical comparison of models using grid search": RBF against linear SVC, ROC AUC, 10 x 10 folds.
    x, y = make_moons(noise=0.352, random_state=1, n_samples=100)
    models = {"rbf": SVC(kernel="rbf", random_state=0), "linear": SVC(kernel="linear", random_state=0)}
    found = compare(models, x, y, folds=10, repeats=10, scoring="roc_auc", alternative="greater")
    (pair,) = found.pairs
    assert (pair.a, pair.b) == ("rbf", "linear")
    assert (round(pair.plain.p, 4), round(pair.corrected.p, 4)) == (0.0052, 0.2274)
    assert "though the plain t-test would have said so" in found.verdicts[0]


def test_all_models_see_the_same_folds() -> None:
    found = compare({"a": GaussianNB(), "b": GaussianNB()}, X, Y, folds=5)
    np.testing.assert_array_equal(found.pairs[0].differences, np.zeros(5))
    assert found.pairs[0].p == 1.0


def test_several_models_are_told_best_first_with_probabilities_raised_by_holm() -> None:
    models = {"knows nothing": DummyClassifier(), "bayes": GaussianNB(), "neighbours": KNeighborsClassifier()}
    found = compare(models, X, Y, folds=10)
    assert [model.name for model in found.models] == ["bayes", "neighbours", "knows nothing"]
    assert len(found.pairs) == 3
    raw = [pair.corrected.p for pair in found.pairs]
    assert [pair.p for pair in found.pairs] == holm(raw)
    assert "bayes has the better accuracy than knows nothing" in found.verdicts[1]
    assert "p < 0.0001" in str(found)


def test_the_comparison_prints_both_tests_and_the_warning() -> None:
    text = str(compare({"bayes": GaussianNB(), "neighbours": KNeighborsClassifier()}, X, Y))
    for words in (
        "corrected resampled t-test",
        "the course's plain t-test",
        "95% interval",
        "effect size",
        "63 of 100",
    ):
        assert words in text


def test_the_comparison_travels_as_json() -> None:
    found = compare({"a": GaussianNB(), "b": GaussianNB()}, X, Y).to_json()
    assert (found["pairs"][0]["p_plain"], len(found["models"]), len(found["pairs"][0]["differences"])) == (1.0, 2, 10)


def test_progress_counts_the_trainings_of_all_models() -> None:
    told = []
    compare({"a": GaussianNB(), "b": GaussianNB()}, X, Y, folds=3, progress=lambda *news: told.append(news[:2]))
    assert told == [(i, 6) for i in range(1, 7)]


def test_results_of_different_folds_are_not_compared() -> None:
    results = [cross_validate(GaussianNB(), X, Y, folds=draw_folds(Y, seed=seed)) for seed in (0, 1)]
    with pytest.raises(DataError, match="on the same folds"):
        compare_scores(results)


def test_one_model_and_unknown_alternatives_are_refused() -> None:
    with pytest.raises(ConfigError, match="two or more models"):
        compare({"a": GaussianNB()}, X, Y)
    with pytest.raises(ConfigError, match="two-sided or greater"):
        compare({"a": GaussianNB(), "b": GaussianNB()}, X, Y, alternative="less")


def test_two_fitted_models_are_compared_on_one_test_set() -> None:
    bayes, nothing = GaussianNB().fit(X[::2], Y[::2]), DummyClassifier().fit(X[::2], Y[::2])
    found = compare_fitted(bayes, nothing, X[1::2], Y[1::2])
    assert found.only_a > 40
    assert found.p < 1e-6
