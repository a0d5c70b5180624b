"""Scores: cost, accuracy or R², and the confusion matrix of a part of the data, from one forward pass."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from chainrule.engine.numpy import NUMPY
from chainrule.playground.scene import Scene
from chainrule.types import Params


@dataclass(frozen=True, eq=False)
class Score:
    """How well weights do on a part of the data.

    Attributes
    ----------
    cost : float
        J, without noise or penalty.
    metric : float
        Accuracy, or R².
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
        if scene.data.is_classification:
            k = t.shape[1]
            true, predicted = t.argmax(axis=1), a.argmax(axis=1)
            confusion = np.bincount(true * k + predicted, minlength=k * k).reshape(k, k).astype(np.uint32)
            return Score(cost, float((true == predicted).mean()), confusion)
        y = scene.network.loss.link(NUMPY, a)
        error, spread = np.square(y - t).mean(), np.square(t - t.mean(axis=0)).mean()
        return Score(cost, float(1 - error / spread) if spread > 0 else math.nan, None)


def metric_name(scene: Scene) -> str:
    """Return what `Score.metric` is."""
    return "accuracy" if scene.data.is_classification else "r2"


def rows_of_cell(scene: Scene, params: Params, part: str, true: int, predicted: int) -> np.ndarray:
    """Return the rows of the data (not of the part) that lie in one cell of the confusion matrix."""
    x, t, *_ = scene.part(part)
    with np.errstate(all="ignore"):
        a = scene.network.forward(NUMPY, params, x)
    rows = scene.data.train if part == "train" else scene.data.test
    found: np.ndarray = rows[(t.argmax(axis=1) == true) & (a.argmax(axis=1) == predicted)]
    return found
