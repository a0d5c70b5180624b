"""Averaging over augmentations at test time: the mean of what a network says to several views of the same picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.data.augment import Augment
from chainrule.engine import Engine
from chainrule.engine.numpy import NUMPY
from chainrule.network.network import Network, logits
from chainrule.types import Array, Key, Params


@dataclass(frozen=True)
class View:
    """The program that predicts from changed pictures."""

    network: Network
    augment: Augment

    def __call__(self, engine: Engine, params: Params, x: Array, key: Key) -> Array:
        """Return the predictions (N, K)."""
        return self.network.predict(engine.xp, params, self.augment.pictures(engine.xp, x, key))


def averaged_outputs(
    network: Network, engine: Engine, params: Params, x: Any, augment: Augment, *, views: int = 8, seed: int = 0
) -> np.ndarray:
    """Return the mean prediction (N, K) over the pictures as they are and `views` - 1 changed copies of each.

    Shift, turn, zoom and flip are as in training; brightness, cutout and mixup, which take something away, are off.

    Parameters
    ----------
    params : tree
        As placed on `engine`.
    x : array
        Images (N, H, W, C).
    """
    program = engine.compile(View(network, replace(augment, brightness=0.0, cutout=0.0, mixup=0.0)))
    total = np.asarray(network.loss.link(NUMPY, logits(network, engine, params, x).astype(np.float64)))
    rows = 512
    for view in range(1, views):
        for start in range(0, len(x), rows):
            part = slice(start, start + rows)
            key = engine.key(seed, view, start)
            total[part] += engine.numpy(program(params, engine.array(x[part]), key))
    return total / views
