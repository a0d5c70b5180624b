"""Metrics: how good predictions are. The one place that knows what a score is called and whether more of it is better."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from chainrule.errors import ConfigError, did_you_mean
from chainrule.nn.loss import aligned

# (y, t, w) -> the score of predictions y (N, …, K) against targets t; w (N, …) are weights, or None.
Measure: TypeAlias = Callable[[np.ndarray, np.ndarray, "np.ndarray | None"], float]

DIRECTIONS = ("higher", "lower")
# How far from 1 the rounded probabilities of a distribution may sum.
_ROUNDED = 1e-4
# Of a certain network a probability may be rounded to 0; its logarithm is kept finite.
_LEAST = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class Metric:
    """A score by name: policies, comparisons and reports ask it what they know of the score.

    Parameters
    ----------
    name : str
        What scores, journals and `monitor` call it: `f1`, as in `KeepBest("valid.f1")`.
    better : str
        `higher` or `lower`.
    function : callable
        `function(y, t, w) -> float`, on NumPy arrays: the predictions y (N, …, K) that the loss's link makes, the
        targets t as the loss takes them, and the weights w (N,) or (N, …) of samples or places, or None. What is
        masked has weight 0. (See `places`.)
    label : str
        What people see; by default the name.
    task : str
        `classification` or `regression`, where it is of such targets alone.
    is_share : bool
        Whether it is a share of the rows, which is shown in per cent.
    is_usual : bool
        Whether it is told without being asked for.
    of_answers : bool
        Whether it depends on the classes that are answered alone, and so on a threshold.
    """

    name: str
    better: str
    function: Measure
    label: str = ""
    task: str = ""
    is_share: bool = False
    of_answers: bool = False
    is_usual: bool = True

    def __post_init__(self) -> None:
        """Check what can be mistaken."""
        if self.better not in DIRECTIONS:
            remedy = did_you_mean(str(self.better), DIRECTIONS)
            raise ConfigError(f"better of the metric {self.name!r} to be higher or lower", f"{self.better!r}", remedy)
        if not callable(self.function):
            raise ConfigError(
                f"function of the metric {self.name!r} to be function(y, t, w)",
                f"{self.function!r:.60}",
                "Give the function itself.",
            )
        if not self.name or "." in self.name:
            raise ConfigError("a metric's name without a dot", f"{self.name!r}", "Name it like macro_f1.")
        if not self.label:
            object.__setattr__(self, "label", self.name)

    @property
    def sign(self) -> int:
        """1 where higher is better, else -1: the score times this is to be made large."""
        return 1 if self.better == "higher" else -1


METRICS: dict[str, Metric] = {}


def register_metric(metric: Metric) -> Metric:
    """Enter a metric in the registry, and return it; the same one may be entered again."""
    if not isinstance(metric, Metric):
        raise ConfigError("a Metric", f"{metric!r:.60}", 'Write Metric("f1", "higher", f1).')
    if METRICS.setdefault(metric.name, metric) != metric:
        raise ConfigError("a metric with a name of its own", f"a second {metric.name!r}", "Give it another name.")
    return metric


def metric_named(name: str) -> Metric:
    """Return the registered metric of a name.

    Raises
    ------
    ConfigError
        If there is none.
    """
    if name not in METRICS:
        raise ConfigError(
            "the name of a registered metric",
            f"{name!r}",
            f"{did_you_mean(name, METRICS)} Your own is entered by train.register_metric.",
        )
    return METRICS[name]


def as_metric(metric: Metric | str) -> Metric:
    """Return a metric that is given by itself or by its name."""
    return metric if isinstance(metric, Metric) else metric_named(metric)


def metrics_for(task: str, *, unusual: bool = False) -> list[Metric]:
    """Return the registered metrics of a task, `classification` or `regression`; the first is what a model is judged by.

    Parameters
    ----------
    unusual : bool
        Whether those are among them that are told only where they are asked for.
    """
    return [metric for metric in METRICS.values() if metric.task == task and (metric.is_usual or unusual)]


def label_of(name: str) -> str:
    """Return what people see of a score, registered or not."""
    return METRICS[name].label if name in METRICS else name


def scores_of(
    metrics: Iterable[Metric], y: np.ndarray, t: Any, w: np.ndarray | None = None, mask: np.ndarray | None = None
) -> dict[str, float]:
    """Return the score of predictions by each metric; what is masked is given to them with weight 0 and target 0.

    Parameters
    ----------
    y : array (N, …, K)
    t : array (N, …, K), (N, …) or None
    w : array (N,), (N, …) or None
    mask : array (N,), (N, …) or None
    """
    if mask is not None:
        shape = y.shape[:-1]
        counts = np.broadcast_to(aligned(mask != 0, len(shape)), shape)
        w = counts * (np.ones(shape, y.dtype) if w is None else aligned(w, len(shape)))
        t = None if t is None else np.where(aligned(counts, t.ndim), t, np.zeros_like(t))
    return {metric.name: float(metric.function(y, t, w)) for metric in metrics}


# What the metrics below have in common


def places(y: np.ndarray, t: np.ndarray, w: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return predictions (P, K), targets (P, K) or (P,) and weights (P,) or None, of the places that have a weight.

    Parameters
    ----------
    y : array (N, …, K)
    t : array (N, …, K), or (N, …) of class numbers
    w : array (N,), (N, …) or None
    """
    shape = y.shape[:-1]
    y = y.reshape(-1, y.shape[-1])
    t = t.reshape(len(y), -1) if t.ndim > len(shape) else t.reshape(-1)
    if w is None:
        return y, t, None
    weights = np.broadcast_to(aligned(w, len(shape)), shape).reshape(-1)
    if weights.all():
        return y, t, weights
    counts = weights != 0
    return y[counts], t[counts], weights[counts]


def _is_distribution(p: np.ndarray) -> bool:
    return bool((np.abs(p.sum(axis=1) - 1) < _ROUNDED).all())


def _is_exclusive(y: np.ndarray, t: np.ndarray) -> bool:
    """Tell classes of which one is right from labels that may each be: theirs need not sum to 1."""
    return t.ndim == 1 or (y.shape[1] > 1 and _is_distribution(t) and _is_distribution(y))


def _numbers(p: np.ndarray) -> np.ndarray:
    """Return class numbers (P,) of probabilities, indicators or class numbers."""
    if p.ndim == 1:
        return p.astype(np.intp)
    found: np.ndarray = p.argmax(axis=1) if p.shape[1] > 1 else (p[:, 0] > 0.5).astype(np.intp)
    return found


def accuracy(y: np.ndarray, t: np.ndarray, w: np.ndarray | None = None) -> float:
    """Return the share of places (by their weights) whose class is right, or all of whose labels are.

    Classes that exclude each other are told by targets that are class numbers, or by predictions and targets that
    each sum to 1. Of one output alone, and of labels, more than one half means yes.
    """
    y, t, w = places(y, t, w)
    if _is_exclusive(y, t):
        return float(np.average(_numbers(y) == _numbers(t), weights=w))
    return float(np.average(((y > 0.5) == (t > 0.5)).all(axis=1), weights=w))


def log_loss(y: np.ndarray, t: np.ndarray, w: np.ndarray | None = None) -> float:
    """Return the mean of -log of the probability that was given to what is right, summed over several labels."""
    y, t, w = places(y, t, w)
    if not _is_exclusive(y, t):
        p = np.clip(y, _LEAST, 1 - _LEAST)
        return float(np.average(-(t * np.log(p) + (1 - t) * np.log(1 - p)).sum(axis=1), weights=w))
    p = np.hstack([1 - y, y]) if y.shape[1] == 1 else y
    log_p = np.log(np.clip(p / p.sum(axis=1, keepdims=True), _LEAST, 1))
    costs = -log_p[np.arange(len(t)), _numbers(t)] if t.ndim == 1 else -(t * log_p).sum(axis=1)
    return float(np.average(costs, weights=w))


def macro_f1(y: np.ndarray, t: np.ndarray, w: np.ndarray | None = None) -> float:
    """Return the mean over the classes, or labels, of 2 hits / (predicted + true); 0 where a class is in neither."""
    y, t, w = places(y, t, w)
    if _is_exclusive(y, t) or y.shape[1] == 1:
        classes = np.arange(max(2, y.shape[1]))
        predicted, true = _numbers(y)[:, None] == classes, _numbers(t)[:, None] == classes
    else:
        predicted, true = y > 0.5, t > 0.5
    weights = np.ones(len(y)) if w is None else w
    hits, both = weights @ (predicted & true), weights @ predicted + weights @ true
    return float(np.where(both > 0, 2 * hits / np.where(both > 0, both, 1), 0.0).mean())


def balanced_accuracy(y: np.ndarray, t: np.ndarray, w: np.ndarray | None = None) -> float:
    """Return the mean over the classes that occur of the share of their places whose class is right; of labels, their mean."""
    y, t, w = places(y, t, w)
    weights = np.ones(len(y)) if w is None else w
    if _is_exclusive(y, t) or y.shape[1] == 1:
        return _mean_recall(_numbers(y), _numbers(t), weights)
    return float(np.mean([_mean_recall(p, true, weights) for p, true in zip((y > 0.5).T, (t > 0.5).T, strict=True)]))


def _mean_recall(predicted: np.ndarray, true: np.ndarray, weights: np.ndarray) -> float:
    rows = [true == k for k in np.unique(true)]
    return float(np.mean([np.average(predicted[row] == true[row], weights=weights[row]) for row in rows]))


def average_precision(y: np.ndarray, t: np.ndarray, w: np.ndarray | None = None) -> float:
    """Return Σₖ (Rₖ - Rₖ₋₁) Pₖ over the thresholds, of the second of two classes; NaN where no place is of it.

    R is recall, P precision; of more classes, and of labels, the mean over each against the rest.
    """
    y, t, w = places(y, t, w)
    true = t[:, None] == np.arange(max(2, y.shape[1])) if t.ndim == 1 else t > 0.5
    if true.shape[1] == 2 and _is_exclusive(y, t):
        true, y = true[:, 1:], y[:, -1:]
    weights = np.ones(len(y)) if w is None else w
    return float(np.mean([_precision(score, yes, weights) for score, yes in zip(y.T, true.T, strict=True)]))


def _precision(score: np.ndarray, yes: np.ndarray, w: np.ndarray) -> float:
    """Return the mean of the precisions at each hit; what ties comes in together."""
    _, tied = np.unique(-score, return_inverse=True)
    hits, all_of = np.cumsum(np.bincount(tied, w * yes)), np.cumsum(np.bincount(tied, w))
    if not hits[-1] > 0:
        return float("nan")
    return float((np.diff(hits, prepend=0.0) * hits / all_of).sum() / hits[-1])


def roc_auc(y: np.ndarray, t: np.ndarray, w: np.ndarray | None = None) -> float:
    """Return the mean over the outputs of the area under the curve of one against the rest; NaN where one is missing."""
    y, t, w = places(y, t, w)
    true = t[:, None] == np.arange(max(2, y.shape[1])) if t.ndim == 1 else t > 0.5
    if y.shape[1] == 1:
        true = true[:, -1:]
    weights = np.ones(len(y)) if w is None else w
    return float(np.mean([_area(score, yes, weights) for score, yes in zip(y.T, true.T, strict=True)]))


def _area(score: np.ndarray, yes: np.ndarray, w: np.ndarray) -> float:
    """Return the weighted share of pairs (a yes, a no) that the score has in order; a tie is half a pair."""
    _, tied = np.unique(score, return_inverse=True)
    ups, downs = np.bincount(tied, w * yes), np.bincount(tied, w * ~yes)
    pairs = ups.sum() * downs.sum()
    below = np.cumsum(downs) - downs
    return float((ups * (below + downs / 2)).sum() / pairs) if pairs > 0 else float("nan")


def _errors(y: np.ndarray, t: np.ndarray, w: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    y, t, w = places(y, t, w)
    t = t.reshape(y.shape)
    return y - t, t, w


def r2(y: np.ndarray, t: np.ndarray, w: np.ndarray | None = None) -> float:
    """Return the mean over the outputs of R², 1 - the squared error's share of the spread; NaN for fewer than two rows.

    Targets that do not vary leave nothing to explain: 1 for meeting them exactly, else 0, as scikit-learn has it.
    """
    error, t, w = _errors(y, t, w)
    if len(t) < 2:
        return float("nan")
    missed = np.average(error**2, axis=0, weights=w)
    spread = np.average((t - np.average(t, axis=0, weights=w)) ** 2, axis=0, weights=w)
    exact = np.where(missed > 0, 0.0, 1.0) + 0 * missed
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.where(spread > 0, 1 - missed / spread, exact).mean())


def mae(y: np.ndarray, t: np.ndarray, w: np.ndarray | None = None) -> float:
    """Return the mean absolute error."""
    error, _, w = _errors(y, t, w)
    return float(np.average(np.abs(error), axis=0, weights=w).mean())


def rmse(y: np.ndarray, t: np.ndarray, w: np.ndarray | None = None) -> float:
    """Return the mean over the outputs of the root of the mean squared error."""
    error, _, w = _errors(y, t, w)
    return float(np.sqrt(np.average(error**2, axis=0, weights=w)).mean())


def _is_told_by_the_loss(*_: Any) -> float:
    raise ConfigError("a metric that is computed from predictions", "the cost", "It is measured in any case.")


COST = register_metric(Metric("cost", "lower", _is_told_by_the_loss, "cost J"))
for _metric in (
    Metric("accuracy", "higher", accuracy, "accuracy", "classification", is_share=True, of_answers=True),
    Metric("log_loss", "lower", log_loss, "log-loss", "classification"),
    Metric("macro_f1", "higher", macro_f1, "macro F1", "classification", of_answers=True),
    Metric("roc_auc", "higher", roc_auc, "ROC AUC", "classification"),
    Metric(
        "balanced_accuracy",
        "higher",
        balanced_accuracy,
        "balanced accuracy",
        "classification",
        is_share=True,
        of_answers=True,
        is_usual=False,
    ),
    Metric("average_precision", "higher", average_precision, "average precision", "classification", is_usual=False),
    Metric("r2", "higher", r2, "R²", "regression"),
    Metric("rmse", "lower", rmse, "RMSE", "regression"),
    Metric("mae", "lower", mae, "MAE", "regression"),
):
    register_metric(_metric)
