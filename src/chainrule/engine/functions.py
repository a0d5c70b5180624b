"""Functions of NumPy's namespace that NumPy has not, or has slower: draws from a key, casts, sums."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from chainrule.errors import ConfigError
from chainrule.seeds import require_key


def fold(key: tuple[int, ...], number: int) -> tuple[int, ...]:
    """Return a new key from a key and a number."""
    return (*require_key(key), int(number))


def bernoulli(key: tuple[int, ...], p: float, shape: tuple[int, ...]) -> np.ndarray:
    """Draw a mask that is True with probability p."""
    # A generator made from the key alone keeps the layer pure: the same key gives the same mask.
    return np.random.default_rng(require_key(key)).random(shape, dtype=np.float32) < p


def uniform(key: tuple[int, ...], shape: tuple[int, ...]) -> np.ndarray:
    """Draw numbers from 0 to 1."""
    return np.random.default_rng(require_key(key)).random(shape, dtype=np.float32)


def beta(key: tuple[int, ...], a: float, shape: tuple[int, ...]) -> np.ndarray:
    """Draw numbers of a Beta(a, a)."""
    return np.random.default_rng(require_key(key)).beta(a, a, shape).astype(np.float32)


def as_dtype(x: np.ndarray, dtype: str) -> np.ndarray:
    """Return x in a dtype that NumPy has."""
    if dtype == "bfloat16":
        raise ConfigError("float32 or float64 on the engine numpy", "bfloat16", "Use the engine jax.")
    return x.astype(dtype, copy=False)


def expit(x: np.ndarray) -> Any:
    """Return 1 / (1 + e⁻ˣ)."""
    from scipy import special

    return special.expit(x)


def erf(x: np.ndarray) -> Any:
    """Return the error function of x."""
    from scipy import special

    return special.erf(x)


# `reduce` of a ufunc is what np.sum and np.max call after a microsecond of looking around; unlike theirs, its own
# default axis is 0.
_add_reduce: Callable[..., Any] = np.add.reduce
_max_reduce: Callable[..., Any] = np.maximum.reduce

# What is longer is added pairwise, which rounds less.
_SHORT = 1 << 14


@lru_cache(maxsize=64)
def _ones(n: int, dtype: Any) -> np.ndarray:
    return np.ones(n, dtype)


def total(x: np.ndarray, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Return the sum over some axes."""
    if x.ndim == 1 and axis in (None, 0, -1) and x.size <= _SHORT and x.dtype.kind == "f" and not keepdims:
        return x.dot(_ones(x.size, x.dtype))
    if axis not in (0, 1, -1) or x.ndim != 2 or x.shape[axis] > _SHORT or x.dtype.kind != "f":
        return _add_reduce(x, axis, keepdims=keepdims)
    # A matrix times ones, for which BLAS takes a third to an eighth of the time of a reduction.
    ones = _ones(x.shape[axis], x.dtype)
    summed = x.dot(ones) if axis else x.T.dot(ones)
    return summed if not keepdims else summed[:, None] if axis else summed[None]


def largest(x: np.ndarray, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Return the maximum over some axes."""
    return _max_reduce(x, axis, keepdims=keepdims)
