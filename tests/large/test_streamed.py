"""Streams: each row once an epoch, in an order that the seed and the epoch name."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from scipy.sparse import csr_matrix, issparse

from chainrule.large.streamed import Streamed
from chainrule.types import Batch

N = 1000


class Rows(Streamed):
    """Rows whose one number is their own; blocks of 37."""

    n_samples, values = N, 1
    pool_bytes = 4 * 200

    def __init__(self, sparse: bool = False) -> None:
        self.sparse = sparse

    def pieces(self, order: np.random.Generator | None) -> Iterator[Batch]:
        starts = np.arange(0, N, 37)
        for start in starts if order is None else order.permutation(starts):
            x = np.arange(start, min(start + 37, N), dtype=np.float32)[:, None]
            yield Batch(csr_matrix(x) if self.sparse else x, x)


def rows_of(epoch: int, seed: int = 0, shuffle: bool = True) -> np.ndarray:
    chunks = Rows().epoch(epoch, seed=seed, batch_size=8, shuffle=shuffle)
    return np.concatenate([chunk.x[:, 0] for chunk in chunks])


def test_every_row_is_there_once_an_epoch() -> None:
    assert sorted(rows_of(0)) == list(range(N))


def test_the_seed_and_the_epoch_name_the_order() -> None:
    assert (rows_of(3) == rows_of(3)).all()
    assert (rows_of(3) != rows_of(4)).any()
    assert (rows_of(3) != rows_of(3, seed=1)).any()


def test_without_shuffling_rows_come_as_they_lie() -> None:
    assert rows_of(0, shuffle=False).tolist() == list(range(N))


def test_rows_of_different_blocks_are_mixed() -> None:
    blocks = rows_of(0)[:48] // 37
    assert len(set(blocks)) > 3


def test_chunks_are_whole_batches_but_the_last() -> None:
    sizes = [chunk.n_samples for chunk in Rows().epoch(0, seed=0, batch_size=8)]
    assert set(sizes[:-1]) == {48}
    assert (sum(sizes), sizes[-1] <= 48) == (N, True)


def test_targets_stay_with_their_inputs() -> None:
    for chunk in Rows().epoch(1, seed=0, batch_size=8):
        np.testing.assert_array_equal(chunk.x, chunk.t)


def test_sparse_rows_stay_sparse() -> None:
    chunks = list(Rows(sparse=True).epoch(0, seed=0, batch_size=8))
    assert all(issparse(chunk.x) for chunk in chunks)
    assert sorted(np.concatenate([chunk.x.toarray()[:, 0] for chunk in chunks])) == list(range(N))


def test_an_error_of_the_reader_reaches_who_trains() -> None:
    class Broken(Rows):
        def pieces(self, order: np.random.Generator | None) -> Iterator[Batch]:
            yield next(super().pieces(order))
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(Broken().epoch(0, seed=0, batch_size=8))


def test_no_thread_stays_behind_when_an_epoch_is_broken_off() -> None:
    before = threading.active_count()
    chunks = Rows().epoch(0, seed=0, batch_size=8)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
