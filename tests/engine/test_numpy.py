"""NumPy alone: sparse inputs, masks, and updates in place."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from chainrule.engine import engine_by_name
from chainrule.optim import GradientDescent


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
def test_a_sparse_matrix_stays_sparse_as_csr(form: str) -> None:
    x = scipy.sparse.random(5, 4, density=0.5, format=form, random_state=0)
    made = engine_by_name("numpy", "float32").array(x)
    assert (made.format, made.dtype, np.allclose(made.toarray(), x.toarray())) == ("csr", np.float32, True)


def test_an_array_of_the_right_dtype_is_not_copied() -> None:
    x = np.ones((2, 3), np.float32)
    assert engine_by_name("numpy").array(x) is x


def test_each_updates_the_vector_in_place() -> None:
    engine = engine_by_name("numpy", "float64")
    params = engine.place({"a": {"W": np.ones((2, 2))}})
    flat = params.flat  # type: ignore[attr-defined]
    engine.each(GradientDescent().update, params, {"a": {"W": np.ones((2, 2))}}, {}, {"rate": 0.25})
    assert flat.tolist() == [0.75] * 4


def test_the_key_of_a_number_and_its_fold_seed_one_generator() -> None:
    xp = engine_by_name("numpy").xp
    mask = xp.bernoulli(xp.fold((3,), 4), 0.5, (20,))
    assert np.array_equal(mask, np.random.default_rng((3, 4)).random(20, dtype=np.float32) < 0.5)
