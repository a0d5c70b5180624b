"""Wide inputs: x as a CSR matrix where nearly all of its numbers are zero, as those of texts are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.types import Array

# Fewer columns than these multiply as fast with their zeros.
_WIDE = 256
# Most columns that are full, for each that is nearly empty.
_FULL = 0.1


def is_sparse(array: Any) -> bool:
    """Tell whether an array is a SciPy sparse matrix."""
    return hasattr(array, "tocsr")


def worth_keeping_sparse(full: int, nearly_empty: int) -> bool:
    """Tell whether inputs with so many columns of either sort are to be a CSR matrix."""
    return nearly_empty >= _WIDE and full <= _FULL * nearly_empty


def side_by_side(parts: Sequence[Array], n: int, *, sparse: bool) -> Array:
    """Return the columns of all parts as one x (n, D) in float32, dense or as a CSR matrix."""
    if sparse:
        from scipy.sparse import csr_matrix, hstack

        # A NumPy array takes 4 bytes for each zero, a CSR matrix none.
        return hstack([csr_matrix(part, dtype=np.float32) for part in parts], format="csr", dtype=np.float32)
    x = np.empty((n, sum(part.shape[1] for part in parts)), np.float32)
    at = 0
    for part in parts:
        x[:, at : at + part.shape[1]] = part.toarray() if is_sparse(part) else part
        at += part.shape[1]
    return x


def deviation(x: Array) -> np.ndarray:
    """Return the standard deviation of each of x's columns (D,), or of each number of a sample."""
    if not is_sparse(x):
        return np.asarray(x.std(axis=0))
    mean = np.asarray(x.mean(axis=0)).ravel()
    squares = np.asarray(x.multiply(x).mean(axis=0)).ravel()
    found: np.ndarray = np.sqrt(np.maximum(squares - mean * mean, 0))
    return found


def as_dense(array: Array) -> np.ndarray:
    """Return an array with its zeros."""
    return np.asarray(array.toarray() if is_sparse(array) else array)
