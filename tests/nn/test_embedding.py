"""Embedding: rows of a table, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engine import Engine
from chainrule.errors import DataError
from chainrule.nn import Embedding
from chainrule.types import PREDICT, as_dense

W = np.array([[1.0, 2], [3, 4], [5, 6]])
X = np.array([[2, 0, 2]])
DY = np.array([[[1.0, 10], [2, 20], [3, 30]]])


def both_ways(engine: Engine, layer: Embedding, x: np.ndarray) -> tuple[list, list]:
    """Return y and dW."""
    p = engine.place({"W": W})
    y, cache = layer.forward(engine.xp, p, engine.array(x), PREDICT)
    _, grads = layer.backward(engine.xp, p, cache, engine.array(DY))
    return engine.numpy(y).tolist(), engine.numpy(as_dense(engine.xp, grads["W"])).tolist()


def test_each_id_names_a_row_and_gives_it_its_gradient(engine32: Engine) -> None:
    y, dW = both_ways(engine32, Embedding(3, 2), X)
    assert y == [[[5, 6], [1, 2], [5, 6]]]
    assert dW == [[2, 20], [0, 0], [4, 40]]


def test_the_padding_is_zero_and_learns_nothing(engine32: Engine) -> None:
    y, dW = both_ways(engine32, Embedding(3, 2, padding=2), X)
    assert y == [[[0, 0], [1, 2], [0, 0]]]
    assert dW == [[2, 20], [0, 0], [0, 0]]


def test_numbers_that_are_not_whole_name_nothing(engine32: Engine) -> None:
    with pytest.raises(DataError, match=r"whole numbers.*float32"):
        both_ways(engine32, Embedding(3, 2), X.astype(float))


def test_the_table_is_not_penalised_which_would_move_every_row() -> None:
    assert not Embedding(3, 2).params((3,))["W"].penalised
