"""Matrices as people can read them: whole where they are small, else the part around what matters."""

from __future__ import annotations

import numpy as np

from chainrule.explain.parts import Matrix

SIDE = 10


def window(
    latex: str,
    name: str,
    values: np.ndarray,
    row: int | None = None,
    column: int | None = None,
    *,
    result: bool = False,
) -> Matrix:
    """Return a matrix, or its first rows and columns with the one that matters among them."""
    array = np.atleast_2d(np.asarray(values, dtype=float))
    rows, columns = _chosen(array.shape[0], row), _chosen(array.shape[1], column)
    cut = array[np.ix_(rows, columns)]
    shape = (int(array.shape[0]), int(array.shape[1]))
    return Matrix(
        latex, name, shape, rows, columns, tuple(tuple(map(float, line)) for line in cut), row, column, result
    )


def _chosen(size: int, wanted: int | None) -> tuple[int, ...]:
    if size <= SIDE:
        return tuple(range(size))
    if wanted is None or wanted < SIDE - 1:
        return tuple(range(SIDE))
    return (*range(SIDE - 1), wanted)
