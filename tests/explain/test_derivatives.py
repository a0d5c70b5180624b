"""Derivatives of many rows: the same on every engine, in one piece or in several, as the network's own of all rows."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.explain.derivatives import derivatives
from chainrule.network import Network
from chainrule.network import outputs as module
from chainrule.nn import BatchNorm, Conv2D, Dense, Flatten, MaxPool2D, Relu, Sequential, SoftmaxCrossEntropy
from chainrule.tree import leaves
from chainrule.types import PREDICT, Batch

LAYERS = (Conv2D(3), BatchNorm(), Relu(), MaxPool2D(2), Flatten(), Dense(4))


@pytest.mark.parametrize("counted", ["all", "weighted", "masked"])
@pytest.mark.parametrize("pieces", [1, 4])
@pytest.mark.parametrize("name", ["numpy", "jax"])
def test_pieces_add_up_to_the_derivatives_of_all_rows(
    name: str, pieces: int, counted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "jax":
        pytest.importorskip("jax")
    net = Network(Sequential(LAYERS), (8, 8, 1), SoftmaxCrossEntropy())
    rng = np.random.default_rng(0)
    batch = Batch(
        rng.normal(size=(7, 8, 8, 1)),
        np.eye(4)[rng.integers(0, 4, 7)],
        np.array([1.0, 3, 0.5, 2, 0, 0, 1]) if counted == "weighted" else None,
        np.array([True, False, False, False, True, True, False]) if counted == "masked" else None,
    )
    if pieces > 1:
        monkeypatch.setattr(module, "_MOST_VALUES", 2 * net.widest)
    engine, numpy = engine_by_name(name, "float64"), engine_by_name("numpy", "float64")
    params = net.init(rng)
    grads, dx = derivatives(net, engine, engine.place(params), batch)
    _, expected = net.loss_and_grads(numpy.xp, params, batch, PREDICT)
    assert set(dict(leaves(grads))) == set(dict(leaves(expected)))
    for path, grad in leaves(grads):
        np.testing.assert_allclose(grad, dict(leaves(expected))[path], rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(dx, net.trace(numpy.xp, params, batch)["dx"], rtol=1e-10, atol=1e-14)
