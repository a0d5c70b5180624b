"""Sequences of a like length are computed together: no number depends on it."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.network import Network
from chainrule.network.lengths import lengths_of, padded_lengths, reads_any_length, worth_shortening
from chainrule.network.outputs import Forward, logits
from chainrule.nn import Dense, Embedding, Flatten, SoftmaxCrossEntropy
from chainrule.recipes import recipe_from

_KINDS = ("rnn", "lstm", "gru", "transformer")


def _network(kind: str, steps: int = 40, *, every_step: bool = False, **settings: object) -> Network:
    recipe = recipe_from(kind, {"embedding": 8, **settings})
    return recipe.sequence_network((steps,), 3, SoftmaxCrossEntropy(), ids=30, every_step=every_step)


def _texts(n: int, steps: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 30, (n, steps)).astype(np.int32)
    lengths = np.minimum(rng.geometric(0.15, n), steps)
    lengths[:2] = 0, steps
    return np.where(np.arange(steps) < lengths[:, None], x, 0).astype(np.int32)


def test_a_length_is_that_up_to_the_last_step_that_there_is() -> None:
    assert lengths_of([[1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]]).tolist() == [3, 0, 4]
    assert padded_lengths(np.array([0, 1, 5, 6, 20, 40]), 40).tolist() == [5, 5, 5, 10, 20, 40]


@pytest.mark.parametrize("kind", _KINDS)
def test_recurrent_networks_and_transformers_read_any_length(kind: str) -> None:
    assert reads_any_length(_network(kind))
    assert reads_any_length(_network(kind, every_step=True))


def test_a_network_that_is_bound_to_its_length_is_left_alone() -> None:
    flat = Network([Embedding(30, 4), Flatten(), Dense(3)], (40,), SoftmaxCrossEntropy())
    learned = _network("transformer", positions="learned")
    mask = (_texts(50, 40) != 0).astype(np.float32)
    for network in (flat, learned):
        assert not reads_any_length(network)
        assert worth_shortening(network, mask) is None


@pytest.mark.parametrize(
    ("kind", "every_step", "engine_name"),
    [*((kind, every, "numpy") for kind in _KINDS for every in (False, True)), ("lstm", True, "jax")],
)
def test_logits_by_length_are_those_of_all_rows_at_once(kind: str, every_step: bool, engine_name: str) -> None:
    network = _network(kind, every_step=every_step)
    engine = engine_by_name(engine_name)
    x = _texts(128, 40)
    mask = (x != 0).astype(np.float32)
    assert worth_shortening(network, mask) is not None
    params = engine.place(network.init(np.random.default_rng(0)))
    whole = engine.numpy(engine.compile(Forward(network))(params, engine.array(x), engine.array(mask)))
    by_length = logits(network, engine, params, x, mask=mask)
    there = mask > 0 if every_step else np.ones(len(x), bool)
    np.testing.assert_allclose(by_length[there], whole[there], rtol=0, atol=2e-6)


@pytest.mark.parametrize("kind", _KINDS)
def test_a_row_has_the_same_bits_whatever_is_beside_it_and_however_it_is_padded(kind: str) -> None:
    engine = engine_by_name("numpy")
    network, longer = _network(kind), _network(kind, steps=97)
    params = network.init(np.random.default_rng(1))
    x = _texts(128, 40)
    padded = np.pad(x, ((0, 0), (0, 57)))
    alone = x.copy()
    # Other neighbours: every row but the first sixteen is as long as can be.
    alone[16:] = 7
    said = [
        logits(net, engine, engine.place(params), rows, mask=(rows != 0).astype(np.float32))[:16]
        for net, rows in ((network, x), (longer, padded), (network, alone))
    ]
    assert (said[0] == said[2]).all()
    if kind == "transformer":
        # A softmax over more keys adds them up in another order.
        np.testing.assert_allclose(said[0], said[1], rtol=0, atol=1e-6)
    else:
        assert (said[0] == said[1]).all()
