"""The contract of an engine: the same steps on the same rows, wherever they run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest

from chainrule.engine import Engine, engine_by_name, placed
from chainrule.errors import ConfigError, ShapeError
from chainrule.network import Network
from chainrule.nn import (
    BinaryCrossEntropy,
    Dense,
    Huber,
    Loss,
    Penalty,
    Poisson,
    Residual,
    Sequential,
    SoftmaxCrossEntropy,
    Softplus,
    SquaredError,
    Tanh,
)
from chainrule.optim import Adam, Clip, Constant, GradientDescent, Nesterov, Rule
from chainrule.recipes import mlp
from chainrule.train import Run, Settings, Supervised
from chainrule.train.batches import epoch_rows
from chainrule.tree import leaves
from chainrule.types import Array, Batch, Namespace
from chainrule.window import Window
from tests.contracts.checks import ENGINES, agreement, assert_close, assert_trees_close, precision

every_engine = pytest.mark.parametrize("name", ENGINES)


@dataclass(frozen=True)
class Descent:
    """A step by hand: least squares for y = x W, against the gradient."""

    def __call__(self, engine: Engine, carry: Any, batch: Batch, c: Mapping[str, Any]) -> tuple[Any, Array]:
        loss = SquaredError()
        cost, cache = loss.forward(engine.xp, batch.x @ carry, batch.t, batch.w)
        return carry - c["rate"] * (batch.x.T @ loss.backward(engine.xp, cache)), cost


def problem(n: int = 11) -> Batch:
    """Return a small regression with sample weights."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 3))
    return Batch(x, x @ rng.normal(size=(3, 2)) + 0.1, rng.uniform(0.5, 2.0, n))


def run(engine: Engine, rows: np.ndarray, rates: np.ndarray, *, weighted: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return W and the costs after the steps."""
    data = placed(engine, problem() if weighted else problem()._replace(w=None))
    carry, costs = engine.run(Descent(), engine.array(np.zeros((3, 2))), data, rows, {"rate": rates})
    return engine.numpy(carry), engine.numpy(costs)


def hand_loop(batches: list[np.ndarray], rates: np.ndarray, *, weighted: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return the same by a plain loop over batches of any size."""
    x, t, w, _ = problem()
    W, costs = np.zeros((3, 2)), []
    for rows, rate in zip(batches, rates, strict=True):
        error, share = x[rows] @ W - t[rows], w[rows] if weighted else np.ones(len(rows))
        share = share / share.sum()
        costs.append(0.5 * (share * (error**2).sum(axis=1)).sum())
        W = W - rate * x[rows].T @ (error * share[:, None])
    return W, np.array(costs)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_run_is_a_loop_over_the_steps(engine64: Engine, weighted: bool) -> None:
    rows = np.array([[0, 5, 2], [9, 1, 7], [4, 3, 10]])
    rates = np.array([0.1, 0.2, 0.05])
    W, costs = run(engine64, rows, rates, weighted=weighted)
    expected_W, expected_costs = hand_loop(list(rows), rates, weighted=weighted)
    assert_close(W, expected_W, agreement(np.float64))
    assert_close(costs, expected_costs, agreement(np.float64))


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_a_padded_last_batch_is_a_shorter_batch(engine64: Engine, weighted: bool) -> None:
    rows = np.array([[0, 5, 2, 8], [9, 1, -1, -1]])
    rates = np.array([0.1, 0.2])
    W, costs = run(engine64, rows, rates, weighted=weighted)
    expected_W, expected_costs = hand_loop([rows[0], rows[1, :2]], rates, weighted=weighted)
    assert_close(W, expected_W, agreement(np.float64))
    assert_close(costs, expected_costs, agreement(np.float64))


def test_run_gives_one_cost_for_each_step(engine64: Engine) -> None:
    _, costs = run(engine64, epoch_rows(11, 4, seed=0, epoch=0), np.full(3, 0.1))
    assert costs.shape == (3,)


@pytest.mark.parametrize("values", [[[1.0, 2.0], [3.0, 4.0]], [[True, False]], np.ones(2, np.float16)], ids=str)
def test_an_array_has_the_dtype_of_the_engine(engine32: Engine, values: Any) -> None:
    assert str(engine32.array(values).dtype) == "float32"


def test_an_array_comes_back_as_it_went(engine64: Engine) -> None:
    values = np.random.default_rng(0).normal(size=(3, 4))
    assert np.array_equal(engine64.numpy(engine64.array(values)), values)


def test_placed_parameters_are_copies(engine64: Engine) -> None:
    W = np.ones((2, 2))
    placed = engine64.place({"a": {"W": W}, "empty": {}})
    W[...] = 7
    assert np.array_equal(engine64.numpy(placed["a"]["W"]), np.ones((2, 2)))


def test_a_layer_without_parameters_keeps_its_place(engine64: Engine) -> None:
    assert engine64.place({"a": {"W": np.ones(2)}, "empty": {}})["empty"] == {}


def test_zeros_have_the_layout_of_the_parameters(engine64: Engine) -> None:
    placed = engine64.place({"a": {"W": np.ones((2, 3)), "b": np.ones(3)}})
    zeros = {path: engine64.numpy(value) for path, value in leaves(engine64.zeros(placed))}
    assert {path: (value.shape, value.any()) for path, value in zeros.items()} == {
        "a.W": ((2, 3), False),
        "a.b": ((3,), False),
    }


ONE = np.array([[0.3, -1.2, 0.0], [2.0, 0.7, -0.4]])
TWO = np.array([[1.3, 0.2, -0.5], [0.1, -0.7, 3.0]])
WINDOW = Window((2, 3), (2, 2), (2, 1), ((0, 1), (1, 0)))
IMAGES = np.random.default_rng(1).normal(size=(2, 5, 6, 2))
KERNEL = np.random.default_rng(2).normal(size=(2, 3, 2, 4))
MADE = np.random.default_rng(3).normal(size=(2, *WINDOW.places((5, 6)), 4))
FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "abs": (ONE,),
    "arange": (5,),
    "cast": (ONE, "float64"),
    "cos": (ONE,),
    "floor": (ONE,),
    "sin": (ONE,),
    "take_along_axis": (ONE, np.array([[2, 0, 0], [1, 1, 2]]), 1),
    "clip": (ONE, -0.5, 0.5),
    "concatenate": ((ONE, TWO),),
    "exp": (ONE,),
    "expm1": (ONE,),
    "log": (np.abs(TWO),),
    "log1p": (np.abs(TWO),),
    "logaddexp": (ONE, TWO),
    "max": (ONE,),
    "maximum": (ONE, TWO),
    "minimum": (ONE, TWO),
    "ones_like": (ONE,),
    "reshape": (ONE, (3, 2)),
    "sign": (ONE,),
    "sqrt": (np.abs(TWO),),
    "square": (ONE,),
    "sum": (ONE,),
    "tanh": (ONE,),
    "vdot": (ONE, TWO),
    "where": (ONE > 0, ONE, TWO),
    "zeros": ((2, 3), "float64"),
    "zeros_like": (ONE,),
    "expit": (ONE,),
    "erf": (ONE,),
    "take": (ONE, np.array([[1, 0], [-1, 1]])),
    "add_at": (ONE, np.array([[1, 0], [-1, 1]]), np.arange(12.0).reshape(2, 2, 3)),
    "conv": (IMAGES, KERNEL, WINDOW),
    "conv_dx": (MADE, KERNEL, WINDOW, (5, 6)),
    "conv_dW": (IMAGES, MADE, WINDOW),
    "taps": (IMAGES, WINDOW, -1.0),
    "spread": ([IMAGES[:, :2, :3] * (i + 1) for i in range(6)], WINDOW, (5, 6)),
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_of_the_namespace_is_the_same_on_both_engines(function: str) -> None:
    expected = getattr(engine_by_name("numpy").xp, function)(*FUNCTIONS[function])
    with precision("jax", "float64"):
        actual = getattr(engine_by_name("jax").xp, function)(*FUNCTIONS[function])
    assert_close(np.asarray(actual), np.asarray(expected), agreement(np.float64))


@pytest.mark.parametrize(
    "options", [{"axis": 0}, {"axis": 1}, {"axis": 1, "keepdims": True}, {"axis": (0, 1)}], ids=str
)
@pytest.mark.parametrize("function", ["sum", "max"])
def test_a_reduction_takes_the_same_axes_on_both_engines(function: str, options: dict[str, Any]) -> None:
    expected = getattr(engine_by_name("numpy").xp, function)(ONE, **options)
    with precision("jax", "float64"):
        actual = getattr(engine_by_name("jax").xp, function)(ONE, **options)
    assert_close(actual, expected, agreement(np.float64))


@every_engine
def test_every_function_of_the_namespace_has_a_case_and_exists(name: str) -> None:
    tested_below = {"bernoulli", "beta", "fold", "scan", "uniform"}
    assert set(vars(engine_by_name(name).xp)) == set(FUNCTIONS) | tested_below == set(Namespace.__annotations__)


def on_both(function: str, *arguments: Any, **options: Any) -> list[Any]:
    """Return what a function of the namespace gives on each engine, in float64."""
    found = []
    for name in ENGINES:
        with precision(name, "float64"):
            xp, array = engine_by_name(name, "float64").xp, engine_by_name(name, "float64").array
            given = [array(value) if isinstance(value, np.ndarray) else value for value in arguments]
            found.append(np.asarray(getattr(xp, function)(*given, **options)))
    return found


def test_take_picks_entries_along_any_axis() -> None:
    for found in on_both("take", ONE, np.array([2, 0, -2]), axis=1):
        assert found.tolist() == ONE[:, [2, 0, 1]].tolist()


def test_add_at_adds_up_what_goes_to_the_same_row() -> None:
    for found in on_both(
        "add_at", np.ones((3, 2)), np.array([2, 0, 2, -1]), np.array([[1.0, 2], [3, 4], [5, 6], [7, 8]])
    ):
        assert found.tolist() == [[4, 5], [1, 1], [14, 17]]


def test_add_at_leaves_its_argument_alone() -> None:
    a = np.zeros((2, 2))
    engine_by_name("numpy").xp.add_at(a, np.array([0]), np.ones((1, 2)))
    assert not a.any()


def test_add_at_of_nothing_adds_nothing() -> None:
    for found in on_both("add_at", ONE, np.zeros((0, 2), int), np.zeros((0, 2, 3))):
        assert found.tolist() == ONE.tolist()


def test_add_at_is_the_adjoint_of_take() -> None:
    rng = np.random.default_rng(4)
    table, indices, dy = rng.normal(size=(5, 3)), rng.integers(0, 5, (4, 2)), rng.normal(size=(4, 2, 3))
    for taken, added in zip(on_both("take", table, indices), on_both("add_at", 0 * table, indices, dy), strict=True):
        assert (taken * dy).sum() == pytest.approx((table * added).sum(), rel=1e-12)


@pytest.mark.parametrize("function", ["take", "add_at"])
@pytest.mark.parametrize("index", [3, -4])
def test_numpy_refuses_an_index_outside_of_the_table(function: str, index: int) -> None:
    values = () if function == "take" else (np.ones((1, 2)),)
    with pytest.raises(IndexError):
        getattr(engine_by_name("numpy").xp, function)(np.ones((3, 2)), np.array([index]), *values)


@pytest.mark.parametrize("index", [3, -4])
def test_jax_marks_an_index_outside_of_the_table_as_not_a_number(index: int) -> None:
    assert np.isnan(np.asarray(engine_by_name("jax").xp.take(np.ones((3, 2)), np.array([index])))).all()


def leaky_sum(xp: Namespace, carry: Any, x: Any) -> Any:
    """A recurrence h ← ½ h + x with a counter, whose y is a tree."""
    h, n = carry
    h = 0.5 * h + x["x"]
    return (h, n + 1), {"h": h, "pair": (h * n, None)}


@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_is_a_loop_over_the_first_axis(engine64: Engine, reverse: bool) -> None:
    xp, xs = engine64.xp, np.random.default_rng(0).normal(size=(5, 2, 3))
    with precision(engine64.name, "float64"):
        start = (xp.zeros((2, 3), "float64"), xp.zeros((), "float64"))
        (h, n), ys = xp.scan(partial(leaky_sum, xp), start, {"x": engine64.array(xs), "no": None}, reverse=reverse)
    expected, order = np.zeros((2, 3)), range(5)
    for count, t in enumerate(reversed(order) if reverse else order):
        expected = 0.5 * expected + xs[t]
        assert_close(ys["h"][t], expected, agreement(np.float64))
        assert_close(ys["pair"][0][t], expected * count, agreement(np.float64))
    assert_close(h, expected, agreement(np.float64))
    assert (float(n), ys["pair"][1]) == (5, None)


def test_what_a_scan_returns_does_not_change_with_the_carry(engine64: Engine) -> None:
    """On NumPy a step may write into its carry, and return it as y too."""

    def step(h: Any, x: Any) -> Any:
        h += x
        return h, h

    with precision(engine64.name, "float64"):
        _, ys = engine64.xp.scan(step, engine64.xp.zeros((1,), "float64"), engine64.array([[1.0], [2.0], [3.0]]))
    assert np.asarray(ys).tolist() == [[1], [3], [6]]


def test_a_scan_keeps_float32(engine32: Engine) -> None:
    (h, _), ys = engine32.xp.scan(
        partial(leaky_sum, engine32.xp),
        (engine32.array(np.zeros(3)), engine32.array(np.zeros(()))),
        {"x": engine32.array(np.ones((4, 3)))},
    )
    assert (str(h.dtype), str(ys["h"].dtype)) == ("float32", "float32")


@pytest.mark.parametrize("xs", [{"a": np.ones((2, 1)), "b": np.ones((3, 1))}, np.ones((0, 1)), ()], ids=str)
def test_a_scan_over_nothing_or_over_unlike_lengths_is_refused(engine64: Engine, xs: Any) -> None:
    with pytest.raises(ShapeError, match="first axis is time"):
        engine64.xp.scan(lambda carry, x: (carry, carry), np.zeros(1), xs)


def mask(engine: Engine, *numbers: int, fold: int | None = None) -> np.ndarray:
    """Return a mask that a key draws."""
    key = engine.key(*numbers)
    key = key if fold is None else engine.xp.fold(key, fold)
    return np.asarray(engine.xp.bernoulli(key, 0.7, (100, 50)))


def test_a_key_draws_the_same_mask_again(engine64: Engine) -> None:
    assert np.array_equal(mask(engine64, 3, 1), mask(engine64, 3, 1))


@pytest.mark.parametrize("other", [(3, 2), (4, 1), (3,)], ids=str)
def test_another_key_draws_another_mask(engine64: Engine, other: tuple[int, ...]) -> None:
    assert not np.array_equal(mask(engine64, 3, 1), mask(engine64, *other))


def test_a_folded_key_draws_another_mask(engine64: Engine) -> None:
    assert not np.array_equal(mask(engine64, 3, 1, fold=0), mask(engine64, 3, 1, fold=1))


def test_a_folded_key_draws_the_same_mask_again(engine64: Engine) -> None:
    assert np.array_equal(mask(engine64, 3, 1, fold=5), mask(engine64, 3, 1, fold=5))


def test_a_mask_is_boolean_and_true_at_its_rate(engine64: Engine) -> None:
    drawn = mask(engine64, 0)
    # Five standard deviations of the mean of 5000 draws.
    assert drawn.dtype == bool
    assert abs(drawn.mean() - 0.7) < 5 * (0.7 * 0.3 / 5000) ** 0.5


def test_uniform_numbers_lie_between_0_and_1_in_float32(engine64: Engine) -> None:
    drawn = np.asarray(engine64.xp.uniform(engine64.key(2), (5000,)))
    assert drawn.dtype == np.float32
    assert (drawn.min() >= 0, drawn.max() < 1) == (True, True)
    assert abs(drawn.mean() - 0.5) < 5 * (1 / 12 / 5000) ** 0.5


def test_beta_numbers_have_the_mean_and_variance_of_their_distribution(engine64: Engine) -> None:
    drawn = np.asarray(engine64.xp.beta(engine64.key(2), 0.5, (5000,)))
    # Of Beta(α, α) the mean is ½ and the variance 1 / (4 (2 α + 1)).
    assert drawn.dtype == np.float32
    assert abs(drawn.mean() - 0.5) < 5 * (1 / 8 / 5000) ** 0.5
    assert abs(drawn.var() - 1 / 8) < 0.01


def test_numpy_has_no_bfloat16_and_says_who_has() -> None:
    with pytest.raises(ConfigError, match=r"bfloat16.*Use the engine jax"):
        engine_by_name("numpy").xp.cast(ONE, "bfloat16")


@dataclass(frozen=True)
class Double:
    """A program."""

    def __call__(self, engine: Engine, x: Array) -> Array:
        return engine.xp.sum(x) * 2


def test_a_compiled_program_computes_what_the_program_does(engine64: Engine) -> None:
    assert float(engine64.compile(Double())(engine64.array([1.0, 2.5]))) == 7.0


def networks() -> dict[str, tuple[Network, str]]:
    """Return networks by name, each with the kind of its targets."""
    deep = Sequential((Dense(6), Tanh(), Residual(Sequential((Dense(6), Softplus()))), Dense(3)))
    losses: dict[str, tuple[Loss, str]] = {
        "squared": (SquaredError(), "any"),
        "huber": (Huber(), "any"),
        "poisson": (Poisson(), "counts"),
        "binary": (BinaryCrossEntropy(), "binary"),
        "softmax": (SoftmaxCrossEntropy(0.05), "indicator"),
    }
    made = {name: (mlp((4,), (6, 5), 3, loss, activation="tanh"), kind) for name, (loss, kind) in losses.items()}
    return made | {"bypass": (Network(deep, (4,), SoftmaxCrossEntropy()), "indicator")}


def train(network: Network, kind: str, engine: str, rule: Rule, dtype: str = "float64", **options: Any) -> Run:
    """Return a finished run of some epochs whose last batch is short."""
    rng = np.random.default_rng(5)
    x, labels = rng.normal(size=(50, 4)), rng.integers(0, 3, 50)
    targets = {
        "any": rng.normal(size=(50, 3)),
        "counts": rng.poisson(2.0, (50, 3)).astype(float),
        "binary": rng.integers(0, 2, (50, 3)).astype(float),
        "indicator": np.eye(3)[labels],
    }
    settings = Settings(epochs=4, batch_size=8, learning_rate=0.01, **options)
    objective = Supervised(network, Penalty(l1=0.001, l2=0.01))
    data = Batch(x, targets[kind], rng.uniform(0.5, 2.0, 50))
    return Run(objective, data, settings, optimizer=rule, engine=engine_by_name(engine, dtype)).finish()


@pytest.mark.parametrize("rule", [GradientDescent(), Nesterov(), Adam()], ids=repr)
def test_numpy_and_jax_train_to_the_same_weights(rule: Rule) -> None:
    network, kind = networks()["softmax"]
    left, right = (train(network, kind, engine, rule) for engine in ENGINES)
    assert_trees_close(left.params, right.params, agreement(np.float64))


@pytest.mark.parametrize("name", networks())
def test_numpy_and_jax_tell_the_same_costs(name: str) -> None:
    network, kind = networks()[name]
    left, right = (train(network, kind, engine, Adam(), clip=Clip(value=0.5, norm=1.0)) for engine in ENGINES)
    assert_close(left.history.cost, right.history.cost, agreement(np.float64))


@every_engine
def test_training_keeps_float32(name: str) -> None:
    network, kind = networks()["softmax"]
    params = train(network, kind, name, Adam(), "float32", schedule=Constant()).params
    assert {str(value.dtype) for _, value in leaves(params)} == {"float32"}


@every_engine
def test_training_moves_every_parameter(name: str) -> None:
    network, kind = networks()["bypass"]
    run = train(network, kind, name, GradientDescent())
    before = Supervised(network).init(np.random.default_rng((0, 0, 0)))
    assert all(not np.array_equal(a, b) for (_, a), (_, b) in zip(leaves(run.params), leaves(before), strict=True))


def test_jax_leaves_the_precision_of_others_alone() -> None:
    jnp = pytest.importorskip("jax.numpy")
    with precision("jax", "float32"):
        engine_by_name("jax", "float64").array([1.0])
        assert str(jnp.zeros(1).dtype) == "float32"
