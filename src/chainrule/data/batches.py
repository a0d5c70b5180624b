"""Batches: which rows each step of an epoch sees, drawn on the host from a documented stream."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """One random stream for each purpose: a generator seeded by (seed, purpose, position) needs no memory.

    A run that is resumed at epoch e therefore draws what the run that was not stopped would have drawn.
    """

    INIT = 0
    ORDER = 1
    NOISE = 2
    SPLIT = 3
    SAMPLE = 4


def stream(seed: int, purpose: Stream, position: int = 0) -> np.random.Generator:
    """Return the generator for one purpose at one position."""
    return np.random.default_rng((seed, int(purpose), position))


def epoch_rows(n_samples: int, batch_size: int, *, seed: int, epoch: int, shuffle: bool = True) -> np.ndarray:
    """Return the rows of each batch of an epoch, an int array (steps, batch size).

    Every row appears once. Where `batch_size` does not divide `n_samples`, the last batch ends in -1, which is
    padding.
    """
    order = stream(seed, Stream.ORDER, epoch).permutation(n_samples) if shuffle else np.arange(n_samples)
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
