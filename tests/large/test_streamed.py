"""Streams: each row once an epoch, in an order that the seed and the epoch name."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix, issparse

from chainrule.engine import engine_by_name
from chainrule.errors import DataError
from chainrule.large.streamed import Streamed
from chainrule.nn import SquaredError
from chainrule.optim import Adam
from chainrule.recipes import mlp
from chainrule.train import Settings, Supervised, run
from chainrule.types import Batch
from tests.contracts.checks import agreement, assert_trees_close

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


class Weighed(Rows):
    """Rows whose weight is twice their number."""

    def pieces(self, order: np.random.Generator | None) -> Iterator[Batch]:
        for piece in super().pieces(order):
            yield piece._replace(w=2 * piece.t[:, 0])


@pytest.mark.parametrize("sparse", [False, True])
def test_sample_weights_stay_with_their_rows(sparse: bool) -> None:
    chunks = list(Weighed(sparse).epoch(1, seed=0, batch_size=8))
    assert sum(chunk.n_samples for chunk in chunks) == N
    for chunk in chunks:
        assert chunk.w is not None
        np.testing.assert_array_equal(chunk.w, 2 * chunk.t[:, 0])


def test_pieces_with_and_without_weights_are_refused() -> None:
    class Some(Rows):
        def pieces(self, order: np.random.Generator | None) -> Iterator[Batch]:
            for i, piece in enumerate(super().pieces(order)):
                yield piece._replace(w=np.ones(piece.n_samples)) if i % 2 else piece

    with pytest.raises(DataError, match="sample weights in all pieces of a stream, or in none"):
        list(Some().epoch(0, seed=0, batch_size=8))


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_a_network_learns_from_the_weights_of_a_stream_what_it_learns_from_those_of_arrays(engine: str) -> None:
    rng = np.random.default_rng(0)
    whole = Batch(rng.normal(size=(90, 3)), rng.normal(size=(90, 1)), rng.uniform(0, 2, 90))

    class Parts(Streamed):
        n_samples, values = 90, 3

        def pieces(self, order: np.random.Generator | None) -> Iterator[Batch]:
            for start in range(0, 90, 20):
                yield whole.take(slice(start, start + 20))

    def weights(data: Batch | Streamed) -> Any:
        settings = Settings(epochs=2, batch_size=16, learning_rate=0.1, shuffle=False)
        network = mlp((3,), (4,), 1, SquaredError(), activation="tanh")
        options: dict[str, Any] = {"optimizer": Adam(), "engine": engine_by_name(engine, "float64")}
        return run(Supervised(network), data, settings, **options).finish().params

    assert_trees_close(weights(Parts()), weights(whole), agreement(np.float64))
    unweighted = weights(Batch(whole.x, whole.t))
    assert np.abs(weights(Parts())["output"]["W"] - unweighted["output"]["W"]).max() > 1e-3
