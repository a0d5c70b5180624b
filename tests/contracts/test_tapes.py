"""The contract of a tape: what it plays is, to the last bit, what the step does by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from chainrule.encode.augment import Augment
from chainrule.engine import Engine, Program, engine_by_name, placed
from chainrule.engine import numpy as numpy_module
from chainrule.engine.numpy import BLOCK, NumpyEngine
from chainrule.engine.tape import is_recordable
from chainrule.errors import ConfigError
from chainrule.models.objective import PenalisedOnce
from chainrule.network import Network
from chainrule.nn import (
    Dense,
    Dropout,
    Flatten,
    Loss,
    Penalty,
    Residual,
    Sequential,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
)
from chainrule.nn.layer import LAYERS as LAYER_KINDS
from chainrule.nn.layer import Equations, Layer
from chainrule.nn.loss import LOSSES as LOSS_KINDS
from chainrule.optim import Adam, Averaged, Clip, GradientDescent, Lazy, Rule, start_moments
from chainrule.optim.rules import RULES as RULE_KINDS
from chainrule.recipes import mlp
from chainrule.train import Supervised
from chainrule.train.steps import TrainingStep
from chainrule.tree import leaves
from chainrule.types import Array, Batch
from tests.contracts.checks import LayerCase, LossCase
from tests.contracts.test_layers import CASES as LAYERS
from tests.contracts.test_losses import CASES as LOSSES
from tests.contracts.test_rules import CASES as RULES

ROWS, BATCH, STEPS = 12, 4, 6


@pytest.fixture(autouse=True)
def from_the_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Record at once: these problems take a few steps."""
    monkeypatch.setattr(numpy_module, "RECORD_FROM", 1)


dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
# Their time is arithmetic or a loop over the steps of a sequence, or they draw random numbers, of which each step has its own;
# or, for tables, nobody has needed them on a tape yet, as they learn many at a time.
NOT_RECORDED = {
    "AvgPool2D",
    "Bidirectional",
    "Columns",
    "Conv1D",
    "Conv2D",
    "ConvTranspose2D",
    "DepthwiseConv2D",
    "DropConnect",
    "Dropout",
    "Embedding",
    "Ensemble",
    "GRU",
    "LSTM",
    "MaxPool2D",
    "Muon",
    "Periodic",
    "PiecewiseLinear",
    "Positions",
    "SelfAttention",
    "SimpleRNN",
    "SpatialDropout",
    "UpSample",
    "ZeroPad",
}


@dataclass
class Problem:
    """A step with its data and where it starts."""

    step: Program
    data: Batch
    params: dict[str, Any]
    rule: Rule
    dtype: str

    def carry(self, engine: NumpyEngine) -> Any:
        params = engine.place(self.params)
        moments = {n: engine.place(m) for n, m in start_moments(self.rule, engine.xp, params).items()}
        return params, moments, engine.key(3, 1)

    def placed(self, engine: NumpyEngine) -> Batch:
        return placed(engine, self.data)

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        t = np.arange(STEPS)
        c = self.rule.coefficients(t + 1, np.linspace(0.05, 0.01, STEPS))
        return {**c, "t": t} if self.step.objective.is_random else c  # type: ignore[attr-defined]


def problem_of(
    network: Network, dtype: str = "float64", rule: Rule | None = None, *, weighted: bool = False, **options: Any
) -> Problem:
    """Return the training of a network on random data."""
    rng = np.random.default_rng(5)
    shape = (ROWS, *network.input_shape)
    x = rng.integers(0, 3, shape) if network.layer.takes_ids else rng.normal(size=shape)
    k = network.output_shape[0]
    t = np.eye(k)[rng.integers(0, k, ROWS)]
    clip = options.pop("clip", Clip())
    objective, rule = Supervised(network, **options), rule or GradientDescent()
    data = Batch(x, t, rng.uniform(0.5, 2, ROWS) if weighted else None)
    return Problem(TrainingStep(objective, rule, clip), data, dict(network.init(rng)), rule, dtype)


def rows() -> np.ndarray:
    return np.random.default_rng(1).permuted(np.tile(np.arange(ROWS), (STEPS, 1)), axis=1)[:, :BATCH]


def outcome(carry: Any, costs: np.ndarray) -> list[Any]:
    """Return all numbers of a carry and the costs."""
    params, moments, _ = carry
    return [params.flat.tolist(), {name: m.flat.tolist() for name, m in moments.items()}, costs.tolist()]


def by_hand(problem: Problem) -> list[Any]:
    """Return what the steps do, one call after the other."""
    engine = NumpyEngine(problem.dtype)
    carry, data, costs = problem.carry(engine), problem.placed(engine), []
    with np.errstate(all="ignore"):
        for i, row in enumerate(rows()):
            batch = data.take(row)
            c = {name: column[i].item() for name, column in problem.numbers.items()}
            carry, cost = problem.step(engine, carry, batch, c)
            costs.append(cost)
    return outcome(carry, np.array(costs, float))


def by_the_engine(problem: Problem) -> tuple[list[Any], NumpyEngine]:
    """Return what the engine makes of them in two calls, and the engine."""
    engine = NumpyEngine(problem.dtype)
    data, carry, costs = problem.placed(engine), problem.carry(engine), []
    for part in (slice(0, 4), slice(4, STEPS)):
        numbers = {name: column[part] for name, column in problem.numbers.items()}
        carry, some = engine.run(problem.step, carry, data, rows()[part], numbers)
        costs.append(some)
    return outcome(carry, np.concatenate(costs)), engine


def is_recorded(engine: NumpyEngine) -> bool:
    return engine._known is not None and engine._known.tape is not None


def same(problem: Problem) -> bool:
    """Check that both ways agree; return whether there was a tape."""
    expected = by_hand(problem)
    found, engine = by_the_engine(problem)
    np.testing.assert_equal(found, expected)
    assert not np.array_equal(found[0], dict(leaves(problem.params)) and problem.carry(engine)[0].flat)
    return is_recorded(engine)


def stack(layer: Any, shape: Any) -> Network:
    return Network(Sequential((layer, Flatten(), Dense(2))), shape, SquaredError())


@dtypes
@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_a_layer_is_on_tape_if_it_and_all_inside_say_so(case: LayerCase, dtype: str) -> None:
    assert same(problem_of(stack(case.layer, case.shape), dtype)) == is_recordable(case.layer)


# Those of the library; what tests register is nobody's but theirs.
SHIPPED = [
    kind
    for kind in (*LAYER_KINDS.values(), *LOSS_KINDS.values(), *RULE_KINDS.values())
    if kind.__module__.startswith("chainrule.")
]


@pytest.mark.parametrize("kind", SHIPPED)
def test_what_is_registered_says_whether_it_can_be_recorded(kind: type) -> None:
    assert isinstance(vars(kind).get("is_recordable"), bool)


def test_what_is_registered_says_no_only_where_its_time_is_arithmetic_or_it_is_random() -> None:
    assert {kind.__name__ for kind in SHIPPED if not kind.is_recordable} == NOT_RECORDED


@dtypes
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("case", LOSSES, ids=str)
def test_a_loss_on_tape(case: LossCase, weighted: bool, dtype: str) -> None:
    network = Network(Sequential((Dense(3), Tanh(), Dense(case.outputs))), (2,), case.loss)
    assert same(problem_of(network, dtype, weighted=weighted))


@dtypes
@pytest.mark.parametrize("rule", [*RULES, Averaged(Adam(), 0.9), Lazy(Adam())], ids=repr)
def test_a_rule_on_tape(rule: Rule, dtype: str) -> None:
    assert same(problem_of(mlp((2,), (3,), 2, SoftmaxCrossEntropy()), dtype, rule)) == is_recordable(rule)


@dtypes
@pytest.mark.parametrize(
    "options",
    [
        {"penalty": Penalty(l1=0.1)},
        {"penalty": Penalty(l2=0.1, normalised=True)},
        {"clip": Clip(value=0.01)},
        {"clip": Clip(norm=0.01)},
        {"clip": Clip(0.02, 0.01), "penalty": Penalty(0.1, 0.2)},
    ],
    ids=str,
)
def test_penalties_and_clipping_on_tape(options: dict[str, Any], dtype: str) -> None:
    assert same(problem_of(mlp((2,), (3,), 2, SoftmaxCrossEntropy()), dtype, Adam(), **options))


@dtypes
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_the_objective_of_the_estimators_is_recorded(weighted: bool, dtype: str) -> None:
    network = mlp((2,), (3,), 2, SoftmaxCrossEntropy())
    problem = problem_of(network, dtype, weighted=weighted)
    assert same(replace(problem, step=TrainingStep(PenalisedOnce(network, 0.1), GradientDescent(), Clip())))


def test_a_seven_layer_network_is_recorded() -> None:
    assert same(problem_of(mlp((7,), (8,) * 6, 10, SoftmaxCrossEntropy())))


def test_what_explodes_explodes_alike() -> None:
    with np.errstate(all="ignore"):
        problem = problem_of(mlp((2,), (3,), 2, SquaredError()), "float32")
        problem.data = problem.data._replace(x=problem.data.x * 1e30)
        assert same(problem)


# ------------------------------------------------------------------------------------------------ what is left eager


def test_random_layers_and_pictures_that_are_changed_stay_eager() -> None:
    noisy = Network(Sequential((Dense(3), Dropout(0.3), Dense(2))), (2,), SoftmaxCrossEntropy())
    assert not same(problem_of(noisy))
    pictures = Network(Sequential((Flatten(), Dense(2))), (4, 4, 1), SoftmaxCrossEntropy())
    assert not same(problem_of(pictures, augment=Augment(flip=True)))


def test_a_large_network_stays_eager() -> None:
    assert not same(problem_of(mlp((2,), (BLOCK // 2,), 2, SoftmaxCrossEntropy()), "float32"))


@dataclass(frozen=True)
class Asking:
    """A step that looks at its numbers, each time in another way, and claims not to."""

    how: str
    inner: TrainingStep
    is_recordable: ClassVar[bool] = True

    @property
    def objective(self) -> Any:
        return self.inner.objective

    def __call__(self, engine: Engine, carry: Any, batch: Batch, c: Mapping[str, Any]) -> tuple[Any, Array]:
        carry, cost = self.inner(engine, carry, batch, c)
        x: Any = batch.x
        ask = {
            "float": lambda: float(cost),
            "if": lambda: bool(cost > 0),
            "asarray": lambda: np.asarray(x),
            "into an array": lambda: np.zeros(x.shape).__setitem__(..., x),
            "a place": lambda: [0, 1, 2][c["rate"] > 1],
            "cumsum": lambda: np.add.accumulate(x),
            "shape": lambda: np.broadcast_shapes(x.shape, (1, 1)),
            "result_type": lambda: np.result_type(x, x),
        }
        ask[self.how]()
        return carry, cost


@pytest.mark.parametrize("how", ["float", "if", "asarray", "into an array", "a place", "cumsum", "result_type"])
def test_a_step_that_asks_for_numbers_stays_eager_and_right(how: str) -> None:
    problem = problem_of(mlp((2,), (3,), 2, SoftmaxCrossEntropy()), "float32", Adam())
    assert not same(replace(problem, step=Asking(how, problem.step)))  # type: ignore[arg-type]


def test_a_shape_may_be_asked_for() -> None:
    problem = problem_of(mlp((2,), (3,), 2, SoftmaxCrossEntropy()))
    assert same(replace(problem, step=Asking("shape", problem.step)))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Failing:
    """A step with a mistake, after it has moved the weights."""

    inner: TrainingStep
    is_recordable: ClassVar[bool] = True

    def __call__(self, engine: Engine, carry: Any, batch: Batch, c: Mapping[str, Any]) -> tuple[Any, Array]:
        self.inner(engine, carry, batch, c)
        raise RuntimeError("a mistake")


def test_a_step_that_fails_tells_its_own_mistake() -> None:
    problem = problem_of(mlp((2,), (3,), 2, SoftmaxCrossEntropy()))
    engine = NumpyEngine("float64")
    carry = problem.carry(engine)
    with pytest.raises(RuntimeError, match="a mistake"):
        engine.run(Failing(problem.step), carry, problem.placed(engine), rows(), problem.numbers)  # type: ignore[arg-type]
    once = problem.carry(engine)
    c = {name: column[0].item() for name, column in problem.numbers.items()}
    data, first = problem.placed(engine), rows()[0]
    problem.step(engine, once, Batch(data.x[first], data.t[first]), c)
    # Recording left the weights alone: they were moved by one eager step.
    np.testing.assert_array_equal(carry[0].flat, once[0].flat)


Forward = Callable[[Any], Any]


def outside(x: Any) -> Any:
    a = np.zeros(x.shape, x.dtype)
    a += x
    return x + np.exp(a * 0.1)


def into_an_array(x: Any) -> Any:
    a = np.empty(x.shape, x.dtype)
    np.multiply(x, 2, out=a)
    return x + a


def clipped_into_an_array(x: Any) -> Any:
    a = np.empty(x.shape, x.dtype)
    np.clip(x, -1, 1, out=a)
    return x + a


def rebound(x: Any) -> Any:
    s = np.add.reduce(x, axis=None)
    u = s
    u *= 0.5
    return x * s + u


def picked(x: Any) -> Any:
    y = x * 1.0
    s = y[0, 0]
    y[0, 0] = 0
    return y * s


def places(x: Any) -> Any:
    return x + x[np.arange(2)[:, None], np.arange(2)].reshape(-1)[:2]


FORWARDS: dict[str, Forward] = {
    "from outside": outside,
    "into an array": into_an_array,
    "clipped into an array": clipped_into_an_array,
    "rebound": rebound,
    "picked": picked,
    "places": places,
    "mean": lambda x: x - x.mean(axis=0),
    "copy": lambda x: x.copy() + x.sum(),
    "ravel": lambda x: x + x.ravel()[:1],
    "hasattr": lambda x: x if hasattr(x, "tocsr") else 2 * x,
    "views": lambda x: x[:, ::-1] + x[0],
}


@dataclass(frozen=True)
class Own(Layer):
    """A layer as somebody may write it, who claims that it can be recorded; its derivative is not looked at."""

    function: str
    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = Equations(("", ""), {})

    def output_shape(self, shape: Any) -> Any:
        return shape

    def forward(self, xp: Any, p: Any, x: Any, ctx: Any) -> Any:
        return FORWARDS[self.function](x), {}

    def backward(self, xp: Any, p: Any, cache: Any, dy: Any) -> Any:
        return dy, {}

    def operations(self, shape: Any) -> int:
        return 0


@dtypes
@pytest.mark.parametrize(
    ("function", "recorded"),
    [
        ("from outside", False),
        ("into an array", False),
        ("clipped into an array", False),
        ("rebound", False),
        ("picked", True),
        ("places", True),
        ("mean", False),
        ("copy", False),
        ("ravel", False),
        ("hasattr", True),
        ("views", True),
    ],
)
def test_whatever_a_layer_does_its_numbers_are_those_of_the_eager_step(
    function: str, recorded: bool, dtype: str
) -> None:
    network = Network(Sequential((Dense(2), Own(function), Dense(2))), (2,), SquaredError())
    assert same(problem_of(network, dtype)) == recorded


RATES: dict[str, Forward] = {
    "root": np.sqrt,
    "minimum": lambda rate: np.minimum(rate, 0.03),
    "arithmetic": lambda rate: 1 - 0.5 * rate / 3,
    "sign": lambda rate: 1 + -rate,
}


@dataclass(frozen=True)
class OddRate(Rule):
    """A rule that makes something else of the rate than Python's numbers do."""

    function: str
    is_recordable: ClassVar[bool] = True

    def update(self, xp: Any, w: Any, g: Any, state: Any, c: Any) -> Any:
        return w - RATES[self.function](c["rate"]) * g, state


@pytest.mark.parametrize(
    ("function", "recorded"),
    [("root", False), ("minimum", False), ("arithmetic", True), ("sign", True)],
)
def test_a_rate_keeps_the_precision_that_it_has(function: str, recorded: bool) -> None:
    rule = OddRate(function)
    assert same(problem_of(mlp((2,), (3,), 2, SoftmaxCrossEntropy()), "float32", rule)) == recorded


def test_a_step_of_large_arrays_stays_eager() -> None:
    network = mlp((1,), (20,) * 12, 2, SoftmaxCrossEntropy())
    engine, problem = NumpyEngine("float64"), problem_of(network)
    rng = np.random.default_rng(0)
    data = Batch(rng.normal(size=(20_000, 1)), np.eye(2)[rng.integers(0, 2, 20_000)])
    numbers = {name: column[:2] for name, column in problem.numbers.items()}
    engine.run(problem.step, problem.carry(engine), data, np.tile(np.arange(20_000), (2, 1)), numbers)
    assert not is_recorded(engine)


def test_a_few_steps_are_not_worth_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numpy_module, "RECORD_FROM", 10)
    problem = problem_of(mlp((2,), (3,), 2, SoftmaxCrossEntropy()))
    engine = NumpyEngine("float64")
    carry, data = problem.carry(engine), problem.placed(engine)
    engine.run(problem.step, carry, data, rows(), problem.numbers)
    assert not is_recorded(engine)
    engine.run(problem.step, carry, data, rows(), problem.numbers)
    assert is_recorded(engine)


# --------------------------------------------------------------------------------------------- what nobody has proved


calls: list[str] = []


class Counted:
    """Writes down who is called."""

    def forward(self, *arguments: Any) -> Any:
        calls.append(type(self).__name__)
        return super().forward(*arguments)  # type: ignore[misc]


@dataclass(frozen=True)
class OwnDense(Counted, Dense):
    """A user's layer: one of ours with something of their own."""


@dataclass(frozen=True)
class OwnLoss(Counted, SoftmaxCrossEntropy):
    """A user's loss."""


@dataclass(frozen=True)
class OwnRule(Adam):
    """A user's rule."""

    def update(self, *arguments: Any) -> Any:
        calls.append(type(self).__name__)
        return super().update(*arguments)


@dataclass(frozen=True)
class OwnObjective(Supervised):
    """A user's objective."""

    def loss_and_grads(self, *arguments: Any) -> Any:
        calls.append(type(self).__name__)
        return super().loss_and_grads(*arguments)


def network_with(layer: Layer | None = None, loss: Loss | None = None) -> Network:
    layers = (Dense(3), Tanh(), layer or Dense(2))
    return Network(Sequential(layers), (2,), loss or SoftmaxCrossEntropy())


OWN: dict[str, Callable[[], Problem]] = {
    "OwnDense": lambda: problem_of(network_with(OwnDense(2))),
    "OwnLoss": lambda: problem_of(network_with(loss=OwnLoss())),
    "OwnRule": lambda: problem_of(network_with(), rule=OwnRule()),
    "OwnObjective": lambda: replace(
        problem_of(network_with()), step=TrainingStep(OwnObjective(network_with()), GradientDescent(), Clip())
    ),
}


@pytest.mark.parametrize("name", OWN)
def test_what_a_user_writes_is_called_in_every_step(name: str) -> None:
    calls.clear()
    by_the_engine(OWN[name]())
    assert calls == [name] * STEPS


@pytest.mark.parametrize(
    "layer", [Residual(OwnDense(2)), Sequential((Sequential((OwnDense(2),)),))], ids=["in a bypass", "in a stack"]
)
def test_a_user_s_layer_inside_one_of_ours_is_called_in_every_step(layer: Layer) -> None:
    calls.clear()
    by_the_engine(problem_of(Network(Sequential((Dense(2), layer)), (2,), SquaredError())))
    assert calls == ["OwnDense"] * STEPS


def test_a_user_s_rule_inside_an_average_is_called_in_every_step() -> None:
    calls.clear()
    by_the_engine(problem_of(network_with(), rule=Averaged(OwnRule(), 0.9)))
    assert calls == ["OwnRule"] * STEPS


@dataclass(frozen=True)
class Proven(Counted, Dense):
    """A user's layer that says so itself."""

    is_recordable: ClassVar[bool] = True


def test_a_user_may_say_that_a_layer_can_be_recorded() -> None:
    calls.clear()
    _, engine = by_the_engine(problem_of(network_with(Proven(2))))
    assert is_recorded(engine)
    assert len(calls) == 1


@dataclass(frozen=True)
class Applied(Layer):
    """A layer whose function is a setting."""

    function: Forward
    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = Equations(("", ""), {})

    def output_shape(self, shape: Any) -> Any:
        return shape

    def forward(self, xp: Any, p: Any, x: Any, ctx: Any) -> Any:
        return self.function(x), {}

    def backward(self, xp: Any, p: Any, cache: Any, dy: Any) -> Any:
        return dy, {}


def test_a_function_among_the_settings_is_called_in_every_step() -> None:
    seen: list[int] = []
    network = network_with(Sequential((Applied(lambda x: seen.append(1) or x), Dense(2))))
    by_the_engine(problem_of(network))
    assert len(seen) == STEPS


def test_without_the_tape_everything_is_called_and_the_numbers_are_the_same() -> None:
    problem = problem_of(network_with())
    engine = engine_by_name("numpy", "float64", tape=False)
    assert isinstance(engine, NumpyEngine)
    carry, costs = engine.run(problem.step, problem.carry(engine), problem.placed(engine), rows(), problem.numbers)
    assert not is_recorded(engine)
    assert outcome(carry, costs) == by_the_engine(problem)[0]


def test_jax_has_no_tape_to_switch_off() -> None:
    with pytest.raises(ConfigError, match="no tape"):
        engine_by_name("jax", tape=False)


# ------------------------------------------------------------------------------------------- which tape, and for what


def test_a_tape_is_for_one_memory_and_one_batch_size() -> None:
    problem = problem_of(mlp((2,), (3,), 2, SoftmaxCrossEntropy()))
    engine = NumpyEngine("float64")
    data, carry = problem.placed(engine), problem.carry(engine)

    def tape(carry: Any, rows: np.ndarray) -> Any:
        engine.run(problem.step, carry, data, rows, problem.numbers)
        assert engine._known is not None
        return engine._known.tape

    first = tape(carry, rows())
    assert tape(carry, rows()) is first
    # Weights that are set in place are read from there.
    carry[0].flat[...] = 0.5
    assert tape(carry, rows()) is first
    assert tape(carry, rows()[:, :3]) is not first
    assert tape(problem.carry(engine), rows()) is not first


def test_the_padded_last_batch_is_taken_by_hand() -> None:
    problem = problem_of(mlp((2,), (3,), 2, SoftmaxCrossEntropy()), "float64", Adam())
    padded = rows()
    padded[-1, 2:] = -1
    ends = []
    for parts in ([padded], [padded[:-1], padded[-1:, :2]]):
        engine = NumpyEngine("float64")
        carry, start, costs = problem.carry(engine), 0, []
        for part in parts:
            numbers = {name: column[start : start + len(part)] for name, column in problem.numbers.items()}
            carry, some = engine.run(problem.step, carry, problem.placed(engine), part, numbers)
            start += len(part)
            costs.append(some)
        ends.append(outcome(carry, np.concatenate(costs)))
    assert ends[0] == ends[1]


def test_no_steps_are_no_trouble() -> None:
    problem = problem_of(mlp((2,), (3,), 2, SoftmaxCrossEntropy()))
    engine = NumpyEngine("float64")
    single = rows()[:1].copy()
    single[0, -1] = -1
    numbers = {name: column[:1] for name, column in problem.numbers.items()}
    _, costs = engine.run(problem.step, problem.carry(engine), problem.placed(engine), single, numbers)
    assert costs.shape == (1,)
    assert np.isfinite(costs).all()


def test_a_loss_has_no_other_way_to_a_mean() -> None:
    """A batch's share, 1 / N, is a number of the tape: another batch size must have another tape."""
    problem = problem_of(mlp((2,), (3,), 2, SoftmaxCrossEntropy()))
    engine = NumpyEngine("float64")
    carry, data = problem.carry(engine), problem.placed(engine)
    still = {name: 0 * column for name, column in problem.numbers.items()}
    for size in (BATCH, 2, 3):
        _, costs = engine.run(problem.step, carry, data, rows()[:, :size], still)
        loss: Loss = problem.step.objective.network.loss  # type: ignore[attr-defined]
        for row, cost in zip(rows()[:, :size], costs, strict=True):
            a = problem.step.objective.network.forward(engine.xp, carry[0], data.x[row])  # type: ignore[attr-defined]
            assert cost == pytest.approx(loss.forward(engine.xp, a, data.t[row])[0], rel=1e-14)
