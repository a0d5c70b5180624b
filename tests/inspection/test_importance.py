"""Permutation importance: what matters stands first, however many inputs a column becomes, and the figures are scikit-learn's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import inspection

from chainrule.inspection import Subject, as_estimator, permutation_importance
from chainrule.train.metrics import log_loss
from tests.inspection.conftest import Case, N, columns


def test_a_column_that_matters_stands_before_one_of_many_categories(classifier: Case) -> None:
    found = permutation_importance(*classifier, seed=0)
    assert found is not None
    assert found.names[:2] == ("strong", "town") or found.names[:2] == ("strong", "day")
    assert found.increase[0] > 5 * found.increase[1]


def test_columns_that_nothing_follows_cost_nothing(classifier: Case) -> None:
    found = permutation_importance(*classifier, seed=0)
    assert found is not None
    nothing = [found.increase[found.names.index(name)] for name in ("colour", "flag", "noise")]
    assert nothing == [0.0, 0.0, 0.0]


def test_it_is_what_scikit_learn_finds(classifier: Case) -> None:
    subject, rows = classifier

    def score(estimator: object, X: pd.DataFrame, t: np.ndarray) -> float:
        return -log_loss(as_estimator(subject).predict_proba(X), t)

    theirs = inspection.permutation_importance(
        as_estimator(subject), rows.frame, rows.truth, scoring=score, n_repeats=5, random_state=0
    )
    ours = permutation_importance(subject, rows, seed=0)
    assert ours is not None
    at = [list(rows.frame.columns).index(name) for name in ours.names]
    np.testing.assert_allclose(ours.increase, theirs.importances_mean[at], atol=0.02)


def test_of_values_it_is_told_in_their_own_unit(regressor: Case) -> None:
    found = permutation_importance(*regressor, seed=0)
    assert found is not None
    # With x shuffled, the error has the variance 2 (1500)² beside the noise's 500².
    assert (found.names[0], found.cost) == ("strong", "RMSE")
    assert found.base == pytest.approx(500, rel=0.1)
    assert found.increase[0] == pytest.approx(np.hypot(1500 * np.sqrt(2), 500) - 500, rel=0.1)
    assert found.low[0] < found.increase[0] < found.high[0]


def test_the_same_seed_gives_the_same_figures(classifier: Case) -> None:
    once, again, other = (permutation_importance(*classifier, seed=seed) for seed in (3, 3, 4))
    assert once is not None
    assert again is not None
    assert other is not None
    assert once.increase.tolist() == again.increase.tolist()
    assert once.increase.tolist() != other.increase.tolist()


def test_of_very_many_columns_those_that_the_answers_follow_are_tried_and_the_others_are_named() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 200)), columns=[f"c{i}" for i in range(200)])

    def predict(rows: pd.DataFrame) -> np.ndarray:
        return rows[["c150"]].to_numpy()

    from chainrule.encode.target import Target
    from chainrule.inspection import Rows

    subject = Subject(predict, Target("t", "regression"), columns(**dict.fromkeys(frame.columns, "numeric")))
    found = permutation_importance(subject, Rows("test", frame, frame["c150"].to_numpy(), predict(frame)), seed=0)
    assert found is not None
    assert found.names[0] == "c150"
    assert len(found.names) == 40
    assert len(found.untried) == 160


def test_a_slow_model_is_asked_for_less(classifier: Case) -> None:
    found = permutation_importance(*classifier, seed=0, seconds=1e-6)
    assert found is not None
    assert (found.shuffles, found.rows) == (1, 200)
    assert found.rows < N


def test_a_column_may_be_called_anything(classifier: Case) -> None:
    from chainrule.encode.target import Target
    from chainrule.inspection import Rows, dependence

    frame = pd.DataFrame({"self": np.arange(60.0), "a b": np.arange(60.0) % 7})

    def predict(rows: pd.DataFrame) -> np.ndarray:
        return rows[["self"]].to_numpy(float)

    subject = Subject(predict, Target("t", "regression"), columns(**{"self": "numeric", "a b": "numeric"}))
    rows = Rows("test", frame, frame["self"].to_numpy(), predict(frame))
    found = permutation_importance(subject, rows, seed=0)
    assert found is not None
    assert found.names == ("self", "a b")
    assert len(dependence(subject, rows, ["self"], ())) == 1
