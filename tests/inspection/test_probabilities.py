"""Calibration and thresholds: what is said is held against what came, and a rare class is looked for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from chainrule.inspection import Imbalance, Rows, calibration, curves, imbalance, told
from chainrule.inspection.thresholds import rarer

FRAME = pd.DataFrame(index=range(4000))


def rows(part: str = "test", seed: int = 0, sharpen: float = 1.0, shift: float = 0.0, n: int = 4000) -> Rows:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n) * 1.5 + shift
    truth = (rng.random(n) < 1 / (1 + np.exp(-a))).astype(int)
    p = 1 / (1 + np.exp(-sharpen * a))
    return Rows(part, FRAME[:n], truth, np.column_stack([1 - p, p]))


def test_true_probabilities_are_within_chance() -> None:
    one = rows()
    found = calibration(one.truth, one.y, 1, seed=0)
    assert found is not None
    assert not found.is_more_than_chance
    assert found.error < found.chance < 0.03
    assert "taken at their word" in told.calibrated(found, 4000)


@pytest.mark.parametrize(("sharpen", "leans"), [(3.0, "too sure"), (0.3, "not sure enough")])
def test_probabilities_that_lean_are_told_which_way(sharpen: float, leans: str) -> None:
    one = rows(sharpen=sharpen)
    found = calibration(one.truth, one.y, 1, seed=0)
    assert found is not None
    assert found.is_more_than_chance
    assert found.leans == leans
    assert leans in told.calibrated(found, 4000)


def test_the_error_is_the_weighted_mean_of_the_gaps() -> None:
    p = np.repeat([0.2, 0.8], [40, 60])
    truth = np.concatenate([np.repeat([1, 0], [12, 28]), np.repeat([1, 0], [42, 18])])
    found = calibration(truth, np.column_stack([1 - p, p]), 1, seed=0)
    assert found is not None
    # 12 of 40 came where 0.2 was said, 42 of 60 where 0.8 was.
    assert found.error == pytest.approx(0.4 * 0.1 + 0.6 * 0.1)
    assert found.counts.tolist() == [40, 60]
    assert found.came.tolist() == [0.3, 0.7]


def test_of_more_classes_it_is_that_of_the_answer() -> None:
    rng = np.random.default_rng(1)
    y = rng.dirichlet(np.ones(4), 3000)
    truth = np.array([rng.choice(4, p=p) for p in y])
    found = calibration(truth, y, 0, seed=0)
    assert found is not None
    assert found.of is None
    assert not found.is_more_than_chance


def test_too_few_rows_tell_nothing() -> None:
    assert calibration(np.array([0, 1]), np.eye(2), 1, seed=0) is None


def test_counts_at_every_threshold_are_those_of_scikit_learn() -> None:
    one = rows(shift=-1.5)
    (curve,) = curves(one, rows("valid", 1, shift=-1.5))
    score = one.y[:, 1]
    assert curve.k == 1
    for i in range(0, len(curve.thresholds), 17):
        said = score >= curve.thresholds[i]
        assert curve.hits[i] == (said & (one.truth == 1)).sum()
        assert curve.alarms[i] == (said & (one.truth == 0)).sum()
    assert curve.area == pytest.approx(roc_auc_score(one.truth, score))
    assert curve.precision == pytest.approx(average_precision_score(one.truth, score))


def test_the_threshold_that_is_told_has_the_best_f1_on_the_validation_rows() -> None:
    valid = rows("valid", 1, shift=-2)
    (curve,) = curves(rows(shift=-2), valid)
    assert curve.best is not None
    ours = f1_score(valid.truth, valid.y[:, 1] >= curve.best)
    assert ours == pytest.approx(
        max(f1_score(valid.truth, valid.y[:, 1] >= t) for t in np.unique(valid.y[:, 1])[::97]), abs=0.01
    )
    (without,) = curves(rows(shift=-2), None)
    assert without.best is None


def test_the_class_that_is_looked_for_is_the_rarer() -> None:
    assert rarer(np.array([0, 1, 1]), 2) == 0
    assert rarer(np.array([0, 0, 1]), 2) == 1
    assert rarer(np.array([0, 1]), 2) == 1
    assert rarer(np.array([1, 1]), 2) == 1


def test_a_rare_class_that_is_missed_is_told_with_a_threshold_that_finds_it() -> None:
    test, valid = rows(shift=-2), rows("valid", 1, shift=-2)
    found = imbalance(test, valid)
    assert found is not None
    assert found.recall < 0.5 < found.new_recall
    said = test.y[:, 1] >= found.threshold
    assert found.new_recall == pytest.approx(said[test.truth == 1].mean())
    assert found.new_precision == pytest.approx(test.truth[said].mean())
    text = told.rare_class(found, "test", "yes", is_balanced=False)
    assert all(
        part in text for part in (f"recall {found.recall:.3f}", f"{found.threshold:g}", "`class_weight=balanced`")
    )
    assert "class_weight" not in told.rare_class(found, "test", "yes", is_balanced=True)


def test_a_class_that_is_found_or_not_rare_is_not_told_of() -> None:
    assert imbalance(rows(), None) is None
    one = rows(shift=-2)
    perfect = Rows("test", one.frame, one.truth, np.eye(2)[one.truth])
    assert imbalance(perfect, None) is None


def test_a_class_that_is_never_answered_has_no_precision() -> None:
    one = rows(shift=-2)
    never = Rows("test", one.frame, one.truth, np.tile([0.9, 0.1], (len(one), 1)))
    found = imbalance(never, None)
    assert found == Imbalance(1, found.share, 0.0, found.precision) if found else False
    assert found is not None
    assert "precision" not in told.rare_class(found, "test", "yes", is_balanced=True)
