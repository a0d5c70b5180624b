"""Loops, lookups and scattered sums on NumPy: what `lax` and indexing do on JAX."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.types import Array


def scan(step: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any, *, reverse: bool = False) -> tuple[Any, Any]:
    """Take a step for each entry of xs; see `Namespace`."""
    steps = length(xs)
    order = range(steps - 1, -1, -1) if reverse else range(steps)
    ys: Any = None
    for i, t in enumerate(order):
        carry, y = step(carry, _entry(xs, t))
        if i == 0:
            # What a step returns is known when one has been taken.
            ys = _room(y, steps)
        _write(ys, t, y)
    return carry, ys


def length(xs: Any) -> int:
    """Return T, the length of the leading axis that all arrays of xs have.

    Raises
    ------
    ShapeError
        Where they differ, or there is nothing to take a step for.
    """
    lengths = set(_lengths(xs))
    if len(lengths) != 1 or lengths == {0}:
        raise ShapeError(
            "arrays whose first axis is time, all of one length of at least 1, to scan",
            f"lengths {sorted(lengths)}",
            "Move the time axis to the front, and leave empty sequences out.",
        )
    return lengths.pop()


def _lengths(tree: Any) -> list[int]:
    if tree is None:
        return []
    if isinstance(tree, Mapping):
        return _lengths(tuple(tree.values()))
    return [n for part in tree for n in _lengths(part)] if isinstance(tree, (tuple, list)) else [len(tree)]


def _entry(tree: Any, t: int) -> Any:
    """Return a tree's entry at time t, as views."""
    if isinstance(tree, (tuple, list)):
        return type(tree)([_entry(part, t) for part in tree])
    if isinstance(tree, Mapping):
        return {name: _entry(part, t) for name, part in tree.items()}
    return None if tree is None else tree[t]


def _room(tree: Any, steps: int) -> Any:
    """Return empty arrays for `steps` entries like those of a tree."""
    if isinstance(tree, (tuple, list)):
        return type(tree)([_room(part, steps) for part in tree])
    if isinstance(tree, Mapping):
        return {name: _room(part, steps) for name, part in tree.items()}
    return None if tree is None else np.empty((steps, *np.shape(tree)), np.asarray(tree).dtype)


def _write(room: Any, t: int, tree: Any) -> None:
    if isinstance(room, (tuple, list)):
        for into, part in zip(room, tree, strict=True):
            _write(into, t, part)
    elif isinstance(room, Mapping):
        for name, into in room.items():
            _write(into, t, tree[name])
    elif room is not None:
        room[t] = tree


def take(a: Array, indices: Array, axis: int = 0) -> Array:
    """Return the entries of a at indices along an axis."""
    return np.take(a, indices, axis)


def add_at(a: Array, indices: Array, values: Array) -> Array:
    """Return a copy of a with values added to its rows; those of the same row add up."""
    total = np.array(a)
    rows, sums = summed_rows(indices, values, len(a))
    # Each row stands here once: of several values for a row, this line would add the last alone.
    total[rows] += sums
    return total


def summed_rows(indices: Array, values: Array, n: int) -> tuple[Array, Array]:
    """Return which of n rows are named, each once and in order, and the sum of each one's values.

    A row's values are added in the order in which they come, by a product with a sparse matrix of ones: several times
    as fast as `np.add.at`.

    Raises
    ------
    IndexError
        Where a number names no row.
    """
    from scipy.sparse import csr_array

    named = np.reshape(indices, -1)
    width = np.shape(values)[np.ndim(indices) :]
    if named.size and not (-n <= named.min() and named.max() < n):
        raise IndexError(f"rows {named.min()} to {named.max()} of a table that has {n}")
    named = np.where(named < 0, named + n, named)
    order = np.argsort(named, kind="stable")
    rows, starts = np.unique(named[order], return_index=True)
    ones = csr_array((np.ones(len(order), values.dtype), order, np.append(starts, len(order))), (len(rows), len(order)))
    return rows, (ones @ np.reshape(values, (len(order), math.prod(width)))).reshape(len(rows), *width)
