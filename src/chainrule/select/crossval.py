"""Cross-validation: a model trained K times and measured each time on rows that it has not seen."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from chainrule.errors import ChainruleError, ConfigError, DataError, TrainingError, did_you_mean
from chainrule.select.folds import Folds, draw_folds
from chainrule.select.workers import Workers
from chainrule.sources.source import Source
from chainrule.train.metrics import metrics_for

# Called with the number of trainings done, of all, and the latest score.
Progress: TypeAlias = Callable[[int, int, float], None]


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """What a model scored on each fold; printed, it is a table.

    Attributes
    ----------
    name : str
        Of the model.
    metric : str
        What the scores are; higher is better, always.
    scores, train_scores : array (J,)
        On the test rows and on the training rows of each fold.
    seconds : array (J,)
        Of training.
    folds : Folds
    """

    name: str
    metric: str
    scores: np.ndarray
    train_scores: np.ndarray
    seconds: np.ndarray
    folds: Folds

    @property
    def mean(self) -> float:
        """Mean score over the folds."""
        return float(np.mean(self.scores))

    @property
    def std(self) -> float:
        """Standard deviation over the folds as the course has it: √(Σ (s - s̄)² / J)."""
        return float(np.std(self.scores))

    @property
    def variance(self) -> float:
        """Variance over the folds, the square of `std`."""
        return float(np.var(self.scores))

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON-able data."""
        return {
            "name": self.name,
            "metric": self.metric,
            "mean": self.mean,
            "std": self.std,
            "scores": self.scores.tolist(),
            "train_scores": self.train_scores.tolist(),
            "seconds": [round(seconds, 4) for seconds in self.seconds.tolist()],
            "folds": str(self.folds),
        }

    def __str__(self) -> str:
        """Return the folds, one a line (the first ten), and mean ± standard deviation."""
        lines = [f"{self.name}: {self.metric} on {self.folds}", f"{'fold':>6}  {'test':>8}  {'training':>8}  {'s':>6}"]
        shown = min(len(self.scores), 10)
        lines += [
            f"{i + 1:>6}  {self.scores[i]:>8.4f}  {self.train_scores[i]:>8.4f}  {self.seconds[i]:>6.2f}"
            for i in range(shown)
        ]
        if shown < len(self.scores):
            lines.append(f"{'…':>6}  {len(self.scores) - shown} more")
        lines.append(f"{'mean':>6}  {self.mean:>8.4f}  {self.train_scores.mean():>8.4f}  {self.seconds.mean():>6.2f}")
        lines.append(f"{'± std':>6}  {self.std:>8.4f}  {self.train_scores.std():>8.4f}")
        return "\n".join(lines)


def cross_validate(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    folds: Folds | int = 5,
    repeats: int = 1,
    kind: str = "auto",
    groups: Any = None,
    seed: int = 0,
    scoring: Any = None,
    name: str | None = None,
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> CrossValidation:
    """Train and measure an estimator on each fold.

    Everything that the estimator does in `fit` sees the training rows of the fold alone: put preprocessing inside
    it (a Pipeline), and nothing leaks.

    Parameters
    ----------
    estimator : estimator
        With `fit` and `score` (or `predict`, with `scoring`): ours, scikit-learn's, or anybody's that can be cloned.
    X : array, sparse matrix, DataFrame (N, …) or Source
    y : array (N,) or (N, K)
    folds : Folds or int
        Folds drawn before, or K.
    repeats, kind, groups, seed
        See `draw_folds`.
    scoring : str or callable, optional
        A scorer of scikit-learn, such as `f1_macro` or `neg_log_loss`; by default the estimator's `score`.
    workers : Workers, optional
        Where to train; by default here, one fold after another.
    progress : callable, optional
        Called after each training.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> print(cross_validate(LogisticRegression(max_iter=1000), *load_iris(return_X_y=True)).mean > 0.9)
    True
    """
    from sklearn.base import is_classifier
    from sklearn.utils import indexable

    scorer = as_scorer(estimator, scoring)
    metric = metric_name(estimator, scoring)
    if not isinstance(X, Source):
        X, y = indexable(X, y)
    if isinstance(folds, int):
        classify = is_classifier(estimator)
        folds = draw_folds(y, folds=folds, repeats=repeats, kind=kind, groups=groups, classify=classify, seed=seed)
    check_folds(folds, X)
    results: list[Any] = [None] * len(folds)
    work = (workers or Workers()).map(fit_and_score, (X, y, estimator, scorer), folds.pairs)
    for done, (i, result) in enumerate(work, start=1):
        results[i] = result
        if progress is not None:
            progress(done, len(folds), result[0])
    scores, train_scores, seconds = np.array(results).T
    return CrossValidation(name or model_name(estimator), metric, scores, train_scores, seconds, folds)


def fit_and_score(X: Any, y: Any, estimator: Any, scorer: Any, pair: tuple[Any, Any]) -> tuple[float, float, float]:
    """Return test score, training score and seconds of training of a fresh clone on one fold."""
    from sklearn.base import clone

    train, test = pair
    fresh = clone(estimator)
    X_train, y_train = rows_of(X, train), rows_of(y, train)
    began = time.perf_counter()
    try:
        fresh.fit(X_train, y_train)
        seconds = time.perf_counter() - began
        score, train_score = (
            float(scorer(fresh, rows_of(X, test), rows_of(y, test))),
            float(scorer(fresh, X_train, y_train)),
        )
    except ChainruleError:
        raise
    except (ValueError, TypeError, ArithmeticError) as error:
        raise DataError(
            f"{model_name(estimator)} to train on {len(train)} rows of a fold",
            f"{type(error).__name__}: {str(error).strip().splitlines()[0][:300] if str(error).strip() else ''}",
            "Mend the data or the setting; put preprocessing into a Pipeline with the model.",
        ) from error
    if not (np.isfinite(score) and np.isfinite(train_score)):
        raise TrainingError(
            f"a finite score of {model_name(estimator)}", f"{score}", "Try a rate 10 times smaller, or another metric."
        )
    return score, train_score, seconds


def rows_of(X: Any, rows: np.ndarray) -> Any:
    """Return some rows of an array, a sparse matrix, a DataFrame, a list or a source."""
    from sklearn.utils import _safe_indexing

    return X.take(rows) if isinstance(X, Source) else _safe_indexing(X, rows)


def as_scorer(estimator: Any, scoring: Any) -> Any:
    """Return what is called with (estimator, X, y) for a score."""
    from sklearn.metrics import check_scoring, get_scorer_names

    if isinstance(scoring, str) and scoring not in get_scorer_names():
        raise ConfigError(
            "the name of a scorer of scikit-learn", f"{scoring!r}", did_you_mean(scoring, get_scorer_names())
        )
    try:
        return check_scoring(estimator, scoring)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            "an estimator with fit and score, and a scorer for it", f"{type(estimator).__name__}", str(error)[:200]
        ) from error


def metric_name(estimator: Any, scoring: Any) -> str:
    """Return what the scores are called."""
    from sklearn.base import is_classifier, is_regressor

    if isinstance(scoring, str):
        return scoring
    if scoring is not None:
        return str(getattr(scoring, "__name__", "score"))
    task = "classification" if is_classifier(estimator) else "regression" if is_regressor(estimator) else ""
    return metrics_for(task)[0].label if task else "score"


def model_name(estimator: Any) -> str:
    """Return what to call an estimator: its class, and that of the last step of a pipeline."""
    last = getattr(estimator, "steps", [("", estimator)])[-1][1]
    return type(last).__name__


def check_folds(folds: Folds, X: Any) -> None:
    """Raise DataError unless the folds are of this data."""
    n = X.shape[0] if hasattr(X, "shape") else len(X)
    highest = max(int(max(train.max(), test.max())) for train, test in folds.pairs)
    if highest >= n:
        raise DataError("folds that were drawn for these rows", f"row {highest} of {n}", "Draw them anew from this y.")
