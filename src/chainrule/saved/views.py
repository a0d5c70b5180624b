"""Averaging over augmentations at test time: the mean of what a network says to several views of the same picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.encode.augment import Augment
from chainrule.engine import Engine
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError
from chainrule.network.network import Network
from chainrule.network.outputs import logits, rows_at_once
from chainrule.types import Array, Batch, Key, Params

# Pictures at a time: between their pixels, each is read at four places.
_ROWS = 512


@dataclass(frozen=True)
class View:
    """The program that predicts from pictures that are all changed alike."""

    network: Network
    augment: Augment
    mirrored: bool

    def __call__(self, engine: Engine, params: Params, x: Array, key: Key) -> Array:
        """Return the predictions (N, K)."""
        x = self.network.numbers(engine.xp, params, Batch(x)).x
        x = x[:, :, ::-1] if self.mirrored else x
        return self.network.predict(engine.xp, params, self.augment.pictures(engine.xp, x, key, alike=True))


def averaged_outputs(
    network: Network, engine: Engine, params: Params, x: Any, augment: Augment, *, views: int = 8, seed: int = 0
) -> np.ndarray:
    """Return the mean prediction (N, K) over the pictures as they are and `views` - 1 changed copies of each.

    Shift, turn and zoom are drawn as in training, once for each view: what is said of a picture does not depend on its
    neighbours. Where training mirrors, every second view is mirrored. Brightness, cutout and mixup, which take something
    away, are off.

    Parameters
    ----------
    params : tree
        As placed on `engine`.
    x : array
        Images (N, H, W, C).
    """
    if views > 1 and not varies(augment):
        raise ConfigError(
            "pictures that were shifted, turned, zoomed or mirrored in training, for more than one view of each",
            "none of these",
            "Train with `augment=light`, or take one view.",
        )
    total = np.asarray(network.loss.link(NUMPY, logits(network, engine, params, x).astype(np.float64)))
    moved = Augment(shift=augment.shift, rotate=augment.rotate, zoom=augment.zoom)
    rows = rows_at_once(network, _ROWS)
    for view in range(1, views):
        program = engine.compile(View(network, moved, mirrored=augment.flip and view % 2 == 1))
        for start in range(0, len(x), rows):
            part = slice(start, start + rows)
            total[part] += engine.numpy(program(params, engine.array(x[part]), engine.key(seed, view)))
    return total / views


def varies(augment: Augment) -> bool:
    """Tell whether views of a picture differ."""
    return bool(replace(augment, brightness=0.0, cutout=0.0, mixup=0.0))
