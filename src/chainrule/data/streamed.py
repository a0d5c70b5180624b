"""Training rows that are more than the memory should hold: read, encoded and mixed a chunk at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np

from chainrule.data.batches import Stream, stream
from chainrule.data.encoder import Findings
from chainrule.data.sparse import is_sparse
from chainrule.types import Array, Batch

# Bytes of inputs in the buffer in which rows are mixed, and in one chunk of it.
_POOL_BYTES = 128 << 20
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
    """

    n_samples: int
    values: int
    findings: Findings
    pool_bytes: int = _POOL_BYTES

    @abstractmethod
    def pieces(self, order: np.random.Generator | None) -> Iterator[Batch]:
        """Yield all rows once, in pieces of any size; the blocks in an order drawn from `order`, or as they lie."""

    def chunk_rows(self, batch_size: int) -> int:
        """Return the rows of each chunk but the last: whole batches, of some megabytes."""
        rows = self.pool_bytes // _CHUNKS // (4 * max(1, self.values))
        return max(1, rows // batch_size) * batch_size

    def epoch(self, epoch: int, *, seed: int, batch_size: int, shuffle: bool = True) -> Iterator[Batch]:
        """Yield the rows of an epoch in chunks, the next one being read while one is trained on."""
        order = stream(seed, Stream.ORDER, epoch) if shuffle else None
        with closing(_mixed(self.pieces(order), self.chunk_rows(batch_size), order)) as chunks:
            yield from _one_ahead(chunks)


def _mixed(pieces: Iterator[Batch], rows: int, order: np.random.Generator | None) -> Generator[Batch, None, None]:
    """Fill a buffer of some chunks with pieces, mix it, give it out in chunks of `rows`, and begin anew."""
    most = _CHUNKS * rows
    pool: list[Batch] = []
    held = 0
    for piece in pieces:
        rest = piece
        while held + rest.n_samples >= most:
            fits = most - held
            pool.append(_take(rest, slice(0, fits)))
            yield from _dealt(pool, rows, order)
            pool, held = [], 0
            rest = _take(rest, slice(fits, None))
        if rest.n_samples:
            pool.append(rest)
            held += rest.n_samples
    if pool:
        yield from _dealt(pool, rows, order)


def _dealt(pool: list[Batch], rows: int, order: np.random.Generator | None) -> Iterator[Batch]:
    whole = Batch(_joined([piece.x for piece in pool]), np.concatenate([piece.t for piece in pool]))
    pool.clear()
    n = whole.n_samples
    numbers = np.arange(n) if order is None else order.permutation(n)
    for start in range(0, n, rows):
        yield _take(whole, numbers[start : start + rows])


def _take(batch: Batch, rows: slice | np.ndarray) -> Batch:
    return Batch(batch.x[rows], batch.t[rows])


def _joined(parts: list[Array]) -> Array:
    if is_sparse(parts[0]):
        from scipy.sparse import vstack

        return vstack(parts, format="csr")
    return np.concatenate(parts)


def _one_ahead(chunks: Iterator[Batch]) -> Iterator[Batch]:
    """Yield chunks while the next one is made in a thread of its own."""
    with ThreadPoolExecutor(1, "chainrule-reader") as reader:
        future = reader.submit(next, chunks, None)
        while (chunk := future.result()) is not None:
            future = reader.submit(next, chunks, None)
            yield chunk
            del chunk
