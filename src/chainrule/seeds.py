"""Seeds: where every random number comes from, one documented generator for each purpose."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """Random numbers of their own for each purpose: a generator seeded by (seed, purpose, position) needs no memory.

    A run that is resumed at epoch e therefore draws what the run that was not stopped would have drawn.
    """

    INIT = 0
    ORDER = 1
    NOISE = 2
    SPLIT = 3
    SAMPLE = 4


def generator(seed: int, purpose: Purpose, position: int = 0) -> np.random.Generator:
    """Return the generator for one purpose at one position."""
    return np.random.default_rng((seed, int(purpose), position))
