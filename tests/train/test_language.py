"""The objective of a language model: the state goes on, derivatives end at the chunk."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import train
from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError, DataError
from chainrule.large.language import LanguageStream
from chainrule.network import Network
from chainrule.network.carried import forward_carried, start_state
from chainrule.nn import SoftmaxCrossEntropy
from chainrule.recipes import recipe_from
from chainrule.train.language import CARRIED, NextToken, token_costs, without_state
from chainrule.types import Batch, Context

_NUMPY = engine_by_name("numpy", "float64")


def _network(kind: str = "lstm", steps: int = 5, **settings: object) -> Network:
    recipe = recipe_from(kind, {"embedding": 4, "dropout": 0.0, **settings})
    return recipe.sequence_network((steps,), 9, SoftmaxCrossEntropy(), ids=9, every_step=True)


def _ids(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(3, 9, n)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_chunks_with_carried_state_are_the_sequence_in_one(kind: str) -> None:
    network, whole = _network(kind, hidden=(6, 5)), _network(kind, steps=15, hidden=(6, 5))
    params = network.init(np.random.default_rng(0))
    x = _ids(30).reshape(2, 15)
    state = start_state(network, _NUMPY.xp, 2, "float64")
    parts = []
    for start in range(0, 15, 5):
        a, _, state = forward_carried(network, _NUMPY.xp, params, x[:, start : start + 5], Context(), state)
        parts.append(a)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole.forward(_NUMPY.xp, params, x), atol=1e-12)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_the_gradient_is_that_of_the_chunk_for_a_given_state(kind: str) -> None:
    objective = NextToken(_network(kind, hidden=(6,)), lanes=2)
    rng = np.random.default_rng(0)
    params = dict(objective.init(rng))
    carried = {name: {part: rng.normal(size=v.shape) for part, v in s.items()} for name, s in params[CARRIED].items()}
    params[CARRIED] = carried
    batch = Batch(_ids(10).reshape(2, 5), _ids(10, 1).reshape(2, 5))
    _, grads, after = objective.loss_grads_and_state(_NUMPY.xp, params, batch, Context(True))
    U = params[f"{kind}1"]["U"]
    direction, h = rng.normal(size=U.shape), 1e-6

    def cost(step: float) -> float:
        moved = params | {f"{kind}1": params[f"{kind}1"] | {"U": U + step * direction}}
        return float(objective.loss_and_grads(_NUMPY.xp, moved, batch, Context(True))[0])

    by_number = (cost(h) - cost(-h)) / (2 * h)
    assert (grads[f"{kind}1"]["U"] * direction).sum() == pytest.approx(by_number, rel=1e-6)
    assert all((value == 0).all() for part in grads[CARRIED].values() for value in part.values())
    assert not np.allclose(after[CARRIED][f"{kind}1"]["s0"], carried[f"{kind}1"]["s0"])


def test_both_engines_learn_a_text_by_heart_and_carry_the_same_state() -> None:
    # What comes next is told by what came seven tokens before, which is more than a chunk ago.
    ids = np.tile([3, 4, 3, 5, 3, 4, 6, 7], 31)
    objective = NextToken(_network(steps=4, hidden=(12,)), lanes=2)
    costs = {}
    for engine in ("numpy", "jax"):
        run = train.run(
            objective,
            LanguageStream(ids, 2, 4),
            train.Settings(epochs=14, batch_size=2, learning_rate=0.02),
            engine=engine,
        ).finish()
        costs[engine] = run.history.cost
    np.testing.assert_allclose(costs["numpy"], costs["jax"], rtol=2e-3)
    assert costs["numpy"][-1] < 0.1


def test_a_resumed_run_has_the_bits_of_one_that_was_not_stopped() -> None:
    objective = NextToken(_network(hidden=(6,)), lanes=3)
    ids = _ids(200)

    def run(epochs: int, resume: train.Checkpoint | None = None) -> train.Run:
        settings = train.Settings(epochs=epochs, batch_size=3, learning_rate=0.01)
        return train.run(objective, LanguageStream(ids, 3, 5), settings, engine="numpy", resume=resume).finish()

    half = run(2)
    again, whole = run(4, half.checkpoint()), run(4)
    for name, value in whole.latest[CARRIED]["lstm1"].items():
        assert (again.latest[CARRIED]["lstm1"][name] == value).all()
    assert (again.latest["output"]["W"] == whole.latest["output"]["W"]).all()


def test_costs_of_a_text_are_those_of_reading_it_at_once() -> None:
    network, whole = _network(hidden=(6,)), _network(steps=20, hidden=(6,))
    objective = NextToken(network, lanes=2)
    params = objective.init(np.random.default_rng(0))
    data = Batch(_ids(60).reshape(3, 20), _ids(60, 1).reshape(3, 20))
    costs = token_costs(network, _NUMPY, _NUMPY.place(params), data)
    a = whole.forward(_NUMPY.xp, without_state(params), data.x)
    expected, _ = network.loss.each(_NUMPY.xp, a, data.t)
    np.testing.assert_allclose(costs, expected, atol=1e-12)
    scores = objective.evaluate(_NUMPY, _NUMPY.place(params), data)
    assert scores["bits"] == pytest.approx(scores["cost"] / np.log(2))


def test_a_transformer_carries_nothing() -> None:
    objective = NextToken(_network("transformer", width=8, heads=2, causal=True), lanes=2)
    assert not objective.has_state
    assert CARRIED not in objective.init(np.random.default_rng(0))
    cost, _, state = objective.loss_grads_and_state(
        _NUMPY.xp,
        objective.init(np.random.default_rng(0)),
        Batch(_ids(10).reshape(2, 5), _ids(10).reshape(2, 5)),
        Context(True),
    )
    assert state == {}
    assert np.isfinite(cost)


def test_a_layer_that_reads_what_it_is_to_predict_is_refused() -> None:
    with pytest.raises(ConfigError, match="reading from the end"):
        NextToken(_network(bidirectional=True), lanes=2).init(np.random.default_rng(0))


def test_an_id_that_names_nothing_is_refused() -> None:
    objective = NextToken(_network(), lanes=1)
    with pytest.raises(DataError, match="ids from 0 to 8"):
        objective.check(Batch(np.array([[9]]), np.array([[1]])))
