"""A store: a tree whose leaves are views of one vector."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engine.store import Store
from chainrule.errors import ShapeError
from chainrule.tree import leaves

TREE = {
    "a": {"W": np.arange(6.0).reshape(2, 3), "b": np.array([6.0, 7.0])},
    "tanh": {},
    "c": {"inner": {}, "W": np.ones(1)},
}


def test_the_vector_holds_the_leaves_in_the_order_of_the_tree() -> None:
    assert Store.of(TREE, "float64").flat.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 1]


def test_writing_to_the_vector_changes_the_leaf() -> None:
    store = Store.of(TREE, "float64")
    store.flat[1] = 50
    assert store["a"]["W"][0, 1] == 50


def test_writing_to_a_leaf_changes_the_vector() -> None:
    store = Store.of(TREE, "float64")
    store["a"]["b"][1] = 50
    assert store.flat[7] == 50


def test_a_store_is_a_copy_of_its_tree() -> None:
    store = Store.of(TREE, "float64")
    store.flat[...] = -1
    assert TREE["a"]["W"][0, 1] == 1  # type: ignore[index]


def test_nodes_without_leaves_keep_their_place() -> None:
    store = Store.of(TREE, "float64")
    assert (store["tanh"], store["c"]["inner"]) == ({}, {})


def test_a_store_of_the_same_layout_lies_over_another_vector() -> None:
    store = Store.of(TREE, "float64").like(np.zeros(9))
    assert [(path, value.shape, value.any()) for path, value in leaves(store)] == [
        ("a.W", (2, 3), False),
        ("a.b", (2,), False),
        ("c.W", (1,), False),
    ]


def test_the_parts_of_another_tree_come_in_the_order_of_the_layout() -> None:
    other = {"c": {"W": np.array([9.0])}, "a": {"b": np.array([7.0, 8.0]), "W": np.ones((2, 3))}}
    assert [part.tolist() for part in Store.of(TREE, "float64").parts(other)] == [[1.0] * 6, [7.0, 8.0], [9.0]]


def test_a_store_has_one_dtype() -> None:
    assert {value.dtype for _, value in leaves(Store.of(TREE, "float32"))} == {np.dtype("float32")}


def test_a_network_without_parameters_has_an_empty_store() -> None:
    store = Store.of({"flatten": {}}, "float64")
    assert (store.flat.size, dict(store)) == (0, {"flatten": {}})


def test_a_gradient_of_another_shape_than_its_parameter_is_refused() -> None:
    store = Store.of({"layer": {"W": np.zeros((4, 5))}}, "float64")
    with pytest.raises(ShapeError, match=r"layer\.W of its shape \(4, 5\).*\(5, 4\)"):
        store.parts({"layer": {"W": np.zeros((5, 4))}})
