"""Seeds: where every random number comes from, one documented generator for each purpose."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from chainrule.errors import ConfigError
from chainrule.types import Key


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


def require_key(key: Key) -> Key:
    """Return a key to draw random numbers from, or raise ConfigError where there is none.

    Without one NumPy would take its numbers from the operating system: no two runs would be alike, and no seed the cause.
    """
    if key is None:
        raise ConfigError(
            "a key to draw random numbers from",
            "a context without one",
            "Let is_random of the layer that draws be true, hand ctx.child(xp, number) to the layers inside a layer, "
            "and give a pass that learns Context(train=True, key=engine.key(seed)).",
        )
    return key
