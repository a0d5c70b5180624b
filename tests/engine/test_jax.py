"""JAX alone: what is compiled once, and how float64 is kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.engine import Engine, engine_by_name
from chainrule.types import Array

TRACES: list[int] = []


@dataclass(frozen=True)
class Traced:
    """A program that notes each time it is traced."""

    factor: float

    def __call__(self, engine: Engine, x: Array) -> Array:
        TRACES.append(1)
        return x * self.factor


def test_equal_programs_on_equal_engines_are_compiled_once() -> None:
    TRACES.clear()
    for _ in range(3):
        engine = engine_by_name("jax", "float64")
        engine.compile(Traced(2.5))(engine.array([1.0]))
    assert len(TRACES) == 1


def test_engines_of_different_dtypes_are_different() -> None:
    assert engine_by_name("jax", "float32") != engine_by_name("jax", "float64")


def test_float64_keeps_all_its_digits() -> None:
    engine = engine_by_name("jax", "float64")
    assert engine.numpy(engine.array([1 + 1e-12]))[0] == 1 + 1e-12


def test_an_array_on_the_device_is_not_copied() -> None:
    engine = engine_by_name("jax")
    x = engine.array(np.ones(3))
    assert engine.array(x) is x


def test_an_array_that_comes_back_may_be_written_to() -> None:
    engine = engine_by_name("jax")
    assert engine.numpy(engine.array([1.0])).flags.writeable
