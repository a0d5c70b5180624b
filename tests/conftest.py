"""What tests of several folders share: the engines that everything must run on."""

from __future__ import annotations

import pytest

from chainrule.engine import Engine, engine_by_name


@pytest.fixture(params=["numpy", "jax"])
def engine64(request: pytest.FixtureRequest) -> Engine:
    """Each engine, in float64."""
    return engine_by_name(request.param, "float64")


@pytest.fixture(params=["numpy", "jax"])
def engine32(request: pytest.FixtureRequest) -> Engine:
    """Each engine, in float32."""
    return engine_by_name(request.param, "float32")
