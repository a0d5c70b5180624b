"""Stacks and bypasses: their names, shapes and errors."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError, ShapeError
from chainrule.nn import Conv2D, Dense, Dropout, Flatten, Identity, Relu, Reshape, Residual, Sequential, Tanh
from chainrule.tree import leaves
from chainrule.types import PREDICT, Context

XP = engine_by_name("numpy").xp


def test_layers_without_names_are_called_by_kind_and_number() -> None:
    assert Sequential((Dense(2), Tanh(), Dense(3))).names == ("dense1", "tanh1", "dense2")


def test_names_that_are_given_are_kept() -> None:
    assert Sequential((Dense(2), Tanh()), ("hidden", "bend")).names == ("hidden", "bend")


def test_any_sequence_of_layers_will_do() -> None:
    assert Sequential([Dense(2), Tanh()], ["a", "b"]) == Sequential((Dense(2), Tanh()), ("a", "b"))  # type: ignore[arg-type]


def test_the_parameters_of_a_stack_inside_a_stack_have_dotted_names() -> None:
    layer = Sequential((Sequential((Dense(2),), ("inner",)), Residual(Dense(2))), ("block", "bypass"))
    assert [path for path, _ in leaves(layer.params((2,)))] == [
        "block.inner.W",
        "block.inner.b",
        "bypass.W",
        "bypass.b",
    ]


@pytest.mark.parametrize("names", [("a",), ("a", "a"), ("a", "b.c"), ("a", ""), ("a", "b", "c")], ids=str)
def test_names_that_do_not_fit_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="2 different names without a dot"):
        Sequential((Tanh(), Tanh()), names)


@pytest.mark.parametrize("layers", [(), (Tanh(), "tanh"), Tanh(), None], ids=str)
def test_a_stack_of_anything_but_layers_is_refused(layers: object) -> None:
    with pytest.raises(ConfigError, match="layers of Sequential"):
        Sequential(layers)  # type: ignore[arg-type]


def test_a_shape_that_does_not_fit_names_the_layer() -> None:
    with pytest.raises(ShapeError, match=r"layer 'output': Conv2D to receive images"):
        Sequential((Reshape((2, 2)), Conv2D(3)), ("image", "output")).output_shape((4,))


def test_a_shape_that_does_not_fit_inside_a_stack_names_the_way_to_it() -> None:
    inner = Sequential((Conv2D(3),), ("inner",))
    with pytest.raises(ShapeError, match=r"layer 'block': layer 'inner': Conv2D"):
        Sequential((inner,), ("block",)).output_shape((2, 2))


def test_a_bypass_around_a_layer_that_changes_the_shape_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(2,\) after the inner layer and \(3,\) after the shortcut"):
        Residual(Dense(2)).output_shape((3,))


def test_a_stack_is_random_when_a_layer_in_it_is() -> None:
    assert Sequential((Dense(2), Residual(Sequential((Tanh(), Dropout(0.1)))))).is_random


def test_a_stack_without_noise_is_not_random() -> None:
    assert not Sequential((Dense(2), Residual(Tanh()))).is_random


def test_a_stack_computes_one_layer_after_the_other() -> None:
    p = {"a": {"W": np.array([[2.0]]), "b": np.array([1.0])}, "r": {}, "c": {"W": np.array([[-3.0]]), "b": np.zeros(1)}}
    layer = Sequential((Dense(1), Relu(), Dense(1)), ("a", "r", "c"))
    assert layer.forward(XP, p, np.array([[2.0], [-4.0]]), PREDICT)[0].tolist() == [[-15.0], [0.0]]


def test_a_stack_multiplies_the_slopes() -> None:
    p = {"a": {"W": np.array([[2.0]]), "b": np.array([1.0])}, "r": {}, "c": {"W": np.array([[-3.0]]), "b": np.zeros(1)}}
    layer = Sequential((Dense(1), Relu(), Dense(1)), ("a", "r", "c"))
    _, cache = layer.forward(XP, p, np.array([[2.0], [-4.0]]), PREDICT)
    assert layer.backward(XP, p, cache, np.ones((2, 1)))[0].tolist() == [[-6.0], [0.0]]


def test_a_bypass_adds_the_input() -> None:
    p = {"W": np.array([[2.0]]), "b": np.array([1.0])}
    y, cache = Residual(Dense(1)).forward(XP, p, np.array([[3.0]]), PREDICT)
    dx, _ = Residual(Dense(1)).backward(XP, p, cache, np.ones((1, 1)))
    assert (y.tolist(), dx.tolist()) == ([[10.0]], [[3.0]])


def test_the_operations_of_a_stack_are_the_sum_of_its_layers() -> None:
    assert Sequential((Flatten(), Dense(4), Tanh(), Dense(2))).operations((2, 3)) == 6 + 48 + 4 + 16


def test_a_shortcut_is_added_in_the_place_of_the_input() -> None:
    p = {"W": np.array([[2.0]]), "b": np.array([1.0]), "shortcut": {"W": np.array([[5.0]]), "b": np.array([0.0])}}
    layer = Residual(Dense(1), Dense(1))
    y, cache = layer.forward(XP, p, np.array([[3.0]]), PREDICT)
    dx, grads = layer.backward(XP, p, cache, np.ones((1, 1)))
    assert (y.tolist(), dx.tolist()) == ([[22.0]], [[7.0]])
    assert (grads["W"].tolist(), grads["shortcut"]["W"].tolist()) == ([[3.0]], [[3.0]])


def test_a_shortcut_of_another_shape_is_refused_with_both_shapes() -> None:
    layer = Residual(Conv2D(4, 3, stride=2, padding="same"), Conv2D(4, 1))
    with pytest.raises(ShapeError, match=r"Residual.*\(4, 4, 4\).*\(8, 8, 4\).*the same stride"):
        layer.output_shape((8, 8, 3))


def test_a_bypass_around_a_layer_that_changes_the_shape_is_told_of_the_shortcut() -> None:
    with pytest.raises(ShapeError, match=r"give a shortcut layer that has one of shape \(8, 8, 4\)"):
        Residual(Conv2D(4, padding="same")).output_shape((8, 8, 3))


def test_a_layer_inside_that_is_called_shortcut_would_hide_it() -> None:
    with pytest.raises(ConfigError, match="another name"):
        Residual(Sequential((Dense(2),), ("shortcut",)), Dense(2)).params((3,))


def test_the_shortcut_has_noise_of_its_own() -> None:
    layer = Residual(Dropout(0.5), Dropout(0.5))
    _, cache = layer.forward(XP, {}, np.ones((10, 10)), Context(True, (0,)))
    assert not np.array_equal(cache[""]["mask"], cache["shortcut"]["mask"])


def test_the_shortcut_is_the_identity_by_default() -> None:
    assert Residual(Dense(3)) == Residual(Dense(3), Identity())
    assert Residual(Dense(3)).operations((3,)) == 2 * 9 + 3
