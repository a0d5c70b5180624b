"""Intervals: how far a figure would move on other rows of the same sort, by drawing the rows again (the bootstrap)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.encode.target import CLASSIFICATION, Target
from chainrule.seeds import Purpose, generator
from chainrule.train.metrics import Metric

CONFIDENCE = 0.95
# Rows that are drawn from: beyond them a subset stands for all, drawn as often as all have rows.
_MOST_ROWS = 20_000
_MOST_DRAWS, _LEAST_DRAWS = 1000, 200
# Rows times draws: what is affordable over all models.
_AFFORDABLE = 1_500_000


@dataclass(frozen=True)
class Interval:
    """A figure, and where 95 % of what chance makes of it lie."""

    value: float
    low: float
    high: float

    @property
    def is_known(self) -> bool:
        """Whether there were rows enough to tell."""
        return math.isfinite(self.low) and math.isfinite(self.high)


@dataclass(frozen=True)
class Intervals:
    """The metrics of one or several models on the same rows, and how they differ.

    Attributes
    ----------
    metrics : mapping of str to mapping of str to Interval
        By model and metric.
    differences : mapping of str to mapping of str to Interval
        Of every model but the first: the first's figure minus its own, over the same draws of rows, in which what is hard
        is hard for both.
    draws : int
    rows : int
    """

    metrics: Mapping[str, Mapping[str, Interval]]
    differences: Mapping[str, Mapping[str, Interval]]
    draws: int
    rows: int


def bootstrap(
    metrics: Sequence[Metric], target: Target, truth: np.ndarray, answers: Mapping[str, np.ndarray], seed: int
) -> Intervals:
    """Return the metrics of answers to the same rows, with percentile intervals.

    Efron & Tibshirani, 1993, An introduction to the bootstrap, section 13.3. Of more than 20,000 rows as many are drawn
    from a subset of 20,000: Kleiner et al., 2014, A scalable bootstrap for massive data, section 2.

    Parameters
    ----------
    metrics : sequence of Metric
        Of the target's task.
    truth : array (N,)
    answers : mapping of str to array (N, K)
        By the name of a model; the first is compared with the others.
    seed : int
        Names the draws.
    """
    n = len(truth)
    rng = generator(seed, Purpose.SAMPLE)
    t = truth if target.task == CLASSIFICATION else truth[:, None]
    shown = {name: {m.name: float(m.function(y, t, None)) for m in metrics} for name, y in answers.items()}
    rows = np.arange(n) if n <= _MOST_ROWS else rng.choice(n, _MOST_ROWS, replace=False)
    draws = int(np.clip(_AFFORDABLE // max(1, n * len(answers)), _LEAST_DRAWS, _MOST_DRAWS))
    shares = {m.name for m in metrics if m.is_share}
    drawn = {name: {m.name: np.empty(draws) for m in metrics} for name in answers}
    subset = {name: y[rows] for name, y in answers.items()}
    # Of a subset: the figures scatter around its own, not around those of all rows.
    center = {name: {m.name: float(m.function(y, t[rows], None)) for m in metrics} for name, y in subset.items()}
    for i in range(draws):
        w = rng.multinomial(n, np.full(len(rows), 1 / len(rows))).astype(float)
        for name, y in subset.items():
            for metric in metrics:
                drawn[name][metric.name][i] = metric.function(y, t[rows], w)
    by_model = {
        name: {
            m: _interval(drawn[name][m], shown[name][m], center[name][m], n if m in shares else 0) for m in shown[name]
        }
        for name in answers
    }
    first = next(iter(answers))
    differences = {
        name: {
            m: _interval(
                drawn[first][m] - drawn[name][m], shown[first][m] - shown[name][m], center[first][m] - center[name][m]
            )
            for m in shown[name]
        }
        for name in answers
        if name != first
    }
    return Intervals(by_model, differences, draws, n)


def _interval(drawn: np.ndarray, value: float, center: float, n: int = 0) -> Interval:
    """Return the middle 95 % of what was drawn; n is the number of rows where the figure is a share of them."""
    finite = drawn[np.isfinite(drawn)]
    # A draw may miss a class, and a metric that needs it is then not there: some such draws may be left out, not most.
    if len(finite) < len(drawn) / 2 or not math.isfinite(value):
        return Interval(value, math.nan, math.nan)
    if np.ptp(finite) == 0:
        # All right, or all wrong: every draw is the same, and tells nothing of how far other rows may differ.
        ends = wilson(np.array(value * n), np.array(n)) if n else (math.nan, math.nan)
        return Interval(value, float(ends[0]), float(ends[1]))
    low, high = np.quantile(finite, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(value, float(low) - center + value, float(high) - center + value)


def wilson(hits: np.ndarray, n: np.ndarray, z: float = 1.959964) -> tuple[np.ndarray, np.ndarray]:
    """Return the score interval of a share of hits among n, which stays within 0 and 1.

    ::

        (hits + z²/2 ± z √(hits (n − hits)/n + z²/4)) / (n + z²)

    Wilson, 1927, Probable inference, the law of succession, and statistical inference.
    """
    hits, n = np.asarray(hits, float), np.asarray(n, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = hits + z**2 / 2
        reach = z * np.sqrt(hits * (n - hits) / n + z**2 / 4)
        return (middle - reach) / (n + z**2), (middle + reach) / (n + z**2)
