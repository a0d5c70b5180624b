"""Negative sampling: the gradient by hand, by number, by loops over single pairs, and on both engines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from chainrule.engine import engine_by_name, placed
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.explain.ground import ground_of
from chainrule.train.negative_sampling import NegativeSampling, dense
from chainrule.types import PREDICT, Batch

V, D, W, C, K = 7, 3, 2, 3, 2


def passages(seed: int = 0, n: int = 4) -> Batch:
    """Passages of two sentences, some words padding, some centres none."""
    rng = np.random.default_rng(seed)
    sentences = np.sort(rng.integers(0, 2, (n, C + 2 * W)), axis=1)
    sentences[0, -2:] = -1
    reach = rng.integers(1, W + 1, (n, C))
    reach[0, -1] = 0
    return Batch(
        {
            "words": rng.integers(0, V, (n, C + 2 * W)),
            "sentences": sentences,
            "reach": reach,
            "noise": rng.integers(0, V, (n, K)),
        }
    )


def tables(seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"E": rng.normal(size=(V, D)), "U": rng.normal(size=(V, D))}


def sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a))


def by_loops(model: str, params: dict[str, np.ndarray], data: Batch, negative: int) -> tuple[float, Any]:
    """The same word by word, as the formula is written."""
    E, U = params["E"], params["U"]
    J, dE, dU = 0.0, np.zeros_like(E), np.zeros_like(U)
    for words, sentences, reach, noise in zip(
        *(data.x[name] for name in ("words", "sentences", "reach", "noise")), strict=True
    ):
        for i in range(C):
            at = i + W
            near = [
                j for j in range(len(words))
                if j != at and abs(j - at) <= reach[i] and sentences[j] == sentences[at]
            ]  # fmt: skip
            if model == "skipgram":
                cases = [([words[at]], words[j]) for j in near]
            else:
                cases = [([words[j] for j in near], words[at])] if near else []
            for inputs, target in cases:
                v = np.mean([E[word] for word in inputs], axis=0)
                dv = np.zeros(D)
                told = [(target, 1.0, 1.0)] + [(k, 0.0, negative / K) for k in noise if k != target]
                for word, t, weight in told:
                    a = float(U[word] @ v)
                    J -= weight * math.log(sigmoid(a) if t else sigmoid(-a))
                    dv += weight * (sigmoid(a) - t) * U[word]
                    dU[word] += weight * (sigmoid(a) - t) * v
                for word in inputs:
                    dE[word] += dv / len(inputs)
    return J, {"E": dE, "U": dU}


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_passages_cost_what_their_pairs_cost_one_by_one(model: str) -> None:
    objective, params, data = NegativeSampling(V, D, 5, model), tables(), passages()
    J, grads = objective.loss_and_grads(NUMPY, params, data, PREDICT)
    expected, gradient = by_loops(model, params, data, 5)
    assert float(J) == pytest.approx(expected, rel=1e-12)
    for name, value in dense(NUMPY, grads).items():
        np.testing.assert_allclose(value, gradient[name], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
@pytest.mark.parametrize("table", ["E", "U"])
def test_the_gradient_is_the_slope_of_the_cost(model: str, table: str) -> None:
    objective, params, data = NegativeSampling(V, D, 5, model, 0.25), tables(), passages()
    grads = dense(NUMPY, objective.loss_and_grads(NUMPY, params, data, PREDICT)[1])
    direction = np.random.default_rng(2).normal(size=(V, D))
    check = ground_of(objective, params, data, PREDICT).check(float((grads[table] * direction).sum()), table, direction)
    assert check.agrees, check.sentence


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_both_engines_agree(model: str) -> None:
    pytest.importorskip("jax")
    objective, params, data = NegativeSampling(V, D, 5, model), tables(), passages()
    found = []
    for name in ("numpy", "jax"):
        engine = engine_by_name(name, "float64")
        program = engine.compile(_Gradient(objective))
        J, grads = program(engine.place(params), placed(engine, data))
        found.append((float(J), {key: engine.numpy(value) for key, value in grads.items()}))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-12)
    for name, value in found[0][1].items():
        np.testing.assert_allclose(value, found[1][1][name], rtol=1e-10, atol=1e-12)


class _Gradient:
    def __init__(self, objective: NegativeSampling) -> None:
        self.objective = objective

    def __call__(self, engine: Any, params: Any, batch: Batch) -> Any:
        J, grads = self.objective.loss_and_grads(engine.xp, params, batch, PREDICT)
        return J, dense(engine.xp, grads)


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_large_scores_neither_overflow_nor_lose_their_gradient(model: str) -> None:
    params = {name: 100 * table.astype("float32") for name, table in tables().items()}
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        J, grads = NegativeSampling(V, D, 5, model).loss_and_grads(NUMPY, params, passages(), PREDICT)
    assert np.isfinite(J)
    assert all(np.isfinite(table).all() for table in dense(NUMPY, grads).values())


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_a_passage_of_weight_zero_is_none(model: str) -> None:
    objective, params, data = NegativeSampling(V, D, 5, model), tables(), passages()
    padded = objective.loss_and_grads(NUMPY, params, data._replace(w=np.array([1.0, 1.0, 1.0, 0.0])), PREDICT)
    alone = objective.loss_and_grads(NUMPY, params, data.take(slice(3)), PREDICT)
    assert float(padded[0]) == pytest.approx(float(alone[0]), rel=1e-12)
    for name, value in dense(NUMPY, padded[1]).items():
        np.testing.assert_allclose(value, dense(NUMPY, alone[1])[name], rtol=1e-10, atol=1e-12)


def test_zeros_cost_what_knowing_nothing_costs() -> None:
    objective, data = NegativeSampling(V, D, 5), passages()
    data.x["noise"][:] = 6
    data.x["words"][:] %= 6
    nothing = {"E": np.zeros((V, D)), "U": np.zeros((V, D))}
    engine = engine_by_name("numpy", "float64")
    assert objective.evaluate(engine, nothing, data)["cost"] == pytest.approx(objective.ignorant)
    assert objective.ignorant == pytest.approx(6 * math.log(2))


def test_what_is_no_passage_is_refused() -> None:
    objective, data = NegativeSampling(V, D), passages()
    with pytest.raises(ShapeError, match="passages with words, sentences"):
        objective.check(Batch(np.zeros((2, 3))))
    with pytest.raises(ShapeError, match=r"W \+ C \+ W"):
        objective.check(Batch({**data.x, "reach": data.x["reach"][:, :2]}))
    with pytest.raises(DataError, match="words to be whole numbers from 0 to 6"):
        objective.check(Batch({**data.x, "words": data.x["words"] + 5}))
    with pytest.raises(ConfigError, match="one of skipgram, cbow"):
        NegativeSampling(V, D, model="glove")
