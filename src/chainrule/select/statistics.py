"""Tests: whether a difference is more than chance, for scores on the same folds and for one fixed test set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import DataError

ALTERNATIVES = ("two-sided", "greater")


@dataclass(frozen=True)
class TTest:
    """A t-test of the mean of paired differences.

    Attributes
    ----------
    difference : float
        d̄, the mean of a - b.
    statistic, df : float
        t and its degrees of freedom.
    p : float
        Probability of a difference at least as large if there were none in truth.
    low, high : float
        Confidence interval of the difference.
    confidence : float
        Of the interval, 0.95 as a rule.
    """

    difference: float
    statistic: float
    df: int
    p: float
    low: float
    high: float
    confidence: float


@dataclass(frozen=True)
class McNemar:
    """McNemar's exact test on one fixed test set.

    Attributes
    ----------
    only_a, only_b : int
        Rows that a alone, and b alone, has right; the rows on which they agree say nothing.
    p : float
        Two-sided, of a fair coin thrown only_a + only_b times.
    """

    only_a: int
    only_b: int
    p: float


def paired_t_test(d: Any, *, alternative: str = "two-sided", confidence: float = 0.95) -> TTest:
    """Return the course's t-test of differences on J folds, as if they were independent.

    They are not: the training sets of K folds share (K - 2) / (K - 1) of their rows, so this test finds
    differences that are not there, the more often the more folds there are.
    """
    return _t_test(d, 0.0, alternative, confidence)


def corrected_t_test(
    d: Any, *, n_train: float, n_test: float, alternative: str = "two-sided", confidence: float = 0.95
) -> TTest:
    """Return the corrected resampled t-test, t = d̄ / (s √(1/J + n_test / n_train)) with J - 1 degrees of freedom.

    Nadeau & Bengio, 2003, Inference for the generalization error, Machine Learning 52, section 4.
    """
    return _t_test(d, n_test / n_train, alternative, confidence)


def _t_test(d: Any, overlap: float, alternative: str, confidence: float) -> TTest:
    from scipy import stats

    differences = np.asarray(d, dtype=float)
    j = len(differences)
    if j < 2:
        raise DataError("at least 2 folds to compare on", f"{j}", "Draw more folds.")
    mean = float(differences.mean())
    error = float(differences.std(ddof=1)) * math.sqrt(1 / j + overlap)
    width = float(stats.t.ppf(0.5 + confidence / 2, j - 1)) * error
    # Differences that are all alike leave no doubt, or, where all are zero, no difference.
    statistic = mean / error if error > 0 else math.copysign(math.inf, mean) if mean else 0.0
    tail = float(stats.t.sf(abs(statistic) if alternative == "two-sided" else statistic, j - 1))
    p = 2 * tail if alternative == "two-sided" else tail
    return TTest(mean, statistic, j - 1, p, mean - width, mean + width, confidence)


def effect_size(d: Any) -> float:
    """Return Cohen's d of paired differences, d̄ / s: how many standard deviations of a fold's difference."""
    differences = np.asarray(d, dtype=float)
    mean, s = float(differences.mean()), float(differences.std(ddof=1))
    return mean / s if s > 0 else math.copysign(math.inf, mean) if mean else 0.0


def holm(p: Sequence[float]) -> list[float]:
    """Return the probabilities of several tests, each raised so that the chance of any false finding stays what it was.

    Holm, 1979, A simple sequentially rejective multiple test procedure.
    """
    order = np.argsort(p, kind="stable")
    raised = np.minimum(1.0, (len(p) - np.arange(len(p))) * np.asarray(p, float)[order])
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(raised)
    return [float(value) for value in adjusted]


def mcnemar(truth: Any, a: Any, b: Any) -> McNemar:
    """Return McNemar's exact test of two models' predictions for one fixed test set.

    McNemar, 1947, Note on the sampling error of the difference between correlated proportions.
    """
    from scipy import stats

    t, first, second = (np.asarray(values) for values in (truth, a, b))
    if not (t.shape == first.shape == second.shape) or t.ndim != 1:
        raise DataError(
            "one answer of each model for each row",
            f"shapes {t.shape}, {first.shape} and {second.shape}",
            "Predict the same rows with both.",
        )
    right_a, right_b = first == t, second == t
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    n = only_a + only_b
    return McNemar(only_a, only_b, float(stats.binomtest(only_a, n, 0.5).pvalue) if n else 1.0)
