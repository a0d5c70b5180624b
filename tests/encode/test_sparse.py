"""Wide inputs are kept sparse where it pays, and mean the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from chainrule.encode.encoder import Findings
from chainrule.encode.sparse import as_dense, deviation, is_sparse, side_by_side, worth_keeping_sparse
from chainrule.encode.table import column_kinds, fit_table


def test_columns_side_by_side_are_the_same_sparse_or_not() -> None:
    parts = [np.arange(6.0).reshape(3, 2), csr_matrix([[0, 1.5], [0, 0], [2, 0]])]
    dense, sparse = (side_by_side(parts, 3, sparse=flag) for flag in (False, True))
    assert is_sparse(sparse)
    assert dense.dtype == sparse.dtype == np.float32
    np.testing.assert_array_equal(dense, as_dense(sparse))


def test_the_deviation_of_sparse_columns_is_that_of_dense_ones() -> None:
    x = np.random.default_rng(0).normal(size=(9, 4)) * [1, 0, 1, 1]
    np.testing.assert_allclose(deviation(csr_matrix(x)), deviation(x), atol=1e-12)


@pytest.mark.parametrize(("full", "nearly_empty", "sparse"), [(0, 255, False), (0, 256, True), (100, 256, False)])
def test_only_wide_inputs_are_kept_sparse(full: int, nearly_empty: int, sparse: bool) -> None:
    assert worth_keeping_sparse(full, nearly_empty) is sparse


def test_a_table_of_long_texts_is_encoded_sparse_beside_its_numbers() -> None:
    rng = np.random.default_rng(1)
    words = [f"w{i}" for i in range(600)]
    frame = pd.DataFrame(
        {"age": rng.normal(size=300), "note": [" ".join(rng.choice(words, 12)) for _ in range(300)], "y": 0}
    )
    encoding = fit_table(frame, column_kinds(frame, "y", {}))
    x = encoding.encode(frame, None, Findings())
    assert encoding.is_sparse
    assert is_sparse(x)
    np.testing.assert_allclose(as_dense(x)[:, 0], (frame["age"] - frame["age"].mean()) / frame["age"].std(ddof=0), 1e-5)
