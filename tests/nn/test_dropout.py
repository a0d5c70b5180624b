"""Dropout and DropConnect, worked by hand and by the law of large numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.engine import Engine, engine_by_name
from chainrule.errors import ConfigError
from chainrule.nn import DropConnect, Dropout, Layer, Sequential, SpatialDropout
from chainrule.types import PREDICT, Context

XP = engine_by_name("numpy").xp
N = 200_000


def dropped(engine: Engine, rate: float) -> np.ndarray:
    """Return many ones after dropout."""
    x = engine.array(np.ones((N // 100, 100)))
    return engine.numpy(Dropout(rate).forward(engine.xp, {}, x, Context(True, engine.key(1)))[0])


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_dropout_keeps_the_mean(engine32: Engine, rate: float) -> None:
    # One value has the variance rate / (1 - rate); five standard deviations of the mean.
    assert abs(dropped(engine32, rate).mean() - 1) < 5 * (rate / (1 - rate) / N) ** 0.5


def test_dropout_drops_at_its_rate(engine32: Engine) -> None:
    assert abs((dropped(engine32, 0.3) == 0).mean() - 0.3) < 5 * (0.3 * 0.7 / N) ** 0.5


def test_dropout_divides_what_it_keeps(engine32: Engine) -> None:
    assert set(np.unique(dropped(engine32, 0.5))) == {0.0, 2.0}


def test_at_predict_dropout_is_the_identity() -> None:
    x = np.arange(6.0).reshape(2, 3)
    assert Dropout(0.5).forward(XP, {}, x, PREDICT)[0] is x


def test_what_was_dropped_learns_nothing() -> None:
    layer, ctx = Dropout(0.5), Context(True, (3,))
    y, cache = layer.forward(XP, {}, np.ones((4, 5)), ctx)
    assert np.array_equal(layer.backward(XP, {}, cache, np.ones((4, 5)))[0], y)


def test_two_dropouts_of_a_stack_draw_different_masks() -> None:
    layer = Sequential((Dropout(0.5), Dropout(0.5)))
    _, cache = layer.forward(XP, {"dropout1": {}, "dropout2": {}}, np.ones((10, 10)), Context(True, (0,)))
    assert not np.array_equal(cache["dropout1"]["mask"], cache["dropout2"]["mask"])


def test_dropconnect_is_a_dense_layer_of_the_masked_weights() -> None:
    W, b, x = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.5, 0.0]), np.array([[1.0, 10.0]])
    y, cache = DropConnect(2, rate=0.5).forward(XP, {"W": W, "b": b}, x, Context(True, (8,)))
    assert np.array_equal(y, x @ (W * cache["mask"]) + b)


def test_dropconnect_at_predict_is_a_dense_layer() -> None:
    W, b, x = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.5, 0.0]), np.array([[1.0, 10.0]])
    y, _ = DropConnect(2, rate=0.5).forward(XP, {"W": W, "b": b}, x, PREDICT)
    assert y.tolist() == [[31.5, 42.0]]


def test_dropconnect_keeps_the_mean() -> None:
    p = {"W": np.ones((N, 1)), "b": np.zeros(1)}
    y, _ = DropConnect(1, rate=0.4).forward(XP, p, np.full((1, N), 1 / N), Context(True, (2,)))
    assert abs(float(y[0, 0]) - 1) < 5 * (0.4 / 0.6 / N) ** 0.5


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan"), None, "0.5"])
def test_a_rate_out_of_its_range_is_named(rate: object) -> None:
    with pytest.raises(ConfigError, match="rate of Dropout to be a number of at least 0 and below 1"):
        Dropout(rate)  # type: ignore[arg-type]


def test_spatial_dropout_drops_whole_channels() -> None:
    y, _ = SpatialDropout(0.5).forward(XP, {}, np.ones((20, 3, 3, 10)), Context(True, engine_by_name("numpy").key(0)))
    kept = y[:, 0, 0]
    assert np.array_equal(y, np.broadcast_to(kept[:, None, None], y.shape))
    assert set(np.unique(kept)) == {0.0, 2.0}
    assert 60 < np.count_nonzero(kept) < 140


def test_spatial_dropout_draws_for_each_sample_anew(engine32: Engine) -> None:
    x = engine32.array(np.ones((20, 2, 2, 16)))
    y, _ = SpatialDropout(0.5).forward(engine32.xp, {}, x, Context(True, engine32.key(0)))
    kept = engine32.numpy(y)[:, 0, 0]
    # Sixteen bits each: the chance that two of twenty samples agree is 0.3 %, and the seed is fixed.
    assert len(np.unique(kept, axis=0)) == 20


@pytest.mark.parametrize("layer", [Dropout(0.5), SpatialDropout(0.5), DropConnect(3)], ids=repr)
def test_noise_without_a_key_is_refused_on_both_engines(engine32: Engine, layer: Layer) -> None:
    """NumPy would take its numbers from the operating system, and no seed would give them again."""
    x = engine32.array(np.ones((2, 3)))
    p = {"W": engine32.array(np.ones((3, 3))), "b": engine32.array(np.zeros(3))}
    with pytest.raises(ConfigError, match="a key to draw random numbers from; got a context without one"):
        layer.forward(engine32.xp, p, x, Context(train=True))


@pytest.mark.parametrize(
    "draw",
    [
        lambda xp: xp.bernoulli(None, 0.5, (2,)),
        lambda xp: xp.uniform(None, (2,)),
        lambda xp: xp.beta(None, 0.5, (2,)),
        lambda xp: xp.fold(None, 3),
    ],
    ids=["bernoulli", "uniform", "beta", "fold"],
)
def test_whatever_is_drawn_without_a_key_is_refused(engine32: Engine, draw: Callable[[Any], Any]) -> None:
    with pytest.raises(ConfigError, match="a key to draw"):
        draw(engine32.xp)


def test_dropconnect_of_a_sequence_is_that_of_its_rows() -> None:
    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    p = {"W": np.random.default_rng(1).normal(size=(3, 2)), "b": np.ones(2)}
    ctx = Context(True, (5,))
    y, _ = DropConnect(2).forward(XP, p, x, ctx)
    rows, _ = DropConnect(2).forward(XP, p, x.reshape(8, 3), ctx)
    assert np.array_equal(y.reshape(8, 2), rows)
