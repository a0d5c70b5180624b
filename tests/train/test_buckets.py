"""Batches of sequences of a like length: every row once, less padding, the same costs."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import train
from chainrule.engine import engine_by_name
from chainrule.nn import SoftmaxCrossEntropy
from chainrule.recipes import recipe_from
from chainrule.train.buckets import Buckets, bucketed
from chainrule.types import Batch

_NETWORK = recipe_from("lstm", {"embedding": 4, "hidden": (8,), "dropout": 0.0}).sequence_network(
    (40,), 2, SoftmaxCrossEntropy(), ids=30
)


def _batch(n: int = 200) -> Batch:
    rng = np.random.default_rng(0)
    lengths = np.minimum(rng.geometric(0.1, n), 40)
    x = np.where(np.arange(40) < lengths[:, None], rng.integers(1, 30, (n, 40)), 0).astype(np.int32)
    t = np.eye(2, dtype=np.float32)[(x == 7).any(axis=1).astype(int)]
    return Batch(x, t, mask=(x != 0).astype(np.float32))


def _buckets(batch: Batch) -> Buckets:
    found = bucketed(train.Supervised(_NETWORK), batch, engine_by_name("numpy"))
    assert found is not None
    return found


def test_every_row_comes_once_in_batches_as_long_as_they_have_to_be() -> None:
    batch = _batch()
    parts = list(_buckets(batch).epoch(0, seed=0, batch_size=32))
    assert sorted(part.n_samples for part in parts) == [8, 32, 32, 32, 32, 32, 32]
    rows = [tuple(row[row > 0]) for part in parts for row in part.x]
    assert sorted(rows) == sorted(tuple(row[row > 0]) for row in batch.x)
    assert sum(part.x.size for part in parts) < 0.6 * batch.x.size
    for part in parts:
        assert (part.mask == (part.x != 0)).all()
        assert (part.t[:, 1] == (part.x == 7).any(axis=1)).all()


def test_an_epoch_is_a_function_of_seed_and_epoch() -> None:
    def order(seed: int, epoch: int) -> list[bytes]:
        return [part.x.tobytes() for part in _buckets(_batch()).epoch(epoch, seed=seed, batch_size=32)]

    assert order(0, 0) == order(0, 0)
    assert order(0, 0) != order(0, 1)
    assert order(0, 0) != order(1, 0)


def test_both_engines_learn_the_same() -> None:
    rows = np.r_[
        np.flatnonzero(_batch().mask.sum(axis=1) <= 5)[:32], np.flatnonzero(_batch().mask.sum(axis=1) > 20)[:32]
    ]
    batch = _batch().take(rows)
    costs = []
    for engine in ("numpy", "jax"):
        run = train.run(
            train.Supervised(_NETWORK),
            batch,
            train.Settings(epochs=2, batch_size=32, learning_rate=0.01),
            engine=engine,
        ).finish()
        costs.append(run.history.cost)
    np.testing.assert_allclose(costs[0], costs[1], rtol=1e-4)


def test_each_step_is_counted_and_one_of_a_short_batch_counts_for_its_rows() -> None:
    run = train.run(
        train.Supervised(_NETWORK),
        _batch(),
        train.Settings(epochs=1, batch_size=64, learning_rate=1e-9),
        engine="numpy",
    )
    ended = next(event for event in run if isinstance(event, train.EpochEnded))
    assert ended.step == 4
    cost = train.Supervised(_NETWORK).evaluate(engine_by_name("numpy"), run.params, _batch())["cost"]
    assert ended.cost == pytest.approx(cost, rel=1e-5)


def test_what_is_not_padded_much_or_comes_in_an_order_of_its_own_is_left_as_it_is() -> None:
    full = _batch()._replace(mask=np.ones((200, 40), np.float32))
    assert bucketed(train.Supervised(_NETWORK), full, engine_by_name("numpy")) is None
    assert bucketed(train.Supervised(_NETWORK), full._replace(mask=None), engine_by_name("numpy")) is None
