"""Loops, lookups and scattered sums on JAX: what `loops.py` does on NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax, tree_util

from chainrule.engine.loops import length
from chainrule.types import Array, RowGradient

# A gradient by rows may come out of a compiled program; its shape is known when that is compiled.
tree_util.register_dataclass(RowGradient, data_fields=["rows", "values"], meta_fields=["shape"])


def scan(step: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any, *, reverse: bool = False) -> tuple[Any, Any]:
    """Take a step for each entry of xs; see `Namespace`."""
    length(xs)
    ended: tuple[Any, Any] = lax.scan(step, carry, xs, reverse=reverse)
    return ended


def take(a: Array, indices: Array, axis: int = 0) -> Array:
    """Return the entries of a at indices along an axis; NaN where there is none."""
    return jnp.take(a, indices, axis, mode="fill")


def add_at(a: Array, indices: Array, values: Array) -> Array:
    """Return a copy of a with values added to its rows; those of the same row add up."""
    return jnp.asarray(a).at[indices].add(values)


def summed_rows(indices: Array, values: Array, n: int) -> tuple[Array, Array]:
    """Return which of n rows are named, each once and in order, and the sum of each one's values.

    There is as much room as there are indices; what is left of it stands for row n, behind the last one.
    """
    named = jnp.reshape(indices, -1)
    named = jnp.where(named < 0, named + n, named)
    table = jnp.reshape(values, (named.size, *values.shape[indices.ndim :]))
    rows, place = jnp.unique(named, return_inverse=True, size=named.size, fill_value=n)
    return rows, jnp.zeros_like(table).at[place].add(table)
