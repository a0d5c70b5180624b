"""Scores: cost, metric and confusion matrix of a part of the data, from one forward pass."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from chainrule.engine.numpy import NUMPY
from chainrule.playground.scene import Scene
from chainrule.train.metrics import Metric, metrics_for
from chainrule.types import Params


@dataclass(frozen=True, eq=False)
class Score:
    """How well weights do on a part of the data.

    Attributes
    ----------
    cost : float
        J, without noise or penalty.
    metric : float
        What `metric_of` measures.
    confusion : array (K, K) or None
        Rows by true class and predicted class.
    """

    cost: float
    metric: float
    confusion: np.ndarray | None


NO_SCORE = Score(math.nan, math.nan, None)


def score(scene: Scene, params: Params, part: str) -> Score:
    """Return the score of a part."""
    x, t, *_ = scene.part(part)
    with np.errstate(all="ignore"):
        a = scene.network.forward(NUMPY, params, x)
        cost = float(scene.network.loss.forward(NUMPY, a, t)[0])
        y = scene.network.loss.link(NUMPY, a)
        metric = metric_of(scene)
        if scene.data.is_classification:
            k = t.shape[1]
            true, predicted = t.argmax(axis=1), a.argmax(axis=1)
            confusion = np.bincount(true * k + predicted, minlength=k * k).reshape(k, k).astype(np.uint32)
            return Score(cost, metric.function(y, true, None), confusion)
        return Score(cost, metric.function(y, t, None), None)


def metric_of(scene: Scene) -> Metric:
    """Return what the scores of a scene are: the metric that its task is judged by, whatever the loss."""
    return metrics_for(scene.data.target.task)[0]


def rows_of_cell(scene: Scene, params: Params, part: str, true: int, predicted: int) -> np.ndarray:
    """Return the rows of the data (not of the part) that lie in one cell of the confusion matrix."""
    x, t, *_ = scene.part(part)
    with np.errstate(all="ignore"):
        a = scene.network.forward(NUMPY, params, x)
    rows = scene.data.train if part == "train" else scene.data.test
    found: np.ndarray = rows[(t.argmax(axis=1) == true) & (a.argmax(axis=1) == predicted)]
    return found
