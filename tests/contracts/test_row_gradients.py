"""The contract of a gradient by rows: whatever is done with it comes to what the array it stands for would come to."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from chainrule.engine import Engine, engine_by_name, placed
from chainrule.engine import numpy as numpy_module
from chainrule.explain.derivatives import derivatives
from chainrule.explain.gradcheck import check_gradients
from chainrule.network import Network
from chainrule.nn import Dense, GlobalAvgPool, Layer, Penalty, Sequential, SoftmaxCrossEntropy, Tanh
from chainrule.nn.layer import Equations, Param
from chainrule.nn.precision import LowPrecision
from chainrule.optim import LBFGS, Adam, Averaged, Clip, GradientDescent, Lazy, Rule
from chainrule.optim.rules import RULES, AdaGrad
from chainrule.select import population
from chainrule.train import Run, Settings, Supervised
from chainrule.tree import leaves
from chainrule.types import Array, Batch, Cache, Context, Namespace, Params, RowGradient, Shape, as_dense
from tests.contracts.checks import ENGINES, agreement, assert_close, assert_trees_close, precision

WORDS, WIDTH = 40, 6


@dataclass(frozen=True)
class Lookup(Layer):
    """y[n, t] = W[x[n, t]], with a gradient by rows or a dense one."""

    by_rows: bool
    penalised: bool = False
    equations: ClassVar[Equations] = Equations(("",), {})

    @property
    def takes_ids(self) -> bool:
        return True

    def params(self, shape: Shape) -> dict[str, Param]:
        return {"W": Param((WORDS, WIDTH), "normal", penalised=self.penalised)}

    def output_shape(self, shape: Shape) -> Shape:
        return (*shape, WIDTH)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        return xp.take(p["W"], x), {"x": x}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        gradient = RowGradient(cache["x"], dy, (WORDS, WIDTH))
        return xp.zeros(cache["x"].shape, dy.dtype), {"W": gradient if self.by_rows else as_dense(xp, gradient)}


def network(by_rows: bool, *, penalised: bool = False) -> Network:
    layers = (Lookup(by_rows, penalised), GlobalAvgPool(), Dense(5), Tanh(), Dense(3))
    return Network(Sequential(layers, ("words", "mean", "hidden", "bend", "output")), (4,), SoftmaxCrossEntropy())


def data(n: int = 30) -> Batch:
    """Return sentences of four words, of which some repeat and some never occur."""
    rng = np.random.default_rng(0)
    x = np.minimum(rng.integers(0, WORDS, (n, 4)), rng.integers(0, WORDS, (n, 4)))
    return Batch(x, np.eye(3)[rng.integers(0, 3, n)], rng.uniform(0.5, 2, n))


def train(by_rows: bool, engine: Engine, rule: Rule | LBFGS, *, penalty: Penalty | None = None, **options: Any) -> Run:
    objective = Supervised(network(by_rows, penalised=penalty is not None), penalty or Penalty())
    settings = Settings(epochs=4, batch_size=8, learning_rate=0.1, **options)
    return Run(objective, data(), settings, optimizer=rule, engine=engine).finish()


@pytest.fixture(params=[True, False], ids=["in blocks", "as one vector"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """NumPy updates a large network block by block and a small one as a vector: this network counts as either."""
    if request.param:
        monkeypatch.setattr(numpy_module, "BLOCK", 4)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("rule", [*(kind() for kind in RULES.values()), Averaged(AdaGrad(), 0.9)], ids=repr)
@pytest.mark.parametrize("name", ENGINES)
def test_every_rule_learns_what_it_learns_from_the_dense_gradient(name: str, rule: Rule) -> None:
    ends = [train(by_rows, engine_by_name(name, "float64"), rule) for by_rows in (True, False)]
    assert_trees_close(ends[0].params, ends[1].params, agreement(np.float64))
    assert_close(ends[0].history.cost, ends[1].history.cost, agreement(np.float64))


@pytest.mark.parametrize(
    "options",
    [{"clip": Clip(norm=0.1)}, {"clip": Clip(value=0.01)}, {"penalty": Penalty(l1=0.01, l2=0.1)}],
    ids=str,
)
@pytest.mark.parametrize("name", ENGINES)
def test_clipping_and_penalties_do_what_they_do_to_the_dense_gradient(name: str, options: dict[str, Any]) -> None:
    ends = [train(by_rows, engine_by_name(name, "float64"), AdaGrad(), **options) for by_rows in (True, False)]
    assert_trees_close(ends[0].params, ends[1].params, agreement(np.float64))


@pytest.mark.parametrize("name", ENGINES)
def test_a_lazy_rule_moves_what_has_no_rows_as_its_rule_does(name: str) -> None:
    ends = [train(False, engine_by_name(name, "float64"), rule) for rule in (Lazy(Adam()), Adam())]
    assert_trees_close(ends[0].params, ends[1].params, 0)


@pytest.mark.parametrize("name", ENGINES)
def test_lbfgs_takes_it(name: str) -> None:
    ends = [train(by_rows, engine_by_name(name, "float64"), LBFGS()) for by_rows in (True, False)]
    assert_trees_close(ends[0].params, ends[1].params, agreement(np.float64))


def test_both_engines_learn_the_same_by_rows() -> None:
    ends = [train(True, engine_by_name(name, "float64"), AdaGrad()) for name in ENGINES]
    assert_trees_close(ends[0].params, ends[1].params, agreement(np.float64))


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("name", ENGINES)
def test_a_lazy_rule_leaves_the_other_rows_and_their_moments_alone(name: str) -> None:
    rule = Lazy(Adam())
    engine = engine_by_name(name, "float64")
    with precision(name, "float64"):
        params = engine.place({"W": np.ones((4, 2))})
        moments = {moment: engine.place({"W": np.full((4, 2), 0.5)}) for moment in rule.moments}
        gradient = RowGradient(engine.array(np.array([3, 1, 3])), engine.array(np.ones((3, 2))), (4, 2))
        c = {"rate": 0.1, "epsilon": 1e-8}
        params, moments = engine.each(rule.update, params, {"W": gradient}, moments, c, by_rows=True)
    moved = [engine.numpy(tree["W"])[:, 0] for tree in (params, *moments.values())]
    assert [(values[0], values[2]) for values in moved] == [(1, 1), (0.5, 0.5), (0.5, 0.5)]
    assert all(values[1] != at and values[3] != at for values, at in zip(moved, (1, 0.5, 0.5), strict=True))
    # The row that is named twice has the sum of both gradients: m = 0.9 · 0.5 + 0.1 · 2.
    assert moved[1][3] == pytest.approx(0.65)


@dataclass(frozen=True)
class Shrinking(GradientDescent):
    """A rule that moves every weight, derived from one that does not."""

    def update(self, xp: Namespace, w: Array, g: Array, state: Any, c: Any) -> Any:
        return super().update(xp, 0.99 * w, g, state, c)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("name", ENGINES)
def test_a_rule_of_a_user_does_not_inherit_that_it_can(name: str) -> None:
    ends = [train(by_rows, engine_by_name(name, "float64"), Shrinking()) for by_rows in (True, False)]
    assert_trees_close(ends[0].params, ends[1].params, agreement(np.float64))


def test_a_population_takes_it() -> None:
    batch = data()
    settings = {"learning_rate": [0.1], "l2": [0.0, 0.1]}
    labels = batch.t.argmax(axis=1)  # type: ignore[union-attr]
    scores = [
        population(network(by_rows, penalised=True), batch.x, labels, settings, folds=2, epochs=3, optimizer=AdaGrad())
        for by_rows in (True, False)
    ]
    assert scores[0].train_scores.tolist() == scores[1].train_scores.tolist()


def test_derivatives_and_traces_are_dense() -> None:
    net, batch = network(True), data()
    engine = engine_by_name("numpy", "float64")
    params = engine.place(net.init(np.random.default_rng(0)))
    expected = network(False).loss_and_grads(engine.xp, params, batch, Context())[1]["words"]["W"]
    assert_close(derivatives(net, engine, params, batch)[0]["words"]["W"], expected, agreement(np.float64))
    assert_close(net.trace(engine.xp, params, batch)["words.dW"], expected, agreement(np.float64))


def test_the_gradient_check_looks_at_it() -> None:
    net = network(True)
    assert check_gradients(net, net.init(np.random.default_rng(0)), data()).agrees


def test_low_precision_gives_it_back_in_float32() -> None:
    engine = engine_by_name("jax")
    layer = LowPrecision(Lookup(True))
    params = engine.place({"W": np.arange(WORDS * WIDTH).reshape(WORDS, WIDTH)})
    y, cache = layer.forward(engine.xp, params, engine.array(np.array([[0, 1, 1]])), Context(True))
    gradient = layer.backward(engine.xp, params, cache, engine.array(np.ones((1, 3, WIDTH))))[1]["W"]
    assert isinstance(gradient, RowGradient)
    assert (str(y.dtype), str(gradient.values.dtype)) == ("float32", "float32")


def test_the_names_of_the_leaves_are_those_of_the_dense_gradient() -> None:
    engine = engine_by_name("numpy", "float64")
    params = network(True).init(np.random.default_rng(0))
    names = [
        [path for path, _ in leaves(network(by_rows).loss_and_grads(engine.xp, params, data(), Context())[1])]
        for by_rows in (True, False)
    ]
    assert names[0] == names[1]


def test_a_step_of_gradient_descent_does_not_touch_the_whole_table() -> None:
    """A table of 40 MB, 1,000 rows a step: what is made in between stays far below the table."""
    engine = engine_by_name("numpy")
    rng = np.random.default_rng(0)
    params = engine.place({"W": np.zeros((100_000, 100))})
    rows, values = rng.integers(0, 100_000, 1000), rng.normal(size=(1000, 100)).astype(np.float32)
    gradient = {"W": RowGradient(rows, values, (100_000, 100))}
    engine.each(GradientDescent().update, params, gradient, {}, {"rate": 0.1}, by_rows=True)
    tracemalloc.start()
    engine.each(GradientDescent().update, params, gradient, {}, {"rate": 0.1}, by_rows=True)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 4_000_000


@pytest.mark.parametrize("name", ENGINES)
def test_a_step_counts_a_padded_batch_s_words_for_nothing(name: str) -> None:
    """Thirty rows in batches of eight: the last one ends in rows that stand for nobody."""
    engine, lost = engine_by_name(name, "float64"), data()._replace(w=None)
    objective = Supervised(network(True))
    run = Run(objective, lost, Settings(epochs=1, batch_size=8), optimizer=GradientDescent(), engine=engine)
    twin = Run(
        objective,
        lost,
        Settings(epochs=1, batch_size=8),
        optimizer=GradientDescent(),
        engine=engine_by_name("numpy", "float64"),
    )
    assert_trees_close(run.finish().params, twin.finish().params, agreement(np.float64))
    assert placed(engine, lost).w is None
