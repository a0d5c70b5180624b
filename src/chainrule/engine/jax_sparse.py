"""Sparse matrices on JAX: rows that become dense batch by batch, inside the compiled program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from chainrule.errors import DataError
from chainrule.types import Array, Batch

# Most memory, in bytes, that a sparse matrix may take on the device with each row as long as the longest.
_MOST_SPARSE = 4 << 30


class SparseRows(NamedTuple):
    """A sparse matrix on the device: for each row, the columns that are not zero and their values, padded to one length.

    It becomes dense batch by batch, inside the compiled program.
    """

    columns: Array
    values: Array
    width: Array

    @property
    def shape(self) -> tuple[int, int]:
        """(N, D)."""
        return self.columns.shape[0], self.width.shape[0]

    def __getitem__(self, rows: Any) -> Any:
        """Return some rows."""
        return SparseRows(self.columns[rows], self.values[rows], self.width)

    def dense(self) -> Array:
        """Return all rows with their zeros."""
        empty = jnp.zeros((self.columns.shape[0], self.width.shape[0]), self.values.dtype)
        rows = jnp.arange(self.columns.shape[0])[:, None]
        # Padding points behind the last column, and is dropped.
        return empty.at[rows, self.columns].add(self.values, mode="drop")


def sparse_rows(matrix: Any, dtype: str) -> SparseRows:
    """Lay the rows of a CSR matrix out at the length of the longest."""
    lengths = np.diff(matrix.indptr)
    n, longest = matrix.shape[0], int(lengths.max(initial=0))
    size = n * longest * (4 + np.dtype(dtype).itemsize)
    if size > _MOST_SPARSE:
        raise DataError(
            f"a sparse matrix of at most {_MOST_SPARSE >> 30} GB on the engine jax",
            f"one of {size / 2**30:.1f} GB, its {n:,} rows as long as the longest ({longest:,} values)",
            "Use the engine numpy, which keeps each row at its own length.",
        )
    there = np.arange(longest) < lengths[:, None]
    columns = np.full((n, longest), matrix.shape[1], np.int32)
    values = np.zeros((n, longest), dtype)
    columns[there], values[there] = matrix.indices, matrix.data
    # An array of no bytes, whose length is a shape and so known when a program is compiled.
    width = jax.device_put(np.zeros((matrix.shape[1], 0), np.int8))
    return SparseRows(jax.device_put(columns), jax.device_put(values), width)


def with_zeros(argument: Any) -> Any:
    """Return an argument of a program, its sparse rows dense."""
    if isinstance(argument, Batch):
        return argument.map(with_zeros)
    if isinstance(argument, Mapping):
        return {name: with_zeros(part) for name, part in argument.items()}
    return argument.dense() if isinstance(argument, SparseRows) else argument
