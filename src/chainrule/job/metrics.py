"""Metrics of a run: how good predictions are, beside what knowing nothing would give."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from chainrule.encode.target import CLASSIFICATION, Target
from chainrule.train.metrics import Metric, metrics_for

_CURVE = "roc_auc"


def measured(target: Target, truth: np.ndarray) -> list[Metric]:
    """Return the registered metrics that rows with these classes (or values) have, in their order."""
    # The area under a curve is told of two classes, both of which occur.
    has_curve = target.task == CLASSIFICATION and len(target.classes) == 2 and len(np.unique(truth)) == 2
    return [metric for metric in metrics_for(target.task) if metric.name != _CURVE or has_curve]


def measure(target: Target, truth: np.ndarray, y: np.ndarray, threshold: float | None = None) -> dict[str, float]:
    """Return every registered metric of the target's task, in its order.

    Parameters
    ----------
    truth : array (N,)
        Class numbers, or values in the target's own unit; (N, K) of several values.
    y : array (N, K) or (N, 1)
        Probabilities, or values.
    threshold : float, optional
        Of two classes: from which probability of the second on it is the answer (see `Model.threshold`).
    """
    t = truth if target.task == CLASSIFICATION or truth.ndim > 1 else truth[:, None]
    answers = y if threshold is None else answered(y, threshold)
    return {
        metric.name: float(metric.function(answers if metric.of_answers else y, t, None))
        for metric in measured(target, truth)
    }


def answered(y: np.ndarray, threshold: float) -> np.ndarray:
    """Return the answers of a threshold as probabilities (N, 2) of 0 and 1."""
    yes = y[:, 1] >= threshold
    return np.stack([~yes, yes], axis=1).astype(float)


def judged_by(metrics: Mapping[str, float]) -> tuple[Metric, Metric]:
    """Return the score and the cost that tell most of those that were measured."""
    measured = [m for task in ("classification", "regression") for m in metrics_for(task) if m.name in metrics]
    return (
        next(metric for metric in measured if metric.better == "higher"),
        next(metric for metric in measured if metric.better == "lower"),
    )


def baseline(target: Target, train_truth: np.ndarray, n: int) -> np.ndarray:
    """Return what the trivial model predicts for n rows: the class shares of the training part, or its mean."""
    if target.task != CLASSIFICATION:
        return np.tile(train_truth.reshape(len(train_truth), -1).mean(axis=0), (n, 1))
    share = np.bincount(train_truth, minlength=len(target.classes)) / len(train_truth)
    return np.tile(share, (n, 1))
