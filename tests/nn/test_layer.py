"""The registry of layers is closed: a name stands for one class."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from chainrule.errors import ConfigError
from chainrule.nn import LAYERS, Param, Tanh, register


def test_a_second_class_of_the_same_name_is_refused() -> None:
    @dataclass(frozen=True)
    class Dense(Tanh):
        """An impostor."""

    with pytest.raises(ConfigError, match="second 'Dense'"):
        register(Dense)


def test_a_class_can_be_registered_again() -> None:
    assert register(LAYERS["Dense"]) is LAYERS["Dense"]


def test_a_layer_is_registered_under_the_name_of_its_class() -> None:
    assert all(name == layer.__name__ for name, layer in LAYERS.items())


def test_the_size_of_a_parameter_is_the_product_of_its_axes() -> None:
    assert Param((3, 4, 5)).size == 60
