"""Metrics: how good predictions are, beside what knowing nothing would give."""

from __future__ import annotations

import numpy as np

from chainrule.encode.target import CLASSIFICATION, Target

# What each metric is called in a table, and whether more of it is better.
NAMES = {
    "accuracy": ("accuracy", True),
    "log_loss": ("log-loss", False),
    "macro_f1": ("macro F1", True),
    "roc_auc": ("ROC AUC", True),
    "r2": ("R²", True),
    "mae": ("MAE", False),
    "rmse": ("RMSE", False),
}


def measure(target: Target, truth: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Return the metrics of predictions.

    Parameters
    ----------
    truth : array (N,)
        Class numbers, or values in the target's own unit.
    y : array (N, K) or (N, 1)
        Probabilities, or values.
    """
    from sklearn import metrics

    if target.task != CLASSIFICATION:
        error = y[:, 0] - truth
        return {
            "r2": float(metrics.r2_score(truth, y[:, 0])) if len(truth) > 1 else float("nan"),
            "mae": float(np.abs(error).mean()),
            "rmse": float(np.sqrt((error * error).mean())),
        }
    labels = np.arange(len(target.classes))
    predicted = y.argmax(axis=1)
    # In float64 a probability of a certain float32 network may be 0; its logarithm is kept finite.
    p = np.clip(y / y.sum(axis=1, keepdims=True), np.finfo(np.float32).eps, 1)
    found = {
        "accuracy": float((predicted == truth).mean()),
        "log_loss": float(-np.log(p[np.arange(len(truth)), truth]).mean()),
        "macro_f1": float(metrics.f1_score(truth, predicted, labels=labels, average="macro", zero_division=0)),
    }
    if len(labels) == 2 and len(np.unique(truth)) == 2:
        found["roc_auc"] = float(metrics.roc_auc_score(truth, y[:, 1]))
    return found


def baseline(target: Target, train_truth: np.ndarray, n: int) -> np.ndarray:
    """Return what the trivial model predicts for n rows: the class shares of the training part, or its mean."""
    if target.task != CLASSIFICATION:
        return np.full((n, 1), train_truth.mean())
    share = np.bincount(train_truth, minlength=len(target.classes)) / len(train_truth)
    return np.tile(share, (n, 1))
