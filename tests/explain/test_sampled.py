"""Networks drawn at random: whatever the layers, the terms add up."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chainrule import nn
from chainrule.network.network import Network
from chainrule.types import Batch, Context
from tests.explain import cases
from tests.explain.test_derive import prove

LOSSES = (
    nn.SoftmaxCrossEntropy(),
    nn.SoftmaxCrossEntropy(0.1),
    nn.BinaryCrossEntropy(),
    nn.SquaredError(),
    nn.Huber(0.7),
)


@st.composite
def networks(draw: st.DrawFn) -> cases.Case:
    """Draw up to three hidden layers with what may follow each, a loss, a batch, weights and noise."""
    layers: list[nn.Layer] = []
    for _ in range(draw(st.integers(0, 3))):
        units = draw(st.integers(1, 4))
        layers.append(
            draw(st.sampled_from((nn.Dense(units), nn.Dense(units, bias=False), nn.DropConnect(units, rate=0.3))))
        )
        layers += draw(
            st.lists(
                st.sampled_from(
                    (*nn.ACTIVATIONS.values(), nn.Dropout(0.3), nn.LayerNorm(), nn.Residual(nn.Dense(units)))
                ),
                max_size=2,
            )
        )
    k = draw(st.integers(1, 3))
    loss = draw(st.sampled_from(LOSSES if k > 1 else LOSSES[2:]))
    n, d, seed = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(0, 2**16))
    network = Network(nn.Sequential((*layers, nn.Dense(k))), (d,), loss)
    rng = np.random.default_rng(seed)
    t = np.eye(k)[rng.integers(k, size=n)]
    w = rng.uniform(0.1, 2, size=n) if draw(st.booleans()) else None
    context = Context(True, (seed,)) if draw(st.booleans()) else Context()
    return cases.of("drawn", network, Batch(rng.normal(size=(n, d)), t, w), seed, context=context)


@given(networks(), st.integers(0, 2**16), st.integers(1, 50))
def test_the_terms_of_any_network_add_up(case: cases.Case, seed: int, most: int) -> None:
    addresses = case.addresses(np.random.default_rng(seed), 1)
    prove(case, addresses[0], max_terms=most)
    prove(case, addresses[-1], max_terms=most)
