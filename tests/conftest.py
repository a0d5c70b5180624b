"""What tests of several folders share: the engines that everything must run on, and small files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from chainrule.engine import Engine, engine_by_name

Write = Callable[..., Path]

# `make test` tries the same examples each time, so that it fails for a change alone; `make deep` looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("new", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(params=["numpy", "jax"])
def engine64(request: pytest.FixtureRequest) -> Engine:
    """Each engine, in float64."""
    return engine_by_name(request.param, "float64")


@pytest.fixture(params=["numpy", "jax"])
def engine32(request: pytest.FixtureRequest) -> Engine:
    """Each engine, in float32."""
    return engine_by_name(request.param, "float32")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes text or bytes into a file and returns its path."""

    def make(content: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make
