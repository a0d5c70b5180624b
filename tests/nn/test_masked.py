"""Masks: what is padded changes no number, in no layer that reads a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.errors import ShapeError
from chainrule.nn import (
    GRU,
    LSTM,
    BatchNorm,
    Bidirectional,
    Conv1D,
    Dense,
    GlobalAvgPool,
    GlobalMaxPool,
    GroupNorm,
    Layer,
    LayerNorm,
    Positions,
    Residual,
    SelfAttention,
    Sequential,
    SimpleRNN,
    Tanh,
    transformer_block,
)
from chainrule.nn.init import draw
from chainrule.tree import map_leaves
from chainrule.types import Context, as_dense
from tests.contracts.checks import ENGINES, agreement, assert_close, assert_trees_close

LENGTHS = np.array([6, 1, 4])
EVERY = {"return_sequences": True}

# Each ends in one vector, so that nothing is left of the padding.
STACKS: dict[str, tuple[Layer, ...]] = {
    "the mean over time": (GlobalAvgPool(),),
    "the largest over time": (GlobalMaxPool(),),
    "a simple rnn": (SimpleRNN(4),),
    "an lstm": (LSTM(4),),
    "a gru": (GRU(4),),
    "a normalised lstm": (LSTM(4, layer_norm=True),),
    "both ways": (Bidirectional(LSTM(3)),),
    "both ways, pooled": (Bidirectional(GRU(3, **EVERY)), GlobalMaxPool()),
    "two recurrent layers": (LSTM(4, **EVERY), SimpleRNN(3, reverse=True)),
    "dense and bend before a mean": (Dense(4), Tanh(), LayerNorm(), GlobalAvgPool()),
    "convolutions": (Conv1D(4, 3, padding="same"), Tanh(), Conv1D(4, 3, padding="same"), GlobalMaxPool()),
    "a convolution behind an lstm": (LSTM(3, **EVERY), Conv1D(4, 3, padding="same"), GlobalAvgPool()),
    "batch norm between": (Dense(4), BatchNorm(), GRU(3)),
    "group norm between": (Dense(4), GroupNorm(2), GRU(3)),
    "group norm before a mean": (Dense(4), GroupNorm(1), Tanh(), GlobalAvgPool()),
    "attention": (SelfAttention(3), GlobalAvgPool()),
    "attention to what was before": (SelfAttention(causal=True), GlobalMaxPool()),
    "a transformer": (Dense(4), Positions(), transformer_block(4, 2), transformer_block(4, 2), GlobalAvgPool()),
    "a bypass": (Residual(SimpleRNN(3, **EVERY)), GlobalAvgPool()),
}


def passes(name: str, steps: int, engine: str = "numpy", dtype: str = "float64") -> Any:
    """Return y, the dx of the places that there are, and the gradients, of sequences padded to so many steps."""
    layer = Sequential(STACKS[name])
    xp = engine_by_name(engine).xp
    p = map_leaves(lambda value: value.astype(dtype), draw(np.random.default_rng(0), layer.params((steps, 3))))
    there = np.arange(steps) < LENGTHS[:, None]
    x = np.random.default_rng(steps).normal(size=(3, steps, 3)) * 50
    x[there] = np.random.default_rng(1).normal(size=(LENGTHS.sum(), 3))
    ctx = Context(train=True, mask=there.astype(dtype))
    y, cache = layer.forward(xp, p, x.astype(dtype), ctx)
    dy = np.random.default_rng(2).normal(size=y.shape).astype(dtype)
    dx, grads = layer.backward(xp, p, cache, dy)
    assert not np.asarray(dx)[~there].any()
    return np.asarray(y), np.asarray(dx)[there], map_leaves(lambda g: np.asarray(as_dense(xp, g)), grads)


@pytest.mark.parametrize("steps", [7, 13])
@pytest.mark.parametrize("name", STACKS)
def test_more_padding_changes_no_number(name: str, steps: int) -> None:
    (y, dx, grads), (wide_y, wide_dx, wide_grads) = passes(name, 6), passes(name, steps)
    near = agreement(np.float64)
    assert_close(wide_y, y, near)
    assert_close(wide_dx, dx, near)
    assert_trees_close(wide_grads, grads, near)


@pytest.mark.parametrize("name", STACKS)
def test_engines_agree_behind_a_mask(name: str) -> None:
    (y, dx, grads), (jax_y, jax_dx, jax_grads) = (passes(name, 7, engine, "float32") for engine in ENGINES)
    near = agreement(np.float32)
    assert_close(jax_y, y, near)
    assert_close(jax_dx, dx, near)
    assert_trees_close(jax_grads, grads, near)


# Attention sums over all keys, of which those of padding are 0: with another number of zeros between, NumPy adds in
# another order.
SUMS_OVER_PLACES = {name for name in STACKS if "attention" in name or "transformer" in name}
# So does the gradient of weights that every place shares, which is one sum over all places of the batch. A recurrent layer
# adds step by step.
SHARED_BY_PLACES = SUMS_OVER_PLACES | {
    "dense and bend before a mean", "convolutions", "a convolution behind an lstm", "batch norm between",
    "group norm between", "group norm before a mean",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in STACKS if name not in SUMS_OVER_PLACES])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_more_padding_changes_no_bit(name: str, dtype: str) -> None:
    y, dx, grads = passes(name, 6, dtype=dtype)
    for steps in (7, 50):
        wide_y, wide_dx, wide_grads = passes(name, steps, dtype=dtype)
        assert np.array_equal(wide_y, y)
        assert np.array_equal(wide_dx, dx)
        if name not in SHARED_BY_PLACES:
            assert_trees_close(wide_grads, grads, 0.0)


@pytest.mark.parametrize("layer", [GlobalAvgPool(), GlobalMaxPool()], ids=str)
def test_a_pool_of_padding_alone_is_zero(layer: Layer) -> None:
    xp = engine_by_name("numpy").xp
    y, cache = layer.forward(xp, {}, np.ones((2, 3, 2)), Context(mask=np.zeros((2, 3))))
    assert not y.any()
    assert not layer.backward(xp, {}, cache, np.ones((2, 2)))[0].any()


def test_pools_leave_padding_out_by_hand() -> None:
    xp = engine_by_name("numpy").xp
    x, ctx = np.array([[[-1.0], [-3.0], [9.0]]]), Context(mask=np.array([[1.0, 1.0, 0.0]]))
    mean, cache = GlobalAvgPool().forward(xp, {}, x, ctx)
    assert mean.tolist() == [[-2.0]]
    assert GlobalAvgPool().backward(xp, {}, cache, np.array([[4.0]]))[0].ravel().tolist() == [2, 2, 0]
    largest, cache = GlobalMaxPool().forward(xp, {}, x, ctx)
    assert largest.tolist() == [[-1.0]]
    assert GlobalMaxPool().backward(xp, {}, cache, np.array([[4.0]]))[0].ravel().tolist() == [4, 0, 0]


@pytest.mark.parametrize(
    "layer", [GlobalAvgPool(), Conv1D(2), GRU(2), GroupNorm()], ids=lambda layer: type(layer).__name__
)
def test_a_mask_of_another_length_is_refused(layer: Layer) -> None:
    p = draw(np.random.default_rng(0), layer.params((5, 2)))
    with pytest.raises(ShapeError, match=rf"{type(layer).__name__} to receive as many places as the mask"):
        layer.forward(engine_by_name("numpy").xp, p, np.zeros((1, 5, 2)), Context(mask=np.ones((1, 4))))


@pytest.mark.parametrize("engine", ENGINES)
def test_group_norm_behind_a_mask_is_that_of_the_places_there(engine: str) -> None:
    xp, layer = engine_by_name(engine).xp, GroupNorm(2)
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, 2, 5, 4)).astype("float32")
    p = {"g": rng.normal(size=4).astype("float32"), "b": rng.normal(size=4).astype("float32")}
    mask = np.array([[1, 1, 1, 0, 0], [1, 1, 0, 1, 0]], "float32")
    dy = dy * mask[..., None]
    there = mask > 0
    y, cache = layer.forward(xp, p, x, Context(mask=mask))
    dx, grads = layer.backward(xp, p, cache, dy)
    alone = x[there].reshape(2, 3, 4)
    y_alone, cache_alone = layer.forward(xp, p, alone, Context())
    dx_alone, grads_alone = layer.backward(xp, p, cache_alone, dy[there].reshape(2, 3, 4))
    near = agreement(np.float32)
    assert_close(np.asarray(y)[there].reshape(2, 3, 4), y_alone, near)
    assert_close(np.asarray(dx)[there].reshape(2, 3, 4), dx_alone, near)
    assert not np.asarray(dx)[~there].any()
    assert_trees_close(grads, grads_alone, near)


def test_group_norm_behind_a_mask_has_the_derivative_that_differences_show() -> None:
    xp, layer, step = engine_by_name("numpy").xp, GroupNorm(2), 1e-6
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, 2, 3, 2, 4))
    p = {"g": rng.normal(size=4), "b": rng.normal(size=4)}
    # A mask of rows of images, one sample of them all padding; dy is not zero at padding, so nothing hides.
    ctx = Context(mask=np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]))
    _, cache = layer.forward(xp, p, x, ctx)
    dx, _ = layer.backward(xp, p, cache, dy)
    measured = np.zeros_like(dx)
    for place in np.ndindex(*dx.shape):
        nudge = np.zeros_like(dx)
        nudge[place] = step
        up, down = (layer.forward(xp, p, x + sign * nudge, ctx)[0] for sign in (1, -1))
        measured[place] = ((up - down) * dy).sum() / (2 * step)
    np.testing.assert_allclose(dx, measured, rtol=1e-5, atol=1e-5)
