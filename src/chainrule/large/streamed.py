"""Training rows that are more than the memory should hold: read, encoded and mixed a chunk at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import numpy as np

from chainrule.encode.encoder import Findings
from chainrule.encode.sparse import is_sparse
from chainrule.errors import DataError
from chainrule.seeds import Purpose, generator
from chainrule.types import Batch

# Bytes of inputs in the buffer in which rows are mixed, and in one chunk of it.
_POOL_BYTES = 64 << 20
_CHUNKS = 4


class Streamed(ABC):
    """Rows that are read anew each epoch.

    An epoch reads the blocks in an order of its own, mixes their rows in a buffer, and gives the buffer out in
    chunks. Which rows a chunk has is a function of the seed and the epoch: a run that is resumed goes on as the run
    that was not stopped would have.

    Attributes
    ----------
    n_samples : int
        Rows of an epoch.
    values : int
        Numbers of one row's x.
    findings : Findings
        What the epoch in hand has come upon so far.
    in_batches : bool
        Whether an epoch is given out batch by batch, of rows in memory that have been looked at.
    """

    n_samples: int
    values: int
    findings: Findings
    pool_bytes: int = _POOL_BYTES
    in_batches: bool = False

    @abstractmethod
    def pieces(self, order: np.random.Generator | None) -> Iterator[Batch]:
        """Yield all rows once, in pieces of any size; the blocks in an order drawn from `order`, or as they lie.

        All pieces have sample weights, or none has.
        """

    def chunk_rows(self, batch_size: int) -> int:
        """Return the rows of each chunk but the last: whole batches, of some megabytes."""
        rows = self.pool_bytes // _CHUNKS // (4 * max(1, self.values))
        return max(1, rows // batch_size) * batch_size

    def epoch(self, epoch: int, *, seed: int, batch_size: int, shuffle: bool = True) -> Iterator[Batch]:
        """Yield the rows of an epoch in chunks, the next one being read while one is trained on."""
        order = generator(seed, Purpose.ORDER, epoch) if shuffle else None
        with closing(_mixed(self.pieces(order), self.chunk_rows(batch_size), order)) as chunks:
            yield from _one_ahead(chunks)


def _mixed(pieces: Iterator[Batch], rows: int, order: np.random.Generator | None) -> Generator[Batch, None, None]:
    """Fill a buffer of some chunks with pieces, mix it, give it out in chunks of `rows`, and fill it again."""
    pool = _Pool(_CHUNKS * rows)
    for piece in pieces:
        rest = piece
        while (rest := pool.fill(rest)).n_samples:
            yield from pool.dealt(rows, order)
    yield from pool.dealt(rows, order)


class _Pool:
    """A buffer of rows. Dense ones are written into one array, made once: memory does not grow with the epoch."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held = 0
        self._has: tuple[bool, ...] = ()
        self._dense: Batch | None = None
        self._parts: list[Batch] = []

    def fill(self, piece: Batch) -> Batch:
        """Take in as many rows as there is room for, and return the rest."""
        has = tuple(part is not None for part in piece)
        if (self._has or has) != has:
            raise DataError(
                "sample weights in all pieces of a stream, or in none",
                "pieces with and without",
                "Give 1 as the weight where none is known.",
            )
        self._has = has
        fits = min(self._size - self._held, piece.n_samples)
        taken = piece.take(slice(0, fits))
        if any(map(is_sparse, piece.arrays())):
            self._parts.append(taken)
        else:
            if self._dense is None:
                self._dense = piece.map(lambda array: np.empty((self._size, *array.shape[1:]), array.dtype))
            place = slice(self._held, self._held + fits)
            self._dense.map(lambda pool, array: pool.__setitem__(place, array), taken)
        self._held += fits
        return piece.take(slice(fits, None))

    def dealt(self, rows: int, order: np.random.Generator | None) -> Iterator[Batch]:
        """Give out all rows, mixed, and be empty."""
        if self._held == 0:
            return
        whole = self._dense
        if whole is None:
            whole = self._parts[0].map(_joined, *self._parts[1:])
            self._parts = []
        numbers = np.arange(self._held) if order is None else order.permutation(self._held)
        self._held = 0
        for start in range(0, len(numbers), rows):
            yield whole.take(numbers[start : start + rows])


def _joined(*arrays: Any) -> Any:
    """Return the rows of all arrays in one."""
    if not is_sparse(arrays[0]):
        return np.concatenate(arrays)
    from scipy.sparse import vstack

    return vstack(arrays, format="csr")


def _one_ahead(chunks: Iterator[Batch]) -> Iterator[Batch]:
    """Yield chunks while the next one is made in a thread of its own."""
    with ThreadPoolExecutor(1, "chainrule-reader") as reader:
        future = reader.submit(next, chunks, None)
        while (chunk := future.result()) is not None:
            future = reader.submit(next, chunks, None)
            yield chunk
            del chunk
