"""Attention: by hand, against PyTorch, and what it may see."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.errors import ShapeError
from chainrule.explain import derive
from chainrule.network import Network
from chainrule.nn import Dense, GlobalAvgPool, Positions, SelfAttention, SquaredError, transformer_block
from chainrule.nn.attention import waves
from chainrule.nn.init import draw
from chainrule.types import PREDICT, Context
from tests.contracts.checks import agreement, assert_close

XP = engine_by_name("numpy").xp


def test_two_places_of_one_value_by_hand() -> None:
    p = {"W": np.array([[1.0, 2.0, 3.0]]), "b": np.zeros(3), "V": np.array([[10.0]]), "c": np.array([0.5])}
    y, _ = SelfAttention().forward(XP, p, np.array([[[1.0], [-1.0]]]), PREDICT)
    # Queries 1 and -1, keys 2 and -2, values 3 and -3: the first meets the first with 2, the second with -2.
    share = 1 / (1 + math.exp(-4))
    assert_close(y[0, :, 0], [10 * 3 * (2 * share - 1) + 0.5, 10 * 3 * (1 - 2 * share) + 0.5], agreement(np.float64))


def test_a_causal_place_does_not_see_what_comes_later() -> None:
    layer = SelfAttention(2, causal=True)
    p = draw(np.random.default_rng(0), layer.params((5, 4)))
    x = np.random.default_rng(1).normal(size=(1, 5, 4))
    later = np.where(np.arange(5)[:, None] > 2, 9.0, x)
    y, changed = (layer.forward(XP, p, each, PREDICT)[0] for each in (x, later))
    assert np.array_equal(y[:, :3], changed[:, :3])
    assert not np.allclose(y[:, 3:], changed[:, 3:])


@pytest.mark.parametrize("causal", [False, True])
def test_padding_alone_gives_zeros_and_no_gradient(causal: bool) -> None:
    layer = SelfAttention(2, causal)
    p = draw(np.random.default_rng(0), layer.params((3, 4))) | {"b": np.ones(12), "c": np.ones(4)}
    y, cache = layer.forward(XP, p, np.ones((2, 3, 4)), Context(mask=np.zeros((2, 3))))
    dx, grads = layer.backward(XP, p, cache, np.ones((2, 3, 4)))
    assert not y.any()
    assert not dx.any()
    assert not any(value.any() for value in grads.values())


def test_large_scores_do_not_overflow() -> None:
    layer = SelfAttention()
    p = draw(np.random.default_rng(0), layer.params((3, 4)))
    with np.errstate(all="raise", under="ignore"):
        y, _ = layer.forward(XP, p, np.random.default_rng(1).normal(size=(1, 3, 4)) * 1e3, PREDICT)
    assert np.isfinite(y).all()


def test_sinusoidal_positions_by_hand() -> None:
    P = waves(3, 4)
    assert P[0].tolist() == [0, 1, 0, 1]
    assert P[2].tolist() == pytest.approx([math.sin(2), math.cos(2), math.sin(0.02), math.cos(0.02)])


def test_heads_that_do_not_divide_the_values_are_refused() -> None:
    with pytest.raises(ShapeError, match="heads of SelfAttention to divide the values"):
        SelfAttention(3).output_shape((5, 4))


@pytest.mark.parametrize("layer", [SelfAttention(), Positions()], ids=lambda layer: type(layer).__name__)
def test_what_is_no_sequence_is_refused(layer: SelfAttention | Positions) -> None:
    with pytest.raises(ShapeError, match=r"to receive sequences of shape \(T, D\)"):
        layer.output_shape((4,))


@pytest.mark.parametrize("weight", ["block.attend.attention.W[0,5]", "block.think.hidden.W[1,2]", "output.W[1,0]"])
def test_the_derivation_of_a_weight_in_a_transformer_agrees_with_its_slope(weight: str) -> None:
    layers = [("block", transformer_block(4, 2, 3)), GlobalAvgPool(), ("output", Dense(1))]
    network = Network(layers, (3, 4), SquaredError())
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 1))
    assert derive(network, weight, x, t, params=network.init(rng)).check.agrees


@pytest.mark.parametrize("causal", [False, True])
def test_pytorch_computes_the_same(causal: bool) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(0)
    layer = SelfAttention(2, causal)
    p = {name: rng.normal(size=param.shape) for name, param in layer.params((5, 4)).items()}
    x, dy = rng.normal(size=(3, 5, 4)), rng.normal(size=(3, 5, 4))
    there = np.arange(5) < np.array([[5], [2], [4]])
    peer = torch.nn.MultiheadAttention(4, 2, batch_first=True).double()
    with torch.no_grad():
        peer.in_proj_weight[:] = torch.tensor(p["W"].T.copy())
        peer.in_proj_bias[:] = torch.tensor(p["b"])
        peer.out_proj.weight[:] = torch.tensor(p["V"].T.copy())
        peer.out_proj.bias[:] = torch.tensor(p["c"])
    tx = torch.tensor(x, requires_grad=True)
    later = torch.tensor(~np.tri(5, dtype=bool)) if causal else None
    ty = peer(tx, tx, tx, key_padding_mask=torch.tensor(~there), attn_mask=later, need_weights=False)[0]
    # PyTorch leaves something at the places of padding, which are not asked.
    dy = dy * there[..., None]
    ty.backward(torch.tensor(dy))
    y, cache = layer.forward(XP, p, x, Context(mask=there))
    dx, grads = layer.backward(XP, p, cache, dy)
    near = agreement(np.float64)
    assert_close(y[there], ty.detach().numpy()[there], near)
    assert_close(dx, tx.grad.numpy(), near)
    assert_close(grads["W"], peer.in_proj_weight.grad.numpy().T, near)
    assert_close(grads["b"], peer.in_proj_bias.grad.numpy(), near)
    assert_close(grads["V"], peer.out_proj.weight.grad.numpy().T, near)
    assert_close(grads["c"], peer.out_proj.bias.grad.numpy(), near)
