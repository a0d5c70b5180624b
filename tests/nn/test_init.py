"""Initial weights: their spread, their fans and their stream."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
import pytest

from chainrule.nn import (
    INITS,
    Conv1D,
    Conv2D,
    ConvTranspose2D,
    Dense,
    DepthwiseConv2D,
    DropConnect,
    Layer,
    Param,
)
from chainrule.nn.init import draw

FANS = (400, 100)
SPREAD = {
    "glorot": math.sqrt(2 / 500),
    "he": math.sqrt(2 / 400),
    "lecun": math.sqrt(1 / 400),
    "normal": 1.0,
    "uniform": math.sqrt(1 / 12),
    "zeros": 0.0,
}


def drawn(name: str) -> np.ndarray:
    """Return forty thousand weights."""
    return INITS[name](np.random.default_rng(0), FANS, FANS)


def test_every_init_has_a_spread_to_be_checked() -> None:
    assert SPREAD.keys() == INITS.keys()


@pytest.mark.parametrize("name", INITS)
def test_the_standard_deviation_is_the_one_promised(name: str) -> None:
    # Five standard errors: at most 5 / √(2 n) of the value for a normal distribution, less for a uniform one.
    assert drawn(name).std() == pytest.approx(SPREAD[name], rel=5 / math.sqrt(2 * 40_000))


@pytest.mark.parametrize("name", INITS)
def test_the_mean_is_zero(name: str) -> None:
    assert abs(drawn(name).mean()) <= 5 * SPREAD[name] / math.sqrt(40_000)


@pytest.mark.parametrize(("name", "limit"), [("glorot", math.sqrt(6 / 500)), ("uniform", 0.5)])
def test_a_uniform_init_stays_within_its_limit(name: str, limit: float) -> None:
    assert 0.99 * limit < np.abs(drawn(name)).max() <= limit


def test_the_gain_is_a_factor() -> None:
    plain = draw(np.random.default_rng(0), {"W": Param((3, 2), "normal")})
    gained = draw(np.random.default_rng(0), {"W": Param((3, 2), "normal", gain=2.0)})
    assert np.array_equal(gained["W"], 2 * plain["W"])  # type: ignore[operator]


def test_a_tree_is_drawn_from_one_stream_in_its_order() -> None:
    rng = np.random.default_rng(0)
    tree = draw(np.random.default_rng(0), {"a": {"W": Param((2,), "normal")}, "b": {"W": Param((3,), "normal")}})
    assert np.array_equal(tree["a"]["W"], rng.normal(size=2))  # type: ignore[index]
    assert np.array_equal(tree["b"]["W"], rng.normal(size=3))  # type: ignore[index]


@pytest.mark.parametrize(
    ("layer", "shape", "fans"),
    [
        (Dense(5), (4,), (4, 5)),
        (DropConnect(5), (4,), (4, 5)),
        (Conv2D(8, (3, 2)), (9, 9, 4), (3 * 2 * 4, 3 * 2 * 8)),
        (Conv2D(8, 3, groups=2), (9, 9, 4), (3 * 3 * 2, 3 * 3 * 4)),
        (Conv1D(8, 5), (9, 4), (5 * 4, 5 * 8)),
        (DepthwiseConv2D(3, 2), (9, 9, 4), (3 * 3, 3 * 3 * 2)),
        (ConvTranspose2D(8, (3, 2)), (9, 9, 4), (3 * 2 * 4, 3 * 2 * 8)),
    ],
    ids=repr,
)
def test_the_fans_are_the_terms_that_a_unit_sums_over(
    layer: Layer, shape: tuple[int, ...], fans: tuple[int, int]
) -> None:
    assert cast(Param, layer.params(shape)["W"]).fans == fans
