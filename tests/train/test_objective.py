"""A supervised objective looks at its data before a step multiplies what does not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule import nn
from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.network import Network, mlp
from chainrule.train import Supervised
from chainrule.types import Batch

X, T = np.zeros((5, 3), np.float32), np.eye(2, dtype=np.float32)[[0, 1, 0, 1, 0]]


@pytest.fixture
def objective() -> Supervised:
    return Supervised(mlp((3,), [4], 2, nn.SoftmaxCrossEntropy()))


def test_data_that_fits_passes(objective: Supervised) -> None:
    objective.check(Batch(X, T, np.ones(5)))


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (Batch(X, np.array([0, 1, 0, 1, 0])), r"numpy\.eye\(2\)\[t\]"),
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
    with pytest.raises(ConfigError, match="loss to be a Loss"):
        Network(nn.Dense(2), (3,), loss)
