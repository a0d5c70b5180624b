"""Which engine is chosen, and why."""

from __future__ import annotations

import importlib

import pytest

from chainrule.engine import choose, engine_by_name
from chainrule.errors import ConfigError

# The package's attribute of this name is the function.
MODULE = importlib.import_module("chainrule.engine.choose")


@pytest.mark.parametrize("name", ["numpy", "jax"])
def test_an_engine_that_is_named_is_taken(name: str) -> None:
    choice = choose(name, "float64", steps=1, operations=1.0)
    assert (choice.engine.name, choice.engine.dtype, choice.reason) == (name, "float64", "as asked")


def test_little_work_is_done_on_numpy() -> None:
    choice = choose("auto", "float32", steps=100, operations=1e4)
    assert (choice.engine.name, "less than JAX needs to start" in choice.reason) == ("numpy", True)


def test_much_work_is_done_on_jax() -> None:
    choice = choose("auto", "float32", steps=10**6, operations=1e7)
    assert (choice.engine.name, "worth compiling" in choice.reason) == ("jax", True)


def test_sparse_input_is_worked_on_by_numpy() -> None:
    choice = choose("auto", "float32", steps=10**6, operations=1e9, sparse=True)
    assert (choice.engine.name, choice.reason) == ("numpy", "the input is sparse")


def test_without_jax_all_work_is_done_on_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULE, "has_jax", lambda: False)
    choice = choose("auto", "float32", steps=10**6, operations=1e9)
    assert (choice.engine.name, choice.reason) == ("numpy", "jax is not installed")


def test_without_jax_asking_for_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULE, "has_jax", lambda: False)
    with pytest.raises(ConfigError, match="pip install jax"):
        engine_by_name("jax")


def test_a_misspelt_engine_is_recognised() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'numpy'"):
        engine_by_name("numpi")
