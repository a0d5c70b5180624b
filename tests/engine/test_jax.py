"""JAX alone: what is compiled once, and how float64 is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from chainrule.engine import Engine, engine_by_name
from chainrule.engine import jax as jax_module
from chainrule.engine.jax import JAX
from chainrule.types import Array
from chainrule.window import Window

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


def test_convolutions_run_in_kernels_that_use_every_core() -> None:
    x, W = np.ones((8, 28, 28, 16), np.float32), np.ones((5, 5, 16, 32), np.float32)
    window = Window((5, 5), padding=((2, 2), (2, 2)))
    function: Any = jax_module._jit(lambda x, W: JAX.conv(x, W, window))
    compiled = function.lower(x, W).compile().as_text()
    assert "convolution" in compiled
    assert "ynn_fusion" not in compiled


def test_an_xla_without_the_options_compiles_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax_module, "_LIBRARY", "xla_not_there")
    jax_module._has_library.cache_clear()
    try:
        assert not jax_module._has_library()
        assert jax_module._jit(lambda x: x + 1)(1) == 2
    finally:
        jax_module._has_library.cache_clear()
