"""Recurrent layers: by hand, against PyTorch, behind a mask, and how they start."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from chainrule.engine import Engine, engine_by_name
from chainrule.errors import ConfigError, ShapeError
from chainrule.explain import derive
from chainrule.network import Network
from chainrule.nn import GRU, LSTM, Bidirectional, Dense, Sequential, SimpleRNN, SquaredError
from chainrule.nn.init import draw
from chainrule.nn.recurrent.recurrent import Recurrent
from chainrule.types import PREDICT, Context, Params
from tests.contracts.checks import agreement, assert_close, assert_trees_close

XP = engine_by_name("numpy").xp
KINDS = (SimpleRNN, LSTM, GRU)
every_kind = pytest.mark.parametrize("kind", KINDS)
every_setting = pytest.mark.parametrize(
    "settings",
    [{}, {"reverse": True}, {"return_sequences": True}, {"return_sequences": True, "reverse": True}],
    ids=["last", "last reversed", "all", "all reversed"],
)


def random_params(layer: Recurrent, shape: tuple[int, int]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {name: rng.normal(size=param.shape) * 0.5 for name, param in layer.params(shape).items()}


def both_ways(layer: Any, p: Params, x: np.ndarray, dy: np.ndarray, ctx: Context = PREDICT) -> Any:
    y, cache = layer.forward(XP, p, x, ctx)
    return y, *layer.backward(XP, p, cache, dy)


# ------------------------------------------------------------------------------------------------------------ by hand


def test_a_simple_rnn_of_two_steps_by_hand(engine32: Engine) -> None:
    xp, array, near = engine32.xp, engine32.array, agreement(np.float32)
    p = engine32.place({"W": np.array([[2.0]]), "U": np.array([[0.5]]), "b": np.array([0.1])})
    layer = SimpleRNN(1)
    y, cache = layer.forward(xp, p, array([[[1.0], [-1.0]]]), PREDICT)
    h0 = math.tanh(2 * 1 + 0.1)
    h1 = math.tanh(2 * -1 + 0.5 * h0 + 0.1)
    assert_close(y, [[h1]], near)
    dx, grads = layer.backward(xp, p, cache, array([[3.0]]))
    da1 = 3 * (1 - h1**2)
    da0 = da1 * 0.5 * (1 - h0**2)
    assert_close(dx, [[[2 * da0], [2 * da1]]], near)
    assert_close(grads["W"], [[da0 - da1]], near)
    assert_close(grads["U"], [[h0 * da1]], near)
    assert_close(grads["b"], [da0 + da1], near)


def sigma(a: float) -> float:
    return 1 / (1 + math.exp(-a))


def test_an_lstm_of_two_steps_by_hand() -> None:
    p = {"W": np.array([[1.0, -1, 0.5, 2]]), "U": np.array([[0.3, 0.2, -0.4, 0.1]]), "b": np.array([0.0, 1, 0, 0])}
    c = h = 0.0
    for x in (0.5, -1.0):
        i, f, o = sigma(x + 0.3 * h), sigma(-x + 0.2 * h + 1), sigma(0.5 * x - 0.4 * h)
        c = f * c + i * math.tanh(2 * x + 0.1 * h)
        h = o * math.tanh(c)
    y, _ = LSTM(1).forward(XP, p, np.array([[[0.5], [-1.0]]]), PREDICT)
    assert y[0, 0] == pytest.approx(h)


def test_a_gru_of_two_steps_resets_after_the_product() -> None:
    p = {
        "W": np.array([[1.0, -1, 2]]),
        "U": np.array([[0.3, 0.2, -0.4]]),
        "b": np.array([0.1, -0.2, 0.3]),
        "c": np.array([0.6]),
    }
    h = 0.0
    for x in (0.5, -1.0):
        r, z = sigma(x + 0.1 + 0.3 * h), sigma(-x - 0.2 + 0.2 * h)
        h = (1 - z) * math.tanh(2 * x + 0.3 + r * (-0.4 * h + 0.6)) + z * h
    y, _ = GRU(1).forward(XP, p, np.array([[[0.5], [-1.0]]]), PREDICT)
    assert y[0, 0] == pytest.approx(h)


@every_kind
def test_the_last_state_is_the_last_of_all_states(kind: type[Recurrent]) -> None:
    x = np.random.default_rng(0).normal(size=(2, 5, 3))
    p = random_params(kind(4), (5, 3))
    last, every = (kind(4, return_sequences=every).forward(XP, p, x, PREDICT)[0] for every in (False, True))
    assert np.array_equal(last, every[:, -1])


@every_kind
def test_reverse_reads_from_the_end_and_leaves_each_state_at_its_place(kind: type[Recurrent]) -> None:
    x = np.random.default_rng(0).normal(size=(2, 5, 3))
    layer = kind(4, return_sequences=True)
    p = random_params(layer, (5, 3))
    back = layer.backwards().forward(XP, p, x, PREDICT)[0]
    assert np.array_equal(back, layer.forward(XP, p, x[:, ::-1], PREDICT)[0][:, ::-1])


def normed(z: np.ndarray) -> np.ndarray:
    return (z - z.mean()) / np.sqrt(z.var() + 1e-5)


def test_a_normalised_rnn_of_two_steps_by_hand() -> None:
    rng = np.random.default_rng(0)
    layer = SimpleRNN(3, layer_norm=True)
    p = random_params(layer, (2, 2))
    x = rng.normal(size=(1, 2, 2))
    h = np.tanh(p["e"] * normed(x[0, 0] @ p["W"]) + p["b"])
    h = np.tanh(p["e"] * normed(x[0, 1] @ p["W"]) + p["b"] + p["k"] * normed(h @ p["U"]))
    y, _ = layer.forward(XP, p, x, PREDICT)
    assert_close(y, h[None], agreement(np.float64))


@every_kind
def test_a_normalised_cell_does_not_mind_how_large_its_weights_are(kind: type[Recurrent]) -> None:
    layer = kind(4, layer_norm=True)
    p = random_params(layer, (5, 3))
    x = np.random.default_rng(0).normal(size=(2, 5, 3))
    larger = p | {"W": 1000 * p["W"], "U": 1000 * p["U"]}
    y, wide = (layer.forward(XP, q, x, PREDICT)[0] for q in (p, larger))
    # All that is left of the size is epsilon beside the variance.
    assert np.abs(wide - y).max() < 1e-3


# ---------------------------------------------------------------------------------------------------------- the mask


def with_padding(x: np.ndarray, lengths: list[int], steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sequences with so many steps, those behind the lengths full of rubbish, and their mask."""
    wide = np.random.default_rng(8).normal(size=(len(x), steps, x.shape[2])) * 100
    wide[:, : x.shape[1]][np.arange(x.shape[1]) < np.array(lengths)[:, None]] = x[
        np.arange(x.shape[1]) < np.array(lengths)[:, None]
    ]
    return wide, (np.arange(steps) < np.array(lengths)[:, None]).astype(float)


@every_setting
@every_kind
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_more_padding_changes_no_bit(kind: type[Recurrent], settings: dict[str, bool], dtype: str) -> None:
    rng = np.random.default_rng(2)
    layer = kind(5, **settings)
    p = {name: value.astype(dtype) for name, value in random_params(layer, (7, 3)).items()}
    lengths = [7, 1, 4]
    results = []
    for steps in (7, 8, 40):
        x, mask = (part.astype(dtype) for part in with_padding(rng.normal(size=(3, 7, 3)), lengths, steps))
        x[:, :7][mask[:, :7] > 0] = np.random.default_rng(3).normal(size=(12, 3))
        dy = np.random.default_rng(4).normal(size=(3, 7, 5)).astype(dtype)
        if settings.get("return_sequences"):
            # What comes back to a place of padding is rubbish too, of which nothing may get through.
            dy = np.concatenate([dy, np.full((3, steps - 7, 5), 9.0, dtype)], axis=1)
        else:
            dy = dy[:, 0]
        y, dx, grads = both_ways(layer, p, x, dy, Context(mask=mask))
        results.append((y[:, :7] if y.ndim == 3 else y, dx[:, :7], grads))
        assert not dx[mask == 0].any()
        assert y.ndim == 2 or not y[mask == 0].any()
    for y, dx, grads in results[1:]:
        assert np.array_equal(y, results[0][0])
        assert np.array_equal(dx, results[0][1])
        assert_trees_close(grads, results[0][2], 0.0)


@every_setting
@every_kind
def test_a_masked_sequence_is_the_shorter_sequence(kind: type[Recurrent], settings: dict[str, bool]) -> None:
    layer = kind(5, **settings)
    p = random_params(layer, (6, 3))
    x = np.random.default_rng(0).normal(size=(1, 6, 3))
    dy = np.random.default_rng(1).normal(size=(1, *layer.output_shape((6, 3))))
    y, dx, grads = both_ways(layer, p, x, dy, Context(mask=np.array([[1.0, 1, 1, 1, 0, 0]])))
    short = dy[:, :4] if dy.ndim == 3 else dy
    y_short, dx_short, grads_short = both_ways(layer, p, x[:, :4], short)
    assert_close(y[:, :4] if y.ndim == 3 else y, y_short, agreement(np.float64))
    assert_close(dx[:, :4], dx_short, agreement(np.float64))
    assert_trees_close(grads, grads_short, agreement(np.float64))


@every_kind
def test_a_sequence_of_padding_alone_has_the_state_of_the_start(kind: type[Recurrent]) -> None:
    layer = kind(4)
    p = random_params(layer, (3, 2))
    y, dx, grads = both_ways(layer, p, np.ones((2, 3, 2)), np.ones((2, 4)), Context(mask=np.zeros((2, 3))))
    assert not y.any()
    assert not dx.any()
    assert not any(value.any() for value in grads.values())


@every_kind
def test_engines_agree_behind_a_mask(kind: type[Recurrent]) -> None:
    rng = np.random.default_rng(0)
    x, dy, mask = rng.normal(size=(3, 5, 2)), rng.normal(size=(3, 5, 4)), rng.random((3, 5)) < 0.6
    layer = kind(4, return_sequences=True)
    results = []
    for name in ("numpy", "jax"):
        engine = engine_by_name(name, "float32")
        p = engine.place(random_params(layer, (5, 2)))
        y, cache = layer.forward(engine.xp, p, engine.array(x), Context(mask=engine.array(mask)))
        dx, grads = layer.backward(engine.xp, p, cache, engine.array(dy))
        results.append({"y": y, "dx": dx, **grads})
    assert_trees_close(results[1], results[0], agreement(np.float32))


def test_a_mask_of_other_steps_is_refused() -> None:
    layer = LSTM(2)
    with pytest.raises(ShapeError, match=r"LSTM to receive as many places as the mask of shape \(1, 4\)"):
        layer.forward(XP, random_params(layer, (3, 2)), np.zeros((1, 3, 2)), Context(mask=np.ones((1, 4))))


# ----------------------------------------------------------------------------------------------- starts and refusals


@every_kind
def test_recurrent_weights_start_orthogonal_gate_by_gate(kind: type[Recurrent]) -> None:
    U = draw(np.random.default_rng(0), kind(6).params((3, 2)))["U"]
    assert U.shape == (6, 6 * kind.gates)
    for block in np.split(U, kind.gates, axis=1):
        assert_close(block.T @ block, np.eye(6), agreement(np.float64))


def test_the_forget_gate_starts_open() -> None:
    assert draw(np.random.default_rng(0), LSTM(2).params((3, 2)))["b"].tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


@every_kind
def test_recurrent_dropout_has_one_mask_for_all_steps(kind: type[Recurrent]) -> None:
    layer = kind(4, return_sequences=True, recurrent_dropout=0.5)
    p = random_params(layer, (3, 2))
    _, cache = layer.forward(XP, p, np.ones((2, 3, 2)), Context(True, (1,)))
    assert cache["drop"].shape == (2, 4)
    assert set(np.unique(cache["drop"])) == {0, 2}


@every_kind
def test_recurrent_dropout_is_off_at_predict(kind: type[Recurrent]) -> None:
    p, x = random_params(kind(4), (3, 2)), np.ones((2, 3, 2))
    dropping, plain = kind(4, recurrent_dropout=0.5), kind(4)
    assert np.array_equal(dropping.forward(XP, p, x, PREDICT)[0], plain.forward(XP, p, x, PREDICT)[0])


@pytest.mark.parametrize("shape", [(3,), (), (2, 3, 4), (0, 3)])
def test_what_is_no_sequence_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"LSTM to receive sequences of shape \(T, D\) of at least one step"):
        LSTM(2).output_shape(shape)


@every_kind
def test_half_precision_adds_up_the_steps_in_single_precision(kind: type[Recurrent]) -> None:
    engine = engine_by_name("jax")
    steps, whole = 600, kind(2, return_sequences=True)
    # A state that has come to rest gets the same from every step: in bfloat16 a sum of them would soon stand still.
    p = {name: np.full(param.shape, 0.01) for name, param in whole.params((steps, 1)).items()}
    x, dy = np.full((1, steps, 1), 0.5), np.ones((1, steps, 2))
    results = []
    for dtype in ("float32", "bfloat16"):
        q = {name: engine.xp.cast(engine.array(value), dtype) for name, value in p.items()}
        _, cache = whole.forward(engine.xp, q, engine.xp.cast(engine.array(x), dtype), PREDICT)
        grads = whole.gradients(engine.xp, q, cache, engine.xp.cast(engine.array(dy), dtype))
        assert {str(g.dtype) for g in grads.values()} == {dtype}
        results.append(np.asarray(grads["b"]).astype(float))
    # Three digits of each number, and some of a gate's derivative lost in it.
    assert np.abs(results[1] - results[0]).max() < 0.05 * np.abs(results[0]).max()


# ------------------------------------------------------------------------------------------------- PyTorch's numbers


def reordered(array: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    """Return blocks of the last axis in another order."""
    blocks = np.split(array, len(order), axis=-1)
    return np.concatenate([blocks[i] for i in order], axis=-1)


@pytest.mark.parametrize(("kind", "order"), [(SimpleRNN, (0,)), (LSTM, (0, 1, 3, 2)), (GRU, (0, 1, 2))])
def test_pytorch_computes_the_same(kind: type[Recurrent], order: tuple[int, ...]) -> None:
    """PyTorch's order of an LSTM's gates is i, f, g, o; its two biases are one, but for a GRU's new state."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(0)
    layer = kind(4, return_sequences=True)
    p = random_params(layer, (6, 3))
    x, dy = rng.normal(size=(2, 6, 3)), rng.normal(size=(2, 6, 4))
    peer = getattr(torch.nn, {"SimpleRNN": "RNN"}.get(kind.__name__, kind.__name__))(3, 4, batch_first=True).double()
    beside = np.zeros(4 * kind.gates)
    if "c" in p:
        beside[-4:] = p["c"]
    with torch.no_grad():
        peer.weight_ih_l0[:] = torch.tensor(reordered(p["W"], order).T.copy())
        peer.weight_hh_l0[:] = torch.tensor(reordered(p["U"], order).T.copy())
        peer.bias_ih_l0[:] = torch.tensor(reordered(p["b"], order))
        peer.bias_hh_l0[:] = torch.tensor(beside)
    tx = torch.tensor(x, requires_grad=True)
    ty = peer(tx)[0]
    ty.backward(torch.tensor(dy))
    y, dx, grads = both_ways(layer, p, x, dy)
    near = agreement(np.float64)
    assert_close(y, ty.detach().numpy(), near)
    assert_close(dx, tx.grad.numpy(), near)
    assert_close(reordered(grads["W"], order), peer.weight_ih_l0.grad.numpy().T, near)
    assert_close(reordered(grads["U"], order), peer.weight_hh_l0.grad.numpy().T, near)
    assert_close(reordered(grads["b"], order), peer.bias_ih_l0.grad.numpy(), near)
    if "c" in p:
        assert_close(grads["c"], peer.bias_hh_l0.grad.numpy()[-4:], near)


# -------------------------------------------------------------------------------------------------------- both ways


def test_bidirectional_puts_both_directions_side_by_side() -> None:
    layer = Bidirectional(GRU(4, return_sequences=True))
    x = np.random.default_rng(0).normal(size=(2, 5, 3))
    p = {"ahead": random_params(GRU(4), (5, 3)), "back": random_params(GRU(4, reverse=True), (5, 3))}
    y, _ = layer.forward(XP, p, x, PREDICT)
    assert np.array_equal(y[..., :4], GRU(4, return_sequences=True).forward(XP, p["ahead"], x, PREDICT)[0])
    assert np.array_equal(y[..., 4:], GRU(4, return_sequences=True, reverse=True).forward(XP, p["back"], x, PREDICT)[0])


def test_bidirectional_of_what_cannot_read_backwards_is_refused() -> None:
    with pytest.raises(ConfigError, match="a recurrent layer, whose copy can read the other way"):
        Bidirectional(Dense(3))


def test_bidirectional_of_one_state_and_all_states_is_refused() -> None:
    with pytest.raises(ShapeError, match="both the last one"):
        Bidirectional(GRU(3), LSTM(3, return_sequences=True)).output_shape((4, 2))


# ------------------------------------------------------------------------------------------------------- derivations


@pytest.mark.parametrize("weight", ["rnn.U[0,1]", "rnn.W[1,0]", "rnn.b[2]", "in.W[0,0]"])
@every_kind
def test_the_derivation_of_a_weight_agrees_with_its_slope(kind: type[Recurrent], weight: str) -> None:
    layers = Sequential((Dense(2), kind(3), Dense(1)), ("in", "rnn", "output"))
    network = Network(layers, (4, 2), SquaredError())
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(3, 4, 2)), rng.normal(size=(3, 1))
    assert derive(network, weight, x, t, params=network.init(rng)).check.agrees
