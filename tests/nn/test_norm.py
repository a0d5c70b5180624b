"""Normalisation, worked by hand, beside PyTorch, and with its state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule import optim, train
from chainrule.engine import engine_by_name
from chainrule.errors import ShapeError
from chainrule.network import Network
from chainrule.nn import (
    BatchNorm,
    Conv2D,
    Dense,
    GlobalAvgPool,
    GroupNorm,
    LayerNorm,
    Penalty,
    Sequential,
    SoftmaxCrossEntropy,
    Tanh,
)
from chainrule.tree import leaf, leaves
from chainrule.types import PREDICT, Batch, Context, Params
from tests.contracts.checks import agreement, assert_close, assert_trees_close

XP = engine_by_name("numpy").xp
LEARN = Context(train=True)
# Means 3 and 4, variances 4 and 1.
X = np.array([[1.0, 5.0], [5.0, 3.0]])
P = {"g": np.array([2.0, 3.0]), "b": np.array([0.5, -1.0]), "m": np.array([1.0, 2.0]), "v": np.array([4.0, 9.0])}
EXACT = BatchNorm(momentum=0.5, epsilon=1e-30)


def test_y_while_learning_is_that_computed_by_hand() -> None:
    y, _ = EXACT.forward(XP, P, X, LEARN)
    assert y.tolist() == [[-1.5, 2.0], [2.5, -4.0]]


def test_y_at_predict_is_that_of_the_running_mean_and_variance() -> None:
    y, _ = EXACT.forward(XP, P, X, PREDICT)
    assert y.tolist() == [[0.5, 2.0], [4.5, 0.0]]


def test_the_state_moves_half_way_to_the_unbiased_statistics_of_the_batch() -> None:
    _, cache = EXACT.forward(XP, P, X, LEARN)
    state = EXACT.update_state(XP, P, cache)
    # Half of 1 and 3, half of 2 and 4; of two values the unbiased variance is twice the biased: 8 and 2.
    assert {name: value.tolist() for name, value in state.items()} == {"m": [2.0, 3.0], "v": [6.0, 5.5]}


def test_one_value_alone_says_nothing_of_the_variance() -> None:
    _, cache = EXACT.forward(XP, P, X[:1], LEARN)
    assert EXACT.update_state(XP, P, cache)["v"].tolist() == P["v"].tolist()


def test_dx_by_hand_is_zero_for_two_samples() -> None:
    # Two samples are always at ±1, wherever x is: no x can change y.
    _, cache = EXACT.forward(XP, P, X, LEARN)
    dx, grads = EXACT.backward(XP, P, cache, np.array([[1.0, 2.0], [5.0, 3.0]]))
    assert_close(dx, np.zeros((2, 2)), agreement(np.float64))
    assert grads["g"].tolist() == [4.0, -1.0]
    assert grads["b"].tolist() == [6.0, 5.0]


def test_layer_norm_is_that_computed_by_hand() -> None:
    y, _ = LayerNorm(1e-30).forward(XP, {"g": np.array([2.0, 3.0]), "b": np.array([0.0, 1.0])}, X, PREDICT)
    assert y.tolist() == [[-2.0, 4.0], [2.0, -2.0]]


def test_group_norm_is_that_computed_by_hand() -> None:
    x = np.array([[1.0, 5.0, 7.0, 3.0]])
    y, _ = GroupNorm(2, 1e-30).forward(XP, {"g": np.ones(4), "b": np.zeros(4)}, x, PREDICT)
    assert y.tolist() == [[-1.0, 1.0, 1.0, -1.0]]


def test_groups_that_do_not_divide_the_channels_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"groups of GroupNorm to divide.*4 groups.*6 channels"):
        GroupNorm(4).output_shape((3, 3, 6))


def test_float32_values_far_from_zero_keep_their_variance() -> None:
    # E[x²] - E[x]² would lose all its digits here.
    x = (1e4 + np.random.default_rng(0).normal(size=(1000, 1))).astype(np.float32)
    y, _ = BatchNorm().forward(XP, {"g": np.ones(1, np.float32), "b": np.zeros(1, np.float32)}, x, LEARN)
    assert abs(float(y.std()) - 1) < 0.01


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_samples_of_weight_zero_are_no_part_of_the_batch(engine: str) -> None:
    xp = engine_by_name(engine).xp
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, 5, 3, 3, 2)).astype(np.float32)
    p = {name: value.astype(np.float32) for name, value in P.items()}
    w = np.array([1.0, 2.0, 0.5, 0.0, 0.0], np.float32)
    dy[3:] = 0
    y, cache = BatchNorm().forward(xp, p, x, Context(True, None, w))
    dx, grads = BatchNorm().backward(xp, p, cache, dy)
    alone, cache_alone = BatchNorm().forward(xp, p, x[:3], LEARN)
    dx_alone, grads_alone = BatchNorm().backward(xp, p, cache_alone, dy[:3])
    tolerance = agreement(np.float32)
    assert_close(y[:3], alone, tolerance)
    assert_close(dx[:3], dx_alone, tolerance)
    assert_close(dx[3:], np.zeros((2, 3, 3, 2)), tolerance)
    assert_trees_close(grads, grads_alone, tolerance)
    states = BatchNorm().update_state(xp, p, cache), BatchNorm().update_state(xp, p, cache_alone)
    assert_trees_close(*states, tolerance)


@pytest.mark.parametrize("engine", ["numpy", "jax"])
@pytest.mark.parametrize("weighted", [False, True])
def test_places_that_a_mask_leaves_out_are_no_part_of_the_batch(engine: str, weighted: bool) -> None:
    xp = engine_by_name(engine).xp
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, 3, 4, 2)).astype(np.float32)
    p = {name: value.astype(np.float32) for name, value in P.items()}
    mask = np.array([[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 1]], np.float32)
    w = np.array([1.0, 2.0, 0.0], np.float32) if weighted else None
    counts = (mask > 0) & (np.ones(3) if w is None else w > 0)[:, None].astype(bool)
    dy = dy * counts[..., None]
    y, cache = BatchNorm().forward(xp, p, x, Context(True, None, w, mask))
    dx, grads = BatchNorm().backward(xp, p, cache, dy)
    # The places that count, as samples of their own.
    alone, cache_alone = BatchNorm().forward(xp, p, x[counts], LEARN)
    dx_alone, grads_alone = BatchNorm().backward(xp, p, cache_alone, dy[counts])
    tolerance = agreement(np.float32)
    assert_close(np.asarray(y)[counts], alone, tolerance)
    assert_close(np.asarray(dx)[counts], dx_alone, tolerance)
    assert_close(np.asarray(dx)[~counts], np.zeros(((~counts).sum(), 2)), tolerance)
    assert_trees_close(grads, grads_alone, tolerance)
    states = BatchNorm().update_state(xp, p, cache), BatchNorm().update_state(xp, p, cache_alone)
    assert_trees_close(*states, tolerance)


def test_a_mask_of_rows_of_images_leaves_out_whole_rows() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 2))
    mask = np.array([[True, False, True], [True, True, False]])
    _, cache = BatchNorm().forward(XP, P, x, Context(True, mask=mask))
    np.testing.assert_allclose(cache["mean"], x[mask].reshape(-1, 2).mean(axis=0))
    assert cache["count"] == 20


def test_a_mask_of_times_says_nothing_of_vectors() -> None:
    x = np.random.default_rng(0).normal(size=(4, 2))
    _, cache = BatchNorm().forward(XP, P, x, Context(True, mask=np.ones((4, 7))))
    np.testing.assert_allclose(cache["mean"], x.mean(axis=0))


def test_a_mask_of_other_times_than_those_that_came_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"mask of shape \(4, 7\).*x of shape \(4, 3, 2\)"):
        BatchNorm().forward(XP, P, np.zeros((4, 3, 2)), Context(True, mask=np.ones((4, 7))))


def network() -> Network:
    """Return a small network with state in two places, one of them nested."""
    # No biases before a normalisation: their derivative is zero but for rounding, which Adam would blow up.
    inner = Sequential((Conv2D(3, 3, padding="same", bias=False), BatchNorm(), Tanh()), ("conv", "norm", "tanh"))
    rest = (GlobalAvgPool(), Dense(4, bias=False), BatchNorm(), Dense(3))
    layers = Sequential((inner, *rest), ("block", "pool", "dense", "norm", "out"))
    return Network(layers, (4, 4, 2), SoftmaxCrossEntropy())


def data(n: int) -> Batch:
    """Return random images with random labels."""
    rng = np.random.default_rng(1)
    return Batch(rng.normal(1.0, 2.0, (n, 4, 4, 2)), np.eye(3)[rng.integers(0, 3, n)])


def fit(engine: str, rule: Any, n: int = 21, **settings: Any) -> Params:
    """Return the weights after three epochs of batches of eight, the last one short."""
    return (
        train.run(
            train.Supervised(network(), Penalty(l2=0.01)),
            data(n),
            train.Settings(**({"epochs": 3, "batch_size": 8, "learning_rate": 0.05} | settings)),
            optimizer=rule,
            engine=engine_by_name(engine, "float64"),
        )
        .finish()
        .params
    )


def convolved(params: Params, x: np.ndarray) -> np.ndarray:
    """Return what the first normalisation of the network sees."""
    y: np.ndarray = Conv2D(3, 3, padding="same", bias=False).forward(XP, params["block"]["conv"], x, PREDICT)[0]
    return y


RULES = [optim.Momentum(), optim.AdamW(decay=0.1)]


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_numpy_and_jax_agree_where_the_batch_does_not_divide_the_data(rule: optim.Rule) -> None:
    clip = optim.Clip(value=0.3, norm=0.5)
    assert_trees_close(fit("jax", rule, clip=clip), fit("numpy", rule, clip=clip), agreement(np.float64))


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_no_rule_penalty_or_clipping_moves_the_state(rule: optim.Rule) -> None:
    # With a rate of almost zero the weights stay, and the first norm's running mean is that of a plain loop.
    params = fit("numpy", rule, epochs=1, learning_rate=1e-300, shuffle=False, clip=optim.Clip(norm=1e-3))
    weights = network().init(np.random.default_rng((0, 0, 0)))
    mean = np.zeros(3)
    for start in (0, 8, 16):
        y = convolved(weights, data(21).x[start : start + 8])
        mean = 0.9 * mean + 0.1 * y.mean(axis=(0, 1, 2))
    assert_close(leaf(params, "block.norm.m"), mean, agreement(np.float64))


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_after_lbfgs_the_state_is_that_of_the_whole_data(engine: str) -> None:
    params = fit(engine, optim.LBFGS(), epochs=4)
    y = convolved(params, data(21).x)
    assert_close(leaf(params, "block.norm.m"), y.mean(axis=(0, 1, 2)), agreement(np.float64))
    assert_close(leaf(params, "block.norm.v"), y.var(axis=(0, 1, 2), ddof=1), agreement(np.float64))


def test_state_is_neither_penalised_nor_trained_and_everything_else_is_trained() -> None:
    specs = dict(leaves(network().specs))
    assert {path for path, spec in specs.items() if not spec.trained} == {
        "block.norm.m", "block.norm.v", "norm.m", "norm.v",
    }  # fmt: skip
    assert not any("norm" in path for path in network().penalised)


@pytest.mark.parametrize("learning", [True, False], ids=["learning", "predict"])
@pytest.mark.parametrize("kind", ["batch", "layer", "group"])
def test_pytorch_computes_the_same(kind: str, learning: bool) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, 4, 3, 5, 6))
    layer: Any = {"batch": BatchNorm(), "layer": LayerNorm(), "group": GroupNorm(3)}[kind]
    p = {name: rng.uniform(0.5, 2, spec.shape) for name, spec in layer.params((3, 5, 6)).items()}
    y, cache = layer.forward(XP, p, x, Context(train=learning))
    dx, grads = layer.backward(XP, p, cache, dy)
    g, b = (torch.tensor(p[name], requires_grad=True) for name in "gb")
    first = kind != "layer"
    tx = torch.tensor(x.transpose(0, 3, 1, 2).copy() if first else x, requires_grad=True)
    functions = torch.nn.functional
    m, v = torch.tensor(p.get("m", 0.0)), torch.tensor(p.get("v", 0.0))
    ty = {
        "batch": lambda: functions.batch_norm(tx, m, v, g, b, training=learning),
        "layer": lambda: functions.layer_norm(tx, (6,), g, b),
        "group": lambda: functions.group_norm(tx, 3, g, b),
    }[kind]()
    ty.backward(torch.tensor(dy.transpose(0, 3, 1, 2).copy() if first else dy))
    back = (0, 2, 3, 1) if first else (0, 1, 2, 3)
    tolerance = agreement(np.float64)
    assert_close(y, ty.detach().numpy().transpose(back), tolerance)
    assert_close(dx, tx.grad.numpy().transpose(back), tolerance)
    assert_close(grads["g"], g.grad.numpy(), tolerance)
    assert_close(grads["b"], b.grad.numpy(), tolerance)
    if kind == "batch" and learning:
        assert_trees_close(layer.update_state(XP, p, cache), {"m": m.numpy(), "v": v.numpy()}, tolerance)
