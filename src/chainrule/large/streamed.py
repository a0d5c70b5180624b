"""Training rows that are more than the memory should hold: read, encoded and mixed a chunk at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np

from chainrule.encode.encoder import Findings
from chainrule.encode.sparse import is_sparse
from chainrule.errors import DataError
from chainrule.seeds import Purpose, generator
from chainrule.types import Array, Batch

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
    """

    n_samples: int
    values: int
    findings: Findings
    pool_bytes: int = _POOL_BYTES

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
        taken = _take(piece, slice(0, fits))
        if is_sparse(piece.x):
            self._parts.append(taken)
        else:
            if self._dense is None:
                self._dense = _each(lambda part: np.empty((self._size, *part.shape[1:]), part.dtype), piece)
            place = slice(self._held, self._held + fits)
            for whole, part in zip(self._dense, taken, strict=True):
                if part is not None:
                    whole[place] = part
        self._held += fits
        return _take(piece, slice(fits, None))

    def dealt(self, rows: int, order: np.random.Generator | None) -> Iterator[Batch]:
        """Give out all rows, mixed, and be empty."""
        if self._held == 0:
            return
        whole = self._dense
        if whole is None:
            whole, self._parts = _joined(self._parts), []
        numbers = np.arange(self._held) if order is None else order.permutation(self._held)
        self._held = 0
        for start in range(0, len(numbers), rows):
            yield _take(whole, numbers[start : start + rows])


def _joined(parts: list[Batch]) -> Batch:
    from scipy.sparse import vstack

    x, *others = zip(*parts, strict=True)
    return Batch(vstack(x, format="csr"), *(None if part[0] is None else np.concatenate(part) for part in others))


def _each(function: Callable[[Array], Array], batch: Batch) -> Batch:
    return Batch(*(None if part is None else function(part) for part in batch))


def _take(batch: Batch, rows: slice | np.ndarray) -> Batch:
    return _each(lambda part: part[rows], batch)


def _one_ahead(chunks: Iterator[Batch]) -> Iterator[Batch]:
    """Yield chunks while the next one is made in a thread of its own."""
    with ThreadPoolExecutor(1, "chainrule-reader") as reader:
        future = reader.submit(next, chunks, None)
        while (chunk := future.result()) is not None:
            future = reader.submit(next, chunks, None)
            yield chunk
            del chunk
