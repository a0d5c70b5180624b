"""Curves: the score against the number of training rows, and against one setting on a log axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ConfigError
from chainrule.select.crossval import Progress, as_scorer, check_folds, fit_and_score, metric_name, model_name
from chainrule.select.folds import Folds, draw_folds
from chainrule.select.workers import Workers


@dataclass(frozen=True, eq=False)
class Curve:
    """Scores on every fold for every value of what was changed.

    Attributes
    ----------
    name, metric : str
        Of the model, and of the scores.
    changed : str
        What was changed: a setting, or `training rows`.
    values : tuple
        Its values.
    scores, train_scores : array (values, J)
    is_log : bool
        Whether the values belong on a log axis.
    """

    name: str
    metric: str
    changed: str
    values: tuple[Any, ...]
    scores: np.ndarray
    train_scores: np.ndarray
    is_log: bool

    @property
    def best(self) -> Any:
        """The value with the best mean score."""
        return self.values[int(np.argmax(self.scores.mean(axis=1)))]

    @property
    def advice(self) -> str:
        """What to do next, where the best value is the first or the last of those tried; else empty."""
        if self.changed == ROWS or len(self.values) < 2 or self.best not in (self.values[0], self.values[-1]):
            return ""
        return f"The best {self.changed}, {_shown(self.best)}, is at the edge of what was tried: try values beyond it."

    def __str__(self) -> str:
        """Return a line for each value."""
        width = max(len(self.changed), *(len(_shown(value)) for value in self.values))
        lines = [f"{self.changed:<{width}}  {self.metric} on test rows  on training rows"]
        lines += [
            f"{_shown(value):<{width}}  {test.mean():.4f} ± {test.std():.4f}  {train.mean():.4f} ± {train.std():.4f}"
            for value, test, train in zip(self.values, self.scores, self.train_scores, strict=True)
        ]
        return "\n".join([*lines, *([self.advice] if self.advice else [])])


ROWS = "training rows"


def validation_curve(
    estimator: Any,
    X: Any,
    y: Any,
    setting: str,
    values: Sequence[Any],
    *,
    folds: Folds | int = 5,
    seed: int = 0,
    scoring: Any = None,
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> Curve:
    """Cross-validate an estimator at several values of one setting.

    Parameters
    ----------
    setting : str
        A parameter of `set_params`, such as `alpha` or `mlpclassifier__learning_rate_init`.
    values : sequence
        In order; numbers that go up by factors are shown on a log axis, as the course advises.
    """
    from sklearn.base import clone

    if not len(values):
        raise ConfigError(f"values of {setting} to try", "none", "Give some, such as numpy.logspace(-4, -1, 4).")
    drawn = _folds(folds, estimator, X, y, seed)
    try:
        variants = [clone(estimator).set_params(**{setting: value}) for value in values]
    except ValueError as error:
        raise ConfigError(
            f"a setting of {model_name(estimator)}", f"{setting!r}", "See estimator.get_params() for the names."
        ) from error
    scorer = as_scorer(estimator, scoring)
    items = [(variant, pair) for variant in variants for pair in drawn.pairs]
    scores, train_scores = _measure(X, y, scorer, items, len(drawn), workers, progress)
    metric = metric_name(estimator, scoring)
    changed = setting.rpartition("__")[2]
    return Curve(model_name(estimator), metric, changed, tuple(values), scores, train_scores, _is_log(values))


def learning_curve(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    shares: Sequence[float] = (0.1, 0.2, 0.4, 0.7, 1.0),
    folds: Folds | int = 5,
    seed: int = 0,
    scoring: Any = None,
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> Curve:
    """Cross-validate an estimator on growing shares of each fold's training rows.

    A gap between training and test score that narrows as rows are added says that more rows would help.
    """
    from sklearn.base import is_classifier

    if not shares or not all(0 < share <= 1 for share in shares):
        raise ConfigError("shares above 0 and up to 1", f"{tuple(shares)}", "Give some, such as 0.1, 0.3, 1.0.")
    drawn = _folds(folds, estimator, X, y, seed)
    labels = np.asarray(y) if is_classifier(estimator) else None
    items = []
    sizes = []
    for share in shares:
        parts = [(_share(train, share, labels, seed), test) for train, test in drawn.pairs]
        sizes.append(round(float(np.mean([len(train) for train, _ in parts]))))
        items += [(estimator, pair) for pair in parts]
    scores, train_scores = _measure(X, y, as_scorer(estimator, scoring), items, len(drawn), workers, progress)
    metric = metric_name(estimator, scoring)
    return Curve(model_name(estimator), metric, ROWS, tuple(sizes), scores, train_scores, _is_log(sizes))


def _folds(folds: Folds | int, estimator: Any, X: Any, y: Any, seed: int) -> Folds:
    from sklearn.base import is_classifier

    drawn = (
        draw_folds(y, folds=folds, classify=is_classifier(estimator), seed=seed) if isinstance(folds, int) else folds
    )
    check_folds(drawn, X)
    return drawn


def _share(train: np.ndarray, share: float, labels: np.ndarray | None, seed: int) -> np.ndarray:
    """Return rows of each class in its share, at least two of each; the larger share has all of the smaller."""
    rng = np.random.default_rng(seed)
    parts = [train] if labels is None else [train[labels[train] == name] for name in np.unique(labels[train])]
    kept = [rng.permutation(part)[: max(2, round(share * len(part)))] for part in parts]
    return np.sort(np.concatenate(kept))


def _measure(
    X: Any, y: Any, scorer: Any, items: list[Any], j: int, workers: Workers | None, progress: Progress | None
) -> tuple[np.ndarray, np.ndarray]:
    results: list[Any] = [None] * len(items)
    work = (workers or Workers()).map(_variant, (X, y, scorer), items)
    for done, (i, result) in enumerate(work, start=1):
        results[i] = result
        if progress is not None:
            progress(done, len(items), result[0])
    table = np.array(results).reshape(-1, j, 3)
    return table[..., 0], table[..., 1]


def _variant(X: Any, y: Any, scorer: Any, item: tuple[Any, Any]) -> tuple[float, float, float]:
    estimator, pair = item
    return fit_and_score(X, y, estimator, scorer, pair)


def _is_log(values: Sequence[Any]) -> bool:
    """Tell whether values are positive numbers whose ratios are more alike than their differences."""
    try:
        numbers = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        return False
    if len(numbers) < 3 or not (np.isfinite(numbers).all() and (numbers > 0).all()):
        return False
    steps, factors = np.diff(numbers), np.diff(np.log(numbers))
    if (steps == 0).any():
        return False
    return bool(np.std(factors) / abs(np.mean(factors)) < np.std(steps) / abs(np.mean(steps)))


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, (float, np.floating)) else str(value)
