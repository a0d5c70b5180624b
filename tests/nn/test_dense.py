"""Dense, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError, ShapeError
from chainrule.nn import Dense, Sequential, Sigmoid
from chainrule.types import PREDICT

XP = engine_by_name("numpy").xp
P = {"W": np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), "b": np.array([0.5, -0.5])}
X = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]])
DY = np.array([[1.0, -1.0], [2.0, 0.5]])


def test_the_example_of_the_course_gives_0_731_and_0_812() -> None:
    layer = Sequential((Dense(2), Sigmoid(), Dense(1), Sigmoid()), ("hidden", "z", "output", "p"))
    params = {
        "hidden": {"W": np.ones((2, 2)), "b": np.zeros(2)},
        "z": {},
        "output": {"W": np.ones((2, 1)), "b": np.zeros(1)},
        "p": {},
    }
    p, cache = layer.forward(XP, params, np.array([[0.0, 1.0]]), PREDICT)
    assert np.round(cache["z"]["y"], 3).tolist() == [[0.731, 0.731]]
    assert np.round(p, 3).tolist() == [[0.812]]


def test_y_is_that_computed_by_hand() -> None:
    y, _ = Dense(2).forward(XP, P, X, PREDICT)
    assert y.tolist() == [[11.5, 13.5], [-1.5, -2.5]]


def test_dx_is_that_computed_by_hand() -> None:
    dx, _ = Dense(2).backward(XP, P, {"x": X}, DY)
    assert dx.tolist() == [[-1.0, -1.0, -1.0], [3.0, 8.0, 13.0]]


def test_dw_is_that_computed_by_hand() -> None:
    assert Dense(2).gradients(XP, P, {"x": X}, DY)["W"].tolist() == [[1.0, -1.0], [2.0, 0.5], [0.0, -2.5]]


def test_db_is_the_sum_over_the_batch() -> None:
    assert Dense(2).gradients(XP, P, {"x": X}, DY)["b"].tolist() == [3.0, -0.5]


@pytest.mark.parametrize("result", ["y", "W", "b"])
def test_a_sparse_input_gives_what_the_dense_one_does(result: str) -> None:
    def compute(x: object) -> dict[str, np.ndarray]:
        y, cache = Dense(2).forward(XP, P, x, PREDICT)
        return {"y": y, **Dense(2).gradients(XP, P, cache, DY)}

    assert np.array_equal(compute(scipy.sparse.csr_matrix(X))[result], compute(X)[result])


def test_only_the_weights_are_penalised() -> None:
    assert {name: p.penalised for name, p in Dense(2).params((3,)).items()} == {"W": True, "b": False}


def test_the_operations_are_one_multiplication_and_one_addition_a_weight() -> None:
    assert Dense(4).operations((3,)) == 24


@pytest.mark.parametrize(
    "settings",
    [
        {"units": 0},
        {"units": 2.0},
        {"units": True},
        {"units": -(10**400)},
        {"gain": 10**400},
        {"init": "glorott"},
        {"gain": 0.0},
        {"bias": 1},
    ],
    ids=lambda settings: str(settings)[:40],
)
def test_a_setting_out_of_its_range_is_named(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"{list(settings)[-1]} of Dense"):
        Dense(**{"units": 2, **settings})  # type: ignore[arg-type]


def test_a_misspelt_init_is_recognised() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'glorot'"):
        Dense(2, init="glorott")


SEQUENCES = np.arange(12.0).reshape(2, 2, 3)


def test_each_place_of_a_sequence_is_a_row() -> None:
    y, _ = Dense(2).forward(XP, P, SEQUENCES, PREDICT)
    rows, _ = Dense(2).forward(XP, P, SEQUENCES.reshape(4, 3), PREDICT)
    assert y.shape == (2, 2, 2)
    assert np.array_equal(y.reshape(4, 2), rows)


def test_the_gradients_are_sums_over_all_places() -> None:
    dy = np.arange(8.0).reshape(2, 2, 2) - 3
    dx, grads = Dense(2).backward(XP, P, {"x": SEQUENCES}, dy)
    rows_dx, rows = Dense(2).backward(XP, P, {"x": SEQUENCES.reshape(4, 3)}, dy.reshape(4, 2))
    assert np.array_equal(dx, rows_dx.reshape(2, 2, 3))
    assert np.array_equal(grads["W"], rows["W"])
    assert np.array_equal(grads["b"], rows["b"])


def test_the_shape_and_the_operations_are_those_of_every_place() -> None:
    assert Dense(2).output_shape((5, 4, 3)) == (5, 4, 2)
    assert Dense(2).operations((5, 4, 3)) == 2 * 5 * 4 * 3 * 2
    assert Dense(2).params((5, 4, 3))["W"].fans == (3, 2)


def test_samples_that_are_plain_numbers_are_refused() -> None:
    with pytest.raises(ShapeError, match="Dense to receive samples with at least one axis"):
        Dense(2).output_shape(())
