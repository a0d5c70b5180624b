"""What an autoencoder minimises: the slope of its cost on both engines, and noise that is what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError
from chainrule.models.coding import Coding, coding_of_layers, coding_of_sizes
from chainrule.models.corruption import Corruption
from chainrule.models.reconstruction import Reconstruction, Sparsity
from chainrule.nn import BatchNorm, BinaryCrossEntropy, Conv2D, Dense, Loss, Sigmoid, SquaredError, Tanh
from chainrule.train.steps import LossAndGrads
from chainrule.tree import leaf, leaves, map_leaves
from chainrule.types import Batch, Context
from tests.contracts.checks import agreement, assert_trees_close, derivative, numeric, precision

SIZES = coding_of_sizes((6,), (4, 3), "tanh", "sigmoid", tied=False)
TIED = coding_of_sizes((6,), (4, 3), "tanh", "sigmoid", tied=True)
LAYERS = coding_of_layers((6,), ([Dense(5), BatchNorm(), Sigmoid()], [Dense(4), Tanh(), Dense(6)]))
PICTURES = coding_of_layers((3, 2, 1), ([Conv2D(2, kernel=1), Sigmoid()], [Conv2D(1, kernel=1)]))


def objective(coding: Coding, loss: Loss, shape: tuple[int, ...] = (6,), **settings: Any) -> Reconstruction:
    return Reconstruction(coding.network(shape, loss), coding.n_encoder, tied=coding.tied, **settings)


CASES = {
    "squared error": objective(SIZES, SquaredError(), alpha=2.0),
    "cross-entropy": objective(SIZES, BinaryCrossEntropy()),
    "tied": objective(TIED, SquaredError(), alpha=2.0),
    "tied, kl": objective(TIED, BinaryCrossEntropy(), sparsity=Sparsity("kl", 0.7, 0.2)),
    "l1": objective(SIZES, SquaredError(), sparsity=Sparsity("l1", 0.7)),
    "kl, batch norm": objective(LAYERS, SquaredError(), sparsity=Sparsity("kl", 0.7, 0.2)),
    "l1, pictures": objective(PICTURES, SquaredError(), (3, 2, 1), sparsity=Sparsity("l1", 0.7)),
    "mask": objective(SIZES, SquaredError(), corruption=Corruption("mask", 0.4)),
    "gaussian": objective(TIED, SquaredError(), corruption=Corruption("gaussian", 0.4)),
    "salt and pepper": objective(SIZES, SquaredError(), corruption=Corruption("salt_and_pepper", 0.4)),
}


def start(case: Reconstruction, *, weighted: bool = False) -> tuple[Any, Batch]:
    rng = np.random.default_rng(0)
    params = map_leaves(lambda zeros: rng.normal(size=zeros.shape), case.init(rng))
    x = rng.uniform(0.1, 0.9, (7, *case.network.input_shape))
    return params, Batch(x, None, rng.uniform(0.5, 2, 7) if weighted else None)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_the_gradient_is_the_slope_of_the_cost(name: str, weighted: bool) -> None:
    case, engine = CASES[name], engine_by_name("numpy", "float64")
    params, data = start(case, weighted=weighted)
    ctx = Context(True, engine.key(3))
    rng = np.random.default_rng(1)
    _, grads = case.loss_and_grads(engine.xp, map_leaves(np.copy, params), data, ctx)
    assert {path for path, _ in leaves(grads)} == {path for path, _ in leaves(params)}
    _, rtol = numeric(np.float64)
    for path, g in leaves(grads):
        if not g.any() and path.rpartition(".")[2] in "mv":
            continue  # BatchNorm's state, which no rule moves

        def cost(moved: np.ndarray, path: str = path) -> float:
            tree: Any = map_leaves(np.copy, params)
            leaf(tree, path)[...] = moved
            return float(case.loss_and_grads(engine.xp, tree, data, ctx)[0])

        v = rng.normal(size=g.shape)
        assert (g * v).sum() == pytest.approx(derivative(cost, leaf(params, path), v), rel=rtol, abs=rtol), path


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sparsity", [Sparsity("l1", 0.7), Sparsity("kl", 0.7, 0.2)], ids=lambda it: it.kind)
def test_the_slope_of_a_sparse_code_is_that_of_its_cost(sparsity: Sparsity, weighted: bool) -> None:
    rng = np.random.default_rng(0)
    xp = engine_by_name("numpy", "float64").xp
    z = rng.uniform(0.1, 0.9, (5, 3))
    # A divergence is of numbers between 0 and 1; sizes have both signs, and a kink at 0 that no step reaches.
    z = z if sparsity.kind == "kl" else z * rng.choice([-1, 1], z.shape)
    data = Batch(z, None, rng.uniform(0.5, 2, 5) if weighted else None)
    v = rng.normal(size=z.shape)
    _, rtol = numeric(np.float64)
    by_number = derivative(lambda moved: float(sparsity(xp, moved, data)[0]), z, v)
    assert (sparsity(xp, z, data)[1] * v).sum() == pytest.approx(by_number, rel=rtol, abs=rtol)


@pytest.mark.parametrize("name", ["tied, kl", "kl, batch norm"])
def test_both_engines_give_the_same_gradient(name: str) -> None:
    case = CASES[name]
    params, data = start(case, weighted=True)
    found = []
    for kind in ("numpy", "jax"):
        with precision(kind, "float64"):
            engine = engine_by_name(kind, "float64")
            _, grads = engine.compile(LossAndGrads(case))(engine.place(params), data.map(engine.array), None)
            found.append(map_leaves(engine.numpy, grads))
    assert_trees_close(found[1], found[0], agreement(np.float64))


def test_weights_that_are_turned_round_are_no_parameters_and_come_back_turned_round() -> None:
    case = CASES["tied"]
    params, _ = start(case)
    assert [path for path, _ in leaves(params)] == [
        "encode1.W", "encode1.b", "code.W", "code.b", "decode1.b", "output.b",
    ]  # fmt: skip
    full = case.full(params)
    np.testing.assert_array_equal(full["output"]["W"], params["encode1"]["W"].T)
    np.testing.assert_array_equal(full["decode1"]["W"], params["code"]["W"].T)
    assert {path: value.shape for path, value in leaves(full)} == {
        path: spec.shape for path, spec in leaves(case.network.specs)
    }


@pytest.mark.parametrize("kind", ["numpy", "jax"])
def test_noise_is_what_it_says(kind: str) -> None:
    engine = engine_by_name(kind)
    x = engine.array(np.full((200, 100), 0.5))

    def seen(corruption: Corruption) -> np.ndarray:
        y = corruption(engine.xp, x, engine.key(0))
        assert y.dtype == x.dtype
        return engine.numpy(y)

    # 20,000 draws: five standard errors of a share of 0.3 are 0.016, of a standard deviation of 0.3 are 0.0075.
    masked = seen(Corruption("mask", 0.3))
    assert set(np.unique(masked)) == {0.0, 0.5}
    assert (masked == 0).mean() == pytest.approx(0.3, abs=0.016)
    salted = seen(Corruption("salt_and_pepper", 0.3, low=-1.0, high=2.0))
    assert set(np.unique(salted)) == {-1.0, 0.5, 2.0}
    assert (salted == -1).mean() == pytest.approx(0.15, abs=0.013)
    assert (salted == 2).mean() == pytest.approx(0.15, abs=0.013)
    noise = seen(Corruption("gaussian", 0.3)) - 0.5
    assert noise.std() == pytest.approx(0.3, abs=0.0075)
    assert noise.mean() == pytest.approx(0.0, abs=0.011)
    # A normal distribution has 4.55 % of its values beyond two standard deviations.
    assert (np.abs(noise) > 0.6).mean() == pytest.approx(0.0455, abs=0.0075)
    assert np.isfinite(noise).all()


def test_at_predict_nothing_is_corrupted() -> None:
    noisy, clean = CASES["mask"], CASES["squared error"]
    params, data = start(noisy)
    engine = engine_by_name("numpy", "float64")
    placed = engine.place(params)
    assert noisy.evaluate(engine, placed, data) == clean.evaluate(engine, placed, data)


def test_no_more_than_all_values_can_be_corrupted() -> None:
    with pytest.raises(ConfigError, match="at most 1"):
        Corruption("mask", 1.5)
    assert Corruption("gaussian", 1.5)


def test_a_unit_that_is_never_on_has_a_finite_cost() -> None:
    z = np.zeros((4, 2))
    cost, dz = Sparsity("kl", 1.0, 0.05)(engine_by_name("numpy", "float64").xp, z, Batch(z))
    assert np.isfinite(cost)
    assert np.isfinite(dz).all()
