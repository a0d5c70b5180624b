"""The threshold: from which probability on the second of two classes is the answer, chosen for a metric."""

from __future__ import annotations

import numpy as np

from chainrule.errors import ConfigError, did_you_mean
from chainrule.train.metrics import metrics_for

_MOST = 400


def deciding_metrics() -> list[str]:
    """Return the metrics that depend on the answers, so that a threshold can be chosen for them."""
    return [metric.name for metric in metrics_for("classification", unusual=True) if metric.of_answers]


def check_metric(metric: str, n_classes: int) -> None:
    """Raise ConfigError unless a threshold can be chosen for the metric, between so many classes."""
    known = deciding_metrics()
    if metric not in known:
        is_other = metric in [one.name for one in metrics_for("classification", unusual=True)]
        came = f"{metric!r}, which a threshold does not change" if is_other else f"{metric!r}"
        remedy = f"Leave `metric` out, or choose one of: {', '.join(known)}."
        raise ConfigError(
            "a metric that a threshold can be chosen for", came, remedy if is_other else did_you_mean(metric, known)
        )
    if n_classes != 2:
        came = f"{n_classes} classes" if n_classes else "numbers to predict"
        raise ConfigError("two classes to choose a threshold between, for `metric`", came, "Leave `metric` out.")


def choose_threshold(metric: str, y: np.ndarray, codes: np.ndarray) -> float:
    """Return the threshold with the best score, 0.5 where none is better.

    Parameters
    ----------
    metric : str
        A registered metric of classes that depends on the answers.
    y : array (N, 2)
        Probabilities of rows that were not learned from; rows of NaN are left out.
    codes : int array (N,)
        The true classes.

    Raises
    ------
    ConfigError
        If there is no such metric, it does not depend on a threshold, or there are more classes than two.
    """
    check_metric(metric, y.shape[1])
    function = next(one for one in metrics_for("classification", unusual=True) if one.name == metric)
    told = ~np.isnan(y).any(axis=1)
    p, truth = y[told, 1], codes[told]

    def score(threshold: float) -> float:
        yes = p >= threshold
        return function.sign * float(function.function(np.stack([~yes, yes], axis=1).astype(float), truth, None))

    # Between the probabilities that occur, or a threshold would lie on the edge of one row's.
    levels = np.unique(p)
    if len(levels) > _MOST:
        levels = np.unique(np.quantile(levels, np.linspace(0, 1, _MOST)))
    between = (levels[1:] + levels[:-1]) / 2
    scores = [score(threshold) for threshold in between]
    if not scores or max(scores) <= score(0.5):
        return 0.5
    # Of several that are as good the middle one: it is the least owed to chance.
    best = between[np.flatnonzero(np.asarray(scores) >= max(scores) - 1e-12)]
    return float(best[len(best) // 2])
