"""Flatten and Reshape, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError, ShapeError
from chainrule.nn import Flatten, Reshape
from chainrule.types import PREDICT

XP = engine_by_name("numpy").xp
X = np.arange(12.0).reshape(2, 2, 3)


def test_flatten_puts_the_rows_of_each_sample_one_after_the_other() -> None:
    assert Flatten().forward(XP, {}, X, PREDICT)[0].tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]


def test_flatten_gives_the_derivatives_their_axes_back() -> None:
    _, cache = Flatten().forward(XP, {}, X, PREDICT)
    assert np.array_equal(Flatten().backward(XP, {}, cache, X.reshape(2, 6))[0], X)


def test_reshape_keeps_the_order_of_the_values() -> None:
    assert Reshape((3, 2)).forward(XP, {}, X, PREDICT)[0][1].tolist() == [[6, 7], [8, 9], [10, 11]]


def test_reshape_to_another_number_of_values_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"receive 4 values a sample.*\(6,\), 6 values"):
        Reshape((2, 2)).output_shape((6,))


@pytest.mark.parametrize("shape", [(), (0,), (2, -1), (1.5,), "ab", 3], ids=repr)
def test_axes_that_are_none_are_refused(shape: object) -> None:
    with pytest.raises(ConfigError, match="shape of Reshape"):
        Reshape(shape)  # type: ignore[arg-type]
