"""Batches: which rows each step of an epoch sees, drawn on the host."""

from __future__ import annotations

import numpy as np

from chainrule.engine import Engine
from chainrule.seeds import Purpose, generator
from chainrule.types import Batch


def epoch_rows(n_samples: int, batch_size: int, *, seed: int, epoch: int, shuffle: bool = True) -> np.ndarray:
    """Return the rows of each batch of an epoch, an int array (steps, batch size).

    Every row appears once. Where `batch_size` does not divide `n_samples`, the last batch ends in -1, which is
    padding.
    """
    order = generator(seed, Purpose.ORDER, epoch).permutation(n_samples) if shuffle else np.arange(n_samples)
    return cut(order, batch_size)


def cut(order: np.ndarray, batch_size: int) -> np.ndarray:
    """Return the rows of each batch of an epoch in a given order; the last batch ends in -1 where it is smaller."""
    n_samples = len(order)
    steps = -(-n_samples // batch_size)
    if steps * batch_size == n_samples:
        return order.reshape(steps, batch_size)
    rows = np.full(steps * batch_size, -1)
    rows[:n_samples] = order
    return rows.reshape(steps, batch_size)


def placed(engine: Engine, data: Batch) -> Batch:
    """Return a data set on an engine."""
    return Batch(*(None if part is None else engine.array(part) for part in data))
