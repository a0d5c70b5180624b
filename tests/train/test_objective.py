"""A supervised objective looks at its data before a step multiplies what does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from chainrule import nn
from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.network import Network
from chainrule.optim import Adam
from chainrule.recipes import mlp
from chainrule.train import Settings, Supervised, run
from chainrule.types import Array, Batch, Cache, Context, Namespace, Params, Shape

X, T = np.zeros((5, 3), np.float32), np.eye(2, dtype=np.float32)[[0, 1, 0, 1, 0]]


@pytest.fixture
def objective() -> Supervised:
    return Supervised(mlp((3,), [4], 2, nn.SoftmaxCrossEntropy()))


def test_data_that_fits_passes(objective: Supervised) -> None:
    objective.check(Batch(X, T, np.ones(5)))


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (Batch(X, np.zeros((5, 1, 2))), r"t of shape \(5, 2\) or \(5,\); got an array of shape \(5, 1, 2\)"),
        (Batch(X, T[:4]), r"t of shape \(5, 2\)"),
        (Batch(X[:, :2], T), r"x of shape \(5, 3\)"),
        (Batch(X, np.eye(3)[[0, 1, 2, 0, 1]]), r"t of shape \(5, 2\)"),
        (Batch(X, T, np.ones((5, 1))), r"w of shape \(5,\)"),
        (Batch(X.tolist(), T), "x to be an array"),
    ],
)
def test_what_does_not_fit_is_named_with_both_shapes(objective: Supervised, batch: Batch, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        objective.check(batch)


def test_class_numbers_are_told_where_they_are_understood() -> None:
    with pytest.raises(ShapeError, match=r"t of shape \(5, 2\); .*SoftmaxCrossEntropy.*numpy\.eye\(2\)\[t\]"):
        Supervised(mlp((3,), [4], 2, nn.BinaryCrossEntropy())).check(Batch(X, np.array([0, 1, 0, 1, 0])))


def test_values_in_a_row_are_told_how_a_column_is_written() -> None:
    with pytest.raises(ShapeError, match=r"t\[:, None\]"):
        Supervised(mlp((3,), [4], 1, nn.SquaredError())).check(Batch(X, np.zeros(5)))


@pytest.mark.parametrize("numbers", [[0, 1, 2, 1, 0], [0, 1, -1, 1, 0], [0, 1, 0.5, 1, 0]])
def test_class_numbers_that_are_none_are_refused(objective: Supervised, numbers: list[float]) -> None:
    with pytest.raises(DataError, match=rf"class numbers from 0 to 1 in t; got {numbers[2]} at \(2,\)"):
        objective.check(Batch(X, np.array(numbers)))


@pytest.mark.parametrize(
    ("loss", "value", "message"),
    [
        (nn.SoftmaxCrossEntropy(), 1.0, "each sums to 1 over the classes"),
        (nn.SoftmaxCrossEntropy(), -0.5, "targets from 0 to 1 for the loss SoftmaxCrossEntropy; got -0.5"),
        (nn.BinaryCrossEntropy(), 2.0, "targets from 0 to 1 for the loss BinaryCrossEntropy; got 2"),
        (nn.Poisson(), -1.0, "targets of at least 0 for the loss Poisson; got -1"),
    ],
)
def test_targets_that_a_loss_is_not_defined_for_are_refused(loss: nn.Loss, value: float, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Supervised(mlp((3,), [4], 2, loss)).check(Batch(X, np.full((5, 2), value)))


@pytest.mark.parametrize(
    ("w", "message"),
    [
        ([1, 1, -3, 1, 1], r"weights that are not negative; got -3 \(the first in row 2\)"),
        ([1, 1, np.nan, 1, 1], "finite numbers in w"),
        ([0, 0, 0, 0, 0], "weights that are not all zero"),
    ],
)
def test_weights_that_mean_nothing_are_refused(objective: Supervised, w: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        objective.check(Batch(X, T, np.array(w)))


def test_targets_that_are_missing_are_asked_for(objective: Supervised) -> None:
    with pytest.raises(DataError, match="targets t for the loss SoftmaxCrossEntropy; got None"):
        objective.check(Batch(X))


# Sequences: four steps of three inputs each, two classes at each step

XS, TS = np.random.default_rng(0).normal(size=(5, 4, 3)), np.random.default_rng(1).integers(0, 2, (5, 4))
MASK = np.arange(4) < np.array([4, 2, 3, 1, 4])[:, None]


@dataclass(frozen=True)
class EachStep(nn.Layer):
    """Two logits at each step: the first and the second input. (Dense is of vectors.)"""

    equations: ClassVar[nn.Equations] = nn.Equations((), {})

    def params(self, shape: Shape) -> dict[str, nn.Param]:
        """Return a gain."""
        return {"g": nn.Param((2,), "ones")}

    def output_shape(self, shape: Shape) -> Shape:
        """Return (T, 2)."""
        return (*shape[:-1], 2)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """Return g x."""
        return p["g"] * x[..., :2], {"x": x[..., :2]}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """Return dx (without the last input, of which nobody asks) and dg."""
        return dy * p["g"], {"g": xp.sum(xp.sum(dy * cache["x"], axis=0), axis=0)}


@pytest.fixture
def sequences() -> Supervised:
    return Supervised(Network(nn.Sequential((EachStep(),), ("each",)), (4, 3), nn.SoftmaxCrossEntropy()))


def test_a_class_for_each_step_fits(sequences: Supervised) -> None:
    sequences.check(Batch(XS, TS, np.ones(5), MASK))
    sequences.check(Batch(XS, np.eye(2)[TS], np.ones((5, 4))))


def test_behind_a_mask_any_target_may_stand(sequences: Supervised) -> None:
    sequences.check(Batch(XS, np.where(MASK, TS, -100), None, MASK))
    sequences.check(Batch(XS, np.where(MASK[..., None], np.eye(2)[TS], np.nan), None, MASK))


@pytest.mark.parametrize("value", [-100, np.nan])
def test_before_a_mask_it_may_not(sequences: Supervised, value: float) -> None:
    t = TS.astype(float)
    t[0, 0] = value
    with pytest.raises(DataError, match="class numbers from 0 to 1"):
        sequences.check(Batch(XS, t, None, MASK))


@pytest.mark.parametrize(
    ("batch", "error", "message"),
    [
        (
            Batch(XS, TS, None, MASK[:, :3]),
            ShapeError,
            r"mask of shape \(5,\) or \(5, 4\); got an array of shape \(5, 3\)",
        ),
        (Batch(XS, TS, np.ones((4, 5))), ShapeError, r"w of shape \(5,\) or \(5, 4\)"),
        (Batch(XS, TS, None, np.zeros_like(MASK)), DataError, "a mask that leaves something"),
        (Batch(XS, TS[:, 0]), ShapeError, r"t of shape \(5, 4, 2\) or \(5, 4\)"),
    ],
)
def test_what_does_not_fit_sequences_is_refused(
    sequences: Supervised, batch: Batch, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        sequences.check(batch)


@pytest.mark.parametrize("name", ["numpy", "jax"])
def test_sequences_are_evaluated_by_the_steps_that_count(sequences: Supervised, name: str) -> None:
    engine = engine_by_name(name, "float64")
    params = engine.place({"each": {"g": np.array([1.0, 2.0])}})
    whole = Batch(*(engine.array(part) for part in (XS, np.where(MASK, TS, 0), MASK)))
    found = sequences.evaluate(engine, params, Batch(whole.x, whole.t, None, whole.w))
    a, t = XS[MASK][:, :2] * [1.0, 2.0], TS[MASK]
    assert found["accuracy"] == pytest.approx((a.argmax(axis=1) == t).mean(), abs=1e-15)
    log_y = a - np.log(np.exp(a).sum(axis=1, keepdims=True))
    assert found["cost"] == pytest.approx(-log_y[np.arange(len(t)), t].mean(), rel=1e-12)


@pytest.mark.parametrize("name", ["numpy", "jax"])
def test_sequences_are_learned_alike_by_class_numbers_and_by_indicators(sequences: Supervised, name: str) -> None:
    def learned(t: np.ndarray) -> np.ndarray:
        settings = Settings(epochs=20, batch_size=2, learning_rate=0.1)
        engine, data = engine_by_name(name, "float64"), Batch(XS, t, np.arange(1.0, 6), MASK)
        ended = run(sequences, data, settings, optimizer=Adam(), engine=engine).finish()
        gain: np.ndarray = ended.params["each"]["g"]
        return gain

    by_number = learned(TS)
    assert not np.allclose(by_number, 1.0)
    np.testing.assert_allclose(by_number, learned(np.eye(2)[TS]), rtol=1e-12)
    # What is masked teaches nothing.
    np.testing.assert_array_equal(by_number, learned(np.where(MASK, TS, 1 - TS)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(objective: Supervised, value: float) -> None:
    x = X.copy()
    x[2, 1] = value
    with pytest.raises(DataError, match="finite numbers in x"):
        objective.check(Batch(x, T))


def test_large_finite_numbers_pass(objective: Supervised) -> None:
    objective.check(Batch(np.full_like(X, 3e38), T))


def test_an_input_shape_that_is_a_number_is_told_how_a_vector_is_written() -> None:
    shape: Any = 3
    with pytest.raises(ShapeError, match=r"Write \(3,\)"):
        mlp(shape, [4], 2, nn.SoftmaxCrossEntropy())


def test_a_loss_that_is_a_class_is_refused() -> None:
    loss: Any = nn.SoftmaxCrossEntropy
    with pytest.raises(ConfigError, match="Call it: SoftmaxCrossEntropy"):
        Network(nn.Dense(2), (3,), loss)
